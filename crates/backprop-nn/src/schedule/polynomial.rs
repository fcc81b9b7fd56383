use serde::{Deserialize, Serialize};

use super::LrSchedule;
use crate::field::Settings;

/// Falls along a straight line, or with a larger power fast at first and slowly at the end.
///
/// PyTorch's `PolynomialLR` where the end is 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(formula = "ηₚ = η (e + (1-e) (1-p)ᵏ), k the power")]
pub struct Polynomial {
    /// k. 1 is a straight line; a large power spends most of the run at a tiny learning rate.
    #[field(default = 1.0, range = 0.1..=5.0)]
    pub power: f32,
    /// Final learning rate as a share of the rate that is set. Too large, and the weights do not converge.
    #[field(default = 0.0, range = 0.0..=1.0, logarithmic)]
    pub end: f32,
}

impl LrSchedule for Polynomial {
    fn factor(&self, progress: f32) -> f32 {
        self.end + (1.0 - self.end) * (1.0 - progress.clamp(0.0, 1.0)).powf(self.power)
    }
}
