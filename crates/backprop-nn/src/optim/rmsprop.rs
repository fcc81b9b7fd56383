use serde::{Deserialize, Serialize};

use super::sgd::momentum_knob;
use super::{Rule, Step, epsilon_knob};
use crate::kernels::vectorized;
use crate::knob::Knob;

/// `v ← ρ v + (1-ρ) g²`, `b ← μ b + g / (√v + ε)`, `w ← w - η b` (Tieleman & Hinton 2012); centered, v loses the square
/// of the mean gradient, `m ← ρ m + (1-ρ) g`, `√(v - m²)` (Graves 2013). PyTorch's definition; Keras takes ρ = 0.9,
/// puts ε = 1e-7 under the root and η into b.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rmsprop {
    /// ρ, PyTorch's `alpha`.
    pub rho: f32,
    pub momentum: f32,
    pub epsilon: f32,
    pub centered: bool,
}

impl Default for Rmsprop {
    fn default() -> Self {
        Self { rho: 0.99, momentum: 0.0, epsilon: 1e-8, centered: false }
    }
}

impl Rule for Rmsprop {
    fn label(&self) -> &'static str {
        "RMSprop"
    }

    fn help(&self) -> &'static str {
        "Divides each slope by its usual size, so that steep and flat directions go equally fast. Try a learning rate near 0.001."
    }

    fn formula(&self) -> &'static str {
        "v ← ρ v + (1-ρ) g², b ← μ b + g / (√v + ε), w ← w - η b"
    }

    /// As many with every option off, so that they may be turned on while a run is on.
    fn slots(&self) -> usize {
        3
    }

    fn update(&self, step: Step, weights: &mut [f32], grad: &[f32], state: &mut [f32]) {
        let Self { rho, momentum, epsilon, centered } = *self;
        let (squares, rest) = state.split_at_mut(weights.len());
        let (velocity, mean) = rest.split_at_mut(weights.len());
        vectorized!({
            let slots = squares.iter_mut().zip(velocity).zip(mean);
            for ((weight, grad), ((v, velocity), mean)) in weights.iter_mut().zip(grad).zip(slots) {
                *v = rho * *v + (1.0 - rho) * grad * grad;
                let mut spread = *v;
                if centered {
                    *mean = rho * *mean + (1.0 - rho) * grad;
                    // Rounding may take a hair more than there is.
                    spread = (spread - *mean * *mean).max(0.0);
                }
                *velocity = momentum * *velocity + grad / (spread.sqrt() + epsilon);
                *weight -= step.learning_rate * *velocity;
            }
        });
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { rho, momentum, epsilon, centered } = self;
        vec![
            Knob::real(
                "rho",
                "Rho",
                rho,
                0.0..=0.9999,
                0.99,
                "How long the size of the slope is remembered; a short memory makes the steps jump.",
            ),
            momentum_knob(momentum, 0.0),
            epsilon_knob(epsilon, 1e-8),
            Knob::switch(
                "centered",
                "Centered",
                centered,
                false,
                "Measures how much a slope varies and not how large it is; steps on an even slope get very long.",
            ),
        ]
    }
}
