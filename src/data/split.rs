//! The split into training and validation set, which the seed decides.

use std::ops::RangeInclusive;

use rand::seq::SliceRandom as _;

use super::samples::Samples;
use super::scaling::Naive;
use backprop_nn::init::stream;

mod groups;

pub(super) use groups::Groups;

/// Positions in a data set's training samples. The test samples are a set of their own and never in here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Positions of the samples to train on.
    pub train: Vec<u32>,
    /// Positions of the validation samples.
    pub validation: Vec<u32>,
}

/// The dependence between samples that a split has to respect.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// The samples are independent.
    Free,
    /// They are windows of a time series: none is evaluated by a network that was trained on later ones.
    Time(Timeline),
    /// The last ones, so many of them, are the validation set that their makers set apart.
    Held(usize),
    /// They are parts of a text, one after the other, of which so many overlap with any of them.
    Position {
        /// Samples that are left out between those that are trained on and those that are evaluated.
        gap: usize,
    },
    /// They come from groups, such as machines, and the samples of a group always stay on the same side of a split.
    /// Holds the group of each training sample, counted from 0 without a gap.
    Groups(Vec<u32>),
}

/// The order of the samples of a time series: each is a window, and they follow one another in time.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// Number of rows from the last row of a window to its target; at least 1.
    pub horizon: usize,
    /// Samples that are left out between those that are trained on and those that are evaluated, so that no target of the
    /// former lies after a window of the latter began.
    pub(super) gap: usize,
    /// The row of a window that the naive forecast repeats: the last, or the one a season before the target.
    pub(super) naive_row: usize,
    /// The place of each target among the numbers of a row.
    pub targets: Vec<usize>,
    /// The row of the table, counted from 1, that holds the target of each training sample.
    pub train_rows: Vec<u32>,
    /// The row of the table, counted from 1, that holds the target of each test sample.
    pub test_rows: Vec<u32>,
    /// The rows up to the end of the series, `[rows, columns]`, without gaps; empty where there are several series.
    pub rows: Vec<f64>,
    /// Whether the network forecasts the change from the naive forecast.
    pub is_relative: bool,
}

impl Timeline {
    /// The naive forecast from rows of so many columns.
    pub fn naive_forecast(&self, columns: usize) -> Naive {
        Naive { columns, row: self.naive_row, targets: self.targets.clone() }
    }
}

/// The allowed shares of test samples.
pub const TEST_SHARES: RangeInclusive<f32> = 0.0..=0.5;

/// The largest share of the training samples that the validation set can take.
pub const MAX_VALIDATION: f32 = 0.5;

const PURPOSE: u64 = 0x5_7117;

impl Split {
    /// A stratified split: the validation set takes `share` of every class, so that a rare class is not missing from it
    /// by chance. Without classes it takes `share` of all samples. With a share of zero all samples are for training.
    pub fn new(samples: &Samples, share: f32, seed: u64) -> Self {
        let share = clamped(share);
        let mut split = Self { train: Vec::new(), validation: Vec::new() };
        for mut members in shuffled(samples, seed) {
            let held = held_back(members.len(), share);
            split.validation.extend(members.drain(..held));
            split.train.extend(members);
        }
        split.train.sort_unstable();
        split.validation.sort_unstable();
        split
    }
}

impl Split {
    /// Deals all samples out into stratified folds, and gives one split for each, in which that fold is the validation
    /// set. None if there are fewer samples than folds.
    pub fn folds(samples: &Samples, folds: usize, seed: u64) -> Vec<Self> {
        if folds == 0 || samples.len() < folds {
            return Vec::new();
        }
        let mut splits = vec![Self { train: Vec::new(), validation: Vec::new() }; folds];
        // Dealing goes on where the class before has ended, so that the folds are of one size.
        for (dealt, at) in shuffled(samples, seed).into_iter().flatten().enumerate() {
            for (fold, split) in splits.iter_mut().enumerate() {
                let part = if dealt % folds == fold { &mut split.validation } else { &mut split.train };
                part.push(at);
            }
        }
        for split in &mut splits {
            split.train.sort_unstable();
            split.validation.sort_unstable();
        }
        splits
    }

    /// A split of samples that follow one another in time: the last `share` of them is the validation set. The `gap`
    /// samples before it are left out, as their targets are not known yet when the first validation sample is forecast.
    pub fn by_time(samples: usize, share: f32, gap: usize) -> Self {
        let share = clamped(share);
        let from = samples - held_back(samples, share);
        Self::at(from, samples, gap)
    }

    /// The last samples, so many of them, are the validation set.
    pub fn at_end(samples: usize, held: usize) -> Self {
        Self::at(samples - held.min(samples), samples, 0)
    }

    /// Cuts samples that follow one another in time into one more part than there are folds, and gives one split for
    /// each part but the first. That part is the validation set and the parts before it are the training set, as in
    /// scikit-learn's `TimeSeriesSplit`. None if a training set would be empty.
    pub fn folds_by_time(samples: usize, folds: usize, gap: usize) -> Vec<Self> {
        let part = samples / (folds + 1);
        if part <= gap {
            return Vec::new();
        }
        let from = |fold: usize| samples - (folds - fold) * part;
        (0..folds).map(|fold| Self::at(from(fold), from(fold + 1), gap)).collect()
    }

    fn at(from: usize, to: usize, gap: usize) -> Self {
        let gap = if from < to { gap } else { 0 };
        Self { train: (0..from.saturating_sub(gap) as u32).collect(), validation: (from as u32..to as u32).collect() }
    }
}

/// A share that a validation set can take.
fn clamped(share: f32) -> f32 {
    if share.is_finite() { share.clamp(0.0, MAX_VALIDATION) } else { 0.0 }
}

/// The samples of each class, or all where there are none, in an order that the seed decides.
fn shuffled(samples: &Samples, seed: u64) -> Vec<Vec<u32>> {
    let mut groups = match samples.classes().iter().max() {
        None => vec![(0..samples.len() as u32).collect()],
        Some(largest) => vec![Vec::new(); usize::from(*largest) + 1],
    };
    for (at, class) in (0..).zip(samples.classes()) {
        groups[usize::from(*class)].push(at);
    }
    let mut rng = stream(seed, PURPOSE);
    groups.iter_mut().for_each(|members: &mut Vec<u32>| members.shuffle(&mut rng));
    groups
}

/// Number of validation samples among the samples of a class: its share, but at least one of two, and never all.
pub fn held_back(members: usize, share: f32) -> usize {
    let held = (members as f32 * share).round() as usize;
    if share > 0.0 { held.max(1).min(members.saturating_sub(1)) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::samples::{Inputs, TargetData};

    #[test]
    fn every_class_is_held_back_in_the_same_share_and_nothing_is_lost() {
        let samples = Samples::images(Vec::new(), (0..1000u16).map(|i| u16::from(i % 10 == 0)));
        let split = Split::new(&samples, 0.1, 7);
        let rare = |part: &[u32]| part.iter().filter(|at| samples.class_of(**at as usize) == Some(1)).count();
        assert_eq!((split.train.len(), split.validation.len()), (900, 100));
        assert_eq!((rare(&split.train), rare(&split.validation)), (90, 10));
        let mut all: Vec<u32> = split.train.iter().chain(&split.validation).copied().collect();
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..1000));
        assert_eq!(split, Split::new(&samples, 0.1, 7));
        assert_ne!(split, Split::new(&samples, 0.1, 8));
        assert!(Split::new(&samples, 0.0, 7).validation.is_empty());
    }

    #[test]
    fn a_rare_class_is_in_every_set_that_it_can_be_in() {
        assert_eq!([1, 2, 3, 40].map(|members| held_back(members, 0.1)), [0, 1, 1, 4]);
        assert_eq!([1, 2].map(|members| held_back(members, 0.5)), [0, 1]);
        assert_eq!(held_back(3, 0.0), 0);
    }

    #[test]
    fn what_follows_in_time_is_judged_by_what_was_before_it() {
        let ranges = |split: &Split| {
            let ends = |part: &[u32]| part.first().copied().zip(part.last().copied());
            (ends(&split.train), ends(&split.validation))
        };
        assert_eq!(ranges(&Split::by_time(100, 0.2, 0)), (Some((0, 79)), Some((80, 99))));
        assert_eq!(ranges(&Split::by_time(100, 0.2, 2)), (Some((0, 77)), Some((80, 99))));
        assert_eq!(ranges(&Split::by_time(100, 0.0, 2)), (Some((0, 99)), None));
        // The numbers are those of `TimeSeriesSplit(3, gap=1)` on 11 samples.
        let folds = Split::folds_by_time(11, 3, 1);
        let expected = [((0, 3), (5, 6)), ((0, 5), (7, 8)), ((0, 7), (9, 10))];
        assert!(folds.iter().map(ranges).eq(expected.map(|(train, held)| (Some(train), Some(held)))), "{folds:?}");
        assert!(Split::folds_by_time(11, 3, 2).is_empty() && Split::folds_by_time(2, 3, 0).is_empty());
    }

    #[test]
    fn every_sample_is_held_back_in_one_fold_and_every_class_in_all() {
        let samples = Samples::images(Vec::new(), (0..103u16).map(|i| if i % 10 < 7 { 0 } else { 1 + i % 2 }));
        let splits = Split::folds(&samples, 5, 7);
        let mut held: Vec<u32> = splits.iter().flat_map(|split| split.validation.clone()).collect();
        held.sort_unstable();
        assert!(splits.len() == 5 && held.iter().copied().eq(0..103));
        for split in &splits {
            assert!((20..=21).contains(&split.validation.len()) && split.train.len() + split.validation.len() == 103);
            assert!(split.train.iter().all(|at| !split.validation.contains(at)));
            let (all, fold) = (samples.class_counts(3), samples.class_counts_at(3, &split.validation));
            assert!(all.iter().zip(&fold).all(|(all, fold)| fold.abs_diff(all / 5) <= 1), "{all:?} {fold:?}");
        }
        assert!(splits == Split::folds(&samples, 5, 7) && splits != Split::folds(&samples, 5, 8));
        assert!(Split::folds(&samples, 104, 7).is_empty());
    }

    #[test]
    fn numbers_are_held_back_by_chance() {
        let targets = TargetData::Numbers { width: 2, values: vec![0.5; 400] };
        let samples = Samples { inputs: Inputs::Numbers(vec![0.0; 600]), targets };
        let split = Split::new(&samples, 0.25, 7);
        assert_eq!((split.train.len(), split.validation.len()), (150, 50));
        assert!(split.validation != (0..50).collect::<Vec<_>>() && split != Split::new(&samples, 0.25, 8));
    }
}
