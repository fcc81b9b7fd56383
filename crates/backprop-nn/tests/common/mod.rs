//! What the tests of small models share whose numbers PyTorch gave: the fixtures, a pass of a batch, and how close numbers have to be.
#![allow(dead_code, reason = "each test is a program of its own, and none needs all of it")]

use std::collections::BTreeMap;

use backprop_nn::loss::LossSum;
use backprop_nn::optim::Updater;
use backprop_nn::trace::Trace;
use backprop_nn::{Batch, LayerSpec, LossSpec, ModelSpec, Network, OptimizerSpec, Shape, Targets, Weights, Workspace};
use serde::Deserialize;

/// Samples of a shard.
pub const SHARD: usize = 2;

const RATES: [(&str, &str, f32); 2] =
    [("adamw", r#"{"kind":"adamw","weight_decay":0.01}"#, 0.01), ("sgd", r#"{"kind":"sgd"}"#, 0.1)];

#[derive(Deserialize)]
pub struct Fixtures {
    pub cases: Vec<Case>,
}

/// A model that reads texts.
#[derive(Deserialize)]
pub struct Case {
    pub steps: usize,
    pub layers: Vec<LayerSpec>,
    pub inputs: Vec<f32>,
    /// One for each step, or one for each text.
    pub labels: Vec<u16>,
    pub outputs: Vec<f32>,
    pub loss: f64,
    pub params: Vec<Param>,
    pub optimizers: BTreeMap<String, Vec<f64>>,
}

#[derive(Deserialize)]
pub struct Param {
    pub name: String,
    pub dims: Vec<usize>,
    pub values: Vec<f32>,
    #[serde(default)]
    pub grad: Vec<f32>,
}

/// The text models of a file.
pub fn cases(file: &str) -> Vec<Case> {
    let fixtures: Fixtures = serde_json::from_str(file).unwrap();
    fixtures.cases
}

pub fn built(layers: &[LayerSpec], input: Shape) -> Network {
    let output = Trace::of(layers, input).output();
    ModelSpec { layers: layers.to_vec() }.build(input, output).unwrap()
}

pub fn weights(network: &Network, params: &[Param]) -> Weights {
    let find = |name: &str| {
        let param = params.iter().find(|param| param.name == name)?;
        Some((param.dims.clone(), param.values.clone()))
    };
    Weights::from_tensors(network.params(), params.len(), find).unwrap()
}

/// Room for so many samples.
pub fn batch(network: &Network, samples: usize) -> Batch {
    Batch::new(network, samples.div_ceil(SHARD), SHARD)
}

/// Forward and back through a batch, `[samples, input]`; the mean loss.
pub fn pass(network: &Network, weights: &mut Weights, batch: &mut Batch, inputs: &[f32], labels: &[u16]) -> f64 {
    let len = network.input().len();
    let each = labels.len() / (inputs.len() / len);
    let (loss, scale) = (LossSpec::default(), 1.0 / labels.len() as f32);
    let shards = inputs.chunks(SHARD * len).zip(labels.chunks(SHARD * each));
    let mut lanes: Vec<_> = shards.map(|(inputs, labels)| (inputs, labels, LossSum::default())).collect();
    let fill = |_: usize, (inputs, ..): &mut (&[f32], &[u16], LossSum), shard: &mut Workspace| {
        shard.input_mut(inputs.len() / len).copy_from_slice(inputs);
    };
    let judge = |(_, labels, sum): &mut (&[f32], &[u16], LossSum), outputs: &[f32], grad: &mut [f32]| {
        *sum = loss.value_and_grad(outputs, Targets::Classes(labels), scale, grad);
    };
    network.learn(weights, batch, &mut lanes, 0, fill, judge);
    lanes.iter().map(|lane| lane.2).fold(LossSum::default(), LossSum::plus).mean_loss()
}

pub fn outputs(batch: &Batch) -> Vec<f32> {
    batch.shards().iter().flat_map(Workspace::output).copied().collect()
}

/// Relative to the largest number of the expected ones, since single numbers may be close to zero.
pub fn assert_close(what: &str, got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-3f32, |largest, value| largest.max(value.abs()));
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!((got - expected).abs() <= tolerance * largest, "{what}, number {at}: {got}, not {expected}");
    }
}

impl Case {
    pub fn samples(&self) -> usize {
        self.inputs.len() / self.steps
    }

    pub fn describe(&self) -> String {
        self.layers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    pub fn start(&self) -> (Network, Weights, Batch) {
        let network = built(&self.layers, Shape::flat(self.steps));
        let (weights, batch) = (weights(&network, &self.params), batch(&network, self.samples()));
        (network, weights, batch)
    }

    pub fn pass(&self, network: &Network, weights: &mut Weights, batch: &mut Batch) -> f64 {
        pass(network, weights, batch, &self.inputs, &self.labels)
    }

    /// Outputs, in training and outside of it, loss and gradients are those of PyTorch. Gives the gradient.
    pub fn assert_pass(&self) -> Vec<f32> {
        let (what, (network, mut weights, mut batch)) = (self.describe(), self.start());
        let loss = self.pass(&network, &mut weights, &mut batch);
        assert_close(&what, &outputs(&batch), &self.outputs, 1e-5);
        assert!((loss - self.loss).abs() <= 1e-5 * self.loss, "{what}: loss {loss}, PyTorch {}", self.loss);
        let gradient = network.gradient(batch.shards());
        for (param, expected) in network.params().iter().zip(&self.params) {
            let what = format!("{what}, gradient of {}", param.name);
            assert_close(&what, &gradient[param.range.clone()], &expected.grad, 1e-4);
        }
        let mut workspace = network.inference_workspace(self.samples());
        workspace.input_mut(self.samples()).copy_from_slice(&self.inputs);
        network.infer(&weights, &mut workspace);
        assert_close(&format!("{what}, inferred"), workspace.output(), &self.outputs, 1e-5);
        gradient
    }

    /// The losses along the steps of each optimizer are those of PyTorch.
    pub fn assert_steps(&self) {
        for (name, optimizer, rate) in RATES {
            let (what, (network, mut weights, mut batch)) = (self.describe(), self.start());
            let optimizer: OptimizerSpec = serde_json::from_str(optimizer).unwrap();
            let mut updater = Updater::new(optimizer, &network);
            for (step, expected) in self.optimizers[name].iter().enumerate() {
                let loss = self.pass(&network, &mut weights, &mut batch);
                let is_close = (loss - expected).abs() <= 1e-4 * expected.max(0.1);
                assert!(is_close, "{what}, {name}, step {step}: {loss}, PyTorch {expected}");
                updater.step(rate, &network, &mut weights, batch.shards());
            }
        }
    }
}
