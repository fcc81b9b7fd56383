use serde::{Deserialize, Serialize};

use super::{Objective, shares_or_softmax};
use crate::kernels::vectorized;
use crate::knob::Knob;

/// `mean (z - t)²` over the outputs; PyTorch's `MSELoss`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MeanSquaredError {}

/// `mean |z - t|` over the outputs; PyTorch's `L1Loss`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MeanAbsoluteError {}

/// `mean (z - t)² / 2` where `|z - t| ≤ δ`, and `δ (|z - t| - δ/2)` beyond (Huber 1964); PyTorch's `HuberLoss`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Huber {
    pub delta: f32,
}

impl Default for Huber {
    fn default() -> Self {
        Self { delta: 1.0 }
    }
}

impl Objective for MeanSquaredError {
    fn help(&self) -> &'static str {
        "How far the outputs are from the target, squared: the loss for numbers. It learns classes slower than cross-entropy."
    }

    fn formula(&self) -> &'static str {
        "mean (z - t)², t is the target, or 1 at c and 0 elsewhere"
    }

    fn sample(&self, outputs: &[f32], class: usize, grad: Option<(f32, &mut [f32])>) -> f32 {
        mean_of_terms(self, outputs, one_hot(class), grad)
    }

    fn sample_numbers(&self, outputs: &[f32], targets: &[f32], grad: Option<(f32, &mut [f32])>) -> Option<f32> {
        Some(mean_of_terms(self, outputs, listed(&targets[..outputs.len()]), grad))
    }

    fn probabilities(&self, outputs: &mut [f32]) {
        shares_or_softmax(outputs, |z| z.max(0.0));
    }
}

impl Objective for MeanAbsoluteError {
    fn help(&self) -> &'static str {
        "How far the outputs are from the target; wild samples hardly pull at it. With several classes it easily settles on naming none."
    }

    fn formula(&self) -> &'static str {
        "mean |z - t|, t is the target, or 1 at c and 0 elsewhere"
    }

    fn sample(&self, outputs: &[f32], class: usize, grad: Option<(f32, &mut [f32])>) -> f32 {
        mean_of_terms(self, outputs, one_hot(class), grad)
    }

    fn sample_numbers(&self, outputs: &[f32], targets: &[f32], grad: Option<(f32, &mut [f32])>) -> Option<f32> {
        Some(mean_of_terms(self, outputs, listed(&targets[..outputs.len()]), grad))
    }

    fn probabilities(&self, outputs: &mut [f32]) {
        shares_or_softmax(outputs, |z| z.max(0.0));
    }
}

impl Objective for Huber {
    fn help(&self) -> &'static str {
        "Squared error for small errors and absolute error for large ones: exact near the goal, calm far from it."
    }

    fn formula(&self) -> &'static str {
        "mean (z - t)² / 2 up to |z - t| = δ, δ (|z - t| - δ/2) beyond"
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        vec![
            Knob::real(
                "delta",
                "Delta",
                &mut self.delta,
                0.01..=10.0,
                1.0,
                "Up to which error the loss is squared; a large one lets a few wild samples rule.",
            )
            .logarithmic(),
        ]
    }

    fn sample(&self, outputs: &[f32], class: usize, grad: Option<(f32, &mut [f32])>) -> f32 {
        mean_of_terms(self, outputs, one_hot(class), grad)
    }

    fn sample_numbers(&self, outputs: &[f32], targets: &[f32], grad: Option<(f32, &mut [f32])>) -> Option<f32> {
        Some(mean_of_terms(self, outputs, listed(&targets[..outputs.len()]), grad))
    }

    fn probabilities(&self, outputs: &mut [f32]) {
        shares_or_softmax(outputs, |z| z.max(0.0));
    }
}

/// A loss that has a term for each output and its target. The loss of a sample is their mean.
pub(super) trait Terms {
    fn value(&self, z: f32, t: f32) -> f32;

    /// Its derivative by `z`.
    fn slope(&self, z: f32, t: f32) -> f32;
}

impl Terms for MeanSquaredError {
    #[inline(always)]
    fn value(&self, z: f32, t: f32) -> f32 {
        (z - t) * (z - t)
    }

    #[inline(always)]
    fn slope(&self, z: f32, t: f32) -> f32 {
        2.0 * (z - t)
    }
}

impl Terms for MeanAbsoluteError {
    #[inline(always)]
    fn value(&self, z: f32, t: f32) -> f32 {
        (z - t).abs()
    }

    #[inline(always)]
    fn slope(&self, z: f32, t: f32) -> f32 {
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
    fn slope(&self, z: f32, t: f32) -> f32 {
        (z - t).clamp(-self.delta, self.delta)
    }
}

/// The target of each output where there are classes: 1 at the class and 0 elsewhere.
#[inline(always)]
pub(super) fn one_hot(class: usize) -> impl Fn(usize) -> f32 {
    #[inline(always)]
    move |at| if at == class { 1.0 } else { 0.0 }
}

#[inline(always)]
pub(super) fn listed(targets: &[f32]) -> impl Fn(usize) -> f32 {
    #[inline(always)]
    |at| targets[at]
}

#[inline(always)]
pub(super) fn mean_of_terms(
    terms: &impl Terms,
    outputs: &[f32],
    target: impl Fn(usize) -> f32,
    grad: Option<(f32, &mut [f32])>,
) -> f32 {
    let share = 1.0 / outputs.len() as f32;
    if let Some((scale, grad)) = grad {
        vectorized!({
            for (at, (grad, &z)) in grad.iter_mut().zip(outputs).enumerate() {
                *grad = scale * share * terms.slope(z, target(at));
            }
        });
    }
    share * vectorized!(outputs.iter().enumerate().map(|(at, &z)| terms.value(z, target(at))).sum::<f32>())
}
