use serde::{Deserialize, Serialize};

use super::regression::{Terms, mean_of_terms, one_hot};
use super::{Objective, shares_or_softmax};
use crate::nn::kernels::vector::{exp, sigmoid};

/// `mean max(z, 0) - z t + log(1 + e^-|z|)` over the outputs, on logits, so that nothing can overflow: every output
/// answers for itself whether it is its class. PyTorch's `BCEWithLogitsLoss`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BinaryCrossEntropy {}

impl Objective for BinaryCrossEntropy {
    fn help(&self) -> &'static str {
        "Every output says yes or no for its own class, without regard to the others."
    }

    fn formula(&self) -> &'static str {
        "mean of -log σ(z) at c and -log(1 - σ(z)) elsewhere"
    }

    fn sample(&self, outputs: &[f32], class: usize, grad: Option<(f32, &mut [f32])>) -> f32 {
        mean_of_terms(self, outputs, one_hot(class), grad)
    }

    /// The answers held against each other, since one of the classes is right.
    fn probabilities(&self, outputs: &mut [f32]) {
        shares_or_softmax(outputs, sigmoid);
    }
}

impl Terms for BinaryCrossEntropy {
    #[inline(always)]
    fn value(&self, z: f32, t: f32) -> f32 {
        z.max(0.0) - z * t + exp(-z.abs()).ln_1p()
    }

    #[inline(always)]
    fn slope(&self, z: f32, t: f32) -> f32 {
        sigmoid(z) - t
    }
}
