//! The predictions for one subset of a data set, and their metrics.

use super::classes::MAJORITY;
use super::numbers::{MEAN_RMSE, NAIVE_RMSE};
use super::{
    ClassPredictions, Figure, METRICS, Metric, NumberPredictions, ReconstructionPredictions, TokenPredictions,
};

/// The share of the most frequent class from which on the accuracy says little.
const ONE_SIDED: f64 = 0.8;

/// The predictions for every sample of a subset.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean loss over the samples, with class weights; of standardized targets, where the targets are numbers.
    pub loss: f32,
    /// The predictions.
    pub predictions: Predictions,
}

/// The probability from which the second of two classes is predicted, unless somebody chooses another.
pub const THRESHOLD: f32 = 0.5;

/// Predictions, one variant for each kind of target.
#[derive(Clone, Debug, PartialEq)]
pub enum Predictions {
    /// A class for each sample.
    Classes(ClassPredictions),
    /// Numbers for each sample.
    Numbers(NumberPredictions),
    /// A reconstruction of each sample.
    Reconstructions(ReconstructionPredictions),
    /// The next token at each step of each sample.
    Tokens(TokenPredictions),
}

/// The value of a metric on an evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measured {
    /// A value.
    Value(f64),
    /// The metric is undefined for these samples.
    Undefined,
    /// The metric does not apply to this kind of prediction.
    Inapplicable,
}

impl From<Option<f64>> for Measured {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::Undefined, Self::Value)
    }
}

impl Evaluation {
    /// Number of samples.
    pub fn len(&self) -> usize {
        match &self.predictions {
            Predictions::Classes(predictions) => predictions.predictions.len(),
            Predictions::Numbers(predictions) => predictions.samples.len(),
            Predictions::Reconstructions(predictions) => predictions.samples.len(),
            Predictions::Tokens(predictions) => predictions.samples.len(),
        }
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The predictions, where they are classes.
    pub fn classes(&self) -> Option<&ClassPredictions> {
        match &self.predictions {
            Predictions::Classes(predictions) => Some(predictions),
            Predictions::Numbers(_) | Predictions::Reconstructions(_) | Predictions::Tokens(_) => None,
        }
    }

    /// The same with another threshold of two classes.
    #[must_use]
    pub fn from_threshold(mut self, threshold: f32) -> Self {
        if let Predictions::Classes(predictions) = self.predictions {
            self.predictions = Predictions::Classes(predictions.from_threshold(threshold));
        }
        self
    }

    /// The value of a metric for classes.
    pub fn of_classes(&self, definition: impl Fn(&ClassPredictions) -> Option<f64>) -> Measured {
        match &self.predictions {
            Predictions::Classes(predictions) => definition(predictions).into(),
            _ => Measured::Inapplicable,
        }
    }

    /// The value of a metric for numbers.
    pub fn of_numbers(&self, definition: impl Fn(&NumberPredictions) -> Option<f64>) -> Measured {
        match &self.predictions {
            Predictions::Numbers(predictions) => definition(predictions).into(),
            _ => Measured::Inapplicable,
        }
    }

    /// Whether one class is so frequent that always naming it looks like a success; then the mean recall of the classes,
    /// the balanced accuracy, says more than the accuracy.
    pub fn is_one_sided(&self) -> bool {
        self.classes().and_then(ClassPredictions::majority).is_some_and(|share| share >= ONE_SIDED)
    }

    /// What the same samples give without any learning: always the most frequent class, the mean of the targets, or the
    /// value before.
    pub fn baseline(&self) -> Option<Figure> {
        let figure = |metric: &&'static Metric| Some(Figure { metric, value: Some(self.get(metric)?) });
        [&NAIVE_RMSE, &MEAN_RMSE, &MAJORITY].iter().find_map(figure)
    }

    /// Share of the samples that are classified correctly, 0 to 1, where there are classes.
    pub fn accuracy(&self) -> Option<f32> {
        self.classes().map(ClassPredictions::accuracy)
    }

    /// The value of a metric, if it applies and is defined.
    pub fn get(&self, metric: &super::Metric) -> Option<f64> {
        match (metric.subset?)(self) {
            Measured::Value(value) => Some(value),
            Measured::Undefined | Measured::Inapplicable => None,
        }
    }

    /// Every metric that applies to this kind of prediction, the loss first.
    pub fn figures(&self) -> Vec<Figure> {
        let figures = METRICS.iter().filter_map(|metric| {
            let value = match (metric.subset?)(self) {
                Measured::Value(value) => Some(value),
                Measured::Undefined => None,
                Measured::Inapplicable => return None,
            };
            Some(Figure { metric, value })
        });
        figures.collect()
    }
}
