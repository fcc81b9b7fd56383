//! What was on the screen is there again: the project, the drawing and the run, at the next start and after a crash.

use std::path::Path;

use backprop_studio::data::Drawing;
use backprop_studio::project::run_folder::DRAWING;
use backprop_studio::project::working_copy::WorkingCopy;
use backprop_studio::ui::{Command, Document, Request, Studio};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use crate::studio::{act, has_ended, step_until};
use crate::support::project;

#[test]
fn project_and_drawing_are_there_again_after_a_crash() {
    let base = tempfile::tempdir().unwrap();
    let file = base.path().join("copy.json");
    let start = |is_restored| {
        let (file, document) = (Some(file.clone()), Document::new(project("xor", &[])));
        let builder = Harness::builder().with_size([1280.0, 800.0]).with_max_steps(60);
        builder.build_eframe(move |cc| Studio::new(cc, Some(document)).copying_to(&cc.egui_ctx, file, is_restored))
    };
    let mut harness = start(true);
    harness.state_mut().project_mut().training.learning_rate = 0.077;
    let copied = |_: &Studio| WorkingCopy::read(&file).is_some_and(|copy| copy.project.training.learning_rate == 0.077);
    step_until(&mut harness, "the change is written", copied);
    // As if the program had been killed: nothing is written at its end.
    std::mem::forget(harness);
    // The system gives back what a process has locked; here it goes on.
    std::fs::remove_file(file.with_extension("lock")).unwrap();
    let again = start(true);
    assert_eq!(again.state().project().training.learning_rate, 0.077);
    again.get_by_label_contains("ended unexpectedly");
    drop(again);
    assert!(!WorkingCopy::read(&file).unwrap().is_open, "it was closed");
    assert!(start(false).state().project().training.learning_rate != 0.077);
}

#[test]
fn a_training_that_is_left_is_kept_and_goes_on_at_the_next_start() {
    let base = tempfile::tempdir().unwrap();
    let file = base.path().join("copy.json");
    let start = || {
        let (file, runs) = (Some(file.clone()), base.path().to_owned());
        let document = Document::new(project("xor", &[("training.epochs", "1000000")]));
        let builder = Harness::builder().with_size([1280.0, 800.0]).with_max_steps(60);
        let mut harness = builder.build_eframe(move |cc| {
            Studio::new(cc, Some(document)).keeping_runs(Some(runs)).copying_to(&cc.egui_ctx, file, true)
        });
        step_until(&mut harness, "the points are there", |studio| studio.session().dataset().is_some());
        harness
    };
    let mut harness = start();
    act(&mut harness, Command::Train);
    step_until(&mut harness, "it trains", |studio| studio.session().progress.epochs_done > 10);
    let left = harness.state().session().progress.step;
    drop(harness);
    let mut harness = start();
    step_until(&mut harness, "the run is there again", has_ended);
    harness.get_by_label_contains("The run xor-1 had not finished when the program ended. Continue goes on");
    assert!(harness.state().session().progress.step >= left);
    act(&mut harness, Command::Continue);
    step_until(&mut harness, "it goes on", |studio| studio.session().progress.step > left + 10);
    act(&mut harness, Command::Reset);
    drop(harness);
    // One that was given up is not shown again.
    let mut harness = start();
    harness.run_steps(30);
    assert!(harness.state().session().job.is_none() && WorkingCopy::read(&file).unwrap().run.is_none());
}

fn open(runs: &Path) -> Harness<'static, Studio> {
    let project = project("mlp", &[("data.source", "digits?count=200"), ("training.epochs", "1")]);
    let (document, runs) = (Document::new(project), runs.to_owned());
    let builder = Harness::builder().with_size([1280.0, 800.0]).with_max_steps(60);
    let mut harness = builder.build_eframe(move |cc| Studio::new(cc, Some(document)).keeping_runs(Some(runs)));
    step_until(&mut harness, "the digits are there", |studio| studio.session().dataset().is_some());
    harness
}

fn draw(harness: &mut Harness<'_, Studio>, folder: &Path, height: f32) -> Vec<Vec<[f32; 2]>> {
    let strokes = vec![vec![[0.1, height], [0.9, height]]];
    let path = folder.join("mine.json");
    std::fs::write(&path, serde_json::to_string(&Drawing { strokes, label: None }).unwrap()).unwrap();
    let before = harness.state().playground().drawing.strokes.clone();
    act(harness, Request::OpenDrawing(path));
    step_until(harness, "it is drawn", |studio| studio.playground().drawing.strokes != before);
    harness.state().playground().drawing.strokes.clone()
}

#[test]
fn a_run_is_opened_with_the_drawing_that_it_read() {
    let base = tempfile::tempdir().unwrap();
    let folder = |number| base.path().join(format!("mlp-{number}"));
    let mut harness = open(base.path());
    act(&mut harness, Command::Train);
    step_until(&mut harness, "the run ends", has_ended);
    drop(harness);
    assert!(!folder(1).join(DRAWING).exists(), "the example is nobody's drawing");

    let mut harness = open(base.path());
    act(&mut harness, Command::Train);
    let first = draw(&mut harness, base.path(), 0.3);
    step_until(&mut harness, "the run ends", has_ended);
    step_until(&mut harness, "the drawing is written", |_| folder(2).join(DRAWING).exists());
    // Another run has another drawing; the one that is left keeps its own.
    let second = draw(&mut harness, base.path(), 0.6);
    act(&mut harness, Command::TrainAnew);
    step_until(&mut harness, "another run begins", |_| folder(3).exists());
    step_until(&mut harness, "the run ends", has_ended);
    let third = draw(&mut harness, base.path(), 0.8);
    act(&mut harness, Request::Dropped(folder(2)));
    step_until(&mut harness, "its drawing is shown", |studio| studio.playground().drawing.strokes == second);
    act(&mut harness, Request::Dropped(folder(3)));
    step_until(&mut harness, "its drawing is shown", |studio| studio.playground().drawing.strokes == third);
    assert!(first != second);
    // A run without a drawing leaves the canvas alone, and gets none by being opened.
    act(&mut harness, Request::Dropped(folder(1)));
    step_until(&mut harness, "it is open", |studio| has_ended(studio) && studio.project().name == "mlp");
    drop(harness);
    assert!(!folder(1).join(DRAWING).exists());
}
