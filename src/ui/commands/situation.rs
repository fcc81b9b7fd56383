//! Which commands are possible now, and why the others are not.

use super::Command;
use crate::data::Task;
use crate::train::metrics::LOSS;
use crate::train::{Outcome, Subset};
use crate::ui::state::session::{DataState, Session, Status};

/// What decides it.
pub struct Situation {
    /// The status of the run.
    pub status: Status,
    /// Why training cannot begin, if it cannot.
    pub obstacle: Option<String>,
    /// Whether the network is one that predicts, and can be evaluated.
    pub is_evaluated: bool,
    /// Whether the run has weights that can be saved.
    pub has_weights: bool,
    /// Whether the run can go on after its end.
    pub has_checkpoint: bool,
    /// Whether the project differs from that of the run in nothing that a branch cannot have.
    pub can_branch: bool,
    /// Whether an earlier moment of the run is looked at.
    pub is_visiting: bool,
    /// Whether there are earlier moments to look at.
    pub has_history: bool,
    /// Whether there is a run, and the project is another than it trained, on the same data.
    pub is_changed: bool,
    /// Whether there are data with targets of their own.
    pub has_targets: bool,
    /// Whether the data is being read.
    pub is_loading: bool,
    /// Whether there is a change to undo.
    pub can_undo: bool,
    /// Whether there is an undone change to redo.
    pub can_redo: bool,
    /// Whether the drawing has at least one stroke.
    pub has_ink: bool,
    /// Whether the presenter mode is on.
    pub is_presenter: bool,
    /// Whether the run has curves.
    pub has_curves: bool,
    /// Whether a sound is being played.
    pub is_playing: bool,
    /// Whether a lesson is on.
    pub is_lesson: bool,
    /// Whether the pupil is on a class board.
    pub is_on_board: bool,
    /// The tabs of the center.
    pub tabs: Vec<Tab>,
}

/// A view of the center, as its tab shows it.
#[derive(Clone, Debug)]
pub struct Tab {
    /// The id of the view.
    pub id: &'static str,
    /// The text on the tab.
    pub title: &'static str,
    /// Why the view has nothing to show.
    pub obstacle: Option<&'static str>,
}

impl Situation {
    /// What the data and the run say; the window sets the rest.
    pub fn of(session: &Session, obstacle: Option<String>) -> Self {
        Self {
            status: session.status.clone(),
            obstacle,
            is_evaluated: true,
            has_weights: session.snapshot().is_some(),
            has_checkpoint: session.checkpoint.is_some(),
            can_branch: false,
            is_visiting: session.visited().is_some(),
            has_history: session.timeline.steps().len() > 1,
            is_changed: false,
            has_targets: session.dataset().is_some_and(|data| !matches!(data.task, Task::Reconstruction { .. })),
            is_loading: matches!(session.data, DataState::Loading { .. }),
            can_undo: false,
            can_redo: false,
            has_ink: false,
            is_presenter: false,
            has_curves: !session.curves.of(Subset::Train, &LOSS).is_empty(),
            is_playing: false,
            is_lesson: false,
            is_on_board: false,
            tabs: Vec::new(),
        }
    }

    fn can_begin(&self) -> Result<(), String> {
        self.obstacle.clone().map_or(Ok(()), Err)
    }

    /// Whether something can be trained beside the run.
    pub fn can_train_beside(&self) -> Result<(), String> {
        match self.status {
            Status::Running | Status::Stopping => {
                Err("Pause the run first: both would slow each other down.".to_owned())
            }
            Status::Idle | Status::Paused | Status::Ended(_) => self.can_begin(),
        }
    }

    /// Whether a command is possible, or why not.
    pub fn permits(&self, command: Command) -> Result<(), String> {
        let only_if = |is_possible: bool, otherwise: &str| match is_possible {
            true => Ok(()),
            false => Err(otherwise.to_owned()),
        };
        match command {
            Command::Train => match self.status {
                Status::Idle => self.can_begin(),
                // A key that is pressed by mistake must not throw a finished run away.
                Status::Ended(_) => self.can_begin().and_then(|()| {
                    Err("This run has ended. Press Train, or Space once more, to train anew.".to_owned())
                }),
                Status::Running | Status::Paused => Err("A run is on.".to_owned()),
                Status::Stopping => Err("The run is stopping.".to_owned()),
            },
            Command::TrainAnew => match self.status {
                Status::Ended(_) => self.can_begin(),
                Status::Idle | Status::Running | Status::Paused | Status::Stopping => {
                    Err("No run has ended yet.".to_owned())
                }
            },
            Command::TrainKeeping => match self.status {
                Status::Ended(_) if self.has_weights => self.can_begin(),
                _ => Err("No run has ended whose weights could be kept.".to_owned()),
            },
            Command::Continue => match self.status {
                Status::Ended(_) => only_if(self.has_checkpoint, "This run has nothing to go on from. Train it anew."),
                Status::Idle | Status::Running | Status::Paused | Status::Stopping => {
                    Err("No run has ended yet.".to_owned())
                }
            },
            Command::Branch => match self.status {
                Status::Ended(_) if self.has_checkpoint && self.can_branch => self.can_begin(),
                Status::Ended(_) if self.has_checkpoint => Err("Change a setting of the training first; a branch has the same layers, data and batch size, and otherwise the same training.".to_owned()),
                Status::Running | Status::Paused | Status::Stopping => Err("Stop the run first, then branch off.".to_owned()),
                Status::Idle | Status::Ended(_) => Err("There is no run with a checkpoint to branch off from.".to_owned()),
            },
            Command::GoBackGentler => match self.status {
                Status::Ended(Outcome::Diverged(_)) if self.has_checkpoint => Ok(()),
                _ => Err("No run has diverged that could go back.".to_owned()),
            },
            Command::LookBack => only_if(self.has_history && !self.is_visiting, "There is no earlier step to look at."),
            Command::Listen => {
                only_if(self.has_curves || self.is_playing, "There are no curves to listen to yet. Train first.")
            }
            Command::Newest => only_if(self.is_visiting, "This is the newest step."),
            Command::Pause => only_if(matches!(self.status, Status::Running), "No run is on."),
            Command::Resume => only_if(matches!(self.status, Status::Paused), "No run is paused."),
            Command::StepBatch | Command::StepEpoch => match self.status {
                Status::Idle => self.can_begin(),
                Status::Paused => Ok(()),
                Status::Running | Status::Stopping => Err("Pause the run first.".to_owned()),
                Status::Ended(_) => Err("This run has ended. Train or Reset starts a new one.".to_owned()),
            },
            Command::Stop => only_if(matches!(self.status, Status::Running | Status::Paused), "No run is on."),
            Command::Reset | Command::ResetGentler => {
                only_if(!matches!(self.status, Status::Idle), "There is no run to delete yet.")
            }
            Command::Suggest => only_if(self.has_targets, "There are no data with targets to suggest a network for."),
            Command::FindLearningRate if !self.is_evaluated => {
                Err("A generator and its discriminator have no single loss that a learning rate could be judged by."
                    .to_owned())
            }
            Command::FindLearningRate => self.can_train_beside(),
            Command::RepeatSeeds | Command::Compare | Command::Search if !self.is_evaluated => {
                Err("A generator has no validation samples to be evaluated on.".to_owned())
            }
            Command::Check | Command::RepeatSeeds | Command::Search | Command::Race => self.can_train_beside(),
            Command::Compare => match self.is_changed {
                true => self.can_train_beside(),
                false => Err("Train, change something, and compare: there is nothing to tell apart yet on the same data.".to_owned()),
            },
            Command::Undo => only_if(self.can_undo, "There is nothing to undo."),
            Command::Redo => only_if(self.can_redo, "There is nothing to redo."),
            Command::SaveRun => only_if(self.has_weights, "There is no run to save. Train first."),
            Command::Export => only_if(self.has_weights, "There is no trained network to export. Train first."),
            Command::Report => only_if(self.has_weights, "There is no run to report. Train first."),
            Command::SaveDrawing => only_if(self.has_ink, "Nothing is drawn."),
            Command::ReloadData => only_if(!self.is_loading, "The data is already being read."),
            Command::LeaveLesson => only_if(self.is_lesson, "No lesson is on."),
            Command::LeaveBoard => only_if(self.is_on_board, "This window is on no class board."),
            Command::LeavePresenter => only_if(self.is_presenter, "The presenter is off."),
            Command::New
            | Command::Empty
            | Command::Open
            | Command::OpenFolder
            | Command::Import
            | Command::Save
            | Command::SaveAs
            | Command::OpenDrawing
            | Command::PastePicture
            | Command::PasteText
            | Command::ToggleNetwork
            | Command::ToggleTraining
            | Command::Presenter
            | Command::ToggleTheme
            | Command::HighContrast
            | Command::LargerText
            | Command::SmallerText
            | Command::NormalText
            | Command::ReduceMotion
            | Command::NextLanguage
            | Command::Start
            | Command::Profile
            | Command::Explain
            | Command::Paint
            | Command::Palette
            | Command::Lessons
            | Command::RecordLesson
            | Command::EditLesson
            | Command::JoinBoard
            | Command::ClassBoard
            | Command::Help
            | Command::Glossary => Ok(()),
        }
    }
}
