use serde::{Deserialize, Serialize};

use super::{Optimizer, Step};
use crate::field::Settings;
use crate::kernels::vectorized;

/// Adam with Nesterov momentum, which reacts to a change of the gradient a step earlier. Try a learning rate near 0.002.
///
/// `μₜ = β₁ (1 - 0.96^(ψ t) / 2)` (Dozat 2016). PyTorch's definition with ψ = 0.004; Keras has ψ = 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(formula = "Adam's w ← w - η m̂ / (√v̂ + ε) with m̂ = μₜ₊₁ m / (1 - Πᵗ⁺¹ μ) + (1-μₜ) g / (1 - Πᵗ μ)")]
pub struct Nadam {
    /// Decay rate of the running mean of the gradient. Near 1, the optimizer overshoots.
    #[field(label = "Beta 1", default = 0.9, range = 0.0..=0.999)]
    pub beta1: f32,
    /// Decay rate of the running mean of the squared gradient. Small values make the step size jump.
    #[field(label = "Beta 2", default = 0.999, range = 0.0..=0.9999)]
    pub beta2: f32,
    /// Added to the denominator against division by zero. Large values make the steps of all weights alike.
    #[field(default = 1e-8, range = 1e-10..=1e-2, logarithmic)]
    pub epsilon: f32,
    /// ψ, how soon the momentum grows from half of beta 1 to all of it; at 1 that takes a hundred steps.
    #[field(default = 0.004, range = 0.0..=1.0)]
    pub momentum_decay: f32,
}

impl Nadam {
    fn mu(&self, step: u64) -> f64 {
        f64::from(self.beta1) * (1.0 - 0.5 * 0.96f64.powf(step as f64 * f64::from(self.momentum_decay)))
    }

    /// `Πᵗ μ`, as far as a difference from one can be told: it shrinks fast, so a late step costs no more than an early one.
    fn product_of_mu(&self, steps: u64) -> f64 {
        let mut product = 1.0;
        for step in 1..=steps {
            product *= self.mu(step);
            if product < 1e-9 {
                break;
            }
        }
        product
    }
}

impl Optimizer for Nadam {
    fn memory(&self) -> &'static [&'static str] {
        &["m", "v"]
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], state: &mut [f32]) {
        let Self { beta1, beta2, epsilon, .. } = *self;
        let (mu, next, product) = (self.mu(step.number), self.mu(step.number + 1), self.product_of_mu(step.number));
        let rate = f64::from(step.learning_rate);
        let of_grad = (rate * (1.0 - mu) / (1.0 - product)) as f32;
        let of_m = (rate * next / (1.0 - product * next)) as f32;
        let root = (1.0 / (1.0 - f64::from(beta2).powf(step.number as f64))).sqrt() as f32;
        let (first, second) = state.split_at_mut(weights.len());
        vectorized!({
            for (((weight, grad), m), v) in weights.iter_mut().zip(grad).zip(first).zip(second) {
                *m = beta1 * *m + (1.0 - beta1) * grad;
                *v = beta2 * *v + (1.0 - beta2) * grad * grad;
                *weight -= (of_grad * grad + of_m * *m) / (v.sqrt() * root + epsilon);
            }
        });
    }
}
