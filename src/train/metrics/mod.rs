//! How well a network answers. Definitions are scikit-learn's; what a definition leaves open is absent, not zero.

mod classes;
mod numbers;
mod ranking;
mod reconstructions;

use crate::data::{Order, Samples, TargetData};
use backprop_nn::loss::LossSum;

use super::Job;

pub use classes::{ClassAnswers, ClassScore, Prediction};
pub use numbers::NumberAnswers;
pub use ranking::{PrecisionRecall, RocPoint, average_precision, precision_recall_curve, roc_auc, roc_curve};
pub use reconstructions::{ReconstructionAnswers, distance};

/// The answer to every sample of one part of a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean over the samples, weighted as their classes are; of standardised numbers, where the targets are numbers.
    pub loss: f32,
    pub answers: Answered,
}

/// The answers, by what was asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Answered {
    Classes(ClassAnswers),
    Numbers(NumberAnswers),
    Reconstructions(ReconstructionAnswers),
}

/// A figure by its name in files, and nothing where its definition gives none for these samples.
pub type Figure = (&'static str, Option<f64>);

impl Evaluation {
    /// How many samples were answered.
    pub fn len(&self) -> usize {
        match &self.answers {
            Answered::Classes(answers) => answers.predictions.len(),
            Answered::Numbers(answers) => answers.samples.len(),
            Answered::Reconstructions(answers) => answers.samples.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The answers, where they are classes.
    pub fn classes(&self) -> Option<&ClassAnswers> {
        match &self.answers {
            Answered::Classes(answers) => Some(answers),
            Answered::Numbers(_) | Answered::Reconstructions(_) => None,
        }
    }

    /// Share read right, 0 to 1, where there are classes.
    pub fn accuracy(&self) -> Option<f32> {
        self.classes().map(ClassAnswers::accuracy)
    }

    /// The one or two figures that sum it up while a run goes on.
    pub fn headline(&self) -> Vec<Figure> {
        match &self.answers {
            Answered::Classes(answers) => vec![("accuracy", Some(f64::from(answers.accuracy())))],
            Answered::Numbers(answers) => vec![("rmse", answers.rmse()), ("r2", answers.r2())],
            Answered::Reconstructions(answers) => vec![("rmse", answers.rmse()), ("r2", answers.r2())],
        }
    }

    /// Every figure of the task.
    pub fn figures(&self) -> Vec<Figure> {
        match &self.answers {
            Answered::Classes(answers) => answers.figures(),
            Answered::Numbers(answers) => answers.figures(),
            Answered::Reconstructions(answers) => answers.figures(),
        }
    }
}

/// Gathers an [`Evaluation`] batch by batch.
pub struct Tally<'a> {
    job: &'a Job,
    samples: &'a Samples,
    sum: LossSum,
    targets: TargetData,
    answers: Answered,
}

impl<'a> Tally<'a> {
    /// For the answers to `count` of these samples, of which at most `batch` are added at once.
    pub fn new(job: &'a Job, samples: &'a Samples, count: usize, batch: usize) -> Self {
        let width = job.network.output().len();
        let answers = match samples.targets {
            TargetData::Classes(_) => Answered::Classes(ClassAnswers::new(width, count)),
            TargetData::Numbers { .. } => Answered::Numbers(NumberAnswers::new(width, count)),
            TargetData::Itself { .. } => Answered::Reconstructions(ReconstructionAnswers::new(count)),
        };
        Self { job, samples, sum: LossSum::default(), targets: samples.targets.buffer(batch), answers }
    }

    /// Counts the outputs for the samples at some positions, `[samples, outputs]`; works in `outputs`.
    pub fn add(&mut self, at: &[u32], outputs: &mut [f32]) {
        let Self { job, samples, sum, targets, answers } = self;
        samples.gather_targets(&job.scaling, at, targets);
        *sum = sum.plus(job.loss.value(outputs, targets.first(at.len())));
        match (answers, &samples.targets) {
            (Answered::Classes(answers), TargetData::Classes(classes)) => {
                answers.add(&job.loss, at, classes, outputs);
            }
            (Answered::Numbers(answers), TargetData::Numbers { values, .. }) => {
                job.scaling.targets.restore(outputs);
                answers.add(at, values, outputs);
                if let Order::Time(timeline) = &job.dataset.order {
                    let columns = job.shape().channels();
                    let naive = |at: &u32| timeline.naive(samples.numbers_of(*at as usize), columns);
                    answers.naive.extend(at.iter().flat_map(naive));
                }
            }
            (Answered::Reconstructions(answers), _) => {
                if let TargetData::Numbers { width, values } = targets {
                    job.loss.predictions(outputs);
                    answers.add(at, *width, values, outputs);
                }
            }
            _ => {}
        }
    }

    pub fn finish(self) -> Evaluation {
        Evaluation { loss: self.sum.mean_loss() as f32, answers: self.answers }
    }
}
