//! Whether a classifier is as often right as its probabilities say (Guo et al. 2017, *On Calibration of Modern Neural Networks*),
//! and from which probability on predicting the second of two classes costs least.

use std::ops::RangeInclusive;

use crate::train::metrics::ClassPredictions;
use crate::train::{Evaluation, Job, Subset};
use backprop_nn::Weights;
use backprop_nn::loss::argmax;

/// Bins of equal width between a confidence of 0 and of 1.
pub const BINS: usize = 15;

/// The temperatures among which the best is looked for.
pub const TEMPERATURES: RangeInclusive<f64> = 0.05..=20.0;

/// The predictions whose confidence, the probability of the predicted class, lies in one bin.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bin {
    /// How many these are.
    pub samples: usize,
    /// Their mean confidence, 0 to 1; 0 if there are none.
    pub confidence: f64,
    /// The share that is correct, 0 to 1; 0 if there are none.
    pub accuracy: f64,
}

/// How well confidence and accuracy agree.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// The reliability diagram: [`BINS`] bins, the lowest confidence first. A bin holds its upper bound.
    pub bins: Vec<Bin>,
    /// Mean of `-log p` of the true classes.
    pub negative_log_likelihood: f64,
}

/// The calibration of an evaluation, and what a temperature would make of it.
pub struct Calibrated {
    /// As the probabilities are.
    pub plain: Calibration,
    /// With the temperature that fits the validation samples best, where there are some.
    pub scaled: Option<(Temperature, Calibration)>,
    /// Whether these are the samples that it was fitted on.
    pub is_fitted_here: bool,
}

impl Calibrated {
    /// Compares probabilities with classes; nothing if the task has none. A temperature is found if it may be.
    pub fn of(job: &Job, weights: &Weights, evaluation: &Evaluation, part: Subset, may_fit: bool) -> Option<Self> {
        let logits = Logits::of(evaluation.classes()?);
        let is_fitted_here = part == Subset::Validation;
        let fitted = || match is_fitted_here {
            true => Some(logits.temperature()),
            false => Some(Logits::of(job.evaluate(weights, Subset::Validation).classes()?).temperature()),
        };
        let temperature = (may_fit && !job.split.validation.is_empty()).then(fitted).flatten();
        let scaled = temperature.map(|temperature| (temperature, logits.calibration(temperature.value)));
        Some(Self { plain: logits.calibration(1.0), scaled, is_fitted_here })
    }
}

/// The logits of samples whose classes are known.
pub struct Logits {
    classes: usize,
    /// `[samples, classes]`.
    values: Vec<f32>,
    truths: Vec<u16>,
}

/// What the logits are divided by, so that the probabilities fit the samples best: temperature scaling.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Temperature {
    /// The temperature; above 1 the network is too confident, below 1 not confident enough.
    pub value: f64,
    /// Whether it is one of the ends of [`TEMPERATURES`], since the likelihood grows beyond.
    pub is_bounded: bool,
}

impl Bin {
    /// How far confidence and accuracy are apart.
    pub fn gap(&self) -> f64 {
        (self.confidence - self.accuracy).abs()
    }
}

/// Divides predictions, each with its confidence and whether it is correct, into bins.
pub fn reliability(predictions: impl Iterator<Item = (f64, bool)>) -> Vec<Bin> {
    let mut bins = vec![Bin::default(); BINS];
    for (confidence, is_correct) in predictions {
        let at = ((confidence * BINS as f64).ceil() as usize).clamp(1, BINS) - 1;
        let bin = &mut bins[at];
        bin.samples += 1;
        bin.confidence += confidence;
        bin.accuracy += f64::from(u8::from(is_correct));
    }
    for bin in bins.iter_mut().filter(|bin| bin.samples > 0) {
        bin.confidence /= bin.samples as f64;
        bin.accuracy /= bin.samples as f64;
    }
    bins
}

impl Calibration {
    /// Expected calibration error: the mean gap, weighted by the samples of each bin.
    pub fn expected_error(&self) -> f64 {
        self.mean(Bin::gap)
    }

    /// Maximum calibration error: the largest gap of a bin.
    pub fn maximum_error(&self) -> f64 {
        self.bins.iter().map(Bin::gap).fold(0.0, f64::max)
    }

    /// The mean confidence of all predictions.
    pub fn confidence(&self) -> f64 {
        self.mean(|bin| bin.confidence)
    }

    /// The share of all predictions that is correct.
    pub fn accuracy(&self) -> f64 {
        self.mean(|bin| bin.accuracy)
    }

    fn mean(&self, of: impl Fn(&Bin) -> f64) -> f64 {
        let samples: usize = self.bins.iter().map(|bin| bin.samples).sum();
        self.bins.iter().map(|bin| bin.samples as f64 * of(bin)).sum::<f64>() / samples.max(1) as f64
    }
}

impl Logits {
    /// Logits, `[samples, classes]`, and the true class of each sample.
    ///
    /// # Panics
    /// If there are not as many logits as samples and classes, or a class is none of them.
    pub fn new(values: Vec<f32>, truths: Vec<u16>) -> Self {
        let classes = values.len() / truths.len().max(1);
        assert_eq!(values.len(), classes * truths.len(), "logits for {} samples", truths.len());
        assert!(truths.iter().all(|class| usize::from(*class) < classes), "a class of {classes}");
        Self { classes, values, truths }
    }

    /// The logarithms of predicted probabilities. Under a softmax these are its logits, but for a number that is the same for all
    /// classes of a sample; of another loss they are the logits of the softmax that gives the same probabilities.
    pub fn of(predictions: &ClassPredictions) -> Self {
        // A probability may have become zero by rounding.
        let values = predictions.probabilities.iter().map(|share| share.max(f32::MIN_POSITIVE).ln());
        Self::new(values.collect(), predictions.predictions.iter().map(|answer| answer.truth).collect())
    }

    /// How well confidence and accuracy agree where the logits are divided by a temperature.
    pub fn calibration(&self, temperature: f64) -> Calibration {
        let mut surprise = 0.0;
        let top = self.rows().map(|(logits, truth)| {
            let class = argmax(logits);
            let largest = f64::from(logits[class]);
            let scaled = |logit: f32| (f64::from(logit) - largest) / temperature;
            let sum: f64 = logits.iter().map(|logit| scaled(*logit).exp()).sum();
            surprise += sum.ln() - scaled(logits[truth]);
            (1.0 / sum, class == truth)
        });
        let bins = reliability(top);
        Calibration { bins, negative_log_likelihood: surprise / self.truths.len().max(1) as f64 }
    }

    /// The temperature with the least negative log-likelihood, which is convex in one over the temperature. Nothing bounds it
    /// where all samples are classified correctly: the lower it is, the better; then it is the lowest of [`TEMPERATURES`].
    pub fn temperature(&self) -> Temperature {
        let bounded = |value: f64| Temperature { value, is_bounded: true };
        let (lowest, highest) = (*TEMPERATURES.start(), *TEMPERATURES.end());
        // In terms of the inverse temperature.
        let (mut low, mut high) = (1.0 / highest, 1.0 / lowest);
        match (self.slope(low).0 < 0.0, self.slope(high).0 > 0.0) {
            (true, true) => {}
            (true, false) => return bounded(lowest),
            (false, true) => return bounded(highest),
            // Logits that are all the same, which no temperature changes.
            (false, false) => return Temperature { value: 1.0, is_bounded: false },
        }
        let mut inverse = 1.0;
        // Newton's method; where it leaves the interval that holds the minimum, the middle of that.
        for _ in 0..MOST_STEPS {
            let (slope, curvature) = self.slope(inverse);
            if slope > 0.0 {
                high = inverse
            } else {
                low = inverse
            }
            let newton = inverse - slope / curvature;
            let next = if low < newton && newton < high { newton } else { f64::midpoint(low, high) };
            let is_there = (next - inverse).abs() <= PRECISION * inverse;
            inverse = next;
            if is_there {
                break;
            }
        }
        Temperature { value: 1.0 / inverse, is_bounded: false }
    }

    /// The first and second derivative of the negative log-likelihood, summed over the samples, by the inverse temperature: the mean
    /// logit under the probabilities beyond that of the true class, and the variance.
    fn slope(&self, inverse: f64) -> (f64, f64) {
        self.rows().fold((0.0, 0.0), |(slope, curvature), (logits, truth)| {
            let largest = f64::from(logits[argmax(logits)]);
            let below = |logit: f32| f64::from(logit) - largest;
            let [sum, first, second] = logits.iter().fold([0.0; 3], |[sum, first, second], logit| {
                let logit = below(*logit);
                let weight = (inverse * logit).exp();
                [sum + weight, first + weight * logit, second + weight * logit * logit]
            });
            let mean = first / sum;
            (slope + mean - below(logits[truth]), curvature + second / sum - mean * mean)
        })
    }

    fn rows(&self) -> impl Iterator<Item = (&[f32], usize)> {
        self.values.chunks_exact(self.classes.max(1)).zip(self.truths.iter().map(|class| usize::from(*class)))
    }
}

/// Steps of the search for a temperature, and how exact it is.
const MOST_STEPS: usize = 60;
const PRECISION: f64 = 1e-9;

/// What is counted where the second of two classes, the positive one, is predicted from a probability on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcomes {
    /// The lowest probability with which it is predicted.
    pub threshold: f32,
    /// Samples of the second class that are predicted as it.
    pub true_positives: u32,
    /// Samples of the first class that are predicted as the second.
    pub false_positives: u32,
    /// Samples of the first class that are predicted as it.
    pub true_negatives: u32,
    /// Samples of the second class that are predicted as the first.
    pub false_negatives: u32,
}

/// What a mistake of each kind costs, in whatever unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Costs {
    /// Predicting the second class where it is the first.
    pub false_positive: f64,
    /// Predicting the first class where it is the second.
    pub false_negative: f64,
}

impl Costs {
    /// What all mistakes cost together.
    pub fn of(&self, outcomes: &Outcomes) -> f64 {
        let Outcomes { false_positives, false_negatives, .. } = outcomes;
        self.false_positive * f64::from(*false_positives) + self.false_negative * f64::from(*false_negatives)
    }

    /// The cheapest threshold of calibrated probabilities (Elkan 2001); nothing if no mistake costs anything.
    pub fn of_calibrated(&self) -> Option<f64> {
        let sum = self.false_positive + self.false_negative;
        (sum > 0.0).then(|| self.false_positive / sum)
    }
}

/// The outcomes for every threshold that makes a difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Thresholds {
    /// One for each probability that occurs, the lowest first, and the last for predicting the second class never.
    outcomes: Vec<Outcomes>,
}

impl Thresholds {
    /// Counts for samples that are of the second class or not, and their probabilities of it.
    pub fn of(is_second: &[bool], probabilities: &[f32]) -> Self {
        let mut samples: Vec<(f32, bool)> = probabilities.iter().copied().zip(is_second.iter().copied()).collect();
        samples.sort_by(|one, other| one.0.total_cmp(&other.0));
        let second = is_second.iter().filter(|is_second| **is_second).count() as u32;
        let mut left = Outcomes {
            threshold: 0.0,
            true_positives: second,
            false_positives: samples.len() as u32 - second,
            true_negatives: 0,
            false_negatives: 0,
        };
        let mut outcomes = Vec::new();
        for equal in samples.chunk_by(|one, other| one.0 == other.0) {
            outcomes.push(Outcomes { threshold: equal[0].0, ..left });
            let second = equal.iter().filter(|sample| sample.1).count() as u32;
            let first = equal.len() as u32 - second;
            left.true_positives -= second;
            left.false_negatives += second;
            left.false_positives -= first;
            left.true_negatives += first;
        }
        let never = samples.last().map_or(0.0, |highest| highest.0.next_up());
        outcomes.push(Outcomes { threshold: never, ..left });
        Self { outcomes }
    }

    /// The outcomes for every threshold that makes a difference, the lowest first.
    pub fn outcomes(&self) -> &[Outcomes] {
        &self.outcomes
    }

    /// The outcomes for any threshold.
    pub fn at(&self, threshold: f32) -> Outcomes {
        let at = self.outcomes.partition_point(|outcomes| outcomes.threshold < threshold);
        Outcomes { threshold, ..self.outcomes[at.min(self.outcomes.len() - 1)] }
    }

    /// The threshold of at most 1 whose mistakes cost least; of several the highest.
    pub fn cheapest(&self, costs: Costs) -> Option<Outcomes> {
        let possible = self.outcomes.iter().rev().filter(|outcomes| outcomes.threshold <= 1.0);
        possible.copied().min_by(|one, other| costs.of(one).total_cmp(&costs.of(other)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confidence_at_a_bound_is_in_the_lower_bin() {
        let bins = reliability([(1.0 / 15.0, true), (0.0, false), (1.0, true), (0.97, false)].into_iter());
        assert_eq!((bins.len(), bins[0].samples, bins[0].accuracy), (BINS, 2, 0.5));
        assert_eq!((bins[14].samples, bins[14].confidence, bins[14].accuracy), (2, 0.985, 0.5));
        let calibration = Calibration { bins, negative_log_likelihood: 0.0 };
        let gaps = [0.5 - 1.0 / 30.0, 0.485];
        assert!((calibration.expected_error() - (gaps[0] + gaps[1]) / 2.0).abs() < 1e-12);
        assert!((calibration.maximum_error() - gaps[1]).abs() < 1e-12);
    }

    #[test]
    fn a_temperature_without_a_best_is_at_an_end() {
        let of = |values: Vec<f32>, truths: Vec<u16>| Logits::new(values, truths).temperature();
        let (lowest, highest) = (*TEMPERATURES.start(), *TEMPERATURES.end());
        let separated = of(vec![2.0, -1.0, 0.0, 3.0, 1.0, 0.5], vec![0, 1, 0]);
        assert_eq!(separated, Temperature { value: lowest, is_bounded: true });
        let reversed = of(vec![2.0, -1.0, 0.0, 3.0], vec![1, 0]);
        assert_eq!(reversed, Temperature { value: highest, is_bounded: true });
        let alike = of(vec![0.5; 6], vec![1, 0]);
        assert_eq!(alike, Temperature { value: 1.0, is_bounded: false });
        let not_numbers = of(vec![f32::NAN; 4], vec![1, 0]);
        assert_eq!(not_numbers.value, 1.0);
    }

    #[test]
    fn a_confidence_of_three_quarters_that_is_right_as_often_needs_no_temperature() {
        // softmax(ln 3, 0) = (3/4, 1/4)
        let logits = Logits::new([3f32.ln(), 0.0].repeat(4), vec![0, 0, 0, 1]);
        let temperature = logits.temperature();
        assert!((temperature.value - 1.0).abs() < 1e-6 && !temperature.is_bounded, "{temperature:?}");
        let calibration = logits.calibration(1.0);
        assert!(calibration.expected_error() < 1e-6 && (calibration.confidence() - 0.75).abs() < 1e-6);
        // Twice as sure, and the temperature is two.
        let sure = Logits::new([2.0 * 3f32.ln(), 0.0].repeat(4), vec![0, 0, 0, 1]);
        assert!((sure.temperature().value - 2.0).abs() < 1e-6);
        assert!((sure.calibration(2.0).negative_log_likelihood - calibration.negative_log_likelihood).abs() < 1e-6);
    }

    #[test]
    fn the_cheapest_threshold_depends_on_the_costs() {
        let truths = [false, false, true, false, true, true];
        let thresholds = Thresholds::of(&truths, &[0.1, 0.3, 0.4, 0.6, 0.6, 0.9]);
        assert_eq!(thresholds.outcomes().len(), 6, "five probabilities, and never");
        let cheapest = |false_positive, false_negative| {
            let costs = Costs { false_positive, false_negative };
            let found = thresholds.cheapest(costs).unwrap();
            (found.threshold, costs.of(&found))
        };
        assert_eq!([cheapest(1.0, 5.0), cheapest(5.0, 1.0), cheapest(1.0, 1.0)], [(0.4, 1.0), (0.9, 2.0), (0.4, 1.0)]);
        let Outcomes { true_positives, false_positives, true_negatives, false_negatives, .. } = thresholds.at(0.5);
        assert_eq!([true_positives, false_positives, true_negatives, false_negatives], [2, 1, 2, 1]);
        assert_eq!(thresholds.at(0.0), Outcomes { threshold: 0.0, ..thresholds.at(0.1) });
        assert_eq!(thresholds.at(1.0).true_positives, 0);
        // None of at most 1 predicts the second class never, where its probability is 1.
        let sure = Thresholds::of(&[false], &[1.0]);
        let costs = Costs { false_positive: 1.0, false_negative: 1.0 };
        assert_eq!(sure.cheapest(costs).unwrap().false_positives, 1);
        assert_eq!(Thresholds::of(&[], &[]).at(0.5).false_negatives, 0);
    }
}
