//! What the columns of a table matter to a network: how much its score falls without one (permutation importance), and what it
//! predicts as one grows (partial dependence).

use std::ops::Range;

use rand::seq::SliceRandom as _;

use crate::data::{Inputs, Samples, TargetData};
use crate::train::evaluate::{TrainedModel, read_rows};
use crate::train::metrics::{ACCURACY, Metric, NumberPredictions, R2};
use backprop_nn::init::stream;
use backprop_nn::loss::argmax;

/// How often a column is shuffled, as in scikit-learn by default.
pub const REPEATS: usize = 5;

/// The most values of a column at which its dependence is computed.
const VALUES: usize = 20;

/// The share of the samples below the least of these values, and above the greatest.
const TAIL: f64 = 0.05;

const PURPOSE: u64 = 0x1_3907;

/// The rows of a table on which a network is tried.
pub struct Trial<'a> {
    trained: TrainedModel<'a>,
    /// `[rows, width]`, in the units of their columns.
    rows: Vec<f64>,
    width: usize,
    targets: TargetData,
}

/// How much a score falls when a column is shuffled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Importance {
    /// The mean over the repeats.
    pub mean: f64,
    /// The standard deviation over the repeats, as numpy's `std`.
    pub deviation: f64,
}

impl<'a> Trial<'a> {
    /// With the samples at these positions; nothing where they are no rows with a class or with target numbers, or less than two.
    pub fn new(trained: TrainedModel<'a>, samples: &Samples, at: &[u32]) -> Option<Self> {
        let shape = trained.network.input();
        let Samples { inputs, targets } = samples.select(at, shape);
        match (inputs, &targets) {
            (Inputs::Numbers(rows), TargetData::Classes(_) | TargetData::Numbers { .. }) if at.len() > 1 => {
                Some(Self { trained, rows, width: shape.len(), targets })
            }
            _ => None,
        }
    }

    /// What is measured: the accuracy where there are classes, otherwise R².
    pub fn metric(&self) -> &'static Metric {
        if matches!(self.targets, TargetData::Classes(_)) { &ACCURACY } else { &R2 }
    }

    /// The score of the network on the rows as they are.
    pub fn score(&self) -> f64 {
        self.score_of(&self.rows)
    }

    fn score_of(&self, rows: &[f64]) -> f64 {
        let predictions = read_rows(self.trained, rows);
        match &self.targets {
            TargetData::Classes(classes) => {
                let predicted = predictions.chunks_exact(predictions.len() / classes.len()).map(argmax);
                let correct = predicted.zip(classes).filter(|(class, truth)| *class == usize::from(**truth)).count();
                correct as f64 / classes.len() as f64
            }
            TargetData::Numbers { width, values } => {
                let mut numbers = NumberPredictions::new(*width, values.len() / width);
                let at: Vec<u32> = (0..(values.len() / width) as u32).collect();
                numbers.add(&at, values, predictions.into_iter().map(f64::from));
                numbers.r2().unwrap_or(f64::NAN)
            }
            TargetData::Itself { .. } | TargetData::Steps { .. } => f64::NAN,
        }
    }

    /// How far the score falls, `score` less that with the numbers of the column in another order, for each order of the rows
    /// (Breiman 2001, *Random Forests*; scikit-learn's `permutation_importance`). A column of categories is several numbers.
    pub fn falls(&self, score: f64, column: Range<usize>, orders: &[Vec<usize>]) -> Vec<f64> {
        let mut rows = self.rows.clone();
        let mut fall = |order: &Vec<usize>| {
            for (row, from) in rows.chunks_exact_mut(self.width).zip(order) {
                row[column.clone()].copy_from_slice(&self.rows[from * self.width..][column.clone()]);
            }
            score - self.score_of(&rows)
        };
        orders.iter().map(&mut fall).collect()
    }

    /// How much each of the columns matters: its falls in [`REPEATS`] random orders, the same for all columns.
    pub fn importances(&self, score: f64, columns: &[Range<usize>], seed: u64) -> Vec<Importance> {
        let mut random = stream(seed, PURPOSE);
        let order = |_| {
            let mut order: Vec<usize> = (0..self.rows.len() / self.width).collect();
            order.shuffle(&mut random);
            order
        };
        let orders: Vec<Vec<usize>> = (0..REPEATS).map(order).collect();
        columns.iter().map(|column| Importance::of(&self.falls(score, column.clone(), &orders))).collect()
    }

    /// The mean prediction over the rows with a column set to one value after the other, `[values, outputs]`: the probability of
    /// each class, or target numbers in their unit (Friedman 2001, *Greedy Function Approximation*; scikit-learn's
    /// `partial_dependence` with the method "brute"). A value is the numbers that stand in the column.
    pub fn dependence(&self, column: Range<usize>, values: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let count = self.rows.len() / self.width;
        let mut rows = self.rows.clone();
        let mut mean = |value: &Vec<f64>| {
            rows.chunks_exact_mut(self.width).for_each(|row| row[column.clone()].copy_from_slice(value));
            let predictions = read_rows(self.trained, &rows);
            let outputs = predictions.len() / count;
            let mut means = vec![0.0; outputs];
            for prediction in predictions.chunks_exact(outputs) {
                means.iter_mut().zip(prediction).for_each(|(mean, number)| *mean += f64::from(*number) / count as f64);
            }
            means
        };
        values.iter().map(&mut mean).collect()
    }

    /// The values at which the dependence on a column of numbers is computed: every value where they are few, otherwise evenly
    /// from the 5th to the 95th percentile, as in scikit-learn.
    pub fn values(&self, column: usize) -> Vec<f64> {
        let numbers = self.rows.iter().skip(column).step_by(self.width);
        let mut sorted: Vec<f64> = numbers.copied().filter(|number| number.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let mut distinct = sorted.clone();
        distinct.dedup();
        if distinct.len() < VALUES {
            return distinct;
        }
        let (mut low, mut high) = (percentile(&sorted, TAIL), percentile(&sorted, 1.0 - TAIL));
        if low >= high {
            // Nearly all are the same.
            (low, high) = (sorted[0], sorted[sorted.len() - 1]);
        }
        (0..VALUES).map(|at| low + (high - low) * at as f64 / (VALUES - 1) as f64).collect()
    }
}

impl Importance {
    fn of(falls: &[f64]) -> Self {
        let count = falls.len().max(1) as f64;
        let mean = falls.iter().sum::<f64>() / count;
        let variance = falls.iter().map(|fall| (fall - mean).powi(2)).sum::<f64>() / count;
        Self { mean, deviation: variance.sqrt() }
    }
}

/// An approximately unbiased percentile of sorted numbers, as scipy's `mquantiles` (Cunnane 1978).
fn percentile(sorted: &[f64], share: f64) -> f64 {
    const PLOTTING: f64 = 0.4;
    let count = sorted.len() as f64;
    let place = count * share + PLOTTING + share * (1.0 - 2.0 * PLOTTING);
    let below = place.floor().clamp(1.0, count - 1.0);
    let part = (place - below).clamp(0.0, 1.0);
    sorted[below as usize - 1] * (1.0 - part) + sorted[below as usize] * part
}
