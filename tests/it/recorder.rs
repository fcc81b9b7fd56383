//! A run folder that something happens to while it is written.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use backprop_studio::project::run_log::epoch_line;
use backprop_studio::project::{Output, Project, RunFolder};
use backprop_studio::runs::recorder::{checkpoint_room, last_checkpoint};
use backprop_studio::runs::store::StoredRun;
use backprop_studio::runs::{Recorder, RunState, history};
use backprop_studio::train::{Event, Job, Reports, Run, Start};

use crate::support::{backprop, lines, project};

/// Trains ten epochs of `xor` into a folder; `happen` is called before each line with the number of its epoch.
fn record(folder: &Path, project: &Project, mut happen: impl FnMut(u32)) -> (Arc<Job>, Vec<String>) {
    let dataset = Arc::new(project.data.load(&Default::default()).unwrap());
    let job = Arc::new(project.job(dataset, 1).unwrap());
    let mut recorder = Recorder::begin(Output::named(folder, false).unwrap(), project, &job).unwrap();
    let reports = Reports { checkpoints: true, ..Reports::default() };
    let run = Run::start(Arc::clone(&job), Start::Running, reports, || {}).unwrap();
    let (mut weights, mut warnings) = (None, Vec::new());
    loop {
        let written = match run.event() {
            Event::Epoch(stat) => {
                happen(stat.epoch);
                recorder.tell(&epoch_line(&stat, job.head()))
            }
            Event::Checkpoint(checkpoint) => recorder.keep(&job, &checkpoint, 0.0),
            Event::Weights(snapshot) => {
                weights = Some(snapshot);
                Ok(())
            }
            Event::Done(outcome) => {
                let weights = weights.as_ref().map(|snapshot| &snapshot.weights);
                let ended = recorder.end(&job, weights, RunState::from(&outcome), 0.0);
                warnings.extend(ended.err().map(|error| error.to_string()));
                return (job, warnings);
            }
            _ => Ok(()),
        };
        warnings.extend(written.err().map(|error| error.to_string()));
    }
}

fn ten_epochs() -> Project {
    project("xor", &[("training.epochs", "10")])
}

#[test]
#[cfg(unix)]
fn a_folder_that_is_deleted_while_its_run_is_written_is_whole_at_the_end() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("run");
    let (job, warnings) = record(&folder, &ten_epochs(), |epoch| {
        if epoch == 4 {
            fs::remove_dir_all(&folder).unwrap();
        }
    });
    assert!(warnings.len() == 1 && warnings[0].contains("was deleted while its run was written"), "{warnings:?}");
    let told = history::read(&folder).unwrap();
    let epochs: Vec<_> = told.iter().filter_map(|line| line["epoch"].as_u64()).collect();
    assert_eq!(epochs, (1..=10).collect::<Vec<_>>(), "no line is lost");
    assert_eq!(last_checkpoint(&folder, &job).unwrap().epochs, 10);
    assert_eq!(StoredRun::read(&folder).unwrap().state(), "finished");
    RunFolder::find(&folder.to_string_lossy()).unwrap();
}

#[test]
#[cfg(unix)]
fn a_run_whose_folder_cannot_be_written_is_saved_elsewhere_with_all_its_lines() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("run");
    let (job, warnings) = record(&folder, &ten_epochs(), |epoch| {
        if epoch == 4 {
            // A file in its place, which even the superuser cannot write a folder into.
            fs::remove_dir_all(&folder).unwrap();
            fs::write(&folder, "").unwrap();
        }
    });
    let last = warnings.last().unwrap();
    let place = last.split_once("was saved in ").and_then(|(_, rest)| rest.split_once(" instead")).unwrap().0;
    let place = Path::new(place);
    let epochs = history::read(place).unwrap().len();
    let checkpoint = last_checkpoint(place, &job).unwrap().epochs;
    let shown = StoredRun::read(place).unwrap();
    fs::remove_dir_all(place).unwrap();
    assert_eq!((epochs, checkpoint, shown.state()), (10, 10, "finished"), "{warnings:?}");
}

#[test]
fn a_run_keeps_as_many_checkpoints_as_the_project_says() {
    let base = tempfile::tempdir().unwrap();
    // A checkpoint a second at most is made, so that what is kept is written here by hand.
    // One of mlp takes more than a megabyte, and the last and the best are kept in any case.
    for (preset, count, megabytes, kept) in [("xor", "3", "512", 3), ("xor", "1000", "512", 8), ("mlp", "1000", "1", 2)]
    {
        let mut project = project(preset, &[("checkpoints.count", count), ("checkpoints.megabytes", megabytes)]);
        if preset == "mlp" {
            project.set("data.source", "digits?count=300").unwrap();
        }
        let folder = base.path().join(format!("{count}-{megabytes}"));
        let dataset = Arc::new(project.data.load(&Default::default()).unwrap());
        let job = Arc::new(project.job(dataset, 1).unwrap());
        let mut recorder = Recorder::begin(Output::named(&folder, false).unwrap(), &project, &job).unwrap();
        let run =
            Run::start(Arc::clone(&job), Start::Running, Reports { checkpoints: true, ..Reports::default() }, || {});
        let run = run.unwrap();
        let checkpoint = loop {
            match run.event() {
                Event::Checkpoint(checkpoint) => break checkpoint,
                Event::Done(_) => panic!("there is a checkpoint at the end"),
                _ => {}
            }
        };
        for step in 1..=8 {
            let moment = backprop_studio::train::Checkpoint { step: 10 * step, ..(*checkpoint).clone() };
            recorder.keep(&job, &moment, 0.0).unwrap();
        }
        let (found, bytes) = checkpoint_room(&folder);
        assert!(found == kept && bytes > 0, "{found} of {kept}");
    }
}

#[test]
fn a_sweep_of_learning_rates_is_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let done = backprop(folder.path(), &["find-rate", "iris", "--data", "example:iris"]);
    assert!(done.code == 0 && done.out.contains("saved in runs/iris-learning-rates-1"), "{}{}", done.out, done.err);
    let run = folder.path().join("runs/iris-learning-rates-1");
    let told = history::read(&run).unwrap();
    let rates = told.iter().filter(|line| line["event"] == "rate").count() as u64;
    let suggestion = told.last().unwrap()["learning_rate"].as_f64().unwrap();
    let stored = StoredRun::read(&run).unwrap();
    assert!(stored.is_trial() && stored.state() == "finished");
    let info = stored.info.unwrap();
    assert!(info.step == rates && info.note.contains(&format!("{suggestion:.2e}")), "{info:?}");
    let listed = backprop(folder.path(), &["runs", "list", "--json"]);
    assert_eq!(lines(&listed.out).len(), 1, "{}", listed.out);
    // It has learned nothing that could be used.
    let refused = backprop(folder.path(), &["evaluate", "runs/iris-learning-rates-1", "--data", "example:iris"]);
    assert!(refused.code == 1 && refused.err.contains("holds no weights"), "{}", refused.err);
}
