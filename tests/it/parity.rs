//! The engine held against PyTorch: outputs, losses, every gradient, and the losses along 20 optimiser steps.

use std::collections::BTreeMap;

use backprop_studio::nn::loss::{Blend, LossSum};
use backprop_studio::nn::optim::schedule::{Plateau, Schedule};
use backprop_studio::nn::optim::{Momentum, Regularization};
use backprop_studio::nn::{
    Answers, Batch, LayerSpec, Loss, ModelSpec, Network, Optimizer, OptimizerSpec, Shape, Weights, Workspace,
};
use backprop_studio::project::{Project, presets};
use backprop_studio::train::Training;
use backprop_studio::train::watch::Slower;
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixtures {
    variants: BTreeMap<String, Variant>,
    schedules: Vec<Course>,
    plateau: Reduced,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    shape: Shape,
    layers: Vec<LayerSpec>,
    loss: Loss,
    inputs: Vec<f32>,
    labels: Vec<u16>,
    outputs: Vec<f32>,
    loss_value: f64,
    params: Vec<Param>,
    optimizers: BTreeMap<String, Steps>,
    /// Losses by the name of a variant.
    variants: BTreeMap<String, Vec<f64>>,
}

#[derive(Deserialize)]
struct Param {
    name: String,
    dims: Vec<usize>,
    values: Vec<f32>,
    grad: Vec<f32>,
}

/// A rule with options, and what else is done to gradients and weights.
#[derive(Deserialize)]
struct Variant {
    optimizer: OptimizerSpec,
    regularization: Regularization,
    learning_rate: f32,
}

/// The learning rate at each step, as a share of the one that is set.
#[derive(Deserialize)]
struct Course {
    training: Training,
    factors: Vec<f32>,
}

/// The same after each epoch with its validation loss.
#[derive(Deserialize)]
struct Reduced {
    schedule: Plateau,
    losses: Vec<f32>,
    factors: Vec<f32>,
}

#[derive(Deserialize)]
struct Steps {
    learning_rate: f32,
    losses: Vec<f64>,
    /// What the network gives after the steps when it is used, if that is something else than while it trains.
    inferred: Option<Vec<f32>>,
}

impl Case {
    fn network(&self) -> Network {
        let model = ModelSpec { layers: self.layers.clone() };
        model.build(self.shape, self.outputs.len() / self.labels.len()).unwrap()
    }

    fn weights(&self, network: &Network) -> Weights {
        let find = |name: &str| {
            let param = self.params.iter().find(|param| param.name == name)?;
            Some((param.dims.clone(), param.values.clone()))
        };
        Weights::from_tensors(network, self.params.len(), find).unwrap()
    }

    fn batch(&self, network: &Network) -> Batch {
        Batch::new(network, self.labels.len().div_ceil(SHARD), SHARD)
    }

    /// One forward and backward pass; the mean loss.
    fn pass(&self, network: &Network, weights: &mut Weights, batch: &mut Batch) -> f64 {
        let scale = self.loss.scale(self.labels.iter().copied());
        let input = self.shape.len();
        let mut lanes: Vec<_> = self.labels.chunks(SHARD).map(|labels| (labels, LossSum::default())).collect();
        let fill = |index: usize, (labels, _): &mut (&[u16], LossSum), shard: &mut Workspace| {
            let inputs = &self.inputs[index * SHARD * input..][..labels.len() * input];
            shard.input_mut(labels.len()).copy_from_slice(inputs);
        };
        let judge = |(labels, sum): &mut (&[u16], LossSum), outputs: &[f32], grad: &mut [f32]| {
            *sum = self.loss.value_and_grad(outputs, Answers::Classes(labels), scale, grad);
        };
        network.learn(weights, batch, &mut lanes, 0, fill, judge);
        lanes.iter().map(|(_, sum)| *sum).fold(LossSum::default(), LossSum::plus).mean_loss()
    }

    fn describe(&self) -> String {
        let layers: Vec<_> = self.layers.iter().map(ToString::to_string).collect();
        format!("{} on {} with {:?}", layers.join(", "), self.shape, self.loss)
    }
}

/// The five samples of a case go through the network in shards of this many.
const SHARD: usize = 2;

fn fixtures() -> Fixtures {
    serde_json::from_str(include_str!("../fixtures/parity.json")).unwrap()
}

/// Relative to the largest number of the expected ones, since single numbers may be close to zero.
fn assert_close(what: &str, got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-3f32, |largest, value| largest.max(value.abs()));
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!((got - expected).abs() <= tolerance * largest, "{what}, number {at}: {got}, PyTorch {expected}");
    }
}

#[test]
fn outputs_losses_and_gradients_are_those_of_pytorch() {
    for case in fixtures().cases {
        let (network, what) = (case.network(), case.describe());
        let (mut weights, mut batch) = (case.weights(&network), case.batch(&network));
        let loss = case.pass(&network, &mut weights, &mut batch);
        let outputs = batch.shards().iter().flat_map(Workspace::output).copied().collect::<Vec<_>>();
        assert_close(&what, &outputs, &case.outputs, 1e-5);
        assert!(
            (loss - case.loss_value).abs() <= 1e-5 * case.loss_value.abs().max(0.1),
            "{what}: loss {loss}, PyTorch {}",
            case.loss_value
        );
        let gradient = network.gradient(batch.shards());
        for (param, expected) in network.params().iter().zip(&case.params) {
            assert_close(
                &format!("{what}, gradient of {}", param.name),
                &gradient[param.range.clone()],
                &expected.grad,
                1e-4,
            );
        }
    }
}

impl Case {
    /// Takes the steps of an optimiser and holds the losses on the way, and that of the moving average after them if
    /// there is one, against PyTorch's.
    fn assert_steps(&self, name: &str, optimizer: Optimizer, learning_rate: f32, expected: &[f64]) -> Weights {
        self.assert_steps_from(self.weights(&self.network()), name, optimizer, learning_rate, expected)
    }

    fn assert_steps_from(
        &self,
        mut weights: Weights,
        name: &str,
        mut optimizer: Optimizer,
        learning_rate: f32,
        expected: &[f64],
    ) -> Weights {
        let network = self.network();
        let mut batch = self.batch(&network);
        let assert_loss = |step: usize, loss: f64| {
            let tolerance = 1e-4 * expected[step].abs().max(0.1);
            let (case, expected) = (self.describe(), expected[step]);
            assert!((loss - expected).abs() <= tolerance, "{case}, {name}, step {step}: {loss}, PyTorch {expected}");
        };
        // Fewer where the direction of a step would be decided by rounding.
        for step in 0..expected.len().min(20) {
            assert_loss(step, self.pass(&network, &mut weights, &mut batch));
            optimizer.step(learning_rate, &network, &mut weights, batch.shards());
        }
        assert_eq!(optimizer.average().is_some(), expected.len() == 21);
        if let Some(average) = optimizer.average() {
            assert_loss(20, self.pass(&network, &mut average.clone(), &mut batch));
        }
        weights
    }
}

#[test]
fn twenty_steps_of_every_optimizer_go_as_in_pytorch() {
    for case in fixtures().cases {
        for (rule, steps) in &case.optimizers {
            let spec: OptimizerSpec = serde_json::from_value(serde_json::json!({ "rule": rule })).unwrap();
            let optimizer = Optimizer::new(spec, &case.network());
            let weights = case.assert_steps(rule, optimizer, steps.learning_rate, &steps.losses);
            if let Some(expected) = &steps.inferred {
                let network = case.network();
                let mut workspace = Workspace::for_inference(&network, case.labels.len());
                workspace.input_mut(case.labels.len()).copy_from_slice(&case.inputs);
                network.infer(&weights, &mut workspace);
                assert_close(&format!("{}, used after {rule}", case.describe()), workspace.output(), expected, 1e-4);
            }
        }
    }
}

#[test]
fn options_clipping_penalties_and_averages_go_as_in_pytorch() {
    let Fixtures { cases, variants, .. } = fixtures();
    for spec in OptimizerSpec::all() {
        let label = spec.as_rule().label();
        let is_listed = |spec: &OptimizerSpec| spec.as_rule().label() == label;
        assert!(variants.values().any(|variant| is_listed(&variant.optimizer)), "{label} is not held against PyTorch");
    }
    for case in cases {
        assert_eq!(case.variants.len(), variants.len());
        for (name, losses) in &case.variants {
            let Variant { optimizer, regularization, learning_rate } = &variants[name];
            let optimizer = Optimizer::new(optimizer.clone(), &case.network()).regularized(regularization.clone());
            case.assert_steps(name, optimizer, *learning_rate, losses);
        }
    }
}

#[test]
fn learning_rates_go_as_in_pytorch() {
    let Fixtures { schedules, plateau, .. } = fixtures();
    for schedule in Schedule::all().iter().filter(|schedule| !matches!(schedule, Schedule::Plateau(_))) {
        let same = |other: &Schedule| std::mem::discriminant(other) == std::mem::discriminant(schedule);
        assert!(schedules.iter().any(|course| same(&course.training.schedule)), "{schedule:?} is not held");
    }
    for Course { training, factors } in schedules {
        for (step, expected) in factors.iter().enumerate() {
            let got = training.rate_factor(step as f32 / factors.len() as f32);
            let what = (training.schedule, training.warmup, step);
            assert!((got - expected).abs() <= 2e-6, "{what:?}: {got}, PyTorch {expected}");
        }
    }
    let mut slower = Slower::new(plateau.schedule);
    for (epoch, (loss, expected)) in plateau.losses.iter().zip(&plateau.factors).enumerate() {
        slower.see(*loss);
        assert!((slower.factor - expected).abs() <= 1e-6, "epoch {epoch}: {}, PyTorch {expected}", slower.factor);
    }
}

/// A loss of outputs and target numbers.
#[derive(Deserialize)]
struct NumberCase {
    loss: Loss,
    width: usize,
    outputs: Vec<f32>,
    targets: Vec<f32>,
    value: f64,
    grad: Vec<f32>,
}

#[test]
fn losses_of_target_numbers_are_those_of_pytorch() {
    let cases: Vec<NumberCase> = serde_json::from_str(include_str!("../fixtures/targets.json")).unwrap();
    for loss in Loss::all().into_iter().filter(Loss::takes_numbers) {
        assert!(cases.iter().any(|case| case.loss.name() == loss.name()), "{loss:?} is not held against PyTorch");
    }
    for NumberCase { loss, width, outputs, targets, value, grad: expected } in cases {
        let answers = Answers::Numbers { width, values: &targets };
        let mut grad = vec![f32::NAN; outputs.len()];
        let sum = loss.value_and_grad(&outputs, answers, 1.0 / answers.len() as f32, &mut grad);
        assert!((sum.mean_loss() - value).abs() <= 1e-6 * value, "{loss:?}: {}, PyTorch {value}", sum.mean_loss());
        assert_close(&format!("{loss:?}, {width} targets"), &grad, &expected, 1e-5);
    }
}

#[derive(Deserialize)]
struct PresetLosses {
    losses: BTreeMap<String, Vec<f64>>,
}

/// As in `tests/fixtures/presets.py`.
fn pattern(samples: usize, len: usize) -> Vec<f32> {
    let place = |i: usize, j: usize| (131 * i + 17 * j * j + i * j) % 256;
    (0..samples).flat_map(|i| (0..len).map(move |j| place(i, j) as f32 / 255.0)).collect()
}

#[test]
fn twenty_steps_of_every_preset_go_as_in_pytorch() {
    let found: PresetLosses = serde_json::from_str(include_str!("../fixtures/presets.json")).unwrap();
    assert_eq!(found.losses.len(), presets::image_readers().len());
    for (name, expected) in found.losses {
        let Project { mut model, training, .. } = Project::find(&name).unwrap();
        for layer in &mut model.layers {
            if let LayerSpec::Dropout(dropout) = layer {
                dropout.rate = 0.0;
            }
        }
        let case = Case {
            shape: Shape::image(28, 28, 1),
            layers: model.layers,
            loss: training.loss,
            inputs: pattern(12, 28 * 28),
            labels: (0..12).map(|sample| sample % 10).collect(),
            outputs: vec![0.0; 120],
            loss_value: expected[0],
            params: Vec::new(),
            optimizers: BTreeMap::new(),
            variants: BTreeMap::new(),
        };
        let optimizer = Optimizer::new(OptimizerSpec::Momentum(Momentum::default()), &case.network());
        let weights = Weights::new(&case.network(), 3);
        case.assert_steps_from(weights, &name, optimizer, 0.002, &expected);
    }
}

/// Outputs of samples that were blended in pairs, their classes, and the share that each has kept.
#[derive(Deserialize)]
struct BlendCase {
    loss: Loss,
    shares: Vec<f32>,
    classes: Vec<u16>,
    outputs: Vec<f32>,
    value: f64,
    grad: Vec<f32>,
}

/// An odd number of samples, so that the last one has nobody to be blended with.
#[test]
fn the_loss_of_blended_samples_is_that_of_pytorch() {
    let cases: Vec<BlendCase> = serde_json::from_str(include_str!("../fixtures/mix_up.json")).unwrap();
    for BlendCase { loss, shares, classes, outputs, value, grad: expected } in cases {
        let mut grad = vec![f32::NAN; outputs.len()];
        let mut scratch = vec![f32::NAN; outputs.len() / classes.len()];
        let (scale, blend) = (loss.scale(classes.iter().copied()), Blend { shares: &shares, scratch: &mut scratch });
        let sum = loss.blended_value_and_grad(&outputs, Answers::Classes(&classes), blend, scale, &mut grad);
        assert!((sum.mean_loss() - value).abs() <= 1e-6 * value, "{loss:?}: {}, PyTorch {value}", sum.mean_loss());
        assert_close(&format!("{loss:?}, blended"), &grad, &expected, 1e-5);
    }
}
