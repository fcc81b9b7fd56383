//! What a person relies on while working: what was typed is taken or refused with a reason, lists are searched, undo takes
//! back what was done last, and what is shown says whose it is.

use backprop_nn::layers::{Dense, Function};
use backprop_studio::data::{DataError, DataProblem, Drawing};
use backprop_studio::project::presets;
use backprop_studio::ui::{Report, Request, Studio};
use eframe::egui::{Key, Modifiers, Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::studio::{
    act, click, drag, has_ended, is_loading, layers, open, pick, project, report, step_until, type_into,
};

#[test]
fn what_was_done_last_is_undone_first_wherever_it_was_done() {
    let mut harness = open(project());
    act(&mut harness, Request::Show("draw"));
    let (drawn, rate) =
        (harness.state().playground().drawing.clone(), harness.state().project().training.learning_rate);
    click(&mut harness, "Clear");
    type_into(&mut harness, "Learning rate value", "1/100");
    let now = |harness: &Harness<'_, Studio>| {
        (harness.state().project().training.learning_rate, harness.state().playground().drawing.clone())
    };
    assert_eq!(now(&harness), (0.01, Drawing::default()));
    let key = |harness: &mut Harness<'_, Studio>, modifiers: Modifiers| {
        harness.key_press_modifiers(modifiers, Key::Z);
        harness.run_ok();
    };
    key(&mut harness, Modifiers::COMMAND);
    assert_eq!(now(&harness), (rate, Drawing::default()));
    key(&mut harness, Modifiers::COMMAND);
    assert_eq!(now(&harness), (rate, drawn));
    for _ in 0..2 {
        key(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT);
    }
    assert_eq!(now(&harness), (0.01, Drawing::default()));

    // Quick presses all count.
    act(&mut harness, Request::Show("learn"));
    for layer in ["Dropout", "AveragePool2d"] {
        click(&mut harness, "Add layer");
        pick(&mut harness, layer);
    }
    assert_eq!(layers(&harness).len(), 5);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_ok();
    assert_eq!(layers(&harness), ["Flatten", "Dense 128 ReLU", "Dense 10"]);
}

#[test]
fn a_slider_leaves_the_space_bar_to_the_run() {
    let mut harness = open(project());
    let rail = harness.get_by_label("Epochs").rect().center();
    drag(&mut harness, &[rail, rail + vec2(4.0, 0.0)]);
    let epochs = harness.state().project().training.epochs;
    harness.key_press(Key::ArrowRight);
    harness.run_ok();
    assert!(harness.state().project().training.epochs > epochs);
    harness.state_mut().project_mut().training.epochs = 3;
    harness.key_press(Key::Space);
    step_until(&mut harness, "the run ends", has_ended);
}

#[test]
fn a_kernel_that_is_too_large_says_how_large_it_may_be() {
    let mut harness = open(presets::find("cnn-small").unwrap().unwrap());
    click(&mut harness, "Layer 1: Conv2d 32 3×3 ReLU");
    type_into(&mut harness, "Kernel size value", "40");
    harness.get_by_label("Kernel size may be 1 to 11, and not 40.");
    type_into(&mut harness, "Kernel size value", "2*2 + 1");
    assert!(layers(&harness)[0].contains("5×5"), "{:?}", layers(&harness));
}

#[test]
fn layers_and_presets_are_found_by_typing_and_those_that_fit_are_marked() {
    let mut harness = open(project());
    click(&mut harness, "Add layer");
    let mark = |harness: &Harness<'_, Studio>, layer: &str| {
        harness.get_by_role_and_label(Role::Button, layer).accesskit_node().data().description().unwrap().to_owned()
    };
    assert!(mark(&harness, "Conv2d").starts_with("fits. "), "{}", mark(&harness, "Conv2d"));
    assert!(!mark(&harness, "Embedding").starts_with("fits"), "{}", mark(&harness, "Embedding"));
    harness.get_by_label("Search layers").type_text("drop");
    harness.run_ok();
    assert!(harness.query_by_role_and_label(Role::Button, "Conv2d").is_none());
    for key in [Key::ArrowDown, Key::ArrowUp, Key::Enter] {
        harness.key_press(key);
        harness.run_ok();
    }
    assert_eq!(layers(&harness)[2], "Dropout 25 %");
    assert!(harness.query_by_label("Search layers").is_none(), "the list has closed");

    // Between two cards, what counts is what arrives there: here a row of 128 numbers.
    click(&mut harness, "Insert a layer before Dense, layer 4");
    assert!(!mark(&harness, "Conv2d").starts_with("fits") && mark(&harness, "LayerNorm").starts_with("fits"));
    harness.key_press(Key::Escape);
    harness.run_ok();

    harness.key_press_modifiers(Modifiers::COMMAND, Key::N);
    harness.run_ok();
    harness.get_by_label("Time series");
    harness.get_by_label("Search presets").type_text("airl");
    harness.run_ok();
    harness.key_press(Key::Enter);
    harness.run_ok();
    assert_eq!(harness.state().project().name, "airline");
}

#[test]
fn an_option_that_would_help_is_offered_and_gets_the_keyboard() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("same.csv");
    let rows: String = (0..20).map(|row| format!("{row},{},yes\n", row % 3)).collect();
    std::fs::write(&path, format!("size,kind,answer\n{rows}")).unwrap();
    let mut harness = open(project());
    let source = format!("csv:{}", path.display());
    harness.state_mut().project_mut().data.source = source.parse().unwrap();
    step_until(&mut harness, "the loader gives up", |studio| {
        studio.session().source().to_string() == source && !is_loading(studio) && !studio.session().columns.is_empty()
    });
    harness.get_by_label("same.csv: the target answer is always \"yes\", and a network has nothing to tell apart.");
    click(&mut harness, "Change target");
    assert!(harness.get_by_role_and_label(Role::ComboBox, "Target").accesskit_node().is_focused());
}

#[test]
fn without_a_network_a_known_data_set_is_one_sentence_and_a_folder_to_choose() {
    let mut harness = open(project());
    let error = DataError::Download {
        path: "/cache/mnist/train-images-idx3-ubyte.gz".into(),
        set: "mnist".to_owned(),
        problems: vec!["https://example.org/mnist/ could not be reached: dns".to_owned()],
        is_offline: true,
    };
    let result = Err(DataProblem::from(&error));
    report(&mut harness, Report::DataLoaded { source: project().data.source, result });
    harness.get_by_label("mnist could not be downloaded: this computer is offline.");
    harness.get_by_label("Choose a folder…");
    assert!(harness.query_by_label_contains("example.org").is_none());
    click(&mut harness, "Details");
    harness.get_by_label_contains("https://example.org/mnist/ could not be reached");
}

#[test]
fn what_is_not_of_the_network_on_the_screen_says_so_and_brings_it_back() {
    let mut harness = open(project());
    click(&mut harness, "Train");
    step_until(&mut harness, "the run ends", has_ended);
    let trained = harness.state().project().clone();
    assert!(harness.query_by_label_contains("previous network").is_none());
    harness.state_mut().project_mut().model.layers[1] = Dense::new(32, Function::Relu).into();
    harness.run_ok();
    harness.get_by_label("Finished. Test accuracy of the previous network");
    for view in ["learn", "draw", "mistakes"] {
        act(&mut harness, Request::Show(view));
        harness.get_by_label("Of the previous network: mlp on test, epoch 3 of 3");
    }
    act(&mut harness, Request::Show("data"));
    assert!(harness.query_by_label_contains("Of the previous network").is_none(), "the samples are not of the run");
    act(&mut harness, Request::Show("learn"));
    click(&mut harness, "Bring it back");
    assert_eq!(*harness.state().project(), trained);
    harness.get_by_label("Finished. Test accuracy");
    harness.state_mut().project_mut().data.source = "points:xor".parse().unwrap();
    harness.run_ok();
    harness.get_by_label("Of the previous data: mlp on test, epoch 3 of 3");
}

#[test]
fn f1_explains_the_term_at_the_pointer_and_any_other_by_its_names() {
    let mut harness = open(project());
    let place = harness.get_by_label("Epochs").rect().left_center() - vec2(60.0, 0.0);
    harness.hover_at(place);
    harness.run_steps(2);
    harness.key_press(Key::F1);
    harness.run_ok();
    harness.get_by_label_contains("One pass over the whole training set");
    // The list at the left stands where the term is.
    let is_listed = |harness: &Harness<'_, Studio>, name: &str| {
        let field = harness.get_by_label("Search terms").rect();
        let mut lines = harness.query_all_by_role_and_label(Role::Button, name).map(|line| line.rect());
        lines.any(|line| line.top() > field.bottom() && line.bottom() < field.bottom() + 380.0)
    };
    assert!(is_listed(&harness, "Epoch"));
    // It is found by another name, and a link leads on.
    let field = harness.get_by_label("Search terms");
    field.focus();
    field.type_text("adam");
    harness.run_ok();
    harness.key_press(Key::Enter);
    harness.run_ok();
    harness.get_by_label_contains("Kingma & Ba 2015");
    harness.get_by_role_and_label(Role::Link, "Weight decay").click();
    harness.run_ok();
    harness.get_by_label_contains("Loshchilov & Hutter");
    assert!(is_listed(&harness, "Weight decay"));
    harness.key_press(Key::Escape);
    harness.run_ok();
    assert!(harness.query_by_label("Search terms").is_none());
}
