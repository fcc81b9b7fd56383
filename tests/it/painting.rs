//! Points painted with the mouse: they become the data, are taken back, trained on, and kept in the project's file.

use std::ops::Range;

use backprop_studio::data::sources::painted::Painted;
use backprop_studio::project::Project;
use backprop_studio::ui::state::session::Status;
use backprop_studio::ui::{Command, Document, Request, Studio};
use eframe::egui::{Event, Key, Modifiers, PointerButton, Pos2, Rect, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use crate::studio::{act, choose, drag, step_until};
use crate::support::project;

const PLANE: &str = "Painted points in the plane";

/// The studio in the tab Data with the plane of this source to paint in.
fn paint(source: &str) -> Harness<'static, Studio> {
    let project = project("xor", &[("data.source", source), ("training.batch", "4"), ("training.epochs", "60")]);
    let builder = Harness::builder().with_size(vec2(1280.0, 800.0)).with_max_steps(200);
    let mut harness = builder.build_eframe(|cc| Studio::new(cc, Some(Document::new(project))));
    step_until(&mut harness, "the data is there", |studio| studio.session().dataset().is_some());
    act(&mut harness, Request::Show("data"));
    choose(&mut harness, "Paint");
    harness
}

fn painted(harness: &Harness<'_, Studio>) -> Painted {
    Painted::of_source(&harness.state().project().data.source).expect("the project holds painted points")
}

fn of_class(harness: &Harness<'_, Studio>, class: f32) -> usize {
    painted(harness).points.iter().filter(|point| point.value == class).count()
}

/// A place in the plane, as shares of its width and height from the left top.
fn place(plane: Rect, x: f32, y: f32) -> Pos2 {
    plane.min + vec2(plane.width() * x, plane.height() * y)
}

/// Along a level line.
fn path(plane: Rect, shares: Range<usize>, y: f32) -> Vec<Pos2> {
    shares.map(|at| place(plane, at as f32 / 20.0, y)).collect()
}

fn drag_right(harness: &mut Harness<'_, Studio>, path: &[Pos2]) {
    let button = |pos, pressed| Event::PointerButton {
        pos,
        button: PointerButton::Secondary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    harness.hover_at(path[0]);
    harness.event(button(path[0], true));
    harness.run_ok();
    for point in path {
        harness.hover_at(*point);
        harness.run_ok();
    }
    harness.event(button(path[path.len() - 1], false));
    harness.run_ok();
}

#[test]
fn a_plane_is_painted_from_nothing_learnt_and_kept_in_the_project() {
    let mut harness = paint("painted");
    let plane = harness.get_by_label(PLANE).rect();
    drag(&mut harness, &path(plane, 3..9, 0.3));
    let first = harness.state().project().data.source.clone();
    assert!(of_class(&harness, 0.0) >= 5 && of_class(&harness, 1.0) == 0, "{first}");
    choose(&mut harness, "orange");
    drag(&mut harness, &path(plane, 12..18, 0.7));
    assert!(of_class(&harness, 1.0) >= 5);
    let points = painted(&harness).points;
    assert!(points.iter().all(|point| (point.at[0] < 0.0) == (point.value == 0.0)), "left is blue: {points:?}");
    assert!(points.iter().all(|point| (point.at[1] > 0.0) == (point.value == 0.0)), "above is blue: {points:?}");
    assert_eq!(harness.state().session().dataset().unwrap().train.len(), points.len(), "they are the data at once");

    // A stroke is one step back, whoever asks for it.
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_ok();
    assert_eq!(harness.state().project().data.source.to_string(), first.to_string());
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    harness.run_ok();
    assert_eq!(painted(&harness).points.len(), points.len());
    harness.get_by_label(&format!("{} points", points.len()));

    act(&mut harness, Command::Train);
    step_until(&mut harness, "the run has ended", |studio| matches!(studio.session().status, Status::Ended(_)));
    step_until(&mut harness, "the surface is drawn", |studio| studio.derived().plane.current().is_some());
    let answers = harness.state().derived().plane.current().unwrap();
    assert_eq!(*answers.query.ranges[0].start(), -1.06, "the whole plane is answered, not only where points are");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.json");
    harness.state().project().save(&path).unwrap();
    let kept = Project::open(&path).unwrap();
    assert_eq!(Painted::of_source(&kept.data.source).unwrap().points.len(), points.len());
}

#[test]
fn what_is_shown_is_painted_on_and_erased() {
    let mut harness = paint("points:xor?count=200");
    let before = harness.state().project().data.source.clone();
    let plane = harness.get_by_label(PLANE).rect();
    assert_eq!(before.to_string(), "points:xor?count=200", "looking changes nothing");
    let everywhere: Vec<Pos2> =
        (0..40).flat_map(|row| path(plane, if row % 2 == 0 { 0..21 } else { 0..1 }, row as f32 / 39.0)).collect();
    drag_right(&mut harness, &everywhere[..210]);
    let left = painted(&harness).points.len();
    assert!(left < 120, "{left} of 160 are left after half of the plane was erased");
    choose(&mut harness, "Eraser");
    drag(&mut harness, &everywhere);
    assert!(painted(&harness).points.len() < left);

    harness.get_by_label("Clear the plane").click();
    harness.run_ok();
    assert!(painted(&harness).points.is_empty());
    act(&mut harness, Command::Train);
    assert!(harness.query_all_by_label_contains("There are no training samples; paint some").count() > 0);
    harness.get_by_label("Undo the last stroke").click();
    harness.run_ok();
    assert!(!painted(&harness).points.is_empty());
    choose(&mut harness, "Another class; the last layer needs a unit for it");
    assert_eq!(painted(&harness).task.classes(), ["blue", "orange", "class 3"]);
    assert!(harness.query_all_by_label_contains("does not fit").count() > 0);

    // Other data ends the painting, if it lies in no plane.
    act(&mut harness, Request::UseSource("digits?count=400".parse().unwrap()));
    step_until(&mut harness, "the digits are there", |studio| {
        studio.session().dataset().is_some_and(|it| it.shape.len() > 2)
    });
    assert!(harness.query_by_label(PLANE).is_none() && harness.state().playground().painting.is_none());
}

#[test]
fn points_with_a_number_get_the_one_that_is_chosen() {
    let mut harness = paint("painted:x,y;height~-0.5 0 -2 0.5 0 2");
    let plane = harness.get_by_label(PLANE).rect();
    harness.get_by_label("Value value");
    drag(&mut harness, &path(plane, 9..12, 0.2));
    let points = painted(&harness).points;
    assert!(points.len() > 3 && points[2..].iter().all(|point| (2.0..2.5).contains(&point.value)), "{points:?}");
}
