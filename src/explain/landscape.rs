//! The loss around the weights of a network, along two directions: random ones whose filters are as long as those of the weights
//! (Li et al., Visualizing the loss landscape of neural nets, 2018), or those along which a run has moved its weights most.

use std::ops::Range;

use ndarray::{Array1, Array2, Axis};

use super::projection::{eigen, orthonormalize};
use backprop_nn::init::{fill_normal, mix, stream};
use backprop_nn::loss::LossSum;
use backprop_nn::weights::Param;
use backprop_nn::{LossSpec, Network, Targets, Weights};

const DIRECTION: u64 = 0x1A_D5CA;

/// Directions that are followed at once, and times that they are turned towards those of the most variance.
const FOLLOWED: usize = 4;
const TURNS: usize = 300;

/// Samples that run through the network at once.
const CHUNK: usize = 64;

/// A direction in the space of the weights, with a number for each weight.
pub type Direction = Vec<f32>;

/// A direction of the normal distribution, normalized filter by filter; each `axis` has another one.
pub fn random(network: &Network, weights: &Weights, seed: u64, axis: u64) -> Direction {
    let mut noise = vec![0.0; weights.values().len()];
    fill_normal(&mut noise, 1.0, &mut stream(mix(seed, axis), DIRECTION));
    filter_normalized(network, weights, noise)
}

/// Makes a direction as long as the weights in each filter: in the weights of one unit, or of one word of an embedding. Along biases,
/// and the few numbers that scale or shift whole channels, it does not go, nor along what no gradient moves.
pub fn filter_normalized(network: &Network, weights: &Weights, mut direction: Direction) -> Direction {
    let mut end = 0;
    for Param { info, range, .. } in network.params() {
        direction[end..range.start].fill(0.0);
        end = range.end;
        let (direction, weights) = (&mut direction[range.clone()], &weights.values()[range.clone()]);
        if !info.is_trained || info.dims.len() < 2 || info.name.ends_with("bias") {
            direction.fill(0.0);
            continue;
        }
        let units = info.dims.last().copied().unwrap_or(1).max(1);
        // The numbers of a filter are a unit apart, those of a word side by side.
        let (filters, len, stride, apart) = match info.name {
            "embeddings" => (weights.len() / units, units, units, 1),
            _ => (units, weights.len() / units, 1, units),
        };
        for filter in 0..filters {
            let at = |within: usize| filter * stride + within * apart;
            let length =
                |numbers: &[f32]| (0..len).map(|within| f64::from(numbers[at(within)]).powi(2)).sum::<f64>().sqrt();
            let own = length(direction);
            let scale = if own > 0.0 { length(weights) / own } else { 0.0 };
            for within in 0..len {
                direction[at(within)] = (f64::from(direction[at(within)]) * scale) as f32;
            }
        }
    }
    direction[end..].fill(0.0);
    direction
}

/// The way of a run through the space of its weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The two directions in which its moments differ most, each of length one.
    pub axes: [Direction; 2],
    /// Each moment along these, from the present weights.
    pub points: Vec<[f64; 2]>,
    /// The share of the variance that each direction explains.
    pub explained: [f64; 2],
}

/// The principal components of the moments of a run (as in scikit-learn's `PCA`, the largest number of each is positive). What no
/// gradient moves is left out. Nothing if there are fewer than three moments, if they lie on one line or are all the same.
pub fn path(network: &Network, present: &Weights, moments: &[&Weights]) -> Option<Path> {
    let trained: Vec<Range<usize>> =
        network.params().iter().filter(|param| param.info.is_trained).map(|param| param.range.clone()).collect();
    let moved = |weights| moved(weights, present, &trained);
    let count = moments.len();
    if count < 3 {
        return None;
    }
    // The components of many weights follow from the few products of moments.
    let mut products = Array2::<f64>::zeros((count, count));
    let mut one = vec![0.0; present.values().len()];
    for first in 0..count {
        moved(moments[first]).for_each(|(at, number)| one[at] = number);
        for second in 0..=first {
            let sum: f64 = moved(moments[second]).map(|(at, number)| one[at] * number).sum();
            (products[[first, second]], products[[second, first]]) = (sum, sum);
        }
    }
    let variance = |products: &Array2<f64>| products.diag().sum();
    if !variance(&products).is_finite() {
        return None;
    }
    let centered = centered(&products)?;
    let total = variance(&centered);
    if total <= 0.0 {
        return None;
    }
    let (variances, shares) = leading(&centered);
    if variances[1] <= 1e-12 * total {
        return None;
    }
    // A component adds up the moments, less their mean.
    let mut axes = [0, 1].map(|_| vec![0.0f64; present.values().len()]);
    for (moment, weights) in moments.iter().enumerate() {
        let share = [0, 1].map(|axis| shares[axis][moment] / variances[axis].sqrt());
        moved(weights).for_each(|(at, number)| {
            for axis in 0..2 {
                axes[axis][at] += share[axis] * number;
            }
        });
    }
    for axis in &mut axes {
        let largest = axis.iter().fold(0.0f64, |most, number| if number.abs() > most.abs() { *number } else { most });
        axis.iter_mut().for_each(|number| *number *= largest.signum());
    }
    let points = moments.iter().map(|weights| {
        let mut point = [0.0; 2];
        moved(weights).for_each(|(at, number)| {
            for axis in 0..2 {
                point[axis] += axes[axis][at] * number;
            }
        });
        point
    });
    Some(Path {
        points: points.collect(),
        explained: variances.map(|variance| variance / total),
        axes: axes.map(|axis| axis.into_iter().map(|number| number as f32).collect()),
    })
}

/// How far each trained weight is from the present one, and its position.
fn moved<'a>(
    weights: &'a Weights,
    present: &'a Weights,
    trained: &'a [Range<usize>],
) -> impl Iterator<Item = (usize, f64)> + 'a {
    trained.iter().flat_map(|range| {
        let pairs = weights.values()[range.clone()].iter().zip(&present.values()[range.clone()]);
        range.clone().zip(pairs.map(|(weight, present)| f64::from(*weight) - f64::from(*present)))
    })
}

/// The products of the moments less their mean, from those of the moments.
fn centered(products: &Array2<f64>) -> Option<Array2<f64>> {
    let rows = products.mean_axis(Axis(1))?;
    let mean = rows.mean()?;
    let mut centered = products.clone();
    for ((row, column), product) in centered.indexed_iter_mut() {
        *product += mean - rows[row] - rows[column];
    }
    Some(centered)
}

/// The two greatest eigenvalues of a symmetric matrix and their eigenvectors, whose numbers add up to zero if those of its rows do.
fn leading(matrix: &Array2<f64>) -> ([f64; 2], [Array1<f64>; 2]) {
    let count = matrix.nrows();
    let random = |(row, column): (usize, usize)| mix(row as u64, column as u64) as f64 / u64::MAX as f64 - 0.5;
    let mut basis = Array2::from_shape_fn((count, FOLLOWED.min(count)), random);
    for _ in 0..TURNS {
        orthonormalize(&mut basis);
        basis = matrix.dot(&basis);
    }
    orthonormalize(&mut basis);
    let (values, vectors) = eigen(basis.t().dot(&matrix.dot(&basis)));
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|one, other| values[*other].total_cmp(&values[*one]));
    let vectors = basis.dot(&vectors);
    ([0, 1].map(|at| values[order[at]].max(0.0)), [0, 1].map(|at| vectors.column(order[at]).to_owned()))
}

/// Samples with which the loss is measured, and what the network computes for them.
pub struct Examples<'a> {
    /// The network.
    pub network: &'a Network,
    /// Its loss.
    pub loss: &'a LossSpec,
    /// The samples as the network reads them, `[samples, input]`.
    pub inputs: &'a [f32],
    /// What its outputs are compared with.
    pub targets: Targets<'a>,
}

impl Examples<'_> {
    /// The mean loss of weights that are moved this far along two directions. The network computes as it does outside of training:
    /// nothing is dropped, and batch normalization takes its moving averages, which stay as they are.
    pub fn loss_at(&self, weights: &Weights, directions: &[Direction; 2], at: [f64; 2]) -> f64 {
        let mut moved = weights.clone();
        for (axis, direction) in directions.iter().enumerate() {
            for (weight, along) in moved.values_mut().iter_mut().zip(direction) {
                *weight += (at[axis] * f64::from(*along)) as f32;
            }
        }
        self.loss(&moved)
    }

    /// The mean loss of these weights.
    pub fn loss(&self, weights: &Weights) -> f64 {
        let Self { network, loss, inputs, targets } = self;
        let width = network.input().len().max(1);
        let mut workspace = network.inference_workspace(CHUNK);
        let mut sum = LossSum::default();
        for (chunk, inputs) in inputs.chunks(CHUNK * width).enumerate() {
            let count = inputs.len() / width;
            workspace.input_mut(count).copy_from_slice(inputs);
            network.infer(weights, &mut workspace);
            let from = chunk * CHUNK;
            let targets = match *targets {
                Targets::Classes(classes) => Targets::Classes(&classes[from..from + count]),
                Targets::Numbers { width, values } => {
                    Targets::Numbers { width, values: &values[from * width..(from + count) * width] }
                }
            };
            sum = sum.plus(loss.value(workspace.output(), targets));
        }
        sum.mean_loss()
    }
}
