//! The window with a generator and its discriminator: assembled, set, trained, watched, saved and opened again.

use std::sync::Arc;

use backprop_nn::gan;
use backprop_studio::project::{Project, Side};
use backprop_studio::train::metrics::{FAKE_ACCURACY, GENERATOR_LOSS, LOSS, REAL_ACCURACY};
use backprop_studio::train::{Subset, generate};
use backprop_studio::ui::state::session::Status;
use backprop_studio::ui::{Request, Studio};
use eframe::egui::{Key, Modifiers, Role};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::studio::{act, choose, click, pick, step_until};
use crate::support::project;
use crate::views::{open, train};

fn points() -> Project {
    project("gan-points", &[("training.epochs", "2")])
}

fn discriminator(harness: &Harness<'_, Studio>) -> Vec<String> {
    let layers = harness.state().project().layers(Side::Discriminator).unwrap();
    layers.iter().map(ToString::to_string).collect()
}

/// What the window shows of the newest weights, when it has got there.
fn generated(harness: &mut Harness<'static, Studio>) -> Vec<f32> {
    step_until(harness, "the samples are made", |studio| studio.derived().samples.current().is_some());
    harness.state().derived().samples.current().unwrap().answer.values.clone()
}

/// What the engine makes of the weights of the run.
fn expected(studio: &Studio, noise: u64, count: usize) -> Vec<f32> {
    let (job, snapshot) = (studio.session().job.as_ref().unwrap(), studio.session().snapshot().unwrap());
    generate(&job.network, &job.scaling, &snapshot.weights, noise, count)
}

#[test]
fn a_generator_is_watched_while_it_learns() {
    let mut harness = open(points());
    harness.get_by_label("While it trains this shows the generated points over those of the data.");
    train(&mut harness);
    let curves = &harness.state().session().curves;
    let last = |metric| curves.of(Subset::Train, metric).last().unwrap();
    let shares = [&REAL_ACCURACY, &FAKE_ACCURACY].map(|metric| last(metric).1);
    assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{shares:?}");
    assert_eq!(last(&GENERATOR_LOSS).0, last(&LOSS).0);
    harness.get_by_label_contains("Loss plot: discriminator ");
    let loss = harness.get_by_label_contains("; generator ").accesskit_node().label().unwrap();
    assert!(loss.contains(" at step 50"), "{loss}");
    harness.get_by_label_contains("Discriminator accuracy plot: real ");
    harness.get_by_label_contains("Finished. Learn shows the generator's samples");
    assert_eq!(harness.query_all_by_label_contains("Test accuracy").count(), 0);

    assert!(generated(&mut harness) == expected(harness.state(), 1, 512));
    harness.get_by_label("512 generated points, noise seed 1, over the data");
    click(&mut harness, "Other noise");
    assert!(generated(&mut harness) == expected(harness.state(), 2, 512));
    harness.get_by_label("512 generated points, noise seed 2, over the data");
    step_until(&mut harness, "the discriminator is asked", |studio| studio.derived().discriminator.current().is_some());
    harness.run_ok();
    harness.get_by_label_contains("The color is what the discriminator takes each place for");
    let asked = Arc::clone(harness.state().derived().discriminator.current().unwrap());
    let (query, found) = (&asked.query, asked.answer.as_ref().unwrap());
    // The network as a whole takes noise for the points that it makes of it.
    let points = generate(&query.job.network, &query.job.scaling, &query.snapshot.weights, 1, 40);
    let mut inputs = vec![0.0; points.len()];
    query.job.scaling.inputs.apply(&points.iter().copied().map(f64::from).collect::<Vec<_>>(), &mut inputs);
    let apart = gan::discriminate(&query.job.network, &query.snapshot.weights, &inputs);
    let mut whole = query.job.network.inference_workspace(40);
    whole.input_mut(40).copy_from_slice(&gan::noise(&query.job.network, 1, 40));
    query.job.network.infer(&query.snapshot.weights, &mut whole);
    assert!(apart.iter().zip(whole.output()).all(|(one, other)| (one - other).abs() < 1e-3), "{apart:?}");
    assert_eq!((found.outputs.len(), found.gradients.len()), (80 * 80, 16 * 16));
    // Between the middles of two cells the output rises by what the gradient says.
    let width = (query.ranges[0].end() - query.ranges[0].start()) as f32 / 16.0;
    let row = |at: usize| found.gradients[8 * 16 + at][0] * width;
    let rise: f32 = (4..12).map(row).sum();
    let (left, right) = (found.outputs[42 * 80 + 20], found.outputs[42 * 80 + 60]);
    assert!((right - left - rise).abs() < 0.25 * (1.0 + rise.abs()), "{left} {right} {rise}");

    act(&mut harness, Request::Show("draw"));
    harness.get_by_label_contains("A generator makes samples and takes none");
    act(&mut harness, Request::Show("mistakes"));
    harness.get_by_label_contains("A generator predicts nothing");
    assert!(harness.state().derived().plane.current().is_none());
    click(&mut harness, "Reset");
    act(&mut harness, Request::Show("learn"));
    harness.get_by_label_contains("While it trains this shows");
}

#[test]
fn images_are_shown_side_by_side() {
    let mut small = project("gan-digits", &[("training.epochs", "1"), ("training.batch", "32")]);
    small.data.source = "test".parse().unwrap();
    let mut harness = crate::studio::open(small);
    train(&mut harness);
    assert!(generated(&mut harness) == expected(harness.state(), 1, 64));
    harness.get_by_label("64 generated images, noise seed 1");
    step_until(&mut harness, "digits are counted", |studio| studio.derived().modes.current().is_some());
    harness.run_ok();
    harness.get_by_label_contains("Classes of 500 generated digits: 0: ");
    let asked = Arc::clone(harness.state().derived().modes.current().unwrap());
    let modes = asked.answer.as_ref().unwrap();
    assert_eq!((modes.counts.iter().sum::<u32>(), modes.distances.len()), (500, 32));
    // The nearest of all, pixel by pixel.
    let train = &asked.query.dataset.train;
    let image = &expected(harness.state(), 1, 1)[..784];
    let distance = |at: usize| {
        let pixels = train.pixels_of(at).iter().map(|pixel| f64::from(*pixel) / 255.0);
        (pixels.zip(image).map(|(a, b)| (a - f64::from(*b)).powi(2)).sum::<f64>() / 784.0).sqrt()
    };
    let nearest = (0..train.len()).map(distance).fold(f64::INFINITY, f64::min);
    assert!(
        modes.distances.iter().any(|distance| (distance - nearest).abs() < 1e-5),
        "{nearest}: {:?}",
        modes.distances
    );
}

#[test]
fn both_stacks_are_assembled_repaired_and_undone() {
    let mut harness = open(points());
    let before = discriminator(&harness);
    harness.get_by_label("9027 parameters, 8768 multiply-adds");
    harness.get_by_label("Together, parameters 4,417, share of the work 49 %");
    click(&mut harness, "Add layer to the discriminator");
    pick(&mut harness, "BatchNorm");
    assert_eq!(discriminator(&harness).len(), 4);
    assert_eq!(harness.state().project().model.layers.len(), 3);
    assert!(harness.get_by_label("Train").accesskit_node().is_disabled());
    harness.get_by_label_contains("Discriminator layer 4 does not fit.");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_ok();
    assert_eq!(discriminator(&harness), before);

    click(&mut harness, "Add layer to the discriminator");
    pick(&mut harness, "Dropout");
    assert_eq!(discriminator(&harness)[2..], ["Dropout 25 %", "Dense 1"]);
    click(&mut harness, "Discriminator layer 3: Dropout 25 %");
    harness.get_by_label("Rate");
    harness.state_mut().project_mut().layers_mut(Side::Discriminator).unwrap().pop();
    harness.run_ok();
    harness.get_by_label("Add Dense 1").scroll_to_me();
    harness.run_ok();
    click(&mut harness, "Add Dense 1");
    assert_eq!(discriminator(&harness)[2..], ["Dropout 25 %", "Dense 1"]);

    harness.state_mut().project_mut().model.layers.pop();
    harness.run_ok();
    harness.get_by_label_contains("Layer 2 does not fit. The generator gives");
    click(&mut harness, "Change to Dense 2");
    assert!(!harness.get_by_label("Train").accesskit_node().is_disabled());
}

#[test]
fn what_plays_no_part_for_a_generator_is_not_set() {
    let mut harness = open(points());
    harness.get_by_label("Label smoothing");
    harness.get_by_label("Discriminator steps");
    click(&mut harness, "Loss: formula");
    harness.get_by_label_contains("D: -log σ(z) real");
    for absent in ["Validation split", "Early stopping, off", "Augmentation, off"] {
        assert!(harness.query_by_label(absent).is_none(), "{absent}");
    }
    harness.get_by_role_and_label(Role::ComboBox, "Loss").click();
    harness.run_ok();
    choose(&mut harness, "Least squares");
    harness.get_by_label_contains("D: (z - 1)²/2 real");
    train(&mut harness);
    assert!(matches!(harness.state().session().status, Status::Ended(_)));
    // What stands in a file all the same is shown, so that it can be turned off.
    harness.state_mut().project_mut().training.early_stopping.patience = 3;
    harness.run_ok();
    harness.get_by_label("Early stopping, on");
}

#[test]
fn a_saved_generator_shows_its_samples_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = open(points());
    train(&mut harness);
    let made = generated(&mut harness);
    act(&mut harness, Request::SaveRunIn(folder.path().to_owned()));
    let run = folder.path().join("gan-points-1");
    step_until(&mut harness, "the run is saved", |_| run.join("metrics.jsonl").is_file());
    let mut other = open(project("xor", &[]));
    act(&mut other, Request::Dropped(run));
    step_until(&mut other, "the run is open", |studio| {
        studio.project().name == "gan-points" && studio.session().status.is_ended()
    });
    assert!(generated(&mut other) == made);
    step_until(&mut other, "the data is there", |studio| studio.session().dataset().is_some());
    other.get_by_label("512 generated points, noise seed 1, over the data");
}
