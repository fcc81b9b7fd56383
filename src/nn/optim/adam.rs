use serde::{Deserialize, Serialize};

use super::{Rule, Step};
use crate::nn::kernels::vectorized;
use crate::nn::knob::Knob;

/// `m ← β₁ m + (1-β₁) g`, `v ← β₂ v + (1-β₂) g²`, `w ← w - η m̂ / (√v̂ + ε)` with `m̂ = m / (1-β₁ᵗ)`, `v̂ = v / (1-β₂ᵗ)`
/// (Kingma & Ba 2015). ε defaults to PyTorch's 1e-8; Keras takes 1e-7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    pub beta1: f32,
    pub beta2: f32,
    pub epsilon: f32,
}

impl Default for Adam {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    }
}

impl Rule for Adam {
    fn label(&self) -> &'static str {
        "Adam"
    }

    fn help(&self) -> &'static str {
        "Gives every weight a step of its own size, and so works almost everywhere. Try a learning rate from 0.001 to 0.005."
    }

    fn slots(&self) -> usize {
        2
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], state: &mut [f32]) {
        let Self { beta1, beta2, epsilon } = *self;
        let correction = |beta: f32| 1.0 - f64::from(beta).powf(step.number as f64);
        let rate = (f64::from(step.learning_rate) / correction(beta1)) as f32;
        let root = (1.0 / correction(beta2)).sqrt() as f32;
        let (first, second) = state.split_at_mut(weights.len());
        vectorized!({
            for (((weight, grad), m), v) in weights.iter_mut().zip(grad).zip(first).zip(second) {
                *m = beta1 * *m + (1.0 - beta1) * grad;
                *v = beta2 * *v + (1.0 - beta2) * grad * grad;
                *weight -= rate * *m / (v.sqrt() * root + epsilon);
            }
        });
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { beta1, beta2, epsilon } = self;
        vec![
            Knob::real(
                "beta1",
                "Beta 1",
                beta1,
                0.0..=0.999,
                0.9,
                "How long the direction is remembered; close to 1 it overshoots.",
            ),
            Knob::real(
                "beta2",
                "Beta 2",
                beta2,
                0.0..=0.9999,
                0.999,
                "How long the size of the slope is remembered; a short memory makes the steps jump.",
            ),
            Knob::real(
                "epsilon",
                "Epsilon",
                epsilon,
                1e-10..=1e-2,
                1e-8,
                "Keeps the division from zero; a large one turns Adam into plain momentum.",
            )
            .logarithmic(),
        ]
    }
}
