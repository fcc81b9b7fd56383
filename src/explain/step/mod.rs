//! One step of training, taken apart: a batch runs forward layer by layer, the loss compares, the gradient runs back, and the
//! optimizer moves the weights. All numbers are the engine's; nothing that is looked at changes.

mod change;
mod unit;
mod walk;

use std::ops::Range;

use backprop_nn::batch::inspection::Place;
use backprop_nn::layers::Function;
use backprop_nn::optim::{Regularization, UpdaterState};
use backprop_nn::spec::{Misfit, layer_at};
use backprop_nn::weights::Param;
use backprop_nn::{Inspection, LayerSpec, LossSpec, ModelSpec, OptimizerSpec, Shape, Targets, Weights};

pub use change::Change;
pub use unit::{Line, Unit};
pub use walk::{Detail, Position, Stage, Walk};

/// Units of a layer, and changes of its weights, that are followed one by one; of more the largest are.
pub const SHOWN: usize = 12;

/// What takes a step, and on what.
pub struct Setup<'a> {
    /// The layers.
    pub model: &'a ModelSpec,
    /// The weights before the step.
    pub weights: &'a Weights,
    /// The shape of a sample.
    pub input: Shape,
    /// The batch as the network reads it, `[samples, input]`.
    pub inputs: &'a [f32],
    /// What the outputs are compared with.
    pub targets: Targets<'a>,
    /// How they are compared.
    pub loss: &'a LossSpec,
    /// What moves the weights.
    pub optimizer: &'a OptimizerSpec,
    /// What limits gradients and weights.
    pub regularization: &'a Regularization,
    /// What the optimizer remembers; nothing if it begins anew.
    pub memory: Option<&'a UpdaterState>,
    /// η
    pub learning_rate: f32,
    /// Of what is random in the step; nothing if dropout and noise are off.
    pub seed: Option<u64>,
    /// The sample of the batch that is followed.
    pub sample: usize,
}

/// A layer in the step.
#[derive(Clone, Debug)]
pub struct LayerStep {
    /// Position of the layer in the stack, inside a block of that the position in the block, and so on.
    pub path: Vec<usize>,
    /// What it is called.
    pub label: &'static str,
    /// What it computes.
    pub formula: &'static str,
    /// Its activation function, if it has one.
    pub function: Option<Function>,
    /// The place of its sums; without an activation function they are what it gives.
    pub sums: usize,
    /// The place of what it gives.
    pub gives: usize,
    /// The units that are followed one by one, in their order.
    pub units: Vec<Unit>,
    /// Where its trained weights lie.
    pub weights: Range<usize>,
    /// The weights whose change is followed one by one, those with the largest gradients, in their order.
    pub changes: Vec<Change>,
}

/// Everything that a step has computed.
pub struct Step {
    /// The input, and what each layer gives; the sums of a layer with an activation function have a place of their own before.
    pub places: Vec<Place>,
    /// Of the sample that is followed, what each place holds.
    pub values: Vec<Vec<f32>>,
    /// The gradient of its own loss by each of these; nothing after the members of an ensemble, which learn each on its own.
    pub gradients: Vec<Vec<f32>>,
    /// The layers in the order in which they run.
    pub layers: Vec<LayerStep>,
    /// Samples of the batch.
    pub samples: usize,
    /// The target of the sample: its class, or numbers.
    pub target: Target,
    /// Its outputs as the loss reads them: the probability of every class, or predictions.
    pub predictions: Vec<f32>,
    /// Its own loss.
    pub sample_loss: f64,
    /// The mean loss of the batch, and that with the new weights.
    pub losses: [f64; 2],
    /// The gradient of the loss of the sample by every weight.
    pub sample_gradient: Vec<f32>,
    /// The gradient of the mean loss of the batch.
    pub gradient: Vec<f32>,
    /// The same as the optimizer got it, clipped and with penalties.
    pub used: Vec<f32>,
    /// What the optimizer remembers of every weight, before the step and after it, by the names of its formula.
    pub memory: [Vec<Vec<f32>>; 2],
    /// The weights before the step and after it.
    pub weights: [Weights; 2],
    /// Which step of the optimizer it is, counted from 1.
    pub number: u64,
    /// η
    pub learning_rate: f32,
}

/// What a sample's outputs are compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// The position of its class.
    Class(usize),
    /// A number for each output.
    Numbers(Vec<f32>),
}

impl Step {
    /// Takes the step on a copy of the weights.
    ///
    /// # Panics
    /// If model, weights and samples do not belong together.
    pub fn take(setup: &Setup<'_>) -> Result<Self, Misfit> {
        let Setup { weights, inputs, targets, loss, learning_rate, sample, .. } = *setup;
        let still;
        let model = match setup.seed {
            Some(_) => setup.model,
            None => {
                still = ModelSpec { layers: setup.model.layers.iter().map(without_chance).collect() };
                &still
            }
        };
        let (seed, samples) = (setup.seed.unwrap_or_default(), targets.len());
        let width = outputs(model, setup.input);
        let mut inspection = Inspection::training(model, setup.input, width)?;

        // Its own loss alone: the gradient of all others is zero.
        let mut copy = weights.clone();
        inspection.forward_training(&mut copy, inputs, seed);
        let own = target(targets, sample);
        let sample_gradient = inspection.learn(&copy, |outputs, gradient| {
            gradient.fill(0.0);
            let row = sample * width..(sample + 1) * width;
            own.compare(loss, &outputs[row.clone()], Some(&mut gradient[row]));
        });
        let of_sample = |numbers: &[f32]| match numbers.len() / samples {
            0 => Vec::new(),
            len => numbers[sample * len..(sample + 1) * len].to_vec(),
        };
        let places = inspection.places().to_vec();
        let values: Vec<_> = (0..places.len()).map(|at| of_sample(inspection.values(at))).collect();
        let gradients: Vec<_> = (0..places.len()).map(|at| of_sample(inspection.gradient(at))).collect();
        let mut predictions = of_sample(inspection.outputs());
        let sample_loss = own.compare(loss, &predictions, None);
        match &own {
            Target::Class(_) => loss.probabilities(&mut predictions),
            Target::Numbers(_) => loss.predictions(&mut predictions),
        }

        // Once more, since a backward pass may work in what the forward pass has left.
        let mut after = weights.clone();
        inspection.forward_training(&mut after, inputs, seed);
        let before = loss.value(inspection.outputs(), targets).mean_loss();
        let scale = scale(loss, targets);
        let gradient = inspection.learn(&after, |outputs, gradient| {
            loss.value_and_grad(outputs, targets, scale, gradient);
        });
        let regularization = Regularization { average: 0.0, ..setup.regularization.clone() };
        let mut updater = inspection.updater(setup.optimizer.clone()).regularized(regularization);
        let number = setup.memory.filter(|memory| inspection.restore(&mut updater, memory)).map_or(1, |it| it.step + 1);
        let remembered = inspection.memory(&updater);
        inspection.update(&mut updater, learning_rate, &mut after);
        let memory = [remembered, inspection.memory(&updater)];
        let used = updater.gradient().to_vec();
        inspection.forward_training(&mut after.clone(), inputs, seed);
        let losses = [before, loss.value(inspection.outputs(), targets).mean_loss()];

        let mut step = Self {
            places,
            values,
            gradients,
            layers: Vec::new(),
            samples,
            target: own,
            predictions,
            sample_loss,
            losses,
            sample_gradient,
            gradient,
            used,
            memory,
            weights: [weights.clone(), after],
            number,
            learning_rate,
        };
        let params: Vec<_> = (0..step.places.len()).map(|at| inspection.params(at).to_vec()).collect();
        step.layers = layers(&step, &model.layers, &params);
        Ok(step)
    }

    /// The shape of what a layer gives.
    pub fn shape_of(&self, layer: &LayerStep) -> Shape {
        self.places[layer.gives].shape
    }

    /// Whether the layer is the last.
    pub fn is_last(&self, layer: &LayerStep) -> bool {
        layer.gives + 1 == self.places.len()
    }
}

impl Target {
    /// The loss of outputs against it, and its gradient.
    fn compare(&self, loss: &LossSpec, outputs: &[f32], gradient: Option<&mut [f32]>) -> f64 {
        let compared = |targets| match gradient {
            Some(gradient) => loss.value_and_grad(outputs, targets, 1.0, gradient).loss,
            None => loss.value(outputs, targets).loss,
        };
        match self {
            Self::Class(class) => compared(Targets::Classes(&[*class as u16])),
            Self::Numbers(values) => compared(Targets::Numbers { width: values.len(), values }),
        }
    }

    /// What the output at this position is to become.
    pub fn of_output(&self, at: usize) -> f32 {
        match self {
            Self::Class(class) => f32::from(u8::from(at == *class)),
            Self::Numbers(values) => values.get(at).copied().unwrap_or(f32::NAN),
        }
    }
}

fn target(targets: Targets<'_>, sample: usize) -> Target {
    match targets {
        Targets::Classes(classes) => Target::Class(usize::from(classes[sample])),
        Targets::Numbers { width, values } => Target::Numbers(values[sample * width..(sample + 1) * width].to_vec()),
    }
}

/// What the gradient of each sample is multiplied with for that of the mean.
fn scale(loss: &LossSpec, targets: Targets<'_>) -> f32 {
    match targets {
        Targets::Classes(classes) => loss.scale(classes.iter().copied()),
        Targets::Numbers { .. } => 1.0 / targets.len() as f32,
    }
}

fn outputs(model: &ModelSpec, input: Shape) -> usize {
    model.trace(input, 1).output().len()
}

/// The layer with what is random in it turned off.
fn without_chance(layer: &LayerSpec) -> LayerSpec {
    let mut layer = layer.clone();
    match &mut layer {
        LayerSpec::Dropout(layer) => layer.rate = 0.0,
        LayerSpec::SpatialDropout(layer) => layer.rate = 0.0,
        LayerSpec::GaussianNoise(layer) => layer.deviation = 0.0,
        _ => {}
    }
    if let Some(inside) = layer.inside_mut() {
        inside.iter_mut().for_each(|layer| *layer = without_chance(layer));
    }
    layer
}

/// Whether a step through these layers is random: dropout or noise.
pub fn has_chance(layers: &[LayerSpec]) -> bool {
    layers.iter().any(|layer| match layer.inside() {
        Some(inside) => has_chance(inside),
        None => without_chance(layer) != *layer,
    })
}

/// The places, layer by layer.
fn layers(step: &Step, specs: &[LayerSpec], params: &[Vec<Param>]) -> Vec<LayerStep> {
    let mut layers: Vec<LayerStep> = Vec::new();
    for (at, place) in step.places.iter().enumerate().skip(1) {
        match (layers.last_mut(), place.function) {
            (Some(layer), Some(function)) => (layer.gives, layer.function) = (at, Some(function)),
            _ => layers.push(LayerStep {
                path: place.path.clone(),
                label: place.label,
                formula: layer_at(specs, &place.path).map_or("", |spec| spec.about().formula),
                function: None,
                sums: at,
                gives: at,
                units: Vec::new(),
                weights: place.weights.clone(),
                changes: change::changes(step, place.weights.clone(), &params[at]),
            }),
        }
    }
    let units: Vec<_> = (0..layers.len()).map(|at| unit::units(step, &layers, at, specs, params)).collect();
    for (layer, units) in layers.iter_mut().zip(units) {
        layer.units = units;
    }
    layers
}

/// The positions of the largest numbers, `most` of them at most, in their order.
fn largest(count: usize, most: usize, size: impl Fn(usize) -> f32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    if count > most {
        order.select_nth_unstable_by(most, |one, other| size(*other).total_cmp(&size(*one)));
        order.truncate(most);
        order.sort_unstable();
    }
    order
}
