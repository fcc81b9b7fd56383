//! What the window changes of kept runs: names, notes, pins, and which are deleted.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::Context;

use super::Studio;
use crate::data::{Drawing, Modality};
use crate::project::ProjectError;
use crate::project::run_folder::DRAWING;
use crate::project::whole::write_whole;
use crate::runs::store;
use crate::ui::commands::RunChange;
use crate::ui::jobs::kept_run::{self, ReadRun};
use crate::ui::jobs::predictor::DrawingQuery;
use crate::ui::jobs::report::Report;
use crate::ui::jobs::side_by_side::{self, Asked};
use crate::ui::state::playground::Playground;
use crate::ui::state::subject::Subject;
use crate::ui::views::dialogs::side_by_side::SideBySideDialog;

/// The task that writes the drawing into the folder of the run.
pub(super) const KEEPING_DRAWING: &str = "keeping the drawing";

/// Changes of kept runs since the window was opened.
#[derive(Default)]
pub struct KeptRuns {
    /// How many there were.
    pub changed: u64,
    /// The folder of the run that is open and was not trained in this window.
    pub opened: Option<PathBuf>,
    /// Whether the rest of it was read, or cannot be.
    pub is_read: bool,
    /// The drawing as it is in the folder of the run, or as it was when a run was opened that has none.
    pub drawing: Option<Drawing>,
    /// What was deleted: the folder of all runs, where it is now, and where it was.
    pub deleted: Vec<Deleted>,
}

/// A run that was deleted and can be brought back.
pub struct Deleted {
    base: PathBuf,
    aside: PathBuf,
    folder: PathBuf,
}

impl KeptRuns {
    /// Deletes for good what was put aside.
    pub fn empty_deleted(&mut self) {
        for Deleted { base, .. } in self.deleted.drain(..) {
            if let Err(error) = store::empty_deleted(&base) {
                tracing::warn!("deleted runs stay: {error}");
            }
        }
    }
}

impl Studio {
    /// Reads the rest of the run that is open when its data are there, once.
    pub(super) fn read_opened(&mut self, ctx: &Context) {
        let (Some(folder), Some(run)) = (self.kept.opened.clone(), self.networks.opened.clone()) else { return };
        let project = &self.document.project;
        let Some(dataset) = self.session.dataset().filter(|_| project.data == run.project.data).cloned() else {
            return;
        };
        if self.kept.is_read || self.session.job.is_some() || *self.session.source() != project.data.source {
            return;
        }
        self.kept.is_read = true;
        self.tasks.spawn(ctx, "reading the run", move || {
            let result = kept_run::read(&folder, &run, dataset).map(Box::new);
            Report::RunRead { folder, result }
        });
    }

    /// Shows an opened run as it was left.
    pub(super) fn adopt_run(&mut self, folder: &Path, result: Result<Box<ReadRun>, ProjectError>) {
        if self.kept.opened.as_deref() != Some(folder) || self.session.job.is_some() {
            return;
        }
        match result {
            Ok(read) => {
                if read.has_other_data {
                    self.notices.warn("The data are not those that the run began with, and its results may differ.");
                }
                self.session.adopt(read.run);
            }
            Err(error) => self.notices.warn(format!("{error}.")),
        }
    }

    /// Where the run that is shown is kept.
    pub(super) fn run_folder(&self) -> Option<PathBuf> {
        match &self.recording {
            Some(recording) => recording.folder(),
            None => self.kept.opened.clone(),
        }
    }

    /// The folder of the run, if the drawing in it is not the one on the canvas.
    pub(super) fn folder_without_drawing(&self) -> Option<PathBuf> {
        let drawing = self.drawing_of_run().filter(|drawing| self.kept.drawing.as_ref() != Some(drawing));
        drawing.and_then(|_| self.run_folder())
    }

    /// What somebody has drawn for the run, if it is one that reads images.
    pub(super) fn drawing_of_run(&self) -> Option<&Drawing> {
        let Playground { drawing, is_example, .. } = &self.playground;
        let is_of_images = Subject::of(&self.document.project, &self.session).modality() == Modality::Images;
        (is_of_images && !is_example).then_some(drawing)
    }

    /// Writes the drawing into the folder of the run that is to be left, unless it is there.
    pub(super) fn keep_drawing(&mut self) {
        self.tasks.wait_for(KEEPING_DRAWING);
        if let Some(folder) = self.folder_without_drawing()
            && let Err(error) = write_drawing_of_run(&folder, &self.playground.drawing)
        {
            tracing::warn!("{error}");
        }
        self.kept.drawing = None;
    }

    /// Puts the drawing of a run that was opened on the canvas. Without one, the canvas stays as it is.
    pub(super) fn show_drawing_of_run(&mut self, drawing: Option<Drawing>) {
        if let Some(drawing) = drawing {
            self.playground.drawing = drawing;
            (self.playground.is_example, self.playground.picture) = (false, None);
        }
        self.kept.drawing = Some(self.playground.drawing.clone());
    }

    /// Reads and evaluates two runs, and shows them when that is done.
    pub(super) fn lay_side_by_side(&mut self, ctx: &Context, folders: [PathBuf; 2]) {
        let project = &self.document.project;
        let dataset = self.session.dataset().filter(|_| *self.session.source() == project.data.source);
        let known = dataset.map(|dataset| (project.data.clone(), Arc::clone(dataset)));
        let drawing = DrawingQuery {
            picture: None,
            drawing: self.playground.drawing.clone(),
            pen: self.window.pen,
            preparation: self.playground.preparation,
            network: Err(String::new()),
        };
        let asked = Asked { folders, known, drawing };
        self.dialogs.open(SideBySideDialog::default());
        self.tasks.spawn(ctx, "comparing two runs", move || {
            let found = side_by_side::compare(&asked).map(Box::new);
            Report::RunsCompared(found.map_err(|error| format!("{error}.")))
        });
    }

    pub(super) fn change_run(&mut self, folder: &Path, change: RunChange) {
        let changed = store::change(folder, |info| match change {
            RunChange::Name(name) => info.name = Some(name.trim().to_owned()).filter(|name| !name.is_empty()),
            RunChange::Note(note) => info.note = note.trim().to_owned(),
            RunChange::Pin(is_pinned) => info.is_pinned = is_pinned,
            RunChange::Color(color) => info.color = color,
        });
        if let Err(error) = changed {
            self.notices.warn(format!("{error}."));
        }
        self.kept.changed += 1;
    }

    pub(super) fn delete_runs(&mut self, folders: &[PathBuf]) {
        let Some(base) = self.runs_folder() else { return };
        let mut count = 0;
        for folder in folders {
            match store::put_aside(&base, folder) {
                Ok(aside) => {
                    count += 1;
                    self.kept.deleted.push(Deleted { base: base.clone(), aside, folder: folder.clone() });
                }
                Err(error) => self.notices.warn(format!("{error}.")),
            }
        }
        if count > 0 {
            let (what, they) =
                if count == 1 { ("the run".to_owned(), "It") } else { (format!("{count} runs"), "They") };
            self.notices.tell(format!("Deleted {what}. {they} can be brought back until the window closes."));
        }
        self.kept.changed += 1;
    }

    pub(super) fn bring_back_run(&mut self) {
        let Some(Deleted { aside, folder, .. }) = self.kept.deleted.pop() else { return };
        match store::bring_back(&aside, &folder) {
            Ok(()) => self.notices.tell(format!("{} is back.", folder.display())),
            Err(error) => self.notices.warn(format!("{error}.")),
        }
        self.kept.changed += 1;
    }
}

/// Writes the drawing into a run folder, whole or not at all. A folder that was deleted stays deleted.
pub(super) fn write_drawing_of_run(folder: &Path, drawing: &Drawing) -> Result<(), ProjectError> {
    let path = folder.join(DRAWING);
    let text = serde_json::to_string(drawing).map_err(|error| ProjectError::file(&path, error))?;
    match write_whole(&path, (text + "\n").as_bytes()) {
        Err(error) if folder.exists() => Err(ProjectError::file(&path, error)),
        _ => Ok(()),
    }
}
