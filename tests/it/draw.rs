//! The Draw tab: the steps from the ink to the input, what the answer stands on, and what the network read all along.

use backprop_studio::ui::Request;
use egui_kittest::kittest::Queryable as _;

use crate::studio::{act, click, step_until};
use crate::support::project;
use crate::views::{open, train, wait_for};

#[test]
fn each_step_from_the_ink_to_the_input_is_seen_and_switched_off() {
    let mut harness = open(project("cnn-small", &[("data.source", "digits?count=200")]));
    act(&mut harness, Request::Show("draw"));
    let answered = |studio: &backprop_studio::ui::Studio| studio.derived().drawing.current().is_some();
    step_until(&mut harness, "the drawing is read", answered);
    for step in ["Ink", "Crop", "20×20", "Center", "÷ 255"] {
        harness.get_by_label(&format!("Step {step}"));
    }
    let seen = |harness: &egui_kittest::Harness<'_, backprop_studio::ui::Studio>| {
        let current = harness.state().derived().drawing.current().unwrap();
        (current.query.preparation, current.answer.seen.clone().unwrap(), current.answer.stages.clone())
    };
    let (preparation, image, stages) = seen(&harness);
    assert!(preparation.crop && preparation.scale && preparation.center && preparation.normalize);
    assert_eq!((stages.len(), stages.last()), (4, Some(&image)), "the last step is what the network sees");
    assert!(harness.query_by_label_contains("A step is off").is_none());
    for (step, has) in [("20×20", 3), ("Center", 2), ("÷ 255", 1)] {
        click(&mut harness, step);
        step_until(&mut harness, "the drawing is read", answered);
        let (preparation, _, stages) = seen(&harness);
        let on = [preparation.crop, preparation.scale, preparation.center, preparation.normalize];
        assert_eq!(on.iter().filter(|is_on| **is_on).count(), has, "{step}");
        assert!(preparation.scale || stages[1] == stages[2]);
        harness.get_by_label_contains("A step is off");
    }
}

#[test]
fn a_run_tells_what_it_read_all_along_and_how_often_such_an_answer_is_right() {
    let mut harness = open(project("cnn-small", &[("data.source", "digits?count=400"), ("training.epochs", "3")]));
    train(&mut harness);
    act(&mut harness, Request::Show("draw"));
    click(&mut harness, "This network");
    click(&mut harness, "Probabilities over the run");
    step_until(&mut harness, "the drawing is read over the run", |studio| {
        studio.derived().drawing_history.current().is_some() && studio.derived().calibration.current().is_some()
    });
    harness.run_ok();
    harness.get_by_label_contains("Probabilities over the run: ");
    harness.get_by_label_contains(" calibrated");
    let derived = harness.state().derived();
    let history = &derived.drawing_history.current().unwrap().answer;
    let now = derived.drawing.current().unwrap();
    let backprop_studio::ui::jobs::predictor::DrawingOutput::Probabilities(shares) = &now.answer.prediction else {
        panic!("a classifier gives probabilities")
    };
    assert!(history.len() > 2 && history.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert_eq!(&history.last().unwrap().1, shares, "the last moment is this one");
    assert!(history[0].1.iter().all(|share| *share < 0.5), "at first the network guesses: {:?}", history[0]);
    click(&mut harness, "What matters");
    step_until(&mut harness, "what matters is known", |studio| {
        studio.derived().inside.current().is_some_and(|inside| inside.answer.is_some())
    });
}

#[test]
fn the_gates_of_a_recurrent_layer_are_seen_over_its_steps() {
    let mut harness = open(project("lstm", &[("data.source", "digits?count=200"), ("training.epochs", "1")]));
    train(&mut harness);
    act(&mut harness, Request::Show("inside"));
    wait_for(&mut harness, "Activations");
    click(&mut harness, "Activations");
    step_until(&mut harness, "the layers are looked into", |studio| {
        studio.derived().inside.current().is_some_and(|inside| inside.answer.is_some())
    });
    harness.run_ok();
    let inside = harness.state().derived().inside.current().unwrap().clone();
    let within: Vec<_> = inside.answer.as_ref().unwrap().within.iter().flatten().map(|it| it.name.clone()).collect();
    assert!(within.starts_with(&["input gate i", "forget gate f", "candidate g"].map(str::to_owned)), "{within:?}");
    harness.get_by_label_contains("LSTM, forget gate f, 0 to ");
}
