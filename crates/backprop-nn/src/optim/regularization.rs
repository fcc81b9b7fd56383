use serde::{Deserialize, Serialize};

use crate::field::Settings;
use crate::kernels::vectorized;
use crate::network::{Network, Subnetwork};
use crate::regularizer::Regularizer;
use crate::weights::{Param, Weights};

/// Penalties on large weights, limits on gradients and weights, and weight averaging; zero turns each off.
///
/// In the order in which a step applies them: clipping by value, clipping by norm, the penalties, the optimizer, max-norm,
/// the average, pruning. So the penalties are not clipped, and the loss that is shown is that of the samples alone, both as with
/// PyTorch's `weight_decay`; Keras adds its penalties to the loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
pub struct Regularization {
    /// L1 penalty: many weights approach zero. Try 0.00001; too large, and all do.
    ///
    /// `g ← g + λ₁ sign(w)`, the gradient of `λ₁ Σ|w|`. Together with L2 it is the elastic net. A layer may have more.
    #[field(label = "L1", default = 0.0, range = 0.0..=0.01, logarithmic)]
    pub l1: f32,
    /// L2 penalty: large weights shrink, against overfitting. Try 0.0001; too large, and nothing is learned.
    ///
    /// `g ← g + λ₂ w`, the gradient of `λ₂/2 Σw²`: PyTorch's `weight_decay`, of which Keras' `L2` is half. As in PyTorch,
    /// it applies to every parameter, biases too.
    #[field(label = "L2", default = 0.0, range = 0.0..=0.1, logarithmic)]
    pub l2: f32,
    /// Largest norm of the incoming weights of a unit. Try 3; too small, and the unit hardly reacts.
    ///
    /// `w ← w · min(1, c / ‖w‖)` for the kernel column of each unit (Srivastava et al. 2014); biases are left alone.
    #[field(label = "Max-norm", default = 0.0, range = 0.0..=10.0)]
    pub max_norm: f32,
    /// Largest absolute value of any number of the gradient. Changes its direction; too small makes all steps alike.
    ///
    /// `g ← min(max(g, -c), c)`
    #[field(label = "Clip by value", default = 0.0, range = 0.0..=10.0, logarithmic)]
    pub clip_value: f32,
    /// Largest norm of the whole gradient. Try 1 where the loss jumps; too small slows training down.
    ///
    /// `g ← g · min(1, c / ‖g‖)` (Pascanu et al. 2013).
    #[field(label = "Clip by norm", default = 0.0, range = 0.0..=10.0, logarithmic)]
    pub clip_norm: f32,
    /// Decay rate of a moving average of the weights, which is then evaluated and saved. 0.99 averages over about 100
    /// steps; near 1 it lags behind.
    ///
    /// `a ← d a + (1-d) w` after each step, from the weights of the first on (Polyak & Juditsky 1992, with PyTorch's
    /// exponential mean).
    #[field(label = "Weight average", default = 0.0, range = 0.0..=0.9999)]
    pub average: f32,
    /// Share of the weights of each kernel that are pruned, the smallest first: zero from the middle of the run on. Try 0.8
    /// for a smaller network; too many cost accuracy.
    ///
    /// `s(t) = s (1 - (1 - t)³)` over the first half of the run (Zhu & Gupta 2017).
    #[field(label = "Pruning", default = 0.0, range = 0.0..=0.99)]
    pub pruning: f32,
}

impl Regularization {
    /// Whether gradients and weights are left as the optimizer has them.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn clip_values(&self, gradient: &mut [f32]) {
        let largest = self.clip_value;
        if largest > 0.0 {
            vectorized!({
                for value in gradient {
                    *value = value.clamp(-largest, largest);
                }
            });
        }
    }

    /// What a gradient of this norm is multiplied by. The millionth is PyTorch's.
    pub(super) fn share_within_norm(&self, norm: f64) -> f32 {
        (f64::from(self.clip_norm) / (norm + 1e-6)).min(1.0) as f32
    }

    pub(super) fn add_penalties(&self, weights: &[f32], gradient: &mut [f32]) {
        Regularizer { l1: self.l1, l2: self.l2 }.add(weights, gradient);
    }

    /// Shortens every column of every kernel that is longer than the largest norm, as `torch.renorm` does. `factors` is
    /// kept by the caller, so that nothing is allocated for the next step.
    pub(super) fn hold_kernels(
        &self,
        network: &Network,
        subnetwork: &Subnetwork,
        weights: &mut Weights,
        factors: &mut Vec<f32>,
    ) {
        if self.max_norm <= 0.0 {
            return;
        }
        let moved = |param: &&Param| subnetwork.weights.contains(&param.range.start);
        for param in network.params().iter().filter(moved).filter(|param| param.info.is_kernel()) {
            let Some(columns) = param.info.dims.last().copied().filter(|columns| *columns > 0) else { continue };
            let kernel = &mut weights.values_mut()[param.range.clone()];
            factors.clear();
            factors.resize(columns, 0.0);
            hold_columns(kernel, factors, self.max_norm);
        }
    }
}

/// Shortens the columns of a matrix with as many columns as there are `factors`, which are zero.
fn hold_columns(matrix: &mut [f32], factors: &mut [f32], largest: f32) {
    let columns = factors.len();
    vectorized!({
        for row in matrix.chunks_exact(columns) {
            for (square, weight) in factors.iter_mut().zip(row) {
                *square += weight * weight;
            }
        }
        for factor in factors.iter_mut() {
            let norm = factor.sqrt();
            *factor = if norm > largest { largest / (norm + 1e-7) } else { 1.0 };
        }
        for row in matrix.chunks_exact_mut(columns) {
            for (weight, factor) in row.iter_mut().zip(factors.iter()) {
                *weight *= factor;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_columns_are_shortened() {
        let mut matrix = [3.0, 0.3, 4.0, 0.4];
        hold_columns(&mut matrix, &mut [0.0; 2], 1.0);
        for (got, expected) in matrix.iter().zip([0.6, 0.3, 0.8, 0.4]) {
            assert!((got - expected).abs() < 1e-6, "{matrix:?}");
        }
    }

    #[test]
    fn a_gradient_that_is_not_a_number_is_not_hidden_by_clipping() {
        let mut gradient = [f32::NAN, 5.0, f32::NEG_INFINITY];
        Regularization { clip_value: 1.0, ..Default::default() }.clip_values(&mut gradient);
        assert!(gradient[0].is_nan());
        assert_eq!(gradient[1..], [1.0, -1.0]);
    }
}
