use std::sync::Arc;

use super::{GanSettings, GanSum, discriminator, fill_training_noise, generator};
use crate::batch::{Batch, shard_len};
use crate::clock::Clock;
use crate::init::mix;
use crate::loss::{GENERATED, LossSum, REAL};
use crate::network::{Network, NotFinite};
use crate::optim::{OptimizerSpec, Regularization, StepNorms, Updater, UpdaterState};
use crate::weights::Weights;
use crate::workspace::Workspace;

/// Trains a generator and its discriminator against each other: the discriminator learns on samples of the data and on
/// generated ones, then the generator learns through the discriminator, which is held still.
pub struct GanTrainer<'a> {
    network: &'a Network,
    settings: &'a GanSettings,
    /// Those of both networks.
    pub weights: Weights,
    generator: Updater,
    discriminator: Updater,
    batch: Batch,
    lanes: Vec<Lane>,
    /// Samples of the data in an optimizer step of the discriminator, at most.
    samples: usize,
    /// Samples of a shard at most.
    shard: usize,
    /// Of both networks in the last measured step: the discriminator's, then the generator's.
    norms: Option<[StepNorms; 2]>,
}

/// The step sizes of both networks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LearningRates {
    /// The generator's.
    pub generator: f32,
    /// The discriminator's.
    pub discriminator: f32,
}

/// A shard of samples of the data or of generated ones.
#[derive(Clone, Copy, Default)]
struct Lane {
    is_real: bool,
    sum: LossSum,
}

impl<'a> GanTrainer<'a> {
    /// For a network of [`GanSettings::build`], and batches of up to `samples` samples of the data and as many generated
    /// ones.
    pub fn new(
        network: &'a Network,
        settings: &'a GanSettings,
        weights: Weights,
        optimizer: &OptimizerSpec,
        samples: usize,
    ) -> Self {
        let [shards, shard] = Self::shards(samples);
        let updater = |subnetwork| Updater::for_subnetwork(optimizer.clone(), subnetwork);
        Self {
            network,
            settings,
            weights,
            generator: updater(generator(network)),
            discriminator: updater(discriminator(network)),
            batch: Batch::new(network, shards, shard),
            lanes: vec![Lane::default(); shards],
            samples,
            shard,
            norms: None,
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

    /// Sets this share of the weights of each kernel of both networks to zero, where they stay: the smallest.
    pub fn prune(&mut self, share: f32) {
        for updater in [&mut self.generator, &mut self.discriminator] {
            updater.prune(share, self.network, &mut self.weights);
        }
    }

    /// Measures what each layer takes from now on.
    pub fn timed_by(&mut self, clock: &Arc<Clock>) {
        self.batch.timed_by(clock);
        self.generator.timed_by(clock);
        self.discriminator.timed_by(clock);
    }

    /// Shards for a batch of so many samples of the data and as many generated ones, and the samples of each.
    pub fn shards(samples: usize) -> [usize; 2] {
        let shard = shard_len(2 * samples);
        [2 * samples.div_ceil(shard), shard]
    }

    /// One training step on `count` samples of the data: the discriminator's optimizer steps, a batch each, and then the
    /// generator's. `real` writes samples of the data from a position on. `seed` and `step`, counted from 1, seed the noise.
    pub fn step(
        &mut self,
        rates: LearningRates,
        (seed, step): (u64, u64),
        count: usize,
        real: impl Fn(usize, &mut [f32]) + Sync,
    ) -> GanSum {
        let (samples, len) = (self.samples.max(1), self.network.input().len());
        let mut sum = GanSum::default();
        // Every optimizer step of either network has a number of its own.
        let steps = (self.settings.discriminator_steps + self.settings.generator_steps) as u64;
        let mut numbers = (step - 1) * steps..step * steps;
        let mut next = || numbers.next().unwrap_or_default();
        for first in (0..count).step_by(samples) {
            let number = next();
            let noise = |from: usize, out: &mut [f32]| fill_training_noise(seed, number, from, len, out);
            let real = |from: usize, out: &mut [f32]| real(first + from, out);
            let count = samples.min(count - first);
            let [real, fake] = self.discriminator_step(rates.discriminator, mix(seed, number), count, real, noise);
            sum = sum.plus(GanSum { real, fake, ..GanSum::default() });
            if !(real.is_finite() && fake.is_finite()) {
                return sum;
            }
        }
        for _ in 0..self.settings.generator_steps {
            let number = next();
            let noise = |from: usize, out: &mut [f32]| fill_training_noise(seed, number, from, len, out);
            let generator = self.generator_step(rates.generator, mix(seed, number), count.min(samples), noise);
            sum = sum.plus(GanSum { generator, ..GanSum::default() });
            if !generator.is_finite() {
                break;
            }
        }
        sum
    }

    /// The discriminator's optimizer step on `count` samples of the data and as many generated ones. `real` and `noise`
    /// write the samples, or the noise for them, from a position on. Gives the sums on the real and on the generated ones; where
    /// they are not finite, the weights are not updated.
    pub fn discriminator_step(
        &mut self,
        learning_rate: f32,
        seed: u64,
        count: usize,
        real: impl Fn(usize, &mut [f32]) + Sync,
        noise: impl Fn(usize, &mut [f32]) + Sync,
    ) -> [LossSum; 2] {
        let Self { network, settings, weights, discriminator: updater, batch, lanes, shard, norms, .. } = self;
        let shards = count.div_ceil(*shard);
        let samples = |at: usize| (*shard).min(count - at * *shard);
        let lanes = &mut lanes[..2 * shards];
        batch.reset_states();
        batch.through(generator(network));
        network.forward(weights, batch, &mut lanes[..shards], seed, |at, _, workspace| {
            noise(at * *shard, workspace.input_mut(samples(at)));
        });
        batch.through(discriminator(network));
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
        let (fake, real) = lanes.split_at(shards);
        let sums = [real, fake].map(sum_of);
        if sums.iter().all(LossSum::is_finite) {
            match norms {
                Some([norms, _]) => *norms = updater.step_measured(learning_rate, network, weights, batch.shards()),
                None => updater.step(learning_rate, network, weights, batch.shards()),
            }
        }
        sums
    }

    /// The generator's optimizer step on `count` samples of its own, whose noise `noise` writes from a position on. Where the loss
    /// is not finite, the weights are not updated.
    pub fn generator_step(
        &mut self,
        learning_rate: f32,
        seed: u64,
        count: usize,
        noise: impl Fn(usize, &mut [f32]) + Sync,
    ) -> LossSum {
        let Self { network, settings, weights, generator: updater, batch, lanes, shard, norms, .. } = self;
        let lanes = &mut lanes[..count.div_ceil(*shard)];
        batch.reset_states();
        batch.through(network.whole());
        batch.freeze_all_but(&generator(network));
        let fill = |at: usize, _: &mut Lane, workspace: &mut Workspace| {
            noise(at * *shard, workspace.input_mut((*shard).min(count - at * *shard)));
        };
        let scale = 1.0 / count as f32;
        let judge = |lane: &mut Lane, outputs: &[f32], grad: &mut [f32]| {
            lane.sum = settings.loss.value_and_grad(outputs, REAL, scale, grad);
        };
        network.learn(weights, batch, lanes, seed, fill, judge);
        let sum = sum_of(lanes);
        if sum.is_finite() {
            match norms {
                Some([_, norms]) => *norms = updater.step_measured(learning_rate, network, weights, batch.shards()),
                None => updater.step(learning_rate, network, weights, batch.shards()),
            }
        }
        sum
    }

    /// Whether the next steps tell how large gradient and update are.
    pub fn measure(&mut self, is_on: bool) {
        self.norms = is_on.then(Default::default);
    }

    /// The norms of the last step over the weights of both networks, if it was measured.
    pub fn norms(&self) -> Option<StepNorms> {
        self.norms.map(|[discriminator, generator]| discriminator.with(generator))
    }

    /// The weights to evaluate, show and save: the moving average, where there is one.
    pub fn shown(&self) -> &Weights {
        self.generator.average().unwrap_or(&self.weights)
    }

    /// Other settings for both optimizers; what they remember is kept unless the optimizer itself changes.
    pub fn set_optimizer(&mut self, spec: OptimizerSpec) {
        self.generator.set(spec.clone());
        self.discriminator.set(spec);
    }

    /// What both optimizers remember: the generator's, then the discriminator's.
    pub fn states(&self) -> [UpdaterState; 2] {
        [self.generator.state(), self.discriminator.state()]
    }

    /// Goes on from the states of a trainer of the same network; false if they are of another.
    #[must_use]
    pub fn restore(&mut self, [generator, discriminator]: [UpdaterState; 2]) -> bool {
        self.generator.restore(generator, self.network) && self.discriminator.restore(discriminator, self.network)
    }

    /// The first tensor of both stacks that is not finite after the last step.
    pub fn first_not_finite(&self) -> Option<NotFinite> {
        self.network.first_not_finite(&self.weights, self.batch.shards())
    }
}

fn sum_of(lanes: &[Lane]) -> LossSum {
    lanes.iter().map(|lane| lane.sum).fold(LossSum::default(), LossSum::plus)
}
