use serde::{Deserialize, Serialize};

use super::adam::moment_knobs;
use super::{Rule, Step};
use crate::kernels::vectorized;
use crate::knob::Knob;

/// Adam with Nesterov's look ahead: `m̂ = μₜ₊₁ m / (1 - Πᵗ⁺¹ μ) + (1-μₜ) g / (1 - Πᵗ μ)` with
/// `μₜ = β₁ (1 - 0.96^(ψ t) / 2)` (Dozat 2016). PyTorch's definition with ψ = 0.004; Keras has ψ = 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nadam {
    pub beta1: f32,
    pub beta2: f32,
    pub epsilon: f32,
    /// ψ
    pub momentum_decay: f32,
}

impl Default for Nadam {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, momentum_decay: 0.004 }
    }
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

impl Rule for Nadam {
    fn label(&self) -> &'static str {
        "Nadam"
    }

    fn help(&self) -> &'static str {
        "Adam that looks ahead as Nesterov does, and so turns sooner. Try a learning rate near 0.002."
    }

    fn formula(&self) -> &'static str {
        "Adam's w ← w - η m' / (√v' + ε) with m' = μₜ₊₁ m / (1 - Πᵗ⁺¹ μ) + (1-μₜ) g / (1 - Πᵗ μ)"
    }

    fn slots(&self) -> usize {
        2
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

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { beta1, beta2, epsilon, momentum_decay } = self;
        let mut knobs = moment_knobs(beta1, beta2, epsilon);
        knobs.push(Knob::real(
            "momentum_decay",
            "Momentum decay",
            momentum_decay,
            0.0..=1.0,
            0.004,
            "How soon the momentum grows from half of beta 1 to all of it; at 1 that takes a hundred steps.",
        ));
        knobs
    }
}
