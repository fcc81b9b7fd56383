//! A run for people and programs that do not have the studio: one page with all that is known of it, and event files for
//! TensorBoard.

mod curves;
mod findings;
mod mistakes;
mod page;
mod results;
mod settings;
mod svg;
pub mod tensorboard;

use std::path::Path;

use serde_json::Value;

pub use findings::{Evaluated, Findings};
pub use page::page;

use crate::project::{ProjectError, RunFolder};
use crate::runs::history;
use crate::runs::store::StoredRun;

/// All that a run folder knows of its run.
pub struct Material {
    /// The run.
    pub stored: StoredRun,
    /// What it told while it trained.
    pub lines: Vec<Value>,
    /// What its network does, as far as there are weights and data.
    pub findings: Findings,
}

impl Material {
    /// Reads a run folder, and evaluates its network on the test samples.
    ///
    /// # Errors
    /// If the folder is that of no run.
    pub fn read(folder: &Path) -> Result<Self, ProjectError> {
        let stored = StoredRun::read(folder)?;
        let lines = history::read(folder)?;
        let findings = match RunFolder::find(&folder.to_string_lossy()) {
            Ok(run) => Findings::of(run, folder),
            Err(error) => Findings::Nothing(error.to_string()),
        };
        Ok(Self { stored, lines, findings })
    }

    /// The lines of one kind.
    fn events<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> + 'a {
        self.lines.iter().filter(move |line| line["event"] == kind)
    }
}
