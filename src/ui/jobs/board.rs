//! The class board of a folder, read again and again.

use std::path::PathBuf;
use std::time::Duration;

use super::derived::Query;
use crate::lesson::board::{Board, Watch};

/// Asks how a class stands.
#[derive(Clone, PartialEq)]
pub struct BoardQuery {
    /// The shared folder.
    pub folder: PathBuf,
    /// Another number asks anew.
    pub round: u64,
}

impl Query for BoardQuery {
    type Answer = Result<Board, String>;
    type Memory = Watch;
    const NAME: &'static str = "reading the class board";
    const PAUSE: Duration = Duration::from_millis(500);

    fn answer(&self, watch: &mut Watch) -> Self::Answer {
        watch.read(&self.folder).map_err(|error| error.to_string())
    }

    fn may_show(&self, older: &Self) -> bool {
        self.folder == older.folder
    }
}
