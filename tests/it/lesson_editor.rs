//! A lesson written in the window: cards, a question, a goal with its solution, tried, and found again.

use std::path::Path;

use backprop_studio::lesson::Lesson;
use backprop_studio::lesson::draft::Draft;
use backprop_studio::ui::commands::request::{EditAction, LessonAction};
use backprop_studio::ui::state::lesson_editor::{Editor, Taken};
use backprop_studio::ui::{Command, Document, Request, Studio};
use eframe::egui::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::studio::{act, click, step_until};
use crate::support::project;

fn open(copy: &Path) -> Harness<'static, Studio> {
    let (document, file) = (Document::new(project("spiral", &[])), copy.to_owned());
    let builder = Harness::builder().with_size([1280.0, 800.0]).with_max_steps(60);
    builder.build_eframe(move |cc| Studio::new(cc, Some(document)).copying_to(&cc.egui_ctx, Some(file), true))
}

fn edit(harness: &mut Harness<'static, Studio>, action: EditAction) {
    act(harness, Request::Lesson(LessonAction::Edit(action)));
}

fn editor<'a>(harness: &'a Harness<'static, Studio>) -> &'a Editor {
    harness.state().lessons().editor.as_ref().expect("a lesson is written")
}

/// Types into a field, in place of what is there.
fn write(harness: &mut Harness<'static, Studio>, field: &str, text: &str) {
    let is_field = |role: Role| [Role::TextInput, Role::MultilineTextInput].contains(&role);
    let find = |harness: &Harness<'static, Studio>| {
        let mut found = harness.query_all_by_label(field).filter(|node| is_field(node.accesskit_node().role()));
        found.next().unwrap_or_else(|| panic!("there is no field {field:?}")).focus();
    };
    find(harness);
    harness.run_ok();
    harness.key_press_modifiers(eframe::egui::Modifiers::COMMAND, eframe::egui::Key::A);
    harness.run_ok();
    harness.event(eframe::egui::Event::Text(text.to_owned()));
    harness.run_ok();
}

fn press(harness: &mut Harness<'static, Studio>, name: &str) {
    harness.query_all_by_label(name).next().unwrap_or_else(|| panic!("there is no {name:?}")).click_accesskit();
    harness.run_ok();
}

#[test]
fn a_teacher_writes_a_lesson_in_the_window() {
    let base = tempfile::tempdir().unwrap();
    let (folder, copy) = (base.path().join("mine"), base.path().join("copy.json"));
    let mut harness = open(&copy);
    let own = harness.state().project().clone();
    edit(&mut harness, EditAction::Record(folder.clone()));
    assert_eq!(Lesson::open(&folder).unwrap().project, own);

    write(&mut harness, "Title of the lesson", "Learning rates");
    write(&mut harness, "What one can do afterwards", "You can choose a learning rate.");
    write(&mut harness, "Heading of the step", "Look");
    write(&mut harness, "Text of the card", "The plane has **three** classes.");
    press(&mut harness, "Add a step behind this one");
    write(&mut harness, "Heading of the step", "Try a rate");
    write(&mut harness, "Text of the card", "The rate is $\\eta$ now.");
    press(&mut harness, "A question before the run");
    for (field, text) in
        [("Question", "What comes?"), ("Choice 1", "Nothing"), ("Choice 2", "A lower loss"), ("Answer", "It learns.")]
    {
        write(&mut harness, field, text);
    }
    press(&mut harness, "Choice 2 is right");

    // What is on the screen becomes what the step sets, and with the next change what solves it.
    harness.state_mut().project_mut().set("training.epochs", "2").unwrap();
    harness.run_ok();
    press(&mut harness, "Set it at the beginning");
    press(&mut harness, "Add a condition");
    assert!(!editor(&harness).draft.faults().is_empty(), "there are no hints and no solution yet");
    for (at, text) in ["Look at the right.", "Change the rate.", "Set it to 0.02."].iter().enumerate() {
        write(&mut harness, &format!("Hint {} of 3", at + 1), text);
    }
    harness.state_mut().project_mut().set("training.learning_rate", "0.02").unwrap();
    harness.run_ok();
    press(&mut harness, "Take as solution");
    assert_eq!(editor(&harness).draft.faults(), []);

    // In another language the cards begin with those in English, and have the same right answer.
    step_until(&mut harness, "it is saved", |studio| {
        studio.lessons().editor.as_ref().is_some_and(|editor| !editor.is_changed())
    });
    let lesson = Lesson::open(&folder).unwrap();
    assert_eq!((lesson.cards("en").title.as_str(), lesson.steps.len()), ("Learning rates", 2));
    assert_eq!(lesson.right_choice(1), Some(1));
    assert_eq!(lesson.steps[1].set, serde_json::from_str(r#"{ "training.epochs": 2 }"#).unwrap());
    let solution = lesson.steps[1].solution.clone().unwrap();
    assert_eq!(solution.keys().collect::<Vec<_>>(), ["training.learning_rate"]);

    // Tried from this step on, and back.
    press(&mut harness, "Try it");
    let on = harness.state().lessons().on.as_ref().expect("the lesson is on");
    assert_eq!((on.shown, on.lesson.name.as_str()), (1, "mine"));
    assert_eq!(harness.state().project().training.epochs, 2);
    harness.get_by_label("What comes?");
    click(&mut harness, "Leave the lesson");
    assert_eq!((editor(&harness).step, harness.state().project().training.epochs), (1, 2));

    // After another start the editor is where it was; closed, it gives the own project back.
    let is_kept = |_: &Studio| std::fs::read_to_string(&copy).is_ok_and(|text| text.contains("\"step\":1"));
    step_until(&mut harness, "the state is written", is_kept);
    drop(harness);
    let mut harness = open(&copy);
    assert_eq!(editor(&harness).step, 1);
    press(&mut harness, "Close the editor");
    assert_eq!(*harness.state().project(), own);
    assert!(harness.state().lessons().editor.is_none());
}

#[test]
fn a_lesson_of_the_program_becomes_one_of_the_teacher() {
    let base = tempfile::tempdir().unwrap();
    let mut harness = open(&base.path().join("copy.json"));
    act(&mut harness, Request::Lesson(LessonAction::Open("6".to_owned())));
    let folder = base.path().join("ours");
    edit(&mut harness, EditAction::Adapt(folder.clone()));
    assert!(harness.state().lessons().on.is_none());
    let steps = editor(&harness).draft.plan.steps.len();
    press(&mut harness, "Step 2");
    press(&mut harness, "Remove this step");
    assert_eq!(editor(&harness).draft.plan.steps.len(), steps - 1);
    press(&mut harness, "Bring it back");
    assert_eq!(editor(&harness).draft.plan.steps.len(), steps);
    // What is left on the screen and not taken is told.
    harness.state_mut().project_mut().set("training.epochs", "7").unwrap();
    press(&mut harness, "Step 1");
    harness.get_by_label_contains("was not taken into step 2");
    edit(&mut harness, EditAction::Take(Taken::Start));
    edit(&mut harness, EditAction::Close);
    let lesson = Lesson::open(&folder).unwrap();
    assert_eq!(lesson.steps.len(), steps);
    assert!(lesson.languages().eq(["en", "zh"]));
    assert!(Draft::open(&base.path().join("nowhere")).is_err());
    edit(&mut harness, EditAction::Open(base.path().join("nowhere")));
    assert!(harness.state().lessons().editor.is_none());
    act(&mut harness, Command::Lessons);
}
