//! What a run needs to go on from a moment as if it had never been interrupted. What is random in a run follows from its seed and
//! the numbers of its steps and epochs, so no random state is part of it.

use super::learner::LearnerState;
use super::metrics::StepSum;
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
    /// The validation loss of every epoch, from which early stopping and a schedule that waits for a plateau follow.
    pub judged: Vec<f32>,
    /// With early stopping, the best weights so far.
    pub best: Option<Weights>,
    /// The sum over the steps of the epoch that is not over.
    pub partial: Option<StepSum>,
}
