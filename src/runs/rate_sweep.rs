//! The learning-rate finder as a run: each step of its sweep is a line, and what it suggests is the note.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use super::{Recorder, RunKind, RunState};
use crate::project::{Output, Project, ProjectError};
use crate::train::{Job, RatePoint, RateSweep};

/// A sweep that is being written.
pub struct SweepRecorder {
    recorder: Recorder,
    told: usize,
    started: Instant,
}

impl SweepRecorder {
    /// Begins to write into a new folder below this one.
    pub fn begin(base: &Path, project: &Project, job: &Job) -> Result<Self, ProjectError> {
        let output = Output::next(base, &format!("{}-learning-rates", project.name))?;
        let mut recorder = Recorder::begin(output, project, job)?;
        recorder.describe(RunKind::RateSweep, "")?;
        Ok(Self { recorder, told: 0, started: Instant::now() })
    }

    /// Takes the points so far, of which only the new ones are written.
    pub fn tell(&mut self, points: &[RatePoint]) -> Result<(), ProjectError> {
        for RatePoint { learning_rate, loss, smoothed } in points.iter().skip(self.told) {
            self.told += 1;
            self.recorder.tell(&json!({
                "event": "rate",
                "step": self.told,
                "learning_rate": learning_rate,
                "loss": loss,
                "smoothed": smoothed,
            }))?;
        }
        Ok(())
    }

    /// Ends it with its result, or without one where it was stopped; the folder.
    pub fn end(mut self, job: &Job, sweep: Option<&RateSweep>) -> Result<PathBuf, ProjectError> {
        let mut state = RunState::Stopped;
        if let Some(RateSweep { points, suggestion }) = sweep {
            self.tell(points)?;
            self.recorder.tell(&json!({ "event": "suggestion", "learning_rate": suggestion }))?;
            let note = suggestion.map_or_else(
                || "No learning rate to suggest: the loss never fell for long.".to_owned(),
                |rate| format!("Suggested learning rate: {rate:.2e}."),
            );
            self.recorder.describe(RunKind::RateSweep, &note)?;
            state = RunState::Finished;
        }
        self.recorder.end(job, None, state, self.started.elapsed().as_secs_f64())
    }
}
