//! Carrying out the actions that concern the run and the window; those that concern files are in [`crate::ui::app::files`].

use std::sync::Arc;
use std::time::Duration;

use eframe::egui::{Context, ViewportCommand};

use super::{DRAW, Document, Studio};
use crate::train::{Command, Job, Start, default_threads};
use crate::ui::commands::Action;
use crate::ui::jobs::tasks;
use crate::ui::state::playground::ReaderChoice;
use crate::ui::state::session::Status;
use crate::ui::views::dialogs::cross_validation::Folding;
use crate::ui::views::dialogs::lr_finder::Finding;
use crate::ui::views::dialogs::lr_finder::two_digits;

/// A step of a run asks for a frame at most this often.
const WAKE: Duration = Duration::from_millis(16);

impl Studio {
    /// Does what a panel, a key, a finished task or a test asks for.
    pub fn apply(&mut self, ctx: &Context, action: Action) {
        match action {
            Action::Nothing => {}
            Action::Train => self.train(ctx),
            Action::Pause => self.session.send(Command::Pause),
            Action::TrainOrPause => match self.session.status {
                Status::Running => self.session.send(Command::Pause),
                // A key that is pressed by mistake must not throw a finished run away; the button says that it does.
                Status::Ended(_) => {}
                _ => self.train(ctx),
            },
            Action::StepBatch => self.step(ctx, Command::StepBatch),
            Action::StepEpoch => self.step(ctx, Command::StepEpoch),
            Action::Escape if self.view.is_presenter => self.toggle_presenter(ctx),
            Action::Escape | Action::Stop => self.session.stop(),
            Action::Reset => self.reset(),
            Action::ResetGentler => {
                self.reset();
                let rate = &mut self.document.project.training.learning_rate;
                *rate = two_digits(*rate / 3.0);
            }
            Action::FindRate => self.find_rate(ctx),
            Action::CrossValidate(folds) => self.cross_validate(ctx, folds),
            Action::UseRate(rate) => self.document.project.training.learning_rate = rate,
            Action::Show(room) => room.clone_into(&mut self.view.room),
            Action::ShowCell(truth, class) => {
                self.desk.cell = Some((truth, class));
                "Mistakes".clone_into(&mut self.view.room);
            }
            Action::Undo => self.travel(false),
            Action::Redo => self.travel(true),
            Action::FoldLeft => self.view.is_left_open = !self.view.is_left_open,
            Action::FoldRight => self.view.is_right_open = !self.view.is_right_open,
            Action::TogglePresenter => self.toggle_presenter(ctx),
            Action::ToggleHelp => self.is_help_open = !self.is_help_open,
            Action::DataLoaded { source, result } => self.data_loaded(source, result),
            Action::ColumnsFound { source, columns } => {
                if source == self.session.source() {
                    self.session.columns = columns;
                }
            }
            Action::SurfaceDrawn(answers) => self.surface.arrived(answers),
            Action::PicturesDrawn(pictures) => self.gallery.arrived(pictures),
            Action::SamplesGenerated(made) => self.generated.arrived(made),
            Action::PretrainedLoaded(result) => {
                if let Err(why) = &result {
                    tracing::info!("no bundled reader: {why}");
                }
                self.reading.bundled = Some(result);
            }
            Action::Tell(text) => self.notices.tell(text),
            Action::Warn(text) => self.notices.warn(text),
            other => self.apply_to_files(ctx, other),
        }
    }

    /// Begins a run, anew if one has ended; goes on if it is paused.
    fn train(&mut self, ctx: &Context) {
        match self.session.status {
            Status::Idle | Status::Ended(_) => self.begin(ctx, Start::Running),
            Status::Paused => self.session.send(Command::Resume),
            Status::Running | Status::Stopping => {}
        }
    }

    /// One batch or one epoch, of a new run if there is none.
    fn step(&mut self, ctx: &Context, command: Command) {
        match self.session.status {
            Status::Idle => {
                self.begin(ctx, Start::Paused);
                self.session.send(command);
            }
            Status::Running | Status::Paused => self.session.send(command),
            Status::Stopping | Status::Ended(_) => {}
        }
    }

    fn begin(&mut self, ctx: &Context, start: Start) {
        let Some(job) = self.job().map(Arc::new) else { return };
        self.reset();
        let waker = ctx.clone();
        let wake = move || waker.request_repaint_after(WAKE);
        if let Err(error) = self.session.start(job, &self.document.project, start, wake) {
            return self.notices.warn(format!("The run could not be started: {error}."));
        }
        self.reading.close();
        self.desk.reader = ReaderChoice::This;
        self.desk.cell = None;
    }

    /// Everything the project needs to be trained. What does not fit is told.
    fn job(&mut self) -> Option<Job> {
        let dataset = self.session.dataset()?.clone();
        let job = self.document.project.job(dataset, default_threads());
        job.map_err(|error| self.notices.warn(error.to_string())).ok()
    }

    fn find_rate(&mut self, ctx: &Context) {
        let Some(job) = self.job() else { return };
        let waker = ctx.clone();
        let (finding, work) = Finding::new(job, move || waker.request_repaint_after(WAKE));
        self.tasks.spawn(ctx, "finding a learning rate", work);
        self.finding = Some(finding);
    }

    fn cross_validate(&mut self, ctx: &Context, folds: usize) {
        let Some(dataset) = self.session.dataset().cloned() else { return };
        let (project, waker) = (self.document.project.clone(), ctx.clone());
        let (folding, work) = Folding::new(project, dataset, folds, move || waker.request_repaint_after(WAKE));
        self.tasks.spawn(ctx, "cross-validating", work);
        self.folding = Some(folding);
    }

    /// Drops the run. Its last batch ends on another thread, so that no frame waits for it.
    fn reset(&mut self) {
        if let Some(run) = self.session.reset() {
            tasks::end(run);
        }
        self.desk.cell = None;
        if !self.reading.has_this(&self.session) {
            self.desk.reader = ReaderChoice::Bundled;
        }
    }

    /// Undo and redo, see [`Studio::can_travel`].
    fn travel(&mut self, forward: bool) {
        if self.view.room == DRAW {
            return self.desk.travel(forward);
        }
        let then = match forward {
            true => self.undo.redo(&self.document),
            false => self.undo.undo(&self.document),
        };
        if let Some(then) = then.cloned() {
            self.document = then;
        }
    }

    fn toggle_presenter(&mut self, ctx: &Context) {
        let view = &mut self.view;
        view.is_presenter = !view.is_presenter;
        let sides = (view.is_left_open, view.is_right_open);
        if view.is_presenter {
            view.sides_before = sides;
        }
        (view.is_left_open, view.is_right_open) = if view.is_presenter { (false, false) } else { view.sides_before };
        ctx.send_viewport_cmd(ViewportCommand::Fullscreen(self.view.is_presenter));
    }

    /// Puts another document on the screen. Undo brings the old one back.
    pub(super) fn show_document(&mut self, document: Document) {
        self.undo.add_undo(&self.document);
        self.saved.clone_from(&document.project);
        self.reading.close();
        self.document = document;
        self.reset();
    }
}
