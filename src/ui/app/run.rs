//! The run: begun, stepped through, deleted; and what is trained beside it.

use std::sync::Arc;
use std::time::Duration;

use eframe::egui::Context;

use super::Studio;
use crate::train::{Job, RunCommand, Start, default_threads};
use crate::ui::jobs::tasks;
use crate::ui::state::session::Status;
use crate::ui::state::trained_network::NetworkChoice;
use crate::ui::views::dialogs::cross_validation::CrossValidation;
use crate::ui::views::dialogs::lr_finder::LrFinder;

/// A step of a run asks for a frame at most this often.
const WAKE: Duration = Duration::from_millis(16);

impl Studio {
    /// Starts a run from its initial weights; the one that there was is deleted.
    pub(super) fn begin(&mut self, ctx: &Context, start: Start) {
        let Some(job) = self.job().map(Arc::new) else { return };
        self.reset();
        let waker = ctx.clone();
        let wake = move || waker.request_repaint_after(WAKE);
        if let Err(error) = self.session.start(job, &self.document.project, start, wake) {
            return self.notices.warn(format!("The run could not be started: {error}."));
        }
        self.notices.clear();
        self.networks.opened = None;
        self.playground.network = NetworkChoice::This;
        self.playground.cell = None;
    }

    /// One batch or one epoch, of a new run if there is none.
    pub(super) fn step(&mut self, ctx: &Context, command: RunCommand) {
        if matches!(self.session.status, Status::Idle) {
            self.begin(ctx, Start::Paused);
        }
        self.session.send(command);
    }

    /// Everything the project needs to be trained. What does not fit is shown as a message.
    fn job(&mut self) -> Option<Job> {
        let dataset = self.session.dataset()?.clone();
        let job = self.document.project.job(dataset, default_threads());
        job.map_err(|error| self.notices.warn(error.to_string())).ok()
    }

    /// Makes network and data of the run those of the project again; the settings of the training stay.
    pub(super) fn bring_back(&mut self) {
        let opened = || self.networks.opened.as_ref().map(|run| run.project.clone());
        let Some(trained) = self.session.trained.clone().or_else(opened) else { return };
        let project = &mut self.document.project;
        (project.model, project.adversary, project.data) = (trained.model, trained.adversary, trained.data);
    }

    pub(super) fn find_learning_rate(&mut self, ctx: &Context) {
        let Some(job) = self.job() else { return };
        let waker = ctx.clone();
        let (finder, work) = LrFinder::new(job, move || waker.request_repaint_after(WAKE));
        self.tasks.spawn(ctx, "finding a learning rate", work);
        self.dialogs.open(finder);
    }

    pub(super) fn cross_validate(&mut self, ctx: &Context, folds: usize) {
        let Some(dataset) = self.session.dataset().cloned() else { return };
        let (project, waker) = (self.document.project.clone(), ctx.clone());
        let wake = move || waker.request_repaint_after(WAKE);
        let (cross_validation, work) = CrossValidation::new(project, dataset, folds, wake);
        self.tasks.spawn(ctx, "cross-validating", work);
        self.dialogs.open(cross_validation);
    }

    /// Drops the run. Its last batch ends on another thread, so that no frame waits for it.
    pub(super) fn reset(&mut self) {
        if let Some(run) = self.session.reset() {
            tasks::end(run);
        }
        self.playground.cell = None;
        if self.networks.this(&self.session).is_none() {
            self.playground.network = NetworkChoice::BuiltIn;
        }
    }
}
