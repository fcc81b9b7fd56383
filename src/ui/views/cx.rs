//! What a view is lent.

use std::path::{Path, PathBuf};

use crate::project::Project;
use crate::ui::commands::{Action, Situation};
use crate::ui::jobs::DerivedData;
use crate::ui::state::lesson::Lessons;
use crate::ui::state::playground::Playground;
use crate::ui::state::problems::Problems;
use crate::ui::state::session::Session;
use crate::ui::state::shapes::Shapes;
use crate::ui::state::subject::Subject;
use crate::ui::state::trained_network::{Networks, TrainedNetwork};
use crate::ui::state::window_state::WindowState;
use backprop_nn::ModelSpec;

/// The project, the window's own state and the playground to edit, the rest to look at, and a list for what only the studio
/// can do.
pub struct Cx<'a> {
    /// The project, which views edit.
    pub project: &'a mut Project,
    /// The file of the project, if it has one.
    pub path: Option<&'a Path>,
    /// The folder that the next run is kept in; nothing where none are.
    pub runs: Option<PathBuf>,
    /// How often the window has changed kept runs, so that they are read again at once.
    pub changed_runs: u64,
    /// Whether a run was deleted that can be brought back.
    pub has_deleted: bool,
    /// Whether the project differs from its file.
    pub is_edited: bool,
    /// The settings of the window.
    pub window: &'a mut WindowState,
    /// The inputs that the user tries.
    pub playground: &'a mut Playground,
    /// The state of the data and of the run.
    pub session: &'a Session,
    /// The lesson that is on, if one is.
    pub lessons: &'a mut Lessons,
    /// The built-in classifier and the opened run.
    pub networks: &'a Networks,
    /// The results of background threads.
    pub derived: &'a mut DerivedData,
    /// The shapes of the layers.
    pub shapes: &'a Shapes,
    /// The problems that the project has.
    pub problems: &'a Problems,
    /// The data set and the kind of task that the views show.
    pub subject: &'a Subject,
    /// The information that decides which commands are possible.
    pub situation: &'a Situation,
    /// The actions to carry out after the frame.
    pub actions: &'a mut Vec<Action>,
}

impl Cx<'_> {
    /// Asks the studio for something, which it does when the frame is drawn.
    pub fn act(&mut self, action: impl Into<Action>) {
        self.actions.push(action.into());
    }

    /// The network of the run with its weights of this moment, or the one that was opened.
    pub fn network(&self) -> Option<TrainedNetwork> {
        self.networks.this(self.session)
    }

    /// The layers of a network with weights.
    pub fn model_of<'a>(&'a self, network: &'a TrainedNetwork) -> &'a ModelSpec {
        match network {
            TrainedNetwork::Folder(folder) => &folder.project.model,
            TrainedNetwork::Run(..) => &self.session.trained.as_ref().unwrap_or(self.project).model,
        }
    }
}
