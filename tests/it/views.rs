//! The window with points and tables: seen, set, trained, judged and tried.

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use backprop_nn::layers::{Dense, Function};
use backprop_studio::data::SourceSpec;
use backprop_studio::project::Project;
use backprop_studio::train::{Event, Metric, Outcome, Reports, Run, Start, Subset};
use backprop_studio::ui::jobs::plane::SIDE;
use backprop_studio::ui::state::session::Status;
use backprop_studio::ui::views::dialogs::trials::Trials;
use backprop_studio::ui::widgets::numbers::{significant, steady};
use backprop_studio::ui::{Command, Document, Request, Studio};
use eframe::egui::accesskit::Toggled;
use eframe::egui::{Key, Modifiers, Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::studio::{PATIENCE, act, choose, click, step_until};
use crate::support::{follow, project, real_data};

/// The studio with a project whose data has been read.
pub fn open(project: Project) -> Harness<'static, Studio> {
    let builder = Harness::builder().with_size(vec2(1280.0, 800.0)).with_max_steps(200);
    let mut harness = builder.build_eframe(|cc| Studio::new(cc, Some(Document::new(project))));
    step_until(&mut harness, "the data is there", |studio| studio.session().dataset().is_some());
    harness
}

pub fn train(harness: &mut Harness<'static, Studio>) {
    act(harness, Command::Train);
    step_until(harness, "the run has ended", |studio| matches!(studio.session().status, Status::Ended(_)));
}

/// Steps until something is to be read, at most a minute.
#[track_caller]
pub fn wait_for(harness: &mut Harness<'static, Studio>, text: &str) {
    let started = Instant::now();
    while harness.query_all_by_label_contains(text).count() == 0 {
        assert!(started.elapsed() < PATIENCE, "{text} did not come");
        harness.step();
    }
}

/// A layer for one or more numbers at the end of a preset's stack.
fn ending_in(mut project: Project, units: usize) -> Project {
    project.model.layers.pop();
    project.model.layers.push(Dense::new(units, Function::Linear).into());
    project
}

#[test]
fn points_are_trained_and_every_place_of_the_plane_is_answered() {
    let mut harness = open(project("xor", &[("training.epochs", "30")]));
    harness.get_by_label("Samples in the plane");
    train(&mut harness);
    step_until(&mut harness, "the surface is drawn", |studio| studio.derived().plane.current().is_some());
    let answers = &harness.state().derived().plane.current().unwrap().answer;
    assert_eq!(answers.len(), SIDE * SIDE * 2);
    // Blue where x and y have the same sign; the first row is the highest y.
    let blue = |row: usize, column: usize| answers[(row * SIDE + column) * 2];
    let (near, far) = (SIDE / 5, SIDE - SIDE / 5);
    let quarters = [blue(near, near), blue(near, far), blue(far, near), blue(far, far)];
    assert!(quarters[0] < 0.1 && quarters[1] > 0.9 && quarters[2] > 0.9 && quarters[3] < 0.1, "{quarters:?}");
    click(&mut harness, "ROC");
    harness.get_by_label("ROC curve");
    harness.get_by_label_contains("macro F1");
}

#[test]
fn validation_samples_are_rings_among_the_dots_of_the_plane() {
    let mut harness = open(project("xor", &[("data.validation", "0.25")]));
    let described = |harness: &Harness<'_, Studio>| {
        let plane = harness.get_by_label("Samples in the plane");
        plane.accesskit_node().data().description().map(str::to_owned)
    };
    let split = |harness: &Harness<'_, Studio>| {
        let dataset = harness.state().session().dataset().unwrap();
        let split = dataset.split(harness.state().project().data.validation, 42);
        format!("{} dots: training, {} rings: validation", split.train.len(), split.validation.len())
    };
    assert_eq!(described(&harness), Some(split(&harness)));
    assert_eq!(["training", "validation"].map(|set| harness.query_all_by_label(set).count()), [1, 1], "the legend");
    harness.state_mut().project_mut().data.validation = 0.5;
    harness.run_ok();
    assert_eq!(described(&harness), Some(split(&harness)));
    harness.state_mut().project_mut().data.validation = 0.0;
    harness.run_ok();
    assert_eq!((described(&harness), harness.query_by_label("validation").is_none()), (None, true));
}

#[test]
fn after_a_run_that_diverged_the_speed_is_chosen_and_a_race_begins_anew() {
    let mut harness = open(project("xor", &[("training.epochs", "100000")]));
    act(&mut harness, Command::Train);
    step_until(&mut harness, "it trains", |studio| studio.session().progress.step > 200);
    harness.state_mut().project_mut().training.learning_rate = 1e30;
    let has_diverged = |studio: &Studio| matches!(studio.session().status, Status::Ended(Outcome::Diverged(_)));
    step_until(&mut harness, "it diverges", has_diverged);
    harness.get_by_label("Full speed");
    harness.state_mut().project_mut().training.learning_rate = 0.01;
    harness.run_ok();
    act(&mut harness, Command::Race);
    let choice = harness.get_by_label_contains("Go on from step");
    assert_eq!(choice.accesskit_node().toggled(), Some(Toggled::False));
}

#[test]
fn what_is_seen_after_early_stopping_is_of_the_weights_that_are_kept() {
    let settings =
        [("training.epochs", "300"), ("training.learning_rate", "0.1"), ("training.early_stopping.patience", "4")];
    let mut harness =
        open(project("xor", &[&[("data.source", "points:xor?noise=0.5&count=200")], &settings[..]].concat()));
    train(&mut harness);
    let session = harness.state().session();
    let (best, seen) = (session.best.unwrap(), session.validation().unwrap());
    assert!(best.stopped_early && session.progress.epochs_done > best.epoch);
    assert_eq!(seen.loss, best.validation_loss);
}

#[test]
fn options_of_a_source_are_set_without_typing_its_text() {
    let mut harness = open(project("xor", &[]));
    act(&mut harness, Request::Show("data"));
    harness.get_by_label("Noise value").focus();
    harness.run_ok();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.get_by_label("Noise value").type_text("0.2");
    harness.run_ok();
    harness.key_press(Key::Enter);
    harness.run_ok();
    assert_eq!(harness.state().project().data.source.to_string(), "points:xor?noise=0.2");
    step_until(&mut harness, "the points are made anew", |studio| studio.session().dataset().is_some());
    click(&mut harness, "Rows");
    assert!(harness.query_all_by_label_contains("class blue, x ").count() > 3);
}

#[test]
fn a_table_is_described_its_target_chosen_and_its_rows_judged_and_tried() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parcels.csv");
    let row = |at: usize| {
        let (weight, zone) = (at % 10, ["near", "far"][at / 10 % 2]);
        let price = 2 * weight + 30 * (at / 10 % 2);
        format!("{}.5,{zone},{price}.25,{}\n", weight, if price > 20 { "dear" } else { "cheap" })
    };
    fs::write(&path, format!("weight,zone,price,kind\n{}", (0..100).map(row).collect::<String>())).unwrap();
    let source = format!("csv:{}", path.display());
    let mut harness = open(ending_in(project("iris", &[("data.source", &source), ("training.epochs", "40")]), 2));
    act(&mut harness, Request::Show("data"));
    harness.get_by_label_contains("column zone, missing 0, correlation 1.00, type 2 categories");
    harness.get_by_label_contains("column weight, lowest 0.5, mean 5, highest 9.5, missing 0, correlation ");

    wait_for(&mut harness, "Target");
    harness.get_by_role_and_label(Role::ComboBox, "Target").click();
    harness.run_ok();
    harness.get_by_role_and_label(Role::Button, "price").click();
    harness.run_ok();
    assert_eq!(harness.state().project().data.source.to_string(), format!("{source}?target=price"));
    step_until(&mut harness, "the table is read anew", |studio| studio.session().dataset().is_some());
    harness.get_by_label_contains("column price, lowest");

    let model = ending_in(harness.state().project().clone(), 1).model;
    harness.state_mut().project_mut().model = model;
    harness.state_mut().project_mut().training.loss = project("fuel", &[]).training.loss;
    act(&mut harness, Request::Show("learn"));
    train(&mut harness);
    harness.get_by_label_contains("RMSE plot: validation");
    harness.get_by_label("Predicted over true");
    harness.get_by_label_contains(", MAE ");
    act(&mut harness, Request::Show("mistakes"));
    assert!(harness.query_all_by_label_contains("true price ").count() > 3);

    act(&mut harness, Request::Show("draw"));
    harness.get_by_label_contains("true ");
    harness.get_by_role_and_label(Role::ComboBox, "zone").click();
    harness.run_ok();
    let zone = harness.state().playground().row.values[1] > 0.5;
    harness.get_by_role_and_label(Role::Button, if zone { "near" } else { "far" }).click();
    harness.run_ok();
    assert!((harness.state().playground().row.values[1] > 0.5) != zone, "{:?}", harness.state().playground().row);
    harness.get_by_label("no true value");
}

#[test]
fn an_autoencoder_shows_samples_above_their_reconstructions_in_every_view() {
    let settings = [("data.source", "digits?count=400"), ("training.epochs", "3"), ("training.batch", "20")];
    let mut harness = open(project("autoencoder", &settings));
    train(&mut harness);
    step_until(&mut harness, "the reconstructions are drawn", |studio| {
        studio.derived().reconstructions.current().is_some()
    });
    let derived = harness.state().derived().reconstructions.current().unwrap().clone();
    let (job, images) = (&derived.query.job, &derived.answer);
    assert_eq!((images.watched, images.samples.len(), images.pixels.len()), (24, 24 + 36, 60 * 784));
    assert!(images.errors[24..].is_sorted_by(|a, b| a >= b), "{:?}", images.errors);
    let own = &job.dataset.train;
    let error = |at: usize| {
        let given = &images.pixels[at * 784..][..784];
        let pairs = own.pixels_of(images.samples[at] as usize).iter().zip(given);
        (pairs.map(|(a, b)| (f32::from(*a) - f32::from(*b)).powi(2)).sum::<f32>() / 784.0).sqrt() / 255.0
    };
    assert!((error(0) - images.errors[0]).abs() < 0.01, "{} and {}", error(0), images.errors[0]);
    for (view, text) in [("learn", "R² 0."), ("draw", "Reconstruction"), ("mistakes", "largest error first")] {
        act(&mut harness, Request::Show(view));
        wait_for(&mut harness, text);
    }
    // The switch stands beside the source, and without it the classes are asked for again.
    act(&mut harness, Request::Show("data"));
    click(&mut harness, "Reconstruct");
    step_until(&mut harness, "the classes are back", |studio| {
        studio.session().dataset().is_some_and(|dataset| dataset.task.is_classification())
    });
    assert!(harness.state().shapes().model.misfit.is_some_and(|misfit| misfit.error.message.contains("needs 10")));
}

#[test]
fn reconstructed_rows_are_tried_and_listed_by_their_error() {
    let model = r#"[{"layer":"dense","units":2,"activation":"linear"}]"#;
    let loss = "mean_squared_error";
    let settings = [("data.source", "points:xor"), ("model", model), ("training.loss.kind", loss)];
    let mut harness = open(project("autoencoder", &settings));
    train(&mut harness);
    for (view, text) in [("learn", "R² "), ("draw", "reconstruction"), ("mistakes", "largest error first")] {
        act(&mut harness, Request::Show(view));
        wait_for(&mut harness, text);
    }
}

#[test]
fn folds_are_trained_told_and_cancelled_and_the_project_stays_as_it_was() {
    let mut harness = open(project("xor", &[("training.epochs", "8")]));
    let before = harness.state().project().clone();
    // High enough that the panel at the right need not be scrolled.
    harness.set_size(vec2(1280.0, 1400.0));
    harness.run_ok();
    click(&mut harness, "Cross-validation, off");
    click(&mut harness, "5");
    click(&mut harness, "Cross-validate…");
    step_until(&mut harness, "all folds are done", |studio| {
        studio.dialogs().get::<Trials>().is_some_and(|it| !it.is_running())
    });
    let folds = harness.state().dialogs().get::<Trials>().unwrap().results().to_vec();
    assert!(folds.len() == 5 && folds.iter().all(|fold| (fold.train, fold.validation) == (320, 80)), "{folds:?}");

    // The same five trainings, one by one.
    let dataset = harness.state().session().dataset().unwrap().clone();
    let accuracies = dataset.folds(5, before.training.seed).into_iter().map(|split| {
        let job = Arc::new(before.job_on(Arc::clone(&dataset), split, 2).unwrap());
        let run = Run::start(Arc::clone(&job), Start::Running, Reports::default(), || {}).unwrap();
        let weights = follow(&run).1.into_iter().rev().find_map(|event| match event {
            Event::Weights(snapshot) => Some(snapshot),
            _ => None,
        });
        f64::from(job.evaluate(&weights.unwrap().weights, Subset::Validation).accuracy().unwrap())
    });
    let accuracies: Vec<f64> = accuracies.collect();
    let told: Vec<f64> = folds.iter().map(|fold| fold.figures[1].value.unwrap()).collect();
    assert_eq!(told, accuracies);
    let mean = accuracies.iter().sum::<f64>() / 5.0;
    let spread = (accuracies.iter().map(|accuracy| (accuracy - mean).powi(2)).sum::<f64>() / 5.0).sqrt();
    let row = format!(
        "metric Accuracy, mean {:.1} %, ± {:.1} %, fold 1 {:.1} %",
        mean * 100.0,
        spread * 100.0,
        told[0] * 100.0
    );
    harness.get_by_label_contains(&row);
    harness.get_by_label("Cross-validation, 5 folds, seed 42");
    click(&mut harness, "Close");
    assert!(harness.state().dialogs().get::<Trials>().is_none() && harness.state().session().job.is_none());

    harness.state_mut().project_mut().training.epochs = 1000;
    let before = harness.state().project().clone();
    act(&mut harness, Request::CrossValidate(10));
    harness.get_by_label("Trainings");
    click(&mut harness, "Cancel");
    assert!(harness.state().dialogs().get::<Trials>().is_none() && *harness.state().project() == before);
}

#[test]
fn a_forecast_is_drawn_over_the_truth_and_against_the_naive_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tides.csv");
    let height = |row: usize| 5.0 + 3.0 * (row as f32 * 0.7).sin();
    let rows: String = (0..150).map(|row| format!("{row},{}\n", height(row))).collect();
    fs::write(&path, format!("hour,metres\n{rows}")).unwrap();
    let source = format!("series:{}?window=24", path.display());
    let mut harness = open(project("airline", &[("data.source", &source), ("training.epochs", "60")]));
    act(&mut harness, Command::StepEpoch);
    wait_for(&mut harness, "Forecast plot: forecast, truth, naive");
    wait_for(&mut harness, "validation windows");
    step_until(&mut harness, "the run waits", |studio| matches!(studio.session().status, Status::Paused));
    act(&mut harness, Command::Resume);
    step_until(&mut harness, "the run has ended", |studio| matches!(studio.session().status, Status::Ended(_)));

    let session = harness.state().session();
    let test = session.test().unwrap();
    let figure = |wanted: &str| test.get(Metric::named(wanted).unwrap()).unwrap();
    let (rmse, naive) = (figure("rmse"), figure("naive_rmse"));
    assert!(rmse < naive, "a wave is told better than by repeating the last height: {rmse} and {naive}");
    let figures = format!("RMSE {}, naive forecast {}, on 25 test windows", steady(rmse), steady(naive));
    harness.get_by_label_contains(&figures);

    // The window of 24 rows that ends the file has its target in the last row.
    let plot = harness.get_by_label("Forecast plot: forecast, truth, naive").rect();
    let mut rows = (0..200).map(|step| plot.right_center() - vec2(2.0 * step as f32, 0.0));
    let found = rows.find(|place| {
        harness.hover_at(*place);
        harness.run_steps(2);
        harness.query_by_label("row 150").is_some()
    });
    assert!(found.is_some());
    harness.get_by_label(&format!("truth {}", significant(f64::from(height(149)))));
    harness.get_by_label(&format!("naive {}", significant(f64::from(height(148)))));
    // Beyond it are half as many rows as were held out.
    harness.hover_at(plot.right_center() - vec2(2.0, 0.0));
    wait_for(&mut harness, "row 162");
    harness.get_by_label_contains("80 % interval ");
    harness.get_by_label_contains("12 rows ahead with an 80 % interval");
    click(&mut harness, "Points");
    harness.get_by_label("Predicted over true");
}

#[test]
fn what_is_dropped_becomes_the_data_or_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let mut harness = open(project("xor", &[]));
    let drop = |harness: &mut Harness<'static, Studio>, name: &str, source: &str| {
        act(harness, Request::Dropped(place(name)));
        let wanted = format!("{source}:{}", place(name).display());
        step_until(harness, name, |studio| {
            studio.session().source().to_string().starts_with(&wanted) && studio.session().dataset().is_some()
        });
        // A preset that nobody has edited gives way to a network that fits.
        step_until(harness, "a network is suggested", |studio| {
            studio
                .session()
                .dataset()
                .is_some_and(|data| studio.project().problems(data).iter().all(|it| !it.is_error()))
        });
        assert!(harness.state_mut().situation().permits(Command::Train).is_ok(), "{name}");
    };

    for (class, level) in [("dark", 10), ("light", 240)] {
        fs::create_dir_all(place("shades").join(class)).unwrap();
        for at in 0..6 {
            let picture = image::GrayImage::from_pixel(8, 8, image::Luma([level + at]));
            picture.save(place("shades").join(class).join(format!("{at}.png"))).unwrap();
        }
    }
    drop(&mut harness, "shades", "images");
    let rows: String = (0..60).map(|row| format!("{row}\t{}\t{}\n", row % 7, row % 3)).collect();
    for name in ["rows.csv", "rows.tsv", "ROWS.TXT"] {
        fs::write(place(name), format!("a\tb\tc\n{rows}")).unwrap();
        drop(&mut harness, name, "csv");
    }
    // What follows in time is said so in the options.
    act(&mut harness, Request::Show("data"));
    choose(&mut harness, "Series");
    let series = format!("series:{}", place("ROWS.TXT").display());
    assert!(harness.state().project().data.source.to_string().starts_with(&series));
    step_until(&mut harness, "the series is read", |studio| {
        studio.session().dataset().is_some_and(|it| it.shape.len() == 12)
    });

    fs::create_dir(place("empty")).unwrap();
    act(&mut harness, Request::Dropped(place("empty")));
    wait_for(&mut harness, "empty could not be read: there is no project.json of a run in it; ");
    assert!(
        harness.state().project().data.source.to_string().starts_with(&series),
        "what cannot be read changes nothing"
    );

    // What has a meaning in the text of a source may stand in the name of a file.
    let name = "a+b?c&d=e, \"f\".csv";
    fs::write(place(name), format!("a\tb\tc\n{rows}")).unwrap();
    act(&mut harness, Request::Dropped(place(name)));
    let wanted = SourceSpec::of_path("csv", &place(name));
    step_until(&mut harness, name, |studio| {
        *studio.session().source() == wanted && studio.session().dataset().is_some()
    });
    let text = harness.state().project().to_text().unwrap();
    assert_eq!(Project::parse(&text).unwrap().data.source, wanted);

    if let Some(engines) = real_data("cmapss") {
        act(&mut harness, Request::Dropped(engines.clone()));
        let wanted = format!("cmapss:{}", engines.display());
        step_until(&mut harness, "the engines are read", |studio| studio.project().data.source.to_string() == wanted);
    }
}
