//! Before it has learned anything, a network should prefer no class: its cross-entropy is then ln K of K classes. The same for
//! numbers is to predict the mean, whose squared error is the variance of the target.

use super::plain::{Passes, Plain, SAMPLES};
use super::{Case, Finding, GENERATOR, number};
use crate::data::TargetData;
use backprop_nn::LossSpec;

/// A network begins with some spread of its outputs, which costs more than none; so many times as much is too large.
const MOST: f64 = 3.0;

/// With less than this share it knows the answer before it has learned.
const LEAST: f64 = 1.0 / 3.0;

/// Checks the loss of the initial weights.
pub fn check(case: &Case<'_>) -> Finding {
    let Some(plain) = &case.plain else { return Finding::not_applicable(GENERATOR) };
    let mut passes = Passes::new(plain, SAMPLES);
    let (loss, expected) = (passes.loss(&plain.weights), passes.loss_of(|_| 0.0));
    let numbers = format!("The loss of the initial weights is {}, {}", number(loss), of(plain, expected));
    let fault = if !loss.is_finite() {
        Some("the outputs are too large for numbers; choose another initialization, or smaller inputs")
    } else if loss > MOST * expected {
        Some(
            "the network begins with large outputs that are wrong, and would unlearn them first; choose another initialization, \
             or normalize before the output layer",
        )
    } else if loss < LEAST * expected {
        Some("the network knows the answer before it has learned; look for the target among the inputs")
    } else {
        None
    };
    Finding::of(&numbers, fault)
}

/// What it is held against, in words.
fn of(plain: &Plain, expected: f64) -> String {
    let (expected, classes) = (number(expected), plain.job.dataset.task.output().channels());
    match (&plain.job.dataset.train.targets, &plain.job.loss) {
        (TargetData::Classes(_) | TargetData::Steps { .. }, LossSpec::SoftmaxCrossEntropy(_)) => {
            format!("and ln {classes} = {expected} without a preference")
        }
        (TargetData::Classes(_) | TargetData::Steps { .. }, _) => {
            format!("and {expected} without a preference for any of {classes} classes")
        }
        (TargetData::Numbers { .. }, LossSpec::MeanSquaredError(_)) => {
            format!("and predicting the mean of the target has {expected}, its variance")
        }
        (TargetData::Numbers { .. }, _) => format!("and predicting the mean of the target has {expected}"),
        (TargetData::Itself { .. }, _) => format!("and outputs of 0 have {expected}"),
    }
}
