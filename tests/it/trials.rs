//! Trainings that are evaluated on their validation samples: folds, seeds, comparisons and searches.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::yield_now;

use backprop_studio::data::Dataset;
use backprop_studio::project::run_log::{change_line, epoch_line};
use backprop_studio::project::{Output, Project};
use backprop_studio::runs::Recorder;
use backprop_studio::runs::search::{Method, Sweep, SweepPlan, TrialRecord};
use backprop_studio::runs::trial::{Control, TrialRunner};
use backprop_studio::train::{Change, Event, LiveChange, Reports, Run, Start};
use serde_json::{Value, json};

use crate::support::{backprop, lines, project, small_digits};

#[test]
fn each_seed_is_the_run_of_that_seed_and_is_kept_without_a_look_at_the_test_set() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let done = backprop(at, &["train", "xor", "--epochs", "5", "--seeds", "3", "--json"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let told = lines(&done.out);
    for (line, seed) in told.iter().zip(["42", "43", "44"]) {
        let alone = backprop(at, &["train", "xor", "--epochs", "5", "--seed", seed, "--json"]);
        let epoch = lines(&alone.out).into_iter().rfind(|line| line["event"] == "epoch").unwrap();
        assert_eq!(line["accuracy"], epoch["validation_accuracy"], "{line}");
        let kept = fs::read_to_string(at.join(format!("runs/xor-seeds-1/seed-{seed}/metrics.jsonl"))).unwrap();
        assert!(!lines(&kept).iter().any(|line| line["test_accuracy"].is_number()), "{kept}");
    }
    let mut accuracies: Vec<f64> = told[..3].iter().map(|line| line["accuracy"].as_f64().unwrap()).collect();
    accuracies.sort_by(f64::total_cmp);
    let of = |which: &str| told[3][which]["accuracy"].as_f64().unwrap();
    assert_eq!([of("low"), of("median"), of("high")], *accuracies);
    let listed = backprop(at, &["runs", "list"]).out;
    assert!(listed.contains("xor-seeds-1/seed-43"), "{listed}");
}

#[test]
fn a_comparison_tells_a_difference_from_chance() {
    let folder = tempfile::tempdir().unwrap();
    let compare = |set: &str| {
        let done = backprop(
            folder.path(),
            &["compare", "xor", "--set", set, "--set", "training.epochs=12", "--seeds", "6", "--json"],
        );
        assert_eq!(done.code, 0, "{}", done.err);
        lines(&done.out).pop().unwrap()
    };
    fs::write(folder.path().join("short.json"), project("xor", &[("training.epochs", "12")]).to_text().unwrap())
        .unwrap();
    let worse = compare("training.learning_rate=0.000001");
    assert!(worse["is_significant"] == true && worse["verdict"].as_str().unwrap().ends_with("B is worse."), "{worse}");
    let done = backprop(
        folder.path(),
        &["compare", "short.json", "--set", "training.optimizer.beta1=0.901", "--seeds", "6", "--json"],
    );
    let same = lines(&done.out).pop().unwrap();
    assert!(same["is_significant"] == false, "{same}");
    let pair = &lines(&done.out)[0];
    assert!(pair["seed"] == 42 && pair["a"]["accuracy"].is_number() && pair["b"]["accuracy"].is_number(), "{pair}");

    let refused = |arguments: &[&str], expected: &str| {
        let done = backprop(folder.path(), &[&["compare"], arguments].concat());
        assert!(done.code != 0 && done.err.contains(expected), "{}", done.err);
    };
    refused(&["xor"], "A and B are the same");
    refused(&["xor", "--set", "data.validation=0.3"], "the same validation share");
    refused(&["xor", "--set", "training.speed=1"], "there is no speed");
    refused(&["gan-points", "--set", "training.epochs=1"], "is a generator");
}

/// The last line of each trial, without times.
fn trials(folder: &Path) -> BTreeMap<(u64, u64), Value> {
    let told = lines(&fs::read_to_string(folder.join("trials.jsonl")).unwrap());
    let mut found = BTreeMap::new();
    for mut line in told {
        line.as_object_mut().unwrap().remove("seconds");
        found.insert((line["number"].as_u64().unwrap(), line["until"].as_u64().unwrap()), line);
    }
    found
}

const SPACE: [&str; 4] = ["--set", "training.learning_rate=0.001..0.3", "--set", "training.batch=8,16"];

#[test]
fn a_search_that_was_killed_comes_to_the_same_end() {
    let folder = tempfile::tempdir().unwrap();
    for search in ["random", "halving"] {
        let settings = ["--search", search, "--trials", "9", "--jobs", "2"];
        let arguments = [&["sweep", "long.json"][..], &SPACE, &settings].concat();
        let long = project("xor", &[("training.epochs", "27")]);
        fs::write(folder.path().join("long.json"), long.to_text().unwrap()).unwrap();
        let whole = backprop(folder.path(), &arguments);
        assert_eq!(whole.code, 0, "{}", whole.err);
        let whole = format!("runs/xor-sweep-{}", if search == "random" { 1 } else { 3 });
        let killed = format!("runs/xor-sweep-{}", if search == "random" { 2 } else { 4 });
        let mut child = Command::new(env!("CARGO_BIN_EXE_backprop"))
            .args(&arguments)
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let log = folder.path().join(&killed).join("trials.jsonl");
        while !fs::read_to_string(&log).is_ok_and(|text| text.contains("\"done\"")) {
            assert!(child.try_wait().unwrap().is_none_or(|status| status.success()), "it ended early");
            yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // The last line may be torn as well.
        let torn = fs::read_to_string(&log).unwrap() + "{\"number\": 4, \"un";
        fs::write(&log, torn).unwrap();
        let resumed = backprop(folder.path(), &["sweep", &killed, "--resume"]);
        assert_eq!(resumed.code, 0, "{}", resumed.err);
        assert_eq!(trials(&folder.path().join(&killed)), trials(&folder.path().join(&whole)), "{search}");
        let best = |name: &str| fs::read_to_string(folder.path().join(name).join("best.json")).unwrap();
        assert_eq!(best(&killed), best(&whole));
    }
    // Successive halving goes on from its own checkpoints: the best one is what its settings give in one go.
    let at = folder.path().join("runs/xor-sweep-3");
    let found = trials(&at);
    let rounds: Vec<usize> = [3, 9, 27].map(|until| found.keys().filter(|key| key.1 == until).count()).into();
    assert_eq!(rounds, [9, 3, 1]);
    let (_, best) = found.iter().find(|((_, until), _)| *until == 27).unwrap();
    let alone = backprop(folder.path(), &["train", "runs/xor-sweep-3/best.json", "--json"]);
    let epoch = lines(&alone.out).into_iter().rfind(|line| line["event"] == "epoch").unwrap();
    assert_eq!(best["metrics"]["loss"], epoch["validation_loss"]);
}

#[test]
fn a_grid_tries_every_combination_and_folds_judge_each() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--set", "training.learning_rate=0.01..0.1:2", "--set", "training.batch=8,16", "--search", "grid"];
    let done = backprop(
        folder.path(),
        &[&["sweep", "xor", "--folds", "2", "--metric", "loss", "--json"][..], &arguments].concat(),
    );
    assert_eq!(done.code, 0, "{}", done.err);
    let told = lines(&done.out);
    let settings: std::collections::BTreeSet<_> = told[..4].iter().map(|line| line["settings"].to_string()).collect();
    assert_eq!((told.len(), settings.len()), (5, 4));
    let lowest = told[..4].iter().map(|line| line["score"].as_f64().unwrap()).fold(f64::INFINITY, f64::min);
    assert_eq!(told[4]["score"].as_f64(), Some(lowest));
    assert!(folder.path().join("runs/xor-sweep-1/trial-4-fold-2/metrics.jsonl").is_file());
}

#[test]
fn wrong_searches_are_refused_before_a_folder_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let rate = "training.learning_rate=0.001..0.1";
    for (arguments, expected) in [
        (&["sweep", "xor"][..], "says what is searched"),
        (&["sweep", "xor", "--set", "training.learning_rate=5..1"], "write the smaller number first"),
        (&["sweep", "xor", "--set", rate, "--metric", "beauty"], "there is no beauty"),
        (&["sweep", "xor", "--set", rate, "--search", "best"], "grid, random, halving and tpe"),
        (&["sweep", "xor", "--set", "training.epochs=1..9", "--search", "halving"], "successive halving divides"),
        (&["sweep", "gan-points", "--set", rate], "is a generator"),
        (&["sweep", ".", "--resume"], "holds no search"),
    ] {
        let done = backprop(folder.path(), arguments);
        assert!(done.code != 0 && done.err.contains(expected), "{arguments:?}: {}", done.err);
    }
    assert!(!folder.path().join("runs").exists());
}

/// Runs a search on the digits in memory.
fn search(method: Method, space: &[&str], trials: usize, at: &Path) -> Vec<TrialRecord> {
    let project = project("mlp", &[("training.epochs", "1"), ("training.batch", "64"), ("data.validation", "0.2")]);
    let dataset: Arc<Dataset> = small_digits();
    let plan = SweepPlan {
        version: SweepPlan::VERSION,
        data_folder: None,
        space: space.iter().map(|text| (*text).to_owned()).collect(),
        method,
        trials,
        folds: None,
        metric: "accuracy".to_owned(),
        project,
    };
    let mut sweep = Sweep::begin(at, plan).unwrap();
    let runner = TrialRunner { dataset, folder: Some(at.to_owned()), jobs: 2, threads: 2 };
    sweep.run(&runner, &Control::default(), None, |_, _| {}).unwrap();
    sweep.records
}

#[test]
fn settings_that_diverge_or_do_not_fit_end_their_trial_and_not_the_search() {
    let folder = tempfile::tempdir().unwrap();
    let space = [
        "training.learning_rate=0.001,10",
        "training.loss=softmax_cross_entropy,mean_squared_error",
        "training.optimizer=sgd",
    ];
    let found = search(Method::Grid, &space, 0, folder.path());
    assert_eq!(found.len(), 4);
    let state = |at: usize| serde_json::to_value(found[at].state).unwrap();
    let states: Vec<_> = (0..4).map(state).collect();
    assert!(states.contains(&json!("done")), "{found:?}");
    assert!(
        found.iter().all(|record| record.is_done() && (record.score.is_some() || !record.why.is_empty())),
        "{found:?}"
    );
}

#[test]
fn the_parzen_estimator_learns_from_what_it_has_seen() {
    let folder = tempfile::tempdir().unwrap();
    let found = search(Method::Tpe, &["training.learning_rate=0.000001..10"], 24, folder.path());
    // A rate that is far too small or too large learns nothing; after the first ten it looks where the good ones are.
    let good = |records: &[TrialRecord]| {
        let rate = |record: &TrialRecord| record.settings[0].1.parse::<f64>().unwrap();
        records.iter().filter(|record| (1e-4..0.1).contains(&rate(record))).count() as f64 / records.len() as f64
    };
    assert!(good(&found[10..]) > 0.7 && good(&found[10..]) > good(&found[..10]), "{found:?}");
}

#[test]
fn a_run_is_repeated_with_its_changes_and_the_first_difference_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("changed");
    let project = Project { name: "xor".to_owned(), ..project("xor", &[("training.epochs", "6")]) };
    let dataset = Arc::new(project.data.load(&Default::default()).unwrap());
    let mut job = project.job(dataset, 1).unwrap();
    let steps = job.steps_per_epoch() as u64;
    let live = LiveChange { learning_rate: 0.5, ..LiveChange::of(&project.training) };
    job.changes = vec![Change { step: 2 * steps + 1, change: live }];
    let job = Arc::new(job);
    let mut recorder = Recorder::begin(Output::named(&at, false).unwrap(), &project, &job).unwrap();
    let run = Run::start(Arc::clone(&job), Start::Running, Reports::default(), || {}).unwrap();
    loop {
        match run.event() {
            Event::Epoch(stat) => recorder.tell(&epoch_line(&stat, job.head())).unwrap(),
            Event::Changed(change) => recorder.tell(&change_line(&change)).unwrap(),
            Event::Done(_) => break,
            _ => {}
        }
    }
    drop(recorder);
    let done = backprop(folder.path(), &["train", "changed", "--repeat"]);
    assert!(
        done.code == 0 && done.out.contains("all 6 epochs are the same to the last bit"),
        "{} {}",
        done.out,
        done.err
    );

    let log = at.join("metrics.jsonl");
    let mut told = lines(&fs::read_to_string(&log).unwrap());
    told.retain(|line| line["event"] != "changed");
    fs::write(&log, told.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let done = backprop(folder.path(), &["train", "changed", "--repeat"]);
    assert!(done.code == 1 && done.err.contains("epoch 3: "), "{}", done.err);
}
