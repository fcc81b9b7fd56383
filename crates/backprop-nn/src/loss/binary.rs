use serde::{Deserialize, Serialize};

use super::regression::{Terms, listed, mean_of_terms, one_hot};
use super::{Objective, shares_or_softmax};
use crate::kernels::vector::{exp, ln, sigmoid};

/// `mean max(z, 0) - z t + log(1 + e^-|z|)` over the outputs, on logits, so that nothing can overflow: every output
/// answers for itself whether it is its class. PyTorch's `BCEWithLogitsLoss`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BinaryCrossEntropy {}

impl Objective for BinaryCrossEntropy {
    fn help(&self) -> &'static str {
        "Every output says yes or no for its own class, without regard to the others, or how bright its own pixel is."
    }

    fn formula(&self) -> &'static str {
        "mean -t log σ(z) - (1-t) log(1 - σ(z)), t is the target, or 1 at c and 0 elsewhere"
    }

    fn sample(&self, outputs: &[f32], class: usize, grad: Option<(f32, &mut [f32])>) -> f32 {
        mean_of_terms(self, outputs, one_hot(class), grad)
    }

    fn sample_numbers(&self, outputs: &[f32], targets: &[f32], grad: Option<(f32, &mut [f32])>) -> Option<f32> {
        Some(mean_of_terms(self, outputs, listed(&targets[..outputs.len()]), grad))
    }

    fn wants_shares(&self) -> bool {
        true
    }

    fn numbers(&self, outputs: &mut [f32]) {
        outputs.iter_mut().for_each(|z| *z = sigmoid(*z));
    }

    /// The answers held against each other, since one of the classes is right.
    fn probabilities(&self, outputs: &mut [f32]) {
        shares_or_softmax(outputs, sigmoid);
    }
}

impl Terms for BinaryCrossEntropy {
    #[inline(always)]
    fn value(&self, z: f32, t: f32) -> f32 {
        z.max(0.0) - z * t + ln_1p(exp(-z.abs()))
    }

    #[inline(always)]
    fn slope(&self, z: f32, t: f32) -> f32 {
        sigmoid(z) - t
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
