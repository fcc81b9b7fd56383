//! Generative adversarial networks (Goodfellow et al. 2014): a generator makes samples out of noise, and a discriminator
//! behind it classifies samples as real or generated. Both are one [`Network`] of two sub-networks, so that the generator
//! learns through the discriminator.

mod sum;
mod trainer;

use serde::{Deserialize, Serialize};

pub use sum::{GanStat, GanSum};
pub use trainer::{GanTrainer, LearningRates};

use crate::activation::Function;
use crate::field::Settings;
use crate::init::{fill_normal, mix, stream};
use crate::layers::{Dense, LayerSpec};
use crate::loss::AdversarialLoss;
use crate::network::{Network, Stack, Subnetwork};
use crate::shape::Shape;
use crate::spec::{Fix, Misfit, ShapeError};
use crate::trace::{ModelSpec, Trace};
use crate::weights::Weights;

/// Turns a project into the training of a GAN: its model is the generator, which makes samples out of noise, and the
/// discriminator classifies samples as real or generated (Goodfellow et al. 2014).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
pub struct GanSettings {
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

impl GanSettings {
    /// The way of the noise through a generator, whose end has to be a sample.
    pub fn trace_generator(&self, generator: &ModelSpec, sample: Shape) -> Trace {
        let input = Shape::flat(self.noise);
        let trace = generator.trace_to(input, |end| {
            let fits = end.len() == sample.len() && (end.is_flat() || end == sample);
            let function = if sample.as_image().is_some() { Function::Sigmoid } else { Function::Linear };
            let message =
                format!("The generator gives {}, and a sample of the data is {}.", end.described(), sample.described());
            (!fits).then_some((message, Dense::new(sample.len(), function)))
        });
        trace.within("generator")
    }

    /// The way of a sample through the discriminator, which has to end in one number. A layer that puts the whole batch in
    /// its statistics would tell real from generated samples by which of them came together, so there may be none.
    pub fn trace_discriminator(&self, sample: Shape) -> Trace {
        let mut trace = self.discriminator.trace_to(sample, |end| {
            let fits = end == Shape::flat(1);
            let message =
                format!("The discriminator gives {}; it needs one output, for real or generated.", end.described());
            (!fits).then_some((message, Dense::new(1, Function::Linear)))
        });
        if let Some(index) = self.discriminator.layers.iter().position(sees_the_batch) {
            let message =
                "BatchNorm would mix real and generated samples in a discriminator. Take LayerNorm instead.".to_owned();
            let error = ShapeError::new(message).with_fix(Fix::Remove);
            trace.misfit.get_or_insert(Misfit { stack: "", index, error });
        }
        trace.within("discriminator")
    }

    /// One network of a generator and its discriminator, for samples of this shape, or the first layer that does not fit.
    pub fn build(&self, generator: &ModelSpec, sample: Shape) -> Result<Network, Misfit> {
        let traces = [self.trace_generator(generator, sample), self.trace_discriminator(sample)];
        match traces.into_iter().find_map(|trace| trace.misfit) {
            Some(misfit) => Err(misfit),
            None => Ok(Network::new(&[
                Stack { name: "generator", prefix: "", layers: &generator.layers, input: Shape::flat(self.noise) },
                Stack {
                    name: "discriminator",
                    prefix: "discriminator.",
                    layers: &self.discriminator.layers,
                    input: sample,
                },
            ])),
        }
    }
}

fn sees_the_batch(layer: &LayerSpec) -> bool {
    matches!(layer, LayerSpec::BatchNorm(_)) || layer.inside().is_some_and(|inside| inside.iter().any(sees_the_batch))
}

/// What makes samples out of noise, with or without a discriminator behind it.
fn generator(network: &Network) -> Subnetwork {
    network.subnetwork(0)
}

/// What classifies samples as real or generated.
fn discriminator(network: &Network) -> Subnetwork {
    network.subnetwork(1)
}

/// Purposes of random numbers.
const TRAINING: u64 = 0x6a_1ea1;
const GENERATION: u64 = 0x6a_5b03;

/// Samples that are generated at once.
const CHUNK: usize = 16;

/// What a generator makes of the noise of a seed, `[count, sample]`, in the scale that it was trained in. The first samples
/// of a seed are the same however many there are. `network` may hold the generator alone or the discriminator as well.
pub fn generate(network: &Network, weights: &Weights, seed: u64, count: usize) -> Vec<f32> {
    let mut workspace = network.inference_workspace(CHUNK).through(&generator(network));
    let noise = network.input().len();
    let mut samples = Vec::with_capacity(count * network.last_input().len());
    for from in (0..count).step_by(CHUNK) {
        let input = workspace.input_mut(CHUNK.min(count - from));
        fill_noise(mix(seed, GENERATION), from, noise, input);
        network.infer(weights, &mut workspace);
        samples.extend_from_slice(workspace.output());
    }
    samples
}

/// What the discriminator gives for samples in the scale that it was trained in, `[samples]`: more for what it takes for real.
/// Nothing if `network` holds the generator alone.
pub fn discriminate(network: &Network, weights: &Weights, samples: &[f32]) -> Vec<f32> {
    let (discriminator, len) = (discriminator(network), network.last_input().len().max(1));
    if discriminator.stages.is_empty() {
        return Vec::new();
    }
    let mut workspace = network.inference_workspace(CHUNK).through(&discriminator);
    let mut outputs = Vec::with_capacity(samples.len() / len);
    for samples in samples.chunks(CHUNK * len) {
        workspace.input_mut(samples.len() / len).copy_from_slice(samples);
        network.infer(weights, &mut workspace);
        outputs.extend_from_slice(workspace.output());
    }
    outputs
}

/// The noise that [`generate`] makes samples of, `[count, noise]`.
pub fn noise(network: &Network, seed: u64, count: usize) -> Vec<f32> {
    let len = network.input().len();
    let mut noise = vec![0.0; count * len];
    fill_noise(mix(seed, GENERATION), 0, len, &mut noise);
    noise
}

/// The noise that the samples from the position `from` on are made of in an optimizer step.
fn fill_training_noise(seed: u64, step: u64, from: usize, noise: usize, inputs: &mut [f32]) {
    fill_noise(mix(mix(seed, TRAINING), step), from, noise, inputs);
}

/// Each sample has a stream of its own, so that it does not matter how many are made together.
fn fill_noise(seed: u64, from: usize, noise: usize, inputs: &mut [f32]) {
    for (at, sample) in inputs.chunks_exact_mut(noise.max(1)).enumerate() {
        fill_normal(sample, 1.0, &mut stream(seed, (from + at) as u64));
    }
}
