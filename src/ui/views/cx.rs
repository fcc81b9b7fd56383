//! What a view is lent.

use std::path::Path;

use crate::project::Project;
use crate::ui::commands::{Action, Situation};
use crate::ui::jobs::DerivedData;
use crate::ui::state::playground::Playground;
use crate::ui::state::problems::Problems;
use crate::ui::state::session::Session;
use crate::ui::state::shapes::Shapes;
use crate::ui::state::subject::Subject;
use crate::ui::state::trained_network::{Networks, TrainedNetwork};
use crate::ui::state::window_state::WindowState;

/// The project, the window's own state and the playground to edit, the rest to look at, and a list for what only the studio
/// can do.
pub struct Cx<'a> {
    pub project: &'a mut Project,
    /// The file of the project, if it has one.
    pub path: Option<&'a Path>,
    pub is_edited: bool,
    pub window: &'a mut WindowState,
    pub playground: &'a mut Playground,
    pub session: &'a Session,
    pub networks: &'a Networks,
    pub derived: &'a mut DerivedData,
    pub shapes: &'a Shapes,
    pub problems: &'a Problems,
    pub subject: &'a Subject,
    pub situation: &'a Situation,
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
}
