//! Finite differences for whole networks, whose batch is cut into several shards.

use rand::RngExt as _;

use super::*;
use crate::init::stream;
use crate::layers::{
    Activation, BatchEnsemble, BatchNorm, Conv2d, Dense, Dropout, EnsembleMean, Flatten, Function, MultiHeadAttention,
    Repeat, Residual,
};
use crate::{LayerSpec, ModelSpec, Shape};

const SHARD: usize = 3;
pub const OUTPUTS: usize = 4;

pub fn numbers(len: usize, purpose: u64) -> Vec<f32> {
    let mut rng = stream(3, purpose);
    (0..len).map(|_| rng.random_range(-1.0..1.0)).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// A network and a batch that is cut into shards of three samples.
pub struct Check {
    pub network: Network,
    inputs: Vec<f32>,
    samples: usize,
}

impl Check {
    pub fn new(layers: Vec<LayerSpec>, shape: Shape, samples: usize) -> Self {
        let network = ModelSpec { layers }.build(shape, OUTPUTS).unwrap();
        Self { network, inputs: numbers(samples * shape.len(), 1), samples }
    }

    pub fn weights(&self) -> Weights {
        let mut weights = self.network.init_weights(5);
        let noise = numbers(weights.values().len(), 2);
        weights.values_mut().iter_mut().zip(noise).for_each(|(weight, noise)| *weight += 0.1 * noise);
        weights
    }

    /// Runs the batch; gives its outputs and leaves the gradient of `covector · outputs`.
    pub fn learn(&self, weights: &mut Weights, batch: &mut Batch, covector: &[f32]) -> Vec<f32> {
        let input = self.network.input().len();
        let mut lanes: Vec<_> = covector.chunks(SHARD * OUTPUTS).map(|covector| (covector, Vec::new())).collect();
        let fill = |index: usize, (covector, _): &mut (&[f32], Vec<f32>), shard: &mut Workspace| {
            let samples = covector.len() / OUTPUTS;
            shard.input_mut(samples).copy_from_slice(&self.inputs[index * SHARD * input..][..samples * input]);
        };
        let judge = |(covector, found): &mut (&[f32], Vec<f32>), outputs: &[f32], grad: &mut [f32]| {
            grad.copy_from_slice(covector);
            *found = outputs.to_vec();
        };
        self.network.learn(weights, batch, &mut lanes, 7, fill, judge);
        lanes.into_iter().flat_map(|(_, outputs)| outputs).collect()
    }

    pub fn batch(&self) -> Batch {
        Batch::new(&self.network, self.samples.div_ceil(SHARD), SHARD)
    }

    /// Panics if the gradient of the whole batch is not the slope that finite differences find.
    fn assert_slopes(&self, what: &str) {
        let (mut batch, weights) = (self.batch(), self.weights());
        let covector = numbers(self.samples * OUTPUTS, 3);
        self.learn(&mut weights.clone(), &mut batch, &covector);
        let gradient = self.network.gradient(batch.shards());
        for purpose in 10..14 {
            let direction = numbers(gradient.len(), purpose);
            let mut at = |by: f32| {
                let mut weights = weights.clone();
                let moved = weights.values_mut().iter_mut().zip(&direction);
                moved.for_each(|(weight, direction)| *weight += by * direction);
                dot(&self.learn(&mut weights, &mut batch, &covector), &covector)
            };
            let (slope, predicted) = ((at(1e-3) - at(-1e-3)) / 2e-3, dot(&gradient, &direction));
            let scale = dot(&gradient, &gradient).sqrt() + 1.0;
            assert!((slope - predicted).abs() < 5e-3 * scale, "{what}: slope {slope}, gradient {predicted}");
        }
    }
}

pub fn dense(units: usize) -> LayerSpec {
    Dense::new(units, Function::Tanh).into()
}

pub fn norm() -> LayerSpec {
    BatchNorm::default().into()
}

fn members() -> LayerSpec {
    BatchEnsemble { members: 3, ..BatchEnsemble::default() }.into()
}

pub fn head() -> LayerSpec {
    Dense::new(OUTPUTS, Function::Linear).into()
}

pub fn block(layers: Vec<LayerSpec>) -> LayerSpec {
    Residual { layers }.into()
}

/// Blocks of steps of 16 numbers whose last layers add what entered, but for the outer one.
pub fn additions() -> LayerSpec {
    let (linear, attention) = (LayerSpec::from(Dense::new(16, Function::Linear)), MultiHeadAttention::default().into());
    block(vec![block(vec![linear.clone()]), block(vec![attention]), block(vec![dense(9), linear])])
}

fn repeat(layers: Vec<LayerSpec>) -> LayerSpec {
    Repeat { times: 3, layers }.into()
}

fn stacks() -> Vec<(Vec<LayerSpec>, Shape)> {
    let (flat, image) = (Shape::flat(7), Shape::image(5, 4, 2));
    let conv = || LayerSpec::from(Conv2d { filters: 3, activation: Function::Tanh, ..Conv2d::default() });
    vec![
        (vec![dense(6), norm(), head()], flat),
        (vec![norm(), dense(6), norm(), norm(), head()], flat),
        (vec![dense(5), head(), norm()], flat),
        (vec![norm(), conv(), norm(), Flatten {}.into(), head()], image),
        (vec![dense(5), norm(), Dropout { rate: 0.4 }.into(), dense(6), norm(), head()], flat),
        (vec![dense(6), norm(), Flatten {}.into(), head()], Shape::steps(3, 5)),
        (vec![dense(6), members(), dense(5), norm(), members(), head(), EnsembleMean {}.into()], flat),
        (vec![members(), dense(6), EnsembleMean {}.into(), head()], flat),
    ]
}

#[test]
fn gradients_are_the_slopes_of_the_whole_batch_in_several_shards() {
    for (layers, shape) in stacks() {
        let what = format!("{layers:?}");
        Check::new(layers, shape, 8).assert_slopes(&what);
    }
}

/// Residual blocks at the beginning, at the end and nested, some with batch normalization and dropout inside.
fn blocks() -> Vec<(Vec<LayerSpec>, Shape)> {
    let (flat, image, steps) = (Shape::flat(7), Shape::image(5, 4, 2), Shape::steps(3, 5));
    // Finite differences mean nothing across the kink of its ReLU.
    let around = |shape| {
        let mut block = Residual::around(shape);
        block.layers[2] = Activation { function: Function::Tanh }.into();
        LayerSpec::from(block)
    };
    let dropout = || LayerSpec::from(Dropout { rate: 0.4 });
    vec![
        (vec![block(vec![dense(7)]), head()], flat),
        (vec![dense(6), block(vec![dense(9), dense(6)]), block(vec![dense(6)]), head()], flat),
        (
            vec![dense(6), block(vec![block(vec![dense(6)]), dense(6), block(vec![block(vec![dense(6)])])]), head()],
            flat,
        ),
        (vec![dense(6), block(vec![Flatten {}.into()]), dense(5), head(), block(vec![head()])], flat),
        (
            vec![dense(6), block(vec![norm(), dropout(), block(vec![dropout(), dense(6), norm()])]), norm(), head()],
            flat,
        ),
        (vec![block(vec![norm(), block(vec![norm()])]), around(image), Flatten {}.into(), head()], image),
        (vec![dense(5), around(steps), Flatten {}.into(), head()], steps),
        (vec![repeat(vec![norm(), dropout(), block(vec![dense(5), dense(7)])]), head()], flat),
        (vec![dense(6), block(vec![repeat(vec![block(vec![dense(6)]), dense(6)])]), head()], flat),
        (vec![additions(), Flatten {}.into(), head()], Shape::steps(3, 16)),
    ]
}

#[test]
fn gradients_reach_every_weight_in_and_before_residual_blocks() {
    for (layers, shape) in blocks() {
        let what = format!("{layers:?}");
        Check::new(layers, shape, 8).assert_slopes(&what);
    }
}
