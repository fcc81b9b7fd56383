use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{Optimizer, Step, sign};
use crate::field::Settings;
use crate::kernels::vectorized;

/// Moves every weight by the same amount in the direction of the sign of the momentum. Try a learning rate near 0.0003, a
/// tenth to a third of Adam's.
///
/// Chen et al. 2023, Algorithm 2. As in the paper, every parameter decays; λ is off until it is set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(formula = "c = β₁ m + (1-β₁) g, w ← w - η (sign(c) + λ w), m ← β₂ m + (1-β₂) g")]
pub struct Lion {
    /// Weight of the momentum in the direction of a step. At 0, every batch decides alone.
    #[field(label = "Beta 1", default = 0.9, range = 0.0..=0.999)]
    pub beta1: f32,
    /// Decay rate of the momentum. Small values follow the noise of every batch.
    #[field(label = "Beta 2", default = 0.99, range = 0.0..=0.9999)]
    pub beta2: f32,
    /// Share of every weight that a step removes, times the learning rate. Too large, and nothing is learned.
    #[field(default = 0.0, range = 0.0..=1.0, logarithmic)]
    pub weight_decay: f32,
}

impl Optimizer for Lion {
    fn memory(&self) -> &'static [&'static str] {
        &["m"]
    }

    fn usual_rates(&self) -> RangeInclusive<f32> {
        1e-5..=1e-3
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
}
