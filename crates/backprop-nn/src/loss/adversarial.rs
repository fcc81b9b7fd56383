use serde::{Deserialize, Serialize};

use super::LossSum;
use super::binary::BinaryCrossEntropy;
use super::regression::Terms;
use crate::field::Choice;

/// What generator and discriminator minimize. The discriminator gives one output `z` for each sample; the generator's
/// target is that its samples are classified as real.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Choice)]
#[serde(rename_all = "snake_case")]
pub enum AdversarialLoss {
    /// The loss of the first GAN: whether a sample is real, as a probability.
    ///
    /// Goodfellow et al. 2014, the generator's in the form that does not saturate.
    #[default]
    #[option(formula = "D: -log σ(z) real, -log(1 - σ(z)) generated; G: -log σ(z)")]
    Log,
    /// Has a gradient for samples that are classified well already, so that the generator keeps learning.
    ///
    /// Mao et al. 2017.
    #[option(formula = "D: (z - 1)²/2 real, z²/2 generated; G: (z - 1)²/2")]
    LeastSquares,
}

/// The discriminator's targets; the generator's target for its own samples is [`REAL`].
pub const GENERATED: f32 = 0.0;
/// See [`GENERATED`].
pub const REAL: f32 = 1.0;

impl AdversarialLoss {
    /// The loss of samples of which the discriminator says `outputs` and should say `target`; the gradient of its sum times
    /// `scale` is written to `grad`. Correct is what lies on the target's side of the middle.
    pub fn value_and_grad(self, outputs: &[f32], target: f32, scale: f32, grad: &mut [f32]) -> LossSum {
        let count = outputs.len();
        let mut sum = LossSum { samples: count, weight: count as f64, ..LossSum::default() };
        let middle = if self == Self::Log { 0.0 } else { 0.5 };
        for (z, grad) in outputs.iter().zip(grad) {
            let (value, derivative) = self.term(*z, target);
            sum.loss += f64::from(value);
            sum.correct += usize::from((*z > middle) == (target > 0.5));
            *grad = scale * derivative;
        }
        sum
    }

    /// The loss of one sample and its derivative.
    fn term(self, z: f32, target: f32) -> (f32, f32) {
        match self {
            Self::Log => (BinaryCrossEntropy {}.value(z, target), BinaryCrossEntropy {}.derivative(z, target)),
            Self::LeastSquares => ((z - target).powi(2) / 2.0, z - target),
        }
    }
}
