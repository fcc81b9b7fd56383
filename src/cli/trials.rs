//! Trainings that are evaluated on their validation samples: of a cross-validation, of several seeds, of a comparison.

use std::path::Path;
use std::sync::Arc;

use super::terminal::{figure_text, named};
use super::{CliError, note, on_interrupt};
use crate::data::Dataset;
use crate::project::Project;
use crate::project::run_folder::RUNS;
use crate::runs::store;
use crate::runs::trial::{Control, Trial, TrialError, TrialResult, TrialRunner};
use crate::train::metrics::Figure;

impl From<TrialError> for CliError {
    fn from(error: TrialError) -> Self {
        match error {
            TrialError::Diverged { .. } => Self::Diverged(error.to_string()),
            error => Self::Failed(error.to_string()),
        }
    }
}

/// Trains all trials and tells of each; what cannot be told ends them.
pub fn train_all(
    runner: &TrialRunner,
    trials: Vec<Trial>,
    json: bool,
    mut tell: impl FnMut(&TrialResult, usize) -> Result<(), CliError>,
) -> Result<Vec<TrialResult>, CliError> {
    let control = &Control::new(on_interrupt());
    let (mut found, mut said) = (Vec::new(), Ok(()));
    let done = runner.train_all(trials, control, |result| {
        if said.is_ok() {
            said = tell(&result, found.len() + 1);
        }
        if said.is_err() {
            control.stop();
        }
        found.push(result);
    });
    said?;
    done?;
    if let (Some(folder), false) = (&runner.folder, json) {
        note(format_args!("the runs are in {}", folder.display()));
    }
    Ok(found)
}

/// Where and how the trials of a project are trained; they are kept in a new folder, `runs/wine-folds-1`.
pub fn runner(project: &Project, dataset: &Arc<Dataset>, threads: usize, what: &str) -> Result<TrialRunner, CliError> {
    dataset.notes.iter().for_each(note);
    let folder = store::new_group(Path::new(RUNS), &format!("{}-{what}", project.name))?;
    Ok(TrialRunner::new(project, Arc::clone(dataset), Some(folder), threads))
}

/// "accuracy 97.2 %, loss 0.12"
pub fn headline(result: &TrialResult) -> String {
    let figures = result.figures.iter().filter(|figure| result.headline.contains(&figure.metric));
    let text = |figure: &Figure| Some(format!("{} {}", named(figure.metric), figure_text(*figure)?));
    figures.filter_map(text).collect::<Vec<_>>().join(", ")
}
