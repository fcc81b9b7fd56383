//! A network that learns at all memorizes a handful of samples.

use super::plain::{Passes, Plain};
use super::{Case, Deadline, Finding, GENERATOR, number};
use crate::data::note::counted;
use crate::train::learner::{Step, Trainer};

/// Share of the time.
const SHARE: f64 = 0.35;

/// The samples are memorized when this share of the initial loss is left.
const MEMORIZED: f64 = 0.1;

/// Where the time is over, this share of it shows that they are being memorized.
const FALLING: f64 = 0.5;

/// So many steps after which more than this share of the loss before them is left show that it will not come down in any time.
const PATIENCE: u64 = 300;
const HARDLY: f64 = 0.9;

/// Weights for each sample: nobody memorizes more in fewer, least of all where samples of different classes are alike.
const WEIGHTS_EACH: usize = 16;
const FEWEST: usize = 2;

/// How a training on one batch went.
struct Course {
    first: f64,
    last: f64,
    /// The lowest loss that there can be.
    lowest: f64,
    /// Steps before the last loss.
    steps: u64,
    end: End,
}

/// What ended it.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Memorized,
    NotANumber,
    Stalled,
    Time,
}

impl Course {
    /// The share of the loss that can be taken away and is left.
    fn left(&self) -> f64 {
        self.share(self.last, self.first)
    }

    fn share(&self, loss: f64, before: f64) -> f64 {
        (loss - self.lowest) / (before - self.lowest)
    }

    fn of(plain: &Plain, batch: &[u32], deadline: Deadline) -> Self {
        let Plain { job, weights, .. } = plain;
        let lowest = Passes::new(plain, batch.len()).lowest();
        let mut trainer = Trainer::new(job, weights.clone());
        let mut step = |number| trainer.step(batch, Step::new(number, job.training.learning_rate)).mean_loss();
        let first = step(1);
        let mut course = Self { first, last: first, lowest, steps: 0, end: End::Time };
        let (mut best, mut best_before) = (first, first);
        loop {
            course.steps += 1;
            course.last = step(course.steps + 1);
            best = best.min(course.last);
            let is_stalled = || course.share(best, best_before) > HARDLY;
            course.end = match course.steps.is_multiple_of(PATIENCE) {
                _ if !course.last.is_finite() => End::NotANumber,
                _ if course.left() <= MEMORIZED => End::Memorized,
                true if is_stalled() => End::Stalled,
                _ if deadline.is_over() => End::Time,
                true => {
                    best_before = best;
                    continue;
                }
                false => continue,
            };
            return course;
        }
    }
}

/// Trains a copy on one small batch.
pub fn check(case: &Case<'_>) -> Finding {
    let Some(plain) = &case.plain else { return Finding::not_applicable(GENERATOR) };
    let job = &plain.job;
    let most = (job.network.param_count() / WEIGHTS_EACH).max(FEWEST);
    let batch = &job.split.train[..most.min(job.split.train.len())];
    let course = Course::of(plain, batch, case.deadline(SHARE));
    let samples = counted(batch.len(), "sample");
    if course.first <= course.lowest {
        return Finding::not_applicable(format!("The loss on {samples} is {} before any step.", number(course.first)));
    }
    let numbers = format!(
        "On {samples} alone the loss goes from {} to {} in {} steps at the learning rate {}",
        number(course.first),
        number(course.last),
        course.steps,
        job.training.learning_rate
    );
    let remedy = "a network that learns memorizes so few; look at the learning rate and at dead units, or make the network larger";
    match course.end {
        End::NotANumber => {
            Finding::failed(format!("{numbers}: lower the learning rate, or limit the norm of the gradient."))
        }
        End::Memorized => Finding::passed(format!("{numbers}.")),
        End::Time if course.left() <= FALLING => Finding::passed(format!("{numbers}, when the time was over.")),
        End::Time => Finding::not_applicable(format!("Cut short: {}.", lowered(&numbers))),
        End::Stalled => Finding::failed(format!("{numbers}: {remedy}.")),
    }
}

fn lowered(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
