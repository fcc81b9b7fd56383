//! Reading the data that the project names, and what comes with the program.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use eframe::egui::Context;

use super::Studio;
use crate::data::sources::{column_names, has_columns, painted, source_of};
use crate::data::{DataProblem, Lookup};
use crate::project::suggest::{Suggestion, suggest};
use crate::project::{Project, RunFolder};
use crate::ui::jobs::report::Report;
use crate::ui::state::session::DataState;

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
        let waker = ctx.clone();
        let folder = self.document.path.as_deref().and_then(Path::parent).map(Path::to_owned);
        let (named, place) = (source.clone(), folder.clone());
        if source.single().and_then(source_of).is_some_and(has_columns) {
            self.tasks.spawn(ctx, "reading the columns", move || {
                let lookup = Lookup { folder: place.as_deref(), ..Lookup::default() };
                Report::ColumnsFound { columns: column_names(&named, &lookup), source: named }
            });
        }
        self.tasks.spawn(ctx, "reading the data", move || {
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

    /// Network and training that suit the data, in the place of those that are there. One undo brings them back.
    pub(super) fn suggest(&mut self) {
        let Some(dataset) = self.session.dataset() else { return };
        let project = &mut self.document.project;
        match suggest(&project.data.source, dataset) {
            Ok(Suggestion { project: suggested, reasons }) => {
                *project = Project { name: project.name.clone(), ..suggested };
                self.notices.tell(reasons.join(". "));
            }
            Err(error) => self.notices.warn(error.to_string()),
        }
    }

    pub(super) fn unpack_classifier(&mut self, ctx: &Context) {
        self.tasks.spawn(ctx, "unpacking the built-in classifier", || {
            Report::ClassifierUnpacked(RunFolder::pretrained().map(Arc::new).map_err(|error| error.to_string()))
        });
    }
}
