//! Whether a classifier is as often right as its probabilities say: against scikit-learn, on the command line, and in the window.

use backprop_studio::explain::calibration::{Calibration, Costs, Logits, Outcomes, Thresholds, reliability};
use serde::Deserialize;

use crate::support::{backprop, lines};

#[derive(Deserialize)]
struct Fixtures {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    logits: Vec<f32>,
    truths: Vec<u16>,
    plain: Figures,
    scaled: Figures,
    #[serde(default)]
    curve: Vec<[f64; 2]>,
    #[serde(default)]
    outcomes: Vec<Counted>,
    #[serde(default)]
    cheapest: Vec<Cheapest>,
}

#[derive(Deserialize)]
struct Figures {
    temperature: f64,
    expected: f64,
    maximum: f64,
    negative_log_likelihood: f64,
}

#[derive(Deserialize)]
struct Counted {
    threshold: f32,
    counts: [u32; 4],
}

#[derive(Deserialize)]
struct Cheapest {
    costs: [f64; 2],
    cost: f64,
}

fn assert_close(what: &str, found: f64, wanted: f64) {
    assert!((found - wanted).abs() < 1e-5 * (1.0 + wanted.abs()), "{what}: {found} and not {wanted}");
}

fn assert_figures(name: &str, found: &Calibration, wanted: &Figures) {
    assert_close(&format!("{name}, ECE"), found.expected_error(), wanted.expected);
    assert_close(&format!("{name}, MCE"), found.maximum_error(), wanted.maximum);
    assert_close(&format!("{name}, NLL"), found.negative_log_likelihood, wanted.negative_log_likelihood);
}

/// The probabilities of the second of two classes.
fn second(logits: &[f32]) -> Vec<f32> {
    logits.chunks(2).map(|pair| (1.0 / (1.0 + f64::from(pair[0] - pair[1]).exp())) as f32).collect()
}

#[test]
fn errors_temperature_and_thresholds_are_those_of_scikit_learn_and_scipy() {
    let fixtures: Fixtures = serde_json::from_str(include_str!("../fixtures/calibration.json")).unwrap();
    for case in fixtures.cases {
        let logits = Logits::new(case.logits.clone(), case.truths.clone());
        let found = logits.temperature();
        assert!(!found.is_bounded, "{}", case.name);
        assert_close(&format!("{}, temperature", case.name), found.value, case.scaled.temperature);
        assert_figures(&case.name, &logits.calibration(1.0), &case.plain);
        assert_figures(&format!("{}, scaled", case.name), &logits.calibration(found.value), &case.scaled);
        if case.curve.is_empty() {
            continue;
        }
        let (scores, is_second) = (second(&case.logits), case.truths.iter().map(|class| *class == 1));
        let is_second: Vec<bool> = is_second.collect();
        let bins = reliability(scores.iter().copied().map(f64::from).zip(is_second.iter().copied()));
        let bins: Vec<_> = bins.iter().filter(|bin| bin.samples > 0).collect();
        assert_eq!(bins.len(), case.curve.len(), "bins with samples");
        for (bin, [confidence, accuracy]) in bins.iter().zip(&case.curve) {
            assert_close("confidence", bin.confidence, *confidence);
            assert_close("accuracy", bin.accuracy, *accuracy);
        }
        let thresholds = Thresholds::of(&is_second, &scores);
        for Counted { threshold, counts } in &case.outcomes {
            let Outcomes { true_positives, false_positives, true_negatives, false_negatives, .. } =
                thresholds.at(*threshold);
            let found = [true_positives, false_positives, true_negatives, false_negatives];
            assert_eq!(found, *counts, "from {threshold} on");
        }
        for Cheapest { costs: [false_positive, false_negative], cost } in case.cheapest {
            let costs = Costs { false_positive, false_negative };
            assert_eq!(costs.of(&thresholds.cheapest(costs).unwrap()), cost, "{costs:?}");
        }
    }
}

#[test]
fn evaluate_tells_the_calibration_and_the_temperature() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let trained = ["train", "mlp", "--data", "digits?count=300", "--epochs", "8", "--out", "run"];
    assert_eq!(backprop(folder, &trained).code, 0);
    let told = |split: &str| backprop(folder, &["evaluate", "run", "--split", split]).out;
    assert!(told("test").contains("(temperature fitted on the validation samples"), "{}", told("test"));
    let validation = told("validation");
    assert!(validation.contains("expected calibration error"), "{validation}");
    assert!(validation.contains("(temperature fitted on these samples"), "{validation}");
    let json = |split: &str| {
        let done = backprop(folder, &["evaluate", "run", "--split", split, "--json"]);
        lines(&done.out)[0]["calibration"].clone()
    };
    let [test, validation] = ["test", "validation"].map(json);
    assert!(test["expected_calibration_error"].as_f64().unwrap() > 0.0, "{test}");
    assert_eq!(test["temperature"], validation["temperature"], "one temperature, of the validation samples");
    let nll = |of: &serde_json::Value| of["negative_log_likelihood"].as_f64().unwrap();
    assert!(nll(&validation["scaled"]) <= nll(&validation), "{validation}");
    assert!(json("all")["temperature"].is_null(), "there is no validation set to fit it on");
}

#[cfg(feature = "gui")]
mod window {
    use backprop_studio::explain::calibration::Costs;
    use backprop_studio::ui::jobs::calibration::CalibrationReport;
    use backprop_studio::ui::{Request, Studio};
    use eframe::egui::Key;
    use eframe::egui::accesskit::Toggled;
    use egui_kittest::Harness;
    use egui_kittest::kittest::{NodeT as _, Queryable as _};

    use crate::studio::{act, click, step_until};
    use crate::support::project;
    use crate::views::{open, train, wait_for};

    fn report(studio: &Studio) -> Option<&CalibrationReport> {
        studio.derived().calibration.current()?.answer.as_ref()
    }

    fn show(harness: &mut Harness<'static, Studio>) {
        act(harness, Request::Show("mistakes"));
        click(harness, "Calibration");
        step_until(harness, "the calibration is worked out", |studio| report(studio).is_some());
    }

    #[test]
    fn the_diagram_is_that_of_the_predictions_with_and_without_the_temperature() {
        let mut harness = open(project("mlp", &[("data.source", "digits?count=400"), ("training.epochs", "8")]));
        train(&mut harness);
        show(&mut harness);
        let report = report(harness.state()).unwrap();
        let test = report.test.as_ref().expect("the test samples are evaluated at the end");
        let predictions = harness.state().session().test().unwrap().classes().unwrap();
        assert!((test.plain.accuracy() - f64::from(predictions.accuracy())).abs() < 1e-6);
        let confidences = predictions.predictions.iter().map(|answer| f64::from(answer.confidence));
        let mean = confidences.sum::<f64>() / predictions.predictions.len() as f64;
        assert!((test.plain.confidence() - mean).abs() < 1e-5, "{} {mean}", test.plain.confidence());
        let [plain, scaled] = [&report.validation.plain, &report.validation.scaled];
        assert!(scaled.negative_log_likelihood <= plain.negative_log_likelihood);
        assert!(report.thresholds.is_none(), "ten classes have no threshold");
        let nll = plain.negative_log_likelihood;

        harness.get_by_label("Reliability diagram");
        harness.get_by_label("ECE");
        assert!(harness.query_by_label("Threshold").is_none());
        harness.get_by_label_contains("these are the test samples");
        click(&mut harness, "Validation");
        harness.get_by_label_contains("The test samples do not.");
        harness.get_by_label_contains("With temperature ").click();
        harness.run_ok();
        let toggle = harness.get_by_label_contains("With temperature ");
        assert_eq!(toggle.accesskit_node().toggled(), Some(Toggled::True));

        // An earlier moment has no test result, and another calibration.
        act(&mut harness, Request::LookAt(0));
        step_until(&mut harness, "the first weights are judged", |studio| {
            super::window::report(studio)
                .is_some_and(|it| it.test.is_none() && it.validation.plain.negative_log_likelihood > nll)
        });
        wait_for(&mut harness, "so that they flatter it");
        click(&mut harness, "Samples");
        assert!(harness.query_by_label("Reliability diagram").is_none());
    }

    #[test]
    fn the_cheapest_threshold_of_two_classes_is_set_by_a_button() {
        let mut harness = open(project("xor", &[("training.epochs", "4"), ("data.source", "points:xor?noise=0.4")]));
        train(&mut harness);
        show(&mut harness);
        let cost = |harness: &Harness<'static, Studio>| {
            let found = harness.query_all_by_label_contains("Cost ").find_map(|node| node.accesskit_node().value());
            let told = found.expect("the cost is told");
            told.trim_start_matches("Cost ").replace(',', "").parse::<f64>().unwrap()
        };
        for label in ["Cost over threshold", "TP", "FP", "TN", "FN", "FP cost", "FN cost value", "Threshold value"] {
            harness.get_by_label(label);
        }
        let mut chosen = Vec::new();
        for false_negative in [1.0, 10.0] {
            if false_negative > 1.0 {
                // From 1 to 3 and to 10.
                harness.get_by_label("FN cost").focus();
                harness.run_ok();
                harness.key_press(Key::ArrowRight);
                harness.key_press(Key::ArrowRight);
                harness.run_ok();
            }
            let before = cost(&harness);
            click(&mut harness, "Cheapest");
            step_until(&mut harness, "it is worked out", |studio| report(studio).is_some());
            let thresholds = report(harness.state()).unwrap().thresholds.as_ref().unwrap();
            let costs = Costs { false_positive: 1.0, false_negative };
            let all = thresholds.outcomes().iter().filter(|outcomes| outcomes.threshold <= 1.0);
            let least = all.map(|outcomes| costs.of(outcomes)).fold(f64::INFINITY, f64::min);
            assert!(cost(&harness) == least && least <= before, "{least}, {before} before");
            let session = harness.state().session();
            let confusion = &session.validation().unwrap().classes().unwrap().confusion;
            assert_eq!(f64::from(confusion[[0, 1]]) + false_negative * f64::from(confusion[[1, 0]]), least);
            chosen.push(session.threshold);
        }
        assert!(chosen[1] < chosen[0], "where misses cost more, less is enough: {chosen:?}");
    }
}
