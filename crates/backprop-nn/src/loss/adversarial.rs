use serde::{Deserialize, Serialize};

use super::LossSum;
use super::binary::BinaryCrossEntropy;
use super::regression::Terms;
use crate::knob::{About, choice};

/// What two networks play for: the discriminator's one output `z` is to be the target of each sample, and the generator
/// wants its samples to be taken for real ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdversarialLoss {
    /// Goodfellow et al. 2014, the generator's in the form that does not saturate.
    #[default]
    Log,
    /// Mao et al. 2017.
    LeastSquares,
}

choice!(AdversarialLoss { Log => "Log", LeastSquares => "Least squares" } told);

/// What the discriminator is to say of a generated sample, and the generator of its own.
pub const GENERATED: f32 = 0.0;
pub const REAL: f32 = 1.0;

impl AdversarialLoss {
    fn told(self) -> About {
        match self {
            Self::Log => About {
                formula: "D: -log σ(z) real, -log(1 - σ(z)) generated; G: -log σ(z)",
                help: "The loss of the first adversarial networks: whether a sample is real, as a probability.",
            },
            Self::LeastSquares => About {
                formula: "D: (z - 1)²/2 real, z²/2 generated; G: (z - 1)²/2",
                help: "Pulls at samples that are told apart with ease as well, so that the generator never stands still.",
            },
        }
    }

    /// The loss of samples of which the discriminator says `outputs` and should say `target`; the gradient of its sum times
    /// `scale` is written to `grad`. Correct is what lies on the target's side of the middle.
    pub fn value_and_grad(self, outputs: &[f32], target: f32, scale: f32, grad: &mut [f32]) -> LossSum {
        let count = outputs.len();
        let mut sum = LossSum { samples: count, weight: count as f64, ..LossSum::default() };
        let middle = if self == Self::Log { 0.0 } else { 0.5 };
        for (z, grad) in outputs.iter().zip(grad) {
            let (value, slope) = self.term(*z, target);
            sum.loss += f64::from(value);
            sum.correct += usize::from((*z > middle) == (target > 0.5));
            *grad = scale * slope;
        }
        sum
    }

    /// The loss of one sample and its slope.
    fn term(self, z: f32, target: f32) -> (f32, f32) {
        match self {
            Self::Log => (BinaryCrossEntropy {}.value(z, target), BinaryCrossEntropy {}.slope(z, target)),
            Self::LeastSquares => ((z - target).powi(2) / 2.0, z - target),
        }
    }
}
