//! Autoencoders: trained, measured and used, on images and on rows of a table.

use std::fs;

use backprop_studio::data::{Dataset, TargetBuffer, TargetData};
use backprop_studio::train::metrics::R2;
use backprop_studio::train::{Event, Reports, Run, Start};

use crate::support::{Done, backprop, follow, lines, project, small_digits};

const SMALL: &[&str] = &["--data", "digits?count=400", "--epochs", "3", "--batch", "20"];

fn train(folder: &std::path::Path, more: &[&str]) -> Done {
    backprop(folder, &[&["train", "autoencoder"], SMALL, more].concat())
}

/// What an autoencoder is for: it gives digits back better than the mean of all of them, in fewer numbers than pixels.
#[test]
fn digits_are_given_back_better_than_their_mean() {
    let dataset = std::sync::Arc::new(Dataset::clone(&small_digits()).of_itself().unwrap());
    let losses = ["binary_cross_entropy", "mean_squared_error", "mean_absolute_error", "huber"];
    for loss in losses {
        let settings = [("training.loss.kind", loss), ("training.epochs", "12"), ("training.batch", "20")];
        let job = project("autoencoder", &settings).job(dataset.clone(), 2).unwrap();
        let run = Run::start(job.into(), Start::Running, Reports::default(), || {}).unwrap();
        let (_, events, _) = follow(&run);
        let evaluations = events.iter().filter_map(|event| match event {
            Event::Epoch(stat) => stat.validation.as_ref().map(|seen| seen.get(&R2).unwrap()),
            _ => None,
        });
        let r2: Vec<f64> = evaluations.collect();
        // The mean image alone has an R² of 0.30 on MNIST's test images. The absolute error goes by the median, which is
        // black almost everywhere, and leaves it slowly.
        let least = if loss == "mean_absolute_error" { 0.05 } else { 0.35 };
        assert!(r2[r2.len() - 1] > least && r2[r2.len() - 1] > r2[0] + 0.05, "{loss}: {r2:?}");
    }
}

#[test]
fn the_target_is_the_sample_before_noise_and_blending_and_nothing_is_copied() {
    let dataset = Dataset::clone(&small_digits()).of_itself().unwrap();
    assert_eq!(dataset.train.targets, TargetData::Itself { width: 784, samples: 600 });
    assert_eq!((dataset.train.len(), dataset.test.len(), dataset.task.outputs()), (600, 200, 784));
    let scaling = Default::default();
    let mut targets = dataset.train.targets.buffer(2);
    dataset.train.gather_targets(&scaling, &[7, 3], &mut targets);
    let mut inputs = vec![f32::NAN; 2 * 784];
    dataset.train.gather(&scaling, &[7, 3], &mut inputs);
    assert_eq!(targets, TargetBuffer::Numbers { width: 784, values: inputs });
    let few = dataset.train.select(&[1, 2, 3], dataset.shape);
    assert_eq!((few.len(), few.pixels_of(1)), (3, dataset.train.pixels_of(2)));
}

#[test]
fn an_autoencoder_is_trained_measured_and_draws_again_what_it_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let done = train(folder, &["--set", "data.augment.noise=0.2", "--json", "--out", "run"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let events = lines(&done.out);
    let last = events.last().unwrap();
    assert!(last["test_rmse"].as_f64().unwrap() < 0.35 && last["test_r2"].is_number(), "{last}");

    let told = backprop(folder, &["evaluate", "run", "--data", "digits?count=400", "--json"]);
    let told = &lines(&told.out)[0];
    assert_eq!((&told["rmse"], &told["loss"]), (&last["test_rmse"], &last["test_loss"]));

    let bar = |x, y| image::Luma([if (12..16).contains(&x) && (4u32..24).contains(&y) { 255 } else { 0 }]);
    image::GrayImage::from_fn(28, 28, bar).save(folder.join("bar.png")).unwrap();
    let done = backprop(folder, &["predict", "run", "bar.png", "--out", "again", "--json"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let said = &lines(&done.out)[0];
    let values: Vec<f64> = said["values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
    let again = image::open(folder.join("again/bar.png")).unwrap().into_luma8();
    assert_eq!((again.dimensions(), values.len()), ((28, 28), 784));
    for (pixel, value) in again.as_raw().iter().zip(&values) {
        assert!((f64::from(*pixel) / 255.0 - value.clamp(0.0, 1.0)).abs() < 0.002, "{pixel} and {value}");
    }
    let squares = values
        .iter()
        .enumerate()
        .map(|(at, value)| (value - f64::from(bar((at % 28) as u32, (at / 28) as u32).0[0]) / 255.0).powi(2));
    let error = (squares.sum::<f64>() / 784.0).sqrt();
    assert!((said["rmse"].as_f64().unwrap() - error).abs() < 1e-4, "{said}");
    let done = backprop(folder, &["predict", "run", "bar.png"]);
    assert!(done.out.starts_with("bar.png: rmse 0."), "{}", done.out);
}

/// The network reads the columns of the run, and the class that it was never asked for stays out of it.
#[test]
fn rows_of_a_table_are_given_back_in_their_own_unit() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = (0..120).map(|at| {
        format!("{}.5,{},{}\n", at * 7 % 120, 1000 + 3 * (at * 7 % 120), if at % 2 == 0 { "even" } else { "odd" })
    });
    fs::write(folder.join("line.csv"), "a,b,kind\n".to_owned() + &rows.collect::<String>()).unwrap();
    let model = r#"model=[{"layer":"dense","units":1,"activation":"linear"},{"layer":"dense","units":2,"activation":"linear"}]"#;
    let settings = ["--set", model, "--set", "training.loss=mean_squared_error", "--learning-rate", "0.02"];
    let more = ["--data", "csv:line.csv", "--epochs", "90", "--batch", "20", "--out", "run"];
    let done = backprop(folder, &[&["train", "autoencoder"], &settings[..], &more[..]].concat());
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let told = backprop(folder, &["evaluate", "run", "--data", "csv:line.csv", "--json"]);
    assert!(lines(&told.out)[0]["r2"].as_f64().unwrap() > 0.99, "{}{}", told.out, told.err);
    fs::write(folder.join("one.csv"), "b,a\n1150,50\n").unwrap();
    let done = backprop(folder, &["predict", "run", "one.csv", "--json"]);
    let said = &lines(&done.out)[0];
    let of = |name: &str| said["values"][name].as_f64().unwrap();
    assert!((of("a") - 50.0).abs() < 5.0 && (of("b") - 1150.0).abs() < 15.0, "{said}");
    assert!(said["rmse"].as_f64().unwrap() < 0.1, "{said}");
}

#[test]
fn what_does_not_fit_a_reconstruction_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let set = |pair: &'static str| vec!["--set", pair];
    for (settings, code, expected) in [
        (
            set("training.loss.kind=softmax_cross_entropy"),
            1,
            "training.loss: softmax cross-entropy is for classes, and the targets of digits are numbers; choose binary cross-entropy or mean squared error",
        ),
        (
            set("training.loss.label_smoothing=0.1"),
            2,
            "binary_cross_entropy has no settings; label_smoothing belongs to softmax_cross_entropy;",
        ),
        (
            set("training.loss.class_weights=balanced"),
            2,
            "binary_cross_entropy has no settings; class_weights belongs to softmax_cross_entropy and focal;",
        ),
        (set("model.4.units=10"), 1, "gives 10 numbers, and the task needs 784"),
        (
            vec!["--set", "data.source=points:xor", "--set", r#"model=[{"layer":"dense","units":2}]"#],
            1,
            "binary cross-entropy is for classes or pixels, and the targets of xor are numbers",
        ),
        (set("data.reconstruct=maybe"), 2, "expected a boolean"),
        (
            set(r#"model=[{"layer":"conv2d","filters":1,"padding":"same"}]"#),
            1,
            "The stack ends with 28×28×1, and the task needs a row of 784 numbers. Flatten it.",
        ),
    ] {
        let done = train(folder, &settings);
        assert!(done.code == code && done.err.contains(expected) && done.err.lines().count() == 1, "{}", done.err);
    }
    let done = backprop(folder, &["evaluate", "pretrained", "--data", "digits?count=100"]);
    assert_eq!(done.code, 0, "{}", done.err);
    fs::write(folder.join("none.png"), "").unwrap();
    let done = backprop(folder, &["predict", "pretrained", "none.png", "--out", "x"]);
    assert!(done.code == 2 && done.err.contains("which pretrained does not"), "{}", done.err);
    assert!(!folder.join("runs").exists());
}
