//! What a run needs to go on from a moment as if it had never been interrupted. What is random in a run follows from its seed and
//! the numbers of its steps and epochs, so no random state is part of it.

use super::learner::LearnerState;
use super::metrics::StepSum;
use super::protocol::LiveChange;
use backprop_nn::{OptimizerSpec, Weights};

/// A moment of a run, between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Steps taken.
    pub step: u64,
    /// Epochs that have ended and were judged.
    pub epochs: u32,
    /// The weights and what the optimizers remember.
    pub learner: LearnerState,
    /// The learning rate, before the schedule scales it; it may have been changed during the run.
    pub learning_rate: f32,
    /// The optimizer, which may have been changed too.
    pub optimizer: OptimizerSpec,
    /// The validation loss of every epoch, from which early stopping and a schedule that waits for a plateau follow; without them that of
    /// the last epoch.
    pub judged: Vec<f32>,
    /// With early stopping, the best weights so far.
    pub best: Option<Weights>,
    /// The sum over the steps of the epoch that is not over.
    pub partial: Option<StepSum>,
}

impl Checkpoint {
    /// The weights as they are shown: their moving average, where there is one.
    pub fn shown(&self) -> &Weights {
        let average = self.learner.updaters.first().and_then(|updater| updater.average.as_ref());
        average.unwrap_or(&self.learner.weights)
    }

    /// The settings that may change during a run, as they were.
    pub fn live(&self) -> LiveChange {
        LiveChange { learning_rate: self.learning_rate, optimizer: self.optimizer.clone() }
    }

    /// The epoch that is not over, counted from 1.
    pub fn epoch(&self) -> u64 {
        u64::from(self.epochs) + 1
    }

    /// Bytes of memory that it takes.
    pub fn bytes(&self) -> usize {
        let of_updaters = self.learner.updaters.iter().map(|updater| {
            size_of_val(&*updater.slots) + updater.average.as_ref().map_or(0, |average| size_of_val(average.values()))
        });
        let best = self.best.as_ref().map_or(0, |best| size_of_val(best.values()));
        let states = size_of_val(&*self.learner.states);
        states + size_of_val(self.learner.weights.values()) + best + of_updaters.sum::<usize>()
    }
}
