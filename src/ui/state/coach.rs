//! What the coach has seen of a run, and what it finds, brought up to date as epochs end.

use crate::explain::coach::{Case, DeadUnits, Finding, History, findings};
use crate::project::{Problem, Project};
use crate::train::{Divergence, Evaluation, Job};

/// A run of so many epochs is looked at after each; a longer one less often, so that all looks together cost no more than in
/// proportion to its length.
const EACH: usize = 100;

/// What the coach has seen of a run, and what it finds.
#[derive(Default)]
pub struct Coach {
    /// What the run has told.
    pub history: History,
    /// What is found in it, the most important first.
    pub findings: Vec<Finding>,
    /// The columns that give the target away, once they were looked for.
    leaks: Option<Vec<Problem>>,
    /// Epochs after which the run is looked at next.
    next: usize,
}

/// What else the coach has to know of a run.
pub(super) struct Moment<'a> {
    /// Its project, with the learning rate and the optimizer of now.
    pub(super) project: &'a Project,
    pub(super) job: &'a Job,
    pub(super) validation: Option<&'a Evaluation>,
    pub(super) dead: Option<&'a DeadUnits>,
    pub(super) divergence: Option<&'a Divergence>,
    pub(super) is_finished: bool,
}

impl Coach {
    /// Whether enough epochs are over to look at the run again.
    pub(super) fn is_due(&self) -> bool {
        self.history.epochs.len() >= self.next
    }

    /// Looks at the run as far as it is.
    pub(super) fn look(&mut self, moment: &Moment<'_>) {
        let Moment { project, job, validation, dead, divergence, is_finished } = *moment;
        let leaks = self.leaks.get_or_insert_with(|| project.leaks(&job.dataset));
        let history = &self.history;
        self.findings = findings(&Case { project, job, history, validation, dead, divergence, is_finished, leaks });
        let seen = self.history.epochs.len();
        self.next = seen + 1 + seen / EACH;
    }

    /// Forgets what came after a step.
    pub(super) fn cut(&mut self, after: u64) {
        self.history.cut(after);
        self.findings.retain(|finding| finding.step <= after);
        self.next = 0;
    }
}
