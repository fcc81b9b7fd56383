//! What the window can do with something: a path, a view, a number.

use std::path::PathBuf;

use super::board::BoardAction;
use crate::data::SourceSpec;
use crate::explain::coach::Experiment;
use crate::project::Project;
use crate::project::profile::Profile;
use crate::ui::state::lesson_editor::Taken;

/// An action that carries data.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// The view with this id.
    Show(&'static str),
    /// The validation samples of a true and a predicted class.
    ShowCell {
        /// Index of the true class.
        truth: usize,
        /// Index of the predicted class.
        predicted: usize,
    },
    /// Every view shows the run as it was after this step, or the newest where it is the last.
    LookAt(u64),
    /// Predicts the second of two classes from this probability on.
    UseThreshold(f32),
    /// Sets the learning rate of the project.
    UseLearningRate(f32),
    /// Network and data of the run that is shown become those of the project again.
    BringBack,
    /// The option of this name of the data source is to be edited.
    EditOption(&'static str),
    /// Train once for each of so many folds and show what comes of it.
    CrossValidate(usize),
    /// Train with so many seeds and show what comes of it.
    RepeatSeeds(usize),
    /// Find out with so many seeds whether the project is better than that of the run.
    CompareWithRun(usize),
    /// Find out with ten seeds whether the project is better than this one.
    Compare {
        /// The other project.
        with: Box<Project>,
        /// What it is called, "the run wine-3".
        name: String,
    },
    /// Lay two kept runs side by side: the folders of A and B.
    SideBySide([PathBuf; 2]),
    /// Puts the settings of this project in the place of those on the screen.
    UseSettings(Box<Project>),
    /// Trains the run with the one change of an experiment, as a branch where that is possible.
    TryOut(Box<Experiment>),
    /// Changes what is noted of a kept run.
    ChangeRun {
        /// Its folder.
        folder: PathBuf,
        /// What changes.
        change: RunChange,
    },
    /// Puts kept runs aside, until the window closes.
    DeleteRuns(Vec<PathBuf>),
    /// Puts the run back that was deleted last.
    BringBackRun,
    /// A new project from the preset of this name.
    New(&'static str),
    /// Opens the project in this file.
    Open(PathBuf),
    /// Saves the project to this file.
    SaveTo(PathBuf),
    /// Saves the run in a folder below this one.
    SaveRunIn(PathBuf),
    /// Exports the network that is shown.
    Export {
        /// The key of the format.
        format: &'static str,
        /// The folder that is written.
        folder: PathBuf,
        /// Whether an export that is there is replaced.
        overwrite: bool,
    },
    /// Leaves out what this profile hides.
    UseProfile(Box<Profile>),
    /// Saves what is left out to this file.
    SaveProfileTo(PathBuf),
    /// Opens the drawing in this file.
    OpenDrawing(PathBuf),
    /// Saves the drawing to this file.
    SaveDrawingTo(PathBuf),
    /// Saves the chart that was asked for to this file.
    SaveChartTo(PathBuf),
    /// Writes the run that is shown as a page to this file.
    SaveReportTo(PathBuf),
    /// A path, by a dialog.
    ChoosePath(PathFor),
    /// Makes this source the data source of the project.
    UseSource(SourceSpec),
    /// The desktop has no file dialog, so the path has to be typed.
    TypePath(PathFor),
    /// Something of a lesson.
    Lesson(LessonAction),
    /// Something of a class board.
    Board(BoardAction),
    /// Something was dropped on the window, or chosen to be opened whatever it is.
    Dropped(PathBuf),
}

/// What is done in a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LessonAction {
    /// Begins the lesson of this name, or in this folder or file, or goes on with it.
    Open(String),
    /// Shows the next card, and begins its step if it is the first time.
    Next,
    /// Shows the card before.
    Back,
    /// Goes on without what the step asks for.
    Skip,
    /// Checks this answer.
    Answer(usize),
    /// Shows the next hint.
    Hint,
    /// Brings back what was on the screen before the lesson.
    Leave,
    /// Forgets how far the lesson is, and begins it again.
    Restart,
    /// Writes what was done into this file.
    HandInTo(PathBuf),
    /// Something of the lesson that is being written.
    Edit(EditAction),
}

/// What is done in the editor of lessons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditAction {
    /// Begins a lesson from the project in this folder.
    Record(PathBuf),
    /// Opens the lesson in this folder.
    Open(PathBuf),
    /// Copies the lesson that is on into this folder and opens it.
    Adapt(PathBuf),
    /// Shows this step with its project.
    Step(usize),
    /// Takes the project on the screen into the step.
    Take(Taken),
    /// Brings back the project of the step.
    PutBack,
    /// Shows the picture in this file on the card.
    AddPicture(PathBuf),
    /// Takes the lesson as a pupil, from this step on.
    Try,
    /// Trains the solutions.
    Check,
    /// Brings back what was on the screen before.
    Close,
}

/// A change of what is noted of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum RunChange {
    /// Another name; an empty one gives it that of its folder.
    Name(String),
    /// Another note.
    Note(String),
    /// Whether it stands above the others.
    Pin(bool),
    /// Its color in plots; nothing for one that is given to it.
    Color(Option<u8>),
}

/// What a path is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathFor {
    /// A project, a table or a drawing to open.
    OpenFile,
    /// A run or a folder of samples to open.
    OpenFolder,
    /// An ONNX file whose network becomes a run.
    Import,
    /// The file to save the project to.
    SaveProject,
    /// The folder to save the run in.
    SaveRun,
    /// A drawing file to open.
    OpenDrawing,
    /// The file to save the drawing to.
    SaveDrawing,
    /// The file to save a chart to.
    SaveChart,
    /// The file to save the report of the run to.
    SaveReport,
    /// The file to hand a lesson in with.
    SaveHandIn,
    /// The folder for a lesson that is begun from the project.
    RecordLesson,
    /// The folder for a copy of the lesson that is on.
    AdaptLesson,
    /// The folder of a lesson to be written on.
    EditLesson,
    /// A picture for a card.
    AddPicture,
    /// The file to save what is left out to.
    SaveProfile,
    /// The shared folder of the board to join.
    JoinBoard,
    /// The folder of the board to show.
    WatchBoard,
    /// The folder of the source of this name.
    DataFolder(&'static str),
    /// The file of the source of this name.
    DataFile(&'static str),
}

impl PathFor {
    /// The request once the path is known.
    pub fn request(self, path: PathBuf) -> Request {
        match self {
            Self::OpenFile | Self::OpenFolder | Self::Import => Request::Dropped(path),
            Self::SaveProject => Request::SaveTo(path),
            Self::SaveRun => Request::SaveRunIn(path),
            Self::OpenDrawing => Request::OpenDrawing(path),
            Self::SaveDrawing => Request::SaveDrawingTo(path),
            Self::SaveChart => Request::SaveChartTo(path),
            Self::SaveReport => Request::SaveReportTo(path),
            Self::SaveHandIn => Request::Lesson(LessonAction::HandInTo(path)),
            Self::RecordLesson => Request::Lesson(LessonAction::Edit(EditAction::Record(path))),
            Self::AdaptLesson => Request::Lesson(LessonAction::Edit(EditAction::Adapt(path))),
            Self::EditLesson => Request::Lesson(LessonAction::Edit(EditAction::Open(path))),
            Self::AddPicture => Request::Lesson(LessonAction::Edit(EditAction::AddPicture(path))),
            Self::SaveProfile => Request::SaveProfileTo(path),
            Self::JoinBoard => Request::Board(BoardAction::JoinIn(path)),
            Self::WatchBoard => Request::Board(BoardAction::Watch(path)),
            Self::DataFolder(source) | Self::DataFile(source) => Request::UseSource(SourceSpec::of_path(source, &path)),
        }
    }

    /// The title of the dialog that asks for the path.
    pub fn title(self) -> &'static str {
        match self {
            Self::OpenFile => "Open a project, a table or a drawing",
            Self::OpenFolder => "Open a run or a folder of samples",
            Self::Import => "Import a network from an ONNX file",
            Self::SaveProject => "Save the project",
            Self::SaveRun => "Save the run in a new folder below this one",
            Self::OpenDrawing => "Open a drawing or a picture",
            Self::SaveDrawing => "Save the drawing",
            Self::SaveChart => "Save the chart",
            Self::SaveReport => "Save the report of the run",
            Self::SaveHandIn => "Hand in the lesson",
            Self::RecordLesson => "An empty folder for the lesson",
            Self::AdaptLesson => "An empty folder for your copy of the lesson",
            Self::EditLesson => "The folder of the lesson",
            Self::AddPicture => "A picture for the card",
            Self::SaveProfile => "Save what the window shows",
            Self::JoinBoard | Self::WatchBoard => "The shared folder of the class board",
            Self::DataFolder(_) => "Read samples from a folder",
            Self::DataFile(_) => "Read samples from a file",
        }
    }
}
