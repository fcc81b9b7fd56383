//! An experiment of the coach: the run with one change, as a branch or anew.

use eframe::egui::Context;

use super::Studio;
use crate::explain::coach::Experiment;
use crate::train::Start;
use crate::ui::state::session::{DataState, Status};

impl Studio {
    /// Stops the run that is on, and begins the experiment when it has ended.
    pub(super) fn try_out(&mut self, ctx: &Context, experiment: Experiment) {
        self.session.stop();
        self.experiment = Some(experiment);
        self.follow_experiment(ctx);
    }

    /// Begins the experiment that waits, once no run is on and its data are there.
    pub(super) fn follow_experiment(&mut self, ctx: &Context) {
        if matches!(self.session.status, Status::Running | Status::Paused | Status::Stopping) {
            return;
        }
        let Some(experiment) = self.experiment.take() else { return };
        self.document.project = experiment.project.clone();
        match &self.session.data {
            // The source will be read, or is on its way.
            DataState::Loading { .. } => self.experiment = Some(experiment),
            DataState::Ready { source, .. } if *source != experiment.project.data.source => {
                self.experiment = Some(experiment);
                ctx.request_repaint();
            }
            DataState::Failed { .. } => {}
            DataState::Ready { .. } => match experiment.from.filter(|step| self.can_branch_at(*step)) {
                Some(_) => self.branch(ctx),
                None => self.begin(ctx, Start::Running),
            },
        }
    }

    /// Whether there is a checkpoint up to this step for the project on the screen; then it is the one that a branch begins at.
    fn can_branch_at(&mut self, step: u64) -> bool {
        if !self.can_branch() {
            return false;
        }
        self.session.look_at(Some(step));
        let can_be = self.session.fork().is_some_and(|checkpoint| checkpoint.step <= step);
        if !can_be {
            self.session.look_at(None);
        }
        can_be
    }
}
