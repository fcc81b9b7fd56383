use serde::{Deserialize, Serialize};

use super::softmax::exponentials;
use super::{ClassWeights, Objective, softmax};
use crate::kernels::vector::exp;
use crate::kernels::vectorized;
use crate::knob::Knob;

/// `-α_c (1 - p)^γ log p` with `p = softmax(z)[c]` (Lin et al. 2017, for one class out of several): what is read well
/// already hardly counts any more. The α of the classes are the class weights; the paper, too, takes the inverse
/// frequency for them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Focal {
    pub gamma: f32,
    pub class_weights: ClassWeights,
}

impl Default for Focal {
    fn default() -> Self {
        Self { gamma: 2.0, class_weights: ClassWeights::Equal }
    }
}

impl Objective for Focal {
    fn help(&self) -> &'static str {
        "Cross-entropy that turns to the samples which are still read badly; made for classes of very different size."
    }

    fn formula(&self) -> &'static str {
        "-(1 - softmax(z)[c])^γ log softmax(z)[c]"
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { gamma, class_weights } = self;
        vec![
            Knob::real(
                "gamma",
                "Gamma",
                gamma,
                0.0..=5.0,
                2.0,
                "How strongly well-read samples are put back; at 0 it is cross-entropy, and a large one forgets easy classes.",
            ),
            Knob::choice(ClassWeights::KEY, ClassWeights::LABEL, class_weights, ClassWeights::HELP),
        ]
    }

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

    fn probabilities(&self, outputs: &mut [f32]) {
        softmax(outputs);
    }
}
