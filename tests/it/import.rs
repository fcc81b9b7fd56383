//! Networks from ONNX files: each answers here as onnxruntime says (`tests/fixtures/import.py`), and what no stack of layers is
//! is refused with every node.

use std::fs;
use std::path::{Path, PathBuf};

use backprop_nn::Shape;
use backprop_studio::data::{Dataset, Lookup, SourceSpec};
use backprop_studio::export::onnx::proto::{ModelProto, StringStringEntryProto};
use backprop_studio::export::{self, Examples, Model, format};
use backprop_studio::import::{self, Around, ImportError, Imported};
use backprop_studio::project::{Project, RunFolder, presets};
use backprop_studio::train::evaluate::read_rows;
use prost::Message as _;
use serde_json::Value;

use super::export::runs;
use super::support::backprop;

/// The largest difference of an answer.
const ROUNDING: f64 = 1e-4;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import")
}

fn opened(file: &str) -> Result<Imported, ImportError> {
    import::open(&folder().join(file), &Around::default())
}

/// The samples that the script makes: numbers from -1 to 1, words, or bytes as shares.
fn samples(file: &str, len: usize) -> Vec<f64> {
    let number = |at: usize| ((at * 7919 + 13) % 1009) as f64 / 1009.0 * 2.0 - 1.0;
    let of_file = |at: usize| match file.split(['-', '.']).next() {
        Some("words") => (at * 7919 % 12) as f64,
        Some("pixels") => ((f64::from(number(at) as f32) + 1.0) * 127.0).round_ties_even() / 255.0,
        _ => number(at),
    };
    (0..20 * len).map(of_file).collect()
}

fn worst(got: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(got.len(), expected.len());
    let differences =
        got.iter().zip(expected).map(|(got, expected)| (f64::from(*got) - expected).abs() / expected.abs().max(1.0));
    differences.fold(0.0, |worst: f64, next| if next > worst || next.is_nan() { next } else { worst })
}

#[test]
fn what_others_export_answers_here_as_in_onnxruntime() {
    let cases: Vec<Value> = serde_json::from_str(&fs::read_to_string(folder().join("answers.json")).unwrap()).unwrap();
    let mut largest = 0f64;
    for case in &cases {
        let file = case["file"].as_str().unwrap();
        let Imported { run, .. } = opened(file).unwrap_or_else(|error| panic!("{file}: {error}"));
        let expected: Vec<f64> = case["y"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|row| row.as_array().unwrap())
            .map(|y| y.as_f64().unwrap())
            .collect();
        let got = read_rows(run.trained(), &samples(file, run.network.input().len()));
        let difference = worst(&got, &expected);
        assert!(difference < ROUNDING, "{file} differs by {difference:.1e}: {:?}", run.project.model);
        largest = largest.max(difference);
    }
    println!("{} files, the largest difference is {largest:.1e}", cases.len());
    assert!(cases.len() > 30);
}

#[test]
fn layers_are_those_that_somebody_would_have_put_together() {
    let layers = |file: &str| {
        let model = opened(file).unwrap().run.project.model;
        model.layers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(
        layers("lenet-opset17.onnx"),
        "Conv2d 3 5×5 same tanh, AveragePool2d 2, Conv2d 4 3×3 tanh, AveragePool2d 2, Flatten, Dense 3"
            .replace("tanh", "Tanh")
    );
    assert_eq!(layers("lstm-opset17.onnx"), "LSTM 4, Dense 3");
    assert_eq!(layers("words-dynamo.onnx"), "Embedding 4 of 12, GRU 3, Dense 3");
    let resnet = layers("resnet-opset17.onnx");
    assert_eq!(resnet.matches("Residual 5 layers, Activation ReLU").count(), 2, "{resnet}");
}

#[test]
fn every_node_that_cannot_be_expressed_is_listed() {
    let Err(ImportError::Nodes(problems)) = opened("projection-opset17.onnx") else { panic!("it has two projections") };
    let kinds: Vec<&str> = problems.iter().map(|problem| &*problem.kind).collect();
    assert_eq!(kinds, ["MaxPool", "HardSwish", "Conv", "Conv"], "{problems:?}");
    let Err(error) = opened("both_ends-opset17.onnx") else {
        panic!("it takes the first step of the reading from the end")
    };
    assert!(error.to_string().contains("it takes the last step of a bidirectional layer"), "{error}");
}

#[test]
fn files_that_are_none_are_refused_in_one_sentence() {
    let whole = fs::read(folder().join("lenet-opset17.onnx")).unwrap();
    let read = |bytes: &[u8]| import::read(bytes, "it", &Around::default()).err().map(|error| error.to_string());
    assert!(read(&whole).is_none());
    for bytes in [&whole[..whole.len() - 700], b"layer,units\ndense,3\n", &whole[1..]] {
        let error = read(bytes).unwrap();
        assert!(error.starts_with("is not an ONNX file, or only a part of one"), "{error}");
    }
    assert!(read(b"").unwrap().starts_with("holds no network"));
    let changed = |change: &dyn Fn(&mut ModelProto)| {
        let mut model = ModelProto::decode(&*whole).unwrap();
        change(&mut model);
        read(&model.encode_to_vec()).unwrap()
    };
    let external = changed(&|model| {
        let tensor = &mut model.graph.as_mut().unwrap().initializer[0];
        tensor.external_data = vec![StringStringEntryProto { key: "location".into(), value: "weights.bin".into() }];
    });
    assert!(external.contains("are in another file"), "{external}");
    let version = changed(&|model| model.opset_import[0].version = 5);
    assert!(version.contains("uses operators of version 5"), "{version}");
    let unknown = changed(&|model| {
        let input = &mut model.graph.as_mut().unwrap().input[0];
        input.r#type.as_mut().unwrap().tensor_type.as_mut().unwrap().shape.as_mut().unwrap().dim[2].value = None;
    });
    assert!(unknown.contains("--data"), "{unknown}");
}

#[test]
fn broken_files_end_in_an_error() {
    let mut seed = 1u64;
    let mut next = |most: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % most
    };
    for name in [
        "lenet-opset9.onnx",
        "resnet-opset17.onnx",
        "lstm-dynamo.onnx",
        "words-opset17.onnx",
        "generator-dynamo.onnx",
        "pixels.onnx",
    ] {
        let whole = fs::read(folder().join(name)).unwrap();
        for _ in 0..100 {
            let mut bytes = whole.clone();
            for _ in 0..=next(4) {
                let at = next(bytes.len());
                match next(3) {
                    0 => bytes[at] = next(256) as u8,
                    1 => bytes[at] ^= 1 << next(8),
                    _ => drop(bytes.remove(at)),
                }
            }
            if let Ok(Imported { run, .. }) = import::read(&bytes, "broken", &Around::default()) {
                read_rows(run.trained(), &vec![0.5; run.network.input().len()]);
            }
        }
    }
}

/// The ONNX file of a run.
fn exported(run: &RunFolder) -> (Vec<u8>, Examples) {
    let model = Model::of(run).unwrap();
    let examples = Examples::of(run, &model, Err("there is no file".to_owned()));
    let files = format("onnx").unwrap().files(&model, &examples).unwrap();
    (files.into_iter().find(|file| file.name == "model.onnx").unwrap().bytes, examples)
}

/// What the run that is read of an export says of the examples of that export.
fn is_the_same(run: &RunFolder) -> Result<f64, ImportError> {
    let (bytes, examples) = exported(run);
    let Imported { run: read, .. } = import::read(&bytes, "again", &Around::default())?;
    assert_eq!(read.network.input(), run.network.input());
    let again = Examples::of(&read, &Model::of(&read).unwrap(), Err("there is no file".to_owned()));
    if run.project.adversary.is_none() {
        assert_eq!((&read.data.task, &read.data.features), (&run.data.task, &run.data.features));
        assert_eq!(read.data.scaling.inputs, run.data.scaling.inputs);
        assert_eq!(again.inputs, examples.inputs);
        let got: Vec<f32> = again.outputs.iter().flatten().map(|number| *number as f32).collect();
        return Ok(worst(&got, &examples.outputs.concat()));
    }
    let got = read_rows(read.trained(), &examples.inputs.concat());
    Ok(worst(&got, &examples.outputs.concat()))
}

#[test]
fn every_preset_that_is_exported_is_read_back() {
    for name in presets::names() {
        let project = presets::find(name).unwrap().unwrap();
        let shape_of = |spec: &SourceSpec| Dataset::load(spec, &Lookup::default()).ok();
        let dataset = if project.adversary.is_some() { None } else { shape_of(&project.data.source) };
        let run = match dataset.and_then(|dataset| project.data.asked_of(dataset).ok()) {
            // Networks that read text are refused.
            Some(dataset) if dataset.tokenizer().is_none() => {
                let all: Vec<u32> = (0..dataset.train.len() as u32).collect();
                trained(project, dataset.shape, &dataset, dataset.learn_scaling(&all))
            }
            _ => continue,
        };
        let difference = is_the_same(&run).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(difference < ROUNDING, "{name} differs by {difference:.1e}");
    }
}

/// A run of a project on its data, with weights as before a training.
fn trained(project: Project, shape: Shape, dataset: &Dataset, scaling: backprop_studio::data::Scaling) -> RunFolder {
    let network = project.network(shape, dataset.task.outputs()).unwrap();
    let weights = network.init_weights(5);
    let (task, features) = (dataset.task.clone(), dataset.features.clone());
    let data = backprop_studio::project::run_folder::DataRecord {
        task,
        target: dataset.target.clone(),
        features,
        scaling,
        threshold: None,
        origin: None,
    };
    RunFolder { project, data, network, weights }
}

#[test]
fn the_card_of_a_network_from_elsewhere_claims_no_training_here() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import/lenet-opset17.onnx");
    fs::copy(file, place.join("lenet.onnx")).unwrap();
    let done = crate::support::backprop(place, &["import", "lenet.onnx", "--out", "run"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let done = crate::support::backprop(place, &["export", "run", "--to", "safetensors", "--out", "out"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let card = fs::read_to_string(place.join("out/model-card.md")).unwrap();
    for said in ["was read from lenet.onnx", "have learned from is not known", "It was not trained here"] {
        assert!(card.contains(said), "{said}: {card}");
    }
    assert!(!card.contains("which it has not learned from") && !card.contains("to the last bit where"), "{card}");
}

#[test]
fn every_layer_that_is_exported_is_read_back() {
    for run in runs() {
        let what = format!("{:?}", run.project.model);
        let difference = is_the_same(&run).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(difference < ROUNDING, "{what} differs by {difference:.1e}");
    }
}

#[test]
fn the_command_writes_a_run_that_evaluates_and_predicts() {
    let place = tempfile::tempdir().unwrap();
    let file = folder().join("table.onnx");
    fs::write(
        place.path().join("points.csv"),
        "a,b,c,d,e,y\n1,2,3,4,5,0.5\n2,1,0,1,2,0.25\n0,0,1,0,3,-1\n5,4,3,2,1,0\n1,1,2,2,3,1\n0,1,1,3,2,2\n",
    )
    .unwrap();
    let import = ["import", file.to_str().unwrap(), "--data", "csv:points.csv?target=y", "--out", "run"];
    let done = backprop(place.path(), &import);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(
        done.out.contains("2 layers with 29 parameters are in run") && done.err.contains("Scaling: "),
        "{}{}",
        done.out,
        done.err
    );
    let again = backprop(place.path(), &import);
    assert!(again.code == 1 && again.err.contains("--overwrite"), "{}", again.err);
    let evaluated = backprop(place.path(), &["evaluate", "run", "--split", "all"]);
    assert!(evaluated.code == 0 && evaluated.out.contains("on 6 samples"), "{}{}", evaluated.out, evaluated.err);
    let refused = folder().join("projection-opset17.onnx");
    let done = backprop(place.path(), &["import", refused.to_str().unwrap(), "--out", "none"]);
    assert_eq!(done.code, 1);
    assert!(
        done.err.contains("4 of its nodes cannot be expressed") && !place.path().join("none").exists(),
        "{}",
        done.err
    );
}

#[test]
fn pixels_are_normalized_as_torchvision_does() {
    let standard: (&[f64], &[f64]) = (&[0.5, 0.4, 0.3], &[0.25, 0.2, 0.5]);
    let path = folder().join("resnet-fixed.onnx");
    let with = import::open(&path, &Around { standard: Some(standard), ..Around::default() }).unwrap().run;
    let without = opened("resnet-fixed.onnx").unwrap().run;
    let len = without.network.input().len();
    let pixels: Vec<f64> = (0..len).map(|at| (at * 31 % 256) as f64 / 255.0).collect();
    let normalized: Vec<f64> =
        pixels.iter().enumerate().map(|(at, pixel)| (pixel - standard.0[at % 3]) / standard.1[at % 3]).collect();
    let expected: Vec<f64> = read_rows(without.trained(), &normalized).into_iter().map(f64::from).collect();
    assert!(worst(&read_rows(with.trained(), &pixels), &expected) < 1e-5);
    let few = import::open(&path, &Around { standard: Some((&[0.5, 0.5], &[1.0, 1.0])), ..Around::default() });
    assert!(few.err().unwrap().to_string().contains("--mean has 2 numbers, and 3 channels enter"));
    let _ = export::FORMATS;
}
