//! The tree-structured Parzen estimator (Bergstra, Bardenet, Bengio, Kégl, *Algorithms for Hyper-Parameter Optimization*, 2011).
//!
//! The settings that were tried are divided into the good and the others. A density is estimated for each part; of
//! candidates drawn from that of the good ones, the one is tried next that is the most probable there against the
//! others. Every setting has densities of its own, as in the paper.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use statrs::distribution::{Continuous as _, ContinuousCDF as _, Normal};

use super::space::option_at;
use backprop_nn::init::Rng;

/// Trials that are drawn by chance before there is anything to learn from.
pub const FIRST: usize = 10;
/// Candidates that are drawn for each setting.
const CANDIDATES: usize = 24;
/// The share of the trials that are the good ones.
const GOOD: f64 = 0.25;

/// A place that was tried, and its result; the lower, the better.
pub type Seen = (Vec<f64>, f64);

/// Places from 0 to 1 to try next; `options` tells of each setting how many options it has, or that it is a range.
pub fn suggest(options: &[Option<usize>], seen: &[Seen], rng: &mut Rng) -> Vec<f64> {
    if seen.len() < FIRST {
        return options.iter().map(|_| rng.random()).collect();
    }
    let mut sorted: Vec<&Seen> = seen.iter().collect();
    sorted.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (good, others) = sorted.split_at((seen.len() as f64 * GOOD).ceil() as usize);
    let of = |part: &[&Seen], at: usize| -> Vec<f64> { part.iter().map(|(places, _)| places[at]).collect() };
    let places = options.iter().enumerate().map(|(at, options)| {
        let (good, others) = (of(good, at), of(others, at));
        match options {
            Some(count) => best_option(&good, &others, *count, rng),
            None => best_place(&Parzen::of(&good), &Parzen::of(&others), rng),
        }
    });
    places.collect()
}

/// The option that is drawn among the good and is the rarest among the others, of several draws.
fn best_option(good: &[f64], others: &[f64], count: usize, rng: &mut Rng) -> f64 {
    // Every option is seen once beforehand, so that none is impossible.
    let weights = |places: &[f64]| -> Vec<f64> {
        let mut weights = vec![1.0; count];
        places.iter().for_each(|place| weights[option_at(*place, count)] += 1.0);
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / sum).collect()
    };
    let (good, others) = (weights(good), weights(others));
    let all: Vec<usize> = (0..count).collect();
    let draw = |rng: &mut Rng| all.choose_weighted(rng, |at| good[*at]).copied().unwrap_or_default();
    let ratio = |at: &usize| good[*at] / others[*at];
    let drawn = (0..CANDIDATES).map(|_| draw(rng)).max_by(|a, b| ratio(a).total_cmp(&ratio(b)));
    (drawn.unwrap_or_default() as f64 + 0.5) / count as f64
}

fn best_place(good: &Parzen, others: &Parzen, rng: &mut Rng) -> f64 {
    let ratio = |place: &f64| good.density(*place).ln() - others.density(*place).ln();
    let drawn = (0..CANDIDATES).map(|_| good.draw(rng)).max_by(|a, b| ratio(a).total_cmp(&ratio(b)));
    drawn.unwrap_or(0.5)
}

/// A mixture of normal distributions, cut off at 0 and 1: one around each place, and a wide one for all that has not been tried.
struct Parzen(Vec<Normal>);

impl Parzen {
    /// Each is as wide as the larger distance to its two neighbors.
    fn of(places: &[f64]) -> Self {
        let mut sorted = places.to_vec();
        sorted.sort_by(f64::total_cmp);
        let least = 1.0 / (places.len() as f64 + 1.0).min(100.0);
        let width = |at: usize| {
            let before = at.checked_sub(1).map_or(0.0, |before| sorted[before]);
            let after = sorted.get(at + 1).copied().unwrap_or(1.0);
            (sorted[at] - before).max(after - sorted[at]).clamp(least, 1.0)
        };
        let around = (0..sorted.len()).filter_map(|at| Normal::new(sorted[at], width(at)).ok());
        Self(around.chain(Normal::new(0.5, 1.0).ok()).collect())
    }

    fn density(&self, place: f64) -> f64 {
        let within = |normal: &Normal| normal.cdf(1.0) - normal.cdf(0.0);
        self.0.iter().map(|normal| normal.pdf(place) / within(normal)).sum::<f64>() / self.0.len() as f64
    }

    fn draw(&self, rng: &mut Rng) -> f64 {
        let Some(normal) = self.0.choose(rng) else { return rng.random() };
        let (low, high) = (normal.cdf(0.0), normal.cdf(1.0));
        normal.inverse_cdf(low + (high - low) * rng.random::<f64>()).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use backprop_nn::init::stream;

    /// The lowest value of a function after so many trials, over many seeds: the median.
    fn lowest(options: &[Option<usize>], trials: usize, first: usize, of: impl Fn(&[f64]) -> f64) -> f64 {
        let mut found: Vec<f64> = (0..51)
            .map(|seed| {
                let (mut rng, mut seen) = (stream(seed, 0), Vec::<Seen>::new());
                for trial in 0..trials {
                    let learned = if trial < first { &[][..] } else { &seen };
                    let places = suggest(options, learned, &mut rng);
                    let value = of(&places);
                    seen.push((places, value));
                }
                seen.iter().map(|(_, value)| *value).fold(f64::INFINITY, f64::min)
            })
            .collect();
        found.sort_by(f64::total_cmp);
        found[25]
    }

    #[test]
    fn it_comes_nearer_to_the_minimum_of_known_functions_than_chance() {
        let bowl = |at: &[f64]| (at[0] - 0.3).powi(2) + (at[1] - 0.8).powi(2);
        // Branin's function, whose three minima are 0.397887.
        let branin = |at: &[f64]| {
            use std::f64::consts::PI;
            let (x, y) = (at[0] * 15.0 - 5.0, at[1] * 15.0);
            let bent = y - 5.1 / (4.0 * PI * PI) * x * x + 5.0 / PI * x - 6.0;
            bent * bent + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x.cos() + 10.0 - 0.397_887
        };
        // One of five options is the best, and decides where the minimum of the other setting is.
        let mixed = |at: &[f64]| if at[0] < 0.8 { 1.0 + at[1] } else { (at[1] - 0.1).abs() };
        let range = [None, None];
        for (name, options, function) in [
            ("bowl", range, &bowl as &dyn Fn(&[f64]) -> f64),
            ("branin", range, &branin),
            ("mixed", [Some(5), None], &mixed),
        ] {
            let (learned, chance) = (lowest(&options, 60, 0, function), lowest(&options, 60, 60, function));
            assert!(learned < 0.6 * chance, "{name}: {learned} and by chance {chance}");
        }
    }

    #[test]
    fn densities_are_those_of_a_distribution_on_the_unit_interval() {
        for places in [&[][..], &[0.5], &[0.0, 0.01, 1.0]] {
            let parzen = Parzen::of(places);
            let sum: f64 = (0..10_000).map(|at| parzen.density((f64::from(at) + 0.5) / 10_000.0) / 10_000.0).sum();
            assert!((sum - 1.0).abs() < 1e-3, "{places:?}: {sum}");
        }
    }
}
