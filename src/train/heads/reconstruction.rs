use super::{Goal, Head, LOSS_PLOT, Line, Plot, Results, refuses_numbers};
use crate::data::{Inputs, Scaling, Task};
use crate::train::metrics::{Metric, Predictions, R2, RMSE, ReconstructionPredictions};
use backprop_nn::LossSpec;

const HEADLINE: &[&Metric] = &[&RMSE, &R2];

const PLOTS: [Plot; 2] = [LOSS_PLOT, Plot { title: "RMSE", lines: &[Line::Validation(&RMSE)] }];

/// The sample itself: what an autoencoder does.
pub struct Reconstruction {}

impl Head for Reconstruction {
    fn name(&self) -> &'static str {
        "reconstruction"
    }

    fn takes(&self, goal: &Goal<'_>) -> bool {
        matches!(goal.task, Task::Reconstruction { .. })
    }

    fn results(&self) -> Results {
        Results::Reconstructions
    }

    fn refuses(&self, loss: &LossSpec, inputs: &Inputs) -> Option<&'static str> {
        // Pixels come to the network as numbers from 0 to 1.
        refuses_numbers(loss, inputs.are_pixels())
    }

    fn headline(&self) -> &'static [&'static Metric] {
        HEADLINE
    }

    fn plots(&self) -> [Plot; 2] {
        PLOTS
    }

    fn predictions(&self, _outputs: usize, samples: usize) -> Predictions {
        Predictions::Reconstructions(ReconstructionPredictions::new(samples))
    }

    fn interpret(&self, outputs: &mut [f32], _width: usize, loss: &LossSpec, scaling: &Scaling) {
        loss.predictions(outputs);
        scaling.inputs.restore(outputs);
    }
}
