use serde::{Deserialize, Serialize};

use super::LrSchedule;
use crate::field::Settings;

/// Reduces the learning rate when the validation loss stops improving; needs validation samples.
///
/// Multiplies it by γ whenever the validation loss has not fallen by a ten-thousandth for more than `patience` epochs:
/// PyTorch's `ReduceLROnPlateau` (its patience is 10, for longer runs than here). When that will be is not known before
/// the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(label = "Reduce on plateau", formula = "ηₚ = η γᵏ, k reductions so far")]
pub struct Plateau {
    /// Epochs without improvement before the learning rate is reduced. With 0, a single bad epoch reduces it.
    #[field(default = 2, range = 0..=100)]
    pub patience: usize,
    /// γ, by which the learning rate is multiplied each time. Far below 1, learning soon stops.
    #[field(default = 0.1, range = 0.01..=1.0, logarithmic)]
    pub factor: f32,
}

impl LrSchedule for Plateau {
    fn factor(&self, _progress: f32) -> f32 {
        1.0
    }
}
