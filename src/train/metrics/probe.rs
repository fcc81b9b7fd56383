//! What can be measured of a step and of an epoch.

use backprop_nn::gan::GanSum;
use backprop_nn::loss::LossSum;
use backprop_nn::optim::StepNorms;

/// What one or more steps have added up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StepSum {
    /// Against classes.
    Classes(LossSum),
    /// Against numbers, those of the targets or of the sample itself.
    Numbers(LossSum),
    /// Of a generator and its discriminator.
    Gan(GanSum),
}

impl StepSum {
    /// The sum over several steps of one run.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Classes(sum), Self::Classes(other)) => Self::Classes(sum.plus(other)),
            (Self::Numbers(sum), Self::Numbers(other)) => Self::Numbers(sum.plus(other)),
            (Self::Gan(sum), Self::Gan(other)) => Self::Gan(sum.plus(other)),
            (_, other) => {
                debug_assert!(false, "the steps of one run measure the same");
                other
            }
        }
    }

    /// The mean loss, of a GAN the discriminator's.
    pub fn loss(&self) -> f32 {
        match self {
            Self::Classes(sum) | Self::Numbers(sum) => sum.mean_loss() as f32,
            Self::Gan(sum) => sum.discriminator_loss() as f32,
        }
    }

    /// Share of the samples that are classified correctly, where there are classes.
    pub fn accuracy(&self) -> Option<f32> {
        match self {
            Self::Classes(sum) => Some(sum.accuracy() as f32),
            Self::Numbers(_) | Self::Gan(_) => None,
        }
    }

    /// Samples of the data.
    pub fn samples(&self) -> usize {
        match self {
            Self::Classes(sum) | Self::Numbers(sum) => sum.samples,
            Self::Gan(sum) => sum.real.samples,
        }
    }

    /// Whether all losses are numbers.
    pub fn is_finite(&self) -> bool {
        let generator = match self {
            Self::Gan(sum) => sum.generator.mean_loss(),
            Self::Classes(_) | Self::Numbers(_) => 0.0,
        };
        self.loss().is_finite() && generator.is_finite()
    }
}

/// One optimizer step.
pub struct StepProbe {
    /// On its batch, before the step.
    pub sum: StepSum,
    /// The learning rate that it took.
    pub learning_rate: f32,
    /// How large gradient and update are, of every few steps.
    pub norms: Option<StepNorms>,
}

/// The steps of an epoch together.
pub struct EpochProbe {
    /// Each on its batch, before its step.
    pub sum: StepSum,
    /// Time of the steps alone, without pauses and the evaluation at the end.
    pub seconds: f64,
}
