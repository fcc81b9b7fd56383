//! Series and pictures from the command line: what is trained on them, measured, told and refused.

use std::fs;
use std::path::Path;

use crate::support::{backprop, lines, project, real_data};

/// Two columns that go round, one of them late by a row, and a project that reads both.
fn waves(folder: &Path) {
    let wave = |day: usize| (day as f32 * 0.7).sin();
    let rows = (1..=120).map(|day| format!("{day},{:.4},{:.4}\n", wave(day), wave(day - 1)));
    fs::write(folder.join("waves.csv"), "day,now,before\n".to_owned() + &rows.collect::<String>()).unwrap();
    let source = "series:waves.csv?column=now,before&target=now&window=6";
    let mut waves = project("airline", &[("data.source", source), ("training.epochs", "60"), ("name", "waves")]);
    waves.set("training.learning_rate", "0.02").unwrap();
    waves.save(&folder.join("waves.json")).unwrap();
}

#[test]
fn a_series_is_learnt_measured_against_the_naive_forecast_and_gone_on_with() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    waves(folder);
    let done = backprop(folder, &["train", "waves.json", "--out", "run", "--json"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let source = "series:waves.csv?column=now,before&target=now&window=6";
    let told = &lines(&backprop(folder, &["evaluate", "run", "--data", source, "--json"]).out)[0];
    let figure = |name: &str| told[name].as_f64().unwrap();
    // The naive error of a sine is that of a step along it: 2 sin(0.35) / √2.
    assert!((figure("naive_rmse") - 0.485).abs() < 0.02, "{told}");
    assert!(figure("rmse") < 0.05 && figure("naive_mae") > figure("mae"), "{told}");
    let told = backprop(folder, &["evaluate", "run", "--data", source]).out;
    assert!(told.contains("RMSE of the naive forecast"), "{told}");

    let answers = lines(&backprop(folder, &["predict", "run", "waves.csv", "--json"]).out);
    assert_eq!((answers.len(), &answers[0]["row"], &answers[114]["row"]), (115, &6.into(), &120.into()));
    let next = answers[114]["values"]["now"].as_f64().unwrap();
    assert!((next - f64::sin(121.0 * 0.7)).abs() < 0.1, "{next}");
    fs::write(folder.join("short.csv"), "now,before\n1,2\n3,4\n").unwrap();
    let done = backprop(folder, &["predict", "run", "short.csv"]);
    assert!(done.code == 1 && done.err.contains("has 2 rows, and the network reads 6"), "{}", done.err);

    let folds = lines(&backprop(folder, &["train", "waves.json", "--folds", "4", "--json"]).out);
    let sizes = |fold: usize| (&folds[fold]["train_samples"], &folds[fold]["validation_samples"]);
    // 91 training windows: a fold is 18 of them, and each training takes all before its fold.
    assert_eq!((sizes(0), sizes(3)), ((&19.into(), &18.into()), (&73.into(), &18.into())));
    assert!(folds[4]["mean"]["naive_rmse"].is_number(), "{}", folds[4]);
    let done = backprop(folder, &["train", "waves.json", "--folds", "100"]);
    assert!(done.code == 1 && done.err.contains("too few for 100 folds"), "{}", done.err);
    let done = backprop(folder, &["data", "series:waves.csv+series:waves.csv"]);
    assert!(done.code == 1 && done.err.contains("belong together"), "{}", done.err);
}

#[test]
fn a_run_reads_pictures_as_those_of_its_folders() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    for (class, shade) in [("dark", 40u8), ("light", 200)] {
        fs::create_dir_all(folder.join("shades").join(class)).unwrap();
        for at in 0..20u8 {
            let picture = image::GrayImage::from_fn(30, 20, |x, y| image::Luma([shade + (x * y) as u8 % 9 + at]));
            picture.save(folder.join(format!("shades/{class}/{at}.png"))).unwrap();
        }
    }
    let settings = [("name", "shades"), ("data.source", "images:shades?size=16&grey=true"), ("training.batch", "8")];
    let mut shades = project("steel-surface", &settings);
    shades.set("model.17.units", "2").unwrap();
    shades.set("training.epochs", "8").unwrap();
    shades.save(&folder.join("shades.json")).unwrap();
    let done = backprop(folder, &["train", "shades.json", "--out", "run", "--json"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let test = backprop(folder, &["evaluate", "run", "--data", "images:shades?size=16&grey=true", "--json"]);
    assert_eq!(lines(&test.out)[0]["accuracy"], 1.0, "{}", test.out);
    // The images of one class alone, and of none that the network knows.
    fs::create_dir(folder.join("some")).unwrap();
    fs::rename(folder.join("shades/dark"), folder.join("some/dark")).unwrap();
    let test = backprop(folder, &["evaluate", "run", "--data", "some", "--json"]);
    assert_eq!((&lines(&test.out)[0]["samples"], test.code), (&20.into(), 0), "{}", test.err);
    fs::rename(folder.join("some/dark"), folder.join("some/other")).unwrap();
    let test = backprop(folder, &["evaluate", "run", "--data", "some"]);
    assert!(test.code == 1 && test.err.contains("it knows dark, light"), "{}", test.err);
    fs::rename(folder.join("some/other"), folder.join("shades/dark")).unwrap();
    // Ink on paper would be turned about and brought to the middle; these are to be read as they are.
    for (file, label) in [("shades/dark/3.png", "dark"), ("shades/light/3.png", "light")] {
        let answer = &lines(&backprop(folder, &["predict", "run", file, "--json"]).out)[0];
        assert_eq!(answer["label"], label, "{answer}");
    }
    let done = backprop(folder, &["predict", "run", "shades.json"]);
    assert!(done.code == 1 && done.err.contains("cannot be read as an image"), "{}", done.err);
}

#[test]
fn the_life_that_is_left_to_an_engine_is_told() {
    let Some(folder) = real_data("cmapss") else { return };
    let run = tempfile::tempdir().unwrap();
    let (path, data) = (run.path().display().to_string(), folder.parent().unwrap());
    let done = backprop(data, &["train", "remaining-life", "--out", &path]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let told = &lines(&backprop(data, &["evaluate", &path, "--data", "cmapss:cmapss", "--json"]).out)[0];
    assert!(told["samples"] == 100 && told["rmse"].as_f64().unwrap() <= 16.0, "{told}");
}

#[test]
fn the_presets_of_series_beat_the_naive_forecast() {
    let Some(folder) = real_data("timeseries") else { return };
    let runs = tempfile::tempdir().unwrap();
    for (preset, share) in [("airline", 0.5), ("temperatures", 0.95)] {
        let run = runs.path().join(preset).display().to_string();
        let done = backprop(&folder, &["train", preset, "--out", &run]);
        assert_eq!((done.code, done.err.as_str()), (0, ""));
        let source = project(preset, &[]).data.source.to_string();
        let told = &lines(&backprop(&folder, &["evaluate", &run, "--data", &source, "--json"]).out)[0];
        let figure = |name: &str| told[name].as_f64().unwrap();
        assert!(figure("rmse") < share * figure("naive_rmse"), "{preset}: {told}");
    }
}

/// Sets that are at hand are read from there: a download would have to reach the network, and here nothing may be kept.
#[test]
fn known_sets_that_are_at_hand_are_not_downloaded() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("mnist");
    fs::create_dir(&folder).unwrap();
    for part in ["train", "t10k"] {
        let images = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1][..], &[5, 6]].concat();
        fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
        fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), [0, 0, 8, 1, 0, 0, 0, 2, 3, 4]).unwrap();
    }
    let done = backprop(place.path(), &["data", "mnist", "--json"]);
    let told = &lines(&done.out)[0];
    assert_eq!((&told["name"], &told["train_samples"]), (&"mnist".into(), &2.into()));
    assert_eq!(told["classes"].as_array().unwrap().len(), 10);
    let Some(real) = real_data("fashion-mnist") else { return };
    let told = &lines(&backprop(real.parent().unwrap(), &["data", "fashion-mnist", "--json"]).out)[0];
    assert_eq!((&told["classes"][9]["name"], &told["classes"][9]["train"]), (&"ankle boot".into(), &6000.into()));
}
