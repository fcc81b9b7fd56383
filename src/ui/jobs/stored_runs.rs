//! The runs that are kept in a folder.

use std::path::PathBuf;
use std::time::Duration;

use super::derived::Query;
use crate::project::ProjectError;
use crate::runs::store::{StoredRun, list};

/// Asks for the runs in a folder.
#[derive(Clone, PartialEq)]
pub struct StoredRunsQuery {
    /// The folder.
    pub base: PathBuf,
    /// Another number asks anew.
    pub round: u64,
}

/// The runs, the newest first, and why others could not be read.
pub type StoredRuns = (Vec<StoredRun>, Vec<ProjectError>);

impl Query for StoredRunsQuery {
    type Answer = StoredRuns;
    type Memory = ();
    const NAME: &'static str = "reading the runs";
    const PAUSE: Duration = Duration::from_millis(500);

    fn answer(&self, (): &mut ()) -> StoredRuns {
        // A folder that is not there has no runs yet.
        list(&self.base).unwrap_or_default()
    }

    fn may_show(&self, older: &Self) -> bool {
        self.base == older.base
    }
}
