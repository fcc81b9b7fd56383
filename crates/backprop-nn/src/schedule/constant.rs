use serde::{Deserialize, Serialize};

use super::LrSchedule;
use crate::field::Settings;

/// The same learning rate in every step: simple, but the weights keep fluctuating around the minimum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(formula = "ηₚ = η")]
pub struct Constant {}

impl LrSchedule for Constant {
    fn factor(&self, _progress: f32) -> f32 {
        1.0
    }
}
