use serde::{Deserialize, Serialize};

use super::softmax::exponentials;
use super::{ClassWeights, Loss};
use crate::field::Settings;
use crate::kernels::vector::exp;
use crate::kernels::vectorized;

/// Cross-entropy that down-weights samples that are classified well already; made for very unbalanced classes.
///
/// `-α_c (1 - p)^γ log p` with `p = softmax(z)[c]` (Lin et al. 2017, for one class out of several). The α of the classes
/// are the class weights; the paper, too, takes the inverse frequency for them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(formula = "-(1 - softmax(z)[c])^γ log softmax(z)[c]")]
pub struct Focal {
    /// Strength of the down-weighting. 0 is cross-entropy; a large value neglects easy classes.
    #[field(default = 2.0, range = 0.0..=5.0)]
    pub gamma: f32,
    /// Weight of the samples of each class in the loss. Balanced weights let rare classes count as much as frequent ones.
    #[field(default = ClassWeights::Equal)]
    pub class_weights: ClassWeights,
}

impl Loss for Focal {
    fn class_weights(&self) -> Option<&ClassWeights> {
        Some(&self.class_weights)
    }

    fn class_weights_mut(&mut self) -> Option<&mut ClassWeights> {
        Some(&mut self.class_weights)
    }

    /// With `q = 1 - p` the gradient is `A (softmax(z) - one_hot(c))`, `A = q^γ - γ p q^(γ-1) log p`.
    fn sample(&self, outputs: &[f32], class: usize, grad: Option<(f32, &mut [f32])>) -> f32 {
        let (weight, gamma) = (self.class_weights.of(class), self.gamma);
        let largest = outputs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let logit = outputs[class] - largest;
        // The others are added up by themselves, since 1 - p has no digits left where p is close to 1.
        let others = outputs[..class].iter().chain(&outputs[class + 1..]);
        let (own, others) = (exp(logit), vectorized!(others.map(|z| exp(z - largest)).sum::<f32>()));
        let sum = own + others;
        let (p, q) = (own / sum, others / sum);
        // Not quite zero, whose negative powers are infinite; written so that NaN stays NaN.
        let q = if q < f32::MIN_POSITIVE { f32::MIN_POSITIVE } else { q };
        let log = if q < 0.5 { (-q).ln_1p() } else { logit - sum.ln() };
        let focus = q.powf(gamma);
        if let Some((scale, grad)) = grad {
            let factor = scale * weight * (focus - gamma * p * (focus / q) * log);
            grad.copy_from_slice(outputs);
            exponentials(grad, largest);
            grad.iter_mut().for_each(|grad| *grad *= factor / sum);
            grad[class] = -factor * q;
        }
        -weight * focus * log
    }
}
