//! A class board: a pupil's window writes its line into a shared folder, and a teacher's window and the command line show it.

use std::fs;
use std::path::Path;
use std::time::Instant;

use backprop_studio::lesson::board::{Board, Score, Standing, Watch};
use backprop_studio::lesson::progress::now;
use backprop_studio::runs::RunState;
use backprop_studio::train::Subset;
use backprop_studio::train::metrics::ACCURACY;
use backprop_studio::ui::commands::board::BoardAction;
use backprop_studio::ui::commands::request::LessonAction;
use backprop_studio::ui::state::board::Membership;
use backprop_studio::ui::{Command, Document, Request, Studio};
use eframe::egui::{Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::lessons::write_lesson;
use crate::studio::{PATIENCE, act, click, has_ended, step_until};
use crate::support::{backprop, project};
use crate::views::{train, wait_for};

fn open(preset: &str) -> Harness<'static, Studio> {
    let project = project(preset, &[("training.epochs", "4")]);
    let builder = Harness::builder().with_size(vec2(1024.0, 700.0)).with_max_steps(200);
    let mut harness = builder.build_eframe(|cc| Studio::new(cc, Some(Document::new(project))));
    step_until(&mut harness, "the data are there", |studio| studio.session().dataset().is_some());
    harness
}

fn join(harness: &mut Harness<'static, Studio>, folder: &Path, name: &str) {
    act(harness, Command::JoinBoard);
    type_into(harness, "Shared folder", &folder.to_string_lossy());
    type_into(harness, "Your name", name);
    click(harness, "Join");
}

fn type_into(harness: &mut Harness<'static, Studio>, field: &str, text: &str) {
    harness.get_by_role_and_label(Role::TextInput, field).focus();
    harness.run_ok();
    harness.get_by_role_and_label(Role::TextInput, field).type_text(text);
    harness.run_ok();
}

fn read(folder: &Path) -> Board {
    Watch::default().read(folder).unwrap()
}

/// Steps until the file of the only pupil is as it is to be.
#[track_caller]
fn wait_for_line(harness: &mut Harness<'static, Studio>, folder: &Path, is_so: impl Fn(&Standing) -> bool) -> Standing {
    let started = Instant::now();
    loop {
        let board = read(folder);
        assert!(board.unread.is_empty(), "{board:?}");
        if let Some(pupil) = board.pupils.into_iter().next().filter(|pupil| is_so(&pupil.standing)) {
            return pupil.standing;
        }
        assert!(started.elapsed() < PATIENCE, "the line did not come");
        harness.step();
    }
}

fn watch(harness: &mut Harness<'static, Studio>, folder: &Path) {
    act(harness, Request::Board(BoardAction::Watch(folder.to_owned())));
}

/// A line that another machine has written.
fn write_line(folder: &Path, name: &str, key: &str, value: f64, written: u64) {
    let validation = Some(Score { key: key.to_owned(), value, best: Some(value) });
    let state = Some(RunState::Running);
    let line = Standing { name: name.to_owned(), machine: name.to_lowercase(), written, ..Standing::default() };
    Standing { validation, state, epoch: 3, of_epochs: 9, ..line }.write(folder).unwrap();
}

#[test]
fn a_pupil_joins_trains_and_leaves_and_the_teacher_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut pupil = open("iris");
    train(&mut pupil);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nobody has joined");
    join(&mut pupil, folder.path(), "Ada");
    step_until(&mut pupil, "the pupil is on the board", |studio| studio.window().boards.joined.is_some());
    pupil.get_by_label("On the class board as Ada");
    act(&mut pupil, Command::TrainAnew);
    step_until(&mut pupil, "the run ends", has_ended);
    let line =
        wait_for_line(&mut pupil, folder.path(), |line| line.state == Some(RunState::Finished) && line.epoch == 4);
    assert_eq!((line.name.as_str(), line.project.as_str(), line.of_epochs), ("Ada", "iris", 4));
    assert_eq!((line.data.as_str(), line.lesson.as_ref()), ("iris", None));
    let score = line.validation.unwrap();
    let (_, value) = pupil.state().session().curves.of(Subset::Validation, &ACCURACY).last().unwrap();
    assert_eq!((score.key.as_str(), score.value), ("validation_accuracy", f64::from(value)));
    assert!(score.best.unwrap() >= score.value);
    assert_eq!(line.training.unwrap().key, "train_accuracy");

    let mut teacher = open("xor");
    watch(&mut teacher, folder.path());
    let shown = format!("validation accuracy {:.1} %", 100.0 * value);
    wait_for(&mut teacher, &shown);
    let row = teacher.get_by_label_contains(&shown).accesskit_node().label().unwrap_or_default();
    assert!(row.starts_with("Ada: epoch 4 of 4, ") && row.contains(", finished, written "), "{row}");
    teacher.get_by_label_contains("1 of 1 with a validation accuracy: mean ");

    act(&mut pupil, Command::JoinBoard);
    pupil.get_by_label("Ada is on the class board in this folder:");
    click(&mut pupil, "Leave the class board");
    step_until(&mut pupil, "the line is taken off", |_| fs::read_dir(folder.path()).unwrap().count() == 0);
    assert!(pupil.query_by_label("On the class board as Ada").is_none());
    act(&mut pupil, Command::TrainAnew);
    step_until(&mut pupil, "the run ends", has_ended);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "who has left writes nothing");
    wait_for(&mut teacher, "Nobody is on the board yet.");
}

#[test]
fn a_name_that_is_taken_and_a_folder_that_is_not_there_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let shared = folder.path().join("class");
    let mut pupil = open("xor");
    join(&mut pupil, &shared, "Ada");
    wait_for(&mut pupil, "is no folder that can be reached from here");
    assert!(pupil.state().window().boards.joined.is_none());
    fs::create_dir(&shared).unwrap();
    write_line(&shared, "Ada", "validation_accuracy", 0.5, now());
    click(&mut pupil, "Join");
    wait_for(&mut pupil, "is written by another machine under the same name");
    type_into(&mut pupil, "Your name", " B");
    click(&mut pupil, "Join");
    step_until(&mut pupil, "the pupil is on the board", |studio| studio.window().boards.joined.is_some());
    assert_eq!(read(&shared).pupils.len(), 2);

    // The drive is away: it is told once, the run goes on, and nothing waits for it.
    fs::rename(&shared, folder.path().join("away")).unwrap();
    train(&mut pupil);
    wait_for(&mut pupil, "The class board: ");
    assert!(pupil.state().window().boards.joined.is_some());
}

#[test]
fn a_step_of_a_lesson_is_written() {
    let base = tempfile::tempdir().unwrap();
    let (lesson, shared) = (base.path().join("short"), base.path().join("class"));
    write_lesson(&lesson);
    fs::create_dir(&shared).unwrap();
    let mut pupil = open("xor");
    let membership = Membership { folder: shared.clone(), name: "Bo".to_owned() };
    act(&mut pupil, Request::Board(BoardAction::Join(membership)));
    step_until(&mut pupil, "the pupil is on the board", |studio| studio.window().boards.joined.is_some());
    act(&mut pupil, Request::Lesson(LessonAction::Open(lesson.to_string_lossy().into_owned())));
    click(&mut pupil, "Next");
    let is_second = |line: &Standing| line.lesson.as_ref().is_some_and(|lesson| lesson.step == 2);
    let line = wait_for_line(&mut pupil, &shared, is_second);
    let lesson = line.lesson.unwrap();
    assert_eq!((lesson.title.as_str(), lesson.of_steps, lesson.goals, lesson.of_goals), ("A short lesson", 4, 0, 2));
}

#[test]
fn a_class_is_sorted_counted_and_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let shared = folder.path();
    write_line(shared, "Ada", "validation_accuracy", 0.6, now());
    write_line(shared, "Bo", "validation_accuracy", 0.9, now() - 10 * 60 * 1000);
    write_line(shared, "Cy", "validation_rmse", 2.0, now());
    fs::write(shared.join("Di.board.json"), "{\"version\": 7}").unwrap();
    fs::write(shared.join("Ed.board.json"), "{\"version\": 1, \"na").unwrap();
    let mut teacher = open("xor");
    watch(&mut teacher, shared);
    wait_for(&mut teacher, "Di.board.json: is of version 7, and this program reads up to 1");
    teacher.get_by_label_contains("Ed.board.json: is no line of a class board, or only a part of one");
    teacher.get_by_label("2 of 3 with a validation accuracy: mean 75.0 %, median 75.0 %, best 90.0 % (Bo).");
    teacher.get_by_label_contains(
        "Bo: epoch 3 of 9, validation accuracy 90.0 %, best 90.0 %, training, no news, written 10 min ago",
    );
    let top = |harness: &Harness<'_, Studio>, row: &str| harness.get_by_label_contains(row).rect().top();
    assert!(top(&teacher, "Ada: ") < top(&teacher, "Bo: ") && top(&teacher, "Bo: ") < top(&teacher, "Cy: "));
    click(&mut teacher, "By value");
    assert!(top(&teacher, "Bo: ") < top(&teacher, "Ada: ") && top(&teacher, "Ada: ") < top(&teacher, "Cy: "));
    click(&mut teacher, "Hide names");
    for name in ["Ada:", "Bo:", "Cy:", "(Bo)", "Di.", "Ed."] {
        assert!(teacher.query_by_label_contains(name).is_none(), "{name} is hidden");
    }
    teacher.get_by_label("Files that cannot be read: 2. Show the names to see which.");
    teacher.get_by_label_contains("2: epoch 3 of 9, validation accuracy 90.0 %");
    assert!(teacher.state().window().boards.hides_names);
    let rects: Vec<_> = teacher.query_all_by_label_contains("written ").map(|row| row.rect()).collect();
    assert!(rects.iter().all(|row| row.left() >= 0.0 && row.right() <= 1024.0 && row.bottom() <= 700.0), "{rects:?}");

    let printed = backprop(shared, &["lesson", "board", ".", "--by-value"]);
    assert_eq!(printed.code, 1, "two files cannot be read");
    let lines: Vec<&str> = printed.out.lines().collect();
    assert!(lines[0].starts_with("name  lesson step  goals reached  epoch  validation accuracy"), "{}", printed.out);
    assert!(
        lines[1].starts_with("Bo ") && lines[1].contains("90.0 %") && lines[1].ends_with("10 min ago"),
        "{}",
        printed.out
    );
    assert!(lines[3].contains("validation RMSE 2.000") && lines[4].starts_with("2 of 3 with a"), "{}", printed.out);
    assert!(printed.err.contains("Di.board.json: is of version 7"), "{}", printed.err);
}
