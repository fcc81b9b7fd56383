use serde::{Deserialize, Serialize};

use super::{LrSchedule, half_wave};
use crate::field::Settings;

/// Rises to the full learning rate and falls far below where it began; tolerates a learning rate several times larger than
/// other schedules do.
///
/// Half a wave from s to 1 until r, then half a wave to e (Smith & Topin 2018): PyTorch's `OneCycleLR` with the learning
/// rate as `max_lr`, `s = 1/div_factor` and `e = s/final_div_factor`. Momentum stays as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(
    label = "One-cycle",
    formula = "ηₚ = η times half a cosine wave from s to 1 for p < r, then one from 1 to e"
)]
pub struct OneCycle {
    /// r, the share of the run in which the learning rate rises. Near 1, little is left to converge in.
    #[field(default = 0.3, range = 0.0..=0.9)]
    pub rise: f32,
    /// s, the share of the learning rate at the first step. Too large, and there is no warm-up.
    #[field(default = 0.04, range = 0.0..=1.0, logarithmic)]
    pub start: f32,
    /// Final learning rate as a share of the rate that is set. Too large, and the weights do not converge.
    #[field(default = 4e-6, range = 0.0..=1.0, logarithmic)]
    pub end: f32,
}

impl LrSchedule for OneCycle {
    fn factor(&self, progress: f32) -> f32 {
        let Self { rise, start, end } = *self;
        let progress = progress.clamp(0.0, 1.0);
        if progress < rise {
            half_wave(start, 1.0, progress / rise)
        } else {
            half_wave(1.0, end, (progress - rise) / (1.0 - rise))
        }
    }
}
