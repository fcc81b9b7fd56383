//! A run in the window: begun, paused, changed, stopped and looked at.

use std::sync::Arc;

use backprop_studio::train::metrics::LOSS;
use backprop_studio::train::{Outcome, Subset};
use backprop_studio::ui::Studio;
use backprop_studio::ui::state::session::Status;
use eframe::egui::Key;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::studio::{click, has_ended, open, project, step_until};

#[test]
fn a_network_is_trained_to_the_end_and_says_how_good_it_is() {
    let mut harness = open(project());
    click(&mut harness, "Train");
    step_until(&mut harness, "the run ends", has_ended);
    let session = harness.state().session();
    assert_eq!((session.progress.epochs_done, session.progress.step, session.progress.steps), (3, 27, 27));
    assert!(session.curves.of(Subset::Validation, &LOSS).last().is_some_and(|(step, _)| step == 27.0));
    let Status::Ended(Outcome::Finished(Some(test))) = &session.status else { panic!("{:?}", session.status) };
    assert_eq!(test.len(), 50);
    let percent = format!("{:.1} %", test.accuracy().unwrap() * 100.0);
    assert!(session.marks.iter().any(|mark| mark.is_end() && mark.text == format!("finished, test {percent}")));
    harness.get_by_label("Finished. Test accuracy");
    harness.get_by_label(&percent);
    click(&mut harness, "See its mistakes");
    harness.get_by_label_contains("of 30 validation samples are misclassified");
    click(&mut harness, "Reset");
    assert!(harness.state().session().curves.of(Subset::Train, &LOSS).is_empty());
}

#[test]
fn the_same_seed_gives_the_same_curve_again() {
    let mut harness = open(project());
    let curve =
        |harness: &Harness<'_, Studio>| harness.state().session().curves.of(Subset::Train, &LOSS).buckets().to_vec();
    click(&mut harness, "Train");
    step_until(&mut harness, "the first run ends", has_ended);
    let first = curve(&harness);
    click(&mut harness, "Train");
    step_until(&mut harness, "the second run ends", |studio| {
        has_ended(studio) && studio.session().progress.epochs_done == 3
    });
    assert_eq!(curve(&harness), first);
}

#[test]
fn a_run_goes_on_batch_by_batch_and_stop_answers() {
    let mut long = project();
    long.training.epochs = 1000;
    let mut harness = open(long);
    let step = |studio: &Studio| studio.session().progress.step;
    harness.key_press(Key::Period);
    step_until(&mut harness, "one batch is done", |studio| is_paused(studio) && step(studio) == 1);
    harness.key_press(Key::Slash);
    step_until(&mut harness, "the epoch is done", |studio| is_paused(studio) && step(studio) == 9);
    harness.key_press(Key::Space);
    step_until(&mut harness, "it runs", |studio| step(studio) > 20);
    harness.key_press(Key::Space);
    step_until(&mut harness, "it pauses", is_paused);
    harness.key_press(Key::Space);
    harness.step();
    harness.key_press(Key::Escape);
    step_until(&mut harness, "it stops", has_ended);
    assert!(matches!(harness.state().session().status, Status::Ended(Outcome::Stopped)));
    harness.get_by_label_contains("Stopped after step");
}

fn is_paused(studio: &Studio) -> bool {
    matches!(studio.session().status, Status::Paused)
}

#[test]
fn a_learning_rate_that_is_changed_while_it_trains_is_marked() {
    let mut long = project();
    long.training.epochs = 1000;
    let mut harness = open(long);
    click(&mut harness, "Train");
    step_until(&mut harness, "it runs", |studio| studio.session().progress.step > 5);
    harness.state_mut().project_mut().training.learning_rate = 0.0003;
    step_until(&mut harness, "the change is marked", |studio| !studio.session().marks.is_empty());
    let mark = &harness.state().session().marks[0];
    assert!(!mark.is_end() && mark.x >= 5.0 && mark.text == "learning rate 0.0003", "{mark:?}");
    assert!(harness.query_by_label("Reset").is_some());

    // What a run cannot take over is said, and leaves the run alone.
    assert!(!harness.state().session().has_other_training(harness.state().project()));
    harness.state_mut().project_mut().training.batch = 64;
    harness.run_ok();
    harness.get_by_label("This run continues with the previous settings.");
    click(&mut harness, "Stop");
    step_until(&mut harness, "it stops", has_ended);
}

#[test]
fn a_key_pressed_by_mistake_does_not_throw_a_finished_run_away() {
    let mut harness = open(project());
    click(&mut harness, "Train");
    step_until(&mut harness, "the run ends", has_ended);
    for key in [Key::Period, Key::Slash, Key::Escape, Key::Space] {
        harness.key_press(key);
        harness.run_ok();
    }
    assert!(has_ended(harness.state()));
    assert!(harness.get_by_label("Batch").accesskit_node().is_disabled());
    harness.get_by_label("This run has ended. Press Train, or Space once more, to train anew.");
    let trained = harness.state().session().job.clone().unwrap();
    harness.key_press(Key::Space);
    harness.run_ok();
    step_until(&mut harness, "Space, Space trains anew", |studio| {
        studio.session().job.as_ref().is_some_and(|job| !Arc::ptr_eq(job, &trained)) && has_ended(studio)
    });
}
