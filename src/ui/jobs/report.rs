//! What finished tasks tell the studio.

use std::path::PathBuf;
use std::sync::Arc;

use crate::data::{DataProblem, Dataset, Drawing, SourceSpec};
use crate::project::{Project, RunFolder};
use crate::ui::commands::{PathFor, Request};

pub enum Report {
    Nothing,
    DataLoaded {
        source: SourceSpec,
        result: Result<Arc<Dataset>, DataProblem>,
    },
    /// The columns of the file that a source names.
    ColumnsFound {
        source: SourceSpec,
        columns: Vec<String>,
    },
    ProjectOpened {
        project: Project,
        path: PathBuf,
    },
    ProjectSaved {
        project: Project,
        path: PathBuf,
    },
    /// What the file of the project holds, whose draft is on the screen.
    ProjectCompared(Project),
    RunOpened {
        run: Arc<RunFolder>,
        path: PathBuf,
    },
    /// The first of so many drawings of a file.
    DrawingOpened {
        drawing: Drawing,
        of: usize,
    },
    ClassifierUnpacked(Result<Arc<RunFolder>, String>),
    /// A path was chosen, or what was dropped turned out to be something to use.
    Asked(Request),
    /// The desktop has no file dialog.
    NoDialog(PathFor),
    /// Something worth knowing, for a few seconds.
    Told(String),
    /// Something that did not work, until it is read.
    Warned(String),
}
