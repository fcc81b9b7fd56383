//! Cards within a card, in the window.

use backprop_studio::ui::Studio;
use eframe::egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use crate::studio::{click, drag, layers, open, pick, project};

/// A convolution, and after it a residual block of two layers.
fn with_block() -> Harness<'static, Studio> {
    let mut project = project();
    let layers = r#"[{"layer":"conv2d","filters":8,"padding":"same"},{"layer":"residual","layers":[
        {"layer":"conv2d","filters":8,"padding":"same"},{"layer":"activation"}]},{"layer":"global_average_pool"},
        {"layer":"dense","units":10,"activation":"linear"}]"#;
    project.model = serde_json::from_str(layers).unwrap();
    open(project)
}

fn block(harness: &Harness<'_, Studio>) -> Vec<String> {
    let layer = &harness.state().project().model.layers[1];
    layer.inside().unwrap().iter().map(ToString::to_string).collect()
}

#[test]
fn layers_within_a_block_are_edited_as_those_of_the_stack() {
    let mut harness = with_block();
    let [conv, activation] = ["Conv2d 8 3×3 same ReLU", "Activation ReLU"];
    assert_eq!(block(&harness), [conv, activation]);
    click(&mut harness, "Layer 2.1: Conv2d 8 3×3 same ReLU");
    harness.get_by_label("Filters");
    harness.get_by_label("Layer 2.2: Activation ReLU").focus();
    harness.run_ok();
    harness.key_press_modifiers(Modifiers::ALT, Key::ArrowUp);
    harness.run_ok();
    assert_eq!(block(&harness), [activation, conv]);
    harness.get_by_label("Filters");
    click(&mut harness, "Layer 2.2: Conv2d 8 3×3 same ReLU");
    assert!(harness.query_by_label("Filters").is_none());

    click(&mut harness, "Add a layer to block 2");
    pick(&mut harness, "BatchNorm");
    assert_eq!(block(&harness), [activation, conv, "BatchNorm"]);
    click(&mut harness, "Remove BatchNorm");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_ok();
    assert_eq!(block(&harness), [activation, conv, "BatchNorm"]);

    let [from, to] =
        ["Layer 2.1: Activation ReLU", "Layer 2.3: BatchNorm"].map(|label| harness.get_by_label(label).rect().center());
    drag(&mut harness, &[from, from + vec2(0.0, 12.0), to + vec2(0.0, 20.0), to + vec2(0.0, 40.0)]);
    assert_eq!(block(&harness), [conv, "BatchNorm", activation]);
    assert_eq!(layers(&harness).len(), 4);

    // The card of the block takes what is in it along.
    let [from, to] = ["Layer 2: Residual 3 layers", "Layer 1: Conv2d 8 3×3 same ReLU"]
        .map(|label| harness.get_by_label(label).rect().center());
    drag(&mut harness, &[from, from - vec2(0.0, 12.0), to - vec2(0.0, 20.0)]);
    assert_eq!(layers(&harness)[0], "Residual 3 layers");
}

#[test]
fn what_does_not_fit_within_a_block_is_told_and_repaired_there() {
    let mut harness = with_block();
    click(&mut harness, "Insert a layer before Activation, layer 2.2");
    pick(&mut harness, "Dense");
    harness.get_by_label_contains("Layer 2 does not fit. In the block, layer 2: Dense takes a row of numbers");
    assert_eq!(harness.query_all_by_label_contains("Dense takes a row of numbers").count(), 2, "below and on its card");
    click(&mut harness, "Insert Flatten");
    assert_eq!(block(&harness)[1..3], ["Flatten", "Dense 64 ReLU"]);
    let told = harness.query_all_by_label_contains("What leaves the block is added to what enters it");
    assert_eq!(told.count(), 2);

    // A block from the menu fits what arrives where it is put.
    let mut harness = with_block();
    click(&mut harness, "Insert a layer before GlobalAveragePool, layer 3");
    pick(&mut harness, "Residual");
    assert_eq!(layers(&harness)[2], "Residual 4 layers");
    assert_eq!(harness.state().shapes().model.misfit, None);
    click(&mut harness, "Add a layer to block 2");
    pick(&mut harness, "Residual");
    assert_eq!(block(&harness)[2], "Residual 4 layers");
    assert_eq!(harness.state().shapes().model.misfit, None);
}
