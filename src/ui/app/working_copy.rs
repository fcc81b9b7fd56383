//! Project and drawing are written by themselves, soon after a change, and are there again at the next start, with the run that was
//! shown. After a crash, or where a training was ended, that is told.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use eframe::egui::Context;

use super::dropped::read_left;
use super::kept_runs::{KEEPING_DRAWING, write_drawing_of_run};
use super::{Document, Studio};
use crate::project::working_copy::{LeftRun, WorkingCopy, hold};
use crate::ui::jobs::report::Report;

/// A change is written when it is this old.
const SOON: Duration = Duration::from_millis(1500);

/// The task that writes. One at a time, as of a drawing: an older copy must not be written over a newer one.
const COPYING: &str = "keeping a copy of the project";

/// The copy on the disk.
#[derive(Default)]
pub struct Copying {
    /// Where it is written; nowhere in a test, and in a second window.
    file: Option<PathBuf>,
    /// Keeps other windows from it.
    held: Option<std::fs::File>,
    /// What was written last, or is being written.
    written: Option<WorkingCopy>,
    /// Which state of the lessons is in it.
    lessons: u64,
    /// Since when the screen differs from it.
    changed: Option<Instant>,
}

impl Studio {
    /// Writes project and drawing to this file soon after every change, and begins with what is in it, if `is_restored`.
    #[must_use]
    pub fn copying_to(mut self, ctx: &Context, file: Option<PathBuf>, is_restored: bool) -> Self {
        let held = file.as_deref().and_then(hold);
        if file.is_some() && held.is_none() {
            self.board.is_silent = true;
            self.notices.tell("Another window is open, which keeps its project for the next start; this one does not.");
            return self;
        }
        self.copying.held = held;
        if let Some(copy) = file.as_deref().filter(|_| is_restored).and_then(WorkingCopy::read) {
            (self.document.project, self.document.path) = (copy.project.clone(), copy.path.clone());
            if !copy.drawing.strokes.is_empty() {
                self.playground.drawing = copy.drawing.clone();
                self.playground.is_example = false;
            }
            if let Some((own, why)) = self.lessons.restore(copy.lessons.clone(), &self.document.project) {
                (self.document.project, self.document.path) = (own.project, own.path);
                self.notices.warn(why);
            }
            self.compare_with_file(ctx);
            if copy.is_open {
                self.notices.warn("The program ended unexpectedly. The project and the drawing have been restored.");
            }
            if let Some(LeftRun { folder, was_on }) = copy.run.clone() {
                self.tasks.spawn(ctx, "reading the run", move || read_left(folder, was_on));
            }
            self.copying.written = Some(copy);
        }
        self.copying.file = file;
        self
    }

    fn working_copy(&self) -> WorkingCopy {
        // A drawing of the program is none of the user.
        let drawing = if self.playground.is_example { Default::default() } else { self.playground.drawing.clone() };
        let Document { project, path } = self.document.clone();
        WorkingCopy { project, path, drawing, run: self.left_run(), lessons: self.lessons.kept(), is_open: true }
    }

    fn left_run(&self) -> Option<LeftRun> {
        self.run_folder().map(|folder| LeftRun { folder, was_on: self.session.is_on() })
    }

    fn is_copied(&self) -> bool {
        let is_example = self.playground.is_example;
        self.copying.written.as_ref().is_some_and(|written| {
            written.project == self.document.project
                && self.copying.lessons == self.lessons.revision
                && written.path == self.document.path
                && written.run == self.left_run()
                && (is_example && written.drawing.strokes.is_empty() || written.drawing == self.playground.drawing)
        })
    }

    /// Writes the copy, and the drawing into the folder of the run, when the screen has differed from them for a while.
    pub(super) fn copy_soon(&mut self, ctx: &Context) {
        let file = self.copying.file.clone().filter(|_| !self.is_copied());
        let folder = self.folder_without_drawing();
        if file.is_none() && folder.is_none() {
            self.copying.changed = None;
            return;
        }
        let changed = *self.copying.changed.get_or_insert_with(Instant::now);
        let left = SOON.saturating_sub(changed.elapsed());
        if !left.is_zero() {
            return ctx.request_repaint_after(left);
        }
        if self.tasks.count(COPYING) + self.tasks.count(KEEPING_DRAWING) > 0 {
            return; // The end of a task brings the next frame.
        }
        self.copying.changed = None;
        if let Some(file) = file {
            let copy = self.working_copy();
            self.copying.lessons = self.lessons.revision;
            self.copying.written = Some(copy.clone());
            self.tasks.spawn(ctx, COPYING, move || match copy.write(&file) {
                Ok(()) => Report::Nothing,
                Err(error) => Report::Warned(format!("No copy of the project can be kept for a crash: {error}.")),
            });
        }
        if let Some(folder) = folder {
            let drawing = self.playground.drawing.clone();
            self.kept.drawing = Some(drawing.clone());
            self.tasks.spawn(ctx, KEEPING_DRAWING, move || match write_drawing_of_run(&folder, &drawing) {
                Ok(()) => Report::Nothing,
                Err(error) => Report::Warned(format!("The drawing is not kept with the run: {error}.")),
            });
        }
    }

    /// Writes what is there when the window closes.
    pub(super) fn copy_now(&self) {
        let Some(file) = self.copying.file.as_deref() else { return };
        self.tasks.wait_for(COPYING);
        if let Err(error) = (WorkingCopy { is_open: false, ..self.working_copy() }).write(file) {
            tracing::warn!("{error}");
        }
    }
}
