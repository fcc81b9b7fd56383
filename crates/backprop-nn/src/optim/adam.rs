use serde::{Deserialize, Serialize};

use super::{Optimizer, Step};
use crate::field::Settings;
use crate::kernels::vectorized;

/// Combines momentum with a step size of its own for each weight; a good first choice. Try a learning rate from 0.001 to
/// 0.005.
///
/// `m̂ = m / (1-β₁ᵗ)`, `v̂ = v / (1-β₂ᵗ)` (Kingma & Ba 2015). ε defaults to PyTorch's 1e-8; Keras takes 1e-7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(
    formula = "m ← β₁ m + (1-β₁) g, v ← β₂ v + (1-β₂) g², w ← w - η m̂ / (√v̂ + ε); m̂ = m / (1-β₁ᵗ), v̂ = v / (1-β₂ᵗ)"
)]
pub struct Adam {
    /// Decay rate of the running mean of the gradient. Near 1, the optimizer overshoots.
    #[field(label = "Beta 1", default = 0.9, range = 0.0..=0.999)]
    pub beta1: f32,
    /// Decay rate of the running mean of the squared gradient. Small values make the step size jump.
    #[field(label = "Beta 2", default = 0.999, range = 0.0..=0.9999)]
    pub beta2: f32,
    /// Added to the denominator against division by zero. Large values make the steps of all weights alike.
    #[field(default = 1e-8, range = 1e-10..=1e-2, logarithmic)]
    pub epsilon: f32,
}

impl Optimizer for Adam {
    fn memory(&self) -> &'static [&'static str] {
        &["m", "v"]
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], state: &mut [f32]) {
        let Self { beta1, beta2, epsilon } = *self;
        let (rate, root) = corrected(step, beta1, beta2);
        let (first, second) = state.split_at_mut(weights.len());
        vectorized!({
            for (((weight, grad), m), v) in weights.iter_mut().zip(grad).zip(first).zip(second) {
                *m = beta1 * *m + (1.0 - beta1) * grad;
                *v = beta2 * *v + (1.0 - beta2) * grad * grad;
                *weight -= rate * *m / (v.sqrt() * root + epsilon);
            }
        });
    }
}

/// Adam with the largest running mean of the squared gradient so far, so that no step size grows again. Try a learning
/// rate near 0.001.
///
/// Reddi et al. 2018, in PyTorch's definition: the largest is taken before the correction, as in the paper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(
    label = "AMSGrad",
    formula = "Adam's m and v, u ← max(u, v), w ← w - η m̂ / (√û + ε); m̂ = m / (1-β₁ᵗ), û = u / (1-β₂ᵗ)"
)]
pub struct Amsgrad {
    /// Decay rate of the running mean of the gradient. Near 1, the optimizer overshoots.
    #[field(label = "Beta 1", default = 0.9, range = 0.0..=0.999)]
    pub beta1: f32,
    /// Decay rate of the running mean of the squared gradient. Small values make the step size jump.
    #[field(label = "Beta 2", default = 0.999, range = 0.0..=0.9999)]
    pub beta2: f32,
    /// Added to the denominator against division by zero. Large values make the steps of all weights alike.
    #[field(default = 1e-8, range = 1e-10..=1e-2, logarithmic)]
    pub epsilon: f32,
}

impl Optimizer for Amsgrad {
    fn memory(&self) -> &'static [&'static str] {
        &["m", "v", "u"]
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], state: &mut [f32]) {
        let Self { beta1, beta2, epsilon } = *self;
        let (rate, root) = corrected(step, beta1, beta2);
        let (first, rest) = state.split_at_mut(weights.len());
        let (second, largest) = rest.split_at_mut(weights.len());
        vectorized!({
            let slots = first.iter_mut().zip(second).zip(largest);
            for ((weight, grad), ((m, v), largest)) in weights.iter_mut().zip(grad).zip(slots) {
                *m = beta1 * *m + (1.0 - beta1) * grad;
                *v = beta2 * *v + (1.0 - beta2) * grad * grad;
                *largest = largest.max(*v);
                *weight -= rate * *m / (largest.sqrt() * root + epsilon);
            }
        });
    }
}

/// Adam with decoupled weight decay: each step also shrinks the weights, against overfitting. Try a learning rate near
/// 0.001.
///
/// The decay does not pass through the moments (Loshchilov & Hutter 2019). As in PyTorch, every parameter decays, biases
/// too, and λ defaults to 0.01; Keras takes 0.004.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(label = "AdamW", formula = "w ← (1 - η λ) w, then Adam's w ← w - η m̂ / (√v̂ + ε)")]
pub struct Adamw {
    /// Decay rate of the running mean of the gradient. Near 1, the optimizer overshoots.
    #[field(label = "Beta 1", default = 0.9, range = 0.0..=0.999)]
    pub beta1: f32,
    /// Decay rate of the running mean of the squared gradient. Small values make the step size jump.
    #[field(label = "Beta 2", default = 0.999, range = 0.0..=0.9999)]
    pub beta2: f32,
    /// Added to the denominator against division by zero. Large values make the steps of all weights alike.
    #[field(default = 1e-8, range = 1e-10..=1e-2, logarithmic)]
    pub epsilon: f32,
    /// Share of every weight that a step removes, times the learning rate. Too large, and nothing is learned.
    #[field(default = 0.01, range = 0.0..=1.0, logarithmic)]
    pub weight_decay: f32,
}

impl Optimizer for Adamw {
    fn memory(&self) -> &'static [&'static str] {
        &["m", "v"]
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], state: &mut [f32]) {
        let Self { beta1, beta2, epsilon, weight_decay } = *self;
        let kept = 1.0 - step.learning_rate * weight_decay;
        let (rate, root) = corrected(step, beta1, beta2);
        let (first, second) = state.split_at_mut(weights.len());
        vectorized!({
            for (((weight, grad), m), v) in weights.iter_mut().zip(grad).zip(first).zip(second) {
                *m = beta1 * *m + (1.0 - beta1) * grad;
                *v = beta2 * *v + (1.0 - beta2) * grad * grad;
                *weight = kept * *weight - rate * *m / (v.sqrt() * root + epsilon);
            }
        });
    }
}

/// `η / (1-β₁ᵗ)` and `1 / √(1-β₂ᵗ)`: moments that begin at zero are too small at first, and this makes up for it.
fn corrected(step: Step, beta1: f32, beta2: f32) -> (f32, f32) {
    let correction = |beta: f32| 1.0 - f64::from(beta).powf(step.number as f64);
    ((f64::from(step.learning_rate) / correction(beta1)) as f32, (1.0 / correction(beta2)).sqrt() as f32)
}
