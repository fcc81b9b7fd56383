//! What the layers of a network do: how weights, activations, gradients and updates are distributed in each of them, and which of
//! its units are dead or saturated, as in Karpathy's makemore (Building makemore 3, 2022).

use backprop_nn::batch::inspection::Place;
use backprop_nn::layers::Function;
use backprop_nn::spec::layer_at;
use backprop_nn::{Inspection, LayerSpec, LossSpec, ModelSpec, Targets, Weights};

/// Bins of a histogram.
pub const BINS: usize = 50;

/// A unit of tanh is saturated beyond this, and one of sigmoid where it is as far along its own S: beyond 0.985 or below 0.015. The
/// bound is makemore's.
const SATURATED: f32 = 0.97;

/// What of a layer is distributed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quantity {
    /// Its trained weights, kernel and bias together.
    Weights,
    /// What it gives for some samples.
    #[default]
    Activations,
    /// The gradient of the mean loss of these samples by its weights.
    Gradients,
    /// What a step adds to its weights, in the mean over the steps since an earlier moment.
    Updates,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Weights, Self::Activations, Self::Gradients, Self::Updates];

    /// What it is called.
    pub fn label(self) -> &'static str {
        match self {
            Self::Weights => "Weights",
            Self::Activations => "Activations",
            Self::Gradients => "Gradients",
            Self::Updates => "Updates",
        }
    }
}

/// How some numbers are distributed.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, divided by their count as in NumPy.
    pub std: f64,
    /// Their length: the L2 norm.
    pub norm: f64,
    /// The share of exact zeros, which are in no bin.
    pub zeros: f64,
    /// Where the first bin begins and the last one ends.
    pub range: [f32; 2],
    /// How many are in each of [`BINS`] bins of equal width.
    pub bins: Vec<u32>,
}

impl Distribution {
    /// Of these numbers; nothing if there are none, or if one is not finite.
    pub fn of(values: &[f32]) -> Option<Self> {
        let count = values.len() as f64;
        let (mut sum, mut squares, mut zeros, mut low, mut high) = (0.0, 0.0, 0usize, f32::INFINITY, f32::NEG_INFINITY);
        for value in values {
            let wide = f64::from(*value);
            (sum, squares) = (sum + wide, squares + wide * wide);
            (low, high) = (low.min(*value), high.max(*value));
            zeros += usize::from(*value == 0.0);
        }
        if values.is_empty() || !f64::is_finite(squares) {
            return None;
        }
        let mean = sum / count;
        let variance = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / count;
        let range = rounded([low, high]);
        let mut bins = vec![0; BINS];
        let scale = BINS as f32 / (range[1] - range[0]);
        for value in values.iter().filter(|value| **value != 0.0) {
            bins[(((value - range[0]) * scale) as usize).min(BINS - 1)] += 1;
        }
        Some(Self { mean, std: variance.sqrt(), norm: squares.sqrt(), zeros: zeros as f64 / count, range, bins })
    }
}

/// Round bounds around the extremes, so that they seldom move while the numbers do: from zero if none is below, otherwise as far
/// below zero as above.
fn rounded([low, high]: [f32; 2]) -> [f32; 2] {
    let reach = low.abs().max(high.abs());
    if reach == 0.0 {
        return [-1.0, 1.0];
    }
    let unit = 10f32.powf(reach.log10().floor()).max(f32::MIN_POSITIVE);
    let steps = [1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0];
    let most =
        steps.into_iter().map(|step| step * unit).find(|most| most.is_finite() && reach <= *most).unwrap_or(reach);
    [if low < 0.0 { -most } else { 0.0 }, most]
}

/// What a layer does.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerStatistics {
    /// Where it stands.
    pub place: Place,
    /// Of each quantity, in the order of [`Quantity::ALL`]; nothing where the layer has none, or one is not finite.
    distributions: [Option<Distribution>; 4],
    /// The share of units of a ReLU (channels of a convolution) that are zero for every sample, and everywhere in it.
    pub dead: Option<f64>,
    /// The share of activations of a tanh or sigmoid that are so near to an end that hardly any gradient passes.
    pub saturated: Option<f64>,
}

impl LayerStatistics {
    /// How a quantity is distributed.
    pub fn of(&self, quantity: Quantity) -> Option<&Distribution> {
        self.distributions[quantity as usize].as_ref()
    }
}

/// Some samples and what they are compared with.
pub struct Examples<'a> {
    /// As the network reads them, `[samples, input]`.
    pub inputs: &'a [f32],
    /// What its outputs are compared with.
    pub targets: Targets<'a>,
    /// How they are compared.
    pub loss: &'a LossSpec,
}

/// The statistics of every layer with these weights. The network computes as it does outside of training: nothing is dropped, and
/// batch normalization takes its moving averages. `before` holds weights of an earlier moment and how many steps lie between.
///
/// # Panics
/// If model, weights and samples do not belong to the inspection.
pub fn layer_statistics(
    inspection: &mut Inspection,
    model: &ModelSpec,
    weights: &Weights,
    examples: &Examples<'_>,
    before: Option<(&Weights, u64)>,
) -> Vec<LayerStatistics> {
    let Examples { inputs, targets, loss } = *examples;
    inspection.forward(weights, inputs);
    let scale = match targets {
        Targets::Classes(classes) => loss.scale(classes.iter().copied()),
        Targets::Numbers { .. } => 1.0 / targets.len() as f32,
    };
    let gradient = inspection.learn(weights, |outputs, grad| {
        loss.value_and_grad(outputs, targets, scale, grad);
    });
    let updates: Option<Vec<f32>> = before.filter(|(_, steps)| *steps > 0).map(|(before, steps)| {
        let pairs = weights.values().iter().zip(before.values());
        pairs.map(|(after, before)| (after - before) / steps as f32).collect()
    });
    let of = |(at, place): (usize, &Place)| {
        let within = |values: &[f32]| Distribution::of(&values[place.weights.clone()]);
        let values = inspection.values(at);
        let function = function_at(&model.layers, &place.path);
        LayerStatistics {
            place: place.clone(),
            distributions: [
                within(weights.values()),
                Distribution::of(values),
                within(&gradient),
                updates.as_deref().and_then(within),
            ],
            dead: (function == Some(Function::Relu)).then(|| dead(values, place.shape.channels())),
            saturated: function.and_then(|function| saturated(values, function)),
        }
    };
    inspection.places().iter().enumerate().skip(1).map(of).collect()
}

/// The share of channels that are zero everywhere, `[…, channels]`.
fn dead(values: &[f32], channels: usize) -> f64 {
    let mut is_alive = vec![false; channels];
    for values in values.chunks_exact(channels) {
        is_alive.iter_mut().zip(values).for_each(|(is_alive, value)| *is_alive |= *value != 0.0);
    }
    is_alive.iter().filter(|is_alive| !**is_alive).count() as f64 / channels as f64
}

fn saturated(values: &[f32], function: Function) -> Option<f64> {
    let is_saturated = |value: &&f32| match function {
        // σ(x) = (1 + tanh(x/2)) / 2.
        Function::Sigmoid => (2.0 * **value - 1.0).abs() > SATURATED,
        _ => value.abs() > SATURATED,
    };
    let has_ends = matches!(function, Function::Tanh | Function::Sigmoid);
    has_ends.then(|| values.iter().filter(is_saturated).count() as f64 / values.len().max(1) as f64)
}

/// The activation function of the layer at a path, if it has one.
fn function_at(layers: &[LayerSpec], path: &[usize]) -> Option<Function> {
    match layer_at(layers, path)? {
        LayerSpec::Dense(layer) => Some(layer.activation),
        LayerSpec::Conv1d(layer) => Some(layer.activation),
        LayerSpec::Conv2d(layer) => Some(layer.activation),
        LayerSpec::SeparableConv2d(layer) => Some(layer.activation),
        LayerSpec::ConvTranspose2d(layer) => Some(layer.activation),
        LayerSpec::Activation(layer) => Some(layer.function),
        LayerSpec::Rnn(_) => Some(Function::Tanh),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_counted_apart_and_bounds_are_round() {
        let found = Distribution::of(&[0.0, 0.0, -0.26, 0.1]).unwrap();
        assert_eq!((found.zeros, found.range), (0.5, [-0.3, 0.3]));
        assert_eq!(found.bins.iter().sum::<u32>(), 2);
        // 0.04 and 0.4 of the 0.6 between the bounds, in 50 bins.
        assert_eq!((found.bins[3], found.bins[33]), (1, 1));
        assert_eq!(Distribution::of(&[0.0; 3]).unwrap().bins, vec![0; BINS]);
        assert_eq!(Distribution::of(&[2.0, 3.0]).unwrap().range, [0.0, 3.0]);
        assert_eq!(Distribution::of(&[]), None);
        assert_eq!(Distribution::of(&[1.0, f32::NAN]), None);
        assert!(Distribution::of(&[1e-42, -3e38]).is_some_and(|found| found.range[1].is_finite()));
    }

    #[test]
    fn units_are_dead_and_activations_saturated_by_their_function() {
        // Two channels at three places: the second is never above zero.
        assert_eq!(dead(&[0.0, 0.0, 1.0, 0.0, 0.0, 0.0], 2), 0.5);
        assert_eq!(saturated(&[0.98, -0.98, 0.96, 0.0], Function::Tanh), Some(0.5));
        assert_eq!(saturated(&[0.99, 0.01, 0.98, 0.02], Function::Sigmoid), Some(0.5));
        assert_eq!(saturated(&[0.0], Function::Relu), None);
    }

    #[test]
    fn a_layer_in_a_block_is_found() {
        let layers = r#"[
            {"kind":"dense","units":3,"activation":"tanh"},
            {"kind":"residual","layers":[{"kind":"batch_norm"},{"kind":"activation","function":"relu"}]}
        ]"#;
        let layers: Vec<LayerSpec> = serde_json::from_str(layers).unwrap();
        assert_eq!(function_at(&layers, &[0]), Some(Function::Tanh));
        assert_eq!(function_at(&layers, &[1, 1]), Some(Function::Relu));
        assert_eq!(function_at(&layers, &[1]), None);
        assert_eq!(function_at(&layers, &[]), None);
    }
}
