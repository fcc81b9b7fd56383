//! The runs that are kept in a folder, and their curves.

use std::path::PathBuf;
use std::time::Duration;

use super::derived::Query;
use crate::project::ProjectError;
use crate::runs::history;
use crate::runs::store::KnownRuns;
use crate::ui::state::curves::{Curves, Over};
use crate::ui::state::run_table::RunTable;

/// Asks for the runs in a folder.
#[derive(Clone, PartialEq)]
pub struct StoredRunsQuery {
    /// The folder.
    pub base: PathBuf,
    /// Whether those of a search or of several seeds are wanted too.
    pub with_trials: bool,
    /// Another number asks anew.
    pub round: u64,
}

/// The runs, and why others could not be read.
pub type StoredRuns = (RunTable, Vec<ProjectError>);

impl Query for StoredRunsQuery {
    type Answer = StoredRuns;
    type Memory = KnownRuns;
    const NAME: &'static str = "reading the runs";
    const PAUSE: Duration = Duration::from_millis(500);

    fn answer(&self, known: &mut KnownRuns) -> StoredRuns {
        // A folder that is not there has no runs yet.
        let (runs, unread) = known.list(&self.base).unwrap_or_default();
        (RunTable::of(runs, self.with_trials), unread)
    }

    fn may_show(&self, older: &Self) -> bool {
        (&self.base, self.with_trials) == (&older.base, older.with_trials)
    }
}

/// Asks for the curves of some runs.
#[derive(Clone, PartialEq)]
pub struct RunCurvesQuery {
    /// Their folders.
    pub folders: Vec<PathBuf>,
    /// What their curves are drawn over.
    pub over: Over,
    /// Another number asks anew.
    pub round: u64,
}

impl Query for RunCurvesQuery {
    type Answer = Vec<(PathBuf, Curves)>;
    type Memory = ();
    const NAME: &'static str = "reading the curves of runs";

    fn answer(&self, (): &mut ()) -> Self::Answer {
        let read = |folder: &PathBuf| {
            let mut curves = Curves::default();
            curves.read(&history::read(folder).unwrap_or_default(), self.over);
            (folder.clone(), curves)
        };
        self.folders.iter().map(read).collect()
    }

    fn may_show(&self, older: &Self) -> bool {
        self.over == older.over
    }
}
