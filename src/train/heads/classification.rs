use super::{Goal, Head, LOSS_PLOT, Line, Plot, Results};
use crate::data::{Inputs, Scaling, Task};
use crate::train::metrics::{ACCURACY, ClassPredictions, Metric, Predictions};
use backprop_nn::LossSpec;

const HEADLINE: &[&Metric] = &[&ACCURACY];

const PLOTS: [Plot; 2] =
    [LOSS_PLOT, Plot { title: "Accuracy", lines: &[Line::Training(&ACCURACY), Line::Validation(&ACCURACY)] }];

/// One class out of several.
pub struct Classification {}

impl Head for Classification {
    fn name(&self) -> &'static str {
        "classification"
    }

    fn takes(&self, goal: &Goal<'_>) -> bool {
        matches!(goal.task, Task::Classification { .. })
    }

    fn results(&self) -> Results {
        Results::Classes
    }

    fn refuses(&self, _loss: &LossSpec, _inputs: &Inputs) -> Option<&'static str> {
        None
    }

    fn headline(&self) -> &'static [&'static Metric] {
        HEADLINE
    }

    fn plots(&self) -> [Plot; 2] {
        PLOTS
    }

    fn predictions(&self, outputs: usize, samples: usize) -> Predictions {
        Predictions::Classes(ClassPredictions::new(outputs, samples))
    }

    fn interpret(&self, outputs: &mut [f32], width: usize, loss: &LossSpec, _scaling: &Scaling) {
        outputs.chunks_exact_mut(width.max(1)).for_each(|outputs| loss.probabilities(outputs));
    }
}
