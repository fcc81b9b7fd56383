//! What the steps of a GAN have measured.

use serde::Serialize;

use crate::loss::LossSum;

/// The losses of some steps, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GanSum {
    /// The discriminator's losses on samples of the data, and how many of them it classified as real.
    pub real: LossSum,
    /// Its losses on generated samples, and how many of them it classified as generated.
    pub fake: LossSum,
    /// The generator's losses.
    pub generator: LossSum,
}

/// The means of a [`GanSum`], beside the discriminator's loss.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GanStat {
    /// Mean loss of the generator.
    pub generator_loss: f32,
    /// Share of the real samples that the discriminator classified as real, 0 to 1.
    pub real_accuracy: f32,
    /// Share of the generated samples that the discriminator classified as generated.
    pub fake_accuracy: f32,
}

impl GanSum {
    /// The sum over several steps.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            real: self.real.plus(other.real),
            fake: self.fake.plus(other.fake),
            generator: self.generator.plus(other.generator),
        }
    }

    /// The discriminator's: the mean over real samples and that over generated ones, added.
    pub fn discriminator_loss(&self) -> f64 {
        self.real.mean_loss() + self.fake.mean_loss()
    }

    /// The means.
    pub fn stat(&self) -> GanStat {
        GanStat {
            generator_loss: self.generator.mean_loss() as f32,
            real_accuracy: self.real.accuracy() as f32,
            fake_accuracy: self.fake.accuracy() as f32,
        }
    }
}
