//! Losses that have a term for each output and its target. The loss of a sample is their mean.

use serde::{Deserialize, Serialize};

use super::Loss;
use crate::activation::Function;
use crate::field::Settings;
use crate::kernels::vectorized;

/// Mean squared difference between output and target: the usual loss for numbers. Learns classes slower than
/// cross-entropy.
///
/// PyTorch's `MSELoss`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(label = "Mean squared error", formula = "mean (z - t)², t is the target, or 1 at c and 0 elsewhere")]
pub struct MeanSquaredError {}

/// Mean absolute difference between output and target: outliers have little influence. With several classes it tends to
/// predict none.
///
/// PyTorch's `L1Loss`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(label = "Mean absolute error", formula = "mean |z - t|, t is the target, or 1 at c and 0 elsewhere")]
pub struct MeanAbsoluteError {}

/// Squared error for small differences and absolute error for large ones: accurate near the target, robust against
/// outliers.
///
/// Huber 1964; PyTorch's `HuberLoss`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(formula = "mean (z - t)² / 2 where |z - t| ≤ δ, δ (|z - t| - δ/2) elsewhere")]
pub struct Huber {
    /// Difference up to which the loss is squared. A large value lets outliers dominate.
    #[field(default = 1.0, range = 0.01..=10.0, logarithmic)]
    pub delta: f32,
}

/// One term of the loss.
pub trait Terms: Settings + Send + Sync {
    /// For an output `z` and its target `t`.
    fn value(&self, z: f32, t: f32) -> f32;

    /// Its derivative by `z`.
    fn derivative(&self, z: f32, t: f32) -> f32;

    /// See [`Loss::takes_only_shares`].
    fn takes_only_shares(&self) -> bool {
        false
    }

    /// See [`Loss::prediction`].
    fn prediction(&self) -> Function {
        Function::Linear
    }

    /// See [`Loss::share`].
    fn share(&self) -> Function {
        Function::Relu
    }
}

impl<T: Terms> Loss for T {
    fn sample(&self, outputs: &[f32], class: usize, grad: Option<(f32, &mut [f32])>) -> f32 {
        mean_of_classes(self, outputs, class, grad)
    }

    fn sample_numbers(&self, outputs: &[f32], targets: &[f32], grad: Option<(f32, &mut [f32])>) -> Option<f32> {
        Some(mean_of_numbers(self, outputs, &targets[..outputs.len()], grad))
    }

    fn takes_only_shares(&self) -> bool {
        Terms::takes_only_shares(self)
    }

    fn prediction(&self) -> Function {
        Terms::prediction(self)
    }

    fn share(&self) -> Option<Function> {
        Some(Terms::share(self))
    }
}

impl Terms for MeanSquaredError {
    #[inline(always)]
    fn value(&self, z: f32, t: f32) -> f32 {
        (z - t) * (z - t)
    }

    #[inline(always)]
    fn derivative(&self, z: f32, t: f32) -> f32 {
        2.0 * (z - t)
    }
}

impl Terms for MeanAbsoluteError {
    #[inline(always)]
    fn value(&self, z: f32, t: f32) -> f32 {
        (z - t).abs()
    }

    #[inline(always)]
    fn derivative(&self, z: f32, t: f32) -> f32 {
        if z == t { 0.0 } else { (z - t).signum() }
    }
}

impl Terms for Huber {
    #[inline(always)]
    fn value(&self, z: f32, t: f32) -> f32 {
        let error = (z - t).abs();
        if error > self.delta { self.delta * (error - 0.5 * self.delta) } else { 0.5 * error * error }
    }

    #[inline(always)]
    fn derivative(&self, z: f32, t: f32) -> f32 {
        (z - t).clamp(-self.delta, self.delta)
    }
}

/// The mean of the terms of a sample whose target is 1 at its class and 0 elsewhere.
#[inline(always)]
fn mean_of_classes(terms: &impl Terms, outputs: &[f32], class: usize, grad: Option<(f32, &mut [f32])>) -> f32 {
    let share = 1.0 / outputs.len() as f32;
    let target = |at: usize| if at == class { 1.0 } else { 0.0 };
    if let Some((scale, grad)) = grad {
        vectorized!({
            for (at, (grad, &z)) in grad.iter_mut().zip(outputs).enumerate() {
                *grad = scale * share * terms.derivative(z, target(at));
            }
        });
    }
    share * outputs.iter().enumerate().map(|(at, &z)| terms.value(z, target(at))).sum::<f32>()
}

/// The mean of the terms of a sample with a target for each output: of a picture that is reconstructed, for every pixel.
#[inline(always)]
fn mean_of_numbers(terms: &impl Terms, outputs: &[f32], targets: &[f32], grad: Option<(f32, &mut [f32])>) -> f32 {
    /// Sums beside one another, so that vectors take them; as many on every processor, so that all give the same bits.
    const SUMS: usize = 16;
    let share = 1.0 / outputs.len() as f32;
    if let Some((scale, grad)) = grad {
        vectorized!({
            for ((grad, &z), &t) in grad.iter_mut().zip(outputs).zip(targets) {
                *grad = scale * share * terms.derivative(z, t);
            }
        });
    }
    let ((outputs, last_outputs), (targets, last_targets)) = (outputs.as_chunks::<SUMS>(), targets.as_chunks::<SUMS>());
    let mut sums = [0.0f32; SUMS];
    vectorized!({
        for (outputs, targets) in outputs.iter().zip(targets) {
            for ((sum, &z), &t) in sums.iter_mut().zip(outputs).zip(targets) {
                *sum += terms.value(z, t);
            }
        }
    });
    let rest = last_outputs.iter().zip(last_targets).map(|(&z, &t)| terms.value(z, t));
    share * (sums.iter().sum::<f32>() + rest.sum::<f32>())
}
