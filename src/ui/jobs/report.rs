//! What finished tasks tell the studio.

use std::path::PathBuf;
use std::sync::Arc;

use crate::data::{DataProblem, Dataset, Drawing, SourceSpec};
use crate::export::Export;
use crate::project::profile::Profile;
use crate::project::{Project, ProjectError, RunFolder};
use crate::ui::commands::{PathFor, Request};
use crate::ui::jobs::kept_run::ReadRun;
use crate::ui::jobs::side_by_side::SideBySide;
use crate::ui::state::board::Membership;
use crate::ui::state::playground::OpenedPicture;

/// A run folder that was read.
pub struct OpenedRun {
    /// The run with its weights.
    pub run: Arc<RunFolder>,
    /// What it told while it trained.
    pub lines: Vec<serde_json::Value>,
    /// The drawing that was on the canvas.
    pub drawing: Option<Drawing>,
    /// The run folder.
    pub path: PathBuf,
}

/// The result of a background task.
pub enum Report {
    /// The task has no result.
    Nothing,
    /// The data of a source was read, or could not be read.
    DataLoaded {
        /// The source that was read.
        source: SourceSpec,
        /// The data set, or the error.
        result: Result<Arc<Dataset>, DataProblem>,
    },
    /// The columns of the file that a source names.
    ColumnsFound {
        /// The source that names the file.
        source: SourceSpec,
        /// The names of the columns, from left to right.
        columns: Vec<String>,
    },
    /// A project file was read.
    ProjectOpened {
        /// The project in the file.
        project: Project,
        /// The file.
        path: PathBuf,
    },
    /// The project was written to a file.
    ProjectSaved {
        /// The project as it was saved.
        project: Project,
        /// The file.
        path: PathBuf,
    },
    /// What the file of the project holds, whose draft is on the screen.
    ProjectCompared(Project),
    /// A run folder was read.
    RunOpened(OpenedRun),
    /// A network from elsewhere was written as a run and read; what was decided, a sentence each.
    RunImported(OpenedRun, Vec<String>),
    /// The run was read that was shown when the window was left, and whether it was on then.
    RunLeft(OpenedRun, bool),
    /// The rest of an opened run was read, or why it cannot be.
    RunRead {
        /// Its folder.
        folder: PathBuf,
        /// What was read.
        result: Result<Box<ReadRun>, ProjectError>,
    },
    /// Two runs were compared, or why they cannot be.
    RunsCompared(Result<Box<SideBySide>, String>),
    /// The network was exported, or why it cannot be.
    Exported(Result<Box<Export>, String>),
    /// The run was written into this folder.
    RunSaved(PathBuf),
    /// The first of so many drawings of a file.
    DrawingOpened {
        /// The first drawing.
        drawing: Drawing,
        /// Number of drawings in the file.
        of: usize,
    },
    /// A picture to be tried was read.
    PictureOpened(Arc<OpenedPicture>),
    /// The built-in digit classifier, or why this build has none.
    ClassifierUnpacked(Result<Arc<RunFolder>, String>),
    /// A path was chosen, or what was dropped turned out to be something to use.
    Asked(Request),
    /// The desktop has no file dialog.
    NoDialog(PathFor),
    /// The first line of a pupil was written on a class board, or why it was not.
    BoardJoined(Membership, Result<(), String>),
    /// Another line was written there, or why it was not.
    BoardWritten(Result<(), String>),
    /// Something worth knowing, for a few seconds.
    Told(String),
    /// What is to be left out from now on.
    ProfileOpened(Profile),
    /// Something that did not work, until it is read.
    Warned(String),
}
