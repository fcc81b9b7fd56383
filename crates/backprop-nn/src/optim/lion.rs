use serde::{Deserialize, Serialize};

use super::{Rule, Step, decay_knob, sign};
use crate::kernels::vectorized;
use crate::knob::Knob;

/// `c = β₁ m + (1-β₁) g`, `w ← w - η (sign(c) + λ w)`, `m ← β₂ m + (1-β₂) g` (Chen et al. 2023, Algorithm 2).
/// As in the paper, every parameter decays; λ is off until it is set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lion {
    pub beta1: f32,
    pub beta2: f32,
    pub weight_decay: f32,
}

impl Default for Lion {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.99, weight_decay: 0.0 }
    }
}

impl Rule for Lion {
    fn label(&self) -> &'static str {
        "Lion"
    }

    fn help(&self) -> &'static str {
        "Moves every weight equally far and only asks in which direction. Try a learning rate near 0.0003, a tenth to a third of Adam's."
    }

    fn formula(&self) -> &'static str {
        "c = β₁ m + (1-β₁) g, w ← w - η (sign(c) + λ w), m ← β₂ m + (1-β₂) g"
    }

    fn slots(&self) -> usize {
        1
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], momentum: &mut [f32]) {
        let Self { beta1, beta2, weight_decay } = *self;
        let rate = step.learning_rate;
        let kept = 1.0 - rate * weight_decay;
        vectorized!({
            for ((weight, grad), m) in weights.iter_mut().zip(grad).zip(momentum) {
                let direction = beta1 * *m + (1.0 - beta1) * grad;
                *weight = kept * *weight - rate * sign(direction);
                *m = beta2 * *m + (1.0 - beta2) * grad;
            }
        });
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { beta1, beta2, weight_decay } = self;
        vec![
            Knob::real(
                "beta1",
                "Beta 1",
                beta1,
                0.0..=0.999,
                0.9,
                "How much of the direction comes from memory; at 0 every batch decides alone.",
            ),
            Knob::real(
                "beta2",
                "Beta 2",
                beta2,
                0.0..=0.9999,
                0.99,
                "How long the slopes are remembered; a short memory follows every batch's noise.",
            ),
            decay_knob(weight_decay, 0.0),
        ]
    }
}
