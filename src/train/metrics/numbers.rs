//! Predictions that are numbers, and their metrics. Where a sample has several targets, a metric is the mean over them.

use super::{Evaluation, Measured, Metric, Predictions, ReconstructionPredictions, Unit};

/// The predicted numbers of every sample, in the unit of the targets.
#[derive(Clone, Debug, PartialEq)]
pub struct NumberPredictions {
    /// Number of targets per sample.
    pub width: usize,
    /// Position of each sample in the data set's samples, in the order of the subset.
    pub samples: Vec<u32>,
    /// True values, `[samples, width]`.
    pub truths: Vec<f64>,
    /// Predicted values, `[samples, width]`.
    pub predictions: Vec<f64>,
    /// Naive forecasts, `[samples, width]`; empty where the samples are not a series.
    pub naive: Vec<f64>,
}

impl NumberPredictions {
    /// How far each sample is from the truth: the absolute error, in mean absolute deviations of its target, summed over the targets.
    pub fn distances(&self) -> Vec<f64> {
        let Self { width, samples, truths, predictions, .. } = self;
        let width = (*width).max(1);
        let spread = |target: usize| {
            let values = || truths.iter().skip(target).step_by(width).copied();
            let mean = values().sum::<f64>() / samples.len().max(1) as f64;
            let deviation = values().map(|value| (value - mean).abs()).sum::<f64>() / samples.len().max(1) as f64;
            deviation.max(f64::MIN_POSITIVE)
        };
        let spreads: Vec<f64> = (0..width).map(spread).collect();
        let of_row = |(truths, predictions): (&[f64], &[f64])| {
            let errors = truths.iter().zip(predictions).zip(&spreads);
            errors.map(|((truth, predicted), spread)| (truth - predicted).abs() / spread).sum()
        };
        truths.chunks(width).zip(predictions.chunks(width)).map(of_row).collect()
    }

    /// No predictions yet, with capacity for this many samples.
    pub fn new(width: usize, samples: usize) -> Self {
        let numbers = || Vec::with_capacity(width * samples);
        Self {
            width,
            samples: Vec::with_capacity(samples),
            truths: numbers(),
            predictions: numbers(),
            naive: Vec::new(),
        }
    }

    /// Adds predictions. `at` holds the positions of these samples in `values`, the targets of all samples.
    pub fn add(&mut self, at: &[u32], values: &[f64], predictions: impl IntoIterator<Item = f64>) {
        for &sample in at {
            self.truths.extend_from_slice(&values[sample as usize * self.width..][..self.width]);
        }
        self.samples.extend_from_slice(at);
        self.predictions.extend(predictions.into_iter().take(at.len() * self.width));
    }

    /// The naive forecasts for the same samples; nothing where the samples are not a series.
    pub fn naively(&self) -> Option<Self> {
        (!self.naive.is_empty()).then(|| Self { predictions: self.naive.clone(), ..self.clone() })
    }

    /// The predictions for a single target.
    #[must_use]
    pub fn of_target(&self, target: usize) -> Self {
        let column =
            |values: &[f64]| values.iter().skip(target).step_by(self.width.max(1)).copied().collect::<Vec<f64>>();
        Self {
            width: 1,
            samples: self.samples.clone(),
            truths: column(&self.truths),
            predictions: column(&self.predictions),
            naive: column(&self.naive),
        }
    }

    /// Truth and prediction of one target, sample by sample.
    fn pairs(&self, target: usize) -> impl Iterator<Item = (f64, f64)> + Clone {
        let column = move |values: &'_ [f64], row: usize| values[row * self.width + target];
        (0..self.samples.len()).map(move |row| (column(&self.truths, row), column(&self.predictions, row)))
    }

    /// The mean over the targets of a figure of each.
    fn over_targets(&self, figure: impl Fn(usize) -> Option<f64>) -> Option<f64> {
        if self.samples.is_empty() || self.width == 0 {
            return None;
        }
        (0..self.width).map(figure).sum::<Option<f64>>().map(|sum| sum / self.width as f64)
    }

    fn mean(&self, target: usize, term: impl Fn(f64, f64) -> f64) -> f64 {
        self.pairs(target).map(|(truth, answer)| term(truth, answer)).sum::<f64>() / self.samples.len() as f64
    }

    /// Mean absolute error.
    pub fn mae(&self) -> Option<f64> {
        self.over_targets(|target| Some(self.mean(target, |truth, answer| (truth - answer).abs())))
    }

    /// Root mean squared error.
    pub fn rmse(&self) -> Option<f64> {
        self.over_targets(|target| Some(self.mean(target, |truth, answer| (truth - answer).powi(2)).sqrt()))
    }

    /// Coefficient of determination R². Where all true values are equal it is 1 for exact predictions and 0 otherwise;
    /// for a single sample it is absent.
    pub fn r2(&self) -> Option<f64> {
        self.over_targets(|target| {
            let middle = self.mean(target, |truth, _| truth);
            let total = self.mean(target, |truth, _| (truth - middle).powi(2));
            let rest = self.mean(target, |truth, answer| (truth - answer).powi(2));
            match (rest, total) {
                _ if self.samples.len() < 2 => None,
                (0.0, _) => Some(1.0),
                (_, 0.0) => Some(0.0),
                (rest, total) => Some(1.0 - rest / total),
            }
        })
    }

    /// Standard deviation of the true values, which is the error of their mean.
    pub fn spread(&self) -> Option<f64> {
        self.over_targets(|target| {
            let middle = self.mean(target, |truth, _| truth);
            Some(self.mean(target, |truth, _| (truth - middle).powi(2)).sqrt())
        })
    }

    /// Mean absolute error as a share of the true value; huge where a true value is zero.
    pub fn mape(&self) -> Option<f64> {
        let share = |truth: f64, answer: f64| (truth - answer).abs() / truth.abs().max(f64::EPSILON);
        self.over_targets(|target| Some(self.mean(target, share)))
    }
}

/// Of numbers, of targets or of the sample itself.
fn of_both(
    evaluation: &Evaluation,
    numbers: fn(&NumberPredictions) -> Option<f64>,
    itself: fn(&ReconstructionPredictions) -> Option<f64>,
) -> Measured {
    match &evaluation.predictions {
        Predictions::Numbers(predictions) => numbers(predictions).into(),
        Predictions::Reconstructions(predictions) => itself(predictions).into(),
        Predictions::Classes(_) | Predictions::Tokens(_) => Measured::Inapplicable,
    }
}

/// Of forecasts alone, for the naive forecast of the same samples.
fn of_naive(evaluation: &Evaluation, definition: fn(&NumberPredictions) -> Option<f64>) -> Measured {
    match &evaluation.predictions {
        Predictions::Numbers(predictions) => {
            predictions.naively().map_or(Measured::Inapplicable, |naive| definition(&naive).into())
        }
        Predictions::Classes(_) | Predictions::Reconstructions(_) | Predictions::Tokens(_) => Measured::Inapplicable,
    }
}

/// Mean absolute error, in the unit of the target.
pub static MAE: Metric = Metric {
    key: "mae",
    label: "MAE",
    help: "Mean absolute error, in the unit of the target.",
    unit: Unit::Number,
    higher_is_better: Some(false),
    subset: Some(|evaluation| of_both(evaluation, NumberPredictions::mae, ReconstructionPredictions::mae)),
    ..Metric::NEW
};

/// Root mean squared error, in the unit of the target. Large errors count more than in MAE.
pub static RMSE: Metric = Metric {
    key: "rmse",
    label: "RMSE",
    help: "Root of the mean squared error, in the unit of the target. Large errors count more than in MAE.",
    unit: Unit::Number,
    higher_is_better: Some(false),
    subset: Some(|evaluation| of_both(evaluation, NumberPredictions::rmse, ReconstructionPredictions::rmse)),
    ..Metric::NEW
};

/// Share of the variance that is explained: 1 is perfect, 0 is no better than the mean, and less than 0 is worse.
pub static R2: Metric = Metric {
    key: "r2",
    label: "R²",
    help: "Share of the variance that is explained: 1 is perfect, 0 is no better than the mean, and less than 0 is worse.",
    unit: Unit::Number,
    subset: Some(|evaluation| of_both(evaluation, NumberPredictions::r2, ReconstructionPredictions::r2)),
    ..Metric::NEW
};

/// Mean absolute error as a share of the true value; huge where a true value is near zero.
pub static MAPE: Metric = Metric {
    key: "mape",
    label: "MAPE",
    help: "Mean absolute error as a share of the true value; huge where a true value is near zero.",
    unit: Unit::Percent,
    higher_is_better: Some(false),
    subset: Some(|evaluation| evaluation.of_numbers(NumberPredictions::mape)),
    ..Metric::NEW
};

/// Root mean squared error of always predicting the mean of these samples, as a baseline.
pub static MEAN_RMSE: Metric = Metric {
    key: "mean_rmse",
    label: "RMSE of the mean",
    help: "Root mean squared error of predicting the mean for every sample, to compare with.",
    unit: Unit::Number,
    higher_is_better: None,
    subset: Some(|evaluation| evaluation.of_numbers(NumberPredictions::spread)),
    ..Metric::NEW
};

/// Mean absolute error of the naive forecast, as a baseline.
pub static NAIVE_MAE: Metric = Metric {
    key: "naive_mae",
    label: "MAE of the naive forecast",
    help: "Mean absolute error of the forecast that nothing changes, to compare with.",
    unit: Unit::Number,
    higher_is_better: None,
    subset: Some(|evaluation| of_naive(evaluation, NumberPredictions::mae)),
    ..Metric::NEW
};

/// Root mean squared error of the naive forecast, as a baseline.
pub static NAIVE_RMSE: Metric = Metric {
    key: "naive_rmse",
    label: "RMSE of the naive forecast",
    help: "Root of the mean squared error of the forecast that nothing changes, to compare with.",
    unit: Unit::Number,
    higher_is_better: None,
    subset: Some(|evaluation| of_naive(evaluation, NumberPredictions::rmse)),
    ..Metric::NEW
};
