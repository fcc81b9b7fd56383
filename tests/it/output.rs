//! What is written, and what is never written over.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{backprop, lines};

/// Rows on a line, from which a network learns at once, or diverges at a rate that is too high.
fn train<'a>(more: &[&'a str]) -> Vec<&'a str> {
    const MODEL: &str = r#"model=[{"kind":"dense","units":1,"activation":"linear"}]"#;
    let (sgd, data) = ("training.optimizer.kind=sgd", "csv:line.csv?task=regression");
    [&["train", "fuel", "--data", data, "--set", MODEL, "--set", sgd, "--epochs", "60"], more].concat()
}

#[test]
fn a_run_is_replaced_on_demand_alone_and_never_by_one_that_diverged() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows: String =
        (0..100).map(|at| format!("{},{}.5,{}\n", at % 5, at * 31 % 17, 10 * (at % 5) + at % 2)).collect();
    fs::write(folder.join("line.csv"), format!("a,b,y\n{rows}")).unwrap();
    let done = backprop(folder, &train(&["--out", "run"]));
    assert_eq!(done.code, 0, "{}", done.err);
    let weights = || fs::read(folder.join("run/weights.safetensors")).unwrap();
    let first = weights();
    let refused = backprop(folder, &train(&["--out", "run", "--seed", "5"]));
    assert!(refused.code == 1 && refused.err.contains("holds a run") && refused.out.is_empty(), "{}", refused.err);
    fs::create_dir(folder.join("mine")).unwrap();
    fs::write(folder.join("mine/thesis.txt"), "years").unwrap();
    let refused = backprop(folder, &train(&["--out", "mine", "--overwrite"]));
    assert!(refused.code == 1 && refused.err.contains("holds other files, such as thesis.txt"), "{}", refused.err);
    assert_eq!(weights(), first);

    let diverged = backprop(folder, &train(&["--out", "run", "--overwrite", "--learning-rate", "10"]));
    assert!(diverged.code == 3 && diverged.err.contains("keeps the run that was in it"), "{}", diverged.err);
    assert_eq!(weights(), first);
    assert_eq!(backprop(folder, &train(&["--out", "run", "--overwrite", "--seed", "5"])).code, 0);
    assert_ne!(weights(), first);
    assert!(!folder.join("run/.lock").exists());
}

#[test]
fn reconstructions_keep_their_folders_and_nothing_is_written_twice() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let sizes = ["--set", "model.1.units=4", "--epochs", "1", "--batch", "50", "--out", "run"];
    let done = backprop(folder, &[&["train", "autoencoder", "--data", "digits?count=300"][..], &sizes].concat());
    assert_eq!(done.code, 0, "{}", done.err);
    let bar = image::GrayImage::from_fn(28, 28, |x, _| image::Luma([if (12..16).contains(&x) { 255 } else { 0 }]));
    for name in ["in/a/bar.png", "in/b/bar.png", "in/b/bar.bmp", "other/bar.png"] {
        fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
        bar.save(folder.join(name)).unwrap();
    }
    let predict = ["predict", "run", "in", "other/bar.png", "--out", "made"];
    let done = backprop(folder, &predict);
    assert_eq!((done.code, done.out.lines().count()), (0, 4), "{}{}", done.out, done.err);
    for name in ["a/bar.png", "b/bar.png", "b/bar (2).png", "bar.png"] {
        assert!(folder.join("made").join(name).is_file(), "{name}");
    }
    assert!(done.out.contains(", written to made/b/bar (2).png"), "{}", done.out);
    let done =
        backprop(folder, &["predict", "run", "in/a", "in/b", "in/../in/b", "other/bar.png", "--out", "each", "--json"]);
    let written: Vec<_> = lines(&done.out).iter().map(|line| line["written"].as_str().unwrap().to_owned()).collect();
    let expected = ["a/bar.png", "b/bar.png", "b/bar (2).png", "b (2)/bar.png", "b (2)/bar (2).png", "bar.png"];
    assert_eq!(written.len(), expected.len(), "{written:?}");
    for name in expected {
        assert!(
            written.contains(&format!("each/{name}")) && folder.join("each").join(name).is_file(),
            "{name} {written:?}"
        );
    }
    let again = backprop(folder, &predict);
    assert!(again.code == 1 && again.err.contains("is there already"), "{}", again.err);
    let before = fs::read(folder.join("other/bar.png")).unwrap();
    assert_eq!(backprop(folder, &["predict", "run", "other/bar.png", "--out", "other"]).code, 1);
    assert_eq!(fs::read(folder.join("other/bar.png")).unwrap(), before, "the original stays");
}

/// What a command says whose standard output is what the shell makes of `redirected`.
#[cfg(unix)]
fn redirected(arguments: &str, redirected: &str) -> (Option<i32>, String) {
    let mut shell = Command::new("sh");
    let line = format!("\"$PROGRAM\" {arguments} {redirected}");
    let done = shell.args(["-c", &line]).env("PROGRAM", env!("CARGO_BIN_EXE_backprop")).output().unwrap();
    (done.status.code(), String::from_utf8(done.stderr).unwrap())
}

#[test]
#[cfg(unix)]
fn a_result_that_cannot_be_written_is_an_error() {
    for arguments in ["presets", "data digits", "--version", "help", "help train", "train --help"] {
        let (code, told) = redirected(arguments, ">&-");
        assert!(code == Some(1) && told.contains("to standard output: it is closed"), "{arguments}: {told}");
        assert_eq!(redirected(arguments, ">/dev/null"), (Some(0), String::new()), "{arguments}");
        assert_eq!(redirected(arguments, "<>/dev/null 1<>/dev/null"), (Some(0), String::new()), "{arguments}");
        if cfg!(target_os = "linux") {
            let (code, told) = redirected(arguments, ">/dev/full");
            assert!(code == Some(1) && told.contains("could not be written to standard output"), "{arguments}: {told}");
        }
    }
}

/// Rows of machines whose mean differs: each group has its own level.
fn machines(folder: &Path) {
    let row = |at: usize| {
        let machine = at / 10;
        let (x, kind) = (at * 7 % 13, if at.is_multiple_of(3) { "worn" } else { "good" });
        format!("m{machine},{x}.5,{},{kind}\n", machine * 3 + at % 2)
    };
    let rows: String = (0..200).map(row).collect();
    fs::write(folder.join("machines.csv"), format!("machine,x,y,state\n{rows}")).unwrap();
}

#[test]
fn groups_stay_in_one_set_and_a_class_that_cannot_be_tested_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    machines(folder);
    let done = backprop(folder, &["data", "csv:machines.csv?group=machine"]);
    let told = format!("{}{}", done.out, done.err);
    assert!(
        told.contains("Rows with the same machine stay in one set: 20 groups, 4 of them in the test set"),
        "{told}"
    );
    let data =
        backprop_studio::data::Dataset::read(&format!("csv:{}?group=machine", folder.join("machines.csv").display()))
            .unwrap();
    assert_eq!((data.features.len(), data.train.len(), data.test.len()), (2, 160, 40));
    // The level of a machine is in y: no level of the validation set occurs in the training set.
    let split = data.split(0.2, 3);
    let level = |at: &u32| data.train.numbers_of(*at as usize)[1] as usize / 3;
    assert!(
        split.validation.len() == 30
            && !split.validation.iter().any(|at| split.train.iter().any(|to| level(at) == level(to)))
    );

    let rows: String = (0..40).map(|at| format!("{}.5,{}\n", at * 7 % 11, ["a", "b"][at % 2])).collect();
    fs::write(folder.join("rare.csv"), format!("x,kind\n{rows}3.5,once\n")).unwrap();
    let done = backprop(folder, &["data", "csv:rare.csv"]);
    let told = format!("{}{}", done.out, done.err);
    assert!(told.contains("\"once\" has no test sample, and 1 sample to train on"), "{told}");
}

#[test]
fn a_column_that_gives_the_answer_away_and_a_rate_beyond_reason_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let row = |at: usize| {
        let fails = at * 7 % 10 < 3;
        format!(
            "{},{},{},{}\n",
            at * 13 % 17,
            at * 5 % 23,
            if fails { 900 + at % 7 } else { at % 7 },
            if fails { "yes" } else { "no" }
        )
    };
    let rows: String = (0..200).map(row).collect();
    fs::write(folder.join("plant.csv"), format!("load,speed,cost of repair,failure\n{rows}")).unwrap();
    assert_eq!(backprop(folder, &["new", "plant.csv", "--out", "plant.json"]).code, 0);
    let told = backprop(folder, &["check", "plant.json", "--json"]);
    let problems = lines(&told.out);
    let of = |place: &str| problems.iter().find(|problem| problem["place"] == place).map(ToString::to_string);
    let leak = of("data.source").unwrap_or_default();
    assert!(leak.contains("cost of repair") && leak.contains("ignore="), "{}", told.out);
    assert_eq!(of("training.learning_rate"), None);
    let told = backprop(folder, &["train", "plant.json", "--epochs", "1", "--learning-rate", "5"]);
    assert!(told.err.contains("5 is far above what AdamW takes, 0.0001 to 0.01"), "{}", told.err);
    // One neuron learns at such a rate, unless its steps grow with the error.
    let warned = |data: &str, model: &str, optimizer: &str| {
        let settings = [&format!("model={model}"), &format!("training.optimizer.kind={optimizer}")];
        let check = ["check", "--json", "--data", data, if data.contains("plane") { "regression-2d" } else { "xor" }];
        let set = settings.iter().flat_map(|setting| ["--set", setting]);
        let told =
            backprop(folder, &[&check[..], &set.collect::<Vec<_>>(), &["--set", "training.learning_rate=5"]].concat());
        lines(&told.out).iter().any(|line| line["place"] == "training.learning_rate")
    };
    let (one, two) = (
        r#"[{"kind":"dense","units":1,"activation":"linear"}]"#,
        r#"[{"kind":"dense","units":2,"activation":"linear"}]"#,
    );
    assert_eq!(["adam", "sgd"].map(|optimizer| warned("points:plane", one, optimizer)), [false, true]);
    assert_eq!(["adam", "sgd"].map(|optimizer| warned("points:gaussians", two, optimizer)), [false, false]);
    let hidden = two.replacen('[', r#"["dense","#, 1);
    assert_eq!(["adam", "sgd"].map(|optimizer| warned("points:gaussians", &hidden, optimizer)), [true, true]);
}
