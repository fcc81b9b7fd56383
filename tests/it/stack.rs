//! The stack of layers: assembled, edited, moved and repaired.

use backprop_nn::layers::{BatchEnsemble, Dense, EnsembleMean, Function};
use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::studio::{click, drag, layers, open, pick, project};

#[test]
fn a_stack_is_broken_and_repaired_by_the_offered_click() {
    let mut harness = open(project());
    assert!(!harness.get_by_label("Train").accesskit_node().is_disabled());
    click(&mut harness, "Remove Flatten");
    assert_eq!(layers(&harness), ["Dense 128 ReLU", "Dense 10"]);
    assert!(harness.get_by_label("Train").accesskit_node().is_disabled());
    harness.get_by_label_contains("Layer 1 does not fit. Dense takes a row of numbers");
    click(&mut harness, "Insert Flatten");
    assert_eq!(layers(&harness), ["Flatten", "Dense 128 ReLU", "Dense 10"]);
    assert!(!harness.get_by_label("Train").accesskit_node().is_disabled());
}

#[test]
fn a_stack_is_assembled_from_nothing() {
    let mut empty = project();
    empty.model.layers.clear();
    let mut harness = open(empty);
    assert_eq!(harness.query_all_by_label("The stack is empty. Add a layer to begin.").count(), 2);
    for layer in ["Flatten", "Dense"] {
        click(&mut harness, "Add layer");
        pick(&mut harness, layer);
    }
    assert_eq!(layers(&harness), ["Flatten", "Dense 64 ReLU"]);
    harness.get_by_label_contains("Layer 2 does not fit. The last layer gives 64 numbers");
    click(&mut harness, "Change to Dense 10");
    assert_eq!(harness.state().shapes().model.misfit, None);
}

#[test]
fn a_layer_is_added_before_the_outputs_of_the_members_and_not_before_their_mean() {
    let mut ensemble = project();
    ensemble.model.layers.insert(1, BatchEnsemble::default().into());
    ensemble.model.layers.push(EnsembleMean {}.into());
    let mut harness = open(ensemble);
    click(&mut harness, "Add layer");
    pick(&mut harness, "Dropout");
    let stack = ["Flatten", "BatchEnsemble 4", "Dense 128 ReLU", "Dropout 25 %", "Dense 10", "EnsembleMean"];
    assert_eq!(layers(&harness), stack);
}

#[test]
fn cards_are_edited_duplicated_moved_and_every_step_is_undone() {
    let mut harness = open(project());
    click(&mut harness, "Layer 2: Dense 128 ReLU");
    harness.get_by_label("Units");
    click(&mut harness, "Layer 2: Dense 128 ReLU");
    assert!(harness.query_by_label("Units").is_none());
    click(&mut harness, "Duplicate Flatten");
    assert_eq!(layers(&harness), ["Flatten", "Flatten", "Dense 128 ReLU", "Dense 10"]);
    harness.get_by_label("Layer 3: Dense 128 ReLU").focus();
    harness.run_ok();
    harness.key_press_modifiers(Modifiers::ALT, Key::ArrowUp);
    harness.run_ok();
    assert_eq!(layers(&harness), ["Flatten", "Dense 128 ReLU", "Flatten", "Dense 10"]);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_ok();
    assert_eq!(layers(&harness), ["Flatten", "Flatten", "Dense 128 ReLU", "Dense 10"]);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_ok();
    assert_eq!(layers(&harness), ["Flatten", "Dense 128 ReLU", "Dense 10"]);
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    harness.run_ok();
    assert_eq!(layers(&harness).len(), 4);
}

#[test]
fn a_card_is_dragged_to_another_place() {
    let mut harness = open(project());
    let [from, to] =
        ["Layer 2: Dense 128 ReLU", "Layer 3: Dense 10"].map(|label| harness.get_by_label(label).rect().center());
    drag(&mut harness, &[from, from + vec2(0.0, 12.0), to + vec2(0.0, 20.0), to + vec2(0.0, 40.0)]);
    assert_eq!(layers(&harness), ["Flatten", "Dense 10", "Dense 128 ReLU"]);
}

#[test]
fn a_fix_keeps_the_dense_layer_it_changes() {
    let mut wrong = project();
    wrong.model.layers[2] = Dense::new(7, Function::Linear).into();
    let mut harness = open(wrong);
    click(&mut harness, "Change to Dense 10");
    assert_eq!(layers(&harness)[2], "Dense 10");
}

#[test]
fn a_layer_from_the_menu_goes_where_it_fits() {
    let mut harness = open(project());
    for layer in ["Conv2d", "Dropout"] {
        click(&mut harness, "Add layer");
        pick(&mut harness, layer);
    }
    assert_eq!(layers(&harness), ["Conv2d 32 3×3 ReLU", "Flatten", "Dense 128 ReLU", "Dropout 25 %", "Dense 10"]);
    assert_eq!(harness.state().shapes().model.misfit, None);
}
