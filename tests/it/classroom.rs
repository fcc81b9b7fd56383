//! What a class needs of the window: a first page, explanations of what is on the screen, less of it, two languages, larger text, and
//! everything by keyboard.

use backprop_studio::language::{self, Language};
use backprop_studio::project::profile::Profile;
use backprop_studio::ui::state::session::Status;
use backprop_studio::ui::{Command, Document, Request, Studio};
use eframe::egui::{Color32, Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::studio::{act, click, step_until};
use crate::support::project;

fn open(preset: &str) -> Harness<'static, Studio> {
    let project = project(preset, &[("training.epochs", "3")]);
    let builder = Harness::builder().with_size(vec2(1280.0, 800.0)).with_max_steps(200);
    let mut harness = builder.build_eframe(|cc| Studio::new(cc, Some(Document::new(project))));
    step_until(&mut harness, "the data are there", |studio| studio.session().dataset().is_some());
    harness
}

fn has(harness: &Harness<'_, Studio>, label: &str) -> bool {
    harness.query_all_by_label(label).next().is_some()
}

#[test]
fn the_start_page_leads_to_the_canvas_to_painting_and_to_the_lessons() {
    let mut harness = open("xor");
    act(&mut harness, Command::Start);
    click(&mut harness, "Draw a digit");
    assert_eq!(harness.state().session().source().to_string(), "points:xor");
    act(&mut harness, Command::Start);
    click(&mut harness, "Take a lesson");
    harness.get_by_label("Search lessons");
    harness.key_press(Key::Escape);
    harness.run_ok();
    act(&mut harness, Command::Start);
    click(&mut harness, "Teach it something");
    step_until(&mut harness, "one can paint", |studio| studio.playground().painting.is_some());
    assert_eq!(harness.state().project().data.source.to_string(), "painted");
    harness.get_by_label_contains("Painted points in the plane");
}

#[test]
fn the_doors_of_the_start_page_are_equally_wide_in_every_language() {
    let mut harness = open("xor");
    for size in [vec2(1920.0, 1080.0), vec2(1024.0, 700.0)] {
        harness.set_size(size);
        act(&mut harness, Command::Start);
        for doors in [
            ["Draw a digit", "Teach it something", "Open my data", "Take a lesson"],
            ["画一个数字", "教它一点东西", "打开我的数据", "学习一门课程"],
        ] {
            let widths = doors.map(|door| harness.get_by_label(door).rect().width());
            assert!(widths.iter().all(|width| (width - widths[0]).abs() < 0.5), "{size} {doors:?} {widths:?}");
            act(&mut harness, Command::NextLanguage);
        }
        harness.key_press(Key::Escape);
        harness.run_ok();
    }
    language::speak(Language::find("en").unwrap());
}

#[test]
fn what_is_on_the_screen_is_numbered_and_explained() {
    let mut harness = open("xor");
    harness.key_press_modifiers(Modifiers::SHIFT, Key::F1);
    harness.run_steps(3);
    assert!(has(&harness, "What do I see here?"));
    harness.get_by_label_contains("How far the predictions are from the targets");
    harness.get_by_label_contains("The layers, from the input at the top");
    // The window that explains is dragged by its title, out of the way of what it explains.
    // The button at the top has the same name.
    let window = |harness: &Harness<'_, Studio>| {
        let mut named = harness.query_all_by_label("What do I see here?").map(|node| node.rect());
        named.find(|rect| rect.height() > 100.0).unwrap()
    };
    let before = window(&harness);
    let (title, by) = (before.center_top() + vec2(0.0, 14.0), vec2(-200.0, -100.0));
    harness.hover_at(title);
    harness.drag_at(title);
    harness.hover_at(title + by);
    harness.drop_at(title + by);
    harness.run_steps(3);
    let moved = window(&harness).min - before.min;
    assert!((moved - by).length() < 2.0, "{moved:?}");
    act(&mut harness, Request::Show("runs"));
    harness.run_steps(3);
    harness.get_by_label_contains("Every run is kept here");
    assert!(harness.query_by_label_contains("How far the predictions are from the targets").is_none());
    harness.key_press_modifiers(Modifiers::SHIFT, Key::F1);
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("Every run is kept here").is_none());
}

#[test]
fn a_profile_leaves_out_what_is_not_used_and_is_given_on_as_a_file() {
    let mut harness = open("xor");
    assert!(has(&harness, "Inside") && has(&harness, "Shuffle"));
    act(&mut harness, Request::UseProfile(Box::new(Profile::beginner())));
    harness.run_steps(2);
    for label in ["Inside", "Runs", "Shuffle", "Seed"] {
        assert!(!has(&harness, label), "{label}");
    }
    assert!(has(&harness, "Learning rate") && has(&harness, "Epochs") && has(&harness, "Data"));
    harness.state_mut().project_mut().set("training.shuffle", "false").unwrap();
    harness.run_steps(2);
    assert!(has(&harness, "Shuffle"), "what is not as it is by default is shown");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("class.profile");
    act(&mut harness, Request::SaveProfileTo(path.clone()));
    step_until(&mut harness, "it is written", |_| Profile::read(&path).is_ok());
    act(&mut harness, Request::UseProfile(Box::new(Profile::everything())));
    harness.run_steps(2);
    assert!(has(&harness, "Inside"));
    act(&mut harness, Request::Dropped(path));
    step_until(&mut harness, "it is in force", |studio| studio.window().profile == Profile::beginner());
    harness.run_steps(2);
    assert!(!has(&harness, "Inside"));
    harness.get_by_label_contains("things are left out");
    act(&mut harness, Command::Profile);
    click(&mut harness, "Everything");
    assert!(has(&harness, "Inside"));
}

#[test]
fn the_language_changes_at_once_and_back() {
    let mut harness = open("xor");
    assert!(has(&harness, "Train"));
    act(&mut harness, Command::NextLanguage);
    harness.run_steps(2);
    assert_eq!(harness.state().window().language.as_deref(), Some("zh"));
    assert!(has(&harness, "训练") && has(&harness, "学习率") && !has(&harness, "Train"));
    act(&mut harness, Command::NextLanguage);
    harness.run_steps(2);
    assert!(has(&harness, "Train") && !has(&harness, "学习率"));
    language::speak(Language::find("en").unwrap());
}

#[test]
fn text_grows_colors_get_contrast_and_motion_stops() {
    let mut harness = open("xor");
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Plus);
    harness.run_steps(2);
    assert_eq!((harness.state().window().text_size, harness.ctx.zoom_factor()), (110, 1.1));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Num0);
    harness.run_steps(2);
    assert_eq!(harness.ctx.zoom_factor(), 1.0);
    act(&mut harness, Command::HighContrast);
    act(&mut harness, Command::ReduceMotion);
    harness.run_steps(2);
    let style = harness.ctx.style_of(harness.ctx.theme());
    assert_eq!((style.visuals.panel_fill, style.animation_time), (Color32::BLACK, 0.0));
    act(&mut harness, Command::HighContrast);
    harness.run_steps(2);
    assert_ne!(harness.ctx.style_of(harness.ctx.theme()).visuals.panel_fill, Color32::BLACK);
}

/// As somebody does who sees nothing: keys, and the names that a screen reader says.
#[test]
fn iris_is_trained_and_evaluated_by_keyboard_and_names() {
    let mut harness = open("iris");
    harness.key_press(Key::Space);
    step_until(&mut harness, "it is trained", |studio| matches!(studio.session().status, Status::Ended(_)));
    harness.run_steps(3);
    harness.get_by_label_contains("Finished.");
    let said = harness.get_by_label_contains("Loss plot").accesskit_node().label().unwrap_or_default();
    assert!(said.contains("validation 0.") && said.contains(" at step "), "{said}");
    // The class table and the tab of a sample to try are named as well.
    assert!(has(&harness, "Confusion matrix"));
    harness.key_press(Key::Num2);
    harness.run_steps(3);
    assert!(harness.query_all_by_label("petal length (cm)").next().is_some());
}
