//! Everything a panel cannot do by editing a value in place. Panels push actions, and [`crate::ui::Studio::apply`] carries
//! them out after the frame was drawn.

use std::path::PathBuf;
use std::sync::Arc;

use crate::data::{Dataset, Drawing};
use crate::project::{Project, RunFolder};
use crate::ui::jobs::generated::Generated;
use crate::ui::jobs::plane::Answers;
use crate::ui::jobs::reconstructions::Pictures;
use crate::ui::views::dialogs::path_prompt::PathFor;

pub enum Action {
    Nothing,

    // The run.
    Train,
    Pause,
    /// Begin, pause or go on, whichever comes next.
    TrainOrPause,
    StepBatch,
    StepEpoch,
    Stop,
    /// Leave the presenter, or stop the run if there is none.
    Escape,
    Reset,
    /// Reset after a divergence, and begin with a smaller learning rate.
    ResetGentler,

    /// Sweep the learning rate of a copy and show what comes of it.
    FindRate,
    UseRate(f32),
    /// Train once for each of so many folds and show what comes of it.
    CrossValidate(usize),

    // The window.
    /// The room with this title.
    Show(&'static str),
    /// The validation images of a true and a predicted class.
    ShowCell(usize, usize),
    Undo,
    Redo,
    FoldLeft,
    FoldRight,
    TogglePresenter,
    ToggleHelp,

    // Files. The dialogs end in the action below them.
    New(&'static str),
    OpenDialog,
    Open(PathBuf),
    Save,
    SaveAsDialog,
    SaveTo(PathBuf),
    SaveRunDialog,
    SaveRunIn(PathBuf),
    OpenDrawingDialog,
    OpenDrawing(PathBuf),
    SaveDrawingDialog,
    SaveDrawingTo(PathBuf),
    /// A folder or a file of samples.
    DataDialog(PathFor),
    UseSource(String),
    /// The desktop has no file dialog, so the path has to be typed.
    AskPath(PathFor),
    /// Something was dropped on the window.
    Dropped(PathBuf),

    /// Read the data once more, after it has failed.
    Reload,

    // How tasks end.
    DataLoaded {
        source: String,
        result: Result<Arc<Dataset>, String>,
    },
    /// The columns of the file that a source names.
    ColumnsFound {
        source: String,
        columns: Vec<String>,
    },
    SurfaceDrawn(Arc<Answers>),
    PicturesDrawn(Arc<Pictures>),
    SamplesGenerated(Arc<Generated>),
    Opened {
        project: Project,
        path: PathBuf,
    },
    OpenedRun {
        run: Arc<RunFolder>,
        path: PathBuf,
    },
    OpenedDrawing {
        drawing: Drawing,
        of: usize,
    },
    Saved {
        project: Project,
        path: PathBuf,
    },
    /// What the file of the project holds.
    Compared(Project),
    PretrainedLoaded(Result<Arc<RunFolder>, String>),
    /// Something worth knowing, for a few seconds.
    Tell(String),
    /// Something that did not work, until it is read.
    Warn(String),
}
