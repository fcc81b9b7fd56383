//! Predictions that are classes, and their metrics.

use ndarray::Array2;

use super::{Measured, Metric, Unit, average_precision, best_threshold, roc_auc};
use backprop_nn::loss::{LossSpec, argmax};

/// The predicted class of every sample, and the predicted probability of each class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassPredictions {
    /// `confusion[[true class, predicted class]]`, in samples.
    pub confusion: Array2<u32>,
    /// The prediction for each sample, in the order of the subset.
    pub predictions: Vec<Prediction>,
    /// `[samples, classes]`, in the same order.
    pub probabilities: Vec<f32>,
}

/// The prediction for one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Position in the data set's samples.
    pub sample: u32,
    /// Index of the true class.
    pub truth: u16,
    /// Index of the predicted class.
    pub class: u16,
    /// Probability of the predicted class.
    pub confidence: f32,
}

/// Precision, recall and F1 of one class, 0 to 1; zero where the definition divides by zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClassScore {
    /// Share of the samples predicted as the class that belong to it.
    pub precision: f32,
    /// Share of the samples of the class that are predicted as it.
    pub recall: f32,
    /// Harmonic mean of precision and recall.
    pub f1: f32,
    /// Number of samples of the class.
    pub support: u32,
}

/// The k of the top-k accuracy.
const TOP: usize = 3;

impl ClassPredictions {
    /// No predictions yet, with capacity for this many samples.
    pub fn new(classes: usize, samples: usize) -> Self {
        Self {
            confusion: Array2::zeros((classes, classes)),
            predictions: Vec::with_capacity(samples),
            probabilities: Vec::with_capacity(samples * classes),
        }
    }

    /// Adds predictions, `[samples, classes]`. `at` holds the positions of these samples in `classes`, the true classes
    /// of all.
    pub fn add(&mut self, loss: &LossSpec, at: &[u32], classes: &[u16], outputs: &mut [f32]) {
        for (outputs, &sample) in outputs.chunks_exact_mut(self.confusion.ncols().max(1)).zip(at) {
            let (truth, class) = (classes[sample as usize], argmax(outputs));
            loss.probabilities(outputs);
            if let Some(count) = self.confusion.get_mut((usize::from(truth), class)) {
                *count += 1;
            }
            self.predictions.push(Prediction { sample, truth, class: class as u16, confidence: outputs[class] });
            self.probabilities.extend_from_slice(outputs);
        }
    }

    /// The same probabilities of two classes, where the second is predicted from this one on; of more classes nothing changes.
    #[must_use]
    pub fn from_threshold(mut self, threshold: f32) -> Self {
        if self.confusion.ncols() != 2 {
            return self;
        }
        self.confusion.fill(0);
        for (answer, shares) in self.predictions.iter_mut().zip(self.probabilities.chunks_exact(2)) {
            answer.class = u16::from(shares[1] >= threshold);
            answer.confidence = shares[usize::from(answer.class)];
            self.confusion[[usize::from(answer.truth), usize::from(answer.class)]] += 1;
        }
        self
    }

    /// The probability from which the second of two classes is predicted with the best F1, and that F1.
    pub fn best_threshold(&self) -> Option<(f32, f64)> {
        let (truths, scores) = (self.confusion.ncols() == 2).then(|| self.one_against_rest(1))?;
        best_threshold(&truths, &scores)
    }

    /// Share of the samples whose class is predicted correctly, 0 to 1.
    pub fn accuracy(&self) -> f32 {
        let correct = self.predictions.iter().filter(|answer| answer.truth == answer.class).count();
        correct as f32 / self.predictions.len().max(1) as f32
    }

    /// Precision, recall and F1 of every class.
    pub fn class_scores(&self) -> Vec<ClassScore> {
        let confusion = &self.confusion;
        let share = |part: u32, whole: u32| if whole == 0 { 0.0 } else { part as f32 / whole as f32 };
        (0..confusion.nrows())
            .map(|class| {
                let (hits, support, taken) =
                    (confusion[[class, class]], confusion.row(class).sum(), confusion.column(class).sum());
                ClassScore {
                    precision: share(hits, taken),
                    recall: share(hits, support),
                    f1: share(2 * hits, taken + support),
                    support,
                }
            })
            .collect()
    }

    /// Precision and F1 as the plain mean over the classes that occur, true or predicted, and between them recall as that over
    /// the classes that have samples, which is the balanced accuracy.
    pub fn macro_scores(&self) -> [Option<f64>; 3] {
        let one_if = |is_meant: bool| f64::from(u8::from(is_meant));
        let occurs = |class: usize| self.confusion.row(class).sum() + self.confusion.column(class).sum() > 0;
        let [precision, _, f1] = self.mean_scores(|class, _| one_if(occurs(class)));
        let [_, recall, _] = self.mean_scores(|_, score| one_if(score.support > 0));
        [precision, recall, f1]
    }

    /// Precision, recall and F1 as the mean over the classes, weighted by their numbers of samples.
    pub fn weighted_scores(&self) -> [Option<f64>; 3] {
        self.mean_scores(|_, score| f64::from(score.support))
    }

    fn mean_scores(&self, weight: impl Fn(usize, &ClassScore) -> f64) -> [Option<f64>; 3] {
        let scores = self.class_scores();
        let weights: Vec<f64> = scores.iter().enumerate().map(|(class, score)| weight(class, score)).collect();
        let total: f64 = weights.iter().sum();
        let mean = |of: fn(&ClassScore) -> f32| {
            let sum: f64 = scores.iter().zip(&weights).map(|(score, weight)| f64::from(of(score)) * weight).sum();
            (total > 0.0).then(|| sum / total)
        };
        [mean(|score| score.precision), mean(|score| score.recall), mean(|score| score.f1)]
    }

    /// Share of the samples whose class is among the `k` most probable; of equal probabilities the later class comes
    /// first.
    pub fn top_k(&self, k: usize) -> Option<f64> {
        let classes = self.confusion.ncols().max(1);
        let is_hit = |(answer, shares): (&Prediction, &[f32])| {
            let truth = usize::from(answer.truth);
            let Some(&own) = shares.get(truth) else { return false };
            let is_before = |(class, share): (usize, &f32)| *share > own || (*share == own && class > truth);
            shares.iter().enumerate().filter(|share| is_before(*share)).count() < k
        };
        let hits = self.predictions.iter().zip(self.probabilities.chunks_exact(classes)).filter(|row| is_hit(*row));
        let hits = hits.count() as f64;
        (!self.predictions.is_empty()).then(|| hits / self.predictions.len() as f64)
    }

    /// Share of the most frequent class among the samples.
    pub fn majority(&self) -> Option<f64> {
        let total = self.confusion.sum();
        let largest = self.confusion.rows().into_iter().map(|row| row.sum()).max()?;
        (total > 0).then(|| f64::from(largest) / f64::from(total))
    }

    /// Matthews correlation coefficient of true and predicted class, for any number of classes (Gorodkin 2004), -1 to
    /// 1; 0 where one of them is always the same.
    pub fn matthews(&self) -> f64 {
        let count = |count: u32| f64::from(count);
        let truths: Vec<f64> = self.confusion.rows().into_iter().map(|row| count(row.sum())).collect();
        let predictions: Vec<f64> = self.confusion.columns().into_iter().map(|column| count(column.sum())).collect();
        let total: f64 = truths.iter().sum();
        let hits: f64 = self.confusion.diag().iter().copied().map(count).sum();
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let spread = |values: &[f64]| total * total - product(values, values);
        let norm = (spread(&truths) * spread(&predictions)).sqrt();
        if norm > 0.0 { (hits * total - product(&truths, &predictions)) / norm } else { 0.0 }
    }

    /// Whether each sample is of a class, and the predicted probability of that class.
    pub fn one_against_rest(&self, class: usize) -> (Vec<bool>, Vec<f32>) {
        let is_of_class = self.predictions.iter().map(|answer| usize::from(answer.truth) == class);
        let shares = self.probabilities.chunks_exact(self.confusion.ncols().max(1)).map(|shares| shares[class]);
        (is_of_class.collect(), shares.collect())
    }

    /// Area under the ROC curve: of the second class where there are two, otherwise the mean of each against the rest,
    /// which is absent if a class has no samples.
    pub fn roc_auc(&self) -> Option<f64> {
        self.mean_ranking(roc_auc)
    }

    /// Average precision: of the second class where there are two, otherwise the mean of each against the rest.
    pub fn average_precision(&self) -> Option<f64> {
        self.mean_ranking(average_precision)
    }

    fn mean_ranking(&self, figure: fn(&[bool], &[f32]) -> Option<f64>) -> Option<f64> {
        let of_class = |class: usize| {
            let (truths, scores) = self.one_against_rest(class);
            figure(&truths, &scores)
        };
        match self.confusion.ncols() {
            0 | 1 => None,
            2 => of_class(1),
            classes => (0..classes).map(of_class).sum::<Option<f64>>().map(|sum| sum / classes as f64),
        }
    }
}

/// The same for as many classes as there have to be; of others it says nothing.
fn of_several(
    evaluation: &super::Evaluation,
    fits: fn(usize) -> bool,
    definition: fn(&ClassPredictions) -> Option<f64>,
) -> Measured {
    match evaluation.classes() {
        Some(predictions) if fits(predictions.confusion.ncols()) => definition(predictions).into(),
        _ => Measured::Inapplicable,
    }
}

/// Of two classes the second, which is the one that is looked for.
fn second(predictions: &ClassPredictions) -> ClassScore {
    predictions.class_scores().get(1).copied().unwrap_or_default()
}

/// Accuracy of always naming the most frequent class, as a baseline.
pub static MAJORITY: Metric = Metric {
    key: "majority",
    label: "Most frequent class",
    help: "Accuracy of naming the most frequent class for every sample, to compare with.",
    unit: Unit::Percent,
    higher_is_better: None,
    subset: Some(|evaluation| evaluation.of_classes(ClassPredictions::majority)),
    ..Metric::NEW
};

/// Share of the samples whose class is among the three most probable ones.
pub static TOP_3_ACCURACY: Metric = Metric {
    key: "top_3_accuracy",
    label: "Top-3 accuracy",
    help: "Share of the samples whose class is among the three most probable ones.",
    unit: Unit::Percent,
    subset: Some(|evaluation| of_several(evaluation, |classes| classes > TOP, |predictions| predictions.top_k(TOP))),
    ..Metric::NEW
};

/// Precision as the plain mean over the classes that occur.
pub static MACRO_PRECISION: Metric = Metric {
    key: "macro_precision",
    label: "Macro precision",
    help: "Precision as the plain mean over the classes that occur.",
    unit: Unit::Percent,
    subset: Some(|evaluation| evaluation.of_classes(|predictions| predictions.macro_scores()[0])),
    ..Metric::NEW
};

/// Recall as the plain mean over the classes that have samples.
pub static MACRO_RECALL: Metric = Metric {
    key: "macro_recall",
    label: "Balanced accuracy",
    help: "Recall as the plain mean over the classes that have samples, also called macro recall.",
    unit: Unit::Percent,
    subset: Some(|evaluation| evaluation.of_classes(|predictions| predictions.macro_scores()[1])),
    ..Metric::NEW
};

/// F1 as the plain mean over the classes that occur.
pub static MACRO_F1: Metric = Metric {
    key: "macro_f1",
    label: "Macro F1",
    help: "F1 as the plain mean over the classes that occur.",
    unit: Unit::Percent,
    subset: Some(|evaluation| evaluation.of_classes(|predictions| predictions.macro_scores()[2])),
    ..Metric::NEW
};

/// Precision as the mean over the classes, each weighted by the number of its samples.
pub static WEIGHTED_PRECISION: Metric = Metric {
    key: "weighted_precision",
    label: "Weighted precision",
    help: "Precision as the mean over the classes, each weighted by the number of its samples.",
    unit: Unit::Percent,
    subset: Some(|evaluation| evaluation.of_classes(|predictions| predictions.weighted_scores()[0])),
    ..Metric::NEW
};

/// Recall as the mean over the classes, each weighted by the number of its samples.
pub static WEIGHTED_RECALL: Metric = Metric {
    key: "weighted_recall",
    label: "Weighted recall",
    help: "Recall as the mean over the classes, each weighted by the number of its samples.",
    unit: Unit::Percent,
    subset: Some(|evaluation| evaluation.of_classes(|predictions| predictions.weighted_scores()[1])),
    ..Metric::NEW
};

/// F1 as the mean over the classes, each weighted by the number of its samples.
pub static WEIGHTED_F1: Metric = Metric {
    key: "weighted_f1",
    label: "Weighted F1",
    help: "F1 as the mean over the classes, each weighted by the number of its samples.",
    unit: Unit::Percent,
    subset: Some(|evaluation| evaluation.of_classes(|predictions| predictions.weighted_scores()[2])),
    ..Metric::NEW
};

/// Correlation of true and predicted classes (Gorodkin 2004): 1 is perfect, 0 is chance.
pub static MATTHEWS: Metric = Metric {
    key: "matthews",
    label: "Matthews correlation",
    help: "Correlation of true and predicted classes (Gorodkin 2004): 1 is perfect, 0 is chance.",
    unit: Unit::Number,
    subset: Some(|evaluation| evaluation.of_classes(|predictions| Some(predictions.matthews()))),
    ..Metric::NEW
};

/// Area under the ROC curve, of several classes the mean of each against the rest: 0.5 is chance.
pub static ROC_AUC: Metric = Metric {
    key: "roc_auc",
    label: "ROC AUC",
    help: "Area under the ROC curve, of several classes the mean of each against the rest: 0.5 is chance.",
    unit: Unit::Percent,
    subset: Some(|evaluation| evaluation.of_classes(ClassPredictions::roc_auc)),
    ..Metric::NEW
};

/// Mean precision over all recalls, of several classes the mean of each against the rest.
pub static AVERAGE_PRECISION: Metric = Metric {
    key: "average_precision",
    label: "Average precision",
    help: "Mean precision over all recalls, of several classes the mean of each against the rest.",
    unit: Unit::Percent,
    subset: Some(|evaluation| evaluation.of_classes(ClassPredictions::average_precision)),
    ..Metric::NEW
};

/// Of the samples predicted to be of the second class, the share that belongs to it.
pub static PRECISION: Metric = Metric {
    key: "precision",
    label: "Precision",
    help: "Of the samples predicted to be of the second class, the share that belongs to it.",
    unit: Unit::Percent,
    subset: Some(|evaluation| {
        of_several(evaluation, |classes| classes == 2, |predictions| Some(second(predictions).precision.into()))
    }),
    ..Metric::NEW
};

/// Of the samples of the second class, the share that is found.
pub static RECALL: Metric = Metric {
    key: "recall",
    label: "Recall",
    help: "Of the samples of the second class, the share that is found.",
    unit: Unit::Percent,
    subset: Some(|evaluation| {
        of_several(evaluation, |classes| classes == 2, |predictions| Some(second(predictions).recall.into()))
    }),
    ..Metric::NEW
};

/// Harmonic mean of precision and recall of the second class.
pub static F1: Metric = Metric {
    key: "f1",
    label: "F1",
    help: "Harmonic mean of precision and recall of the second class.",
    unit: Unit::Percent,
    subset: Some(|evaluation| {
        of_several(evaluation, |classes| classes == 2, |predictions| Some(second(predictions).f1.into()))
    }),
    ..Metric::NEW
};
