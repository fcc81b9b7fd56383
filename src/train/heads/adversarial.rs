use super::{Goal, Head, Line, Plot, Results};
use crate::data::{Inputs, Scaling};
use crate::train::metrics::{
    FAKE_ACCURACY, GENERATOR_LOSS, LOSS, Metric, Predictions, REAL_ACCURACY, ReconstructionPredictions,
};
use backprop_nn::LossSpec;

const PLOTS: [Plot; 2] = [
    Plot {
        title: "Loss",
        lines: &[Line::Network(&LOSS, "discriminator", false), Line::Network(&GENERATOR_LOSS, "generator", true)],
    },
    Plot {
        title: "Discriminator accuracy",
        lines: &[Line::Network(&REAL_ACCURACY, "real", false), Line::Network(&FAKE_ACCURACY, "generated", true)],
    },
];

/// Samples such as those of the data, out of noise.
pub struct Adversarial {}

impl Head for Adversarial {
    fn name(&self) -> &'static str {
        "adversarial training"
    }

    fn takes(&self, goal: &Goal<'_>) -> bool {
        goal.is_generator
    }

    fn results(&self) -> Results {
        Results::Samples
    }

    fn is_evaluated(&self) -> bool {
        false
    }

    /// The discriminator stands in for the loss, which plays no part.
    fn refuses(&self, _loss: &LossSpec, _inputs: &Inputs) -> Option<&'static str> {
        None
    }

    fn headline(&self) -> &'static [&'static Metric] {
        &[]
    }

    fn plots(&self) -> [Plot; 2] {
        PLOTS
    }

    /// It is never evaluated; room for nothing.
    fn predictions(&self, _outputs: usize, _samples: usize) -> Predictions {
        Predictions::Reconstructions(ReconstructionPredictions::default())
    }

    fn interpret(&self, outputs: &mut [f32], _width: usize, _loss: &LossSpec, scaling: &Scaling) {
        scaling.inputs.restore(outputs);
    }
}
