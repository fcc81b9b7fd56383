//! Runs of the window: each is written as it goes, goes on when it is asked to, and is not lost when the window closes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use backprop_studio::project::{Output, Project};
use backprop_studio::runs::store::StoredRun;
use backprop_studio::runs::{Parent, RunInfo, RunState, history};
use backprop_studio::train::{Outcome, Subset, metrics::LOSS};
use backprop_studio::ui::state::session::Status;
use backprop_studio::ui::views::dialogs::{
    race::Race, side_by_side::SideBySideDialog, sweep::SweepDialog, trials::Trials,
};
use backprop_studio::ui::{Command, Document, Request, RunChange, Studio};
use eframe::egui;
use egui_kittest::{Harness, kittest::Queryable as _};

use crate::studio::{act, choose, click, has_ended, step_until};
use crate::support::project;
use crate::views::wait_for;

/// The window with runs in this folder.
pub fn open(epochs: &str, runs: &Path) -> Harness<'static, Studio> {
    open_project(project("xor", &[("training.epochs", epochs), ("training.schedule", "constant")]), runs)
}

fn open_project(project: Project, runs: &Path) -> Harness<'static, Studio> {
    let document = Document::new(project);
    let runs = runs.to_owned();
    let builder = Harness::builder().with_size([1280.0, 800.0]).with_max_steps(60);
    let mut harness = builder.build_eframe(move |cc| Studio::new(cc, Some(document)).keeping_runs(Some(runs)));
    step_until(&mut harness, "the points are there", |studio| studio.session().dataset().is_some());
    harness
}

fn epochs_written(folder: &Path) -> Vec<u64> {
    let lines = history::read(folder).unwrap();
    lines.iter().filter(|line| line["event"] == "epoch").filter_map(|line| line["epoch"].as_u64()).collect()
}

fn info(folder: &Path) -> Option<RunInfo> {
    RunInfo::read(folder).ok().flatten()
}

#[test]
fn a_run_is_kept_and_gets_ten_more_epochs() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("xor-1");
    let mut harness = open("3", base.path());
    act(&mut harness, Command::Train);
    step_until(&mut harness, "the run ends", has_ended);
    step_until(&mut harness, "it is written", |_| info(&folder).is_some_and(|info| info.state == RunState::Finished));
    assert_eq!(epochs_written(&folder), [1, 2, 3]);
    let before = harness.state().session().progress.epochs_done;
    click(&mut harness, "10 more epochs");
    step_until(&mut harness, "it ends again", |studio| {
        studio.session().progress.epochs_done == before + 10 && has_ended(studio)
    });
    assert_eq!(harness.state().project().training.epochs, 13);
    step_until(&mut harness, "it is written", |_| info(&folder).is_some_and(|info| info.epochs == 13));
    step_until(&mut harness, "it has ended", |_| info(&folder).is_some_and(|info| info.state == RunState::Finished));
    assert_eq!(epochs_written(&folder), (1..=13).collect::<Vec<_>>());
    let run = StoredRun::read(&folder).unwrap();
    assert!(run.results.iter().any(|(key, value)| key == "test_accuracy" && *value > 0.3), "{:?}", run.results);

    act(&mut harness, Command::TrainAnew);
    step_until(&mut harness, "another run is kept", |_| base.path().join("xor-2").join("run.json").is_file());
}

#[test]
fn closing_the_window_stops_the_run_and_keeps_it() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("xor-1");
    let mut harness = open("100000", base.path());
    act(&mut harness, Command::Train);
    step_until(&mut harness, "an epoch is over", |studio| studio.session().progress.epochs_done > 0);
    drop(harness);
    let run = StoredRun::read(&folder).unwrap();
    assert_eq!((run.state(), run.is_live), ("stopped", false));
    assert!(folder.join("weights.safetensors").is_file());
    assert_eq!(run.info.map(|info| u64::from(info.epochs)), epochs_written(&folder).last().copied());
}

#[test]
fn a_run_that_is_stopped_goes_on_and_one_that_is_reset_stays() {
    let base = tempfile::tempdir().unwrap();
    let folder = base.path().join("xor-1");
    let mut harness = open("100000", base.path());
    act(&mut harness, Command::Train);
    step_until(&mut harness, "an epoch is over", |studio| studio.session().progress.epochs_done > 0);
    act(&mut harness, Command::Stop);
    step_until(&mut harness, "the run ends", has_ended);
    let steps = harness.state().session().progress.step;
    act(&mut harness, Command::Continue);
    step_until(&mut harness, "it goes on", |studio| studio.session().progress.step > steps + 50);
    assert!(matches!(harness.state().session().status, Status::Running));
    act(&mut harness, Command::Reset);
    step_until(&mut harness, "it is written", |_| info(&folder).is_some_and(|info| info.state == RunState::Stopped));
    drop(harness);
    assert!(info(&folder).is_some_and(|info| info.state == RunState::Stopped && info.step > steps));

    let mut harness = open("3", base.path());
    act(&mut harness, Command::StepBatch);
    step_until(&mut harness, "a batch is trained", |studio| studio.session().progress.step == 1);
    act(&mut harness, Request::New("spiral"));
    drop(harness);
    assert!(base.path().join("xor-2").is_dir());
}

#[test]
fn kept_runs_are_listed_and_one_is_opened_with_its_curves() {
    let base = tempfile::tempdir().unwrap();
    let mut harness = open("4", base.path());
    for rate in ["0.02", "0.005"] {
        harness.state_mut().project_mut().set("training.learning_rate", rate).unwrap();
        act(&mut harness, Command::TrainAnew);
        act(&mut harness, Command::Train);
        step_until(&mut harness, "the run ends", has_ended);
    }
    act(&mut harness, Request::Show("runs"));
    wait_for(&mut harness, "learning rate");
    wait_for(&mut harness, "run xor-2, state finished");
    let press = |harness: &mut Harness<'static, Studio>, text: &str| {
        wait_for(harness, text);
        harness.query_all_by_label_contains(text).next().unwrap().click();
        harness.run_steps(3);
    };
    press(&mut harness, "run xor-2, state finished");
    press(&mut harness, "run xor-1, state finished");
    wait_for(&mut harness, "learning rate 0.005 → 0.02");
    for metric in ["Validation loss", "Validation accuracy", "Learning rate"] {
        wait_for(&mut harness, &format!("{metric} plot: xor-2"));
    }
    click(&mut harness, "Sort by learning rate");
    wait_for(&mut harness, "Sort by learning rate, descending");
    click(&mut harness, "Open");
    step_until(&mut harness, "it is opened", |studio| studio.project().training.learning_rate == 0.02);
    let curves = &harness.state().session().curves;
    assert!(!curves.of(Subset::Validation, &LOSS).is_empty(), "its curve is there");
}

#[test]
fn kept_runs_are_renamed_noted_pinned_deleted_and_brought_back() {
    let base = tempfile::tempdir().unwrap();
    let mut harness = open("2", base.path());
    act(&mut harness, Command::Train);
    step_until(&mut harness, "the run ends", has_ended);
    let folder = base.path().join("xor-1");
    step_until(&mut harness, "it is written", |_| info(&folder).is_some_and(|info| info.state == RunState::Finished));
    let change = |change| Request::ChangeRun { folder: folder.clone(), change };
    // Its writer lets go of the folder when it is done.
    step_until(&mut harness, "nobody writes", |_| !Output::is_held(&folder));
    act(&mut harness, change(RunChange::Name(" first ".to_owned())));
    act(&mut harness, change(RunChange::Note("a note".to_owned())));
    act(&mut harness, change(RunChange::Pin(true)));
    let found = info(&folder).unwrap();
    assert!(found.name.as_deref() == Some("first") && found.note == "a note" && found.is_pinned, "{found:?}");

    act(&mut harness, Request::Show("runs"));
    wait_for(&mut harness, "run first");
    act(&mut harness, Request::DeleteRuns(vec![folder.clone()]));
    assert!(!folder.exists());
    wait_for(&mut harness, "Undo deleting");
    click(&mut harness, "Undo deleting");
    assert!(folder.is_dir());
    act(&mut harness, Request::DeleteRuns(vec![folder.clone()]));
    drop(harness);
    assert!(!folder.exists() && !base.path().join(".deleted").exists());
}

#[test]
fn a_run_of_another_sitting_is_opened_and_goes_on_in_its_folder() {
    let base = tempfile::tempdir().unwrap();
    let mut harness = open("3", base.path());
    act(&mut harness, Command::Train);
    step_until(&mut harness, "the run ends", has_ended);
    drop(harness);
    let mut harness = open("1", base.path());
    let folder = base.path().join("xor-1");
    act(&mut harness, Request::Dropped(folder.clone()));
    step_until(&mut harness, "it is as it was left", has_ended);
    let session = harness.state().session();
    let Status::Ended(Outcome::Finished(Some(test))) = &session.status else { panic!("{:?}", session.status) };
    let stored = StoredRun::read(&folder).unwrap();
    assert_eq!(test.accuracy().map(f64::from), stored.results.get("test_accuracy").copied());
    assert!(session.validation().is_some_and(|seen| f64::from(seen.loss) == stored.results["validation_loss"]));
    assert_eq!((session.progress.epochs_done, session.coach.history.validation_losses().count()), (3, 3));
    assert!(session.marks.iter().any(|mark| mark.is_end()));
    act(&mut harness, Command::Continue);
    step_until(&mut harness, "it goes on", |studio| !has_ended(studio));
    step_until(&mut harness, "it has gone on", has_ended);
    drop(harness);
    let found = info(&folder).unwrap();
    assert_eq!((found.epochs, found.state), (13, RunState::Finished));
    let epochs: Vec<u64> = epochs_written(&folder);
    assert_eq!(epochs, (1..=13).collect::<Vec<_>>());
    // The same as thirteen epochs at once.
    let mut whole = open("13", base.path());
    act(&mut whole, Command::Train);
    step_until(&mut whole, "the run ends", has_ended);
    drop(whole);
    let last = |folder: &Path| StoredRun::read(folder).unwrap().results["validation_loss"];
    assert_eq!(last(&folder), last(&base.path().join("xor-2")));
}

#[test]
fn a_run_that_diverged_goes_back_as_a_branch_with_a_third_of_the_rate() {
    let base = tempfile::tempdir().unwrap();
    let rows: String =
        (0..100).map(|at| format!("{},{}.5,{}\n", at % 5, at * 31 % 17, 10 * (at % 5) + at % 2)).collect();
    std::fs::write(base.path().join("line.csv"), format!("a,b,y\n{rows}")).unwrap();
    let source = format!("csv:{}?task=regression", base.path().join("line.csv").display());
    let project = project(
        "fuel",
        &[
            ("data.source", &source),
            ("model", r#"[{"kind":"dense","units":1,"activation":"linear"}]"#),
            ("training.optimizer", "sgd"),
            ("training.learning_rate", "0.01"),
            ("training.batch", "4"),
            ("training.epochs", "100000"),
        ],
    );
    let mut harness = open_project(project, base.path());
    act(&mut harness, Command::Train);
    step_until(&mut harness, "some steps are taken", |studio| studio.session().progress.step > 200);
    harness.state_mut().project_mut().training.learning_rate = 10.0;
    step_until(&mut harness, "it diverges", has_ended);
    let step = harness.state().session().progress.step;
    assert!(matches!(harness.state().session().status, Status::Ended(Outcome::Diverged(_))));
    step_until(&mut harness, "it is written", |_| {
        info(&base.path().join("fuel-1")).is_some_and(|info| info.state == RunState::Diverged)
    });
    click(&mut harness, "Go back with a third of the learning rate");
    let branch = base.path().join("fuel-2");
    step_until(&mut harness, "the branch is kept", |_| info(&branch).is_some_and(|info| info.parent.is_some()));
    let parent = info(&branch).unwrap().parent.unwrap();
    assert!(parent.run == "fuel-1" && parent.step + 50 <= step, "{parent:?} {step}");
    assert!(harness.state().project().training.learning_rate < 10.0);
}

#[test]
fn a_run_goes_on_as_a_branch_with_one_thing_changed() {
    let base = tempfile::tempdir().unwrap();
    let mut harness = open("3", base.path());
    act(&mut harness, Command::Train);
    step_until(&mut harness, "the run ends", has_ended);
    let step = harness.state().session().progress.step;
    assert!(harness.query_by_label("Continue as a branch").is_none());
    harness.state_mut().project_mut().set("training.regularization.clip_norm", "0.5").unwrap();
    harness.run_ok();
    click(&mut harness, "Continue as a branch");
    step_until(&mut harness, "the branch ends", has_ended);
    drop(harness);
    let found = info(&base.path().join("xor-2")).unwrap();
    assert_eq!(found.parent, Some(Parent { run: "xor-1".to_owned(), step }));
    assert_eq!((found.epochs, epochs_written(&base.path().join("xor-2"))), (13, (4..=13).collect()));
    assert_eq!(info(&base.path().join("xor-1")).unwrap().epochs, 3);
}

#[test]
fn every_view_shows_an_earlier_step_and_a_branch_goes_on_from_there() {
    let base = tempfile::tempdir().unwrap();
    let mut harness = open("40", base.path());
    assert!(harness.state_mut().situation().permits(Command::LookBack).is_err());
    act(&mut harness, Command::Train);
    step_until(&mut harness, "the run ends", has_ended);
    let newest = harness.state().session().snapshot().unwrap().clone();
    let evaluation = harness.state().session().validation().unwrap().clone();

    // Before the first step: the initial weights, whose predictions are worked out when they are looked at.
    act(&mut harness, Request::LookAt(0));
    // A slow machine shows the first samples at a glance before it has evaluated all.
    let is_evaluated =
        |studio: &Studio| studio.session().validation().is_some() && studio.session().glanced().is_none();
    step_until(&mut harness, "the first weights are evaluated", is_evaluated);
    let (session, seed) = (harness.state().session(), harness.state().project().training.seed);
    let job = session.job.as_ref().unwrap();
    assert_eq!((session.visited(), session.test()), (Some(0), None));
    assert_eq!(session.snapshot().unwrap().weights, job.network.init_weights(seed));
    let expected = job.evaluate(&job.network.init_weights(seed), Subset::Validation);
    assert_eq!(session.validation().unwrap().loss, expected.loss);
    harness.get_by_label_contains("Step 0, epoch 1");

    // The time line plays to the end, and Escape goes back to the newest step.
    click(&mut harness, "Play the history");
    step_until(&mut harness, "it was played", |studio| studio.session().visited().is_some_and(|step| step > 0));
    harness.key_press(egui::Key::Escape);
    step_until(&mut harness, "the newest is shown", |studio| studio.session().visited().is_none());
    let session = harness.state().session();
    assert!(
        Arc::ptr_eq(session.snapshot().unwrap(), &newest) && Arc::ptr_eq(session.validation().unwrap(), &evaluation)
    );

    // The axis of the steps is dragged to the same effect.
    let plot = harness.get_by_label_contains("Loss plot").rect();
    let axis = plot.left_bottom() + egui::vec2(plot.width() / 2.0, 8.0);
    harness.drag_at(axis);
    harness.step();
    harness.hover_at(axis - egui::vec2(plot.width() / 4.0, 0.0));
    harness.step();
    harness.drop_at(axis - egui::vec2(plot.width() / 4.0, 0.0));
    harness.run_steps(2);
    let visited = harness.state().session().visited().expect("a step is looked at");
    assert!(visited > 0 && visited < newest.step / 2, "{visited} of {}", newest.step);

    // Nothing was changed yet, so a branch would be the same run.
    assert!(harness.state_mut().situation().permits(Command::Branch).is_err());
    harness.state_mut().project_mut().training.learning_rate = 0.001;
    let fork = harness.state().session().fork().unwrap().step;
    act(&mut harness, Command::Branch);
    step_until(&mut harness, "the branch ends", has_ended);
    drop(harness);
    let folder = base.path().join("xor-2");
    assert_eq!(info(&folder).unwrap().parent, Some(Parent { run: "xor-1".to_owned(), step: fork }));
    let changed: Vec<_> =
        history::read(&folder).unwrap().into_iter().filter(|line| line["event"] == "changed").collect();
    assert_eq!(changed.iter().map(|line| line["step"].as_u64()).collect::<Vec<_>>(), [Some(fork)]);
}

#[test]
fn a_layer_is_made_wider_and_the_weights_that_fit_are_kept() {
    let base = tempfile::tempdir().unwrap();
    let mut harness = open("30", base.path());
    act(&mut harness, Command::Train);
    step_until(&mut harness, "the run ends", has_ended);
    let loss = |harness: &Harness<'_, Studio>, weights: &backprop_nn::Weights| {
        harness.state().session().job.as_ref().unwrap().evaluate(weights, Subset::Validation).loss
    };
    let before = harness.state().session().validation().unwrap().loss;
    let layers = &mut harness.state_mut().project_mut().model.layers;
    let wider = layers[0].to_string();
    assert!(wider.starts_with("Dense"), "{wider}");
    harness.state_mut().project_mut().set("model.0.units", "24").unwrap();
    harness.run_ok();
    click(&mut harness, "Keep the weights");
    harness.get_by_label_contains("1 Dense in part");
    step_until(&mut harness, "the run ends", has_ended);
    act(&mut harness, Request::LookAt(0));
    let session = harness.state().session();
    let (first, job) = (session.snapshot().unwrap().clone(), session.job.as_ref().unwrap());
    let fresh = job.network.init_weights(job.training.seed);
    assert!(first.step == 0 && first.weights != fresh);
    // Half of its inputs are what the next layer knows, so it begins nearer to where the run ended than to where it began.
    assert!(loss(&harness, &first.weights) < loss(&harness, &fresh), "{before}");
    drop(harness);
    assert!(info(&base.path().join("xor-2")).unwrap().parent.is_some_and(|parent| parent.run == "xor-1"));
}

#[test]
fn a_chart_is_saved_as_svg_and_as_numbers() {
    let base = tempfile::tempdir().unwrap();
    let mut harness = open("5", base.path());
    act(&mut harness, Command::Train);
    step_until(&mut harness, "the run ends", has_ended);
    for (choice, file) in [("Save as SVG…", "loss.svg"), ("Save as CSV…", "loss.csv")] {
        harness.get_by_label_contains("Loss plot").click_secondary();
        harness.run_ok();
        click(&mut harness, choice);
        // Without a desktop there is no file dialog, so that the path is typed.
        wait_for(&mut harness, "Save the chart");
        act(&mut harness, Request::SaveChartTo(base.path().join(file)));
        step_until(&mut harness, "it is written", |_| base.path().join(file).is_file());
        harness.key_press(egui::Key::Escape);
        harness.run_ok();
    }
    let svg = std::fs::read_to_string(base.path().join("loss.svg")).unwrap();
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"), "{svg}");
    assert!(svg.contains(">Loss</text>") && svg.matches("<polyline").count() >= 2, "{svg}");
    let csv = std::fs::read_to_string(base.path().join("loss.csv")).unwrap();
    assert!(csv.starts_with("series,step,value,lowest,highest,values\ntrain,1,"), "{csv}");
    assert_eq!(csv.lines().filter(|line| line.starts_with("validation,")).count(), 5);
}

#[test]
fn the_report_of_a_run_is_saved_as_a_page() {
    let base = tempfile::tempdir().unwrap();
    let mut harness = open("5", base.path());
    act(&mut harness, Command::Train);
    step_until(&mut harness, "the run ends", has_ended);
    act(&mut harness, Command::Report);
    wait_for(&mut harness, "Save the report of the run");
    harness.key_press(egui::Key::Escape);
    let page = base.path().join("page.html");
    act(&mut harness, Request::SaveReportTo(page.clone()));
    step_until(&mut harness, "it is written", |_| page.is_file());
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<h1>xor-1</h1>") && page.contains("Curves"), "{page}");
}

#[test]
fn three_learning_rates_race_from_the_end_of_a_run() {
    let base = tempfile::tempdir().unwrap();
    let mut harness = open("3", base.path());
    act(&mut harness, Command::Train);
    step_until(&mut harness, "the run ends", has_ended);
    let fork = harness.state().session().progress.step;
    act(&mut harness, Command::Race);
    harness.get_by_label_contains(&format!("Go on from step {fork} of the run"));
    choose(&mut harness, "Race");
    let race = |studio: &Studio| -> Vec<(String, bool)> {
        let race = studio.dialogs().get::<Race>().expect("the race is open");
        race.runners().map(|(name, session)| (name.to_owned(), session.status.is_ended())).collect()
    };
    step_until(&mut harness, "all have ended", |studio| race(studio).iter().all(|(_, has_ended)| *has_ended));
    let names: Vec<_> = race(harness.state()).into_iter().map(|(name, _)| name).collect();
    assert!(names.len() == 3 && names.iter().all(|name| name.parse::<f32>().is_ok()), "{names:?}");
    harness.get_by_label("Race: learning rate");
    let dialog = harness.state().dialogs().get::<Race>().unwrap();
    for (name, session) in dialog.runners() {
        let curve = session.curves.of(Subset::Validation, &LOSS);
        assert!(curve.buckets().len() == 10 && curve.buckets()[0].x > fork as f64, "{name}: {curve:?}");
    }
    click(&mut harness, "Close");
    drop(harness);
    for folder in ["xor-2", "xor-3", "xor-4"].map(|name| base.path().join(name)) {
        let found = info(&folder).unwrap();
        assert_eq!(found.parent, Some(Parent { run: "xor-1".to_owned(), step: fork }));
        assert_eq!((found.state, found.epochs), (RunState::Finished, 13));
    }
}

#[test]
fn two_runs_are_laid_side_by_side() {
    let base = tempfile::tempdir().unwrap();
    let mut harness = open("20", base.path());
    let mut accuracies = Vec::new();
    for rate in [0.000_001, 0.02] {
        harness.state_mut().project_mut().training.learning_rate = rate;
        act(&mut harness, Command::Reset);
        act(&mut harness, Command::Train);
        step_until(&mut harness, "the run ends", has_ended);
        accuracies.push(harness.state().session().validation().unwrap().accuracy().unwrap());
    }
    let folders = ["xor-1", "xor-2"].map(|name| base.path().join(name));
    let is_written = |folder: &PathBuf| info(folder).is_some_and(|info| info.state == RunState::Finished);
    step_until(&mut harness, "both are written", |_| {
        folders.iter().all(|folder| is_written(folder) && !Output::is_held(folder))
    });
    act(&mut harness, Request::SideBySide(folders));
    let dialog =
        |studio: &Studio| studio.dialogs().get::<SideBySideDialog>().and_then(SideBySideDialog::found).is_some();
    step_until(&mut harness, "both are evaluated", dialog);
    let found = harness.state().dialogs().get::<SideBySideDialog>().and_then(SideBySideDialog::found).unwrap();
    let counted = found.agreement;
    let all = (counted.only_a + counted.only_b + counted.both + counted.neither) as f32;
    assert_eq!(accuracies[0], (counted.only_a + counted.both) as f32 / all);
    assert_eq!(accuracies[1], (counted.only_b + counted.both) as f32 / all);
    assert!(counted.only_b > counted.only_a && counted.p() < 0.05, "{counted:?}");
    harness.get_by_label_contains("B is significantly better (5 % level)");
    let label = format!("Only A right: {}", counted.only_a);
    click(&mut harness, &label);
    click(&mut harness, "Close");
    assert!(harness.state().dialogs().get::<SideBySideDialog>().is_none());
}

#[test]
fn the_window_says_whether_a_change_is_better_than_chance() {
    let base = tempfile::tempdir().unwrap();
    let mut harness = open("12", base.path());
    act(&mut harness, Command::Train);
    step_until(&mut harness, "the run ends", has_ended);
    harness.state_mut().project_mut().training.learning_rate = 0.000_001;
    harness.run_ok();
    click(&mut harness, "Is the change better?");
    let answers = |studio: &Studio| studio.dialogs().get::<Trials>().map(Trials::answers).unwrap_or_default();
    step_until(&mut harness, "there is an answer", |studio| !answers(studio).is_empty());
    let told = answers(harness.state())[0].to_string();
    assert!(told.starts_with("Over 10 seeds, the accuracy of B is") && told.ends_with("B is worse."), "{told}");
    assert!(harness.query_all_by_label_contains("B is worse.").next().is_some());
    click(&mut harness, "Close");
    act(&mut harness, Request::RepeatSeeds(5));
    step_until(&mut harness, "five seeds are trained", |studio| {
        studio.dialogs().get::<Trials>().is_some_and(|trials| trials.results().len() == 5 && !trials.is_running())
    });
    assert!(base.path().join("xor-seeds-1/seed-46/weights.safetensors").is_file());
}

#[test]
fn the_window_searches_and_takes_over_the_best_settings() {
    let base = tempfile::tempdir().unwrap();
    let mut harness = open("2", base.path());
    act(&mut harness, Command::Search);
    // The same words stand in the panel behind the dialog.
    harness.query_all_by_label("Batch size").last().unwrap().click();
    harness.run_ok();
    click(&mut harness, "Search");
    let found = |studio: &Studio| {
        studio.dialogs().get::<SweepDialog>().and_then(|it| it.found().map(|(all, done)| (all.len(), done)))
    };
    step_until(&mut harness, "all trials are done", |studio| found(studio) == Some((30, true)));
    harness.get_by_label_contains("Parallel coordinates of learning rate, batch size, accuracy: 30 of 30 lines");
    let before = harness.state().project().clone();
    click(&mut harness, "Use the best settings");
    let (project, text) =
        (harness.state().project(), std::fs::read_to_string(base.path().join("xor-sweep-1/best.json")).unwrap());
    assert!(*project != before && *project == Project::parse(&text).unwrap());
    act(&mut harness, Command::Undo);
    assert_eq!(*harness.state().project(), before);
}
