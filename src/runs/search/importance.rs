//! How much each setting of a search matters for the score.

use super::space::option_at;
use super::sweep::TrialRecord;

/// Groups of equal size that a range is divided into.
const GROUPS: usize = 4;

/// The share of the variance of the scores between trials with different values of each setting: the correlation ratio, adjusted for
/// the number of groups (epsilon squared; Kelley, *An Unbiased Correlation Ratio Measure*, 1935). Ranges are divided into four
/// groups with as many trials each. Absent where there are too few trials. `options` tells of each setting how many options it
/// has, or that it is a range.
pub fn importances(options: &[Option<usize>], records: &[&TrialRecord]) -> Vec<Option<f64>> {
    let scores: Vec<f64> = records.iter().filter_map(|record| record.score).collect();
    let scored: Vec<_> = records.iter().filter(|record| record.score.is_some()).collect();
    let group = |at: usize, options: Option<usize>| -> Vec<usize> {
        let places: Vec<f64> = scored.iter().map(|record| record.places[at]).collect();
        match options {
            Some(count) => places.iter().map(|place| option_at(*place, count)).collect(),
            None => quantiles(&places),
        }
    };
    options.iter().enumerate().map(|(at, options)| epsilon_squared(&group(at, *options), &scores)).collect()
}

/// The group of each number, of four with as many numbers each.
fn quantiles(numbers: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|a, b| numbers[*a].total_cmp(&numbers[*b]));
    let mut groups = vec![0; numbers.len()];
    order.iter().enumerate().for_each(|(rank, at)| groups[*at] = rank * GROUPS / numbers.len());
    groups
}

fn epsilon_squared(groups: &[usize], scores: &[f64]) -> Option<f64> {
    let count = groups.iter().max()? + 1;
    let of = |group: usize| -> Vec<f64> {
        groups.iter().zip(scores).filter(|(of, _)| **of == group).map(|(_, score)| *score).collect()
    };
    let mean = |scores: &[f64]| scores.iter().sum::<f64>() / scores.len() as f64;
    let squares = |scores: &[f64]| {
        let mean = mean(scores);
        scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>()
    };
    let filled: Vec<Vec<f64>> = (0..count).map(of).filter(|scores| !scores.is_empty()).collect();
    let (within, total) = (filled.iter().map(|scores| squares(scores)).sum::<f64>(), squares(scores));
    let (n, k) = (scores.len() as f64, filled.len() as f64);
    if n < 2.0 * k || k < 2.0 || total <= 0.0 {
        return None;
    }
    Some((1.0 - within / (n - k) / (total / (n - 1.0))).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decides_the_score_is_told_from_what_does_not() {
        // Worked out by hand: 1 − (6.667 / 4) / (9.333 / 5).
        let found = epsilon_squared(&[0, 0, 0, 1, 1, 1], &[1.0, 2.0, 3.0, 2.0, 3.0, 5.0]).unwrap();
        assert!((found - 0.107_142_857).abs() < 1e-8, "{found}");
        assert_eq!(epsilon_squared(&[0, 1], &[1.0, 2.0]), None);
        assert_eq!(epsilon_squared(&[0, 0, 1, 1], &[1.0; 4]), None);
        let clear = epsilon_squared(&[0, 0, 1, 1], &[1.0, 1.1, 5.0, 5.1]).unwrap();
        let chance = epsilon_squared(&[0, 1, 0, 1], &[1.0, 1.1, 5.0, 5.1]).unwrap();
        assert!(clear > 0.99 && chance < 0.01, "{clear} {chance}");
        assert_eq!(quantiles(&[0.4, 0.1, 0.3, 0.2]), [3, 0, 2, 1]);
    }
}
