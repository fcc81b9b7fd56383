//! Own files in the window: what is offered, what a click decides, and a picture that is tried.

use std::fs;

use backprop_studio::data::Modality;
use backprop_studio::project::RunFolder;
use backprop_studio::ui::state::session::Status;
use backprop_studio::ui::state::trained_network::NetworkChoice;
use backprop_studio::ui::{Command, Request, Studio};
use eframe::egui::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use crate::kept_runs;
use crate::studio::{act, click, step_until};
use crate::support::{backprop, lines, project};
use crate::views::{open, wait_for};

/// Flats whose price follows from their size, with a number for each row and a code that gives the kind away.
fn flats() -> String {
    let row = |at: usize| {
        let rooms = 1 + at * 7 % 5;
        let kind = if rooms > 3 { "large" } else { "small" };
        format!("{},{rooms},{}.5,{}\n", 1000 + at, rooms * 20 + at % 9, kind)
    };
    format!("id,rooms,area,kind\n{}", (0..120).map(row).collect::<String>())
}

#[test]
fn a_file_is_opened_described_and_trained_without_a_repair() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my flats, 2024.csv");
    fs::write(&path, flats()).unwrap();
    let mut harness = open(project("mlp", &[("data.source", "digits?count=100")]));
    act(&mut harness, Request::Dropped(path.clone()));
    step_until(&mut harness, "the table is read", |studio| {
        studio.session().dataset().is_some_and(|data| data.features.len() == 2)
    });
    assert!(harness.state_mut().situation().permits(Command::Train).is_ok());
    assert_eq!(harness.state().project().name, "my flats, 2024");
    act(&mut harness, Request::Show("data"));

    // A note that names an option is a button, and so is a column.
    harness.get_by_role_and_label(Role::Button, "keep=id").click();
    harness.run_ok();
    step_until(&mut harness, "the id is read", |studio| {
        studio.session().dataset().is_some_and(|data| data.features.len() == 3)
    });
    harness.get_by_label_contains("column area, lowest").click();
    harness.run_ok();
    click(&mut harness, "Make it the target");
    step_until(&mut harness, "the area is the target", |studio| {
        studio.session().dataset().is_some_and(|data| !data.task.is_classification())
    });
    // The suggestion for classes, which nobody has edited, gives way to one for a number.
    assert!(harness.state_mut().situation().permits(Command::Train).is_ok());
    harness.get_by_label_contains("column area, lowest").click();
    harness.run_ok();
    harness.get_by_label("Read as classes");
    click(&mut harness, "File");
    harness.get_by_label("Opened before");
    assert!(harness.query_all_by_label("my flats, 2024.csv").count() > 1, "in the menu, and above as the data");
}

#[test]
fn another_file_has_another_suggestion_and_one_undo_takes_both_back() {
    let folder = tempfile::tempdir().unwrap();
    let (flats_path, kinds_path) = (folder.path().join("flats.csv"), folder.path().join("kinds.csv"));
    fs::write(&kinds_path, flats()).unwrap();
    let prices: String =
        (0..120).map(|at| format!("{},{},{}.5,{}.25\n", at * 7 % 5, at % 4, at % 9, at * 3 % 50)).collect();
    fs::write(&flats_path, format!("rooms,floor,age,price\n{prices}")).unwrap();
    let mut harness = open(project("mlp", &[("data.source", "digits?count=100")]));
    let rows_of = |studio: &Studio, name: &str| {
        studio.project().name == name && studio.session().dataset().is_some_and(|data| data.name.starts_with(name))
    };
    act(&mut harness, Request::Dropped(kinds_path));
    step_until(&mut harness, "the first table has its network", |studio| rows_of(studio, "kinds"));
    let first = harness.state().project().clone();
    act(&mut harness, Request::Dropped(flats_path));
    step_until(&mut harness, "the second table has its network", |studio| rows_of(studio, "flats"));
    assert!(harness.state_mut().situation().permits(Command::Train).is_ok());
    act(&mut harness, Command::Undo);
    assert_eq!(*harness.state().project(), first, "data and network are one change");
    step_until(&mut harness, "the first table is there again", |studio| rows_of(studio, "kinds"));
    assert!(harness.state_mut().situation().permits(Command::Train).is_ok());
    act(&mut harness, Command::Redo);
    step_until(&mut harness, "the second table is there again", |studio| rows_of(studio, "flats"));

    act(&mut harness, Request::Show("data"));
    let before = harness.state().project().clone();
    harness.get_by_label_contains("column age, lowest").click();
    harness.run_ok();
    click(&mut harness, "Make it the target");
    step_until(&mut harness, "the age is the target", |studio| {
        studio.session().dataset().is_some_and(|data| data.features.iter().any(|feature| feature.column == "price"))
    });
    act(&mut harness, Command::Undo);
    assert_eq!(*harness.state().project(), before);
}

#[test]
fn an_edited_stack_is_kept_and_a_suggestion_offered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flats.csv");
    fs::write(&path, flats()).unwrap();
    let mut edited = project("mlp", &[("data.source", "digits?count=100")]);
    edited.set("model.1.units", "7").unwrap();
    let layers = edited.model.clone();
    let mut harness = open(edited);
    act(&mut harness, Request::Dropped(path));
    step_until(&mut harness, "the table is read", |studio| {
        studio.session().dataset().is_some_and(|data| data.features.len() == 2)
    });
    assert_eq!(harness.state().project().model, layers);
    assert!(harness.state_mut().situation().permits(Command::Train).is_err());
    wait_for(&mut harness, "Suggest a network");
    click(&mut harness, "Suggest a network");
    assert!(harness.state_mut().situation().permits(Command::Train).is_ok());
    act(&mut harness, Command::Undo);
    assert_eq!(harness.state().project().model, layers);
    act(&mut harness, Command::Empty);
    assert!(harness.state().project().model.layers.is_empty());
    wait_for(&mut harness, "Suggest a network");
}

#[test]
fn a_picture_is_tried_in_the_place_of_a_drawing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("one.png");
    let bar = |x, y| image::Luma([if (27..33).contains(&x) && (10u32..50).contains(&y) { 20 } else { 230 }]);
    image::GrayImage::from_fn(60, 60, bar).save(&path).unwrap();
    let mut harness = open(project("mlp", &[("data.source", "digits?count=100")]));
    act(&mut harness, Request::Dropped(path));
    wait_for(&mut harness, "one.png");
    assert_eq!(harness.state().playground().network, NetworkChoice::BuiltIn);
    step_until(&mut harness, "the bar is read as a one", |studio| {
        use backprop_studio::ui::jobs::predictor::DrawingOutput;
        let answer = studio.derived().drawing.current();
        answer.is_some_and(|it| {
            it.query.picture.is_some()
                && matches!(&it.answer.prediction, DrawingOutput::Probabilities(shares) if shares[1] > 0.5)
        })
    });
    click(&mut harness, "Back to drawing");
    assert!(harness.state().playground().picture.is_none());
}

#[test]
fn a_table_in_time_is_read_as_a_series_by_a_click_and_its_suggested_network_gives_way() {
    let folder = tempfile::tempdir().unwrap();
    let row = |at: usize| format!("{}-{:02},{}.5\n", 2001 + at / 12, 1 + at % 12, 50 + at + 20 * (at % 12 / 6));
    fs::write(folder.path().join("sales.csv"), format!("month,sold\n{}", (0..120).map(row).collect::<String>()))
        .unwrap();
    // The project comes from elsewhere: the window has suggested nothing.
    let done = backprop(folder.path(), &["new", "csv:sales.csv", "--out", "sales.json"]);
    assert!(done.code == 0 && done.err.contains("follow one another by month"), "{}", done.err);
    let mut harness = open(project("mlp", &[("data.source", "digits?count=100")]));
    act(&mut harness, Request::Dropped(folder.path().join("sales.json")));
    step_until(&mut harness, "the table is read", |studio| {
        studio.session().dataset().is_some_and(|data| data.features.len() == 1)
    });
    let table = harness.state().project().model.clone();
    assert!(harness.state_mut().situation().permits(Command::Train).is_ok());
    act(&mut harness, Request::Show("data"));
    click(&mut harness, "Read as series");
    step_until(&mut harness, "the series is read in windows of a year", |studio| {
        studio.session().dataset().is_some_and(|data| data.modality() == Modality::Series)
            && studio.project().model != table
    });
    step_until(&mut harness, "Train is offered", |studio| studio.session().dataset().is_some());
    assert!(harness.state_mut().situation().permits(Command::Train).is_ok());
}

#[test]
fn a_series_is_forecast_beyond_its_end_with_an_interval() {
    let folder = tempfile::tempdir().unwrap();
    let height = |row: usize| 100.0 + row as f64 + 20.0 * (row as f64 * std::f64::consts::TAU / 12.0).sin();
    let rows: String = (0..180).map(|row| format!("{row},{:.3}\n", height(row))).collect();
    fs::write(folder.path().join("sea.csv"), format!("month,height\n{rows}")).unwrap();
    let done = backprop(folder.path(), &["train", "series:sea.csv", "--out", "run"]);
    assert!(done.code == 0 && done.err.contains("the change from the naive forecast"), "{}", done.err);
    let done = backprop(folder.path(), &["predict", "run", "sea.csv", "--ahead", "12", "--json"]);
    let told = lines(&done.out);
    assert!(told.len() == 12 && done.err.contains("80.00 % of the errors"), "{} {}", done.out, done.err);
    for (step, line) in told.iter().enumerate() {
        assert_eq!(line["row"], 181 + step);
        let of = |key: &str| line["forecast"]["height"][key].as_f64().unwrap();
        // The series never stood so high before.
        assert!((of("value") - height(180 + step)).abs() < 3.0, "{line}");
        assert!(of("low") < of("value") && of("value") < of("high"), "{line}");
    }
    let done = backprop(folder.path(), &["predict", "pretrained", "sea.csv", "--ahead", "2"]);
    assert!(done.code != 0 && done.err.contains("--ahead is for networks that forecast a series"), "{}", done.err);
}

#[test]
fn a_threshold_finds_more_of_the_second_class() {
    let folder = tempfile::tempdir().unwrap();
    let done = backprop(folder.path(), &["train", "example:machines", "--set", "training.epochs=8", "--out", "run"]);
    assert!(
        done.out.contains("logistic regression balanced") && done.out.contains("decision tree balanced"),
        "{}",
        done.out
    );
    let recall = |more: &[&str]| {
        let asked = [&["evaluate", "run", "--data", "example:machines", "--split", "all", "--json"][..], more].concat();
        lines(&backprop(folder.path(), &asked).out)[0]["classes"][1]["recall"].as_f64().unwrap()
    };
    let [few, usual, all] = [recall(&["--threshold", "1"]), recall(&[]), recall(&["--threshold", "0"])];
    assert!(few < 0.1 && few < usual && usual < 1.0 && all == 1.0, "{few} {usual} {all}");
    let told = backprop(folder.path(), &["evaluate", "run", "--data", "example:machines", "--split", "validation"]);
    assert!(told.out.contains("best F1 of will fail: "), "{}", told.out);
}

#[test]
fn of_many_changes_of_the_data_the_last_one_is_read_and_few_at_a_time() {
    let mut harness = open(project("mlp", &[("data.source", "digits?count=2000")]));
    for count in 2001..2021 {
        harness.state_mut().project_mut().set("data.source", &format!("digits?count={count}")).unwrap();
        harness.step();
        assert!(harness.state().readings() <= 2);
    }
    let has_last = |studio: &Studio| {
        studio.session().dataset().is_some_and(|dataset| dataset.train.len() + dataset.test.len() == 2020)
    };
    step_until(&mut harness, "the last data are there", has_last);
}

#[test]
fn the_threshold_of_the_window_is_saved_with_the_run() {
    let mut harness = open(project("xor", &[("training.epochs", "3")]));
    act(&mut harness, Command::Train);
    step_until(&mut harness, "the run ends", |studio| matches!(studio.session().status, Status::Ended(_)));
    let seconds = |harness: &Harness<'_, Studio>| {
        let validation = harness.state().session().validation().cloned().unwrap();
        validation.classes().unwrap().confusion.column(1).sum()
    };
    let before = seconds(&harness);
    click(&mut harness, "Best F1");
    let threshold = harness.state().session().threshold;
    assert!(threshold != 0.5, "{threshold}");
    act(&mut harness, Request::UseThreshold(0.0));
    assert!(seconds(&harness) > before);
    act(&mut harness, Request::UseThreshold(threshold));
    let folder = tempfile::tempdir().unwrap();
    act(&mut harness, Request::SaveRunIn(folder.path().to_owned()));
    let saved = folder.path().join("xor-1");
    step_until(&mut harness, "the run is saved", |_| saved.join("metrics.jsonl").is_file());
    assert_eq!(RunFolder::find(saved.to_str().unwrap()).unwrap().threshold(), Some(threshold));
}

#[test]
fn a_network_of_another_program_is_dropped_and_becomes_a_run() {
    let base = tempfile::tempdir().unwrap();
    let mut harness = kept_runs::open("1", base.path());
    let files = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/import");
    act(&mut harness, Request::Dropped(files.join("lenet-opset17.onnx")));
    step_until(&mut harness, "the network is open", |studio| studio.project().name == "lenet-opset17");
    assert!(base.path().join("lenet-opset17-1/weights.safetensors").is_file());
    act(&mut harness, Request::Dropped(files.join("projection-opset17.onnx")));
    wait_for(&mut harness, "4 of its nodes cannot be expressed");
}
