//! How a run stands and how far it is.

use crate::train::Outcome;

/// What the run is doing.
#[derive(Clone, Debug)]
pub enum Status {
    /// There is no run.
    Idle,
    /// The run is training.
    Running,
    /// The run is paused and can be resumed.
    Paused,
    /// Stop was pressed, and the batch that is being worked on is not done.
    Stopping,
    /// The run has ended.
    Ended(Outcome),
}

impl Status {
    /// Whether there is a run that has ended.
    pub fn is_ended(&self) -> bool {
        matches!(self, Self::Ended(_))
    }
}

/// How far the run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Optimizer steps taken so far.
    pub step: u64,
    /// Optimizer steps of the whole run.
    pub steps: u64,
    /// The current epoch, counted from 1; 0 before the first step.
    pub epoch: u32,
    /// Epochs that have ended.
    pub epochs_done: u32,
    /// Epochs of the whole run.
    pub epochs: u32,
}

impl Progress {
    /// 0 to 1.
    pub fn share(&self) -> f32 {
        if self.steps == 0 { 0.0 } else { (self.step as f64 / self.steps as f64).min(1.0) as f32 }
    }
}
