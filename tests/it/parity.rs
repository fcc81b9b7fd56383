//! The engine held against PyTorch: outputs, losses, every gradient, and the losses along 20 optimiser steps.

use backprop_studio::nn::layer::Mode;
use backprop_studio::nn::{LayerSpec, Loss, ModelSpec, Network, Optimizer, OptimizerSpec, Shape, Weights, Workspace};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixtures {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    shape: Shape,
    layers: Vec<LayerSpec>,
    loss: Loss,
    inputs: Vec<f32>,
    labels: Vec<u8>,
    outputs: Vec<f32>,
    loss_value: f64,
    params: Vec<Param>,
    optimizers: std::collections::BTreeMap<String, Steps>,
}

#[derive(Deserialize)]
struct Param {
    name: String,
    dims: Vec<usize>,
    values: Vec<f32>,
    grad: Vec<f32>,
}

#[derive(Deserialize)]
struct Steps {
    learning_rate: f32,
    losses: Vec<f64>,
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

    /// One forward and backward pass; the mean loss.
    fn pass(&self, network: &Network, weights: &Weights, workspace: &mut Workspace) -> f64 {
        workspace.input_mut(self.labels.len()).copy_from_slice(&self.inputs);
        network.forward(weights, workspace, Mode::Train { seed: 0 });
        let (outputs, grad) = workspace.output_and_grad_mut();
        let scale = self.loss.scale(self.labels.iter().copied());
        let sum = self.loss.value_and_grad(outputs, &self.labels, scale, grad);
        let mut transposed = Vec::new();
        network.transpose(weights, &mut transposed);
        network.backward(weights, &transposed, workspace);
        sum.mean_loss()
    }

    fn describe(&self) -> String {
        let layers: Vec<_> = self.layers.iter().map(ToString::to_string).collect();
        format!("{} on {} with {:?}", layers.join(", "), self.shape, self.loss)
    }
}

fn cases() -> Vec<Case> {
    serde_json::from_str::<Fixtures>(include_str!("../fixtures/parity.json")).unwrap().cases
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
    for case in cases() {
        let (network, what) = (case.network(), case.describe());
        let (weights, mut workspace) = (case.weights(&network), Workspace::for_training(&network, case.labels.len()));
        let loss = case.pass(&network, &weights, &mut workspace);
        assert_close(&what, workspace.output(), &case.outputs, 1e-5);
        assert!(
            (loss - case.loss_value).abs() <= 1e-5 * case.loss_value.abs().max(0.1),
            "{what}: loss {loss}, PyTorch {}",
            case.loss_value
        );
        let gradient = network.gradient(&[workspace]);
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

#[test]
fn twenty_steps_of_every_optimizer_go_as_in_pytorch() {
    for case in cases() {
        for (rule, steps) in &case.optimizers {
            let network = case.network();
            let spec: OptimizerSpec = serde_json::from_value(serde_json::json!({ "rule": rule })).unwrap();
            let mut optimizer = Optimizer::new(spec, &network);
            let (mut weights, mut workspace) =
                (case.weights(&network), [Workspace::for_training(&network, case.labels.len())]);
            for (step, expected) in steps.losses.iter().enumerate() {
                let loss = case.pass(&network, &weights, &mut workspace[0]);
                let tolerance = 1e-4 * expected.abs().max(0.1);
                assert!(
                    (loss - expected).abs() <= tolerance,
                    "{}, {rule}, step {step}: {loss}, PyTorch {expected}",
                    case.describe()
                );
                optimizer.step(steps.learning_rate, &network, &mut weights, &workspace);
            }
        }
    }
}
