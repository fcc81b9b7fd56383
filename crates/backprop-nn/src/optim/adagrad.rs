use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{Optimizer, Step};
use crate::field::Settings;
use crate::kernels::vectorized;

/// Divides the learning rate of each weight by the root of the sum of its squared gradients: steps shrink by themselves,
/// sometimes too early. Try a learning rate near 0.01.
///
/// Duchi et al. 2011, in PyTorch's definition; Keras begins with s = 0.1 and puts ε = 1e-7 under the root.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(formula = "s ← s + g², w ← w - η g / (√s + ε)")]
pub struct Adagrad {
    /// Added to the denominator against division by zero. Large values make the steps of all weights alike.
    #[field(default = 1e-10, range = 1e-10..=1e-2, logarithmic)]
    pub epsilon: f32,
}

impl Optimizer for Adagrad {
    fn memory(&self) -> &'static [&'static str] {
        &["s"]
    }

    fn usual_rates(&self) -> RangeInclusive<f32> {
        1e-3..=0.3
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], sum: &mut [f32]) {
        vectorized!({
            for ((weight, grad), sum) in weights.iter_mut().zip(grad).zip(sum) {
                *sum += grad * grad;
                *weight -= step.learning_rate * grad / (sum.sqrt() + self.epsilon);
            }
        });
    }
}

/// Scales each step by the ratio of past steps to past gradients, so that it needs almost no learning rate. Leave that
/// at 1.
///
/// Zeiler 2012, which has no η. PyTorch's definition; Keras takes ρ = 0.95 and ε = 1e-7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(formula = "s ← ρ s + (1-ρ) g², d = g √(u + ε) / √(s + ε), u ← ρ u + (1-ρ) d², w ← w - η d")]
pub struct Adadelta {
    /// Decay rate of both running means. Near 1, it takes very long to begin.
    #[field(default = 0.9, range = 0.0..=0.9999)]
    pub rho: f32,
    /// Added to the denominator against division by zero. Large values make the steps of all weights alike.
    #[field(default = 1e-6, range = 1e-10..=1e-2, logarithmic)]
    pub epsilon: f32,
}

impl Optimizer for Adadelta {
    fn memory(&self) -> &'static [&'static str] {
        &["s", "u"]
    }

    fn usual_rates(&self) -> RangeInclusive<f32> {
        0.1..=2.0
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], state: &mut [f32]) {
        let Self { rho, epsilon } = *self;
        let (squares, moves) = state.split_at_mut(weights.len());
        vectorized!({
            for (((weight, grad), square), moved) in weights.iter_mut().zip(grad).zip(squares).zip(moves) {
                *square = rho * *square + (1.0 - rho) * grad * grad;
                let by = grad * ((*moved + epsilon).sqrt() / (*square + epsilon).sqrt());
                *moved = rho * *moved + (1.0 - rho) * by * by;
                *weight -= step.learning_rate * by;
            }
        });
    }
}
