//! `backprop train --repeat RUN`: the same run once more.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::json;

use super::{CliError, note, on_interrupt, say};
use crate::data::Dataset;
use crate::project::{Project, run_folder, run_log};
use crate::runs::info::fingerprint;
use crate::runs::repeat::Recording;
use crate::runs::{RunInfo, history};
use crate::train::{Event, Outcome, Reports, Run, Start};

/// Trains a run again, with the changes that were made while it trained, and tells the first number that is another.
pub fn repeat(
    folder: &Path,
    project: &Project,
    data: Arc<Dataset>,
    threads: usize,
    json: bool,
) -> Result<(), CliError> {
    let recording = Recording::read(folder)?;
    let info = RunInfo::read(folder)?;
    let mut job = project.job(data, threads)?;
    if info.as_ref().is_some_and(|info| info.data != fingerprint(&job.dataset)) {
        note("warning: the data are not those that the run began with");
    }
    let lines = history::read(folder)?;
    let kept = Some(folder.join(run_folder::START)).filter(|path| path.is_file());
    let named = || lines.iter().find_map(|line| line["weights"].as_str()).map(PathBuf::from);
    if let Some(path) = kept.or_else(named) {
        job.weights = Some(run_folder::open_weights(&path, &job.network)?);
    }
    job.changes.clone_from(&recording.changes);
    let of = recording.epochs();
    note(format_args!("repeating {of} epochs and {} changes of {}", recording.changes.len(), folder.display()));
    let (head, interrupted) = (job.head(), on_interrupt());
    let reports = Reports { skips_test: true, ..Reports::default() };
    let mut run = Run::start(Arc::new(job), Start::Running, reports, || {})
        .map_err(|error| CliError::Failed(format!("the training thread could not be started: {error}")))?;
    let mut repeated = 0;
    loop {
        if interrupted.load(Ordering::Relaxed) || repeated == of {
            run.stop();
        }
        match run.event() {
            Event::Epoch(stat) if repeated < of => {
                if let Some(deviation) = recording.deviation(&run_log::epoch_line(&stat, head)) {
                    let processor =
                        info.map_or_else(String::new, |info| format!(" (the run was on {})", info.processor));
                    let is_resumed = lines.iter().any(|line| line["event"] == "resumed");
                    let resumed = if is_resumed {
                        "; it was resumed, and had another schedule before if it got more epochs then"
                    } else {
                        ""
                    };
                    return Err(CliError::Failed(format!("{deviation}{processor}{resumed}")));
                }
                repeated += 1;
            }
            Event::Done(Outcome::Diverged(what)) if repeated < of => return Err(CliError::Diverged(what.to_string())),
            Event::Done(Outcome::Failed(what)) => return Err(CliError::Failed(what)),
            Event::Done(_) => break,
            _ => {}
        }
    }
    if repeated < of {
        return Err(CliError::Failed(format!("only {repeated} of {of} epochs were repeated, all of them the same")));
    }
    match json {
        true => say(json!({ "event": "repeated", "epochs": of, "is_same": true })),
        false => say(format_args!("all {of} epochs are the same to the last bit")),
    }
}
