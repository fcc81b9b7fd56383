//! Runs that last: what was interrupted goes on as if it had not been, whatever ended it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use backprop_studio::data::Dataset;
use backprop_studio::project::Project;
use backprop_studio::runs::checkpoint_file::{decode, encode};
use backprop_studio::train::{Change, Checkpoint, Event, Job, LiveChange, Outcome, Reports, Run, RunCommand, Start};
use serde_json::Value;

use crate::support::{backprop, lines, project, small_digits};

/// What a run tells, bit for bit, and its last checkpoint.
#[derive(Debug, PartialEq)]
struct Told {
    steps: Vec<(u64, u32)>,
    validation: Vec<Option<u32>>,
    weights: Vec<u32>,
}

/// Takes so many steps and stops, or goes to the end.
fn told(job: &Arc<Job>, steps: Option<u64>) -> (Told, Arc<Checkpoint>) {
    let reports = Reports { checkpoints: true, ..Reports::default() };
    let start = if steps.is_some() { Start::Paused } else { Start::Running };
    let mut run = Run::start(Arc::clone(job), start, reports, || {}).unwrap();
    let (mut told, mut kept) = (Told { steps: vec![], validation: vec![], weights: vec![] }, None);
    if steps.is_some() {
        run.send(RunCommand::StepBatch);
    }
    let mut paused = 0;
    loop {
        match run.event() {
            Event::Steps(stats) => told.steps.extend(stats.iter().map(|stat| (stat.step, stat.loss().to_bits()))),
            Event::Epoch(stat) => told.validation.push(stat.validation.map(|it| it.loss.to_bits())),
            Event::Checkpoint(checkpoint) => kept = Some(checkpoint),
            Event::Weights(snapshot) => {
                told.weights = snapshot.weights.values().iter().map(|weight| weight.to_bits()).collect();
            }
            Event::Paused => {
                paused += 1;
                match steps {
                    Some(steps) if paused >= steps => run.stop(),
                    _ => run.send(RunCommand::StepBatch),
                }
            }
            Event::Done(outcome) => return (told, kept.unwrap_or_else(|| panic!("{outcome:?}"))),
            Event::Layers(_) | Event::Changed(_) | Event::Resumed | Event::Best(_) => {}
        }
    }
}

fn job(project: &Project, dataset: &Arc<Dataset>, threads: usize) -> Job {
    project.job(Arc::clone(dataset), threads).unwrap()
}

/// Interrupts the project within an epoch and at the end of one, and compares with a run that was not.
fn goes_on(name: &str, project: &Project, dataset: &Arc<Dataset>) {
    let whole = Arc::new(job(project, dataset, 1));
    let (expected, _) = told(&whole, None);
    let steps = whole.steps_per_epoch() as u64;
    for taken in [1, steps, steps + 2] {
        let (before, checkpoint) = told(&whole, Some(taken));
        assert_eq!(checkpoint.step, taken, "{name}");
        let mut rest = job(project, dataset, 2);
        let read = decode(&encode(&checkpoint).unwrap(), &rest).unwrap();
        assert_eq!(read, *checkpoint, "{name}");
        rest.checkpoint = Some(Arc::new(read));
        let (after, _) = told(&Arc::new(rest), None);
        let joined = Told {
            steps: before.steps.into_iter().chain(after.steps).collect(),
            validation: before.validation.into_iter().chain(after.validation).collect(),
            weights: after.weights,
        };
        assert_eq!(joined, expected, "{name} after {taken} steps");
    }
}

#[test]
fn every_optimizer_and_schedule_goes_on_as_if_it_had_not_been_interrupted() {
    let dataset = small_digits();
    let mut plain = project("mlp", &[("training.epochs", "3"), ("training.batch", "64")]);
    plain.set("training.regularization.average", "0.9").unwrap();
    for optimizer in
        ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam", "amsgrad", "adamw", "nadam", "lion"]
    {
        plain.set("training.optimizer", optimizer).unwrap();
        plain.set("training.learning_rate", "0.001").unwrap();
        goes_on(optimizer, &plain, &dataset);
    }
    for schedule in
        ["constant", "step", "exponential", "cosine", "cosine_restarts", "polynomial", "one_cycle", "plateau"]
    {
        plain.set("training.schedule", schedule).unwrap();
        goes_on(schedule, &plain, &dataset);
    }
    plain.set("training.early_stopping.patience", "1").unwrap();
    plain.set("training.learning_rate", "0.05").unwrap();
    plain.set("training.epochs", "8").unwrap();
    goes_on("early stopping", &plain, &dataset);
}

#[test]
fn dropout_augmentation_batch_normalization_recurrence_and_generators_go_on_too() {
    let dataset = small_digits();
    for preset in ["cnn-small", "lenet", "resnet-mini", "gru", "autoencoder", "gan-digits"] {
        let small = project(preset, &[("training.epochs", "2"), ("training.batch", "128")]);
        let dataset = if small.data.reconstruct {
            Arc::new(Dataset::clone(&dataset).of_itself().unwrap())
        } else {
            Arc::clone(&dataset)
        };
        goes_on(preset, &small, &dataset);
    }
    let mut augmented = project("mlp", &[("training.epochs", "2"), ("data.augment.rotate", "10")]);
    augmented.set("data.augment.mix_up", "0.4").unwrap();
    goes_on("augmented", &augmented, &dataset);
    augmented.set("training.epochs", "4").unwrap();
    augmented.set("training.regularization.pruning", "0.7").unwrap();
    augmented.set("training.regularization.average", "0.9").unwrap();
    goes_on("pruned", &augmented, &dataset);
}

/// The lines of epochs, without what depends on the machine.
fn epochs(folder: &Path) -> Vec<Value> {
    let mut found = lines(&fs::read_to_string(folder.join("metrics.jsonl")).unwrap());
    found.retain(|line| line["event"] == "epoch");
    for line in &mut found {
        let fields = line.as_object_mut().unwrap();
        fields.retain(|key, _| !key.contains("seconds") && !key.contains("samples_per"));
    }
    found
}

#[test]
fn a_run_that_was_killed_is_listed_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let settings = ["--data", "digits?count=3000", "--epochs", "6", "--batch", "32", "--threads", "1"];
    let train = |out: &'static str| [&["train", "cnn-small", "--out", out][..], &settings].concat();
    let done = backprop(folder.path(), &train("whole"));
    assert_eq!(done.code, 0, "{}", done.err);

    let mut child = Command::new(env!("CARGO_BIN_EXE_backprop"))
        .args(train("killed"))
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let killed = folder.path().join("killed");
    let started = Instant::now();
    let has_checkpoint = || fs::read_dir(killed.join("checkpoints")).is_ok_and(|mut files| files.next().is_some());
    while !has_checkpoint() && child.try_wait().unwrap().is_none() {
        assert!(started.elapsed() < Duration::from_secs(120), "no checkpoint was written");
        std::thread::yield_now();
    }
    let state = || lines(&backprop(folder.path(), &["runs", "show", "killed", "--json"]).out)[0]["state"].clone();
    let refused = backprop(folder.path(), &["train", "--resume", "killed"]);
    if child.try_wait().unwrap().is_none() {
        assert!(refused.err.contains("another training writes to it"), "{}", refused.err);
    }
    child.kill().unwrap();
    child.wait().unwrap();

    if state() == "interrupted" {
        let done = backprop(folder.path(), &["train", "--resume", "killed"]);
        assert_eq!(done.code, 0, "{}", done.err);
        assert!(done.err.contains("going on after step"), "{}", done.err);
    }
    assert_eq!(state(), "finished");
    assert_eq!(epochs(&killed), epochs(&folder.path().join("whole")));
    let weights = |name: &str| fs::read(folder.path().join(name).join("weights.safetensors")).unwrap();
    assert!(weights("killed") == weights("whole"));

    let again = backprop(folder.path(), &["train", "--resume", "killed"]);
    assert!(again.code == 1 && again.err.contains("has finished its 6 epochs; --epochs N"), "{}", again.err);
    let more = backprop(folder.path(), &["train", "--resume", "killed", "--epochs", "7"]);
    assert_eq!((more.code, epochs(&killed).len()), (0, 7), "{}", more.err);
}

#[test]
fn runs_are_listed_compared_named_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    for rate in ["0.01", "0.03"] {
        let done = backprop(folder.path(), &["train", "iris", "--epochs", "3", "--learning-rate", rate]);
        assert_eq!(done.code, 0, "{}", done.err);
    }
    let run = |arguments: &[&str]| backprop(folder.path(), &[&["runs"][..], arguments].concat());
    let listed = run(&[]).out;
    assert!(
        listed.contains("iris-1") && listed.contains("finished") && listed.contains("learning rate 0.03"),
        "{listed}"
    );
    assert_eq!(run(&["diff", "iris-1", "iris-2"]).out, "learning rate 0.01 → 0.03\n");
    assert_eq!(run(&["rename", "iris-2", "faster"]).code, 0);
    let resumed = backprop(folder.path(), &["train", "--resume", "faster", "--epochs", "9"]);
    assert!(resumed.code == 0, "{}", resumed.err);
    let evaluated = backprop(folder.path(), &["evaluate", "faster", "--data", "example:iris"]);
    assert!(evaluated.code == 0, "{}", evaluated.err);
    assert_eq!(run(&["note", "faster", "three times the rate"]).code, 0);
    let shown = run(&["show", "faster"]).out;
    assert!(shown.contains("three times the rate") && shown.contains("test_accuracy"), "{shown}");
    assert_eq!(run(&["delete", "iris-1"]).code, 0);
    assert_eq!(lines(&run(&["--json"]).out).len(), 1);
    let missing = run(&["show", "iris-1"]);
    assert!(missing.code == 1 && missing.err.contains("there is no such run"), "{}", missing.err);
}

#[test]
fn a_run_that_diverges_gives_the_moment_of_fifty_steps_before() {
    let mut settings = project("mlp", &[("training.loss", "mean_squared_error"), ("training.optimizer", "sgd")]);
    settings.set("model.1.activation", "linear").unwrap();
    settings.set("training.epochs", "40").unwrap();
    settings.set("training.batch", "16").unwrap();
    settings.set("training.learning_rate", "0.001").unwrap();
    let mut job = job(&settings, &small_digits(), 1);
    let live = LiveChange { learning_rate: 10.0, ..LiveChange::of(&settings.training) };
    job.changes = vec![Change { step: 130, change: live }];
    let run =
        Run::start(Arc::new(job), Start::Running, Reports { checkpoints: true, ..Reports::default() }, || {}).unwrap();
    let mut last = None;
    let divergence = loop {
        match run.event() {
            Event::Checkpoint(checkpoint) => last = Some(checkpoint),
            Event::Done(Outcome::Diverged(divergence)) => break divergence,
            Event::Done(outcome) => panic!("{outcome:?}"),
            _ => {}
        }
    };
    let checkpoint = last.unwrap();
    assert!(checkpoint.step + 50 <= divergence.step && checkpoint.step + 100 > divergence.step, "{divergence}");
    assert!(checkpoint.learner.weights.values().iter().all(|weight| weight.is_finite()));
}

#[test]
fn a_run_takes_as_many_steps_a_second_as_it_may_and_hears_commands_meanwhile() {
    let settings = project("mlp", &[("training.epochs", "1"), ("training.batch", "16")]);
    let job = Arc::new(job(&settings, &small_digits(), 1));
    let mut run = Run::start(Arc::clone(&job), Start::Paused, Reports::default(), || {}).unwrap();
    run.send(RunCommand::Pace(Some(20.0)));
    run.send(RunCommand::Resume);
    let (mut steps, started) = (0, Instant::now());
    // Five steps wait four times for a twentieth of a second.
    while steps < 5 {
        if let Event::Steps(stats) = run.event() {
            steps += stats.len();
        }
    }
    assert!(started.elapsed() >= Duration::from_millis(200));
    run.send(RunCommand::Pace(Some(0.001)));
    run.stop();
    while !matches!(run.event(), Event::Done(_)) {}
}

#[test]
fn a_run_whose_data_have_changed_says_so_where_its_checkpoint_fits_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let write = |rows: usize| {
        let rows: String = (0..rows).map(|at| format!("{}.5,{}.25,{}\n", at * 7 % 60, at % 9, at % 5)).collect();
        fs::write(folder.path().join("mine.csv"), format!("x,z,y\n{rows}")).unwrap();
    };
    write(200);
    let source = "csv:mine.csv?task=regression";
    let train = ["train", "regression-2d", "--data", source, "--epochs", "2", "--batch", "8", "--out", "run"];
    let done = backprop(folder.path(), &train);
    assert_eq!(done.code, 0, "{}", done.err);
    write(40);
    let resumed = backprop(folder.path(), &["train", "--resume", "run", "--epochs", "4"]);
    assert!(resumed.code == 1 && resumed.err.contains("the data are no longer those"), "{}", resumed.err);
}

#[test]
fn the_results_of_a_run_are_those_of_the_weights_that_early_stopping_restored() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let train =
        "train xor --data points:xor?noise=0.5&count=200 --learning-rate 0.1 --epochs 300 --out run --json --set";
    let arguments: Vec<_> = train.split(' ').chain(["training.early_stopping.patience=4"]).collect();
    let done = backprop(folder, &arguments);
    assert_eq!(done.code, 0, "{}", done.err);
    let events = lines(&done.out);
    let best = events.iter().find(|event| event["event"] == "best").unwrap();
    let epochs: Vec<_> = events.iter().filter(|event| event["event"] == "epoch").collect();
    let of_best = epochs.iter().find(|epoch| epoch["epoch"] == best["epoch"]).unwrap();
    let last = epochs.last().unwrap();
    assert!(best["stopped_early"] == true && last["validation_loss"] != best["validation_loss"], "{best} {last}");
    let info: Value = serde_json::from_slice(&fs::read(folder.join("run/run.json")).unwrap()).unwrap();
    assert_eq!(info["best_epoch"], best["epoch"]);
    for key in ["validation_loss", "validation_accuracy", "train_loss"] {
        assert_eq!(info["results"][key], of_best[key], "{key}");
    }
    let shown = backprop(folder, &["runs", "show", "run"]).out;
    assert!(shown.contains(&format!("restored the weights of epoch {}", best["epoch"])), "{shown}");
}
