//! The run: begun, stepped through, deleted; and what is trained beside it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eframe::egui::Context;

use super::Studio;
use crate::project::Project;
use crate::project::run_folder::RUNS;
use crate::train::{Checkpoint, Job, LiveChange, Outcome, RunCommand, Start, default_threads};
use crate::ui::jobs::recording::{BranchPoint, Destination, Recorded, Recording, continued};
use crate::ui::jobs::tasks;
use crate::ui::state::session::Status;
use crate::ui::state::subject::is_plane;
use crate::ui::state::trained_network::NetworkChoice;
use crate::ui::state::window_state::Place;
use crate::ui::views::dialogs::checks::Checks;
use crate::ui::views::dialogs::lr_finder::LrFinder;
use crate::ui::views::dialogs::race::{Origin, Race};
use crate::ui::views::dialogs::sweep::SweepDialog;
use crate::ui::views::dialogs::trials::{Question, Trials};
use crate::ui::views::{data, learn};
use crate::ui::widgets::numbers::{thousands, two_digits};
use backprop_nn::{Carried, Training};

/// A step of a run asks for a frame at most this often.
const WAKE: Duration = Duration::from_millis(16);

impl Studio {
    /// Starts a run from its initial weights; the one that there was is deleted.
    pub(super) fn begin(&mut self, ctx: &Context, start: Start) {
        // Nobody watches a run among the columns of its data; in a plane it is seen over them.
        let is_over_data = self.session.dataset().is_some_and(|dataset| is_plane(dataset));
        if self.shown_view(Place::Center) == Some(data::ID) && !is_over_data {
            self.show_view(learn::ID);
        }
        if let Some(job) = self.job() {
            self.begin_job(ctx, job, start, None);
        }
    }

    /// Starts a run from the weights that are shown, wherever the layers on the screen still have them, and says what was kept.
    pub(super) fn begin_keeping(&mut self, ctx: &Context) {
        let (Some(old), Some(snapshot)) = (self.session.job.clone(), self.session.snapshot().cloned()) else { return };
        let Some(mut job) = self.job() else { return };
        let mut weights = job.initial_weights();
        let carried = job.network.carry_over(&old.network, &snapshot.weights, &mut weights);
        if carried.iter().all(|layer| layer.kept == 0) {
            return self.notices.warn("No layer has weights of the run that could be kept.");
        }
        job.weights = Some(weights);
        let told = carried_text(&job, &carried);
        let parent = self.branch_point(snapshot.step);
        self.begin_job(ctx, job, Start::Running, parent);
        self.notices.tell(told);
    }

    /// Where a run begins that goes on from a step of the one that is shown.
    fn branch_point(&self, step: u64) -> Option<BranchPoint> {
        match (&self.recording, &self.kept.opened) {
            (Some(recording), _) => Some(recording.branch_point(step)),
            (None, folder) => folder.as_deref().map(|folder| BranchPoint::of(folder, step)),
        }
    }

    fn begin_job(&mut self, ctx: &Context, job: Job, start: Start, parent: Option<BranchPoint>) {
        let job = Arc::new(job);
        self.reset();
        let waker = ctx.clone();
        let wake = move || waker.request_repaint_after(WAKE);
        if let Err(error) = self.session.start(Arc::clone(&job), &self.document.project, start, wake) {
            return self.notices.warn(format!("The run could not be started: {error}."));
        }
        self.lesson_run_begins();
        self.notices.clear();
        if let Some(folder) = self.runs_folder() {
            let recorded = Recorded { project: self.document.project.clone(), job, parent };
            self.record(recorded, Destination::NewIn(folder));
        }
        self.playground.network = NetworkChoice::This;
        self.playground.cell = None;
    }

    /// Where the next run is kept: beside the file of the project, or in the folder for those without a file.
    pub(super) fn runs_folder(&self) -> Option<PathBuf> {
        let folder = self.runs.clone()?;
        let beside = self.document.path.as_ref().and_then(|path| path.parent()).map(|folder| folder.join(RUNS));
        Some(beside.unwrap_or(folder))
    }

    /// Lets the run be written as it goes.
    pub(super) fn record(&mut self, recorded: Recorded, destination: Destination) {
        let sender = self.unwritten.0.clone();
        let warn = move |what| drop(sender.send(what));
        match Recording::begin(recorded, destination, warn) {
            Ok(recording) => {
                self.session.listen(recording.listener());
                self.recording = Some(recording);
            }
            Err(error) => self.notices.warn(format!("The run is not kept on the disk: {error}.")),
        }
    }

    /// Waits until all runs are written.
    pub(super) fn end_recordings(&mut self) {
        self.retired.extend(self.recording.take().map(Recording::retire));
        for writing in self.retired.drain(..) {
            if writing.join().is_err() {
                tracing::warn!("writing a run ended unexpectedly");
            }
        }
    }

    /// Goes on with the run that was stopped, or gives the one that is finished more epochs.
    pub(super) fn go_on(&mut self, ctx: &Context) {
        let session = &self.session;
        let (Some(job), Some(checkpoint), Some(trained)) = (&session.job, &session.checkpoint, &session.trained) else {
            return;
        };
        let (project, job, checkpoint, seconds) =
            (trained.clone(), Arc::clone(job), Arc::clone(checkpoint), session.seconds);
        let Some(recorded) = self.start_from(ctx, &project, &job, checkpoint, None) else { return };
        match (&self.recording, self.kept.opened.clone()) {
            (Some(recording), _) => recording.go_on(recorded),
            (None, Some(folder)) => self.record(recorded, Destination::Existing { folder, seconds }),
            (None, None) => {}
        }
    }

    /// Goes on from the moment that is looked at, or from the last checkpoint, with the settings on the screen, as a run of its own.
    pub(super) fn branch(&mut self, ctx: &Context) {
        let (Some(job), Some(checkpoint)) = (self.session.job.clone(), self.session.fork().cloned()) else { return };
        let (project, step) = (self.document.project.clone(), checkpoint.step);
        let parent = self.branch_point(step);
        let live = LiveChange::of(&project.training);
        let Some(recorded) = self.start_from(ctx, &project, &job, checkpoint, Some(live)) else { return };
        self.keep_drawing();
        self.kept.opened = None;
        self.notices.tell(format!("The branch goes on from the checkpoint after step {}.", thousands(step as f64)));
        // What was written so far is written to its end; the branch has a folder of its own.
        self.retired.extend(self.recording.take().map(Recording::retire));
        if let Some(folder) = self.runs_folder() {
            self.record(Recorded { parent, ..recorded }, Destination::NewIn(folder));
        }
    }

    /// After a run that diverged: back some steps, with a third of the learning rate, as a branch.
    pub(super) fn go_back_gentler(&mut self, ctx: &Context) {
        let Some(checkpoint) = &self.session.checkpoint else { return };
        self.document.project.training.learning_rate = two_digits(checkpoint.learning_rate / 3.0);
        self.session.look_at(None);
        self.branch(ctx);
    }

    /// Starts the run of a project from a checkpoint, with other live numbers from its next step on if there are some; what does not
    /// fit is shown as a message.
    pub(super) fn start_from(
        &mut self,
        ctx: &Context,
        project: &Project,
        job: &Job,
        checkpoint: Arc<Checkpoint>,
        live: Option<LiveChange>,
    ) -> Option<Recorded> {
        let recorded = continued(project, job, checkpoint, live, default_threads());
        let recorded = recorded.map_err(|error| self.notices.warn(error.to_string())).ok()?;
        let waker = ctx.clone();
        let wake = move || waker.request_repaint_after(WAKE);
        if let Err(error) = self.session.start(Arc::clone(&recorded.job), &recorded.project, Start::Running, wake) {
            self.notices.warn(format!("The run could not be started: {error}."));
            return None;
        }
        self.lesson_run_begins();
        if self.document.project.model == project.model {
            self.document.project.training.epochs = recorded.project.training.epochs;
        }
        Some(recorded)
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

    /// Opens the checks before a run.
    pub(super) fn check(&mut self, ctx: &Context) {
        let Some(job) = self.job() else { return };
        let waker = ctx.clone();
        let (checks, work) = Checks::new(self.document.project.clone(), job, move || waker.request_repaint_after(WAKE));
        self.tasks.spawn(ctx, "checking before the run", work);
        self.dialogs.open(checks);
    }

    pub(super) fn find_learning_rate(&mut self, ctx: &Context) {
        let Some(job) = self.job() else { return };
        let waker = ctx.clone();
        let kept = self.runs_folder().map(|base| (base, self.document.project.clone()));
        let (finder, work) = LrFinder::new(job, kept, move || waker.request_repaint_after(WAKE));
        self.tasks.spawn(ctx, "finding a learning rate", work);
        self.dialogs.open(finder);
    }

    /// Trains beside the window to find something out.
    pub(super) fn ask_trials(&mut self, ctx: &Context, question: Question) {
        let Some(dataset) = self.session.dataset().cloned() else { return };
        let (project, waker) = (self.document.project.clone(), ctx.clone());
        let wake = move || waker.request_repaint_after(WAKE);
        let (trials, work) = Trials::new(question, project, dataset, self.runs_folder(), wake);
        self.tasks.spawn(ctx, "training beside the window", work);
        self.dialogs.open(trials);
    }

    /// The project of the run, if the one on the screen is another in more than its seed, on the same data.
    pub(super) fn other_project(&self) -> Option<Project> {
        let opened = || self.networks.opened.as_ref().map(|run| run.project.clone());
        let trained = self.session.trained.clone().or_else(opened)?;
        let Project { data, model, adversary, training, .. } = &self.document.project;
        let with_this_seed = Training { seed: training.seed, ..trained.training.clone() };
        let is_other =
            (&trained.data, &trained.model, &trained.adversary, &with_this_seed) != (data, model, adversary, training);
        (is_other && trained.data.source == data.source).then_some(trained)
    }

    /// Whether the run can go on with the settings on the screen, which are other ones.
    pub(super) fn can_branch(&self) -> bool {
        let is_changed = |trained: &Project| trained.training != self.document.project.training;
        self.is_same_stack() && self.session.trained.as_ref().is_some_and(is_changed)
    }

    /// Whether a checkpoint of the run is one of the project on the screen.
    fn is_same_stack(&self) -> bool {
        let fixed = |project: &Project| {
            let Project { model, adversary, data, training, .. } = project.clone();
            (model, adversary, data, training.batch, training.seed)
        };
        self.session.trained.as_ref().is_some_and(|trained| fixed(trained) == fixed(&self.document.project))
    }

    pub(super) fn compare_with_run(&mut self, ctx: &Context, seeds: usize) {
        let Some(with) = self.other_project().map(Box::new) else { return };
        self.ask_trials(ctx, Question::Comparison { with, name: "the run".to_owned(), seeds });
    }

    /// Opens a race, which may go on from the run where the project has its layers, data, batches and seed.
    pub(super) fn race(&mut self) {
        let Some(dataset) = self.session.dataset().cloned() else { return };
        let fork = self.session.job.clone().zip(self.session.fork().cloned()).filter(|_| self.is_same_stack());
        let parent = fork.as_ref().and_then(|(_, checkpoint)| self.branch_point(checkpoint.step));
        let has_diverged = matches!(self.session.status, Status::Ended(Outcome::Diverged(_)));
        let (project, base) = (self.document.project.clone(), self.runs_folder());
        self.dialogs.open(Race::new(Origin { project, dataset, fork, has_diverged, parent, base }));
    }

    /// Opens a search, whose trials are kept where the runs are.
    pub(super) fn search(&mut self) {
        let Some(dataset) = self.session.dataset().cloned() else { return };
        match self.runs_folder() {
            Some(base) => self.dialogs.open(SweepDialog::new(self.document.project.clone(), dataset, base)),
            None => self.notices.warn("A search keeps its trials, and no runs are kept here."),
        }
    }

    /// Drops the run. Its last batch ends on another thread, so that no frame waits for it.
    pub(super) fn reset(&mut self) {
        self.keep_drawing();
        if let Some(run) = self.session.reset() {
            tasks::end(run);
        }
        // Its thread writes what is left and ends by itself.
        self.retired.retain(|writing| !writing.is_finished());
        self.retired.extend(self.recording.take().map(Recording::retire));
        (self.networks.opened, self.kept.opened) = (None, None);
        self.playground.cell = None;
        if self.networks.this(&self.session).is_none() {
            self.playground.network = NetworkChoice::BuiltIn;
        }
    }
}

/// What each layer has got of the run, in words.
fn carried_text(job: &Job, carried: &[Carried]) -> String {
    let count = |of: fn(&Carried) -> usize| thousands(carried.iter().map(of).sum::<usize>() as f64);
    let layer = |layer: &Carried| {
        let share = match layer.kept {
            0 => "new",
            kept if kept == layer.of => "whole",
            _ => "in part",
        };
        format!("{} {} {share}", job.network.place_of(layer.layer).1 + 1, job.network.label(layer.layer))
    };
    let layers: Vec<_> = carried.iter().map(layer).collect();
    format!("Kept {} of {} weights: {}.", count(|layer| layer.kept), count(|layer| layer.of), layers.join(", "))
}
