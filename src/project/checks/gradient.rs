//! The gradient that the backward pass computes, against central differences of the loss.

use super::plain::{Passes, Plain};
use super::{Case, Deadline, Finding, GENERATOR, number};
use backprop_nn::Weights;
use backprop_nn::init::stream;
use backprop_nn::weights::Param;
use rand::RngExt as _;

/// Few samples, since each tensor needs several passes.
const SAMPLES: usize = 4;

/// Share of the time.
const SHARE: f64 = 0.2;

/// What a step changes the loss by, as a share of it. A large one is exact where the loss is smooth, since single precision has
/// seven digits; a small one crosses fewer kinks of ReLU and of the maximum. The smallest error counts.
const CHANGES: [f64; 3] = [3e-3, 6e-4, 1.2e-4];

/// No smaller step is taken where the error is below this.
const EXACT: f64 = 1e-3;

/// The largest step is no larger than this share of the tensor's typical weight.
const LARGEST: f64 = 0.03;

/// A change of the loss below this share of it drowns in rounding.
const SEEN: f64 = 3e-5;

/// The largest relative error that rounding and kinks explain.
const TOLERANCE: f64 = 0.02;

/// How far biases are moved from zero, where the kink of ReLU is for all that is blank.
const NUDGE: f32 = 0.1;
const PURPOSE: u64 = 0x6_2AD;

/// What a comparison has found.
#[derive(Debug, Default)]
struct Comparison {
    /// The tensor with the largest relative error, and that.
    worst: Option<(String, f64)>,
    /// Tensors whose gradients were compared, that hardly change the loss, and that the time was too short for.
    compared: usize,
    silent: usize,
    left: usize,
}

/// Checks the gradient of every tensor.
pub fn check(case: &Case<'_>) -> Finding {
    let Some(plain) = &case.plain else { return Finding::not_applicable(GENERATOR) };
    let weights = nudged(plain);
    let mut passes = Passes::new(plain, SAMPLES);
    let loss = passes.loss(&weights);
    if !loss.is_finite() {
        return Finding::failed("The loss is not a number before the first step; choose another initialization.");
    }
    let gradient = passes.gradient();
    let params = plain.job.network.params();
    let deadline = case.deadline(SHARE);
    told(&compare(params, &weights, &gradient, loss, deadline, |weights| passes.loss(weights)))
}

fn told(comparison: &Comparison) -> Finding {
    let Comparison { worst, compared, silent, left } = comparison;
    let Some((name, error)) = worst else {
        return match left {
            0 => Finding::failed(
                "No weight changes the loss: no gradient comes back from the outputs; look at the initialization and at dead units.",
            ),
            _ => Finding::not_applicable("Cut short: one pass takes all the time that there is."),
        };
    };
    let of = compared + silent + left;
    let mut numbers = format!(
        "Backward pass and central differences differ by {} at most, relative, in {compared} of {of} tensors ({name})",
        number(*error)
    );
    if *silent > 0 {
        numbers += &format!("; {silent} hardly change the loss");
    }
    if *left > 0 {
        numbers += &format!("; cut short before {left} others");
    }
    let fault = (*error > TOLERANCE).then(|| {
        format!("more than {TOLERANCE} is no rounding; the backward pass of this layer, or of a later one, is wrong")
    });
    Finding::of(&numbers, fault)
}

/// The initial weights, with the biases moved away from the kinks.
fn nudged(plain: &Plain) -> Weights {
    let mut weights = plain.weights.clone();
    let mut rng = stream(plain.job.training.seed, PURPOSE);
    for param in plain.job.network.params().iter().filter(|param| param.info.is_trained && param.info.dims.len() == 1) {
        let values = &mut weights.values_mut()[param.range.clone()];
        values.iter_mut().for_each(|value| *value += rng.random_range(-NUDGE..NUDGE));
    }
    weights
}

/// Moves each tensor along the signs of its gradient, in which all its numbers add up, and compares the change of the loss with
/// the one that the gradient predicts.
fn compare(
    params: &[Param],
    weights: &Weights,
    gradient: &[f32],
    loss: f64,
    deadline: Deadline,
    mut loss_of: impl FnMut(&Weights) -> f64,
) -> Comparison {
    let mut found = Comparison::default();
    for param in params.iter().filter(|param| param.info.is_trained) {
        if deadline.is_over() {
            found.left += 1;
            continue;
        }
        match error(param, weights, &gradient[param.range.clone()], loss, &mut loss_of) {
            None => found.silent += 1,
            Some(error) => {
                found.compared += 1;
                if found.worst.as_ref().is_none_or(|(_, worst)| error > *worst) {
                    found.worst = Some((param.name.clone(), error));
                }
            }
        }
    }
    found
}

/// The relative error of the gradient of a tensor; nothing if the tensor hardly changes the loss.
fn error(
    param: &Param,
    weights: &Weights,
    slopes: &[f32],
    loss: f64,
    loss_of: &mut impl FnMut(&Weights) -> f64,
) -> Option<f64> {
    let values = &weights.values()[param.range.clone()];
    let total: f64 = slopes.iter().map(|slope| f64::from(slope.abs())).sum();
    let square: f64 = values.iter().map(|weight| f64::from(*weight).powi(2)).sum();
    let largest = LARGEST * (square / values.len() as f64).sqrt().max(f64::from(NUDGE));
    let mut moved = |by: f64| {
        let mut moved = weights.clone();
        let values = &mut moved.values_mut()[param.range.clone()];
        values.iter_mut().zip(slopes).for_each(|(value, slope)| *value += by as f32 * slope.signum());
        let loss = loss_of(&moved);
        (loss, moved)
    };
    let mut least: Option<f64> = None;
    for change in CHANGES {
        let step = (change * loss / total).min(largest * change / CHANGES[0]);
        let ((above, ahead), (below, behind)) = (moved(step), moved(-step));
        let ways = ahead.values()[param.range.clone()].iter().zip(&behind.values()[param.range.clone()]);
        // As far as the weights have really moved, after rounding.
        let way = |(to, from): (&f32, &f32)| f64::from(*to) - f64::from(*from);
        let predicted: f64 = ways.map(way).zip(slopes).map(|(way, slope)| way * f64::from(*slope)).sum();
        let size = predicted.abs().max((above - below).abs());
        if !size.is_finite() {
            return Some(f64::INFINITY);
        }
        if size <= SEEN * loss {
            break;
        }
        let mut error = (above - below - predicted).abs();
        if error > TOLERANCE * size {
            // At a kink both sides have slopes of their own, and every slope between them is right.
            error = (error - (above - 2.0 * loss + below).abs()).max(0.0);
        }
        let error = error / size;
        least = Some(least.map_or(error, |least| least.min(error)));
        if error < EXACT {
            break;
        }
    }
    least
}
