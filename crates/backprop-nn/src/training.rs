//! How a network is trained: what a person sets beside the layers and the data.

use rand::seq::SliceRandom as _;
use serde::{Deserialize, Serialize};

use crate::field::Settings;
use crate::init::{mix, stream};
use crate::loss::LossSpec;
use crate::optim::{OptimizerSpec, Regularization, pruning};
use crate::patience::EarlyStopping;
use crate::schedule::ScheduleSpec;

/// Loss, optimizer, learning rate and length of a training.
///
/// ```
/// use backprop_nn::Training;
///
/// let training = Training { epochs: 20, learning_rate: 0.01, ..Training::default() };
/// assert_eq!(training.lr_factor(0.5), 1.0);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
pub struct Training {
    /// What training minimizes. Cross-entropy suits classes, squared error numbers.
    #[field(default = LossSpec::default())]
    pub loss: LossSpec,
    /// How a gradient becomes a step. It may be changed during training.
    #[field(default = OptimizerSpec::default())]
    pub optimizer: OptimizerSpec,
    /// Step size of the optimizer. Too large, and the loss jumps or becomes NaN; too small, and nothing changes.
    #[field(default = 0.001, range = 1e-6..=10.0, logarithmic)]
    pub learning_rate: f32,
    /// Number of samples per step. 1 is noisy and slow; all of them is full-batch gradient descent and needs many epochs.
    #[field(label = "Batch size", default = 128, range = 1..=u32::MAX as usize, slider = 1..=4096)]
    pub batch: usize,
    /// Number of passes over the training set. Too many overfit: the validation loss rises again.
    #[field(default = 5, range = 1..=u32::MAX as usize, slider = 1..=1000)]
    pub epochs: usize,
    /// Draws a new order of the samples for every epoch. In the order of the data, batches may be too uniform.
    #[field(default = true)]
    pub shuffle: bool,
    /// Share of the run in which the learning rate grows linearly to its full size. Helps where the first steps jump; too
    /// long wastes epochs.
    #[field(label = "Warm-up", default = 0.0, range = 0.0..=0.5)]
    pub warmup: f32,
    /// How the learning rate changes over the run, after the warm-up.
    #[field(default = ScheduleSpec::default())]
    pub schedule: ScheduleSpec,
    /// Decides the initial weights, the split, the order of the samples and everything else that is random: the same seed
    /// gives the same curve.
    #[field(default = 42, range = 0..=usize::MAX)]
    pub seed: u64,
    /// Penalties, limits and averages of weights and gradients.
    pub regularization: Regularization,
    /// When to stop before the last epoch.
    pub early_stopping: EarlyStopping,
}

/// Purpose of random numbers.
const SHUFFLE: u64 = 0x5_0FF1E;

/// Puts `order` into the order of an epoch. Every epoch has its own, and all follow from the seed.
pub fn shuffle(order: &mut [u32], seed: u64, epoch: u64) {
    order.sort_unstable();
    order.shuffle(&mut stream(mix(seed, epoch), SHUFFLE));
}

/// The share of the learning rate that a warm-up begins with: at zero, the first step would be wasted.
const WARMUP_START: f32 = 0.01;

impl Training {
    /// The share of each kernel's weights that are pruned at `progress`, 0 to 1.
    pub fn pruned_at(&self, progress: f32) -> f32 {
        pruning::share_at(self.regularization.pruning, progress)
    }

    /// The share of the learning rate that is used at `progress`, 0 to 1, the share of the run's steps that are done. A
    /// plateau may reduce it further, which is not known before the run.
    pub fn lr_factor(&self, progress: f32) -> f32 {
        let warmup = self.warmup;
        if progress < warmup {
            return WARMUP_START + (1.0 - WARMUP_START) * progress / warmup;
        }
        self.schedule.factor((progress - warmup) / (1.0 - warmup))
    }
}
