//! The loss around the weights of a network: against PyTorch and NumPy, and in the window.

use backprop_nn::{LayerSpec, LossSpec, ModelSpec, Network, Shape, Targets, Weights};
use backprop_studio::explain::landscape::{Examples, filter_normalized, path, random};
use backprop_studio::train::Subset;
use backprop_studio::ui::jobs::landscape::{Landscape, LandscapeQuery};
use backprop_studio::ui::widgets::numbers::significant;
use backprop_studio::ui::{Request, Studio};
use serde::Deserialize;

use crate::studio::{act, click, step_until};
use crate::support::project;
use crate::views::{open, train, wait_for};
use crate::why::{assert_whole, open_pane};

#[derive(Deserialize)]
struct Fixtures {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    shape: Shape,
    layers: Vec<LayerSpec>,
    inputs: Vec<f32>,
    classes: Vec<u16>,
    weights: Vec<f32>,
    noise: [Vec<f32>; 2],
    directions: [Vec<f32>; 2],
    places: Vec<[f64; 2]>,
    losses: Vec<f64>,
    moments: Vec<Vec<f32>>,
    axes: [Vec<f32>; 2],
    path: Vec<[f64; 2]>,
    explained: [f64; 2],
}

impl Case {
    /// Written by `tests/fixtures/landscape.py`.
    fn all() -> Vec<Self> {
        let fixtures: Fixtures = serde_json::from_str(include_str!("../fixtures/landscape.json")).unwrap();
        fixtures.cases
    }

    fn network(&self) -> (Network, Weights) {
        let network = ModelSpec { layers: self.layers.clone() }.build(self.shape, 3).unwrap();
        let weights = weights_of(&network, &self.weights);
        (network, weights)
    }
}

fn weights_of(network: &Network, values: &[f32]) -> Weights {
    let mut weights = network.init_weights(1);
    weights.values_mut().copy_from_slice(values);
    weights
}

#[track_caller]
fn assert_near(found: &[f32], wanted: &[f32], within: f32) {
    assert_eq!(found.len(), wanted.len());
    for (at, (found, wanted)) in found.iter().zip(wanted).enumerate() {
        assert!((found - wanted).abs() < within, "{at}: {found} {wanted}");
    }
}

#[test]
fn directions_and_losses_along_them_are_pytorchs() {
    for case in Case::all() {
        let (network, weights) = case.network();
        for (noise, wanted) in case.noise.iter().zip(&case.directions) {
            assert_near(&filter_normalized(&network, &weights, noise.clone()), wanted, 1e-5);
        }
        let (loss, targets) = (&LossSpec::default(), Targets::Classes(&case.classes));
        let examples = Examples { network: &network, loss, inputs: &case.inputs, targets };
        for (at, wanted) in case.places.iter().zip(&case.losses) {
            let found = examples.loss_at(&weights, &case.directions, *at);
            assert!((found - wanted).abs() < 1e-5 * wanted.max(1.0), "{at:?}: {found} {wanted}");
        }
        assert_eq!(examples.loss(&weights), examples.loss_at(&weights, &case.directions, [0.0, 0.0]));
    }
}

#[test]
fn random_directions_are_as_long_as_the_filters_and_differ() {
    for case in Case::all() {
        let (network, weights) = case.network();
        let first = random(&network, &weights, 5, 0);
        let second = random(&network, &weights, 5, 1);
        assert_eq!(first, random(&network, &weights, 5, 0));
        for other in [&second, &random(&network, &weights, 6, 0)] {
            assert!(first.iter().zip(other).filter(|(one, other)| **one != 0.0 && one != other).count() > 8);
        }
        // Normalized once more, nothing changes.
        assert_near(&filter_normalized(&network, &weights, first.clone()), &first, 1e-6);
    }
}

#[test]
fn the_path_of_a_run_lies_along_numpys_principal_components() {
    for case in Case::all() {
        let (network, _) = case.network();
        let moments: Vec<Weights> = case.moments.iter().map(|values| weights_of(&network, values)).collect();
        let all: Vec<&Weights> = moments.iter().collect();
        let present = moments.last().unwrap();
        let found = path(&network, present, &all).unwrap();
        for axis in 0..2 {
            assert_near(&found.axes[axis], &case.axes[axis], 1e-5);
            assert!((found.explained[axis] - case.explained[axis]).abs() < 1e-6);
        }
        for (found, wanted) in found.points.iter().zip(&case.path) {
            assert!((0..2).all(|axis| (found[axis] - wanted[axis]).abs() < 1e-5), "{found:?} {wanted:?}");
        }
        assert_eq!(found.points.last(), Some(&[0.0, 0.0]), "the present weights");
        // What no gradient moves stays where it is.
        let untrained = network.params().iter().filter(|param| !param.info.is_trained);
        assert!(untrained.flat_map(|param| found.axes[0][param.range.clone()].to_vec()).all(|number| number == 0.0));
        assert_eq!(path(&network, present, &all[..2]), None);
        assert_eq!(path(&network, present, &[present; 5]), None);
    }
}

/// What is shown when it is measured to its end, and what was asked for.
fn measured(studio: &Studio) -> Option<(&LandscapeQuery, &Landscape)> {
    let latest = studio.derived().landscape.current()?;
    Some((&latest.query, latest.answer.as_ref().filter(|found| found.is_done())?))
}

#[test]
fn the_loss_around_the_weights_is_seen_with_the_path_of_the_run() {
    let mut harness = open(project("mlp", &[("data.source", "digits?count=400"), ("training.epochs", "4")]));
    train(&mut harness);
    act(&mut harness, Request::Show("inside"));
    wait_for(&mut harness, "Landscape");
    open_pane(&mut harness, "Landscape", "training samples");
    step_until(&mut harness, "the loss is measured", |studio| measured(studio).is_some());
    let (_, found) = measured(harness.state()).unwrap();
    assert_eq!((found.side, found.losses.len()), (33, 33 * 33));
    assert_eq!(found.losses[33 * 33 / 2], found.present, "the middle is the present");
    let before = found.losses.clone();
    assert_whole(&mut harness);

    // With all validation samples it is the loss of the run.
    click(&mut harness, "Validation loss");
    step_until(&mut harness, "the loss of validation samples is measured", |studio| {
        measured(studio).is_some_and(|(query, _)| query.of.subset == Subset::Validation)
    });
    let session = harness.state().session();
    let (job, snapshot) = (session.job.clone().unwrap(), session.snapshot().unwrap().clone());
    let (_, found) = measured(harness.state()).unwrap();
    let loss = f64::from(job.evaluate(&snapshot.weights, Subset::Validation).loss);
    assert!((found.present - loss).abs() < 1e-6 * loss.max(1.0), "{} {loss}", found.present);
    assert_eq!((found.samples, found.of), (job.split.validation.len(), job.split.validation.len()));
    let text = format!("loss {} at step {}, of", significant(found.present), snapshot.step);
    wait_for(&mut harness, &text);

    click(&mut harness, "Training loss");
    click(&mut harness, "Other directions");
    step_until(&mut harness, "other directions are measured", |studio| {
        measured(studio).is_some_and(|(query, found)| query.of.subset == Subset::Train && found.losses != before)
    });
    let (_, found) = measured(harness.state()).unwrap();
    assert_eq!(found.losses[33 * 33 / 2], before[33 * 33 / 2], "the middle stays");

    click(&mut harness, "Path of the run");
    step_until(&mut harness, "the path is measured", |studio| {
        measured(studio).is_some_and(|(_, found)| !found.path.is_empty())
    });
    let (_, found) = measured(harness.state()).unwrap();
    let (first, last) = (found.path[0], found.path[found.path.len() - 1]);
    assert_eq!((first.0, last), (0, (snapshot.step, [0.0, 0.0])));
    assert!(found.path.iter().all(|(_, point)| (0..2).all(|axis| found.ranges[axis].contains(&point[axis]))));
    let [one, other] = found.explained.unwrap();
    assert!(one >= other && one + other <= 1.0 + 1e-9 && one > 0.5, "{one} {other}");
    assert_whole(&mut harness);

    // The present is the moment that is looked at.
    act(&mut harness, Request::LookAt(3));
    step_until(&mut harness, "the loss around an earlier moment is measured", |studio| {
        measured(studio).is_some_and(|(_, found)| found.path.contains(&(3, [0.0, 0.0])))
    });
    let (_, earlier) = measured(harness.state()).unwrap();
    assert_eq!(earlier.path[0].0, 0);
    wait_for(&mut harness, " at step 3, of");
}
