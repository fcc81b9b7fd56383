//! L1 and L2 penalties on the weights.

use serde::{Deserialize, Serialize};

use crate::field::Settings;
use crate::kernels::vectorized;
use crate::optim::sign;

/// L1 and L2 penalties on the kernels of one layer, Keras' `kernel_regularizer`; zero is off.
///
/// `g ← g + λ₁ sign(w) + λ₂ w`, the gradient of `λ₁ Σ|w| + λ₂/2 Σw²`: L1, L2, or both as the elastic net. λ₂ is PyTorch's
/// `weight_decay`, of which Keras' `L2` is half.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
pub struct Regularizer {
    /// L1 penalty on this layer's kernel, on top of that on all weights: many weights approach zero. Too large, and all do.
    #[field(key = "penalty.l1", label = "L1 (layer)", default = 0.0, range = 0.0..=0.01, logarithmic)]
    pub l1: f32,
    /// L2 penalty on this layer's kernel, on top of that on all weights: large weights shrink. Too large, and the layer
    /// learns nothing.
    #[field(key = "penalty.l2", label = "L2 (layer)", default = 0.0, range = 0.0..=0.1, logarithmic)]
    pub l2: f32,
}

impl Regularizer {
    /// Whether it changes nothing.
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    pub(super) fn add(self, weights: &[f32], gradient: &mut [f32]) {
        let Self { l1, l2 } = self;
        if !self.is_none() {
            vectorized!({
                for (gradient, weight) in gradient.iter_mut().zip(weights) {
                    *gradient += l2 * weight + l1 * sign(*weight);
                }
            });
        }
    }
}
