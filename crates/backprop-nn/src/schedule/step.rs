use serde::{Deserialize, Serialize};

use super::LrSchedule;
use crate::field::Settings;

/// Multiplies the learning rate by the factor at equal intervals: large steps at first, then finer ones. Each drop of the rate shows as a
/// drop of the loss.
///
/// PyTorch's `StepLR` with a step of an n-th of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(formula = "ηₚ = η γ^⌊n p⌋, n parts of the run, γ the factor")]
pub struct Step {
    /// n, equal parts of the run, each with a learning rate of its own. With too many, learning soon stops.
    #[field(default = 3, range = 1..=20)]
    pub parts: usize,
    /// γ, by which the learning rate is multiplied each time. Far below 1, learning soon stops.
    #[field(default = 0.1, range = 0.01..=1.0, logarithmic)]
    pub factor: f32,
}

impl LrSchedule for Step {
    fn factor(&self, progress: f32) -> f32 {
        // Rounding may leave the first step of a part a hair before it.
        let part = ((progress + 1e-6) * self.parts as f32).floor().min(self.parts as f32 - 1.0);
        self.factor.powf(part)
    }
}
