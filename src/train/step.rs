//! One training step: a batch gathered, forward, backward, update, shared among the threads of the current rayon pool.

use super::Job;
use crate::data::batches::{Augmenter, gather};
use crate::nn::init::mix;
use crate::nn::layer::MAX_SHARDS;
use crate::nn::loss::LossSum;
use crate::nn::{Batch, Optimizer, Weights, Workspace};

/// A shard smaller than this costs more to hand out than to run.
const SMALLEST_SHARD: usize = 16;

/// Everything that changes while a network is trained, allocated once.
pub struct Trainer<'a> {
    job: &'a Job,
    /// Those that learn.
    pub weights: Weights,
    optimizer: Optimizer,
    batch: Batch,
    lanes: Vec<Lane>,
}

/// What a shard needs besides its workspace.
struct Lane {
    samples: usize,
    labels: Vec<u8>,
    augmenter: Option<Augmenter>,
    sum: LossSum,
}

impl<'a> Trainer<'a> {
    pub fn new(job: &'a Job, weights: Weights) -> Self {
        let training = &job.training;
        let batch = training.batch.min(job.split.train.len()).max(1);
        let shard = shard_len(batch);
        let shards = batch.div_ceil(shard);
        let lane = || Lane {
            samples: 0,
            labels: vec![0; shard],
            augmenter: Augmenter::new(&job.augment, job.shape()),
            sum: LossSum::default(),
        };
        Self {
            job,
            weights,
            optimizer: Optimizer::new(training.optimizer.clone(), &job.network)
                .regularized(training.regularization.clone()),
            batch: Batch::new(&job.network, shards, shard),
            lanes: (0..shards).map(|_| lane()).collect(),
        }
    }

    /// The weights that are evaluated, shown and saved: their moving average, where there is one.
    pub fn shown(&self) -> &Weights {
        self.optimizer.average().unwrap_or(&self.weights)
    }

    /// Other numbers for the optimiser; what it remembers is kept unless the rule itself changes.
    pub fn set_optimizer(&mut self, spec: crate::nn::OptimizerSpec) {
        self.optimizer.set(spec, &self.job.network);
    }

    /// Trains on the samples at the positions `batch`. `step` and `epoch` seed what is random in it.
    pub fn step(&mut self, batch: &[u32], learning_rate: f32, step: u64, epoch: u64) -> LossSum {
        let Self { job, weights, optimizer, batch: shards, lanes } = self;
        let scale = job.loss.scale(batch.iter().map(|at| job.dataset.train.labels[*at as usize]));
        let (seed, len) = (job.training.seed, shard_len(batch.len()));
        let lanes = &mut lanes[..batch.len().div_ceil(len)];
        let fill = |index: usize, lane: &mut Lane, shard: &mut Workspace| {
            let at = &batch[index * len..batch.len().min((index + 1) * len)];
            lane.samples = at.len();
            let (labels, inputs) = (&mut lane.labels[..at.len()], shard.input_mut(at.len()));
            match &mut lane.augmenter {
                Some(augmenter) => augmenter.gather(&job.dataset.train, at, (seed, epoch), inputs, labels),
                None => gather(&job.dataset.train, at, inputs, labels),
            }
        };
        let judge = |lane: &mut Lane, outputs: &[f32], grad: &mut [f32]| {
            lane.sum = job.loss.value_and_grad(outputs, &lane.labels[..lane.samples], scale, grad);
        };
        job.network.learn(weights, shards, lanes, mix(seed, step), fill, judge);
        optimizer.step(learning_rate, &job.network, weights, shards.shards());
        lanes.iter().map(|lane| lane.sum).fold(LossSum::default(), LossSum::plus)
    }

    /// The first layer of the stack whose numbers are not finite after the last step.
    pub fn first_not_finite(&self) -> Option<usize> {
        let found =
            self.batch.shards().iter().filter_map(|shard| self.job.network.first_not_finite(&self.weights, shard));
        found.min()
    }
}

/// Samples of a shard of a batch of this size. It does not depend on the thread count, and gradients are added in the
/// order of the shards: that is what makes a run the same on one thread and on sixteen.
pub(super) fn shard_len(batch: usize) -> usize {
    batch.div_ceil(MAX_SHARDS).max(SMALLEST_SHARD)
}
