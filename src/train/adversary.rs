//! A generator and its adversary: how they are set, what a run tells of them, and the samples that come of it.

use serde::{Deserialize, Serialize};

use crate::data::Scaling;
use backprop_nn::init::{fill_normal, mix, stream};
use backprop_nn::knob::Knob;
use backprop_nn::loss::{AdversarialLoss, LossSum};
use backprop_nn::{AdversarialSpec, ModelSpec, Network, Shape, Weights, Workspace};

/// Turns a project into the training of a generator: its layers make samples out of noise, and those of the discriminator
/// tell them from the samples of the data (Goodfellow et al. 2014).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adversary {
    /// Random numbers, normally distributed, that a sample is made of.
    pub noise: usize,
    /// The discriminator: from a sample to one number, larger for a real one.
    #[serde(rename = "layers")]
    pub discriminator: ModelSpec,
    pub loss: AdversarialLoss,
    /// What a real sample's target lacks to 1 (Salimans et al. 2016); that of a generated one stays 0.
    pub smoothing: f32,
    /// The discriminator's; the generator has that of the training. Both follow its schedule.
    pub learning_rate: f32,
    /// Steps of each network in a step of the training, the discriminator's first, each with samples of its own.
    pub discriminator_steps: usize,
    pub generator_steps: usize,
}

impl Default for Adversary {
    fn default() -> Self {
        Self {
            noise: 64,
            discriminator: ModelSpec::default(),
            loss: AdversarialLoss::default(),
            smoothing: 0.1,
            learning_rate: 0.0002,
            discriminator_steps: 1,
            generator_steps: 1,
        }
    }
}

impl Adversary {
    /// D is the discriminator and G the generator, as in the formulas of the losses.
    pub fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { noise, loss, smoothing, learning_rate, discriminator_steps, generator_steps, .. } = self;
        vec![
            Knob::whole(
                "noise",
                "Noise",
                noise,
                1..=1024,
                64,
                "Random numbers that a sample is made of; too few and the samples lack variety.",
            ),
            Knob::choice("loss", "Loss", loss, "What the two networks play for."),
            Knob::real(
                "smoothing",
                "Label smoothing",
                smoothing,
                0.0..=0.5,
                0.1,
                "What a real sample's target lacks to 1, so that the discriminator is never too sure; too much and it says little.",
            ),
            Knob::real(
                "learning_rate",
                "Rate of D",
                learning_rate,
                1e-6..=1.0,
                0.0002,
                "How far the discriminator's steps go; much larger than the generator's, and that one has nothing left to learn from.",
            )
            .logarithmic(),
            Knob::whole(
                "discriminator_steps",
                "Steps of D",
                discriminator_steps,
                1..=16,
                1,
                "The discriminator's steps for each turn; more make a better judge, and training slower.",
            ),
            Knob::whole(
                "generator_steps",
                "Steps of G",
                generator_steps,
                1..=16,
                1,
                "The generator's steps for each turn; too many, and it learns one trick that fools a judge who has not moved.",
            ),
        ]
    }

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
