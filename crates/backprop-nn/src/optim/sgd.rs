use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::{Optimizer, Step};
use crate::field::Settings;
use crate::kernels::vectorized;

/// Steps against the gradient: gradient descent in its simplest form, slow in narrow valleys. Try a learning rate near
/// 0.1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(label = "SGD", formula = "w ← w - η g")]
pub struct Sgd {}

impl Optimizer for Sgd {
    fn memory(&self) -> &'static [&'static str] {
        &[]
    }

    fn usual_rates(&self) -> RangeInclusive<f32> {
        1e-2..=1.0
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], _state: &mut [f32]) {
        vectorized!({
            for (weight, grad) in weights.iter_mut().zip(grad) {
                *weight -= step.learning_rate * grad;
            }
        });
    }
}

/// Accumulates the gradients of past steps, and so crosses flat regions and narrow valleys. Try a learning rate near
/// 0.01.
///
/// `v ← μ v + g`, `w ← w - η v`, as PyTorch writes it; Keras puts η into v, which is the same at a constant η.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(formula = "v ← μ v + g, w ← w - η v")]
pub struct Momentum {
    /// Share of the last step that is kept. Near 1, the optimizer overshoots and oscillates.
    #[field(default = 0.9, range = 0.0..=0.999)]
    pub momentum: f32,
}

impl Optimizer for Momentum {
    fn memory(&self) -> &'static [&'static str] {
        &["v"]
    }

    fn usual_rates(&self) -> RangeInclusive<f32> {
        1e-3..=0.3
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], velocity: &mut [f32]) {
        vectorized!({
            for ((weight, grad), velocity) in weights.iter_mut().zip(grad).zip(velocity) {
                *velocity = self.momentum * *velocity + grad;
                *weight -= step.learning_rate * *velocity;
            }
        });
    }
}

/// Momentum with the gradient of the point ahead (Nesterov's accelerated gradient), which overshoots less. Try a learning
/// rate near 0.01.
///
/// As PyTorch writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(formula = "v ← μ v + g, w ← w - η (g + μ v)")]
pub struct Nesterov {
    /// Share of the last step that is kept. Near 1, the optimizer overshoots and oscillates.
    #[field(default = 0.9, range = 0.0..=0.999)]
    pub momentum: f32,
}

impl Optimizer for Nesterov {
    fn memory(&self) -> &'static [&'static str] {
        &["v"]
    }

    fn usual_rates(&self) -> RangeInclusive<f32> {
        1e-3..=0.3
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], velocity: &mut [f32]) {
        vectorized!({
            for ((weight, grad), velocity) in weights.iter_mut().zip(grad).zip(velocity) {
                *velocity = self.momentum * *velocity + grad;
                *weight -= step.learning_rate * (grad + self.momentum * *velocity);
            }
        });
    }
}
