//! What numbers that were measured several times say.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// How sure an interval is to hold what it is about.
const CONFIDENCE: f64 = 0.95;

/// Median and range of numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The middle one, or the mean of the two in the middle.
    pub median: f64,
    /// The lowest.
    pub low: f64,
    /// The highest.
    pub high: f64,
}

impl Range {
    /// Of these numbers; nothing if there are none, or one is NaN.
    pub fn of(numbers: &[f64]) -> Option<Self> {
        let mut sorted = numbers.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (low, high) = (*sorted.first()?, *sorted.last()?);
        let median = sorted[(sorted.len() - 1) / 2].midpoint(sorted[sorted.len() / 2]);
        (!median.is_nan() && !low.is_nan() && !high.is_nan()).then_some(Self { median, low, high })
    }
}

/// The mean of paired differences, and the interval in which the true one lies with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedDifference {
    /// The mean.
    pub mean: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
    /// The two-sided p-value: how probable a mean so far from zero is where there is no difference.
    pub p: f64,
    /// How many pairs there are.
    pub pairs: usize,
}

impl PairedDifference {
    /// Of differences that were measured on splits of the same samples, at least two.
    ///
    /// `overlap` is the number of validation samples over that of training samples. Trainings on random splits of the same
    /// samples share most of them, so that their results are not independent; the corrected resampled t-test (Nadeau and Bengio,
    /// *Inference for the Generalization Error*, Machine Learning 52, 2003) multiplies the variance with `1/n + overlap`
    /// instead of `1/n`. With 0 it is the paired t-test, for the same split every time.
    pub fn of(differences: &[f64], overlap: f64) -> Option<Self> {
        let count = differences.len() as f64;
        let mean = differences.iter().sum::<f64>() / count;
        let variance = differences.iter().map(|difference| (difference - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let error = (variance * (1.0 / count + overlap)).sqrt();
        if !mean.is_finite() || !error.is_finite() {
            return None;
        }
        let student = StudentsT::new(0.0, 1.0, count - 1.0).ok()?;
        let reach = student.inverse_cdf(0.5 + CONFIDENCE / 2.0) * error;
        let p = match (mean == 0.0, error == 0.0) {
            (true, _) => 1.0,
            (false, true) => 0.0,
            (false, false) => 2.0 * student.sf((mean / error).abs()),
        };
        let found = Self { mean, low: mean - reach, high: mean + reach, p, pairs: differences.len() };
        (found.low.is_finite() && found.high.is_finite()).then_some(found)
    }

    /// Whether the interval holds no zero.
    pub fn is_significant(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn intervals_and_p_values_are_those_of_scipy() {
        let golden: Value = serde_json::from_str(include_str!("../../tests/fixtures/paired.json")).unwrap();
        for case in golden.as_array().unwrap() {
            let numbers: Vec<f64> =
                case["differences"].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect();
            let found = PairedDifference::of(&numbers, case["overlap"].as_f64().unwrap()).unwrap();
            for (key, value) in [("mean", found.mean), ("low", found.low), ("high", found.high), ("p", found.p)] {
                let expected = case[key].as_f64().unwrap();
                assert!((value - expected).abs() < 1e-8 * (1.0 + expected.abs()), "{key}: {value} for {case}");
            }
        }
    }

    #[test]
    fn what_cannot_be_told_is_nothing() {
        for few in [&[][..], &[0.5], &[f64::NAN, 1.0], &[f64::INFINITY, 1.0]] {
            assert_eq!(PairedDifference::of(few, 0.1), None, "{few:?}");
        }
        let same = PairedDifference::of(&[0.0, 0.0, 0.0], 0.1).unwrap();
        assert!(!same.is_significant() && same.p == 1.0);
        assert_eq!(Range::of(&[]), None);
        assert_eq!(Range::of(&[1.0, f64::NAN]), None);
        assert_eq!(Range::of(&[4.0, 1.0, 3.0, 2.0]), Some(Range { median: 2.5, low: 1.0, high: 4.0 }));
    }
}
