//! Checks before a run, which look at what a short trial of the network on its data shows, after Karpathy 2019, *A Recipe for
//! Training Neural Networks*. THE LIST of checks is `CHECKS`; the window's dialog and `backprop check` tell what they find.
//!
//! What can be told from the settings alone is a [problem](super::problems). All that is trained here is a copy.

mod cost;
mod data;
mod dead_units;
mod duplicates;
mod gradient;
mod initial_loss;
mod inputs;
mod one_batch;
mod plain;

use std::time::{Duration, Instant};

use super::Project;
use crate::train::Job;
use plain::Plain;

/// How long all checks together may take, about; what cannot be cut short is small.
pub const TIME: Duration = Duration::from_millis(1200);

/// A check: its name, and what finds the verdict.
struct Check {
    name: &'static str,
    find: fn(&Case<'_>) -> Finding,
}

/// THE LIST of checks: first the data, then the network, then what the run costs.
const CHECKS: &[Check] = &[
    Check { name: "Scale of the inputs", find: inputs::check },
    Check { name: "Balance of the classes", find: data::balance },
    Check { name: "Columns that give the answer away", find: data::leak },
    Check { name: "Duplicates across the splits", find: duplicates::check },
    Check { name: "Initial loss", find: initial_loss::check },
    Check { name: "Dead units", find: dead_units::check },
    Check { name: "Gradient check", find: gradient::check },
    Check { name: "One batch is overfitted", find: one_batch::check },
    Check { name: "Memory", find: cost::memory },
    Check { name: "Time", find: cost::time },
];

/// How many checks there are.
pub const COUNT: usize = CHECKS.len();

/// What a check has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The name of the check.
    pub name: &'static str,
    /// Whether all is well.
    pub verdict: Verdict,
    /// Why: a sentence with the numbers that it rests on and, if the check failed, the remedy.
    pub reason: String,
}

/// Whether a check has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All is well.
    Passed,
    /// A run would fail, or its result would mislead.
    Failed,
    /// The check has no meaning for this project, or had not enough time.
    NotApplicable,
}

impl Verdict {
    /// As files and scripts name it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotApplicable => "not_applicable",
        }
    }

    /// The sign before a line.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Passed => "✓",
            Self::Failed => "✗",
            Self::NotApplicable => "–",
        }
    }
}

/// The verdict of a check, and its reason.
struct Finding(Verdict, String);

impl Finding {
    fn passed(reason: impl Into<String>) -> Self {
        Self(Verdict::Passed, reason.into())
    }

    fn failed(reason: impl Into<String>) -> Self {
        Self(Verdict::Failed, reason.into())
    }

    fn not_applicable(reason: impl Into<String>) -> Self {
        Self(Verdict::NotApplicable, reason.into())
    }

    /// Failed for what is wrong with the numbers, passed if nothing is.
    fn of(numbers: &str, fault: Option<impl AsRef<str>>) -> Self {
        match fault {
            Some(fault) => Self::failed(format!("{numbers}: {}.", fault.as_ref())),
            None => Self::passed(format!("{numbers}.")),
        }
    }
}

/// What is checked.
struct Case<'a> {
    project: &'a Project,
    job: &'a Job,
    /// None for a generator, which has no loss of its own.
    plain: Option<Plain>,
    time: Duration,
}

impl Case<'_> {
    /// The end of a part of the time, from now on.
    fn deadline(&self, share: f64) -> Deadline {
        Deadline(Instant::now() + self.time.mul_f64(share))
    }
}

/// When a check has to come to an end.
#[derive(Clone, Copy)]
struct Deadline(Instant);

impl Deadline {
    fn is_over(self) -> bool {
        Instant::now() >= self.0
    }
}

/// Why a check of one network and its loss has no meaning for a generator.
const GENERATOR: &str =
    "This looks at one network with a loss of its own; a generator learns against its discriminator.";

/// Checks a job of this project in about this time, one check after the other; stops where `tell` is false. Runs on the current
/// rayon pool. Where the time is over before a check has come to an end, its reason says so, and it does not fail for that.
pub fn check(project: &Project, job: &Job, time: Duration, mut tell: impl FnMut(Outcome) -> bool) {
    let case = Case { project, job, plain: Plain::of(project, job), time };
    for Check { name, find } in CHECKS {
        let began = Instant::now();
        let Finding(verdict, reason) = find(&case);
        tracing::debug!("{name} took {:?}", began.elapsed());
        if !tell(Outcome { name, verdict, reason }) {
            return;
        }
    }
}

/// Three digits that count: "2.30", "0.0123", "12345", "1.2e-5".
fn number(value: f64) -> String {
    match value.abs() {
        size if !size.is_finite() => "not a number".to_owned(),
        0.0 => "0".to_owned(),
        size if size < 1e-4 => format!("{value:.1e}"),
        size => format!("{value:.*}", (2 - size.log10().floor() as i32).max(0) as usize),
    }
}

/// "11.2 %".
fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits() {
        assert_eq!(
            [2.304_1, 0.012_345, 12_345.4, 1.23e-5, 0.0].map(number),
            ["2.30", "0.0123", "12345", "1.2e-5", "0"]
        );
        assert_eq!((number(f64::NAN), percent(0.112)), ("not a number".to_owned(), "11.2 %".to_owned()));
    }
}
