//! What a run measures. THE LIST of metrics is [`METRICS`]: a new one is a `static` in a file here, and a line in the
//! list. Curves, the lines of a run, the terminal's table and the evaluation of a subset walk the list.
//!
//! Definitions are scikit-learn's; what a definition leaves open is absent, not zero.

mod accuracy;
mod adversarial;
mod classes;
mod evaluation;
mod gradient_norm;
mod learning_rate;
mod loss;
mod numbers;
mod probe;
mod ranking;
mod reconstructions;
mod samples_per_second;
mod text;
mod tokens;
mod update_ratio;

use std::fmt;

pub use accuracy::ACCURACY;
pub use adversarial::{FAKE_ACCURACY, GENERATOR_LOSS, REAL_ACCURACY};
pub use classes::{ClassPredictions, ClassScore, Prediction};
pub use evaluation::{Evaluation, Measured, Predictions, THRESHOLD};
pub use gradient_norm::GRADIENT_NORM;
pub use loss::LOSS;
pub use numbers::{NumberPredictions, R2, RMSE};
pub use probe::{EpochProbe, StepProbe, StepSum};
pub use ranking::{
    PrecisionRecall, RocPoint, average_precision, best_threshold, precision_recall_curve, roc_auc, roc_curve,
};
pub use reconstructions::{ReconstructionPredictions, distance};
pub use text::{figure_text, grouped, named, percent, significant};
pub use tokens::{BITS_PER_CHARACTER, EXACT_MATCH, PERPLEXITY, TOKEN_ACCURACY, TokenPredictions};
pub use update_ratio::UPDATE_RATIO;

/// THE LIST of metrics, in the order in which they are shown.
pub const METRICS: &[&Metric] = &[
    &LOSS,
    &ACCURACY,
    &classes::MAJORITY,
    &classes::TOP_3_ACCURACY,
    &classes::MACRO_PRECISION,
    &classes::MACRO_RECALL,
    &classes::MACRO_F1,
    &classes::WEIGHTED_PRECISION,
    &classes::WEIGHTED_RECALL,
    &classes::WEIGHTED_F1,
    &classes::MATTHEWS,
    &classes::ROC_AUC,
    &classes::AVERAGE_PRECISION,
    &classes::PRECISION,
    &classes::RECALL,
    &classes::F1,
    &numbers::MAE,
    &RMSE,
    &R2,
    &numbers::MAPE,
    &numbers::MEAN_RMSE,
    &numbers::NAIVE_MAE,
    &numbers::NAIVE_RMSE,
    &EXACT_MATCH,
    &PERPLEXITY,
    &BITS_PER_CHARACTER,
    &TOKEN_ACCURACY,
    &GENERATOR_LOSS,
    &REAL_ACCURACY,
    &FAKE_ACCURACY,
    &learning_rate::LEARNING_RATE,
    &GRADIENT_NORM,
    &UPDATE_RATIO,
    &samples_per_second::SAMPLES_PER_SECOND,
];

/// A quantity that is measured during or after a training. It has a function for each occasion at which it is known.
pub struct Metric {
    /// Name in files and scripts; a metric of a subset is prefixed with it, as in `validation_rmse`.
    pub key: &'static str,
    /// Name on the screen.
    pub label: &'static str,
    /// An explanation in one or two sentences.
    pub help: &'static str,
    /// How its values are written.
    pub unit: Unit,
    /// Whether higher values are better; nothing if neither direction is.
    pub higher_is_better: Option<bool>,
    /// Measures one optimizer step, on its batch.
    pub step: Option<fn(&StepProbe) -> Option<f32>>,
    /// Measures all steps of an epoch.
    pub epoch: Option<fn(&EpochProbe) -> Option<f64>>,
    /// Measures the predictions for a subset.
    pub subset: Option<fn(&Evaluation) -> Measured>,
}

/// How the values of a metric are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A share, written in percent.
    Percent,
    /// A plain number, in the unit of the target where it has one.
    Number,
}

/// A metric and its value; no value where the definition gives none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// The metric.
    pub metric: &'static Metric,
    /// Its value.
    pub value: Option<f64>,
}

impl Metric {
    /// What most metrics have: no occasion, and larger values are better.
    pub const NEW: Self = Self {
        key: "",
        label: "",
        help: "",
        unit: Unit::Number,
        higher_is_better: Some(true),
        step: None,
        epoch: None,
        subset: None,
    };

    /// The metric with this key.
    pub fn named(key: &str) -> Option<&'static Self> {
        METRICS.iter().copied().find(|metric| metric.key == key)
    }
}

impl fmt::Debug for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key)
    }
}

impl PartialEq for Metric {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_a_key_of_its_own_a_label_a_sentence_and_an_occasion() {
        for (at, metric) in METRICS.iter().enumerate() {
            assert!(METRICS[..at].iter().all(|other| other.key != metric.key), "{metric:?} twice");
            assert!(!metric.label.is_empty() && metric.help.ends_with('.'), "{metric:?}");
            assert!(metric.key.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit()), "{metric:?}");
            assert!(metric.step.is_some() || metric.epoch.is_some() || metric.subset.is_some(), "{metric:?}");
            assert_eq!(Metric::named(metric.key), Some(*metric));
        }
    }
}
