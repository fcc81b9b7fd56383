//! A network that learns at all memorizes a handful of samples.

use super::plain::{Passes, Plain};
use super::{Case, Finding, GENERATOR, number};
use crate::train::learner::{Step, Trainer};

/// Steps at most.
const STEPS: u64 = 300;

/// Share of the time.
const SHARE: f64 = 0.35;

/// The samples are memorized when this share of the initial loss is left.
const MEMORIZED: f64 = 0.1;

/// Where the time is over, this share of it shows that they are being memorized.
const FALLING: f64 = 0.5;

/// Trains a copy on one small batch.
pub fn check(case: &Case<'_>) -> Finding {
    let Some(plain) = &case.plain else { return Finding::not_applicable(GENERATOR) };
    let Plain { job, weights, .. } = plain;
    let batch = &job.split.train;
    let (lowest, deadline) = (Passes::new(plain, batch.len()).lowest(), case.deadline(SHARE));
    let mut trainer = Trainer::new(job, weights.clone());
    let (mut first, mut last, mut step) = (f64::NAN, f64::NAN, 0);
    // What is left of the loss that can be taken away.
    let left = |first: f64, last: f64| (last - lowest) / (first - lowest);
    while step <= STEPS && !deadline.is_over() {
        step += 1;
        last = trainer.step(batch, Step::new(step, job.training.learning_rate)).mean_loss();
        if step == 1 {
            first = last;
        }
        if !last.is_finite() || left(first, last) <= MEMORIZED {
            break;
        }
    }
    let samples = batch.len();
    // The first loss is that before any step.
    let steps = step.saturating_sub(1);
    let numbers = format!(
        "On {samples} samples alone the loss goes from {} to {} in {steps} steps at the learning rate {}",
        number(first),
        number(last),
        job.training.learning_rate
    );
    let is_cut = step <= STEPS;
    match left(first, last) {
        _ if !last.is_finite() => {
            Finding::failed(format!("{numbers}: lower the learning rate, or limit the norm of the gradient."))
        }
        left if left <= MEMORIZED => Finding::passed(format!("{numbers}.")),
        left if left <= FALLING && is_cut => Finding::passed(format!("{numbers}, when the time was over.")),
        _ if is_cut => Finding::not_applicable(format!("Cut short: {}.", lowered(&numbers))),
        _ => Finding::failed(format!(
            "{numbers}: a network that learns memorizes so few; look at the learning rate and at dead units, or make the network larger."
        )),
    }
}

fn lowered(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
