//! What can be measured of a step and of an epoch.

use backprop_nn::gan::GanSum;
use backprop_nn::loss::LossSum;
use backprop_nn::optim::StepNorms;

/// Sums of the losses of one or more steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StepSum {
    /// Losses on classes.
    Classes(LossSum),
    /// Losses on numbers: the targets, or the sample itself.
    Numbers(LossSum),
    /// Losses on the tokens of so many samples.
    #[expect(missing_docs, reason = "the names say it")]
    Tokens { sum: LossSum, samples: usize },
    /// Losses of a generator and its discriminator.
    Gan(GanSum),
}

impl StepSum {
    /// The sum over several steps of one run.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Classes(sum), Self::Classes(other)) => Self::Classes(sum.plus(other)),
            (Self::Numbers(sum), Self::Numbers(other)) => Self::Numbers(sum.plus(other)),
            (Self::Tokens { sum, samples }, Self::Tokens { sum: other, samples: more }) => {
                Self::Tokens { sum: sum.plus(other), samples: samples + more }
            }
            (Self::Gan(sum), Self::Gan(other)) => Self::Gan(sum.plus(other)),
            (_, other) => {
                debug_assert!(false, "the steps of one run measure the same");
                other
            }
        }
    }

    /// The mean loss; for a GAN, of the discriminator.
    pub fn loss(&self) -> f32 {
        match self {
            Self::Classes(sum) | Self::Numbers(sum) | Self::Tokens { sum, .. } => sum.mean_loss() as f32,
            Self::Gan(sum) => sum.discriminator_loss() as f32,
        }
    }

    /// Share of the samples that are classified correctly, where there are classes.
    pub fn accuracy(&self) -> Option<f32> {
        match self {
            Self::Classes(sum) => Some(sum.accuracy() as f32),
            Self::Numbers(_) | Self::Tokens { .. } | Self::Gan(_) => None,
        }
    }

    /// Share of the steps whose next token is the most likely one, where there are tokens.
    pub fn token_accuracy(&self) -> Option<f32> {
        match self {
            Self::Tokens { sum, .. } => Some(sum.accuracy() as f32),
            Self::Classes(_) | Self::Numbers(_) | Self::Gan(_) => None,
        }
    }

    /// Number of samples of the data.
    pub fn samples(&self) -> usize {
        match self {
            Self::Classes(sum) | Self::Numbers(sum) => sum.samples,
            Self::Tokens { samples, .. } => *samples,
            Self::Gan(sum) => sum.real.samples,
        }
    }

    /// Whether all losses are numbers.
    pub fn is_finite(&self) -> bool {
        let generator = match self {
            Self::Gan(sum) => sum.generator.mean_loss(),
            Self::Classes(_) | Self::Numbers(_) | Self::Tokens { .. } => 0.0,
        };
        self.loss().is_finite() && generator.is_finite()
    }
}

/// One optimizer step.
pub struct StepProbe {
    /// Loss on the batch, before the step.
    pub sum: StepSum,
    /// The learning rate of the step.
    pub learning_rate: f32,
    /// Norms of gradient and update; measured only every few steps.
    pub norms: Option<StepNorms>,
}

/// The steps of an epoch together.
pub struct EpochProbe {
    /// Sum over the steps, each on its batch before its update.
    pub sum: StepSum,
    /// Time of the steps alone, without pauses and the evaluation at the end.
    pub seconds: f64,
}
