//! Reading the data that the project names, and what comes with the program.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use eframe::egui::Context;

use super::{Document, Studio};
use crate::data::sources::{column_names, has_columns, painted, source_of};
use crate::data::{Augment, DataProblem, Lookup, Task};
use crate::project::suggest::{Suggestion, better_read, suggest};
use crate::project::{DataSettings, Problem, Project, RunFolder, presets};
use crate::ui::jobs::report::Report;
use crate::ui::state::session::DataState;

/// What the task is called that reads data, and how many go on at a time: while a slider is dragged, the data of its last place are
/// wanted and not those of every place in between.
const READING: &str = "reading the data";
const READINGS: usize = 2;

/// Sources of files and folders that people have of their own.
const OWN: [&str; 4] = ["csv", "series", "images", "npz"];

/// While something is downloaded, the window shows this often how far it is.
const TOLD: Duration = Duration::from_millis(50);

impl Studio {
    /// Starts reading the source that the project names. The window is used meanwhile.
    pub(super) fn load_data(&mut self, ctx: &Context) {
        let data = self.document.project.data.clone();
        let source = data.source.clone();
        if source.is(&painted::SOURCE) {
            // What stands in the project itself is read at once, so that the view does not flicker at every stroke.
            let result = data.load(&Lookup::default()).map(Arc::new).map_err(|error| DataProblem::from(&error));
            return self.session.data_arrived(source, result);
        }
        let arrived = Arc::new(Mutex::new(String::new()));
        self.session.data = DataState::Loading { source: source.clone(), arrived: Arc::clone(&arrived) };
        self.is_read_later = self.readings() >= READINGS;
        if self.is_read_later {
            return;
        }
        let waker = ctx.clone();
        let folder = self.document.path.as_deref().and_then(Path::parent).map(Path::to_owned);
        let (named, place) = (source.clone(), folder.clone());
        if source.single().and_then(source_of).is_some_and(has_columns) {
            self.tasks.spawn(ctx, "reading the columns", move || {
                let lookup = Lookup { folder: place.as_deref(), ..Lookup::default() };
                Report::ColumnsFound { columns: column_names(&named, &lookup), source: named }
            });
        }
        self.tasks.spawn(ctx, READING, move || {
            let tell = |file: &str, have: u64, bytes: u64| {
                let megabytes = |bytes: u64| bytes as f64 / 1e6;
                let text = format!("{file}, {:.1} of {:.1} MB", megabytes(have), megabytes(bytes));
                arrived.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&text);
                waker.request_repaint_after(TOLD);
            };
            let lookup = Lookup { folder: folder.as_deref(), known: None, progress: Some(&tell) };
            let result = data.load(&lookup).map(Arc::new).map_err(|error| DataProblem::from(&error));
            Report::DataLoaded { source, result }
        });
    }

    /// How many sources are being read at the moment.
    pub fn readings(&self) -> usize {
        self.tasks.count(READING)
    }

    /// Reads the source that had to wait for others.
    pub(super) fn read_later(&mut self, ctx: &Context) {
        if self.is_read_later && self.readings() < READINGS {
            self.load_data(ctx);
        }
    }

    /// Network and training that suit the data, in the place of those that are there. One undo brings them back.
    pub(super) fn suggest(&mut self) {
        let Some(dataset) = self.session.dataset() else { return };
        let project = &mut self.document.project;
        let mut reasons = Vec::new();
        let lookup = Lookup { folder: self.document.path.as_deref().and_then(Path::parent), ..Lookup::default() };
        if let Some(better) = better_read(&project.data.source, dataset, &lookup, &mut reasons) {
            // The network follows when the data have been read in this way.
            project.data.source = better;
            self.better = Some(reasons.join(". "));
            return self.notices.tell(reasons.join(". "));
        }
        let better = self.better.take();
        match suggest(&project.data.source, dataset) {
            Ok(Suggestion { project: suggested, reasons }) => {
                let is_named_by_program = presets::names().contains(&project.name.as_str())
                    || self.last_suggestion.as_ref().is_some_and(|last| last.name == project.name);
                let name = if is_named_by_program { suggested.name.clone() } else { project.name.clone() };
                *project = Project { name, ..suggested };
                self.last_suggestion = Some(project.clone());
                let reasons = better.into_iter().chain(reasons).collect::<Vec<_>>().join(". ");
                self.notices.tell(format!("{reasons}. Ctrl+Z brings the last network back."));
            }
            Err(error) => self.notices.warn(error.to_string()),
        }
    }

    /// Data have come. Where they are of another file or the network does not fit them, and nobody has edited it, it gives way to a
    /// suggestion; where it is the one that is suggested for them, that is remembered, wherever it came from: a file, the command
    /// line, the last time.
    pub(super) fn suggest_if_untouched(&mut self) {
        // A lesson has the network that it means.
        if self.lessons.on.is_some() {
            return;
        }
        let Some(dataset) = self.session.dataset().filter(|_| !self.session.is_on()) else { return };
        let project = &self.document.project;
        let last = self.last_suggestion.as_ref().filter(|last| last.has_stack_of(project));
        let preset = if last.is_none() { presets::with_stack_of(project) } else { None };
        let name_of = |project: &Project| {
            let part = project.data.source.single().filter(|part| OWN.contains(&&*part.name))?;
            Path::new(&part.argument).file_name().map(ToOwned::to_owned)
        };
        let is_opened = std::mem::take(&mut self.is_file_opened) && name_of(project).is_some();
        let is_for_another =
            is_opened && last.or(preset.as_ref()).is_some_and(|unedited| name_of(unedited) != name_of(project));
        let is_misfit = || project.problems(dataset).iter().any(Problem::is_error);
        let has_targets = !matches!(dataset.task, Task::Reconstruction { .. });
        let is_unedited = last.is_some() || preset.is_some();
        if self.better.is_some() || has_targets && (is_for_another || is_unedited && is_misfit()) {
            self.suggest();
        } else if has_targets
            && last.is_none()
            && let Ok(Suggestion { project: suggested, reasons }) = suggest(&project.data.source, dataset)
            && suggested.has_stack_of(project)
        {
            if self.document.path.is_none() && self.session.job.is_none() {
                self.notices.tell(format!("{}.", reasons.join(". ")));
            }
            self.last_suggestion = Some(suggested);
        }
    }

    /// An empty stack for the data that there are.
    pub(super) fn empty(&mut self) {
        let project = &self.document.project;
        let data = DataSettings { augment: Augment::default(), ..project.data.clone() };
        let empty = Project { name: "untitled".to_owned(), data, ..presets::empty() };
        self.notices.tell("An empty network. Ctrl+Z brings the last one back.");
        self.show_document(Document::new(empty));
    }

    pub(super) fn unpack_classifier(&mut self, ctx: &Context) {
        self.tasks.spawn(ctx, "unpacking the built-in classifier", || {
            Report::ClassifierUnpacked(RunFolder::pretrained().map(Arc::new).map_err(|error| error.to_string()))
        });
    }
}
