use super::Metric;

/// Training samples per second.
pub static SAMPLES_PER_SECOND: Metric = Metric {
    key: "samples_per_s",
    label: "Samples per second",
    help: "Training samples per second, without pauses and without the evaluation at the end of an epoch.",
    epoch: Some(|probe| Some(probe.sum.samples() as f64 / probe.seconds).filter(|rate| rate.is_finite())),
    ..Metric::NEW
};
