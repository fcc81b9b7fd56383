//! Runs made smaller: pruned, without some units, in fewer bits, and by a small network that learns from a large one.

use std::fs;
use std::path::Path;

use backprop_nn::{Network, Weights};
use backprop_studio::project::{RunFolder, TeacherSettings};
use backprop_studio::train::{Event, Outcome, Reports, Run, Start};
use serde_json::Value;

use crate::support::{backprop, follow, lines, small_job};

/// Of every kernel, the share of its weights that is 0.
fn zeros(network: &Network, weights: &Weights) -> Vec<f32> {
    let kernels = network.params().iter().filter(|param| param.info.is_kernel());
    let share = |values: &[f32]| values.iter().filter(|value| **value == 0.0).count() as f32 / values.len() as f32;
    kernels.map(|param| share(&weights.values()[param.range.clone()])).collect()
}

fn trained(folder: &Path) -> RunFolder {
    RunFolder::find(&folder.to_string_lossy()).unwrap()
}

/// What `compress` tells last.
fn compress(folder: &Path, arguments: &[&str]) -> Value {
    compress_of(folder, "run", arguments)
}

fn compress_of(folder: &Path, run: &str, arguments: &[&str]) -> Value {
    let done = backprop(folder, &[&["compress", run, "--json"], arguments].concat());
    assert_eq!(done.code, 0, "{}", done.err);
    lines(&done.out).pop().unwrap()
}

#[test]
fn every_way_to_a_smaller_run_is_a_run_and_tells_what_it_costs() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let train = ["train", "cnn-small", "--data", "digits?count=2000", "--epochs", "4", "--out", "run"];
    assert_eq!(backprop(place, &train).code, 0);
    let own = trained(&place.join("run"));
    let accuracy = |told: &Value, which: &str| told[which]["accuracy"].as_f64().unwrap();
    let number = |told: &Value, which: &str, key: &str| told[which][key].as_u64().unwrap();

    let pruned = compress(place, &["--prune", "0.75", "--out", "pruned"]);
    let it = trained(&place.join("pruned"));
    assert!(zeros(&it.network, &it.weights).iter().all(|share| (share - 0.75).abs() < 0.01));
    assert_eq!(
        number(&pruned, "after", "not_zero") as usize,
        it.weights.values().iter().filter(|w| **w != 0.0).count()
    );
    assert!(number(&pruned, "after", "gzipped") * 2 < number(&pruned, "before", "gzipped"), "{pruned}");
    assert!(accuracy(&pruned, "after") > accuracy(&pruned, "before") - 0.05, "{pruned}");
    assert_eq!(pruned["after"]["recall"].as_object().unwrap().len(), 10);

    let slim = compress(place, &["--units", "0.5", "--out", "slim"]);
    assert!(number(&slim, "after", "weights") * 3 < number(&slim, "before", "weights") * 2, "{slim}");
    assert!(accuracy(&slim, "after") > accuracy(&slim, "before") - 0.05, "{slim}");
    assert_ne!(trained(&place.join("slim")).project.model, own.project.model);

    for (way, times) in [("--float16", 2), ("--int8", 4)] {
        let name = &way[2..];
        let stored = compress(place, &[way, "--out", name]);
        let bytes = [number(&stored, "before", "bytes"), number(&stored, "after", "bytes")];
        assert!(bytes[1] * times < bytes[0] + 2000 * times, "{stored}");
        assert!(accuracy(&stored, "after") > accuracy(&stored, "before") - 0.02, "{stored}");
        let file = fs::metadata(place.join(name).join("weights.safetensors")).unwrap().len();
        assert_eq!(file, bytes[1]);
        // What is evaluated afterwards is what was stored.
        let done = backprop(place, &["evaluate", name, "--split", "test", "--json"]);
        assert_eq!(lines(&done.out)[0]["accuracy"], stored["after"]["accuracy"], "{}", done.err);
    }

    // What began with the weights of another run is repeated with them.
    for run in ["pruned", "slim"] {
        let done = backprop(place, &["train", run, "--repeat"]);
        assert!(done.code == 0 && done.out.contains("all 2 epochs are the same"), "{run}: {}{}", done.out, done.err);
    }
    let done = backprop(place, &["export", "pruned", "--to", "safetensors", "--out", "export"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let card = fs::read_to_string(place.join("export/model-card.md")).unwrap();
    assert!(card.contains("It comes from the run run by `backprop compress --prune 0.75`"), "{card}");
    assert!(
        card.contains("this project alone trains another network") && !card.contains("to the last bit where"),
        "{card}"
    );
    let again = compress_of(place, "int8", &["--float16", "--out", "again"]);
    assert_eq!(number(&again, "before", "bytes"), fs::metadata(place.join("int8/weights.safetensors")).unwrap().len());

    let distilled = compress(place, &["--distill", "mlp", "--epochs", "3", "--out", "distilled"]);
    let student = trained(&place.join("distilled"));
    assert!(student.project.teacher.is_some() && student.project.data == own.project.data);
    assert!(accuracy(&distilled, "after") > 0.8, "{distilled}");
    let done = backprop(place, &["export", "distilled", "--to", "safetensors", "--out", "of-student"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let card = fs::read_to_string(place.join("of-student/model-card.md")).unwrap();
    assert!(
        card.contains("It learned from the run that `teacher` names") && card.contains(r#""run": "run""#),
        "{card}"
    );
    let listed = backprop(place, &["runs", "--in", "."]);
    for name in ["pruned", "slim", "float16", "int8", "distilled"] {
        assert!(listed.out.contains(name), "{}", listed.out);
        let info = fs::read_to_string(place.join(name).join("run.json")).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&info).unwrap()["parent"]["run"], "run");
    }
}

#[test]
fn what_cannot_be_made_smaller_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let refused = |arguments: &[&str], code: i32, said: &str| {
        let done = backprop(place, &[&["compress", "run"], arguments].concat());
        assert_eq!(done.code, code, "{}", done.err);
        assert!(done.err.contains(said), "{}", done.err);
    };
    let train =
        ["train", "mlp", "--data", "digits?count=200", "--epochs", "1", "--set", "model.1.units=10", "--out", "run"];
    assert_eq!(backprop(place, &train).code, 0);
    refused(&[], 2, "--prune");
    refused(&["--prune", "1.5"], 2, "a share lies between 0.01 and 0.99");
    refused(&["--prune", "0.5", "--int8"], 2, "cannot be used with");
    refused(&["--distill", "autoencoder"], 1, "gives 784 numbers");
    refused(&["--prune", "0.5", "--out", "run"], 2, "--out names the run itself");
    refused(&["--int8", "--out", "./run", "--overwrite"], 2, "--out names the run itself");
    let other = [
        "train",
        "mlp",
        "--data",
        "example:iris",
        "--set",
        "model.2.units=3",
        "--teacher",
        "run",
        "--epochs",
        "1",
        "--out",
        "other",
    ];
    let done = backprop(place, &other);
    assert!(done.code == 1 && done.err.contains("reads 28×28×1, and the samples are 4"), "{}", done.err);
}

/// Early stopping judges no epoch before all is pruned, so that no run ends with a network that is not.
#[test]
fn a_run_that_prunes_ends_with_the_share_that_was_asked_for() {
    for stops in ["0", "1"] {
        let settings = [
            ("training.regularization.pruning", "0.6"),
            ("training.regularization.average", "0.9"),
            ("training.epochs", "6"),
            ("training.learning_rate", "0.05"),
            ("training.early_stopping.patience", stops),
        ];
        let run = Run::start(small_job("mlp", &settings, 2), Start::Running, Reports::default(), || {}).unwrap();
        let (_, events, outcome) = follow(&run);
        assert!(matches!(outcome, Outcome::Finished(_)));
        let last = events.iter().rev().find_map(|event| match event {
            Event::Weights(snapshot) => Some(snapshot),
            _ => None,
        });
        let shares = zeros(&run.job.network, &last.unwrap().weights);
        assert!(shares.iter().all(|share| (share - 0.6).abs() < 0.01), "patience {stops}: {shares:?}");
    }
}

/// The loss of a network that learns from a teacher alone falls towards that of the teacher.
#[test]
fn a_teacher_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    let data = ["--data", "digits?count=1500", "--epochs", "6"];
    assert_eq!(backprop(place, &[&["train", "cnn-small", "--out", "large"], &data[..]].concat()).code, 0);
    let teacher = [("teacher.share", "1"), ("teacher.temperature", "2")].map(|(key, value)| format!("{key}={value}"));
    let learn = ["train", "mlp", "--teacher", "large", "--set", &teacher[0], "--set", &teacher[1], "--out", "small"];
    let done = backprop(place, &[&learn[..], &data[..]].concat());
    assert_eq!(done.code, 0, "{}", done.err);
    let small = trained(&place.join("small"));
    let TeacherSettings { run, share, temperature } = small.project.teacher.clone().unwrap();
    assert!(Path::new(&run).is_absolute() && (share, temperature) == (1.0, 2.0));
    let done = backprop(place, &["evaluate", "small", "--split", "test", "--json"]);
    let accuracy = lines(&done.out)[0]["accuracy"].as_f64().unwrap();
    assert!(accuracy > 0.7, "no class was looked at, and the teacher tells them all the same: {accuracy}");
    // A project that names a teacher which is gone says so, and how it learns without.
    fs::remove_dir_all(place.join("large")).unwrap();
    let done = backprop(place, &["train", "small", "--epochs", "1", "--out", "again"]);
    assert!(done.code == 1 && done.err.contains("the teacher cannot be read"), "{}", done.err);
    let done = backprop(place, &["train", "small", "--epochs", "1", "--set", "teacher=null", "--out", "again"]);
    assert_eq!(done.code, 0, "{}", done.err);
}
