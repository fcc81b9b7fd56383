//! What onnxruntime answers, and where no Python has it, that the file is whole.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use backprop_nn::Shape;
use backprop_nn::graph::Operation;
use backprop_studio::data::scaling::{Naive, Scaling};
use backprop_studio::data::{Lookup, Task, numbered_classes};
use backprop_studio::export::onnx::proto::ModelProto;
use backprop_studio::export::{self, Examples, Export, Model, Proof, format};
use backprop_studio::import;
use backprop_studio::project::run_folder::DataRecord;
use backprop_studio::project::{Project, RunFolder};
use prost::Message as _;
use serde_json::Value;

use super::{export as exported, numbers, run, runs, scaling};

/// The largest difference of an answer.
const ROUNDING: f64 = 1e-5;

/// And of images: sums of some thousand products of one sign are up to 67 in front of a softmax, where PyTorch in single
/// precision is 5e-5 from double precision, and onnxruntime 3e-6.
const ROUNDING_OF_IMAGES: f64 = 1e-4;

/// A Python that has onnxruntime.
fn python() -> Option<String> {
    let names = std::env::var("BACKPROP_PYTHON").ok().into_iter().chain(["python3", "python"].map(str::to_owned));
    let has_it = |name: &String| {
        let done = Command::new(name).args(["-c", "import onnxruntime"]).output();
        done.is_ok_and(|output| output.status.success())
    };
    let found = names.into_iter().find(has_it);
    if found.is_none() {
        eprintln!("no Python with onnxruntime is on this machine: only the structure of the files is tested");
    }
    found
}

/// Runs every `predict.py` in one process, since onnxruntime takes a third of a second to start.
const ALL: &str = "
import runpy, sys
folders = sys.argv[1:]
for folder in folders:
    sys.argv = ['predict.py']
    with open(folder + '/lines') as sys.stdin, open(folder + '/answers', 'w') as sys.stdout:
        runpy.run_path(folder + '/predict.py', run_name='__main__')
";

/// An export in a folder, with its examples as lines, and how far its answers may be from those here.
struct Written {
    folder: PathBuf,
    examples: Examples,
    what: String,
    most: f64,
}

fn write(run: &RunFolder, folder: &Path) -> Written {
    let model = Model::of(run).unwrap();
    let examples = Examples::of(run, &model, Err("there is no file".to_owned()));
    let what = format!("{:?}", run.project.model);
    fs::create_dir(folder).unwrap();
    for file in format("onnx").unwrap().files(&model, &examples).unwrap() {
        fs::write(folder.join(file.name), &file.bytes).unwrap();
        if file.name == "model.onnx" {
            check(&ModelProto::decode(&*file.bytes).unwrap(), &model);
        }
    }
    let line = |row: &Vec<f64>| row.iter().map(f64::to_string).collect::<Vec<_>>().join(",") + "\n";
    fs::write(folder.join("lines"), examples.inputs.iter().map(line).collect::<String>()).unwrap();
    let most = if run.network.input().as_image().is_some() { ROUNDING_OF_IMAGES } else { ROUNDING };
    Written { folder: folder.to_owned(), examples, what, most }
}

/// Every name is made once, before it is read; every array of numbers is there; no free size but the samples.
fn check(file: &ModelProto, model: &Model<'_>) {
    let graph = file.graph.as_ref().unwrap();
    assert_eq!((file.ir_version, file.opset_import[0].version), (9, 17));
    let constants = graph.initializer.iter().map(|tensor| &tensor.name);
    let mut known: HashSet<&String> = HashSet::new();
    for name in graph.input.iter().map(|input| &input.name).chain(constants) {
        assert!(known.insert(name), "{name} twice");
    }
    for node in &graph.node {
        for name in node.input.iter().filter(|name| !name.is_empty()) {
            assert!(known.contains(name), "{} reads {name}, which is not made before", node.name);
        }
        for name in node.output.iter().filter(|name| !name.is_empty()) {
            assert!(known.insert(name), "{name} twice");
        }
    }
    assert!(graph.output.iter().all(|output| known.contains(&output.name)));
    for node in &model.graph.nodes {
        let is_recurrent =
            matches!(node.operation, Operation::Rnn { .. } | Operation::Lstm { .. } | Operation::Gru { .. });
        for tensor in node.operation.tensors().into_iter().filter(|_| !is_recurrent) {
            let found = graph.initializer.iter().find(|other| other.name == tensor.name);
            let bytes = found.and_then(|tensor| tensor.raw_data.as_ref()).map(Vec::len);
            assert_eq!(bytes, Some(4 * tensor.values.len()), "{}", tensor.name);
        }
    }
    let metadata = |key: &str| &file.metadata_props.iter().find(|entry| entry.key == key).unwrap().value;
    assert_eq!(serde_json::from_str::<Value>(metadata("backprop")).unwrap(), model.description());
    assert_eq!(metadata("name"), model.name);
}

/// How far the answers of a folder are from the examples, as a share of what is above 1.
fn difference(written: &Written) -> f64 {
    let text = fs::read_to_string(written.folder.join("answers")).unwrap();
    let answers: Vec<Vec<f64>> =
        text.lines().map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
    let lens = |rows: &[Vec<f64>]| rows.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(lens(&answers), lens(&written.examples.outputs), "{}", written.what);
    let pairs = answers.iter().flatten().zip(written.examples.outputs.iter().flatten());
    let difference = pairs.map(|(got, here)| (got - here).abs() / here.abs().max(1.0));
    difference.fold(0.0, |worst: f64, next| if next > worst || next.is_nan() { next } else { worst })
}

/// A generator of points.
fn generator() -> RunFolder {
    let project = Project::find("gan-points").unwrap();
    let scaling = Scaling { inputs: scaling(2, 0).inputs, ..Scaling::default() };
    let network = project.network(Shape::flat(2), 2).unwrap();
    let weights = network.init_weights(3);
    let task = Task::Classification { classes: numbered_classes(2) };
    RunFolder {
        data: DataRecord { task, target: None, features: Vec::new(), scaling, threshold: None, origin: None },
        project,
        network,
        weights,
    }
}

/// A forecast that is added to the naive one.
fn forecast() -> RunFolder {
    let mut scaling = scaling(3, 1);
    scaling.naive = Some(Naive { columns: 3, row: 4, targets: vec![1] });
    run(
        r#"[{"kind":"gru","units":3},{"kind":"dense","units":1,"activation":"linear"}]"#,
        Shape::steps(7, 3),
        numbers(1),
        scaling,
    )
}

/// Classes whose probabilities are shares, and a table that is compressed.
fn others() -> Vec<RunFolder> {
    let layers = r#"[{"kind":"dense","units":6,"activation":"linear"}]"#;
    let shares = |loss: &str| {
        let task = Task::Classification { classes: numbered_classes(6) };
        let mut run = run(layers, Shape::flat(6), task, scaling(6, 0));
        run.project.set("training.loss", loss).unwrap();
        run
    };
    let autoencoder = run(layers, Shape::flat(6), Task::Reconstruction { width: 6 }, scaling(6, 0));
    let mut pixels = run(
        r#"[{"kind":"flatten"},{"kind":"dense","units":12,"activation":"linear"}]"#,
        Shape::image(3, 2, 2),
        Task::Reconstruction { width: 12 },
        Scaling::default(),
    );
    pixels.project.set("training.loss", "binary_cross_entropy").unwrap();
    vec![shares("binary_cross_entropy"), shares("mean_squared_error"), autoencoder, pixels, generator(), forecast()]
}

/// Twelve rows with numbers, times, categories and words, of which some are missing, and a column with the name of an output.
const TABLE: &str = "town,size,color,bought,label,sold\n\
    Ulm,1.5,red,2024-01-03,label,no\nKiel,2.5,blue,2024-02-01,output,yes\n,,red,2024-01-09,label,no\n\
    Ulm,4,,2023-11-30,probabilities,yes\nBonn,0.25,green,,label,no\nKiel,7.75,blue,2022-05-01,output,yes\n\
    Ulm,-1,red,2024-01-03,label,no\nBonn,3.5,blue,2024-07-21,output,yes\nKiel,2,green,2024-01-09,,no\n\
    Bonn,1,green,2023-12-24,label,yes\nUlm,6,blue,2024-03-03,label,no\nKiel,2,red,2024-02-29,output,yes\n";

fn table(folder: &Path) -> RunFolder {
    let file = folder.join("table.csv");
    fs::write(&file, TABLE).unwrap();
    let mut project = Project { name: "a table".to_owned(), ..Project::default() };
    project.data.source = format!("csv:{}?target=sold&embedded=town&test=0", file.display()).parse().unwrap();
    let dataset = project.data.load(&Lookup::default()).unwrap();
    let (words, width) = (4, dataset.features.len() - 1);
    let layers = format!(
        r#"[{{"kind":"embedding","vocabulary":{words},"units":2,"numbers":{width}}},{{"kind":"dense","units":2,"activation":"linear"}}]"#
    );
    let all: Vec<u32> = (0..dataset.train.len() as u32).collect();
    let mut made = run(&layers, dataset.shape, dataset.task.clone(), dataset.learn_scaling(&all));
    project.model = made.project.model.clone();
    made.project = project;
    made.data.features = dataset.features;
    made.data.threshold = Some(0.3);
    made
}

#[test]
fn every_layer_and_what_stands_around_the_network_answers_as_here() {
    let folder = tempfile::tempdir().unwrap();
    let all = runs().into_iter().chain(others()).chain([table(folder.path())]);
    let written: Vec<Written> =
        all.enumerate().map(|(at, run)| write(&run, &folder.path().join(at.to_string()))).collect();
    let Some(python) = python() else { return };
    let folders = written.iter().map(|written| &written.folder);
    let output = Command::new(python).args(["-c", ALL]).args(folders).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for written in &written {
        let difference = difference(written);
        assert!(difference <= written.most, "{} differs by {difference:.1e}", written.what);
    }
}

#[test]
fn a_table_has_an_input_for_each_column_and_is_read_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let run = table(folder.path());
    let (_kept, Export { files, proof, .. }) = exported(&run, "onnx").unwrap();
    let file = ModelProto::decode(&*fs::read(&files[0].0).unwrap()).unwrap();
    let graph = file.graph.unwrap();
    let names: Vec<&str> = graph.input.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(names, ["size", "color", "bought", "label", "town"]);
    let Some(python) = python() else {
        assert!(matches!(proof, Proof::Missing { .. }), "{proof}");
        return;
    };
    assert!(matches!(proof, Proof::Compared { of: 12, same_class: Some(12), .. }) && !proof.is_refuted(), "{proof}");
    let examples = Examples::of(&run, &Model::of(&run).unwrap(), Ok(&export::data_of(&run, None).unwrap()));
    let predict = files[0].0.with_file_name("predict.py");
    let output = Command::new(python).arg(predict).arg("--csv").arg(folder.path().join("table.csv")).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("label,no,yes"), "{}", String::from_utf8_lossy(&output.stderr));
    let mut answers: Vec<f64> = Vec::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let yes = cells[2].parse().unwrap();
        assert_eq!(cells[0], if yes >= 0.3 { "yes" } else { "no" }, "{line}");
        answers.push(yes);
    }
    let mut here: Vec<f64> = examples.outputs.iter().map(|row| row[1]).collect();
    answers.sort_by(f64::total_cmp);
    here.sort_by(f64::total_cmp);
    let are_close = answers.iter().zip(&here).all(|(got, here)| (got - here).abs() < 1e-5);
    assert!(are_close, "{answers:?}, and {here:?}");
    assert_eq!(text.lines().count(), 13);
}

#[test]
fn weights_in_half_precision_take_half_the_room_and_answer_as_here() {
    let run = RunFolder::find("pretrained").unwrap();
    let size = |key: &str| {
        let (folder, done) = exported(&run, key).unwrap();
        assert!(!done.proof.is_refuted(), "{key}: {}", done.proof);
        let file = folder.path().join("export/model.onnx");
        let read = import::open(&file, &import::Around::default()).unwrap_or_else(|error| panic!("{key}: {error}"));
        assert_eq!(read.run.weights.values().len(), run.weights.values().len(), "{key}");
        fs::metadata(file).unwrap().len()
    };
    assert!(size("onnx-float16") * 10 < size("onnx") * 6);
}
