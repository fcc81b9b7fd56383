//! The window with text: what a language model writes, what it attended to, and a text that is classified.

use backprop_studio::ui::Request;
use eframe::egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;

use crate::studio::{act, click, step_until};
use crate::support::project;
use crate::views::{open, train, wait_for};
use crate::why::open_pane;

#[test]
fn a_language_model_writes_after_a_prompt_and_shows_what_it_looked_at() {
    let names = [("data.source", "names?count=300"), ("training.epochs", "2")];
    let mut harness = open(project("tiny-gpt", &names));
    act(&mut harness, Request::Show("draw"));
    harness.get_by_label_contains("This network has no weights yet");
    train(&mut harness);
    wait_for(&mut harness, "Written 1:");
    let field = harness.get_by_role_and_label(Role::MultilineTextInput, "Text that the network reads");
    field.focus();
    field.type_text("Mar");
    harness.run_ok();
    wait_for(&mut harness, "Written 1: Mar");
    step_until(&mut harness, "the text is read", |studio| studio.derived().writing.current().is_some());
    for label in
        ["Layer 1, head 1", "Layer 2, head 4", "Attention by layer and head", "Next after", "Surprisal of each token"]
    {
        assert!(harness.query_all_by_label_contains(label).count() > 0, "{label}");
    }
    // A token of the first line is pressed, and then a head.
    harness.get_by_label_contains("Written 1: Mar").click();
    harness.run_ok();
    click(&mut harness, "Layer 1, head 2");
    let before = harness.get_by_label_contains("Written 1:").value();
    click(&mut harness, "Write anew");
    step_until(&mut harness, "other tokens are drawn", |studio| studio.derived().writing.current().is_some());
    assert_eq!(harness.get_by_label_contains("Written 1:").value(), before);
    act(&mut harness, Request::Show("learn"));
    wait_for(&mut harness, "Surprisal of each token");
    act(&mut harness, Request::Show("inside"));
    wait_for(&mut harness, "Diagram");
    open_pane(&mut harness, "Tokens", "tokens, 64 numbers each");
}

#[test]
fn a_text_is_told_apart_as_it_is_typed() {
    let reviews = [("data.source", "reviews?count=400"), ("training.epochs", "4")];
    let mut harness = open(project("sentiment", &reviews));
    train(&mut harness);
    act(&mut harness, Request::Show("draw"));
    wait_for(&mut harness, "As the network reads it");
    wait_for(&mut harness, "Probabilities: ");
    harness.get_by_label_contains("Gates over the text");
    harness.get_by_label("GRU, update gate z");
    // One epoch is too few, so that some are misclassified.
    let few = [("data.source", "reviews?count=400"), ("training.epochs", "1")];
    let mut harness = open(project("sentiment", &few));
    train(&mut harness);
    act(&mut harness, Request::Show("mistakes"));
    wait_for(&mut harness, ", predicted ");
}

#[test]
fn a_token_that_was_written_long_ago_shows_what_it_looked_at_then() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("text.txt");
    std::fs::write(&file, "the cat and the dog sat on the mat, and the rat ran to the hat. ".repeat(40)).unwrap();
    let source = format!("chars:{}?context=16", file.display());
    // The text has so many letters.
    let settings = [("data.source", &*source), ("training.epochs", "1"), ("model.4.units", "17")];
    let mut harness = open(project("tiny-gpt", &settings));
    train(&mut harness);
    act(&mut harness, Request::Show("draw"));
    wait_for(&mut harness, "Written:");
    step_until(&mut harness, "the text is read", |studio| studio.derived().writing.current().is_some());
    assert!(harness.state().derived().reading.current().is_none());
    // The beginning of the text, far before the sixteen tokens that the network sees at its end.
    let text = harness.get_by_label_contains("Written:").rect();
    harness.hover_at(text.left_top() + eframe::egui::vec2(30.0, 10.0));
    harness.run_ok();
    harness.drag_at(text.left_top() + eframe::egui::vec2(30.0, 10.0));
    harness.drop_at(text.left_top() + eframe::egui::vec2(30.0, 10.0));
    step_until(&mut harness, "it is read again", |studio| studio.derived().reading.current().is_some());
    harness.run_ok();
    harness.get_by_label_contains("Attention of the chosen token");
    assert_eq!(harness.query_all_by_label_contains("This token stands further back").count(), 0);
    harness.get_by_label_contains("Layer 1, head 1");
}
