use super::{ClassPredictions, Metric, Unit};

/// Share of the samples that are classified correctly.
pub static ACCURACY: Metric = Metric {
    key: "accuracy",
    label: "Accuracy",
    help: "Share of the samples that are classified correctly.",
    unit: Unit::Percent,
    step: Some(|probe| probe.sum.accuracy()),
    epoch: Some(|probe| probe.sum.accuracy().map(f64::from)),
    subset: Some(|evaluation| {
        evaluation.of_classes(|predictions| Some(f64::from(ClassPredictions::accuracy(predictions))))
    }),
    ..Metric::NEW
};
