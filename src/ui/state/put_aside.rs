//! What was on the screen before a lesson was taken or written.

use std::path::PathBuf;

use crate::project::Project;

/// It comes back when the lesson is left.
#[derive(Clone, Debug, PartialEq)]
pub struct Own {
    /// The project.
    pub project: Project,
    /// Its file.
    pub path: Option<PathBuf>,
    /// The project as its file has it, where that is known.
    pub saved: Option<Project>,
    /// Which sides were unfolded.
    pub sides: (bool, bool),
}
