use serde::{Deserialize, Serialize};

use super::{Objective, shares_or_softmax};
use crate::nn::kernels::vectorized;
use crate::nn::knob::Knob;

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
        "How far the outputs are from 1 at the class and 0 elsewhere, squared; it learns classes slower than cross-entropy."
    }

    fn formula(&self) -> &'static str {
        "mean (z - t)², t is 1 at c and 0 elsewhere"
    }

    fn sample(&self, outputs: &[f32], class: usize, grad: Option<(f32, &mut [f32])>) -> f32 {
        each_output(
            outputs,
            class,
            grad,
            #[inline(always)]
            |z, t| (z - t) * (z - t),
            #[inline(always)]
            |z, t| 2.0 * (z - t),
        )
    }

    fn probabilities(&self, outputs: &mut [f32]) {
        shares_or_softmax(outputs, |z| z.max(0.0));
    }
}

impl Objective for MeanAbsoluteError {
    fn help(&self) -> &'static str {
        "How far the outputs are from 1 at the class and 0 elsewhere; with several classes it easily settles on naming none."
    }

    fn formula(&self) -> &'static str {
        "mean |z - t|, t is 1 at c and 0 elsewhere"
    }

    fn sample(&self, outputs: &[f32], class: usize, grad: Option<(f32, &mut [f32])>) -> f32 {
        each_output(
            outputs,
            class,
            grad,
            #[inline(always)]
            |z, t| (z - t).abs(),
            #[inline(always)]
            |z, t| if z == t { 0.0 } else { (z - t).signum() },
        )
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
        let delta = self.delta;
        each_output(
            outputs,
            class,
            grad,
            #[inline(always)]
            |z, t| {
                let error = (z - t).abs();
                if error > delta { delta * (error - 0.5 * delta) } else { 0.5 * error * error }
            },
            #[inline(always)]
            |z, t| (z - t).clamp(-delta, delta),
        )
    }

    fn probabilities(&self, outputs: &mut [f32]) {
        shares_or_softmax(outputs, |z| z.max(0.0));
    }
}

/// The mean over the outputs of a loss that has a term for each of them and its target, 1 at the class and 0 elsewhere.
#[inline(always)]
pub(super) fn each_output(
    outputs: &[f32],
    class: usize,
    grad: Option<(f32, &mut [f32])>,
    value: impl Fn(f32, f32) -> f32,
    slope: impl Fn(f32, f32) -> f32,
) -> f32 {
    let share = 1.0 / outputs.len() as f32;
    let target = |at: usize| if at == class { 1.0 } else { 0.0 };
    if let Some((scale, grad)) = grad {
        vectorized!({
            for (at, (grad, &z)) in grad.iter_mut().zip(outputs).enumerate() {
                *grad = scale * share * slope(z, target(at));
            }
        });
    }
    share * vectorized!(outputs.iter().enumerate().map(|(at, &z)| value(z, target(at))).sum::<f32>())
}
