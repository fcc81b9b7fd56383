use super::regression::Regression;
use super::{Goal, Head, Plot, Results};
use crate::data::{Inputs, Scaling, Task};
use crate::train::metrics::{Metric, Predictions};
use backprop_nn::LossSpec;

/// The next values of a series: a regression whose samples follow one another.
pub struct Forecasting {}

impl Head for Forecasting {
    fn name(&self) -> &'static str {
        "forecasting"
    }

    fn takes(&self, goal: &Goal<'_>) -> bool {
        goal.is_series && matches!(goal.task, Task::Regression { .. })
    }

    fn results(&self) -> Results {
        Results::Forecast
    }

    fn refuses(&self, loss: &LossSpec, inputs: &Inputs) -> Option<&'static str> {
        Regression {}.refuses(loss, inputs)
    }

    fn headline(&self) -> &'static [&'static Metric] {
        Regression {}.headline()
    }

    fn plots(&self) -> [Plot; 2] {
        Regression {}.plots()
    }

    fn predictions(&self, outputs: usize, samples: usize) -> Predictions {
        Regression {}.predictions(outputs, samples)
    }

    fn interpret(&self, outputs: &mut [f32], width: usize, loss: &LossSpec, scaling: &Scaling) {
        Regression {}.interpret(outputs, width, loss, scaling);
    }
}
