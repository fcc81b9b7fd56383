//! A generator and its adversary: how they are set, what a run tells of them, and the samples that come of it.

use serde::{Deserialize, Serialize};

use crate::data::Scaling;
use backprop_nn::field::Settings;
use backprop_nn::init::{fill_normal, mix, stream};
use backprop_nn::loss::{AdversarialLoss, LossSum};
use backprop_nn::{AdversarialSpec, ModelSpec, Network, Shape, Weights, Workspace};

/// Turns a project into the training of a GAN: its model is the generator, which makes samples out of noise, and the
/// discriminator classifies samples as real or generated (Goodfellow et al. 2014).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
pub struct Adversary {
    /// Dimensions of the noise that a sample is generated from, normally distributed. Too few, and the samples lack
    /// variety.
    #[field(label = "Noise size", default = 64, range = 1..=1024)]
    pub noise: usize,
    /// The discriminator: from a sample to one number, larger for a real one.
    #[serde(rename = "layers")]
    pub discriminator: ModelSpec,
    /// What generator and discriminator minimize.
    #[field(default = AdversarialLoss::Log)]
    pub loss: AdversarialLoss,
    /// How far the target of real samples lies below 1, against an overconfident discriminator. Too far, and it hardly
    /// distinguishes them.
    ///
    /// One-sided label smoothing (Salimans et al. 2016); the target of generated samples stays 0.
    #[field(label = "Label smoothing", default = 0.1, range = 0.0..=0.5)]
    pub smoothing: f32,
    /// Step size of the discriminator. Much larger than the generator's, it leaves the generator no gradient to learn
    /// from.
    ///
    /// The generator has that of the training. Both follow its schedule.
    #[field(label = "Discriminator learning rate", default = 0.0002, range = 1e-6..=1.0, logarithmic)]
    pub learning_rate: f32,
    /// Optimizer steps of the discriminator in each training step, each with samples of its own. More make a better
    /// discriminator and slower training.
    #[field(default = 1, range = 1..=16)]
    pub discriminator_steps: usize,
    /// Optimizer steps of the generator in each training step. Too many, and it collapses to few kinds of samples.
    #[field(default = 1, range = 1..=16)]
    pub generator_steps: usize,
}

impl Adversary {
    /// Both stacks, for samples of this shape.
    pub fn spec<'a>(&'a self, generator: &'a ModelSpec, sample: Shape) -> AdversarialSpec<'a> {
        AdversarialSpec { noise: self.noise, generator, sample, discriminator: &self.discriminator }
    }
}

/// What both networks have made of some samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AdversarySum {
    /// The discriminator's losses on samples of the data and on generated ones, and how many of each it told right.
    pub real: LossSum,
    pub fake: LossSum,
    pub generator: LossSum,
}

/// The same as a run tells it, beside the discriminator's loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AdversaryStat {
    pub generator_loss: f32,
    /// Share of the data's samples that the discriminator took for real, 0 to 1.
    pub real_accuracy: f32,
    /// Share of the generated samples that it saw through.
    pub fake_accuracy: f32,
}

impl AdversarySum {
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            real: self.real.plus(other.real),
            fake: self.fake.plus(other.fake),
            generator: self.generator.plus(other.generator),
        }
    }

    /// The discriminator's: the mean over real samples and that over generated ones, added.
    pub fn discriminator_loss(&self) -> f64 {
        self.real.mean_loss() + self.fake.mean_loss()
    }

    pub fn stat(&self) -> AdversaryStat {
        AdversaryStat {
            generator_loss: self.generator.mean_loss() as f32,
            real_accuracy: self.real.accuracy() as f32,
            fake_accuracy: self.fake.accuracy() as f32,
        }
    }
}

/// Purposes of random numbers.
const LEARNT: u64 = 0x6a_1ea1;
const SHOWN: u64 = 0x6a_5b03;

/// Samples that are generated at once.
const CHUNK: usize = 16;

/// What a generator makes of the noise of a seed, `[count, sample]`, in the units of the data; images go from 0 to 1. The first
/// samples of a seed are the same however many there are. `network` holds the generator alone or its adversary as well.
pub fn generate(network: &Network, scaling: &Scaling, weights: &Weights, seed: u64, count: usize) -> Vec<f32> {
    let generator = network.generator();
    let mut workspace = Workspace::for_inference(network, CHUNK).through(&generator);
    let noise = network.input().len().max(1);
    let mut samples = Vec::with_capacity(count * network.sample().len());
    for from in (0..count).step_by(CHUNK) {
        let input = workspace.input_mut(CHUNK.min(count - from));
        fill_noise(mix(seed, SHOWN), from, noise, input);
        network.infer(weights, &mut workspace);
        samples.extend_from_slice(workspace.output());
    }
    scaling.inputs.restore(&mut samples);
    samples
}

/// The noise that the samples from the position `from` on are made of in training.
pub(super) fn fill_training_noise(seed: u64, step: u64, from: usize, noise: usize, inputs: &mut [f32]) {
    fill_noise(mix(mix(seed, LEARNT), step), from, noise, inputs);
}

/// Each sample has a stream of its own, so that it does not matter how many are made together.
fn fill_noise(seed: u64, from: usize, noise: usize, inputs: &mut [f32]) {
    for (at, sample) in inputs.chunks_exact_mut(noise).enumerate() {
        fill_normal(sample, 1.0, &mut stream(seed, (from + at) as u64));
    }
}
