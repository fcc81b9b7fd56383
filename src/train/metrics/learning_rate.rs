use super::Metric;

/// The learning rate that the optimizer took.
pub static LEARNING_RATE: Metric = Metric {
    key: "learning_rate",
    label: "Learning rate",
    help: "The learning rate of the step, as the schedule and the warm-up have it.",
    higher_is_better: None,
    step: Some(|probe| Some(probe.learning_rate)),
    ..Metric::NEW
};
