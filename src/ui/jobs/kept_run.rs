//! A run of another sitting, read as it was left: its results are evaluated anew on the data that there are.

use std::path::Path;
use std::sync::Arc;

use serde::Deserialize as _;

use crate::data::Dataset;
use crate::project::{ProjectError, RunFolder};
use crate::runs::info::fingerprint;
use crate::runs::recorder::checkpoints;
use crate::runs::{RunInfo, RunState, history};
use crate::train::{Divergence, Outcome, Snapshot, Subset, default_threads};
use crate::ui::state::revisit::KeptRun;

/// What was read, and whether the data are others than those that the run began with.
pub struct ReadRun {
    /// The run.
    pub run: KeptRun,
    /// Whether the data are others.
    pub has_other_data: bool,
}

/// Reads what the folder of an opened run has besides its weights. Fails if its network does not fit the data any more.
pub fn read(folder: &Path, opened: &RunFolder, dataset: Arc<Dataset>) -> Result<ReadRun, ProjectError> {
    let job = opened.project.job(dataset, default_threads())?;
    if job.network.weights_len() != opened.weights.values().len() {
        return Err(ProjectError::file(
            folder,
            "was trained on data of another form, so its results cannot be shown on these",
        ));
    }
    let (lines, info) = (history::read(folder)?, RunInfo::read(folder)?);
    let checkpoints: Vec<_> = checkpoints(folder, &job).into_iter().map(Arc::new).collect();
    let last = |event: &str| lines.iter().rev().find(|line| line["event"] == event);
    let of_epochs = last("best").or(last("epoch")).and_then(|line| line["epoch"].as_u64()).unwrap_or_default();
    let step = match last("best") {
        None => checkpoints.last().map(|checkpoint| checkpoint.step),
        Some(_) => None,
    };
    let step = step.unwrap_or(of_epochs * job.steps_per_epoch() as u64);
    let snapshot = Arc::new(Snapshot { step, weights: opened.weights.clone() });
    let evaluate = |part, is_there: bool| {
        (is_there && job.head().is_evaluated()).then(|| Arc::new(job.evaluate(&snapshot.weights, part)))
    };
    let validation = evaluate(Subset::Validation, !job.split.validation.is_empty());
    let done = last("done");
    let has_test = done.is_some_and(|line| !line["test_loss"].is_null()) && !job.dataset.test.is_empty();
    let state = info.as_ref().map(|info| info.state);
    let outcome = match (state, done.and_then(|line| line["outcome"].as_str())) {
        (Some(RunState::Finished), _) | (None, Some("finished")) => Outcome::Finished(evaluate(Subset::Test, has_test)),
        (Some(RunState::Diverged), _) | (None, Some("diverged")) => {
            // Older programs did not tell the place.
            let told = done.and_then(|line| Divergence::deserialize(&line["divergence"]).ok());
            Outcome::Diverged(told.unwrap_or(Divergence { step, place: None }))
        }
        (Some(RunState::Failed), _) | (None, Some("failed")) => {
            let why = done.and_then(|line| line["why"].as_str());
            Outcome::Failed(why.unwrap_or("This run failed.").to_owned())
        }
        _ => Outcome::Stopped,
    };
    let has_other_data = info.as_ref().is_some_and(|info| info.data != fingerprint(&job.dataset));
    let seconds = info.map_or(0.0, |info| info.seconds);
    let (job, project) = (Arc::new(job), opened.project.clone());
    let run = KeptRun { job, project, lines, snapshot, validation, outcome, checkpoints, seconds };
    Ok(ReadRun { run, has_other_data })
}
