//! The command line as scripts use it: what is printed, the exit codes, and one clear line for every mistake.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Done, backprop, lines};

/// A folder with a tiny data set in MNIST's form, in which each class is a bar of its own.
pub fn folder_with_bars() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let set = folder.path().join("bars");
    fs::create_dir(&set).unwrap();
    for (part, count) in [("train", 200u32), ("t10k", 40)] {
        let mut images = vec![0, 0, 8, 3];
        [count, 28, 28].iter().for_each(|size| images.extend(size.to_be_bytes()));
        let mut labels = vec![0, 0, 8, 1];
        labels.extend(count.to_be_bytes());
        for sample in 0..count {
            let class = sample % 10;
            labels.push(class as u8);
            images.extend((0..784).map(|at| if at / 28 / 2 == class + 2 { 255 } else { (at + sample) as u8 % 40 }));
        }
        fs::write(set.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
        fs::write(set.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
    }
    (folder, "idx:bars".to_owned())
}

fn train(folder: &Path, source: &str, more: &[&str]) -> Done {
    backprop(
        folder,
        &[&["train", "mlp", "--data", source, "--epochs", "3", "--batch", "20", "--out", "run", "--overwrite"], more]
            .concat(),
    )
}

#[test]
fn a_run_is_trained_evaluated_and_used() {
    let (folder, source) = folder_with_bars();
    let folder = folder.path();
    let done = train(folder, &source, &["--json", "--steps", "--threads", "2"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let events = lines(&done.out);
    let of = |kind: &str| events.iter().filter(|event| event["event"] == kind).collect::<Vec<_>>();
    assert_eq!(events[0]["event"], "start");
    assert_eq!(
        [
            &events[0]["parameters"],
            &events[0]["train_samples"],
            &events[0]["validation_samples"],
            &events[0]["test_samples"]
        ],
        [101_770, 180, 20, 40]
    );
    assert_eq!((of("step").len(), of("epoch").len()), (27, 3));
    for field in [
        "train_loss",
        "train_accuracy",
        "validation_loss",
        "validation_accuracy",
        "learning_rate",
        "seconds",
        "samples_per_s",
    ] {
        assert!(of("epoch")[2][field].is_number(), "{field}");
    }
    let last = events.last().unwrap();
    assert_eq!(
        (&last["event"], &last["outcome"], last["test_accuracy"].as_f64()),
        (&"done".into(), &"finished".into(), Some(1.0))
    );
    for file in ["project.json", "weights.safetensors", "metrics.jsonl"] {
        assert!(folder.join("run").join(file).is_file(), "{file}");
    }

    let done = backprop(folder, &["evaluate", "run", "--data", &source, "--json"]);
    let evaluation = &lines(&done.out)[0];
    assert_eq!(
        (done.code, evaluation["accuracy"].as_f64(), evaluation["loss"].as_f64()),
        (0, Some(1.0), last["test_loss"].as_f64())
    );
    assert_eq!((evaluation["confusion"][3][3].as_u64(), evaluation["classes"][3]["f1"].as_f64()), (Some(4), Some(1.0)));
    assert_eq!(backprop(folder, &["evaluate", "run", "--data", &source, "--split", "validation"]).code, 0);

    // The exact job: the run's own project trains to the same weights.
    assert_eq!(backprop(folder, &["train", "run/project.json", "--out", "again", "--threads", "1"]).code, 0);
    let weights = |run: &str| fs::read(folder.join(run).join("weights.safetensors")).unwrap();
    assert!(weights("run") == weights("again"), "the weights differ");
}

#[test]
fn drawings_and_images_are_read_and_empty_ones_get_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let seven = r#"{"strokes":[[[10,10],[60,10],[30,90]]],"label":"7"}"#;
    fs::write(folder.join("two.jsonl"), format!("{seven}\n{{\"strokes\":[]}}\n")).unwrap();
    image::GrayImage::from_fn(28, 28, |x, y| image::Luma([if x > 12 && x < 16 && y > 4 && y < 24 { 255 } else { 0 }]))
        .save(folder.join("one.png"))
        .unwrap();
    image::GrayImage::from_pixel(50, 40, image::Luma([255])).save(folder.join("blank.png")).unwrap();
    let files = ["two.jsonl", "one.png", "blank.png"];
    let done = backprop(folder, &[&["predict", "pretrained", "--json"], &files[..]].concat());
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let answers = lines(&done.out);
    let labels: Vec<_> = answers.iter().map(|answer| answer["label"].as_str()).collect();
    assert_eq!(labels, [Some("7"), None, Some("1"), None]);
    // A folder stands for its files, in the order of their names.
    fs::create_dir_all(folder.join("all/more")).unwrap();
    for (from, to) in [("two.jsonl", "all/2.jsonl"), ("one.png", "all/more/one.png"), ("blank.png", "all/.hidden.png")]
    {
        fs::copy(folder.join(from), folder.join(to)).unwrap();
    }
    fs::create_dir(folder.join("empty")).unwrap();
    let all = backprop(folder, &["predict", "pretrained", "--json", "all", "empty"]);
    let labels: Vec<_> = lines(&all.out).iter().map(|answer| answer["label"].clone()).collect();
    assert_eq!((all.code, labels), (1, vec![json!("7"), Value::Null, json!("1")]));
    assert!(all.err.contains("empty: there is no file in this folder"), "{}", all.err);
    // One that cannot be read is named, and the others are read all the same.
    let done = backprop(folder, &[&["predict", "pretrained", "--json", "missing.png"], &files[..]].concat());
    assert_eq!((done.code, lines(&done.out)), (1, answers.clone()));
    assert!(done.err.contains("missing.png"), "{}", done.err);

    let sum: f64 = answers[0]["probabilities"].as_array().unwrap().iter().filter_map(Value::as_f64).sum();
    assert!((sum - 1.0).abs() < 1e-4 && answers[1]["probabilities"].is_null());
}

#[test]
fn without_a_display_the_default_project_is_trained_in_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let done = backprop(folder.path(), &[]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let said: Vec<_> = done.out.lines().collect();
    assert!(said[0].contains("training cnn-small in the terminal"), "{}", said[0]);
    assert!(said.iter().any(|line| line.contains("validation loss")), "{}", done.out);
    assert!(said.last().unwrap().starts_with("saved in runs"), "{}", done.out);
    assert!(folder.path().join("runs/cnn-small-1/weights.safetensors").is_file());
}

#[test]
fn presets_are_listed_for_people_and_for_scripts() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<_> = lines(&backprop(folder.path(), &["presets", "--json"]).out)
        .iter()
        .map(|preset| preset["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names[..4], ["mlp", "cnn-small", "cnn-5x5", "cnn-deep"]);
    assert_eq!(names[4..10], ["lenet", "resnet-mini", "best-mnist", "rnn", "lstm", "gru"]);
    assert_eq!(names[10..16], ["steel-surface", "iris", "wine", "steel-plates", "machine-failure", "fuel"]);
    assert_eq!(names[16..19], ["airline", "temperatures", "remaining-life"]);
    assert_eq!(names[19..23], ["char-rnn", "tiny-gpt", "sums-gpt", "sentiment"]);
    assert_eq!(names[23..26], ["spiral", "xor", "regression-2d"]);
    assert_eq!(names[26..], ["autoencoder", "gan-points", "gan-digits"]);
    let text = backprop(folder.path(), &["presets"]).out;
    assert!(text.contains("Conv2d 32 3×3 ReLU"));
    let groups: Vec<_> = lines(&backprop(folder.path(), &["presets", "--json"]).out)
        .iter()
        .map(|preset| preset["group"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        (groups[0].as_str(), groups[28].as_str()),
        ("Classification of handwritten digits", "Generative adversarial networks")
    );
    assert!(
        groups.iter().all(|group| text.lines().filter(|line| line == group).count() == 1),
        "a heading for each group"
    );
}

#[test]
fn a_folder_of_a_preset_that_is_missing_says_where_it_is_from() {
    let folder = tempfile::tempdir().unwrap();
    for (preset, from) in
        [("steel-surface", "NEU surface defect database"), ("remaining-life", "https://data.nasa.gov")]
    {
        let arguments = [
            "check",
            preset,
            "--data",
            match preset {
                "steel-surface" => "images:nowhere/neu-surface-defects",
                _ => "cmapss:nowhere/cmapss",
            },
        ];
        let done = backprop(folder.path(), &arguments);
        assert!(done.code == 1 && done.err.contains(from), "{}", done.err);
    }
}

#[test]
fn check_and_find_rate_take_data_as_train_does() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String =
        (0..60).map(|at| format!("{}.5,{}.25,{}\n", at * 7 % 60, at % 9, ["a", "b"][at * 7 % 60 / 30])).collect();
    fs::write(folder.path().join("mine.csv"), format!("x,z,kind\n{rows}")).unwrap();
    let checked = backprop(folder.path(), &["check", "mine.csv"]);
    assert!(checked.code == 0 && checked.out.contains("One batch is overfitted"), "{}{}", checked.out, checked.err);
    let found = backprop(folder.path(), &["find-rate", "csv:mine.csv"]);
    assert!(found.code == 0 && found.out.contains("learning rate"), "{}{}", found.out, found.err);
    let weights = backprop(folder.path(), &["init", "mine.csv", "--out", "w.safetensors"]);
    assert!(weights.code == 0 && folder.path().join("w.safetensors").is_file(), "{}", weights.err);
}

#[test]
fn a_diverged_run_exits_with_three_and_names_the_step() {
    let (folder, source) = folder_with_bars();
    let settings = [
        "--learning-rate",
        "10",
        "--set",
        "training.optimizer.rule=sgd",
        "--set",
        "model.1.activation=linear",
        "--set",
        "training.loss=mean_squared_error",
        "--set",
        "training.epochs=50",
    ];
    let done = train(folder.path(), &source, &settings);
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(done.err.contains("stopped being a number at step") && done.err.contains("layer"), "{}", done.err);
}

/// The losses of the steps that a training tells.
fn step_losses(out: &str) -> Vec<f64> {
    lines(out).iter().filter(|line| line["event"] == "step").map(|line| line["loss"].as_f64().unwrap()).collect()
}

#[test]
fn a_run_goes_on_from_a_file_of_weights_in_the_order_of_the_samples() {
    let (folder, source) = folder_with_bars();
    let folder = folder.path();
    let init = |preset: &str, seed: &str, out: &str| {
        let done = backprop(folder, &["init", preset, "--data", &source, "--seed", seed, "--out", out]);
        assert_eq!((done.code, done.err.as_str()), (0, ""));
        assert!(done.out.contains(out), "{}", done.out);
    };
    init("mlp", "7", "mlp.safetensors");
    init("cnn-small", "7", "cnn.safetensors");
    let losses = |more: &[&str]| {
        let done = train(folder, &source, &[&["--json", "--steps"], more].concat());
        assert_eq!((done.code, done.err.as_str()), (0, ""));
        step_losses(&done.out)
    };
    let fresh = losses(&["--seed", "7"]);
    assert_eq!(losses(&["--seed", "7", "--weights", "mlp.safetensors"]), fresh);
    // With all samples in their own order and the weights from a file, nothing is left that the seed decides.
    let ordered = ["--validation", "0", "--no-shuffle", "--weights", "mlp.safetensors"];
    let [one, other] = ["1", "2"].map(|seed| losses(&[&ordered[..], &["--seed", seed]].concat()));
    assert!(one == other && one != fresh && one.len() == 30, "{one:?}");

    fs::write(folder.join("noise.safetensors"), b"noise").unwrap();
    for (file, expected) in [
        ("cnn.safetensors", "cnn.safetensors: the network has 1.dense.kernel, and the file does not"),
        ("noise.safetensors", "noise.safetensors: is not a safetensors file"),
        ("missing.safetensors", "missing.safetensors"),
    ] {
        let done = train(folder, &source, &["--weights", file]);
        assert_eq!((done.code, done.err.lines().count()), (1, 1), "{}", done.err);
        assert!(done.err.contains(expected), "{}", done.err);
    }
}

/// Every mistake gets one line on standard error that names the place, and nothing panics.
#[test]
fn mistakes_are_named_in_one_line() {
    let (folder, source) = folder_with_bars();
    let folder = folder.path();
    assert_eq!(train(folder, &source, &[]).code, 0);
    let write = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes).unwrap();
    write("noise.json", b"not a project");
    write("empty.json", b"");
    write("newer.json", br#"{"version":9}"#);
    write("extra.json", br#"{"version":1,"name":"x","model":[],"colour":"red"}"#);
    let preset = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/presets/mlp.json")).unwrap();
    write("smooth.json", preset.replace("softmax_cross_entropy", "huber").as_bytes());
    write("bad-draw.json", br#"{"strokes":[[[1]]]}"#);
    write("noise.png", b"\x89PNG\r\n\x1a\nnoise");
    let run = |name: &str| -> PathBuf {
        let copy = folder.join(name);
        fs::create_dir(&copy).unwrap();
        for file in ["project.json", "weights.safetensors"] {
            fs::copy(folder.join("run").join(file), copy.join(file)).unwrap();
        }
        copy
    };
    let weights = fs::read(folder.join("run/weights.safetensors")).unwrap();
    fs::write(run("cut").join("weights.safetensors"), &weights[..weights.len() / 2]).unwrap();
    fs::write(run("foreign").join("weights.safetensors"), b"foreign").unwrap();
    let wider = fs::read_to_string(folder.join("run/project.json"))
        .unwrap()
        .replace("128,\n      \"activation\"", "64,\n      \"activation\"");
    fs::write(run("wider").join("project.json"), wider).unwrap();

    for (arguments, code, expected) in [
        (&["train", "nothing"] as &[&str], 1, "nothing"),
        (&["train", "noise.json"], 1, "noise.json"),
        (&["train", "empty.json"], 1, "empty.json"),
        (&["train", "newer.json"], 1, "version 9"),
        (&["train", "extra.json"], 1, "colour"),
        (&["train", "mlp", "--data", "idx:nowhere"], 1, "nowhere"),
        (&["train", "mlp", "--data", "mnist.zip"], 2, "idx:DIR"),
        (&["train", "mlp", "--data", "digits?count=1"], 2, "expected digits[?count=N] with count from 100"),
        (&["train", "mlp", "--epochs", "0"], 2, "epochs is 0; it is at least 1"),
        (&["train", "mlp", "--learning-rate", "NaN"], 2, "learning_rate"),
        (&["train", "mlp", "--learning-rate", "-1"], 2, "learning_rate is -1"),
        (&["train", "mlp", "--validation", "1"], 2, "validation is 1"),
        (
            &["train", "mlp", "--data", "idx:bars", "--validation", "0", "--set", "training.early_stopping.patience=2"],
            1,
            "raise data.validation",
        ),
        (&["train", "mlp", "--set", "training.schedule.size=3"], 2, "there is end, kind"),
        (&["train", "mlp", "--set", "training.optimizer.rule=newton"], 2, "adagrad"),
        (&["train", "mlp", "--seed", "-1"], 2, "training.seed"),
        (&["train", "mlp", "--threads", "0"], 2, "--threads"),
        (&["train", "mlp", "--set", "training.speed=1"], 2, "no speed"),
        (&["train", "mlp", "--set", "training.epochs"], 2, "KEY=VALUE"),
        (&["train", "mlp", "--set", "model.1.units=0"], 2, "units is 0"),
        (&["train", "mlp", "--set", r#"model=[{"layer":"dense"}]"#], 1, "Flatten"),
        (
            &[
                "train",
                "mlp",
                "--set",
                "training.loss=mean_squared_error",
                "--set",
                "training.loss.label_smoothing=0.1",
            ],
            2,
            "mean_squared_error has no settings; label_smoothing belongs to softmax_cross_entropy;",
        ),
        (&["train", "smooth.json"], 1, "smooth.json: training.loss: huber has delta; class_weights belongs to"),
        (&["train", "mlp", "--set", "training.loss.class_weights=[1,2]"], 1, "has 2 numbers, and there are 10 classes"),
        (&["init", "mlp", "--data", "idx:bars", "--out", "nowhere/x"], 1, "nowhere/x"),
        (&["init", "mlp"], 2, "--out"),
        (&["find-rate", "mlp", "--data", "nowhere"], 2, "idx:DIR"),
        (&["train", "mlp", "--data", "idx:bars", "--out", "noise.json/x"], 1, "noise.json/x"),
        (&["train", "mlp", "--steps"], 2, "--json"),
        (&["train"], 2, "PROJECT"),
        (&["evaluate", "nowhere", "--data", "digits"], 1, "nowhere"),
        (&["evaluate", "cut", "--data", "idx:bars"], 1, "cut"),
        (&["evaluate", "foreign", "--data", "idx:bars"], 1, "safetensors"),
        (&["evaluate", "wider", "--data", "idx:bars"], 1, "1.dense.kernel"),
        (&["predict", "run", "missing.png"], 1, "missing.png"),
        (&["predict", "run", "noise.png"], 1, "noise.png"),
        (&["predict", "run", "bad-draw.json"], 1, "bad-draw.json"),
        (&["bench", "nothing"], 2, "nothing"),
        (&["bench", "mlp", "--seconds", "0"], 2, "above 0"),
        (&["bench", "mlp", "--measure", "speed"], 2, "accuracy"),
        (&["bench", "mlp", "--measure", "evaluation", "--data", "nowhere"], 2, "idx:DIR"),
        (&["bench", "mlp", "cnn-deep", "--measure", "memory", "--data", "nowhere"], 2, "idx:DIR"),
        (&["bench", "mlp", "--measure", "memory,start", "--data", "idx:nowhere"], 1, "nowhere"),
        (&["fly"], 1, "fly"),
    ] {
        let done = backprop(folder, arguments);
        assert_eq!(done.code, code, "{arguments:?}: {}", done.err);
        assert!(done.err.contains(expected), "{arguments:?}: {}", done.err);
        assert!(!done.err.contains("panicked"), "{arguments:?}: {}", done.err);
        if code == 1 {
            assert_eq!(done.err.lines().count(), 1, "{arguments:?}: {}", done.err);
        }
    }
}

/// Where the system tells how much memory there is.
#[cfg(target_os = "linux")]
#[test]
fn a_network_that_needs_more_memory_than_there_is_is_refused() {
    let (folder, source) = folder_with_bars();
    let activations = r#"{"layer":"activation","function":"gelu"},"#.repeat(2000);
    let model = format!(
        r#"model=[{{"layer":"conv2d","filters":512,"kernel":1}},{activations}{{"layer":"flatten"}},{{"layer":"dense","units":10,"activation":"linear"}}]"#
    );
    let more = ["--set", &model, "--batch", "180", "--threads", "1"];
    let done = backprop(folder.path(), &[&["train", "mlp", "--data", &source], &more[..]].concat());
    assert_eq!((done.code, done.err.lines().count()), (1, 1), "{}", done.err);
    assert!(done.err.contains("training needs about") && done.err.contains("smaller batch"), "{}", done.err);
}

#[test]
fn early_stopping_says_whose_weights_are_saved_and_a_batch_may_hold_the_whole_set() {
    let (folder, source) = folder_with_bars();
    let set = |settings: &[&'static str]| settings.iter().flat_map(|setting| ["--set", setting]).collect::<Vec<_>>();
    let settings = set(&[
        "training.batch=180",
        "training.epochs=30",
        "training.early_stopping.patience=2",
        "training.early_stopping.min_delta=1",
    ]);
    let done = train(folder.path(), &source, &[&settings[..], &["--json"]].concat());
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let events = lines(&done.out);
    let best = events.iter().find(|event| event["event"] == "best").unwrap();
    let epochs: Vec<_> = events.iter().filter(|event| event["event"] == "epoch").collect();
    let lowest = epochs.iter().map(|epoch| epoch["validation_loss"].as_f64().unwrap()).fold(f64::INFINITY, f64::min);
    assert!(epochs.len() < 30 && best["stopped_early"] == true, "{best}");
    assert_eq!(best["validation_loss"].as_f64(), Some(lowest));
    let done = backprop(folder.path(), &["evaluate", "run", "--data", &source, "--split", "validation", "--json"]);
    assert_eq!(lines(&done.out)[0]["loss"].as_f64(), Some(lowest));
    let told = train(folder.path(), &source, &set(&["training.batch=180", "training.early_stopping.patience=5"])).out;
    assert!(told.contains("holds all training samples") && told.contains("The weights are those of epoch 3"), "{told}");
}

/// Samples of some classes only are still judged against all that the network knows.
#[test]
fn a_set_with_fewer_classes_than_the_network_is_evaluated() {
    let (folder, source) = folder_with_bars();
    let folder = folder.path();
    assert_eq!(train(folder, &source, &[]).code, 0);
    let few = folder.join("few");
    fs::create_dir(&few).unwrap();
    for entry in fs::read_dir(folder.join("bars")).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        // The labels 0 to 9 of the first ten samples become 0 to 4; the images stay what they are.
        if path.to_string_lossy().contains("labels") {
            bytes[8..].iter_mut().for_each(|label| *label %= 5);
        }
        fs::write(few.join(path.file_name().unwrap()), bytes).unwrap();
    }
    let done = backprop(folder, &["evaluate", "run", "--data", "idx:few", "--json"]);
    let evaluation = &lines(&done.out)[0];
    assert_eq!((done.code, evaluation["accuracy"].as_f64()), (0, Some(0.5)));
    assert_eq!(
        (evaluation["confusion"][2][7].as_u64(), evaluation["classes"].as_array().unwrap().len()),
        (Some(4), 10)
    );
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_is_saved() {
    use std::io::{BufRead as _, BufReader, Read as _};
    let (folder, source) = folder_with_bars();
    let mut child = Command::new(env!("CARGO_BIN_EXE_backprop"))
        .args(["train", "cnn-small", "--data", &source, "--epochs", "1000", "--batch", "20", "--out", "run", "--json"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("epoch\"") {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "it ended before the first epoch");
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(lines(&rest).last().unwrap()["outcome"], "stopped");
    assert!(folder.path().join("run/weights.safetensors").is_file());
}

/// The loops without vectors are those of a processor that this machine is not. (With Adam a gradient that is nothing but
/// rounding moves a weight as far as any other, and small differences would grow.)
#[test]
fn a_processor_without_vectors_learns_the_same() {
    let (folder, source) = folder_with_bars();
    let losses = |vectors: &str, network: &str| -> Vec<f64> {
        let arguments = ["train", network, "--data", &source, "--epochs", "1", "--batch", "32", "--json", "--steps"];
        let rule = ["--set", "training.optimizer.rule=momentum", "--learning-rate", "0.01"];
        let program = Command::new(env!("CARGO_BIN_EXE_backprop"))
            .args(arguments)
            .args(rule)
            .current_dir(folder.path())
            .env("BACKPROP_VECTORS", vectors)
            .output();
        let steps = lines(&String::from_utf8(program.unwrap().stdout).unwrap());
        steps.iter().filter(|line| line["event"] == "step").map(|line| line["loss"].as_f64().unwrap()).collect()
    };
    let mut differ = false;
    for network in ["mlp", "cnn-small", "cnn-5x5"] {
        let (with, without) = (losses("all", network), losses("none", network));
        assert!(with.len() > 3, "{network}: {with:?}");
        differ |= with != without;
        for (with, without) in with.iter().zip(&without) {
            assert!((with - without).abs() < 1e-3 * with.max(0.1), "{network}: {with} and {without}");
        }
    }
    assert!(differ, "to the bit the same losses, so the loops were the same");
}
