//! Metrics of predictions compared with scikit-learn's, with ties, absent classes and constant targets among them.

use backprop_nn::loss::argmax;
use backprop_studio::train::metrics::{
    ClassPredictions, NumberPredictions, Prediction, ReconstructionPredictions, precision_recall_curve, roc_auc,
    roc_curve,
};
use ndarray::Array2;
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixtures {
    classes: Vec<Classes>,
    numbers: Vec<Numbers>,
    reconstructions: Vec<Reconstructed>,
}

#[derive(Deserialize)]
struct Reconstructed {
    name: String,
    width: usize,
    truths: Vec<f32>,
    given: Vec<f32>,
    errors: Vec<f64>,
    mae: f64,
    rmse: f64,
    r2: Option<f64>,
}

#[derive(Deserialize)]
struct Classes {
    name: String,
    truths: Vec<u16>,
    probabilities: Vec<f32>,
    classes: usize,
    confusion: Vec<Vec<u32>>,
    scores: Vec<(f64, f64, f64, u32)>,
    accuracy: f64,
    top_2: Option<f64>,
    r#macro: [Option<f64>; 3],
    weighted: [Option<f64>; 3],
    matthews: f64,
    roc_auc: Option<f64>,
    average_precision: Option<f64>,
    curves: Vec<Curves>,
}

#[derive(Deserialize)]
struct Curves {
    class: usize,
    false_positive_rate: Vec<f64>,
    true_positive_rate: Vec<f64>,
    precision: Vec<f64>,
    recall: Vec<f64>,
}

#[derive(Deserialize)]
struct Numbers {
    name: String,
    width: usize,
    truths: Vec<f64>,
    predictions: Vec<f64>,
    mae: Option<f64>,
    rmse: Option<f64>,
    r2: Option<f64>,
    mape: Option<f64>,
}

fn fixtures() -> Fixtures {
    serde_json::from_str(include_str!("../fixtures/metrics.json")).unwrap()
}

impl Classes {
    fn answers(&self) -> ClassPredictions {
        let mut confusion = Array2::zeros((self.classes, self.classes));
        let rows = self.truths.iter().zip(self.probabilities.chunks_exact(self.classes)).enumerate();
        let predictions = rows.map(|(sample, (&truth, shares))| {
            let class = argmax(shares);
            confusion[[usize::from(truth), class]] += 1;
            Prediction { sample: sample as u32, truth, class: class as u16, confidence: shares[class] }
        });
        let predictions = predictions.collect();
        ClassPredictions { confusion, predictions, probabilities: self.probabilities.clone() }
    }
}

/// Scores of classes are float32, which is what the tolerance allows for.
fn assert_same(what: &str, got: Option<f64>, expected: Option<f64>) {
    let is_same = match (got, expected) {
        (Some(got), Some(expected)) => (got - expected).abs() <= 1e-6 * expected.abs().max(1.0),
        (got, expected) => got == expected,
    };
    assert!(is_same, "{what}: {got:?}, scikit-learn {expected:?}");
}

fn assert_all_same(what: &str, got: impl IntoIterator<Item = f64>, expected: &[f64]) {
    let got: Vec<f64> = got.into_iter().collect();
    assert_eq!(got.len(), expected.len(), "{what}");
    got.iter().zip(expected).for_each(|(got, expected)| assert_same(what, Some(*got), Some(*expected)));
}

#[test]
fn figures_of_classes_are_those_of_scikit_learn() {
    for case in fixtures().classes {
        let (name, answers) = (&case.name, case.answers());
        let confusion: Vec<Vec<u32>> = answers.confusion.rows().into_iter().map(|row| row.to_vec()).collect();
        assert_eq!(confusion, case.confusion, "{name}");
        for (score, expected) in answers.class_scores().iter().zip(&case.scores) {
            let got = [score.precision, score.recall, score.f1].map(f64::from);
            assert_all_same(&format!("{name}, scores"), got, &[expected.0, expected.1, expected.2]);
            assert_eq!(score.support, expected.3, "{name}");
        }
        assert_same(&format!("{name}, accuracy"), Some(f64::from(answers.accuracy())), Some(case.accuracy));
        if case.classes > 2 {
            assert_same(&format!("{name}, top 2"), answers.top_k(2), case.top_2);
        }
        for (averages, expected) in [(answers.macro_scores(), case.r#macro), (answers.weighted_scores(), case.weighted)]
        {
            for (got, expected) in averages.into_iter().zip(expected) {
                assert_same(&format!("{name}, averages"), got, expected);
            }
        }
        assert_same(&format!("{name}, Matthews"), Some(answers.matthews()), Some(case.matthews));
        assert_same(&format!("{name}, area"), answers.roc_auc(), case.roc_auc);
        assert_same(&format!("{name}, average precision"), answers.average_precision(), case.average_precision);
    }
}

#[test]
fn curves_are_those_of_scikit_learn() {
    let cases = fixtures().classes;
    assert!(cases.iter().any(|case| case.curves.len() > 2) && cases.iter().any(|case| case.curves.is_empty()));
    for case in cases {
        let answers = case.answers();
        for expected in &case.curves {
            let (truths, scores) = answers.one_against_rest(expected.class);
            let what = format!("{}, class {}", case.name, expected.class);
            let roc = roc_curve(&truths, &scores).unwrap();
            assert_all_same(&what, roc.iter().map(|at| at.false_positive_rate), &expected.false_positive_rate);
            assert_all_same(&what, roc.iter().map(|at| at.true_positive_rate), &expected.true_positive_rate);
            let found = precision_recall_curve(&truths, &scores).unwrap();
            // scikit-learn ends where all of the class is found.
            let found = &found[..expected.recall.len()];
            assert_all_same(&what, found.iter().map(|at| at.precision), &expected.precision);
            assert_all_same(&what, found.iter().map(|at| at.recall), &expected.recall);
        }
    }
    assert_eq!((roc_auc(&[true, true], &[0.1, 0.2]), roc_curve(&[], &[])), (None, None));
}

#[test]
fn figures_of_numbers_are_those_of_scikit_learn() {
    for case in fixtures().numbers {
        let samples = (0..(case.truths.len() / case.width) as u32).collect();
        let answers = NumberPredictions {
            width: case.width,
            samples,
            truths: case.truths,
            predictions: case.predictions,
            naive: Vec::new(),
        };
        for (figure, got, expected) in [
            ("mean absolute error", answers.mae(), case.mae),
            ("root of the mean squared error", answers.rmse(), case.rmse),
            ("R²", answers.r2(), case.r2),
            ("mean absolute share", answers.mape(), case.mape),
        ] {
            assert_same(&format!("{}, {figure}", case.name), got, expected);
        }
    }
}

/// They are counted batch by batch, and the size of a batch must not matter.
#[test]
fn figures_of_reconstructions_are_those_of_scikit_learn() {
    for Reconstructed { name, width, truths, given, errors, mae, rmse, r2 } in fixtures().reconstructions {
        let mut answers = ReconstructionPredictions::new(errors.len());
        for (batch, (truths, given)) in truths.chunks(2 * width).zip(given.chunks(2 * width)).enumerate() {
            let at: Vec<u32> = (0..(truths.len() / width) as u32).map(|at| 2 * batch as u32 + at).collect();
            answers.add(&at, width, truths, given);
        }
        assert_eq!(answers.samples, (0..errors.len() as u32).collect::<Vec<_>>());
        assert_all_same(&format!("{name}, errors"), answers.errors.iter().map(|error| f64::from(*error)), &errors);
        for (figure, got, expected) in
            [("mae", answers.mae(), Some(mae)), ("rmse", answers.rmse(), Some(rmse)), ("r2", answers.r2(), r2)]
        {
            assert_same(&format!("{name}, {figure}"), got, expected);
        }
    }
}
