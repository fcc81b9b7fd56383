//! Everything a run needs.

use std::sync::Arc;
use std::thread;

use serde::{Deserialize, Serialize};

use super::checkpoint::Checkpoint;
use super::heads::{Goal, Head};
use super::protocol::Change;
use super::teacher::Teacher;
use crate::data::batches::side_by_side;
use crate::data::{Augment, Dataset, Scaling, Split, TargetData};
use backprop_nn::batch::shard_len;
use backprop_nn::gan::{GanSettings, GanTrainer};
use backprop_nn::memory::Footprint;
use backprop_nn::training::shuffle;
use backprop_nn::{LossSpec, Network, Shape, Training, Weights};

/// Samples that one thread evaluates at once: as fast as more of them, in less memory.
pub(super) const CHUNK: usize = 16;

/// Everything a run needs, checked to fit together.
pub struct Job {
    /// The network to train, with its discriminator if there is one.
    pub network: Network,
    /// The data set, shared with the studio.
    pub dataset: Arc<Dataset>,
    /// Which samples are for training and which for validation.
    pub split: Split,
    /// The standardization, learned from the training samples of the split.
    pub scaling: Scaling,
    /// Random changes of the training samples.
    pub augment: Augment,
    /// The settings of the training.
    pub training: Training,
    /// The loss of `training`, with balanced class weights computed for these samples.
    pub loss: LossSpec,
    /// The settings of the discriminator, if the network is a GAN.
    pub adversary: Option<GanSettings>,
    /// The trained network that this one learns from, besides the classes.
    pub teacher: Option<Teacher>,
    /// Where its weights come from, if they are not fresh.
    pub origin: Option<Origin>,
    /// Weights to start from instead of fresh ones.
    pub weights: Option<Weights>,
    /// The moment of an earlier run of the same job to go on from.
    pub checkpoint: Option<Arc<Checkpoint>>,
    /// Stops after this epoch, before the last one.
    pub stop_after: Option<u32>,
    /// Changes of its settings, each after its step, as they were made while an earlier run trained.
    pub changes: Vec<Change>,
    /// Threads that share the work of a step. The result does not depend on it.
    pub threads: usize,
}

/// Where weights come from that did not begin fresh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// From a file that another program has written, by its name. Nothing was trained here.
    Imported(String),
    /// From a file of weights, by its name.
    Weights(String),
    /// From another run.
    Run {
        /// Its name.
        run: String,
        /// What was done with it, as on the command line: "compress --prune 0.9".
        by: String,
    },
}

/// A subset of a data set. No setting is ever chosen by a result on `Test`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subset {
    /// The training set, without the validation set.
    Train,
    /// The validation set.
    Validation,
    /// The test set.
    Test,
}

impl Subset {
    /// The prefix of a metric's key, as in `validation_loss`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

impl Job {
    /// The head for its task.
    pub fn head(&self) -> &'static dyn Head {
        Goal::new(&self.dataset.task, &self.dataset.order, self.adversary.is_some()).head()
    }

    /// The shape of one sample.
    pub fn shape(&self) -> Shape {
        self.dataset.shape
    }

    /// The positions of the training samples in the order in which an epoch, counted from 1, shows them: shuffled if the settings say
    /// so. For a stateful network each place of a batch reads a part of the text, one window after the other.
    pub fn order(&self, epoch: u64) -> Vec<u32> {
        if self.network.is_stateful() {
            return side_by_side(&self.split.train, self.batch());
        }
        let mut order = self.split.train.clone();
        if self.training.shuffle {
            shuffle(&mut order, self.training.seed, epoch);
        }
        order
    }

    /// Optimizer steps of one epoch; the last batch may be smaller, and one that is larger than the set holds all of
    /// it.
    pub fn steps_per_epoch(&self) -> usize {
        self.split.train.len().div_ceil(self.samples_per_step())
    }

    /// Number of samples of a step, where there are enough.
    pub fn samples_per_step(&self) -> usize {
        samples_per_step(&self.training, self.adversary.as_ref())
    }

    /// The share of each kernel's weights that are pruned after a step, counted from 1.
    pub(super) fn pruned_at(&self, step: u64) -> f32 {
        let steps = (self.steps_per_epoch() * self.training.epochs) as f32;
        self.training.pruned_at(step as f32 / steps)
    }

    /// What the gradient of each sample of a batch is multiplied with.
    pub(super) fn loss_scale(&self, batch: &[u32]) -> f32 {
        match &self.dataset.train.targets {
            TargetData::Classes(classes) => self.loss.scale(batch.iter().map(|at| classes[*at as usize])),
            TargetData::Steps { steps, classes } => {
                self.loss.scale(batch.iter().flat_map(|at| &classes[*at as usize * steps..][..*steps]).copied())
            }
            TargetData::Numbers { .. } | TargetData::Itself { .. } => 1.0 / batch.len() as f32,
        }
    }

    /// Samples of a step; the training samples may be fewer than the batch that is asked for.
    pub fn batch(&self) -> usize {
        self.training.batch.min(self.split.train.len()).max(1)
    }

    /// The memory that a run of this job takes, without the samples, which are already loaded.
    pub fn footprint(&self) -> Footprint {
        footprint(&self.network, &self.training, self.batch(), self.adversary.is_some(), self.threads)
    }

    /// The weights before the first step: the same for the same seed, unless the job brings its own.
    pub fn initial_weights(&self) -> Weights {
        self.weights.clone().unwrap_or_else(|| self.network.init_weights(self.training.seed))
    }
}

/// The memory that a training in batches of this size takes, without the samples.
pub fn footprint(network: &Network, training: &Training, batch: usize, is_gan: bool, threads: usize) -> Footprint {
    let [shards, samples] = match is_gan {
        true => GanTrainer::shards(batch),
        false => [batch.div_ceil(shard_len(batch)), shard_len(batch)],
    };
    let Training { optimizer, regularization, early_stopping, .. } = training;
    // The moving average and the best weights of a run are as large as what the optimizer remembers of each weight.
    let copies = usize::from(regularization.average > 0.0) + usize::from(!early_stopping.is_off());
    let mut footprint = network.training_footprint(shards, samples, optimizer.slots() + copies);
    footprint.shared += network.inference_footprint(threads, CHUNK);
    footprint
}

/// Samples of the data that a step takes: a batch, or one for each step of a discriminator.
pub fn samples_per_step(training: &Training, adversary: Option<&GanSettings>) -> usize {
    let batches = adversary.map_or(1, |adversary| adversary.discriminator_steps);
    training.batch.max(1) * batches.max(1)
}

/// The default number of threads: one per core.
pub fn default_threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
