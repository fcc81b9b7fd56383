//! Which settings are tried, in which order, and for how many epochs.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::space::{Dimension, Space};
use super::sweep::TrialRecord;
use super::tpe;
use backprop_nn::init::{mix, stream};

/// Purpose of random numbers.
const SEARCH: u64 = 0x5EA_2C4;

/// Of the trials of a round of successive halving, one in so many goes on.
const KEPT: usize = 3;

/// How settings are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Every combination of the values of a grid.
    Grid,
    /// By chance, each setting evenly in its range (Bergstra and Bengio, 2012).
    #[default]
    Random,
    /// By chance, all for a few epochs; the best third goes on for three times as many (successive halving, Jamieson and Talwalkar, 2016).
    Halving,
    /// By chance at first, then where the good ones have been (tree-structured Parzen estimator, Bergstra et al., 2011).
    Tpe,
}

/// A trial that is to be trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Counted from 1.
    pub number: usize,
    /// Where its settings are in their ranges.
    pub places: Vec<f64>,
    /// The epochs after which it is evaluated.
    pub epochs: usize,
}

impl FromStr for Method {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        serde_json::from_value(name.into()).map_err(|_| format!("{name} is none of grid, random, halving and tpe"))
    }
}

impl Method {
    /// How many trials there are.
    pub fn count(self, space: &Space, trials: usize) -> usize {
        match self {
            Self::Grid => space.grid().len(),
            Self::Random | Self::Halving | Self::Tpe => trials,
        }
    }

    /// The epochs after which trials are evaluated, round by round.
    pub fn rounds(self, trials: usize, epochs: usize) -> Vec<usize> {
        let rounds = match self {
            Self::Halving => trials.max(1).ilog(KEPT).min(epochs.max(1).ilog(KEPT)),
            Self::Grid | Self::Random | Self::Tpe => 0,
        };
        (0..=rounds).rev().map(|round| epochs.div_ceil(KEPT.pow(round))).collect()
    }

    /// How many trials a round has, the first one counted as 0.
    pub fn in_round(self, trials: usize, round: usize) -> usize {
        (trials / KEPT.pow(round as u32)).max(1)
    }

    /// The next trial to train, from all that were begun; nothing while it depends on some that are not done, or when all are.
    pub fn next(self, space: &Space, asked: &Asked, records: &[TrialRecord]) -> Option<Proposal> {
        let Asked { trials, epochs, seed } = *asked;
        let rounds = self.rounds(trials, epochs);
        for (round, epochs) in rounds.iter().copied().enumerate() {
            let begun: Vec<&TrialRecord> = records.iter().filter(|record| record.until == epochs).collect();
            if begun.len() < self.in_round(trials, round) {
                let next = match round {
                    0 => self.first(space, seed, begun.len() + 1, epochs, records),
                    _ => advance(records, &begun, rounds[round - 1], epochs),
                };
                // Those that have diverged leave a later round with fewer.
                if next.is_some() {
                    return next;
                }
            }
            if begun.iter().any(|record| !record.is_done()) {
                return None;
            }
        }
        None
    }

    fn first(
        self,
        space: &Space,
        seed: u64,
        number: usize,
        epochs: usize,
        records: &[TrialRecord],
    ) -> Option<Proposal> {
        // Each trial has random numbers of its own, so that they do not depend on how many are trained at a time.
        let mut rng = stream(mix(seed, number as u64), SEARCH);
        let options: Vec<_> = space.dimensions.iter().map(Dimension::options).collect();
        let places = match self {
            Self::Grid => space.grid().get(number - 1).cloned()?,
            Self::Random | Self::Halving => tpe::suggest(&options, &[], &mut rng),
            Self::Tpe => {
                let done = records.iter().filter(|record| record.is_done());
                let seen: Vec<_> = done.map(|record| (record.places.clone(), record.cost())).collect();
                tpe::suggest(&options, &seen, &mut rng)
            }
        };
        Some(Proposal { number, places, epochs })
    }
}

/// What a search was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// How many trials.
    pub trials: usize,
    /// The epochs of a whole training.
    pub epochs: usize,
    /// Decides which settings are drawn.
    pub seed: u64,
}

/// The best trial of the round before that has not gone on yet.
fn advance(records: &[TrialRecord], begun: &[&TrialRecord], before: usize, epochs: usize) -> Option<Proposal> {
    let mut of_round: Vec<&TrialRecord> = records.iter().filter(|record| record.until == before).collect();
    of_round.sort_by(|a, b| a.compare(b));
    let waits = |record: &&&TrialRecord| record.score.is_some() && begun.iter().all(|it| it.number != record.number);
    let next = of_round.iter().find(waits)?;
    Some(Proposal { number: next.number, places: next.places.clone(), epochs })
}
