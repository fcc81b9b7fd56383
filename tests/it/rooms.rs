//! The window with points and tables: seen, set, trained, judged and tried.

use std::fs;
use std::time::{Duration, Instant};

use backprop_studio::nn::layers::{Dense, Function};
use backprop_studio::project::Project;
use backprop_studio::ui::session::Status;
use backprop_studio::ui::surface::SIDE;
use backprop_studio::ui::{Action, Document, Studio};
use eframe::egui::{Key, Modifiers, Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use crate::studio::{act, click, step_until};
use crate::support::project;

/// The studio with a project whose data has been read.
pub fn open(project: Project) -> Harness<'static, Studio> {
    let builder = Harness::builder().with_size(vec2(1280.0, 800.0)).with_max_steps(200);
    let mut harness = builder.build_eframe(|cc| Studio::new(cc, Some(Document::new(project))));
    step_until(&mut harness, "the data is there", |studio| studio.session().dataset().is_some());
    harness
}

pub fn train(harness: &mut Harness<'static, Studio>) {
    act(harness, Action::Train);
    step_until(harness, "the run has ended", |studio| matches!(studio.session().status, Status::Ended(_)));
}

/// Steps until something is to be read, at most a minute.
#[track_caller]
fn wait_for(harness: &mut Harness<'static, Studio>, text: &str) {
    let started = Instant::now();
    while harness.query_all_by_label_contains(text).count() == 0 {
        assert!(started.elapsed() < Duration::from_secs(60), "{text} did not come");
        harness.step();
    }
}

/// A layer for one or more numbers at the end of a preset's stack.
fn ending_in(mut project: Project, units: usize) -> Project {
    project.model.layers.pop();
    project.model.layers.push(Dense::new(units, Function::Linear).into());
    project
}

#[test]
fn points_are_trained_and_every_place_of_the_plane_is_answered() {
    let mut harness = open(project("xor", &[("training.epochs", "30")]));
    harness.get_by_label("Samples in the plane");
    train(&mut harness);
    step_until(&mut harness, "the surface is drawn", |studio| studio.plane_answers().is_some());
    let answers = &harness.state().plane_answers().unwrap().values;
    assert_eq!(answers.len(), SIDE * SIDE * 2);
    // Blue where x and y have the same sign; the first row is the highest y.
    let blue = |row: usize, column: usize| answers[(row * SIDE + column) * 2];
    let (near, far) = (SIDE / 5, SIDE - SIDE / 5);
    let quarters = [blue(near, near), blue(near, far), blue(far, near), blue(far, far)];
    assert!(quarters[0] < 0.1 && quarters[1] > 0.9 && quarters[2] > 0.9 && quarters[3] < 0.1, "{quarters:?}");
    click(&mut harness, "ROC");
    harness.get_by_label("ROC curve");
    harness.get_by_label_contains("macro F1");
}

#[test]
fn options_of_a_source_are_set_without_typing_its_text() {
    let mut harness = open(project("xor", &[]));
    act(&mut harness, Action::Show("Data"));
    harness.get_by_label("Noise value").focus();
    harness.run_ok();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.get_by_label("Noise value").type_text("0.2");
    harness.run_ok();
    harness.key_press(Key::Enter);
    harness.run_ok();
    assert_eq!(harness.state().project().data.source, "points:xor?noise=0.2");
    step_until(&mut harness, "the points are made anew", |studio| studio.session().dataset().is_some());
    click(&mut harness, "Rows");
    assert!(harness.query_all_by_label_contains("class blue, x ").count() > 3);
}

#[test]
fn a_table_is_described_its_target_chosen_and_its_rows_judged_and_tried() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parcels.csv");
    let row = |at: usize| {
        let (weight, zone) = (at % 10, ["near", "far"][at / 10 % 2]);
        let price = 2 * weight + 30 * (at / 10 % 2);
        format!("{}.5,{zone},{price}.25,{}\n", weight, if price > 20 { "dear" } else { "cheap" })
    };
    fs::write(&path, format!("weight,zone,price,kind\n{}", (0..100).map(row).collect::<String>())).unwrap();
    let source = format!("csv:{}", path.display());
    let mut harness = open(ending_in(project("iris", &[("data.source", &source), ("training.epochs", "40")]), 2));
    act(&mut harness, Action::Show("Data"));
    harness.get_by_label_contains("column zone, holds 2 categories");
    harness.get_by_label_contains("column weight, holds number, missing 0, lowest 0.5, mean 5, highest 9.5");

    wait_for(&mut harness, "Target");
    harness.get_by_role_and_label(Role::ComboBox, "Target").click();
    harness.run_ok();
    harness.get_by_role_and_label(Role::Button, "price").click();
    harness.run_ok();
    assert_eq!(harness.state().project().data.source, format!("{source}?target=price"));
    step_until(&mut harness, "the table is read anew", |studio| studio.session().dataset().is_some());
    harness.get_by_label_contains("column price, holds target");

    let model = ending_in(harness.state().project().clone(), 1).model;
    harness.state_mut().project_mut().model = model;
    harness.state_mut().project_mut().training.loss = project("fuel", &[]).training.loss;
    act(&mut harness, Action::Show("Learn"));
    train(&mut harness);
    harness.get_by_label_contains("RMSE plot: validation");
    harness.get_by_label("Predicted over true");
    harness.get_by_label_contains(", MAE ");
    act(&mut harness, Action::Show("Mistakes"));
    assert!(harness.query_all_by_label_contains("true price ").count() > 3);

    act(&mut harness, Action::Show("Draw"));
    harness.get_by_label_contains("in truth ");
    harness.get_by_role_and_label(Role::ComboBox, "zone").click();
    harness.run_ok();
    let zone = harness.state().desk().row.values[1] > 0.5;
    harness.get_by_role_and_label(Role::Button, if zone { "near" } else { "far" }).click();
    harness.run_ok();
    assert!((harness.state().desk().row.values[1] > 0.5) != zone, "{:?}", harness.state().desk().row);
    harness.get_by_label("made up");
}
