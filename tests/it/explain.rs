//! What looks inside a network: attributions as PyTorch's gradients give them, and the tab that shows them.

use backprop_nn::{Inspection, LayerSpec, ModelSpec, Shape, Weights};
use backprop_studio::explain::relevance::{Method, relevance};
use backprop_studio::ui::jobs::derived::Latest;
use backprop_studio::ui::jobs::inside::{Inside, InsideQuery};
use backprop_studio::ui::{Request, Studio};
use egui_kittest::kittest::Queryable as _;
use serde::Deserialize;

use crate::studio::{act, click, step_until};
use crate::support::project;
use crate::views::{open, train};

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

fn inside(studio: &Studio) -> Option<(&Latest<InsideQuery>, &Inside)> {
    let latest = studio.derived().inside.current()?;
    Some((latest, latest.answer.as_ref()?))
}

#[test]
fn every_layer_is_seen_for_the_drawing_and_for_a_sample_and_what_matters_adds_up() {
    let mut harness = open(project("cnn-small", &[("data.source", "digits?count=200"), ("training.epochs", "1")]));
    act(&mut harness, Request::Show("inside"));
    // The digit classifier that comes with the program reads the drawing before anything is trained.
    step_until(&mut harness, "the drawing is looked into", |studio| inside(studio).is_some());
    let (latest, first) = inside(harness.state()).unwrap();
    assert_eq!(first.explained, 7, "the drawing is a seven");
    assert_eq!(first.places.len(), first.values.len());
    assert_eq!((first.places[0].label, first.places[0].shape), ("Input", Shape::image(28, 28, 1)));
    assert_eq!(&*first.values[0], latest.query.sample.as_slice());
    assert!((first.outputs.iter().sum::<f32>() - 1.0).abs() < 1e-4, "probabilities");
    harness.get_by_label_contains("What matters for 7");
    // Integrated gradients add up to the difference from an empty image.
    let (trained, model) = (latest.query.network.trained(), &latest.query.model);
    let mut inspection = Inspection::new(model, trained.network.input(), 10).unwrap();
    let mut output_of = |sample: &[f32]| {
        inspection.forward(trained.weights, sample);
        inspection.outputs()[7]
    };
    let difference = output_of(&latest.query.sample) - output_of(&[0.0; 784]);
    let sum: f32 = first.relevance.as_ref().unwrap().iter().sum();
    assert!((sum - difference).abs() < 0.05 * difference.abs(), "{sum} {difference}");

    train(&mut harness);
    click(&mut harness, "Sample");
    step_until(&mut harness, "a sample is looked into", |studio| {
        inside(studio).is_some_and(|(latest, inside)| {
            inside.places.iter().any(|place| place.label == "Conv2d")
                && latest.query.network.trained().task.classes().len() == 10
                && latest.query.sample.len() == 784
        })
    });
    let before = inside(harness.state()).unwrap().1.values[0].clone();
    click(&mut harness, "›");
    step_until(&mut harness, "the next sample is looked into", |studio| {
        inside(studio).is_some_and(|(_, inside)| inside.values[0] != before)
    });
}

#[test]
fn rows_of_a_table_are_looked_into_as_well() {
    let mut harness = open(project("iris", &[("training.epochs", "3")]));
    train(&mut harness);
    act(&mut harness, Request::Show("inside"));
    step_until(&mut harness, "a row is looked into", |studio| inside(studio).is_some());
    let (_, inside) = inside(harness.state()).unwrap();
    assert_eq!(inside.values[0].len(), inside.relevance.as_ref().unwrap().len(), "a number for each feature");
    assert_eq!(inside.outputs.len(), 3);
}
