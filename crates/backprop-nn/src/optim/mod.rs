//! THE LIST of optimizers; [`Updater`] applies one to all weights.
//!
//! An optimizer sees slices and the step's numbers; the updater owns the step counter, the memory and the division of the
//! work among threads.

mod adagrad;
mod adam;
mod lion;
mod nadam;
pub mod pruning;
mod regularization;
mod rmsprop;
mod sgd;
mod updater;

use std::ops::RangeInclusive;

use crate::field::Settings;
use crate::registry;

pub use adagrad::{Adadelta, Adagrad};
pub use adam::{Adam, Adamw, Amsgrad};
pub use lion::Lion;
pub use nadam::Nadam;
pub use regularization::Regularization;
pub use rmsprop::Rmsprop;
pub use sgd::{Momentum, Nesterov, Sgd};
pub use updater::{StepNorms, Updater, UpdaterState};

/// How a gradient `g` moves a weight `w` at the learning rate `η`.
pub trait Optimizer: Settings + Send + Sync {
    /// What it remembers of each weight, as its formula calls it.
    fn memory(&self) -> &'static [&'static str];

    /// Numbers remembered per weight.
    fn slots(&self) -> usize {
        self.memory().len()
    }

    /// The learning rates at which most networks learn with it.
    fn usual_rates(&self) -> RangeInclusive<f32> {
        1e-4..=1e-2
    }

    /// Moves `weights`. `state` holds the slots one after the other, each as long as `weights`, all zero at first.
    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], state: &mut [f32]);
}

/// The numbers of one optimizer step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Counted from 1.
    pub number: u64,
    /// η
    pub learning_rate: f32,
}

registry! {
    /// Any optimizer, as declared in a project.
    pub enum OptimizerSpec: Optimizer, once tagged "rule" {
        Sgd = "sgd",
        Momentum = "momentum",
        Nesterov = "nesterov",
        Adagrad = "adagrad",
        Rmsprop = "rmsprop",
        Adadelta = "adadelta",
        Adam = "adam",
        Amsgrad = "amsgrad",
        Adamw = "adamw",
        Nadam = "nadam",
        Lion = "lion",
    }
}

impl Default for OptimizerSpec {
    fn default() -> Self {
        Self::Adam(Adam::default())
    }
}

/// -1, 0 or 1. What is not a number stays so, that a run which diverges is noticed.
#[inline(always)]
pub(super) fn sign(x: f32) -> f32 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        x
    }
}
