//! The loss of samples that were blended in pairs (mix-up).

use super::{LossSpec, LossSum, Targets, argmax};

/// How the samples of a shard were blended, each with its neighbour: the first with the second, and so on. The last of an
/// odd number has no neighbour and is whole.
pub struct Blend<'a> {
    /// The share that each sample has kept of itself, the same for both of a pair.
    pub shares: &'a [f32],
    /// Room for the gradient of one sample.
    pub scratch: &'a mut [f32],
}

impl LossSpec {
    /// As [`Self::value_and_grad`] of blended samples: `λ loss(y₁) + (1 - λ) loss(y₂)` (Zhang et al. 2018). Since both of a
    /// pair are blended alike, a batch weighs together what its samples weighed before. Read right is what is read as the
    /// class that has the larger share.
    pub fn blended_value_and_grad(
        &self,
        outputs: &[f32],
        targets: Targets<'_>,
        blend: Blend<'_>,
        scale: f32,
        grad: &mut [f32],
    ) -> LossSum {
        let samples = targets.len();
        let mut sum = LossSum { samples, ..LossSum::default() };
        let width = (outputs.len() / samples.max(1)).max(1);
        let rows = outputs.chunks_exact(width).zip(grad.chunks_exact_mut(width));
        for (row, ((outputs, grad), &own)) in rows.zip(blend.shares).enumerate() {
            let neighbour = Some(row ^ 1).filter(|neighbour| *neighbour < samples);
            let (loss, weight) = self.of_row(outputs, targets, row, Some((scale * own, grad)));
            (sum.loss, sum.weight) = (sum.loss + f64::from(own) * loss, sum.weight + f64::from(own) * weight);
            if let Some(neighbour) = neighbour {
                let (other, scratch) = (1.0 - own, &mut blend.scratch[..width]);
                let (loss, weight) = self.of_row(outputs, targets, neighbour, Some((scale * other, scratch)));
                (sum.loss, sum.weight) = (sum.loss + f64::from(other) * loss, sum.weight + f64::from(other) * weight);
                grad.iter_mut().zip(scratch).for_each(|(grad, more)| *grad += *more);
            }
            if let Targets::Classes(classes) = targets {
                let ruling = neighbour.filter(|_| own < 0.5).unwrap_or(row);
                sum.correct += usize::from(argmax(outputs) == usize::from(classes[ruling]));
            }
        }
        sum
    }
}
