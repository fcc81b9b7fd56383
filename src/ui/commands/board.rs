//! What is asked for of class boards.

use std::path::PathBuf;

use crate::ui::state::board::Membership;

/// What is done with a class board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoardAction {
    /// Asks for the name to join the board of this folder with.
    JoinIn(PathBuf),
    /// Puts a line on a board.
    Join(Membership),
    /// Shows the board of this folder.
    Watch(PathBuf),
    /// Shows numbers in place of names, or the names again.
    HideNames(bool),
}
