//! What the past of a series says of its future: the season after which it repeats, and whether its level moves.

use crate::data::samples::Inputs;
use crate::data::{Dataset, Order};

/// The least autocorrelation at the lag of a season.
const SEASON: f64 = 0.4;

/// A longer season is none that a network of this kind learns.
const MAX_SEASON: usize = 400;

/// The first column of each series, from the windows that follow one another in it.
pub fn series_of(dataset: &Dataset) -> Vec<Vec<f64>> {
    let (Inputs::Numbers(numbers), Order::Time(timeline)) = (&dataset.train.inputs, &dataset.order) else {
        return Vec::new();
    };
    let firsts = numbers.iter().step_by(dataset.shape.len().max(1)).copied();
    let mut rows: Vec<(u32, f64)> = timeline.train_rows.iter().copied().zip(firsts).collect();
    rows.sort_by_key(|(row, _)| *row);
    let follows = |(before, _): &(u32, f64), (after, _): &(u32, f64)| *after == before + 1;
    rows.chunk_by(follows).map(|rows| rows.iter().map(|(_, value)| *value).collect()).collect()
}

/// Whether the two halves of the longest series lie further apart than their own numbers do: a network that has seen the
/// levels of the past alone would not know those of the future.
pub fn moves(series: &[Vec<f64>]) -> bool {
    let Some(series) = series.iter().max_by_key(|series| series.len()) else { return false };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let (first, second) = series.split_at(series.len() / 2);
    let variance = |values: &[f64], mean: f64| values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    let (low, high) = (mean(first), mean(second));
    let within = (variance(first, low) + variance(second, high)) / series.len().max(1) as f64;
    (high - low).powi(2) > within
}

/// The first lag above one with a high peak in the autocorrelation of the differences, over all series; none if there is no such
/// peak.
pub fn season_of(series: &[Vec<f64>]) -> Option<usize> {
    let steps: Vec<Vec<f64>> =
        series.iter().map(|series| series.windows(2).map(|pair| pair[1] - pair[0]).collect()).collect();
    let count: usize = steps.iter().map(Vec::len).sum();
    let mean = steps.iter().flatten().sum::<f64>() / count.max(1) as f64;
    let centered: Vec<Vec<f64>> = steps.iter().map(|steps| steps.iter().map(|step| step - mean).collect()).collect();
    let variance: f64 = centered.iter().flatten().map(|step| step * step).sum();
    let at = |lag: usize| {
        let of_one = |steps: &Vec<f64>| steps.iter().zip(steps.iter().skip(lag)).map(|(a, b)| a * b).sum::<f64>();
        centered.iter().map(of_one).sum::<f64>() / variance
    };
    let most = MAX_SEASON.min(centered.iter().map(Vec::len).max().unwrap_or(0) / 3);
    if most < 3 || variance <= 0.0 {
        return None;
    }
    let alike: Vec<f64> = (0..=most).map(at).collect();
    let is_peak =
        |lag: &usize| alike[*lag] >= alike[lag - 1] && alike.get(lag + 1).is_none_or(|next| alike[*lag] >= *next);
    // Two seasons are as much alike as one.
    let best = (2..=most).map(|lag| alike[lag]).fold(SEASON, f64::max);
    (2..=most).filter(is_peak).find(|lag| alike[*lag] > SEASON && alike[*lag] >= 0.9 * best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_that_rises_moves_and_one_that_swings_does_not() {
        let swing = |at: u32| 10.0 * (f64::from(at % 12) * 0.52).sin();
        assert!(moves(&[(0..120).map(|at| f64::from(at) + swing(at)).collect()]));
        assert!(!moves(&[(0..120).map(swing).collect()]) && !moves(&[]));
    }

    #[test]
    fn the_season_of_a_series_is_found_and_noise_has_none() {
        let monthly: Vec<f64> = (0..120).map(|at| f64::from(at) + 10.0 * (f64::from(at % 12) * 0.52).sin()).collect();
        assert_eq!(season_of(&[monthly]), Some(12));
        let noise: Vec<f64> = (0..200u64).map(|at| (at * at * 7919 % 1013) as f64).collect();
        assert_eq!(season_of(&[noise]), None);
    }

    #[test]
    fn series_one_under_another_have_no_season_of_their_number() {
        let mut rows = String::from("day,shop,sold\n");
        let mut seed = 7u64;
        let mut levels = [50.0f64; 4];
        for day in 0..120 {
            for (shop, level) in levels.iter_mut().enumerate() {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *level += (seed >> 40) as f64 / f64::from(1 << 24) - 0.5;
                let height = *level + 40.0 * shop as f64;
                rows += &format!("{day},s{shop},{height:.3}\n");
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shops.csv");
        std::fs::write(&path, rows).unwrap();
        let dataset = Dataset::read(&format!("series:{}", path.display())).unwrap();
        let series = series_of(&dataset);
        assert_eq!(series.len(), 4);
        assert_eq!(season_of(&series), None);
    }
}
