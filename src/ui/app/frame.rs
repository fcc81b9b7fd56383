//! How a frame goes.

use std::sync::Arc;
use std::time::Duration;

use eframe::egui::{self, Context, Ui};

use super::places::{explained_ui, places_ui};
use super::{Studio, notices};
use crate::data::Dataset;
use crate::train::LiveChange;
use crate::ui::commands::{Request, keys};
use crate::ui::jobs::evaluation::EvaluationQuery;
use crate::ui::state::painting::Painting;
use crate::ui::state::revisit::REST;
use crate::ui::state::subject::Subject;
use crate::ui::views::cx::Cx;
use crate::ui::views::dialogs::sweep::SweepDialog;
use crate::ui::widgets::halo::halo_ui;

/// Time that one frame may spend on events; what is left waits for the next frame.
const EVENT_BUDGET: Duration = Duration::from_millis(3);

impl eframe::App for Studio {
    /// Takes in what threads have sent; also while the window is hidden.
    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.apply_window_state(ctx);
        for report in self.tasks.finished() {
            self.take(ctx, report);
        }
        for what in self.unwritten.1.try_iter() {
            self.notices.warn(what);
        }
        self.dialogs.absorb();
        if let Some(sweep) = self.dialogs.get_mut::<SweepDialog>() {
            sweep.begin(ctx, &mut self.tasks);
        }
        if self.session.drain(EVENT_BUDGET) {
            ctx.request_repaint();
        }
        self.follow_lesson(ctx);
        self.follow_editor(ctx);
        self.follow_board(ctx);
        self.follow_project(ctx);
        self.follow_experiment(ctx);
        self.read_later(ctx);
        self.read_opened(ctx);
        self.evaluate_visit(ctx);
        self.ask_for_charts(ctx);
        self.copy_soon(ctx);
        let dropped = ctx.input(|input| input.raw.dropped_files.clone());
        for file in dropped {
            self.act(ctx, Request::Dropped(file.path().to_owned()));
        }
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        self.draw(ui);
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        self.window.path.clone_from(&self.document.path);
        self.window.draft = self.document.project.to_text().ok();
        eframe::set_value(storage, eframe::APP_KEY, &self.window);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}

/// The run that is on is stopped, and all that is known of it is written before the program ends.
impl Drop for Studio {
    fn drop(&mut self) {
        self.fall_silent();
        if let Some(recording) = &self.recording {
            recording.wait_for_folder();
        }
        self.copy_now();
        self.keep_drawing();
        if self.recording.is_some() {
            self.session.finish();
        }
        self.end_recordings();
        self.kept.empty_deleted();
    }
}

impl Studio {
    /// Lets data, painting and run follow what was edited.
    fn follow_project(&mut self, ctx: &Context) {
        let data = &self.document.project.data;
        let is_other_task = |dataset: &Arc<Dataset>| data.is_other_task(&dataset.task);
        if data.source != *self.session.source() || self.session.dataset().is_some_and(is_other_task) {
            self.load_data(ctx);
        }
        let source = &self.document.project.data.source;
        self.playground.painting.take_if(|painting| !painting.follows(source, &self.session.data));
        let dataset = self.session.dataset().filter(|_| source == self.session.source());
        if let (true, Some(dataset)) = (self.playground.wants_painting, dataset) {
            self.playground.painting = Painting::of(source, dataset);
            self.playground.wants_painting = false;
        }
        self.session.set_pace(self.window.pace);
        // The optimizer of another project is not meant for this run.
        let is_its_project = !self.session.has_other_model(&self.document.project);
        if is_its_project && !ctx.input(|input| input.pointer.any_down()) {
            self.session.set_live(LiveChange::of(&self.document.project.training));
        }
    }

    /// Works out what the moment that is looked at predicts, where that is not known.
    fn evaluate_visit(&mut self, ctx: &Context) {
        let Some((job, snapshot, is_glance)) = self.session.unevaluated() else { return };
        let query = EvaluationQuery { job, snapshot, is_glance };
        let asked = if is_glance { &mut self.derived.glance } else { &mut self.derived.evaluation };
        if let Some(latest) = asked.ask(ctx, query) {
            let (evaluation, is_whole) = &latest.answer;
            self.session.evaluated(&latest.query.snapshot, evaluation, *is_whole);
            if !is_whole {
                ctx.request_repaint_after(REST);
            }
        }
    }

    fn draw(&mut self, ui: &mut Ui) {
        let shapes = self.shapes();
        let subject = Subject::of(&self.document.project, &self.session);
        let situation = self.situation();
        let mut actions = keys::pressed(ui, &situation);
        let is_edited = self.is_edited();
        let runs = self.runs_folder();
        let (changed_runs, has_deleted) = (self.kept.changed, !self.kept.deleted.is_empty());
        let Self {
            document,
            session,
            window,
            lessons,
            playground,
            networks,
            derived,
            views,
            dialogs,
            notices,
            problems,
            ..
        } = self;
        let mut cx = Cx {
            project: &mut document.project,
            path: document.path.as_deref(),
            runs,
            changed_runs,
            has_deleted,
            is_edited,
            window,
            playground,
            session,
            lessons,
            networks,
            derived,
            shapes: &shapes,
            problems,
            subject: &subject,
            situation: &situation,
            actions: &mut actions,
        };
        notices.ui(ui);
        places_ui(ui, views, &mut cx);
        explained_ui(ui, views, window);
        notices::drop_hint_ui(ui);
        actions.extend(dialogs.ui(ui, &situation));
        if window.is_presenter {
            halo_ui(ui);
        }
        for action in actions {
            self.act(ui, action);
        }
        self.remember(ui);
    }
}
