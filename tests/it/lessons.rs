//! Lessons: those of the program are without faults and their solutions reach their goals; others are checked, packed and graded.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use backprop_nn::compress::Precision;
use backprop_studio::lesson::draft::Draft;
use backprop_studio::lesson::handin::HandIn;
use backprop_studio::lesson::progress::{Progress, RunEntry, Try};
use backprop_studio::lesson::solve::Solver;
use backprop_studio::lesson::{Lesson, built_in, check};
use backprop_studio::project::Project;
use backprop_studio::project::run_folder::weights_to_bytes;
use backprop_studio::train::{Subset, default_threads};

use crate::support::{backprop, project};

/// A lesson with a question, a goal that needs a run, and one that needs none.
pub fn write_lesson(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let hints = "### Hint\n\nOne.\n\n### Hint\n\nTwo.\n\n### Hint\n\nThree.\n\n";
    let cards = format!(
        "# A short lesson\n\nYou can train a network.\n\n## Look\n\nA formula $w \\leftarrow w - \\eta\\, g$, and **words**.\n\n\
         ## Guess and train\n\nTrain it.\n\n### Question\n\nWhat will the loss do?\n\n- [ ] It rises\n- [x] It falls\n- [ ] Nothing\n\n\
         ### Answer\n\nGradient descent makes it smaller.\n\n{hints}## Make it small\n\nTake units out.\n\n{hints}## The end\n\nDone.\n"
    );
    fs::write(folder.join("lesson.md"), cards).unwrap();
    let plan = r#"{
  "minutes": 5,
  "project": { "preset": "xor", "set": { "training.epochs": "20", "data.source": "points:xor?count=200" } },
  "steps": [
    { "view": "data" },
    { "view": "learn", "set": { "training.learning_rate": "0.00001" }, "locked": ["data", "model", "training.batch"],
      "highlight": "training.learning_rate", "goal": ["runs >= 1", "train_loss < 0.3", "seconds < 60"],
      "solution": { "training.learning_rate": "0.02" } },
    { "highlight": "model.0.units", "locked": ["data"], "goal": ["parameters < 40"], "solution": { "model.0.units": "2" } },
    {}
  ]
}"#;
    fs::write(folder.join("lesson.json"), plan).unwrap();
}

#[test]
fn the_lessons_of_the_program_are_those_in_its_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/lessons");
    let names = |path: &Path| -> BTreeSet<String> {
        let entries = fs::read_dir(path).unwrap().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    };
    assert_eq!(built_in::names().map(str::to_owned).collect::<BTreeSet<_>>(), names(&folder));
    for name in built_in::names() {
        let files = built_in::files(name).unwrap();
        assert_eq!(files.names().map(str::to_owned).collect::<BTreeSet<_>>(), names(&folder.join(name)), "{name}");
        let number = name.split('-').next().unwrap();
        assert_eq!(built_in::files(number).unwrap().name, name);
    }
}

#[test]
fn the_lessons_of_the_program_are_without_faults_in_both_languages() {
    for name in built_in::names() {
        let files = built_in::files(name).unwrap();
        let read = check::read(&files);
        let told: Vec<_> = read.faults.iter().map(ToString::to_string).collect();
        assert!(told.is_empty(), "{name}: {told:#?}");
        let lesson = Lesson::of(&files).unwrap();
        assert_eq!(lesson.languages().collect::<Vec<_>>(), ["en", "zh"], "{name}");
        assert!(lesson.cards("zh") != lesson.cards("en"), "{name}");
    }
}

#[test]
fn every_solution_reaches_its_goal() {
    let mut solver = Solver::default();
    let mut missed = Vec::new();
    for name in built_in::names() {
        let lesson = Lesson::find(name).unwrap();
        for (at, step) in lesson.steps.iter().enumerate().filter(|(_, step)| step.solution.is_some()) {
            match solver.solve(&lesson, at, None) {
                Ok(solved) if solved.is_reached => {}
                Ok(solved) => missed.push(format!("{name}, step {}: {:?}", at + 1, solved.told(&step.goal))),
                Err(why) => missed.push(format!("{name}, step {}: {why}", at + 1)),
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_lesson_is_checked_with_its_solutions_and_packed() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("short");
    write_lesson(&folder);
    let done = backprop(base.path(), &["lesson", "check", "short"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(done.out.contains("4 steps in en, nothing wrong"), "{}", done.out);
    assert!(done.out.contains("step 2, goal reached: runs >= 1: 1, train_loss < 0.3: 0."), "{}", done.out);
    assert!(done.out.contains("step 3, goal reached: parameters < 40: "), "{}", done.out);

    let done = backprop(base.path(), &["lesson", "pack", "short"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let (packed, of_folder) =
        (Lesson::open(&base.path().join("short.lesson")).unwrap(), Lesson::open(&folder).unwrap());
    assert_eq!((packed.digest, packed.steps), (of_folder.digest, of_folder.steps.clone()));

    let plan = fs::read_to_string(folder.join("lesson.json")).unwrap();
    fs::write(folder.join("lesson.json"), plan.replace("\"0.02\"", "\"0.00001\"")).unwrap();
    let done = backprop(base.path(), &["lesson", "check", "short"]);
    assert!(done.code == 1 && done.out.contains("step 2, goal NOT reached"), "{}{}", done.out, done.err);
    fs::write(folder.join("lesson.json"), plan.replace("train_loss", "train_fun")).unwrap();
    let done = backprop(base.path(), &["lesson", "check", "short", "--no-training"]);
    assert!(
        done.code == 1 && done.out.contains("lesson.json:7: step 2: there is no result \"train_fun\""),
        "{}",
        done.out
    );
    let done = backprop(base.path(), &["lesson", "pack", "short"]);
    assert!(done.code == 1 && done.err.contains("cannot be used"), "{}", done.err);
    let done = backprop(base.path(), &["lesson", "check", "nowhere"]);
    assert!(done.code == 2 && done.err.contains("there is no lesson \"nowhere\""), "{}", done.err);
    assert!(Draft::begin(&folder, &project("xor", &[]), None).is_err());
}

#[test]
fn hand_ins_are_graded_and_copies_are_found() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("short");
    write_lesson(&folder);
    let lesson = Lesson::open(&folder).unwrap();
    let mut project: Project = lesson.project_at(1).unwrap();
    project.training.learning_rate = 0.02;
    let dataset = std::sync::Arc::new(project.data.load(&Default::default()).unwrap());
    let job = project.job(dataset, default_threads()).unwrap();
    let weights = job.initial_weights();
    let stated = job.evaluate(&weights, Subset::Validation);
    let mut progress = Progress::begin(&lesson);
    progress.steps[1].tries = vec![Try { choice: 1, at: progress.begun }];
    progress.steps[1].reached = Some(progress.begun + 1);
    let results =
        [("validation_loss", f64::from(stated.loss)), ("validation_accuracy", stated.accuracy().unwrap().into())];
    let results = results.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    progress.runs.push(RunEntry { step: 1, outcome: "finished".to_owned(), results, ..RunEntry::default() });
    let written = progress.begun + 7 * 60_000;
    let bytes = weights_to_bytes(&job.network, &weights, Precision::Float32).unwrap();
    let handin = HandIn { name: "Ada".to_owned(), written, program: String::new(), progress, project, weights: bytes };
    handin.write(&base.path().join("ada.handin")).unwrap();
    assert_eq!(HandIn::read(&base.path().join("ada.handin")).unwrap(), handin);
    let copy = HandIn { name: "Bob".to_owned(), written: written + 1, ..handin.clone() };
    copy.write(&base.path().join("bob.handin")).unwrap();
    let mut false_one = HandIn { name: "Eve".to_owned(), ..handin.clone() };
    false_one.progress.begun += 1;
    false_one.progress.steps[1].tries[0].choice = 0;
    false_one.progress.runs[0].results.insert("validation_accuracy".to_owned(), 0.999);
    false_one.write(&base.path().join("eve.handin")).unwrap();
    fs::write(base.path().join("no.handin"), "nothing").unwrap();

    let files = ["ada.handin", "bob.handin", "eve.handin"];
    let done = backprop(base.path(), &[&["lesson", "grade", "--lesson", "short"][..], &files].concat());
    assert_eq!(done.code, 0, "{}", done.err);
    let line = |name: &str| done.out.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    assert!(
        line("Ada").contains("1/1") && line("Ada").contains("1/2") && line("Ada").contains("7 min"),
        "{}",
        done.out
    );
    assert!(line("Ada").contains("confirmed: validation_accuracy"), "{}", done.out);
    assert!(
        line("Eve").contains("0/1") && line("Eve").contains("DOES NOT HOLD: states validation_accuracy 0.9990"),
        "{}",
        done.out
    );
    assert!(done.out.contains("identical: ada.handin, bob.handin"), "{}", done.out);
    let done = backprop(base.path(), &["lesson", "grade", "--lesson", "short", "no.handin"]);
    assert!(done.code == 1 && done.err.contains("no.handin: is no hand-in"), "{}", done.err);
}
