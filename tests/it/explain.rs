//! What matters in a sample for an output of a network, as PyTorch's gradients give it.

use backprop_nn::{Inspection, LayerSpec, ModelSpec, Shape, Weights};
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

fn assert_close(what: &str, found: &[f32], wanted: &[f32]) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    let scale = wanted.iter().fold(0.0f32, |most, value| most.max(value.abs()));
    for (at, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert!((found - wanted).abs() < 1e-4 * (1.0 + scale), "{what} {at}: {found} {wanted}");
    }
}
