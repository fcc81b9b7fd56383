use super::{Goal, Head, LOSS_PLOT, Line, Plot, Results};
use crate::data::{Inputs, Scaling, Task};
use crate::train::metrics::{EXACT_MATCH, Metric, PERPLEXITY, Predictions, TOKEN_ACCURACY, TokenPredictions};
use backprop_nn::LossSpec;

const HEADLINE: &[&Metric] = &[&PERPLEXITY, &TOKEN_ACCURACY];
const OF_ANSWERS: &[&Metric] = &[&EXACT_MATCH, &PERPLEXITY];

const PLOTS: [Plot; 2] = [
    LOSS_PLOT,
    Plot { title: "Token accuracy", lines: &[Line::Training(&TOKEN_ACCURACY), Line::Validation(&TOKEN_ACCURACY)] },
];

/// The next token at each step of a text: what a language model does.
pub struct LanguageModeling {
    /// Whether it is asked for answers to questions alone.
    pub answers: bool,
}

impl Head for LanguageModeling {
    fn name(&self) -> &'static str {
        if self.answers { "question answering" } else { "language modeling" }
    }

    fn takes(&self, goal: &Goal<'_>) -> bool {
        matches!(goal.task, Task::NextToken { answers, .. } if *answers == self.answers)
    }

    fn results(&self) -> Results {
        Results::Text
    }

    /// A token is one class out of many.
    fn refuses(&self, loss: &LossSpec, _inputs: &Inputs) -> Option<&'static str> {
        loss.takes_numbers().then_some("is for numbers, or for each output on its own")
    }

    fn headline(&self) -> &'static [&'static Metric] {
        if self.answers { OF_ANSWERS } else { HEADLINE }
    }

    fn plots(&self) -> [Plot; 2] {
        PLOTS
    }

    fn predictions(&self, _outputs: usize, samples: usize) -> Predictions {
        Predictions::Tokens(TokenPredictions::new(samples))
    }

    /// `width` is that of one step.
    fn interpret(&self, outputs: &mut [f32], width: usize, loss: &LossSpec, _scaling: &Scaling) {
        outputs.chunks_exact_mut(width.max(1)).for_each(|outputs| loss.probabilities(outputs));
    }
}
