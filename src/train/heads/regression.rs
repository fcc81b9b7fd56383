use super::{Goal, Head, LOSS_PLOT, Line, Plot, Results, refuses_numbers};
use crate::data::{Inputs, Scaling, Task};
use crate::train::metrics::{Metric, NumberPredictions, Predictions, R2, RMSE};
use backprop_nn::LossSpec;

const HEADLINE: &[&Metric] = &[&RMSE, &R2];

const PLOTS: [Plot; 2] = [LOSS_PLOT, Plot { title: "RMSE", lines: &[Line::Validation(&RMSE)] }];

/// Numbers that belong to a sample.
pub struct Regression {}

impl Head for Regression {
    fn name(&self) -> &'static str {
        "regression"
    }

    fn takes(&self, goal: &Goal<'_>) -> bool {
        matches!(goal.task, Task::Regression { .. })
    }

    fn results(&self) -> Results {
        Results::Numbers
    }

    fn refuses(&self, loss: &LossSpec, _inputs: &Inputs) -> Option<&'static str> {
        refuses_numbers(loss, false)
    }

    fn headline(&self) -> &'static [&'static Metric] {
        HEADLINE
    }

    fn plots(&self) -> [Plot; 2] {
        PLOTS
    }

    fn predictions(&self, outputs: usize, samples: usize) -> Predictions {
        Predictions::Numbers(NumberPredictions::new(outputs, samples))
    }

    fn interpret(&self, outputs: &mut [f32], _width: usize, _loss: &LossSpec, scaling: &Scaling) {
        scaling.targets.restore(outputs);
    }
}
