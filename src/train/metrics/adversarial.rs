//! What the steps of a GAN measure besides the discriminator's loss.

use super::{Metric, StepSum, Unit};
use backprop_nn::gan::GanStat;

fn stat(sum: &StepSum) -> Option<GanStat> {
    match sum {
        StepSum::Gan(sum) => Some(sum.stat()),
        StepSum::Classes(_) | StepSum::Numbers(_) | StepSum::Tokens { .. } => None,
    }
}

/// Mean loss of the generator.
pub static GENERATOR_LOSS: Metric = Metric {
    key: "generator_loss",
    label: "Generator loss",
    help: "Mean loss of the generator: it falls as the discriminator judges its samples to be real.",
    higher_is_better: None,
    step: Some(|probe| Some(stat(&probe.sum)?.generator_loss)),
    epoch: Some(|probe| Some(stat(&probe.sum)?.generator_loss.into())),
    ..Metric::NEW
};

/// Share of the real samples that the discriminator classifies as real.
pub static REAL_ACCURACY: Metric = Metric {
    key: "real_accuracy",
    label: "Discriminator accuracy (real)",
    help: "Share of the real samples that the discriminator classifies as real.",
    unit: Unit::Percent,
    higher_is_better: None,
    step: Some(|probe| Some(stat(&probe.sum)?.real_accuracy)),
    epoch: Some(|probe| Some(stat(&probe.sum)?.real_accuracy.into())),
    ..Metric::NEW
};

/// Share of the generated samples that the discriminator classifies as generated.
pub static FAKE_ACCURACY: Metric = Metric {
    key: "fake_accuracy",
    label: "Discriminator accuracy (generated)",
    help: "Share of the generated samples that the discriminator classifies as generated.",
    unit: Unit::Percent,
    higher_is_better: None,
    step: Some(|probe| Some(stat(&probe.sum)?.fake_accuracy)),
    epoch: Some(|probe| Some(stat(&probe.sum)?.fake_accuracy.into())),
    ..Metric::NEW
};
