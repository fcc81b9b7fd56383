//! `backprop report`: a page with all that is known of a run, for every kind of task, whose numbers are those of `backprop evaluate`;
//! and event files that TensorBoard reads.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::cli::folder_with_bars;
use crate::support::{backprop, lines};

/// The report of a run; it has no script and loads nothing.
fn report(folder: &Path, run: &str) -> String {
    let done = backprop(folder, &["report", run, "--out", "page.html", "--overwrite"]);
    assert_eq!((done.code, done.out.as_str()), (0, "page.html\n"), "{}", done.err);
    let page = fs::read_to_string(folder.join("page.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>") && !page.contains("{{"));
    for word in ["<script", "src=\"http", "href=", "@import", "url(", "NaN", "inf%"] {
        assert!(!page.contains(word), "{word}");
    }
    for tag in ["table", "figure", "svg", "details", "div", "tr", "td", "p"] {
        let count = |mark: String| page.matches(&mark).count();
        let open = count(format!("<{tag}>")) + count(format!("<{tag} "));
        assert_eq!(open, count(format!("</{tag}>")), "{tag}");
    }
    page
}

/// What stands in a page without its tags, one space between words.
fn words(page: &str) -> String {
    let text = page.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    text.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_report_of_a_classifier_has_the_numbers_of_evaluate() {
    let (folder, source) = folder_with_bars();
    let folder = folder.path();
    let train =
        ["train", "mlp", "--data", &source, "--epochs", "2", "--batch", "20", "--set", "training.learning_rate=1e-5"];
    let done = backprop(folder, &[&train[..], &["--out", "runs/a & b"]].concat());
    assert_eq!(done.code, 0, "{}", done.err);
    let evaluated = &lines(&backprop(folder, &["evaluate", "runs/a & b", "--json"]).out)[0];
    let page = report(folder, "a & b");
    let text = words(&page);
    let percent = |value: &Value| format!("{:.2} %", value.as_f64().unwrap() * 100.0);
    assert!(page.contains("<h1>a &amp; b</h1>"));
    assert!(text.contains(&format!("{} accuracy on 40 test samples", percent(&evaluated["accuracy"]))), "{text}");
    // Every cell of the confusion matrix.
    for (class, row) in evaluated["confusion"].as_array().unwrap().iter().enumerate() {
        let cells = row.as_array().unwrap().iter().map(|count| match count.as_u64().unwrap() {
            0 => "·".to_owned(),
            count => count.to_string(),
        });
        let row = format!("{class} {}", cells.collect::<Vec<_>>().join(" "));
        assert!(text.contains(&row), "{row}");
    }
    let calibration = percent(&evaluated["calibration"]["expected_calibration_error"]);
    assert!(text.contains(&format!("Expected calibration error: {calibration}")), "{calibration}");
    let wrong = (0..10).map(|at| 4 - evaluated["confusion"][at][at].as_u64().unwrap()).sum::<u64>();
    assert!(wrong > 0 && text.contains(&format!("{wrong} of 40 test samples are misclassified")), "{wrong}");
    assert_eq!(page.matches("data:image/png;base64,").count() as u64, wrong.min(24));
    for expected in [
        "training validation",
        "Dense 128",
        "100,480",
        "all 101,770",
        "learning rate",
        "training samples 180 validation samples 20 test samples 40",
        "processor",
        "backprop train --repeat \"a & b\"",
        "&quot;learning_rate&quot;",
    ] {
        assert!(
            text.contains(&expected.replace('&', "&amp;").replace("&amp;quot;", "&quot;").replace('"', "&quot;")),
            "{expected}"
        );
    }
    // Nothing is written over unless it is asked for.
    let done = backprop(folder, &["report", "a & b", "--out", "page.html"]);
    assert!(done.code == 1 && done.err.contains("replace it with --overwrite"), "{}", done.err);
    assert_eq!(backprop(folder, &["report", "pretrained"]).code, 2);
}

#[test]
fn the_mistakes_of_a_table_are_its_rows_and_baselines_stand_beside_the_result() {
    let folder = tempfile::tempdir().unwrap();
    let row = |at: usize| format!("{}.5 kg,{},{}\n", at % 17, ["red", "blue"][at % 2], at * 7919 % 23);
    let table = format!("weight,color,price\n{}", (0..120).map(row).collect::<String>());
    fs::write(folder.path().join("table.csv"), table).unwrap();
    let done = backprop(folder.path(), &["train", "csv:table.csv?task=regression", "--epochs", "2", "--out", "run"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let evaluated = &lines(&backprop(folder.path(), &["evaluate", "run", "--json"]).out)[0];
    let page = report(folder.path(), "run");
    let text = words(&page);
    let rmse = evaluated["rmse"].as_f64().unwrap();
    assert!(text.contains(&format!("{rmse:.3} RMSE on")), "{rmse} {text}");
    for expected in [
        "To compare with: RMSE of the mean",
        "linear regression:",
        "sample true price predicted price weight color",
        "The last column, price, is the target",
        "price (target)",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    // The largest error leads.
    let first = text.split("weight color").nth(1).unwrap();
    let [at, truth, predicted] = first.split_whitespace().take(3).collect::<Vec<_>>()[..] else { panic!("{first}") };
    assert!(at.parse::<usize>().is_ok() && truth.parse::<f64>().is_ok() && predicted.parse::<f64>().is_ok(), "{first}");
}

#[test]
fn series_generators_and_autoencoders_have_their_reports() {
    let (folder, source) = folder_with_bars();
    let folder = folder.path();
    let row = |at: usize| format!("{}-{:02},{}.5\n", 2000 + at / 12, 1 + at % 12, at % 12);
    fs::write(folder.join("sales.csv"), format!("month,sold\n{}", (0..120).map(row).collect::<String>())).unwrap();
    let train = |arguments: &[&str], out: &str| {
        let done = backprop(folder, &[&["train"], arguments, &["--epochs", "1", "--out", out]].concat());
        assert_eq!(done.code, 0, "{}", done.err);
    };
    train(&["series:sales.csv?window=6"], "series");
    let page = report(folder, "series");
    assert!(page.contains("sold over time") && page.contains("RMSE of the naive forecast"), "{}", words(&page));
    assert!(page.contains("<th>row</th>"));

    train(&["autoencoder", "--data", &source], "autoencoder");
    let page = report(folder, "autoencoder");
    assert!(page.contains("The worst reconstructions"));
    assert_eq!(page.matches("data:image/png;base64,").count(), 48, "24 images beside their reconstructions");

    train(&["gan-digits", "--data", &source, "--batch", "20"], "gan");
    let page = report(folder, "gan");
    assert!(page.contains("<h2>Generator</h2>") && page.contains("<h2>Discriminator</h2>"));
    assert!(page.contains("Generated samples") && page.contains("backprop generate gan"));
    assert_eq!(page.matches("data:image/png;base64,").count(), 64);

    train(&["gan-points", "--batch", "200"], "points");
    assert!(report(folder, "points").matches("<circle").count() >= 512);
}

#[test]
fn a_run_without_weights_or_data_is_reported_as_far_as_it_is_known() {
    let (folder, source) = folder_with_bars();
    let folder = folder.path();
    let train = ["train", "mlp", "--data", &source, "--epochs", "2", "--batch", "20", "--out", "run"];
    assert_eq!(backprop(folder, &train).code, 0);
    fs::rename(folder.join("bars"), folder.join("elsewhere")).unwrap();
    let text = words(&report(folder, "run"));
    assert!(text.contains("its samples cannot be read: bars: there is no such folder"), "{text}");
    assert!(text.contains("test accuracy") && text.contains("Dense 128"), "{text}");
    fs::remove_file(folder.join("run/weights.safetensors")).unwrap();
    let mut info: Value = serde_json::from_str(&fs::read_to_string(folder.join("run/run.json")).unwrap()).unwrap();
    (info["state"], info["epochs"]) = ("running".into(), 1.into());
    fs::write(folder.join("run/run.json"), info.to_string()).unwrap();
    let text = words(&report(folder, "run"));
    assert!(text.contains("The run was interrupted after 1 epoch"), "{text}");
    assert!(text.contains("There is no trained network to evaluate:") && text.contains("holds no weights"), "{text}");
    assert!(text.contains("Curves") && text.contains("learning rate"), "{text}");
}

/// Reads event files as TensorBoard does, in whose language its loader is.
const LOADER: &str = "
import json, sys
from tensorboard.backend.event_processing import event_accumulator
told = {}
for folder in ('train', 'validation', 'test'):
    events = event_accumulator.EventAccumulator(sys.argv[1] + '/' + folder, size_guidance={event_accumulator.SCALARS: 0, event_accumulator.TENSORS: 0})
    events.Reload()
    tags = events.Tags()
    scalars = {tag: [[event.step, event.value, event.wall_time] for event in events.Scalars(tag)] for tag in tags['scalars']}
    texts = {tag: events.Tensors(tag)[0].tensor_proto.string_val[0].decode() for tag in tags['tensors']}
    told[folder] = {'scalars': scalars, 'texts': texts}
print(json.dumps(told))
";

#[test]
fn tensorboard_reads_the_metrics_by_step() {
    let (folder, source) = folder_with_bars();
    let folder = folder.path();
    let train =
        ["train", "mlp", "--data", &source, "--epochs", "3", "--batch", "20", "--out", "run", "--json", "--steps"];
    let events = lines(&backprop(folder, &train).out);
    let done = backprop(folder, &["report", "run", "--to", "tensorboard"]);
    assert_eq!((done.code, done.out.lines().count()), (0, 3), "{}", done.err);
    let done = backprop(folder, &["report", "run", "--to", "tensorboard"]);
    assert!(done.code == 1 && done.err.contains("replace it with --overwrite"), "{}", done.err);

    let python = std::env::var("BACKPROP_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&python).args(["-c", "import tensorboard"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: {python} has no tensorboard; pip install tensorboard");
        return;
    }
    let output = Command::new(&python).args(["-c", LOADER]).arg(folder.join("run-tensorboard")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let epochs: Vec<&Value> = events.iter().filter(|event| event["event"] == "epoch").collect();
    let expected = |key: &str| -> Vec<(i64, f32)> {
        epochs.iter().map(|line| (line["epoch"].as_i64().unwrap(), line[key].as_f64().unwrap() as f32)).collect()
    };
    let found = |set: &str, tag: &str| -> Vec<(i64, f32)> {
        let points = told[set]["scalars"][tag].as_array().unwrap_or_else(|| panic!("{set} {tag}: {told}"));
        points.iter().map(|point| (point[0].as_i64().unwrap(), point[1].as_f64().unwrap() as f32)).collect()
    };
    for (set, tag, key) in [
        ("train", "loss", "train_loss"),
        ("train", "accuracy", "train_accuracy"),
        ("train", "learning_rate", "learning_rate"),
        ("validation", "loss", "validation_loss"),
        ("validation", "accuracy", "validation_accuracy"),
    ] {
        assert_eq!(found(set, tag), expected(key), "{set} {tag}");
    }
    assert_eq!(found("train", "batch/loss").len(), events.iter().filter(|event| event["event"] == "step").count());
    let test = events.last().unwrap()["test_accuracy"].as_f64().unwrap() as f32;
    assert_eq!(found("test", "accuracy"), [(3, test)]);
    let settings = told["train"]["texts"]["settings"].as_str().unwrap();
    assert!(settings.contains("| learning rate |") && settings.contains("| layer | Dense 128"), "{settings}");
    let times: Vec<f64> =
        told["train"]["scalars"]["loss"].as_array().unwrap().iter().filter_map(|point| point[2].as_f64()).collect();
    assert!(times.windows(2).all(|pair| pair[0] <= pair[1]), "{times:?}");
}
