//! Curves as sound: what a player is given, how it is stopped, and what is saved. No test makes a sound.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use backprop_studio::ui::jobs::playing::Player;
use backprop_studio::ui::state::subject::Subject;
use backprop_studio::ui::views::learn::heard;
use backprop_studio::ui::{Command, Document, Request, Studio};
use eframe::egui::{Key, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::studio::{act, click, step_until};
use crate::support::project;
use crate::views::{train, wait_for};

/// The window with a script in the place of a player.
fn open(folder: &Path, script: &str) -> Harness<'static, Studio> {
    let program = folder.join("player");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let player = Player { program, arguments: |path| vec![path.into()] };
    let project = project("iris", &[("training.epochs", "6")]);
    let builder = Harness::builder().with_size(vec2(1024.0, 700.0)).with_max_steps(200);
    let mut harness =
        builder.build_eframe(|cc| Studio::new(cc, Some(Document::new(project))).playing_with(vec![player]));
    step_until(&mut harness, "the data are there", |studio| studio.session().dataset().is_some());
    harness
}

/// What is to be heard.
fn wav(studio: &Studio) -> Vec<u8> {
    heard(&Subject::of(studio.project(), studio.session()), studio.session(), studio.window()).wav().unwrap()
}

#[test]
fn the_curves_are_given_to_the_player_and_saved() {
    let folder = tempfile::tempdir().unwrap();
    let played = folder.path().join("played.wav");
    let mut harness = open(folder.path(), "cp \"$1\" \"$0.part\" && mv \"$0.part\" \"$(dirname \"$0\")/played.wav\"");
    assert!(harness.get_by_label("Listen to the curves").accesskit_node().is_disabled());
    train(&mut harness);
    click(&mut harness, "Listen to the curves");
    step_until(&mut harness, "it is played", |_| played.is_file());
    wait_for(&mut harness, "Listen to the curves");
    assert_eq!(fs::read(&played).unwrap(), wav(harness.state()));

    let saved = folder.path().join("loss.wav");
    harness.get_by_label_contains("Loss plot").click_secondary();
    harness.run_ok();
    click(&mut harness, "Save as sound (WAV)…");
    act(&mut harness, Request::SaveChartTo(saved.clone()));
    step_until(&mut harness, "it is written", |_| saved.is_file());
    harness.key_press(Key::Escape);
    harness.run_ok();
    assert_eq!(fs::read(&saved).unwrap(), wav(harness.state()));
}

#[test]
fn the_button_stops_what_it_has_begun() {
    let folder = tempfile::tempdir().unwrap();
    let begun = folder.path().join("player.begun");
    let mut harness = open(folder.path(), ": > \"$0.begun\"; exec tail -f /dev/null");
    train(&mut harness);
    act(&mut harness, Command::Listen);
    step_until(&mut harness, "it is played", |_| begun.is_file());
    click(&mut harness, "Stop the sound");
    wait_for(&mut harness, "Listen to the curves");
}

#[test]
fn that_there_is_no_player_is_told_with_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = open(folder.path(), "");
    fs::remove_file(folder.path().join("player")).unwrap();
    train(&mut harness);
    act(&mut harness, Command::Listen);
    wait_for(&mut harness, "There is no program that plays sounds: ");
}
