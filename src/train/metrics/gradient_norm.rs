use super::Metric;

/// Length of the gradient of all weights.
pub static GRADIENT_NORM: Metric = Metric {
    key: "gradient_norm",
    label: "Gradient norm",
    help: "Length of the gradient of all weights (L2 norm), every few steps: near 0 it vanishes, and where it jumps it explodes.",
    higher_is_better: None,
    step: Some(|probe| Some(probe.norms?.gradient as f32)),
    ..Metric::NEW
};
