use super::Metric;

/// How far a step moves the weights, as a share of their own length.
pub static UPDATE_RATIO: Metric = Metric {
    key: "update_ratio",
    label: "Update/weight ratio",
    help: "Length of a step over that of the weights, every few steps: about 0.001 is usual, much more is a learning rate too large.",
    higher_is_better: None,
    step: Some(|probe| {
        let norms = probe.norms.filter(|norms| norms.weights > 0.0)?;
        Some((norms.update / norms.weights) as f32)
    }),
    ..Metric::NEW
};
