use serde::{Deserialize, Serialize};

use super::{LrSchedule, half_wave};
use crate::field::Settings;

/// Falls along half a cosine wave: slowly, then fast, then slowly, so that the weights converge. A run that is stopped
/// early has not converged yet.
///
/// Loshchilov & Hutter 2017, without restarts; PyTorch's `CosineAnnealingLR`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(formula = "ηₚ = η (e + (1-e) (1 + cos πp) / 2)")]
pub struct Cosine {
    /// Final learning rate as a share of the rate that is set. Too large, and the weights do not converge.
    #[field(default = 0.0, range = 0.0..=1.0, logarithmic)]
    pub end: f32,
}

/// Repeats the fall along half a cosine wave: each restart may leave a poor minimum, and costs some steps.
///
/// Each cycle is g times as long as the one before (Loshchilov & Hutter 2017); PyTorch's `CosineAnnealingWarmRestarts`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(label = "Cosine with restarts", formula = "ηₚ = η (e + (1-e) (1 + cos πc) / 2), c the share of the cycle")]
pub struct CosineRestarts {
    /// How often the learning rate falls. With many short cycles the weights never converge.
    #[field(default = 3, range = 1..=10)]
    pub cycles: usize,
    /// g, the length of each cycle relative to the one before. With a large one, the first cycles are very short.
    #[field(default = 1, range = 1..=4)]
    pub growth: usize,
    /// Final learning rate as a share of the rate that is set. Too large, and the weights do not converge.
    #[field(default = 0.0, range = 0.0..=1.0, logarithmic)]
    pub end: f32,
}

impl LrSchedule for Cosine {
    fn factor(&self, progress: f32) -> f32 {
        half_wave(1.0, self.end, progress.clamp(0.0, 1.0))
    }
}

impl LrSchedule for CosineRestarts {
    fn factor(&self, progress: f32) -> f32 {
        let growth = self.growth as f32;
        let all: f32 = (0..self.cycles).map(|cycle| growth.powi(cycle as i32)).sum();
        let (mut at, mut length) = (progress.clamp(0.0, 1.0) * all, 1.0);
        for _ in 1..self.cycles {
            // Rounding may leave the first step of a cycle a hair before it.
            if at < length * (1.0 - 1e-5) {
                break;
            }
            at = (at - length).max(0.0);
            length *= growth;
        }
        half_wave(1.0, self.end, (at / length).min(1.0))
    }
}
