//! The session asks the coach.

use super::coach::Moment;
use super::progress::Status;
use super::session::Session;
use crate::explain::coach::DeadUnits;
use crate::project::Project;
use crate::train::metrics::THRESHOLD;
use crate::train::{EpochStat, LiveChange, Outcome};
use crate::ui::widgets::curve_plot::Mark;

impl Session {
    /// The marks on the curves: what happened, and what the coach finds.
    pub fn all_marks(&self) -> Vec<Mark> {
        let findings = self.coach.findings.iter().zip(1..);
        let found = findings.map(|(finding, number)| Mark::finding(finding.step as f64, number.to_string()));
        self.marks.iter().cloned().chain(found).collect()
    }

    /// Takes an epoch that is over.
    pub(super) fn coach_epoch(&mut self, epoch: &EpochStat) {
        self.coach.history.absorb_epoch(epoch);
        if self.coach.is_due() {
            self.coach_now();
        }
    }

    /// Lets the coach look at the run as far as it is.
    pub(super) fn coach_now(&mut self) {
        let (Some(job), Some(trained)) = (&self.job, &self.trained) else { return };
        let project = with_live(trained, self.known.as_ref());
        let (divergence, is_finished) = match &self.status {
            Status::Ended(Outcome::Diverged(divergence)) => (Some(divergence), false),
            // Early stopping has ended the run because more epochs did not help.
            Status::Ended(Outcome::Finished(_)) => (None, self.best.is_none_or(|best| !best.stopped_early)),
            _ => (None, false),
        };
        let newest = self.newest.as_ref().filter(|_| self.status.is_ended());
        let dead = newest.and_then(|newest| DeadUnits::count(&trained.model, job, &newest.weights));
        // With another threshold it is the user who predicts a class or does not.
        let validation = self.validation.as_deref().filter(|_| self.threshold == THRESHOLD);
        self.coach.look(&Moment { project: &project, job, validation, dead: dead.as_ref(), divergence, is_finished });
    }
}

/// The project of a run with the learning rate and the optimizer that it has by now.
fn with_live(trained: &Project, live: Option<&LiveChange>) -> Project {
    let mut project = trained.clone();
    if let Some(LiveChange { learning_rate, optimizer }) = live.cloned() {
        (project.training.learning_rate, project.training.optimizer) = (learning_rate, optimizer);
    }
    project
}
