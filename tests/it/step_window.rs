//! The pane that takes a step of training apart.

use backprop_studio::explain::step::{Stage, Target};
use backprop_studio::train::learner::{Step as TrainerStep, Trainer};
use backprop_studio::ui::jobs::step::StepTaken;
use backprop_studio::ui::widgets::numbers::steady;
use backprop_studio::ui::{Request, Studio};
use eframe::egui::{Event, Key, Modifiers, PointerButton, Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use crate::ink::faults;
use crate::studio::{act, click, step_until};
use crate::support::project;
use crate::views::{open, train, wait_for};

fn taken(studio: &Studio) -> Option<&StepTaken> {
    studio.derived().step.current()?.answer.as_ref()
}

/// Trains a preset and opens the pane.
fn opened(preset: &str, settings: &[(&str, &str)]) -> Harness<'static, Studio> {
    let mut harness = open(project(preset, settings));
    train(&mut harness);
    act(&mut harness, Request::Show("inside"));
    wait_for(&mut harness, "Neighbors");
    harness.get_by_role_and_label(Role::Button, "Step").click();
    harness.run_ok();
    step_until(&mut harness, "a step is taken", |studio| taken(studio).is_some());
    harness.run_ok();
    harness
}

/// No text is cut or covered in a small window and in a large one.
#[track_caller]
fn assert_whole(harness: &mut Harness<'static, Studio>, what: &str) {
    for size in [vec2(1024.0, 700.0), vec2(1920.0, 1080.0)] {
        harness.set_size(size);
        harness.run_steps(6);
        let found = faults(harness);
        assert!(found.is_empty(), "{what}, {size}: {found:#?}");
    }
}

#[test]
fn every_stage_of_a_step_shows_its_numbers() {
    let mut harness = opened("iris", &[("training.epochs", "2"), ("training.batch", "16")]);
    let found = taken(harness.state()).unwrap();
    let (stages, samples) = (found.walk.len(), found.samples.clone());
    assert_eq!(samples.len(), 16);
    // The weights and the memory of the optimizer are those of the end of the run: the step is the one that would come next.
    let job = harness.state().session().job.clone().unwrap();
    let checkpoint = harness.state().session().checkpoint.clone().unwrap();
    let mut trainer = Trainer::new(&job, job.initial_weights());
    assert!(backprop_studio::train::learner::Learner::restore(&mut trainer, &checkpoint.learner, checkpoint.epoch()));
    let number = checkpoint.step + 1;
    assert_eq!(found.step.number, number, "the optimizer remembers the steps before");
    let sum = trainer.step(&samples, TrainerStep::new(number, found.step.learning_rate));
    assert!((sum.mean_loss() - found.step.losses[0]).abs() < 1e-5);
    for (found, wanted) in found.step.weights[1].values().iter().zip(trainer.weights.values()) {
        assert!((found - wanted).abs() < 1e-5, "{found} {wanted}");
    }
    let before = harness.state().session().snapshot().unwrap().weights.clone();

    // A layer at a time, to the end.
    click(&mut harness, "By layer");
    for at in 0..stages {
        let found = taken(harness.state()).unwrap();
        let step = &found.step;
        match found.walk.stage(at) {
            Stage::Batch => {
                let Target::Class(class) = step.target else { panic!("{:?}", step.target) };
                let name = job.dataset.task.classes()[class].clone();
                harness.get_by_label_contains(&format!("Sample {}: true {name}", samples[0] + 1));
            }
            Stage::Forward(layer) => {
                let unit = &step.layers[layer].units[0];
                let value = steady(f64::from(unit.value));
                assert!(harness.query_all_by_label(&value).count() > 0, "{value}");
                harness.get_by_label_contains("Forward: ");
            }
            Stage::Loss => {
                let own = steady(step.sample_loss);
                harness.get_by_label(&format!("Loss of this sample: {own}"));
            }
            Stage::Backward(layer) => {
                let delta = steady(f64::from(step.layers[layer].units[0].delta));
                assert!(harness.query_all_by_label(&delta).count() > 0, "{delta}");
                harness.get_by_label_contains("Backward: ");
            }
            Stage::Update(layer) => {
                let change = step.layers[layer].changes[0].clone();
                let [_, after] = change.weight(step).map(|weight| steady(f64::from(weight)));
                harness.get_by_label(&change.name);
                assert!(harness.query_all_by_label(&after).count() > 0, "{after}");
            }
            Stage::Result => {
                let [from, to] = step.losses.map(steady);
                harness.get_by_label_contains(&format!("from {from} to {to}"));
            }
        }
        assert_whole(&mut harness, &format!("stage {at}"));
        harness.set_size(vec2(1280.0, 800.0));
        harness.run_ok();
        click(&mut harness, "One piece on");
    }
    assert_eq!(harness.state().session().snapshot().unwrap().weights, before, "the run is as it was");
}

#[test]
fn a_step_is_walked_unit_by_unit_and_product_by_product_with_keys() {
    let mut harness = opened("xor", &[("training.epochs", "2")]);
    click(&mut harness, "By product");
    harness.get_by_label_contains("runs through the network at once");
    // Into the first unit: a line for each product of its two inputs.
    harness.key_press(Key::ArrowRight);
    harness.run_ok();
    let unit = taken(harness.state()).unwrap().step.layers[0].units[0].clone();
    assert_eq!(unit.terms.len(), 2);
    let together = |sum: f64| format!("together {}", steady(sum));
    let [first, second] = [0, 1].map(|at| f64::from(unit.terms[at].weight) * f64::from(unit.terms[at].value));
    harness.get_by_label_contains(&together(first));
    harness.key_press(Key::ArrowRight);
    harness.run_ok();
    harness.get_by_label_contains(&together(first + second));
    harness.key_press(Key::ArrowRight);
    harness.run_ok();
    harness.get_by_label_contains("z = Σ w·x + b");
    harness.key_press(Key::ArrowLeft);
    harness.run_ok();
    assert!(harness.query_by_label_contains("z = Σ w·x + b").is_none());
    // It plays by itself, and is paused.
    click(&mut harness, "Play the step");
    harness.step();
    for _ in 0..200 {
        if harness.query_by_label_contains("z = Σ w·x + b").is_some() {
            break;
        }
        harness.step();
    }
    harness.get_by_label_contains("z = Σ w·x + b");
    click(&mut harness, "Pause the step");
    // One sample alone, which is chosen at the first stage.
    while harness.query_by_label("One sample").is_none() {
        harness.key_press(Key::ArrowLeft);
        harness.run_ok();
    }
    click(&mut harness, "One sample");
    step_until(&mut harness, "one sample is taken", |studio| {
        taken(studio).is_some_and(|taken| taken.samples == [0] && taken.step.samples == 1)
    });
    harness.run_ok();
    for (size, name) in [(vec2(1024.0, 700.0), "small"), (vec2(1920.0, 1080.0), "large")] {
        harness.set_size(size);
        harness.run_steps(6);
        let found = faults(&harness);
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}

#[test]
fn a_click_on_the_slider_goes_to_that_stage_however_often_and_fast() {
    let mut harness = opened("xor", &[("training.epochs", "2")]);
    let stages = taken(harness.state()).unwrap().walk.len();
    let rail = harness.get_by_role_and_label(Role::Slider, "Stage").rect();
    for share in [0.5, 0.5, 0.5, 0.9, 0.9, 0.3, 0.3, 0.3] {
        let pos = rail.min + vec2(8.0 + (rail.width() - 16.0) * share, rail.height() / 2.0);
        // Pressed and let go within a frame, as where frames are slow.
        let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
        let press = |pressed| Event::PointerButton { pos, button, pressed, modifiers };
        harness.input_mut().events.extend([Event::PointerMoved(pos), press(true), press(false)]);
        harness.step();
        let stage = ((stages - 1) as f32 * share).round() as usize + 1;
        harness.step();
        harness.get_by_label(&format!("Stage {stage} of {stages}"));
    }
}

#[test]
fn a_convolution_and_its_dropout_are_taken_apart_as_well() {
    let settings = [
        ("data.source", "digits?count=200"),
        ("training.epochs", "1"),
        ("training.batch", "16"),
        ("model.1", r#"{"kind":"dropout","rate":0.5}"#),
    ];
    let mut harness = opened("cnn-small", &settings);
    let loss = taken(harness.state()).unwrap().step.losses[0];
    click(&mut harness, "Dropout and noise");
    step_until(&mut harness, "dropout is off", |studio| {
        taken(studio).is_some_and(|taken| (taken.step.losses[0] - loss).abs() > 1e-9)
    });
    let stages = taken(harness.state()).unwrap().walk.len();
    for at in 0..stages {
        assert_whole(&mut harness, &format!("stage {at}"));
        click(&mut harness, "One piece on");
    }
    // The units of the convolution, with the places that they read.
    click(&mut harness, "By unit");
    while harness.query_by_label_contains("Backward: 1 Conv2d").is_none() {
        click(&mut harness, "One piece back");
    }
    assert!(harness.query_all_by_label_contains("over all places of the weight").count() > 0);
}
