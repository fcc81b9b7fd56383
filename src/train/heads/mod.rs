//! What kind of task a network has: which losses and metrics go with it, what its outputs say, and how its results are
//! shown. THE LIST of heads is `HEADS`; each is a file, and everybody who has to know asks the [`Head`].

mod adversarial;
mod classification;
mod forecasting;
mod reconstruction;
mod regression;

use std::fmt;

use super::metrics::{LOSS, Metric, Predictions};
use crate::data::{Inputs, Order, Scaling, Task};
use backprop_nn::LossSpec;

/// THE LIST of heads, the first that takes a task is its head.
static HEADS: &[&dyn Head] = &[
    &adversarial::Adversarial {},
    &classification::Classification {},
    &forecasting::Forecasting {},
    &regression::Regression {},
    &reconstruction::Reconstruction {},
];

/// What is known of a task before a network is trained for it.
#[derive(Clone, Copy, Debug)]
pub struct Goal<'a> {
    /// The targets.
    pub task: &'a Task,
    /// Whether the samples follow one another in time.
    pub is_series: bool,
    /// Whether the network is to make such samples, and learns from a discriminator.
    pub is_generator: bool,
}

impl<'a> Goal<'a> {
    /// With data of this order.
    pub fn new(task: &'a Task, order: &Order, is_generator: bool) -> Self {
        Self { task, is_series: matches!(order, Order::Time(_)), is_generator }
    }

    /// The head that takes it.
    pub fn head(&self) -> &'static dyn Head {
        let found = HEADS.iter().copied().find(|head| head.takes(self));
        debug_assert!(found.is_some(), "no head for {self:?}");
        found.unwrap_or(HEADS[0])
    }
}

/// A kind of task.
pub trait Head: Sync {
    /// The field's word for it, "classification".
    fn name(&self) -> &'static str;

    /// Whether such a task is its own.
    fn takes(&self, goal: &Goal<'_>) -> bool;

    /// How results are shown.
    fn results(&self) -> Results;

    /// Whether it predicts something for samples with known targets, so that it can be evaluated.
    fn is_evaluated(&self) -> bool {
        true
    }

    /// Why a loss cannot be minimized here, as the end of a sentence, "is for classes".
    fn refuses(&self, loss: &LossSpec, inputs: &Inputs) -> Option<&'static str>;

    /// The metrics that sum up a run while it goes on; the first is the one that it is known by.
    fn headline(&self) -> &'static [&'static Metric];

    /// The curves that are shown side by side.
    fn plots(&self) -> [Plot; 2];

    /// Room for the predictions for so many samples.
    fn predictions(&self, outputs: usize, samples: usize) -> Predictions;

    /// Turns the outputs for any number of samples, so many for each, into what they say: the probability of every class,
    /// target numbers in their own unit, or the numbers of the sample in theirs, pixels from 0 to 1.
    fn interpret(&self, outputs: &mut [f32], width: usize, loss: &LossSpec, scaling: &Scaling);
}

/// How results are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Results {
    /// A confusion matrix.
    Classes,
    /// Predicted over true values.
    Numbers,
    /// Predicted and true values over time.
    Forecast,
    /// Samples beside what became of them.
    Reconstructions,
    /// Samples that were made.
    Samples,
}

/// Some curves in one plot.
#[derive(Clone, Copy, Debug)]
pub struct Plot {
    /// Above it.
    pub title: &'static str,
    /// What is drawn.
    pub lines: &'static [Line],
}

/// A curve of a plot.
#[derive(Clone, Copy, Debug)]
pub enum Line {
    /// A metric on the batches of the training set.
    Training(&'static Metric),
    /// A metric on the validation set.
    Validation(&'static Metric),
    /// A metric that has another part of the network beside it: its name, and whether it is the second of the two.
    Network(&'static Metric, &'static str, bool),
}

impl fmt::Debug for dyn Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The loss on training and validation set.
const LOSS_PLOT: Plot = Plot { title: "Loss", lines: &[Line::Training(&LOSS), Line::Validation(&LOSS)] };

/// Why a loss cannot compare numbers, which lie between 0 and 1 or do not.
fn refuses_numbers(loss: &LossSpec, are_shares: bool) -> Option<&'static str> {
    match loss.takes_numbers() {
        false => Some("is for classes"),
        true if loss.takes_only_shares() && !are_shares => Some("is for classes or pixels"),
        true => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_has_its_head() {
        let classes = Task::Classification { classes: vec!["a".to_owned(), "b".to_owned()] };
        let numbers = Task::Regression { targets: vec!["y".to_owned()] };
        let itself = Task::Reconstruction { width: 4 };
        for (task, is_series, is_generator, expected) in [
            (&classes, false, false, "classification"),
            (&classes, true, false, "classification"),
            (&numbers, false, false, "regression"),
            (&numbers, true, false, "forecasting"),
            (&itself, true, false, "reconstruction"),
            (&classes, false, true, "adversarial training"),
            (&itself, false, true, "adversarial training"),
        ] {
            assert_eq!(Goal { task, is_series, is_generator }.head().name(), expected);
        }
    }
}
