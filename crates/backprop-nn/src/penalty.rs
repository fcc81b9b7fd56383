//! What large weights pay.

use serde::{Deserialize, Serialize};

use super::kernels::vectorized;
use super::knob::Knob;
use super::optim::sign;

/// `g ← g + λ₁ sign(w) + λ₂ w`, the gradient of `λ₁ Σ|w| + λ₂/2 Σw²`: L1, L2, or both as the elastic net. λ₂ is PyTorch's
/// `weight_decay`, of which Keras' `L2` is half.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Penalty {
    pub l1: f32,
    pub l2: f32,
}

impl Penalty {
    pub fn is_none(self) -> bool {
        self == Self::default()
    }

    /// Of the kernels of one layer, as Keras' `kernel_regularizer`; zero is off.
    pub fn knobs(&mut self) -> [Knob<'_>; 2] {
        let Self { l1, l2 } = self;
        let l1 = Knob::real(
            "penalty.l1",
            "L1 here",
            l1,
            0.0..=0.01,
            0.0,
            "Pulls the weights of this layer to zero at the same pace, on top of what all layers pay; too much leaves none.",
        );
        let l2 = Knob::real(
            "penalty.l2",
            "L2 here",
            l2,
            0.0..=0.1,
            0.0,
            "Pulls large weights of this layer harder to zero, on top of what all layers pay; with too much it learns nothing.",
        );
        [l1.logarithmic(), l2.logarithmic()]
    }

    pub(super) fn add(self, weights: &[f32], gradient: &mut [f32]) {
        let Self { l1, l2 } = self;
        if !self.is_none() {
            vectorized!({
                for (slope, weight) in gradient.iter_mut().zip(weights) {
                    *slope += l2 * weight + l1 * sign(*weight);
                }
            });
        }
    }
}
