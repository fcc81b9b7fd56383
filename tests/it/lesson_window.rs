//! Lessons in the window: walked through step by step, with answers right and wrong, goals, hints, locks, and what is handed in.

use std::path::Path;

use backprop_studio::lesson::handin::HandIn;
use backprop_studio::lesson::plan::apply;
use backprop_studio::lesson::{Lesson, built_in, check};
use backprop_studio::project::Project;
use backprop_studio::ui::commands::request::{EditAction, LessonAction};
use backprop_studio::ui::state::lesson::{Ongoing, UNANSWERED};
use backprop_studio::ui::state::window_state::Place;
use backprop_studio::ui::views;
use backprop_studio::ui::{Command, Document, Request, Studio};
use eframe::egui::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::lessons::write_lesson;
use crate::studio::{act, click, has_ended, step_until};
use crate::support::project;
use crate::views::wait_for;

fn open(size: [f32; 2], copy: Option<&Path>) -> Harness<'static, Studio> {
    let (document, file) = (Document::new(project("spiral", &[])), copy.map(Path::to_owned));
    let builder = Harness::builder().with_size(size).with_max_steps(60);
    builder.build_eframe(move |cc| {
        let studio = Studio::new(cc, Some(document));
        if file.is_some() { studio.copying_to(&cc.egui_ctx, file, true) } else { studio }
    })
}

fn on<'a>(harness: &'a Harness<'static, Studio>) -> &'a Ongoing {
    harness.state().lessons().on.as_ref().expect("a lesson is on")
}

fn lesson(harness: &mut Harness<'static, Studio>, action: LessonAction) {
    act(harness, Request::Lesson(action));
}

fn data_is_there(studio: &Studio) -> bool {
    studio.session().dataset().is_some() && studio.session().source() == &studio.project().data.source
}

/// Chooses an answer and checks it.
fn answer(harness: &mut Harness<'static, Studio>, choice: usize) {
    let radios: Vec<_> = harness.query_all_by_role(Role::RadioButton).collect();
    // It may lie below what is seen of the card.
    radios[choice].click_accesskit();
    harness.run_ok();
    harness.query_all_by_role_and_label(Role::Button, "Check answer").next().unwrap().click_accesskit();
    harness.run_ok();
}

/// Puts the solution in place and trains until the goal is reached.
fn solve(harness: &mut Harness<'static, Studio>) {
    let plan = on(harness).plan().unwrap().clone();
    apply(harness.state_mut().project_mut(), plan.solution.as_ref().unwrap()).unwrap();
    harness.run_ok();
    step_until(harness, "the data is there", data_is_there);
    let step = on(harness).step();
    let is_reached = |harness: &Harness<'static, Studio>| on(harness).progress.steps[step].reached.is_some();
    for _ in 0..6 {
        harness.run_ok();
        if is_reached(harness) {
            return;
        }
        let command = if has_ended(harness.state()) { Command::TrainAnew } else { Command::Train };
        let permitted = harness.state_mut().situation().permits(command);
        assert_eq!(permitted, Ok(()), "step {}", step + 1);
        act(harness, command);
        step_until(harness, "the run ends", has_ended);
        harness.run_ok();
    }
    let figures = &on(harness).figures;
    assert!(is_reached(harness), "step {}: {:?} with {figures:?}", step + 1, plan.goal);
}

/// Goes through a lesson as a pupil does who is wrong at first and right in the end.
fn walk(number: &str) {
    let name = built_in::names().find(|name| name.starts_with(number)).expect("there is such a lesson");
    let mut harness = open([1280.0, 800.0], None);
    let own = harness.state().project().clone();
    lesson(&mut harness, LessonAction::Open(name.to_owned()));
    let steps = on(&harness).lesson.steps.len();
    for step in 0..steps {
        step_until(&mut harness, "the data is there", data_is_there);
        harness.get_by_label(&format!("Step {} of {steps}", step + 1));
        let (plan, right) = (on(&harness).plan().unwrap().clone(), on(&harness).lesson.right_choice(step));
        if let Some(view) = plan.view.as_deref().filter(|view| check::TABS.contains(view)) {
            assert_eq!(harness.state_mut().window_mut().shown(Place::Center), Some(view), "{name}, step {}", step + 1);
        }
        if let Some(right) = right {
            if !plan.goal.is_empty() {
                let command = if has_ended(harness.state()) { Command::TrainAnew } else { Command::Train };
                assert_eq!(harness.state_mut().situation().permits(command), Err(UNANSWERED.to_owned()));
            }
            assert!(on(&harness).can_go_on().is_err());
            answer(&mut harness, if right == 0 { 1 } else { 0 });
            harness.get_by_label("Not right. You may answer again.");
            answer(&mut harness, right);
            harness.get_by_label("Right.");
        }
        if !plan.goal.is_empty() {
            solve(&mut harness);
            wait_for(&mut harness, "Goal reached.");
        }
        assert_eq!(on(&harness).can_go_on(), Ok(()), "{name}, step {}", step + 1);
        if step + 1 == steps {
            harness.get_by_label("Your name");
            click(&mut harness, "Finish");
        } else {
            click(&mut harness, "Next");
        }
    }
    assert!(harness.state().lessons().on.is_none());
    assert_eq!(*harness.state().project(), own);
    let progress = harness.state().lessons().progress_of(name).unwrap();
    assert!(progress.is_done && progress.skipped().is_empty());
}

macro_rules! walks {
    ($($test:ident: $number:literal,)*) => {
        $(#[test]
        fn $test() {
            walk($number);
        })*

        #[test]
        fn every_lesson_has_its_walk() {
            let walks = [$($number),*];
            assert!(built_in::names().all(|name| walks.iter().any(|number| name.starts_with(number))));
        }
    };
}

walks! {
    neuron_is_walked_through: "01-",
    forward_pass_is_walked_through: "02-",
    gradient_descent_is_walked_through: "03-",
    backpropagation_is_walked_through: "04-",
    activation_is_walked_through: "05-",
    overfitting_is_walked_through: "06-",
    convolution_is_walked_through: "07-",
    recurrent_is_walked_through: "08-",
    gan_is_walked_through: "09-",
    metrics_is_walked_through: "10-",
    factory_camera_is_walked_through: "11-",
    failing_machine_is_walked_through: "12-",
}

#[test]
fn what_a_step_may_name_is_what_the_window_has() {
    let of = |place: Place| -> Vec<&str> {
        views::all().iter().filter(|view| view.place() == place).map(|view| view.id()).collect()
    };
    assert_eq!(of(Place::Center), check::TABS);
    assert_eq!([of(Place::Left), of(Place::Right)].concat(), check::PANELS);
    let commands: Vec<String> = Command::ALL.iter().map(|command| command.id()).collect();
    assert!(check::COMMANDS.iter().all(|name| commands.iter().any(|command| command == name)));
}

#[test]
fn a_lesson_locks_hints_and_is_handed_in() {
    let base = tempfile::tempdir().unwrap();
    let (folder, file) = (base.path().join("short"), base.path().join("ada.handin"));
    write_lesson(&folder);
    let mut harness = open([1024.0, 700.0], None);
    let own = harness.state().project().clone();
    act(&mut harness, Request::Dropped(folder.clone()));
    step_until(&mut harness, "the lesson is on", |studio| studio.lessons().on.is_some());
    harness.get_by_label("A short lesson");
    harness.get_by_label("Step 1 of 4");
    harness.get_by_label("You can train a network.");
    harness.get_by_label("A formula w ← w − η g, and words.");
    click(&mut harness, "Next");
    step_until(&mut harness, "the data is there", data_is_there);

    // What is locked is disabled, and comes back however it is changed; the rest is free.
    let batch = harness.get_by_label("Batch size value");
    assert!(batch.accesskit_node().is_disabled());
    assert!(!harness.get_by_label("Learning rate value").accesskit_node().is_disabled());
    let before = harness.state().project().clone();
    harness.state_mut().project_mut().training.batch += 3;
    harness.state_mut().project_mut().model.layers.pop();
    harness.run_ok();
    assert_eq!(*harness.state().project(), before);
    wait_for(&mut harness, "Locked in this step of the lesson: ");

    // The goal is not reached with what the step has set.
    act(&mut harness, Command::Train);
    wait_for(&mut harness, UNANSWERED);
    assert!(harness.state().session().job.is_none());
    answer(&mut harness, 1);
    harness.get_by_label("Right.");
    harness.get_by_label("Gradient descent makes it smaller.");
    act(&mut harness, Command::Train);
    step_until(&mut harness, "the run ends", has_ended);
    harness.run_ok();
    assert_eq!(on(&harness).can_go_on(), Err("The goal is not reached yet."));
    harness.get_by_label_contains("Goal: Training loss < 0.3, not reached, now 0.");
    harness.get_by_label_contains("Goal: Runs ≥ 1, reached, now 1");
    assert!(harness.query_by_label("Three.").is_none());
    for hint in 1..=3 {
        harness.get_by_role_and_label(Role::Button, &format!("Hint {hint} of 3")).click_accesskit();
        harness.run_ok();
    }
    harness.get_by_label("Three.");
    solve(&mut harness);
    click(&mut harness, "Next");

    // A goal of settings needs no run.
    assert_eq!(on(&harness).can_go_on(), Err("The goal is not reached yet."));
    harness.get_by_label_contains("Goal: Parameters < 40, not reached, now ");
    solve(&mut harness);
    click(&mut harness, "Back");
    harness.get_by_label("Step 2 of 4");
    click(&mut harness, "Next");
    click(&mut harness, "Next");
    harness.get_by_label("Your name").focus();
    harness.run_ok();
    harness.get_by_label("Your name").type_text("Ada");
    harness.run_ok();
    lesson(&mut harness, LessonAction::HandInTo(file.clone()));
    step_until(&mut harness, "it is handed in", |_| file.is_file());
    let handin = HandIn::read(&file).unwrap();
    assert_eq!((handin.name.as_str(), handin.progress.runs.len(), handin.progress.hints()), ("Ada", 2, 3));
    assert_eq!(handin.project.training.learning_rate, 0.02);
    assert!(!handin.weights.is_empty());
    let found = Lesson::open(&folder).unwrap();
    assert_eq!((handin.progress.answers(&found), handin.progress.goals(&found)), ((1, 1), (2, 2)));

    act(&mut harness, Command::LeaveLesson);
    assert!(harness.state().lessons().on.is_none());
    assert_eq!(*harness.state().project(), own);
    let done = crate::support::backprop(base.path(), &["lesson", "grade", "--lesson", "short", "ada.handin"]);
    assert!(done.code == 0 && done.out.contains("confirmed: validation_accuracy"), "{}{}", done.out, done.err);
}

#[test]
fn a_lesson_that_is_left_goes_on_at_the_next_start_and_a_step_can_be_skipped() {
    let base = tempfile::tempdir().unwrap();
    let (folder, copy) = (base.path().join("short"), base.path().join("copy.json"));
    write_lesson(&folder);
    let mut harness = open([1280.0, 800.0], Some(&copy));
    let own: Project = harness.state().project().clone();
    lesson(&mut harness, LessonAction::Open(folder.to_string_lossy().into_owned()));
    click(&mut harness, "Next");
    click(&mut harness, "Skip this step");
    harness.get_by_label("Step 3 of 4");
    drop(harness);

    let mut harness = open([1280.0, 800.0], Some(&copy));
    harness.run_ok();
    harness.get_by_label("Step 3 of 4");
    assert_eq!(on(&harness).progress.skipped(), [2]);
    assert_eq!(harness.state().project().name, Lesson::open(&folder).unwrap().project.name);
    click(&mut harness, "Leave the lesson");
    assert_eq!(*harness.state().project(), own);
    lesson(&mut harness, LessonAction::Open(folder.to_string_lossy().into_owned()));
    harness.get_by_label("Step 3 of 4");
    drop(harness);
    // Another version of the lesson begins anew, and the own project is not lost.
    std::fs::write(folder.join("note.md"), "changed").unwrap();
    let harness = open([1280.0, 800.0], Some(&copy));
    assert!(harness.state().lessons().on.is_none());
    assert_eq!(*harness.state().project(), own);
}

#[test]
fn a_lesson_is_begun_from_a_project_and_the_list_shows_those_there_are() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("mine");
    let mut harness = open([1280.0, 800.0], None);
    lesson(&mut harness, LessonAction::Edit(EditAction::Record(folder.clone())));
    assert_eq!(Lesson::open(&folder).unwrap().project, *harness.state().project());
    act(&mut harness, Command::Lessons);
    harness.get_by_label("Search lessons");
    if let Some(name) = built_in::names().next() {
        let title = Lesson::find(name).unwrap().cards("en").title.clone();
        harness.query_all_by_label_contains(&title).next().unwrap().click();
        harness.run_ok();
        assert_eq!(on(&harness).lesson.name, name);
    }
}
