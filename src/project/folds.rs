//! Cross-validation: a project is trained once for every fold of the training samples, on all other folds, and
//! evaluated on that fold. The mean shows how good the settings are, the standard deviation how much of that is chance.

use std::sync::Arc;

use super::{Project, ProjectError};
use crate::data::{Dataset, Samples};
use crate::train::metrics::Figure;
use crate::train::{Evaluation, Event, Job, Metric, Outcome, Reports, Run, Start, Subset};

/// The result of one fold.
#[derive(Clone, Debug, PartialEq)]
pub struct Fold {
    /// Number of training samples.
    pub train: usize,
    /// Number of validation samples.
    pub validation: usize,
    /// The loss, and every figure of the task.
    pub figures: Vec<Figure>,
    /// The one or two most important metrics of the task.
    pub headline: &'static [&'static Metric],
}

/// Mean and population standard deviation of a figure over the folds; absent where the figure was absent in one of
/// them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The metric of the figure.
    pub metric: &'static Metric,
    /// Mean over the folds.
    pub mean: Option<f64>,
    /// Population standard deviation over the folds.
    pub deviation: Option<f64>,
}

/// Progress of a cross-validation.
pub enum FoldNews {
    /// The completed share of all trainings, 0 to 1.
    Progress(f32),
    /// A fold is trained and evaluated.
    Fold(Fold),
}

/// Why a cross-validation did not finish.
#[derive(Debug, thiserror::Error)]
pub enum FoldsError {
    /// There are fewer training samples than the folds need.
    #[error("there are {samples} training samples, too few for {folds} folds; ask for fewer")]
    TooFew {
        /// Number of training samples.
        samples: usize,
        /// Number of folds.
        folds: usize,
    },
    /// The project does not fit the data.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The operating system did not start the training thread.
    #[error("the training thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// The loss of a fold stopped being a number.
    #[error("{0}")]
    Diverged(String),
    /// The training of a fold failed.
    #[error("{0}")]
    Failed(String),
    /// The callback returned `false`.
    #[error("interrupted; nothing is saved of a cross-validation")]
    Interrupted,
}

impl Project {
    /// Trains for every fold in turn. Calls `tell` after each fold and often in between, and stops when it returns
    /// `false`. The test samples are not used, and no weights are saved.
    pub fn cross_validate(
        &self,
        dataset: &Dataset,
        folds: usize,
        threads: usize,
        mut tell: impl FnMut(FoldNews) -> bool,
    ) -> Result<(), FoldsError> {
        let dataset = Arc::new(Dataset { test: Samples::default(), ..dataset.clone() });
        let splits = dataset.folds(folds, self.training.seed);
        if splits.is_empty() || splits.len() < folds {
            return Err(FoldsError::TooFew { samples: dataset.train.len(), folds });
        }
        for (before, split) in splits.into_iter().enumerate() {
            let (train, validation) = (split.train.len(), split.validation.len());
            let job = Arc::new(self.job_on(Arc::clone(&dataset), split, threads)?);
            let progress = |share: f32| FoldNews::Progress((before as f32 + share) / folds as f32);
            let evaluation = train_fold(&job, |share| tell(progress(share)))?;
            let headline = job.head().headline();
            let fold = Fold { train, validation, figures: evaluation.figures(), headline };
            if !tell(FoldNews::Fold(fold)) {
                return Err(FoldsError::Interrupted);
            }
        }
        Ok(())
    }
}

/// Trains to the end and evaluates the validation fold with the final weights. `go_on` hears of every event how
/// much is done.
fn train_fold(job: &Arc<Job>, mut go_on: impl FnMut(f32) -> bool) -> Result<Evaluation, FoldsError> {
    let steps = (job.steps_per_epoch() * job.training.epochs).max(1);
    let run = Run::start(Arc::clone(job), Start::Running, Reports { snapshots: false, ..Reports::default() }, || {})?;
    let (mut weights, mut done) = (None, 0.0);
    loop {
        if !go_on(done) {
            return Err(FoldsError::Interrupted);
        }
        match run.event() {
            Event::Steps(stats) => done = stats.last().map_or(done, |last| last.step as f32 / steps as f32),
            Event::Weights(snapshot) => weights = Some(snapshot),
            Event::Done(Outcome::Diverged(divergence)) => return Err(FoldsError::Diverged(divergence.to_string())),
            Event::Done(Outcome::Failed(message)) => return Err(FoldsError::Failed(message)),
            Event::Done(Outcome::Finished(_) | Outcome::Stopped) => break,
            _ => {}
        }
    }
    let weights = weights.ok_or_else(|| FoldsError::Failed("the run has left no weights".to_owned()))?;
    Ok(job.evaluate(&weights.weights, Subset::Validation))
}

/// Mean and standard deviation of every figure over the folds.
pub fn spreads(folds: &[Fold]) -> Vec<Spread> {
    let names = folds.first().into_iter().flat_map(|fold| &fold.figures);
    let of = |(at, figure): (usize, &Figure)| {
        let value = |fold: &Fold| fold.figures.get(at).and_then(|figure| figure.value);
        let values: Option<Vec<f64>> = folds.iter().map(value).collect();
        let mean_of = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let mean = values.as_deref().map(mean_of);
        let deviation = values.zip(mean).map(|(values, mean)| {
            mean_of(&values.iter().map(|value| (value - mean).powi(2)).collect::<Vec<_>>()).sqrt()
        });
        Spread { metric: figure.metric, mean, deviation }
    };
    names.enumerate().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::metrics::{ACCURACY, R2};

    #[test]
    fn mean_and_spread_are_those_of_the_folds_and_absent_where_one_is() {
        let fold = |accuracy, area| Fold {
            train: 8,
            validation: 2,
            figures: vec![Figure { metric: &ACCURACY, value: Some(accuracy) }, Figure { metric: &R2, value: area }],
            headline: &[],
        };
        let found = spreads(&[fold(0.5, Some(1.0)), fold(1.0, None)]);
        assert_eq!(found[0], Spread { metric: &ACCURACY, mean: Some(0.75), deviation: Some(0.25) });
        assert_eq!(found[1], Spread { metric: &R2, mean: None, deviation: None });
        assert!(spreads(&[]).is_empty());
    }
}
