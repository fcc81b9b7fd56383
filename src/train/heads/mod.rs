//! The kinds of task: which losses and metrics go with each, what its outputs mean, and how its results are shown. THE
//! LIST of heads is `HEADS`; each is a file. Code that depends on the task asks the [`Head`].

mod adversarial;
mod classification;
mod forecasting;
mod language;
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
    &language::LanguageModeling { answers: false },
    &language::LanguageModeling { answers: true },
    &forecasting::Forecasting {},
    &regression::Regression {},
    &reconstruction::Reconstruction {},
];

/// What is known of a task before a network is trained for it.
#[derive(Clone, Copy, Debug)]
pub struct Goal<'a> {
    /// The task of the data.
    pub task: &'a Task,
    /// Whether the samples follow one another in time.
    pub is_series: bool,
    /// Whether the network generates samples and learns from a discriminator.
    pub is_generator: bool,
}

impl<'a> Goal<'a> {
    /// The goal for data with this order.
    pub fn new(task: &'a Task, order: &Order, is_generator: bool) -> Self {
        Self { task, is_series: matches!(order, Order::Time(_)), is_generator }
    }

    /// The first head that takes this goal.
    pub fn head(&self) -> &'static dyn Head {
        let found = HEADS.iter().copied().find(|head| head.takes(self));
        debug_assert!(found.is_some(), "no head for {self:?}");
        found.unwrap_or(HEADS[0])
    }
}

/// A kind of task.
pub trait Head: Sync {
    /// Name of the task, such as "classification".
    fn name(&self) -> &'static str;

    /// Whether it handles this goal.
    fn takes(&self, goal: &Goal<'_>) -> bool;

    /// How results are shown.
    fn results(&self) -> Results;

    /// Whether it predicts something for samples with known targets, so that it can be evaluated.
    fn is_evaluated(&self) -> bool {
        true
    }

    /// Why a loss cannot be minimized here, as the end of a sentence, "is for classes".
    fn refuses(&self, loss: &LossSpec, inputs: &Inputs) -> Option<&'static str>;

    /// The metrics that summarize a run while it goes on, the most important first.
    fn headline(&self) -> &'static [&'static Metric];

    /// The curves that are shown side by side.
    fn plots(&self) -> [Plot; 2];

    /// Empty predictions with capacity for this many samples.
    fn predictions(&self, outputs: usize, samples: usize) -> Predictions;

    /// Turns outputs, `[samples, width]` or at each step `[samples, steps, width]`, into predictions: the probability of every class, target numbers in their own
    /// unit, or the numbers of the sample in theirs, with pixels from 0 to 1.
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
    /// Samples beside their reconstructions.
    Reconstructions,
    /// Generated samples.
    Samples,
    /// Texts that the network writes.
    Text,
}

/// A plot of several curves.
#[derive(Clone, Copy, Debug)]
pub struct Plot {
    /// The title above it.
    pub title: &'static str,
    /// The curves.
    pub lines: &'static [Line],
}

/// A curve of a plot.
#[derive(Clone, Copy, Debug)]
pub enum Line {
    /// A metric on the batches of the training set.
    Training(&'static Metric),
    /// A metric on the validation set.
    Validation(&'static Metric),
    /// A metric of one of two networks: the name of the network, and whether it is the second.
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
        let numbers = Task::numbers(vec!["y".to_owned()]);
        let itself = Task::Reconstruction { width: 4 };
        for (task, is_series, is_generator, expected) in [
            (&classes, false, false, "classification"),
            (&classes, true, false, "classification"),
            (&numbers, false, false, "regression"),
            (&numbers, true, false, "forecasting"),
            (&itself, true, false, "reconstruction"),
            (&Task::NextToken { steps: 4, tokens: 9, answers: false }, false, false, "language modeling"),
            (&Task::NextToken { steps: 4, tokens: 9, answers: true }, false, false, "question answering"),
            (&classes, false, true, "adversarial training"),
            (&itself, false, true, "adversarial training"),
        ] {
            assert_eq!(Goal { task, is_series, is_generator }.head().name(), expected);
        }
    }
}
