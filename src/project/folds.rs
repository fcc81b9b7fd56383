//! Cross-validation: a project is trained once for every fold of the training samples, on all but that fold, and judged
//! by it. What it finds is how good the settings are, and how much of that is luck.

use std::sync::Arc;

use super::{Project, ProjectError};
use crate::data::{Dataset, Samples};
use crate::train::metrics::Figure;
use crate::train::{Evaluation, Event, Job, Metric, Outcome, Reports, Run, Start, Subset};

/// A fold that has been judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Fold {
    /// How many samples were trained on.
    pub train: usize,
    /// How many were held back.
    pub validation: usize,
    /// The loss, and every figure of the task.
    pub figures: Vec<Figure>,
    /// The one or two of them that sum it up.
    pub headline: &'static [&'static Metric],
}

/// Mean and standard deviation of a figure over the folds, whose number divides the squares; absent where the figure was
/// absent in one of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub metric: &'static Metric,
    pub mean: Option<f64>,
    pub deviation: Option<f64>,
}

/// What a cross-validation tells while it goes on.
pub enum FoldNews {
    /// The share of all trainings that is done, 0 to 1.
    Progress(f32),
    Fold(Fold),
}

/// Why a cross-validation did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum FoldsError {
    #[error("there are {samples} training samples, too few for {folds} folds; ask for fewer")]
    TooFew { samples: usize, folds: usize },
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error("the training thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    #[error("{0}")]
    Diverged(String),
    #[error("{0}")]
    Failed(String),
    /// Whoever was told said no.
    #[error("interrupted; nothing is saved of a cross-validation")]
    Interrupted,
}

impl Project {
    /// Trains for every fold in turn. `tell` hears of each as it is done, and often in between; it ends when `tell` says
    /// no. The test samples are left alone, and no weights are kept.
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

/// Trains to the end and reads the fold that was held back with the weights that are left. `go_on` hears of every event how
/// much is done.
fn train_fold(job: &Arc<Job>, mut go_on: impl FnMut(f32) -> bool) -> Result<Evaluation, FoldsError> {
    let steps = (job.steps_per_epoch() * job.training.epochs).max(1);
    let run = Run::start(Arc::clone(job), Start::Running, Reports { snapshots: false }, || {})?;
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

/// Mean and spread of every figure.
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
