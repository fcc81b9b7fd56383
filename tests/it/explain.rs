//! What matters in a sample for an output of a network, and what its layers do, as PyTorch's gradients give it.

use backprop_nn::{Inspection, LayerSpec, LossSpec, ModelSpec, Shape, Targets, Weights};
use backprop_studio::explain::layer_statistics::{Distribution, Examples, Quantity, layer_statistics};
use backprop_studio::explain::relevance::{Method, relevance};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixtures {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    shape: Shape,
    layers: Vec<LayerSpec>,
    output: usize,
    sample: Vec<f32>,
    outputs: Vec<f32>,
    params: Vec<Param>,
    relevance: Relevance,
}

#[derive(Deserialize)]
struct Param {
    values: Vec<f32>,
}

#[derive(Deserialize)]
struct Relevance {
    gradient_times_input: Vec<f32>,
    integrated_gradients: Vec<f32>,
    occlusion: Vec<f32>,
    grad_cam: Vec<f32>,
}

#[test]
fn what_matters_is_what_pytorchs_gradients_say() {
    let fixtures: Fixtures = serde_json::from_str(include_str!("../fixtures/explain.json")).unwrap();
    for Case { shape, layers, output, sample, outputs, params, relevance: wanted } in fixtures.cases {
        let model = ModelSpec { layers };
        let network = model.build(shape, outputs.len()).unwrap();
        let mut weights: Weights = network.init_weights(1);
        let values: Vec<f32> = params.into_iter().flat_map(|param| param.values).collect();
        weights.values_mut().copy_from_slice(&values);
        let mut inspection = Inspection::new(&model, shape, outputs.len()).unwrap();
        inspection.forward(&weights, &sample);
        assert_close("outputs", inspection.outputs(), &outputs);
        for (method, wanted) in [
            (Method::GradientTimesInput, &wanted.gradient_times_input),
            (Method::IntegratedGradients, &wanted.integrated_gradients),
            (Method::Occlusion, &wanted.occlusion),
            (Method::GradCam, &wanted.grad_cam),
        ] {
            assert_close(method.label(), &relevance(&mut inspection, &weights, &sample, output, method), wanted);
        }
    }
}

#[derive(Deserialize)]
struct LayerFixtures {
    cases: Vec<LayerCase>,
}

#[derive(Deserialize)]
struct LayerCase {
    shape: Shape,
    layers: Vec<LayerSpec>,
    inputs: Vec<f32>,
    classes: Vec<u16>,
    params: Vec<Param>,
    found: Vec<LayerFixture>,
}

#[derive(Deserialize)]
struct LayerFixture {
    layer: usize,
    mean: f64,
    std: f64,
    zeros: f64,
    dead: Option<f64>,
    saturated: Option<f64>,
    weights: Option<f64>,
    gradient: Option<f64>,
}

#[test]
fn what_layers_do_is_what_pytorch_and_numpy_say() {
    let fixtures: LayerFixtures = serde_json::from_str(include_str!("../fixtures/layer_statistics.json")).unwrap();
    for LayerCase { shape, layers, inputs, classes, params, found: wanted } in fixtures.cases {
        let model = ModelSpec { layers };
        let mut weights = model.build(shape, 3).unwrap().init_weights(1);
        let values: Vec<f32> = params.into_iter().flat_map(|param| param.values).collect();
        weights.values_mut().copy_from_slice(&values);
        // Four steps ago every weight was greater by one.
        let mut before = weights.clone();
        before.values_mut().iter_mut().for_each(|weight| *weight += 1.0);
        let mut inspection = Inspection::new(&model, shape, 3).unwrap();
        let (targets, loss) = (Targets::Classes(&classes), &LossSpec::default());
        let examples = Examples { inputs: &inputs, targets, loss };
        let found = layer_statistics(&mut inspection, &model, &weights, &examples, Some((&before, 4)));
        assert_eq!(found.len(), wanted.len());
        for (found, wanted) in found.iter().zip(&wanted) {
            assert_eq!(found.place.path, [wanted.layer]);
            let activations = found.of(Quantity::Activations).unwrap();
            for (what, found, wanted) in [
                ("mean", Some(activations.mean), Some(wanted.mean)),
                ("std", Some(activations.std), Some(wanted.std)),
                ("zeros", Some(activations.zeros), Some(wanted.zeros)),
                ("dead", found.dead, wanted.dead),
                ("saturated", found.saturated, wanted.saturated),
                ("weights", found.of(Quantity::Weights).map(|it| it.norm), wanted.weights),
                ("gradient", found.of(Quantity::Gradients).map(|it| it.norm), wanted.gradient),
                ("update", found.of(Quantity::Updates).map(|it| it.mean), wanted.weights.map(|_| -0.25)),
            ] {
                assert_eq!(found.is_some(), wanted.is_some(), "{what}");
                let (found, wanted) = (found.unwrap_or_default(), wanted.unwrap_or_default());
                assert!((found - wanted).abs() < 1e-4 * (1e-2 + wanted.abs()), "{what}: {found} {wanted}");
            }
            let counted = |it: &Distribution| f64::from(it.bins.iter().sum::<u32>()) / (1.0 - it.zeros).max(1e-9);
            let values = found.place.shape.len() * classes.len();
            assert_eq!(counted(activations).round() as usize, values, "all numbers but zeros are in a bin");
        }
    }
}

fn assert_close(what: &str, found: &[f32], wanted: &[f32]) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    let scale = wanted.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    for (at, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert!((found - wanted).abs() < 1e-4 * (1.0 + scale), "{what} {at}: {found} {wanted}");
    }
}
