//! Ranking metrics: how well the scores order the samples of a class before the others.

/// A point of the ROC curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RocPoint {
    /// The score from which a sample is predicted as the class.
    pub threshold: f32,
    /// Share of the other samples that reach the threshold, 0 to 1.
    pub false_positive_rate: f64,
    /// Share of the samples of the class that reach the threshold, 0 to 1.
    pub true_positive_rate: f64,
}

/// A point of the precision-recall curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrecisionRecall {
    /// The score from which a sample is predicted as the class.
    pub threshold: f32,
    /// Share of the samples at or above the threshold that are of the class, 0 to 1.
    pub precision: f64,
    /// Share of the samples of the class that reach the threshold, 0 to 1.
    pub recall: f64,
}

/// Samples of the class and others whose score reaches a threshold.
#[derive(Clone, Copy)]
struct Reached {
    threshold: f32,
    positives: f64,
    negatives: f64,
}

/// Every score that occurs as a threshold, the highest first; equal scores are one.
fn reached(truths: &[bool], scores: &[f32]) -> Vec<Reached> {
    let mut order: Vec<(f32, bool)> = scores.iter().copied().zip(truths.iter().copied()).collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut reached: Vec<Reached> = Vec::new();
    let (mut positives, mut negatives) = (0.0, 0.0);
    for (threshold, is_positive) in order {
        *(if is_positive { &mut positives } else { &mut negatives }) += 1.0;
        let point = Reached { threshold, positives, negatives };
        match reached.last_mut().filter(|last| last.threshold == threshold) {
            Some(last) => *last = point,
            None => reached.push(point),
        }
    }
    reached
}

/// The ROC curve, the highest threshold first; nothing unless there are both samples of the class and others.
pub fn roc_curve(truths: &[bool], scores: &[f32]) -> Option<Vec<RocPoint>> {
    let reached = reached(truths, scores);
    let all = *reached.last().filter(|all| all.positives > 0.0 && all.negatives > 0.0)?;
    let start = Reached { threshold: f32::INFINITY, positives: 0.0, negatives: 0.0 };
    let point = |at: Reached| RocPoint {
        threshold: at.threshold,
        false_positive_rate: at.negatives / all.negatives,
        true_positive_rate: at.positives / all.positives,
    };
    Some(std::iter::once(start).chain(reached).map(point).collect())
}

/// The area under the ROC curve, by trapezoids: the probability that a sample of the class scores higher than another.
pub fn roc_auc(truths: &[bool], scores: &[f32]) -> Option<f64> {
    let curve = roc_curve(truths, scores)?;
    let area = |pair: &[RocPoint]| {
        (pair[1].false_positive_rate - pair[0].false_positive_rate)
            * (pair[1].true_positive_rate + pair[0].true_positive_rate)
            / 2.0
    };
    Some(curve.windows(2).map(area).sum())
}

/// Precision and recall at every threshold, the highest first; nothing without samples of the class.
pub fn precision_recall_curve(truths: &[bool], scores: &[f32]) -> Option<Vec<PrecisionRecall>> {
    let reached = reached(truths, scores);
    let all = *reached.last().filter(|all| all.positives > 0.0)?;
    let point = |at: &Reached| PrecisionRecall {
        threshold: at.threshold,
        precision: at.positives / (at.positives + at.negatives),
        recall: at.positives / all.positives,
    };
    Some(reached.iter().map(point).collect())
}

/// The score from which a sample is best predicted as the class, by F1, and that F1; of equal ones the highest score. Nothing
/// without samples of the class.
pub fn best_threshold(truths: &[bool], scores: &[f32]) -> Option<(f32, f64)> {
    let f1 = |point: &PrecisionRecall| 2.0 * point.precision * point.recall / (point.precision + point.recall);
    let points = precision_recall_curve(truths, scores)?;
    let reached = points.iter().filter(|point| point.recall > 0.0).map(|point| (point.threshold, f1(point)));
    reached.reduce(|best, point| if point.1 > best.1 { point } else { best })
}

/// Average precision: the precision at every threshold, weighted by the increase in recall; 0 without samples of the
/// class.
pub fn average_precision(truths: &[bool], scores: &[f32]) -> Option<f64> {
    if truths.is_empty() {
        return None;
    }
    let mut before = 0.0;
    let step = |point: PrecisionRecall| (point.recall - std::mem::replace(&mut before, point.recall)) * point.precision;
    Some(precision_recall_curve(truths, scores).unwrap_or_default().into_iter().map(step).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::metrics::{ClassPredictions, Prediction};

    /// As scikit-learn's `precision_recall_curve` and `confusion_matrix` have it.
    #[test]
    fn the_best_threshold_is_scikit_learns() {
        let truths = [0, 0, 1, 0, 1, 0, 0, 1, 0, 1].map(|class| class == 1);
        let scores = [0.1, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.6, 0.65, 0.9];
        let (threshold, f1) = best_threshold(&truths, &scores).unwrap();
        assert!(threshold == 0.25 && (f1 - 2.0 / 3.0).abs() < 1e-9, "{threshold} {f1}");
        assert_eq!(best_threshold(&[false; 2], &[0.5; 2]), None);

        let mut predictions = ClassPredictions::new(2, 10);
        for (sample, (truth, score)) in truths.into_iter().zip(scores).enumerate() {
            let (sample, truth) = (sample as u32, u16::from(truth));
            predictions.predictions.push(Prediction { sample, truth, class: 0, confidence: 1.0 - score });
            predictions.probabilities.extend([1.0 - score, score]);
        }
        let best = predictions.clone().from_threshold(threshold);
        assert_eq!(best.confusion, ndarray::arr2(&[[2, 4], [0, 4]]));
        assert!((best.predictions[9].confidence - 0.9).abs() < 1e-6 && best.predictions[9].class == 1);
        let f1 = predictions.from_threshold(0.5).class_scores()[1].f1;
        assert!((f1 - 0.571_428_6).abs() < 1e-6, "{f1}");
    }
}
