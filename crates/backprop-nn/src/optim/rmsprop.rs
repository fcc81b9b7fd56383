use serde::{Deserialize, Serialize};

use super::{Optimizer, Step};
use crate::field::Settings;
use crate::kernels::vectorized;

/// Divides each gradient by the root of its running mean square, so that steep and flat directions advance equally. Try a
/// learning rate near 0.001.
///
/// Tieleman & Hinton 2012; centered, v loses the square of the mean gradient, `m ← ρ m + (1-ρ) g`, `√(v - m²)` (Graves
/// 2013). PyTorch's definition; Keras takes ρ = 0.9, puts ε = 1e-7 under the root and η into b.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(label = "RMSprop", formula = "v ← ρ v + (1-ρ) g², b ← μ b + g / (√v + ε), w ← w - η b")]
pub struct Rmsprop {
    /// Decay rate of the running mean of the squared gradient, PyTorch's `alpha`. Small values make the step size jump.
    #[field(default = 0.99, range = 0.0..=0.9999)]
    pub rho: f32,
    /// Share of the last step that is kept. Near 1, the optimizer overshoots and oscillates.
    #[field(default = 0.0, range = 0.0..=0.999)]
    pub momentum: f32,
    /// Added to the denominator against division by zero. Large values make the steps of all weights alike.
    #[field(default = 1e-8, range = 1e-10..=1e-2, logarithmic)]
    pub epsilon: f32,
    /// Divides by the standard deviation of the gradient instead of its root mean square. Steps on an even slope get very
    /// long.
    #[field(default = false)]
    pub centered: bool,
}

impl Optimizer for Rmsprop {
    /// As many with every option off, so that they may be turned on while a run is on.
    fn memory(&self) -> &'static [&'static str] {
        &["v", "b", "ḡ"]
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
}
