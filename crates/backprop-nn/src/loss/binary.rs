use serde::{Deserialize, Serialize};

use super::regression::Terms;
use crate::activation::Function;
use crate::field::Settings;
use crate::kernels::vector::{exp, ln, sigmoid};

/// Cross-entropy of every output on its own: whether a sample is of its class, regardless of the others, or how bright
/// its pixel is.
///
/// `mean max(z, 0) - z t + log(1 + e^-|z|)` over the outputs, on logits, so that nothing can overflow. PyTorch's
/// `BCEWithLogitsLoss`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(
    label = "Binary cross-entropy",
    formula = "mean -t log σ(z) - (1-t) log(1 - σ(z)), t is the target, or 1 at c and 0 elsewhere"
)]
pub struct BinaryCrossEntropy {}

impl Terms for BinaryCrossEntropy {
    #[inline(always)]
    fn value(&self, z: f32, t: f32) -> f32 {
        z.max(0.0) - z * t + ln_1p(exp(-z.abs()))
    }

    #[inline(always)]
    fn derivative(&self, z: f32, t: f32) -> f32 {
        sigmoid(z) - t
    }

    fn takes_only_shares(&self) -> bool {
        true
    }

    fn prediction(&self) -> Function {
        Function::Sigmoid
    }

    /// Since one of the classes is right.
    fn share(&self) -> Function {
        Function::Sigmoid
    }
}

/// `ln(1 + x)` of a number from 0 to 1, exact where it is small (Kahan's way): what `1 + x` is rounded by cancels out.
#[inline(always)]
fn ln_1p(x: f32) -> f32 {
    let sum = 1.0 + x;
    if sum == 1.0 { x } else { ln(sum) * x / (sum - 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_beside_one_is_exact_to_the_rounding() {
        for x in (0..=60).map(|at| 0.5f32.powi(at) * 0.9) {
            let exact = f64::from(x).ln_1p();
            assert!((f64::from(ln_1p(x)) / exact - 1.0).abs() < 3e-7, "{x}: {}, not {exact}", ln_1p(x));
        }
        assert_eq!(ln_1p(0.0), 0.0);
    }
}
