//! One turn of two networks against each other: the discriminator learns on samples of the data and on generated ones, then the
//! generator learns through the discriminator, which is held still.

use super::Job;
use super::adversary::{Adversary, AdversarySum, fill_training_noise};
use super::step::{Learner, StepSum, shard_len};
use backprop_nn::init::mix;
use backprop_nn::loss::{GENERATED, LossSum, REAL};
use backprop_nn::optim::Regularization;
use backprop_nn::optim::Updater;
use backprop_nn::{Batch, Network, OptimizerSpec, Weights, Workspace};

/// Two networks that are one, and what changes while they learn, allocated once.
pub struct Duel<'a> {
    network: &'a Network,
    settings: &'a Adversary,
    pub weights: Weights,
    generator: Updater,
    discriminator: Updater,
    batch: Batch,
    lanes: Vec<Lane>,
    /// Samples of a shard at most.
    shard: usize,
}

/// A shard of samples of the data or of generated ones.
#[derive(Clone, Copy, Default)]
struct Lane {
    is_real: bool,
    sum: LossSum,
}

impl<'a> Duel<'a> {
    /// For batches of up to `samples` samples of the data, and as many generated ones.
    pub fn new(
        network: &'a Network,
        settings: &'a Adversary,
        weights: Weights,
        optimizer: &OptimizerSpec,
        samples: usize,
    ) -> Self {
        let [shards, shard] = shards_of(samples);
        let optimizer = |section| Updater::for_section(optimizer.clone(), section);
        Self {
            network,
            settings,
            weights,
            generator: optimizer(network.generator()),
            discriminator: optimizer(network.discriminator()),
            batch: Batch::new(network, shards, shard),
            lanes: vec![Lane::default(); shards],
            shard,
        }
    }

    /// With gradients clipped, weights held small, and those of the generator's steps averaged.
    #[must_use]
    pub fn regularized(mut self, regularization: &Regularization) -> Self {
        let alone = Regularization { average: 0.0, ..regularization.clone() };
        self.discriminator = self.discriminator.regularized(alone);
        self.generator = self.generator.regularized(regularization.clone());
        self
    }

    /// The discriminator's step on `count` samples of the data and as many generated ones. `real` and `noise` write the
    /// samples, or the noise for them, from a position on. Gives the sums on the ones and on the others.
    pub fn discriminator_step(
        &mut self,
        learning_rate: f32,
        seed: u64,
        count: usize,
        real: impl Fn(usize, &mut [f32]) + Sync,
        noise: impl Fn(usize, &mut [f32]) + Sync,
    ) -> [LossSum; 2] {
        let Self { network, settings, weights, discriminator, batch, lanes, shard, .. } = self;
        let shards = count.div_ceil(*shard);
        let samples = |at: usize| (*shard).min(count - at * *shard);
        let lanes = &mut lanes[..2 * shards];
        batch.through(network.generator());
        network.forward(weights, batch, &mut lanes[..shards], seed, |at, _, workspace| {
            noise(at * *shard, workspace.input_mut(samples(at)));
        });
        batch.through(network.discriminator());
        for (at, lane) in lanes.iter_mut().enumerate() {
            lane.is_real = at >= shards;
        }
        // What the generator has given lies where the discriminator reads.
        let fill = |at: usize, lane: &mut Lane, workspace: &mut Workspace| {
            if lane.is_real {
                real((at - shards) * *shard, workspace.input_mut(samples(at - shards)));
            }
        };
        let scale = 1.0 / count as f32;
        let judge = |lane: &mut Lane, outputs: &[f32], grad: &mut [f32]| {
            let target = if lane.is_real { REAL - settings.smoothing } else { GENERATED };
            lane.sum = settings.loss.value_and_grad(outputs, target, scale, grad);
        };
        network.learn(weights, batch, lanes, seed, fill, judge);
        discriminator.step(learning_rate, network, weights, batch.shards());
        let (fake, real) = lanes.split_at(shards);
        [real, fake].map(sum_of)
    }

    /// The generator's step on `count` samples of its own, whose noise `noise` writes from a position on.
    pub fn generator_step(
        &mut self,
        learning_rate: f32,
        seed: u64,
        count: usize,
        noise: impl Fn(usize, &mut [f32]) + Sync,
    ) -> LossSum {
        let Self { network, settings, weights, generator, batch, lanes, shard, .. } = self;
        let lanes = &mut lanes[..count.div_ceil(*shard)];
        batch.through(network.whole());
        let fill = |at: usize, _: &mut Lane, workspace: &mut Workspace| {
            noise(at * *shard, workspace.input_mut((*shard).min(count - at * *shard)));
        };
        let scale = 1.0 / count as f32;
        let judge = |lane: &mut Lane, outputs: &[f32], grad: &mut [f32]| {
            lane.sum = settings.loss.value_and_grad(outputs, REAL, scale, grad);
        };
        network.learn(weights, batch, lanes, seed, fill, judge);
        generator.step(learning_rate, network, weights, batch.shards());
        sum_of(lanes)
    }
}

fn sum_of(lanes: &[Lane]) -> LossSum {
    lanes.iter().map(|lane| lane.sum).fold(LossSum::default(), LossSum::plus)
}

/// Shards for a batch of so many samples of the data and as many generated ones, and the samples of each.
pub(super) fn shards_of(samples: usize) -> [usize; 2] {
    let shard = shard_len(2 * samples);
    [2 * samples.div_ceil(shard), shard]
}

/// A duel on the samples of a job.
pub(super) struct DuelOnJob<'a> {
    job: &'a Job,
    duel: Duel<'a>,
}

impl<'a> DuelOnJob<'a> {
    pub fn new(job: &'a Job, settings: &'a Adversary) -> Self {
        let training = &job.training;
        let duel = Duel::new(&job.network, settings, job.initial_weights(), &training.optimizer, job.batch());
        Self { job, duel: duel.regularized(&training.regularization) }
    }
}

impl Learner for DuelOnJob<'_> {
    fn step(&mut self, samples: &[u32], learning_rate: f32, step: u64, _epoch: u64) -> StepSum {
        let Self { job, duel } = self;
        let (settings, seed, noise_len) = (duel.settings, job.training.seed, job.network.input().len().max(1));
        let mut sum = AdversarySum::default();
        // Every step of either network has a number of its own.
        let turns = (settings.discriminator_steps + settings.generator_steps) as u64;
        let mut numbers = (step - 1) * turns..step * turns;
        let mut next = || numbers.next().unwrap_or_default();
        let rate = learning_rate * settings.learning_rate / job.training.learning_rate;
        for batch in samples.chunks(job.batch()) {
            let number = next();
            let real = |from: usize, out: &mut [f32]| {
                let count = out.len() / job.shape().len().max(1);
                job.dataset.train.gather(&job.scaling, &batch[from..from + count], out);
            };
            let noise = |from: usize, out: &mut [f32]| fill_training_noise(seed, number, from, noise_len, out);
            let [real, fake] = duel.discriminator_step(rate, mix(seed, number), batch.len(), real, noise);
            sum = sum.plus(AdversarySum { real, fake, ..AdversarySum::default() });
        }
        for _ in 0..settings.generator_steps {
            let number = next();
            let noise = |from: usize, out: &mut [f32]| fill_training_noise(seed, number, from, noise_len, out);
            let count = samples.len().min(job.batch());
            let generator = duel.generator_step(learning_rate, mix(seed, number), count, noise);
            sum = sum.plus(AdversarySum { generator, ..AdversarySum::default() });
        }
        StepSum::Duel(sum)
    }

    fn shown(&self) -> &Weights {
        self.duel.generator.average().unwrap_or(&self.duel.weights)
    }

    fn set_optimizer(&mut self, spec: OptimizerSpec) {
        self.duel.generator.set(spec.clone());
        self.duel.discriminator.set(spec);
    }

    fn first_not_finite(&self) -> Option<usize> {
        let Duel { network, weights, batch, .. } = &self.duel;
        batch.shards().iter().filter_map(|shard| network.first_not_finite(weights, shard)).min()
    }
}
