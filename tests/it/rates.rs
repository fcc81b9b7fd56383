//! Formulas beside what is chosen, the course of the learning rate, and the finder, in the window.

use backprop_studio::ui::Studio;
use backprop_studio::ui::views::dialogs::lr_finder::LrFinder;
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use egui_kittest::{Harness, Node};

use crate::studio::{click, dataset, open, project, step_until};

#[test]
fn what_is_chosen_shows_its_formula() {
    let mut harness = open(project());
    assert!(harness.query_by_label("-log softmax(z)[c]").is_none(), "formulas are folded at first");
    harness.get_by_label_contains("Loss: formula, ").click();
    harness.run_ok();
    harness.get_by_label("-log softmax(z)[c]");
    click(&mut harness, "Optimizer");
    click(&mut harness, "SGD");
    harness.get_by_label_contains("Optimizer: formula").click();
    harness.run_ok();
    harness.get_by_label("w ← w - η g");
    assert_eq!(harness.state().project().training.optimizer.about().label, "SGD");
    click(&mut harness, "Layer 2: Dense 128 ReLU");
    harness.get_by_label("y = f(x·W + b)");
    click(&mut harness, "Add layer");
    harness.get_by_label("Search layers").type_text("layern");
    harness.run_ok();
    harness.get_by_label("LayerNorm").hover();
    harness.run_ok();
    harness.get_by_label_contains("y = (x - μ) / √(σ² + ε)");
}

#[test]
fn a_learning_rate_is_found_used_and_taken_back() {
    let mut harness = open(project());
    let before = harness.state().project().clone();
    let is_found = |studio: &Studio| studio.dialogs().get::<LrFinder>().is_some_and(|finding| !finding.is_running());
    click(&mut harness, "Find a learning rate…");
    step_until(&mut harness, "a rate is found", is_found);
    let job = before.job(dataset(), 2).unwrap();
    let found = job.find_rate(&job.initial_weights(), |_| true).unwrap().suggestion.unwrap();
    let text = harness.get_by_label_contains("Use 0").accesskit_node().label().unwrap_or_default();
    assert_eq!(*harness.state().project(), before, "looking changes nothing");
    click(&mut harness, &text);
    let rate = harness.state().project().training.learning_rate;
    assert!((rate / found - 1.0).abs() < 0.05, "{rate} and not {found}");
    assert!(harness.state().dialogs().get::<LrFinder>().is_none() && harness.state().session().job.is_none());
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_ok();
    assert_eq!(*harness.state().project(), before);

    click(&mut harness, "Find a learning rate…");
    let name = if is_found(harness.state()) { "Close" } else { "Cancel" };
    click(&mut harness, name);
    assert!(harness.state().dialogs().get::<LrFinder>().is_none());

    // What cannot be trained cannot be swept, and says why.
    harness.state_mut().project_mut().training.learning_rate = -1.0;
    harness.run_ok();
    click(&mut harness, "Find a learning rate…");
    assert!(harness.state().dialogs().get::<LrFinder>().is_none());
    assert!(harness.query_all_by_label_contains("it goes from").count() > 0);
}

#[test]
fn the_course_of_the_learning_rate_follows_the_knobs_and_the_run() {
    let mut harness = open(project());
    harness.get_by_label_contains("Learning rate over 3 epochs");
    let training = &mut harness.state_mut().project_mut().training;
    (training.learning_rate, training.epochs, training.warmup) = (0.01, 10, 0.5);
    training.schedule = serde_json::from_str(r#"{"kind":"exponential","end":0.1}"#).unwrap();
    harness.run_ok();
    harness.get_by_label("Learning rate over 10 epochs, from 0.0001 to 0.00105, at most 0.01");
    click(&mut harness, "Schedule");
    click(&mut harness, "Reduce on plateau");
    harness.get_by_label("Reduced when the validation loss stalls");
}

#[test]
fn the_settings_that_matter_stand_still_whatever_is_chosen() {
    const ROWS: [&str; 6] = ["Loss", "Optimizer", "Learning rate", "Schedule", "Batch size", "Epochs"];
    let mut harness = open(project());
    let places = |harness: &Harness<'_, Studio>| ROWS.map(|row| in_the_panel(harness, row).rect());
    let before = places(&harness);
    assert!(before.is_sorted_by(|a, b| a.bottom() <= b.top()), "in the order of a textbook: {before:?}");
    assert!(before[0].top() < 200.0 && before[5].bottom() < 400.0, "above the fold: {before:?}");
    for heading in ["Loss: formula", "Optimizer: formula", "Schedule: formula"] {
        harness.get_by_label_contains(heading).click();
        harness.run_ok();
    }
    for (row, choice) in
        [("Optimizer", "SGD"), ("Optimizer", "AdamW"), ("Loss", "Mean squared error"), ("Schedule", "Cosine")]
    {
        in_the_panel(&harness, row).click();
        harness.run_ok();
        click(&mut harness, choice);
        assert_eq!(places(&harness), before, "after {choice}");
    }
}

/// A control of the panel at the right; a plot may have the same name.
fn in_the_panel<'h>(harness: &'h Harness<'_, Studio>, name: &'h str) -> Node<'h> {
    harness.query_all_by_label(name).find(|node| node.rect().left() > 960.0).unwrap()
}
