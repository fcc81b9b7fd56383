//! Distillation: outputs are compared with what a trained network says of the same samples, besides their classes.

use super::LossSum;
use super::softmax::softmax;

/// How much of what another network says counts, and how softly it is said (Hinton et al. 2015, *Distilling the Knowledge in a
/// Neural Network*).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distillation {
    /// The share of the loss that compares with the other network, 0 to 1.
    pub share: f32,
    /// What the logits of both are divided by: above 1, unlikely classes count more.
    pub temperature: f32,
}

impl Distillation {
    /// Softens the probabilities of each sample, `[samples, classes]`: the softmax of the logits that they come from, divided
    /// by the temperature.
    pub fn soften(&self, probabilities: &mut [f32], classes: usize) {
        // What is 0 has a logit far below all others.
        let logit = |share: f32| share.max(f32::MIN_POSITIVE).ln() / self.temperature;
        probabilities.iter_mut().for_each(|share| *share = logit(*share));
        probabilities.chunks_exact_mut(classes.max(1)).for_each(softmax);
    }

    /// Blends a loss of logits `z`, `[samples, classes]`, and its gradient with the divergence from softened probabilities `q`.
    ///
    /// `(1 - s) loss + s T² KL(q ‖ softmax(z / T))`. The square keeps the gradient of the second term as large as that of the
    /// first. Its gradient is `s T (softmax(z / T) - q)` times `scale`.
    pub fn blend(&self, outputs: &[f32], soft: &[f32], scale: f32, sum: &mut LossSum, grad: &mut [f32]) {
        let Self { share, temperature } = *self;
        let classes = (outputs.len() / sum.samples.max(1)).max(1);
        let mut divergence = 0.0f64;
        let mut own = vec![0.0; classes];
        for ((outputs, soft), grad) in
            outputs.chunks_exact(classes).zip(soft.chunks_exact(classes)).zip(grad.chunks_exact_mut(classes))
        {
            own.iter_mut().zip(outputs).for_each(|(own, z)| *own = z / temperature);
            softmax(&mut own);
            for ((own, soft), grad) in own.iter().zip(soft).zip(grad) {
                *grad = (1.0 - share) * *grad + share * scale * temperature * (own - soft);
                if *soft > 0.0 {
                    divergence += f64::from(soft * (soft.ln() - own.max(f32::MIN_POSITIVE).ln()));
                }
            }
        }
        let (share, temperature) = (f64::from(share), f64::from(temperature));
        sum.loss = (1.0 - share) * sum.loss + share * temperature * temperature * divergence;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::{LossSpec, Targets};

    /// `tests/fixtures/distillation.py` prints what PyTorch's `cross_entropy` and `kl_div` give.
    #[test]
    fn loss_and_gradient_are_pytorchs() {
        let outputs = [0.3, -1.2, 2.0, 0.5, 0.1, -0.4];
        let mut soft = [1.0f32, 2.5, -0.7, 0.2, 0.0, 3.0];
        soft.chunks_exact_mut(3).for_each(softmax);
        let distillation = Distillation { share: 0.7, temperature: 4.0 };
        distillation.soften(&mut soft, 3);
        let mut grad = [0.0; 6];
        let mut sum = LossSpec::default().value_and_grad(&outputs, Targets::Classes(&[2, 0]), 0.5, &mut grad);
        distillation.blend(&outputs, &soft, 0.5, &mut sum, &mut grad);
        let expected = (1.849_201, [0.007_262, -0.351_132_2, 0.343_870_1, 0.087_007_6, 0.181_135_1, -0.268_142_5]);
        assert!((sum.mean_loss() - expected.0).abs() < 1e-6, "{} {}", sum.mean_loss(), expected.0);
        for (got, expected) in grad.iter().zip(expected.1) {
            assert!((got - expected).abs() < 1e-6, "{grad:?}");
        }
    }
}
