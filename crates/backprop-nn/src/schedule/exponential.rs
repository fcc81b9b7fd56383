use serde::{Deserialize, Serialize};

use super::LrSchedule;
use crate::field::Settings;

/// Multiplies the learning rate by the same factor in every step: a steep fall at first, then an ever slower one.
///
/// PyTorch's `ExponentialLR` with `γ = e^(1/steps)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(formula = "ηₚ = η eᵖ, from η to η e")]
pub struct Exponential {
    /// Final learning rate as a share of the rate that is set. Too large, and the weights do not converge.
    #[field(default = 0.01, range = 1e-6..=1.0, logarithmic)]
    pub end: f32,
}

impl LrSchedule for Exponential {
    fn factor(&self, progress: f32) -> f32 {
        self.end.powf(progress)
    }
}
