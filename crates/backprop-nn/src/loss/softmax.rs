use serde::{Deserialize, Serialize};

use super::{ClassWeights, Loss};
use crate::field::Settings;
use crate::kernels::rows;
use crate::kernels::vector::exp;
use crate::kernels::vectorized;

/// The negative log-likelihood of the true class under a softmax of the outputs; the loss for one class out of several.
///
/// `-Σ t_k log p_k` with `p = softmax(z)`, computed on logits, so that neither part can overflow. The target `t` is 1 at
/// the class; smoothed by ε it gives away ε in equal parts to all classes (Szegedy et al. 2016). Class weights multiply
/// the targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(label = "Softmax cross-entropy", formula = "-log softmax(z)[c]")]
pub struct SoftmaxCrossEntropy {
    /// Share of the target that is spread over all classes, against overconfidence. Too large blurs the classes.
    #[field(default = 0.0, range = 0.0..=0.9)]
    pub label_smoothing: f32,
    /// Weight of the samples of each class in the loss. Balanced weights let rare classes count as much as frequent ones.
    #[field(default = ClassWeights::Equal)]
    pub class_weights: ClassWeights,
}

impl Loss for SoftmaxCrossEntropy {
    fn class_weights(&self) -> Option<&ClassWeights> {
        Some(&self.class_weights)
    }

    fn class_weights_mut(&mut self) -> Option<&mut ClassWeights> {
        Some(&mut self.class_weights)
    }

    /// The gradient is `p Σ t - t`.
    fn sample(&self, outputs: &[f32], class: usize, grad: Option<(f32, &mut [f32])>) -> f32 {
        let Self { label_smoothing: smoothing, class_weights: weights } = self;
        let sharp = (1.0 - smoothing) * weights.of(class);
        let given = |at: usize| smoothing / outputs.len() as f32 * weights.of(at);
        let target = if *smoothing > 0.0 { sharp + (0..outputs.len()).map(given).sum::<f32>() } else { sharp };

        let largest = rows::max(outputs);
        let sum = match grad {
            None if rows::is_short(outputs) => vectorized!(outputs.iter().map(|z| exp(z - largest)).sum::<f32>()),
            None => vectorized!(rows::sum(outputs, outputs, |z, _| exp(z - largest))),
            Some((scale, grad)) => {
                grad.copy_from_slice(outputs);
                let sum = exponentials(grad, largest);
                let factor = scale * target / sum;
                grad.iter_mut().for_each(|grad| *grad *= factor);
                grad[class] -= scale * sharp;
                if *smoothing > 0.0 {
                    grad.iter_mut().enumerate().for_each(|(at, grad)| *grad -= scale * given(at));
                }
                sum
            }
        };
        let surprise = |z: f32| sum.ln() + largest - z;
        let mut loss = sharp * surprise(outputs[class]);
        if *smoothing > 0.0 {
            loss += outputs.iter().enumerate().map(|(at, z)| given(at) * surprise(*z)).sum::<f32>();
        }
        loss
    }
}

/// Exponentials divided by their sum, moved so that none overflows.
pub fn softmax(values: &mut [f32]) {
    let largest = rows::max(values);
    let sum = exponentials(values, largest);
    values.iter_mut().for_each(|value| *value /= sum);
}

/// Replaces every `z` by `exp(z - largest)` and tells their sum.
pub(super) fn exponentials(values: &mut [f32], largest: f32) -> f32 {
    vectorized!(values.iter_mut().for_each(|value| *value = exp(*value - largest)));
    if rows::is_short(values) { values.iter().sum() } else { vectorized!(rows::sum(values, values, |value, _| value)) }
}
