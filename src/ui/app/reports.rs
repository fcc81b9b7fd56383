//! What finished tasks report.

use eframe::egui::Context;

use super::files::short;
use super::{Document, Studio};
use crate::data::Drawing;
use crate::ui::commands::Request;
use crate::ui::jobs::report::{OpenedRun, Report};
use crate::ui::state::curves::Over;
use crate::ui::state::trained_network::NetworkChoice;
use crate::ui::views::dialogs::export::ExportDialog;
use crate::ui::views::dialogs::side_by_side::SideBySideDialog;
use crate::ui::views::{data, draw};
use crate::ui::widgets::digit_canvas::fit_to_canvas;

impl Studio {
    /// Takes in what a task, or a test in its place, reports.
    pub fn take(&mut self, ctx: &Context, report: Report) {
        match report {
            Report::Nothing => {}
            // Somebody may have chosen another source in the meantime.
            Report::DataLoaded { source, result } if source == self.document.project.data.source => {
                self.session.data_arrived(source, result);
                self.suggest_if_untouched();
            }
            Report::ColumnsFound { source, columns } if source == *self.session.source() => {
                self.session.columns = columns;
            }
            Report::DataLoaded { .. } | Report::ColumnsFound { .. } => {}
            Report::ProjectOpened { project, path } => {
                // Somebody who opens a project of their own is done with the lesson.
                self.leave_lesson();
                self.notices.tell(format!("Opened {}.", short(&path)));
                self.window.remember_file(&path);
                self.show_document(Document { project, path: Some(path) });
            }
            Report::ProjectSaved { project, path } => {
                self.notices.tell(format!("Saved as {}.", short(&path)));
                self.window.remember_file(&path);
                self.saved = project;
                self.document.path = Some(path);
            }
            Report::ProjectCompared(project) => self.saved = project,
            Report::RunOpened(opened) => self.show_run(opened),
            Report::RunImported(opened, notes) => {
                self.show_run(opened);
                notes.into_iter().for_each(|note| self.notices.tell(format!("{note}.")));
            }
            Report::RunLeft(opened, was_on) => self.show_run_left(opened, was_on),
            Report::DrawingOpened { drawing, of } => {
                if of > 1 {
                    self.notices.tell(format!("The file has {of} drawings; this is the first."));
                }
                self.playground.drawing = Drawing { label: None, ..drawing };
                self.playground.is_example = false;
                self.playground.picture = None;
                fit_to_canvas(&mut self.playground.drawing);
            }
            Report::PictureOpened(picture) => {
                self.playground.picture = Some(picture);
                // The built-in classifier reads digits alone.
                if self.networks.this(&self.session).is_some() {
                    self.playground.network = NetworkChoice::This;
                }
                self.act(ctx, Request::Show(draw::ID));
            }
            Report::ClassifierUnpacked(result) => {
                if let Err(why) = &result {
                    tracing::info!("no built-in digit classifier: {why}");
                }
                self.networks.built_in = Some(result);
            }
            Report::Asked(request) => {
                // What was decided while the file was read stands in the tab Data.
                if matches!(request, Request::UseSource(_)) {
                    self.act(ctx, Request::Show(data::ID));
                }
                self.act(ctx, request);
            }
            Report::RunRead { folder, result } => self.adopt_run(&folder, result),
            Report::RunsCompared(result) => {
                if let Some(dialog) = self.dialogs.get_mut::<SideBySideDialog>() {
                    dialog.take(result);
                }
            }
            Report::Exported(result) => match self.dialogs.get_mut::<ExportDialog>() {
                Some(dialog) => dialog.take(result.map(|done| *done)),
                None => match result {
                    Ok(done) => self.notices.tell(format!("Exported: {}.", done.proof)),
                    Err(why) => self.notices.warn(why),
                },
            },
            Report::RunSaved(folder) => {
                self.window.remember_file(&folder);
                self.notices.tell(format!("Saved the run in {}.", folder.display()));
            }
            Report::NoDialog(wanted) => self.act(ctx, Request::TypePath(wanted)),
            Report::ProfileOpened(profile) => self.use_profile(profile),
            Report::BoardJoined(membership, result) => self.board_joined(membership, result),
            Report::BoardWritten(result) => self.board_written(result),
            Report::Told(text) => self.notices.tell(text),
            Report::Warned(text) => self.notices.warn(text),
        }
    }

    /// Puts another document on the screen. Undo brings the old one back.
    pub(super) fn show_document(&mut self, document: Document) {
        self.keep();
        self.saved.clone_from(&document.project);
        self.document = document;
        self.reset();
    }

    fn show_run(&mut self, opened: OpenedRun) {
        let OpenedRun { run, path, .. } = &opened;
        let what = match (&run.project.adversary, run.data.features.is_empty()) {
            (Some(_), _) => "Learn shows the samples of its generator.",
            (None, true) => "Its network reads what you draw, or the picture that you open.",
            (None, false) => "Its network reads the row that you enter.",
        };
        self.notices.tell(format!("Opened the run {}. {what}", short(path)));
        self.window.remember_file(path);
        self.show_document(Document::new(run.project.clone()));
        self.adopt_opened(opened);
    }

    /// Shows the run again that was shown when the window was left, unless somebody has begun another one since.
    fn show_run_left(&mut self, opened: OpenedRun, was_on: bool) {
        if self.run_folder().is_some() || self.session.job.is_some() {
            return;
        }
        if was_on {
            let name = short(&opened.path);
            self.notices.tell(format!(
                "The run {name} had not finished when the program ended. Continue goes on from its last checkpoint."
            ));
        }
        // What was drawn since is in the working copy.
        self.adopt_opened(OpenedRun { drawing: None, ..opened });
    }

    fn adopt_opened(&mut self, opened: OpenedRun) {
        let OpenedRun { run, lines, drawing, path } = opened;
        self.networks.opened = Some(run);
        (self.kept.opened, self.kept.is_read) = (Some(path), false);
        self.session.curves.read(&lines, Over::Steps);
        self.playground.network = NetworkChoice::This;
        self.show_drawing_of_run(drawing);
    }
}
