//! What a run will take of this machine: memory, and time.

use std::time::{Duration, Instant};

use super::{Case, Finding};
use crate::data::cache::available_memory;
use crate::project::problems::memory::in_words;
use crate::train::Subset;
use crate::train::learner::Step;

/// Shares of the time to measure steps, and the evaluation of the validation set.
const STEPS_SHARE: f64 = 0.15;
const EVALUATION_SHARE: f64 = 0.05;

/// Steps are measured at most so often.
const STEPS: usize = 50;

/// Nobody waits longer for a first result.
const LONG: Duration = Duration::from_secs(3600);

/// Checks whether a run fits into the memory.
pub fn memory(case: &Case<'_>) -> Finding {
    let job = case.job;
    let weights = 4 * job.network.weights_len() as u64 * (2 + job.training.optimizer.slots() as u64);
    of_memory(job.footprint().total(), weights, job.batch(), available_memory())
}

fn of_memory(needed: u64, weights: u64, batch: usize, available: Option<u64>) -> Finding {
    let free = available.map_or_else(String::new, |free| format!("; {} are available", in_words(free)));
    let numbers = format!(
        "A run takes about {}, {} of it for weights, gradient and optimizer, most of the rest for the activations of {batch} samples{free}",
        in_words(needed),
        in_words(weights)
    );
    let fault = available.is_some_and(|free| needed > free);
    Finding::of(&numbers, fault.then_some("take smaller batches or layers"))
}

/// Measures a few steps, and how long the run will take.
pub fn time(case: &Case<'_>) -> Finding {
    let job = case.job;
    let step = step_time(case);
    let (evaluation, epochs) = (evaluation_time(case), job.training.epochs);
    let [validation, test] =
        [job.split.validation.len(), job.dataset.test.len()].map(|samples| evaluation.mul_f64(samples as f64));
    let epoch = step.mul_f64(job.steps_per_epoch() as f64) + validation;
    of_time(epoch.mul_f64(epochs as f64) + test, step, epochs)
}

fn of_time(whole: Duration, step: Duration, epochs: usize) -> Finding {
    let text = duration(whole);
    let numbers = format!("A run of {epochs} epochs takes about {text} here, {} a step", duration(step));
    let fault = (whole > LONG).then_some("begin with fewer epochs or samples, larger batches, or a smaller network");
    Finding::of(&numbers, fault)
}

/// The mean time of a step, without the first, which touches new memory.
fn step_time(case: &Case<'_>) -> Duration {
    let job = case.job;
    let order = job.order(1);
    let mut learner = job.learner();
    let mut step = 0;
    let mut take = |batch: &[u32]| {
        step += 1;
        let began = Instant::now();
        learner.step(batch, Step::new(step, job.training.learning_rate));
        began.elapsed()
    };
    let deadline = case.deadline(STEPS_SHARE);
    let mut batches = order.chunks(job.samples_per_step()).cycle().take(STEPS);
    let first = batches.next().map_or(Duration::ZERO, &mut take);
    let (mut sum, mut steps) = (Duration::ZERO, 0);
    for batch in batches {
        if deadline.is_over() {
            break;
        }
        sum += take(batch);
        steps += 1;
    }
    if steps == 0 { first } else { sum / steps }
}

/// How long the evaluation of a sample takes; nothing for a generator, which is not evaluated.
fn evaluation_time(case: &Case<'_>) -> Duration {
    let job = case.job;
    let weights = job.initial_weights();
    let began = Instant::now();
    let (glance, _) = job.glance(&weights, Subset::Train, case.time.mul_f64(EVALUATION_SHARE));
    if glance.is_empty() { Duration::ZERO } else { began.elapsed().div_f64(glance.len() as f64) }
}

/// "3.5 µs", "0.35 ms", "12 s", "3.2 h".
fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let two = |value: f64, unit: &str| match value {
        value if value < 1.0 => format!("{value:.2} {unit}"),
        value if value < 10.0 => format!("{value:.1} {unit}"),
        value => format!("{value:.0} {unit}"),
    };
    match seconds {
        seconds if seconds < 1e-4 => two(1e6 * seconds, "µs"),
        seconds if seconds < 0.1 => two(1e3 * seconds, "ms"),
        seconds if seconds < 100.0 => two(seconds, "s"),
        seconds if seconds < 5400.0 => two(seconds / 60.0, "min"),
        seconds => two(seconds / 3600.0, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::checks::Verdict;

    #[test]
    fn a_run_that_is_too_large_or_too_long_fails_and_says_by_how_much() {
        let Finding(verdict, reason) = of_memory(3_000_000_000, 12_000_000, 128, Some(2_000_000_000));
        assert_eq!(verdict, Verdict::Failed);
        assert!(reason.contains("about 3.0 GB, 12 MB of it") && reason.contains("2.0 GB are available"), "{reason}");
        assert_eq!(of_memory(3_000_000_000, 0, 1, None).0, Verdict::Passed);
        let Finding(verdict, reason) = of_time(Duration::from_secs(3 * 3600), Duration::from_millis(90), 20);
        assert_eq!(verdict, Verdict::Failed);
        assert!(reason.starts_with("A run of 20 epochs takes about 3.0 h here, 90 ms a step: begin"), "{reason}");
        assert_eq!(of_time(LONG, Duration::from_micros(350), 1).0, Verdict::Passed);
        assert_eq!(
            [3.5e-6, 0.000_35, 0.35, 12.4, 190.0].map(|s| duration(Duration::from_secs_f64(s))),
            ["3.5 µs", "0.35 ms", "0.35 s", "12 s", "3.2 min"]
        );
    }
}
