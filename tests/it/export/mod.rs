//! Exports answer as the network here does.

mod c;
mod card;
mod html;
mod keras;
mod notebook;
mod onnx;
mod pytorch;
mod rust;
mod safetensors;
mod text;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use backprop_nn::{ModelSpec, Shape};
use backprop_studio::data::scaling::{Scaling, Standard};
use backprop_studio::data::{Feature, Task, numbered_classes};
use backprop_studio::export::{self, Examples, Export, ExportError, Model, Proof, Target, compare};
use backprop_studio::project::run_folder::DataRecord;
use backprop_studio::project::{Project, RunFolder};

/// A run of this stack that reads no data, with weights as after a training, where no bias is 0.
pub fn run(layers: &str, input: Shape, task: Task, scaling: Scaling) -> RunFolder {
    let model: ModelSpec = serde_json::from_str(layers).unwrap();
    let mut project = Project { model, ..Project::default() };
    project.data.source = "csv:there-is-no-such-file.csv".parse().unwrap();
    if !task.is_classification() {
        project.set("training.loss", "mean_squared_error").unwrap();
    }
    let network = project.network(input, task.outputs()).unwrap_or_else(|misfit| panic!("{layers}: {misfit}"));
    let mut weights = network.init_weights(3);
    // In both directions, or sums become so large that single precision alone is further off than a proof may be.
    let nudge = |at: usize| 0.14 * ((at * 7919 % 101) as f32 / 101.0 - 0.5);
    weights.values_mut().iter_mut().enumerate().for_each(|(at, weight)| *weight += nudge(at));
    let features = match scaling.inputs.mean.len() {
        0 => Vec::new(),
        count => (0..count).map(|at| Feature::number(format!("column {at}"))).collect(),
    };
    let data = DataRecord { task, target: None, features, scaling, threshold: None, origin: None };
    RunFolder { project, data, network, weights }
}

/// Runs with every layer of the list, and all that a setting of one changes in what has to be written.
pub fn runs() -> Vec<RunFolder> {
    let image = |layers: &str| {
        let layers = format!(r#"[{layers},{{"kind":"flatten"}},{{"kind":"dense","units":3,"activation":"linear"}}]"#);
        run(&layers, Shape::image(12, 10, 4), Task::Classification { classes: numbered_classes(3) }, Scaling::default())
    };
    let steps = |layers: &str| {
        let layers = format!(r#"[{layers},{{"kind":"flatten"}},{{"kind":"dense","units":2,"activation":"linear"}}]"#);
        run(&layers, Shape::steps(7, 3), numbers(2), scaling(3, 2))
    };
    let row = |layers: &str| {
        let layers = format!(r#"[{layers},{{"kind":"dense","units":1,"activation":"linear"}}]"#);
        run(&layers, Shape::flat(6), numbers(1), scaling(6, 1))
    };
    let mut runs = Vec::new();
    for function in ["relu", "leaky_relu", "elu", "gelu", "silu", "sigmoid", "tanh"] {
        runs.push(row(&format!(r#"{{"kind":"dense","units":5,"activation":"{function}"}}"#)));
    }
    for layers in [
        r#"{"kind":"conv2d","filters":6,"kernel":3,"stride":2,"padding":"same","groups":2},{"kind":"max_pool2d"}"#,
        r#"{"kind":"conv2d","filters":8,"kernel":2,"dilation":3,"groups":4},{"kind":"average_pool2d","size":3}"#,
        r#"{"kind":"separable_conv2d","filters":5,"kernel":3,"stride":2,"dilation":2,"padding":"same"}"#,
        r#"{"kind":"conv_transpose2d","filters":3,"kernel":4,"stride":3,"padding":"same"},{"kind":"spatial_dropout"}"#,
        r#"{"kind":"conv_transpose2d","filters":3,"kernel":2,"stride":3,"padding":"valid"}"#,
        r#"{"kind":"up_sample2d","size":3},{"kind":"batch_norm"},{"kind":"p_relu"}"#,
        r#"{"kind":"residual","layers":[{"kind":"conv2d","filters":4,"padding":"same"},
            {"kind":"residual","layers":[{"kind":"layer_norm"},{"kind":"batch_norm"}]},{"kind":"dropout"}]}"#,
        r#"{"kind":"conv2d","filters":4},{"kind":"batch_norm"},{"kind":"activation"},{"kind":"global_average_pool"}"#,
        r#"{"kind":"gaussian_noise"},{"kind":"reshape","form":"image","height":6,"width":20},{"kind":"softmax"}"#,
        r#"{"kind":"reshape","form":"steps","steps":12},{"kind":"lstm","units":4}"#,
    ] {
        runs.push(image(layers));
    }
    for kind in ["rnn", "lstm", "gru"] {
        for settings in ["", r#","returns":"all_steps""#, r#","bidirectional":true"#] {
            runs.push(steps(&format!(r#"{{"kind":"{kind}","units":3{settings}}}"#)));
        }
        let settings = r#""units":3,"bidirectional":true,"returns":"all_steps""#;
        runs.push(steps(&format!(r#"{{"kind":"{kind}",{settings}}},{{"kind":"{kind}","units":2}}"#)));
    }
    for layers in [
        r#"{"kind":"conv1d","filters":6,"kernel":3,"stride":2,"padding":"same","dilation":2}"#,
        r#"{"kind":"conv1d","filters":6,"kernel":2,"groups":3},{"kind":"max_pool1d"}"#,
        r#"{"kind":"dense","units":4,"activation":"tanh"},{"kind":"average_pool1d","size":3}"#,
        r#"{"kind":"layer_norm"},{"kind":"global_average_pool"}"#,
    ] {
        runs.push(steps(layers));
    }
    for layers in [
        r#"{"kind":"embedding","vocabulary":3,"units":2,"numbers":4}"#,
        r#"{"kind":"embedding","vocabulary":3,"units":2},{"kind":"gru","units":3}"#,
        r#"{"kind":"numeric_embedding","units":2,"waves":5,"numbers":4}"#,
        r#"{"kind":"numeric_embedding","units":2,"waves":5},{"kind":"residual","layers":[{"kind":"dense","units":18}]}"#,
    ] {
        runs.push(row(layers));
    }
    let members = r#"[{"kind":"batch_ensemble","members":3},{"kind":"dense","units":4},
        {"kind":"batch_ensemble","members":3},{"kind":"dense","units":1,"activation":"linear"},{"kind":"ensemble_mean"}]"#;
    runs.push(run(members, Shape::flat(6), numbers(1), scaling(6, 1)));
    runs
}

/// So many target numbers.
pub fn numbers(count: usize) -> Task {
    Task::numbers((0..count).map(|at| format!("target {at}")).collect())
}

/// Of columns in very different units.
pub fn scaling(inputs: usize, targets: usize) -> Scaling {
    let standard = |count: usize| Standard {
        mean: (0..count).map(|at| [0.5, -3.0, 1.7e9, 20.0, 0.0, 1e-4][at]).collect(),
        deviation: (0..count).map(|at| [2.0, 0.25, 1e4, 7.0, 1.0, 1e-5][at]).collect(),
    };
    Scaling { inputs: standard(inputs), targets: standard(targets), naive: None }
}

/// Exports to a folder that is there for the time of the test.
pub fn export(run: &RunFolder, key: &str) -> Result<(tempfile::TempDir, Export), ExportError> {
    let folder = tempfile::tempdir().unwrap();
    let target =
        Target { format: export::format(key).unwrap(), folder: &folder.path().join("export"), overwrite: false };
    let data = export::data_of(run, None);
    let done = export::export(run, data.as_ref().map_err(Clone::clone), &target)?;
    Ok((folder, done))
}

/// Every run in a format; `is_there` says whether the program that proves it is on this machine.
pub fn prove_all(key: &str) {
    for run in runs() {
        let (_folder, done) = export(&run, key).unwrap();
        assert!(!done.proof.is_refuted(), "{key} of {:?}: {}", run.project.model, done.proof);
    }
}

/// The first Python of this machine with these modules, "torch, numpy".
pub fn python_with(modules: &str) -> Option<String> {
    let named = std::env::var("BACKPROP_PYTHON").ok();
    named.into_iter().chain(["python3".to_owned(), "python".to_owned()]).find(|program| {
        let import = format!("import {modules}");
        let there = Command::new(program).args(["-c", &import]).stderr(Stdio::null()).status();
        there.is_ok_and(|status| status.success())
    })
}

/// Writes the files of a format for a run, and beside them what goes in: `inputs.json`.
pub fn write(key: &str, folder: &Path, run: &RunFolder) -> Examples {
    let model = Model::of(run).unwrap();
    let examples = Examples::of(run, &model, Err("there is no file".to_owned()));
    fs::create_dir_all(folder).unwrap();
    for file in export::format(key).unwrap().files(&model, &examples).unwrap() {
        fs::write(folder.join(file.name), file.bytes).unwrap();
    }
    fs::write(folder.join("inputs.json"), serde_json::to_string(&examples.inputs).unwrap()).unwrap();
    examples
}

/// Lets one Python run `code` on the folders of all runs, which writes `answers.json` into each, and compares: a Python takes
/// seconds to start. Gives what it prints.
pub fn prove_in_one_python(key: &str, python: &str, code: &str, runs: &[RunFolder]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let at = |at: usize| folder.path().join(at.to_string());
    let examples: Vec<Examples> = runs.iter().enumerate().map(|(place, run)| write(key, &at(place), run)).collect();
    let mut command = Command::new(python);
    let output = command.args(["-c", code]).args((0..runs.len()).map(at)).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (place, examples) in examples.iter().enumerate() {
        let answers = fs::read_to_string(at(place).join("answers.json")).unwrap();
        let answers: Vec<Vec<f64>> = serde_json::from_str(&answers).unwrap();
        let proof = compare(key, &answers, examples);
        // Sums of thousands of positive numbers leave fewer digits than a trained network does.
        let is_near = matches!(proof, Proof::Compared { difference, .. } if difference < 1e-4);
        assert!(is_near, "{key} of {:?}: {proof}", runs[place].project.model);
    }
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// That Python can read a file, where there is one.
pub fn compiles(folder: &Path, file: &str) {
    let Some(python) = python_with("ast") else { return };
    let code = "import ast, sys; ast.parse(open(sys.argv[1], encoding='utf-8').read())";
    let output = Command::new(python).args(["-c", code]).arg(folder.join(file)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_folder_with_other_files_is_not_written_to() {
    let run = &runs()[0];
    let format = export::format("safetensors").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let export = |folder: &Path, overwrite| {
        let target = Target { format, folder, overwrite };
        export::export(run, Err("there is no file".to_owned()), &target).map_err(|error| error.to_string())
    };
    export(&at("new"), false).unwrap();
    let there = export(&at("new"), false).unwrap_err();
    assert!(there.contains("--overwrite"), "{there}");
    export(&at("new"), true).unwrap();
    std::fs::write(at("new").join("thesis.txt"), "years").unwrap();
    let foreign = export(&at("new"), true).unwrap_err();
    assert!(foreign.contains("thesis.txt"), "{foreign}");
    let file = export(&at("new").join("thesis.txt"), true).unwrap_err();
    assert!(file.contains("is a file"), "{file}");
}
