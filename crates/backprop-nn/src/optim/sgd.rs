use serde::{Deserialize, Serialize};

use super::{Rule, Step};
use crate::kernels::vectorized;
use crate::knob::Knob;

/// `w ← w - η g`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {}

impl Rule for Sgd {
    fn label(&self) -> &'static str {
        "SGD"
    }

    fn help(&self) -> &'static str {
        "Goes straight down the slope: simple, and slow in narrow valleys. Try a learning rate near 0.1."
    }

    fn formula(&self) -> &'static str {
        "w ← w - η g"
    }

    fn slots(&self) -> usize {
        0
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], _state: &mut [f32]) {
        vectorized!({
            for (weight, grad) in weights.iter_mut().zip(grad) {
                *weight -= step.learning_rate * grad;
            }
        });
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        Vec::new()
    }
}

/// `v ← μ v + g`, `w ← w - η v` (as PyTorch writes it; Keras puts η into v, which is the same at a constant η).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Momentum {
    pub momentum: f32,
}

/// `v ← μ v + g`, `w ← w - η (g + μ v)` (as PyTorch writes it).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nesterov {
    pub momentum: f32,
}

impl Default for Momentum {
    fn default() -> Self {
        Self { momentum: 0.9 }
    }
}

impl Default for Nesterov {
    fn default() -> Self {
        Self { momentum: 0.9 }
    }
}

impl Rule for Momentum {
    fn label(&self) -> &'static str {
        "Momentum"
    }

    fn help(&self) -> &'static str {
        "Keeps rolling in the direction it was going, and so crosses flat parts and narrow valleys. Try a learning rate near 0.01."
    }

    fn formula(&self) -> &'static str {
        "v ← μ v + g, w ← w - η v"
    }

    fn slots(&self) -> usize {
        1
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], velocity: &mut [f32]) {
        vectorized!({
            for ((weight, grad), velocity) in weights.iter_mut().zip(grad).zip(velocity) {
                *velocity = self.momentum * *velocity + grad;
                *weight -= step.learning_rate * *velocity;
            }
        });
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        vec![momentum_knob(&mut self.momentum, 0.9)]
    }
}

impl Rule for Nesterov {
    fn label(&self) -> &'static str {
        "Nesterov"
    }

    fn help(&self) -> &'static str {
        "Momentum that looks ahead to where it is rolling, and so brakes in time. Try a learning rate near 0.01."
    }

    fn formula(&self) -> &'static str {
        "v ← μ v + g, w ← w - η (g + μ v)"
    }

    fn slots(&self) -> usize {
        1
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], velocity: &mut [f32]) {
        vectorized!({
            for ((weight, grad), velocity) in weights.iter_mut().zip(grad).zip(velocity) {
                *velocity = self.momentum * *velocity + grad;
                *weight -= step.learning_rate * (grad + self.momentum * *velocity);
            }
        });
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        vec![momentum_knob(&mut self.momentum, 0.9)]
    }
}

pub(super) fn momentum_knob(momentum: &mut f32, default: f32) -> Knob<'_> {
    Knob::real(
        "momentum",
        "Momentum",
        momentum,
        0.0..=0.999,
        default,
        "How much of the last step is kept; close to 1 it overshoots and swings.",
    )
}
