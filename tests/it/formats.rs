//! Files of former versions still open, and say the same. What is in `fixtures/formats/v1` was written by version 0.1 with
//! the project format 1; a later format gets a folder of its own beside it.

use std::path::{Path, PathBuf};

use backprop_nn::{LayerSpec, LossSpec, OptimizerSpec, ScheduleSpec};
use backprop_studio::project::{Project, RunFolder};
use serde_json::Value;

use crate::support::{backprop, lines};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/formats/v1")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(fixtures().join(path)).unwrap()
}

/// Numbers may differ in the last digits, since another processor adds in another order.
fn assert_close(what: &str, found: &Value, expected: &Value) {
    match (found, expected) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            assert!((a - b).abs() <= 1e-5 * b.abs().max(1.0), "{what}: {a} and not {b}");
        }
        (Value::Array(a), Value::Array(b)) => {
            assert_eq!(a.len(), b.len(), "{what}");
            a.iter().zip(b).for_each(|(a, b)| assert_close(what, a, b));
        }
        (Value::Object(a), Value::Object(b)) => {
            b.iter().for_each(|(key, b)| assert_close(&format!("{what}, {key}"), &a[key], b));
        }
        _ => assert_eq!(found, expected, "{what}"),
    }
}

#[test]
fn runs_of_the_first_format_are_evaluated_as_they_were() {
    for (run, source) in [
        ("names", "digits?count=200"),
        ("xor", "points:xor"),
        ("regression-2d", "points:hills"),
        ("points-autoencoder", "points:spiral"),
    ] {
        let done = backprop(&fixtures(), &["evaluate", run, "--data", source, "--json"]);
        assert_eq!(done.code, 0, "{run}: {}", done.err);
        let expected = serde_json::from_str(&read(&format!("{run}/evaluate.json"))).unwrap();
        assert_close(run, &lines(&done.out)[0], &expected);
    }
}

#[test]
fn a_table_is_predicted_as_it_was_and_a_generator_makes_the_same() {
    let done = backprop(&fixtures(), &["predict", "table", "table.csv", "--json"]);
    assert_eq!(done.code, 0, "{}", done.err);
    for (found, expected) in lines(&done.out).iter().zip(lines(&read("table/predict.jsonl"))) {
        assert_eq!(found["label"], expected["label"]);
        assert_close("probabilities", &found["probabilities"], &expected["probabilities"]);
    }
    let folder = tempfile::tempdir().unwrap();
    let run = fixtures().join("gan-points");
    let done = backprop(folder.path(), &["generate", &run.to_string_lossy(), "--count", "5", "--out", "made"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let numbers = |text: &str| -> Vec<f32> {
        text.lines().skip(1).flat_map(|line| line.split(',')).map(|cell| cell.parse().unwrap()).collect()
    };
    let made = numbers(&std::fs::read_to_string(folder.path().join("made/points.csv")).unwrap());
    let expected = numbers(&read("gan-points/points.csv"));
    assert_eq!(made.len(), expected.len());
    assert!(made.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-4), "{made:?} and not {expected:?}");
}

#[test]
fn a_project_of_the_first_format_becomes_one_of_this_format() {
    let text = read("names/project.json");
    assert!(text.contains("\"version\": 1") && text.contains("\"rule\"") && text.contains("\"layer\""));
    let project = Project::parse(&text).unwrap();
    let written = project.to_text().unwrap();
    assert!(written.contains("\"version\": 2") && !written.contains("\"rule\"") && !written.contains("\"layer\""));
    assert_eq!(Project::parse(&written).unwrap(), project);
    assert!(RunFolder::find(&fixtures().join("names").to_string_lossy()).is_ok());
}

#[test]
fn everything_that_the_first_format_could_name_is_read() {
    let all: Value = serde_json::from_str(&read("everything.json")).unwrap();
    fn known<T: serde::de::DeserializeOwned>(list: &Value) -> Vec<T> {
        list.as_array().unwrap().iter().map(|one| serde_json::from_value(one.clone()).unwrap()).collect()
    }
    let layers: Vec<LayerSpec> = known(&all["layers"]);
    assert_eq!((layers.len(), layers[3].to_string()), (24, "MaxPool2d 2".to_owned()));
    assert!(known::<OptimizerSpec>(&all["optimizers"]).iter().all(|one| OptimizerSpec::all().contains(one)));
    assert!(known::<LossSpec>(&all["losses"]).iter().all(|one| LossSpec::all().contains(one)));
    assert!(known::<ScheduleSpec>(&all["schedules"]).iter().all(|one| ScheduleSpec::all().contains(one)));
    assert!(layers.iter().all(|one| LayerSpec::all().contains(one)), "a default has changed");
}
