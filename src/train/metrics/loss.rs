use super::{Measured, Metric};

/// What training minimizes; of a GAN the discriminator's.
pub static LOSS: Metric = Metric {
    key: "loss",
    label: "Loss",
    help: "What training minimizes, as a mean over the samples; of a GAN that of the discriminator.",
    higher_is_better: Some(false),
    step: Some(|probe| Some(probe.sum.loss())),
    epoch: Some(|probe| Some(f64::from(probe.sum.loss()))),
    subset: Some(|evaluation| Measured::Value(f64::from(evaluation.loss))),
    ..Metric::NEW
};
