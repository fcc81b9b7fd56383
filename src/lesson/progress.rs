//! How far a pupil is in a lesson, and everything that was done on the way.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Lesson;
use crate::project::Project;

/// A pupil's way through a lesson.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// The name of the lesson.
    pub lesson: String,
    /// The folder or file that it was opened from; nothing for one of the program.
    pub place: Option<PathBuf>,
    /// What the files of the lesson are.
    pub digest: String,
    /// When it was begun, in milliseconds since 1970.
    pub begun: u64,
    /// The furthest step, counted from 0.
    pub step: usize,
    /// Whether the last step is done.
    pub is_done: bool,
    /// What was done in each step.
    pub steps: Vec<StepProgress>,
    /// Every run that has ended.
    pub runs: Vec<RunEntry>,
    /// The project as it was when the lesson was left; nothing while it is on.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub project: Value,
}

/// What was done in a step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepProgress {
    /// The answers to its question, the first of which counts.
    pub tries: Vec<Try>,
    /// Hints that were looked at.
    pub hints: usize,
    /// Whether it was left without its goal or its answer.
    pub is_skipped: bool,
    /// When its goal was reached.
    pub reached: Option<u64>,
    /// Runs that have ended in it.
    pub runs: u32,
}

/// An answer to a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    /// The position of what was chosen.
    pub choice: usize,
    /// When, in milliseconds since 1970.
    pub at: u64,
}

/// A run that has ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunEntry {
    /// The step that it was begun in.
    pub step: usize,
    /// When it began and ended, in milliseconds since 1970.
    pub begun: u64,
    /// When it ended.
    pub ended: u64,
    /// How it ended: `finished`, `stopped`, `diverged`, `failed`.
    pub outcome: String,
    /// What turns the lesson's project into that of the run.
    pub changes: Vec<String>,
    /// Its last metrics, by their keys.
    pub results: BTreeMap<String, f64>,
    /// Seconds of training.
    pub seconds: f64,
    /// Epochs that were done.
    pub epochs: u32,
    /// The folder that it is kept in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
}

/// Now, in milliseconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

impl Progress {
    /// Of a lesson that begins.
    pub fn begin(lesson: &Lesson) -> Self {
        Self {
            lesson: lesson.name.clone(),
            place: lesson.place.clone(),
            digest: lesson.digest.clone(),
            begun: now(),
            steps: vec![StepProgress::default(); lesson.steps.len()],
            ..Self::default()
        }
    }

    /// Takes the project of the lesson as it was left: the one that was kept, or the one that the lesson has at this step.
    pub fn take_project(&mut self, lesson: &Lesson) -> Result<Project, String> {
        match std::mem::take(&mut self.project) {
            Value::Null => lesson.project_at(self.step),
            kept => Project::parse(&kept.to_string()),
        }
    }

    /// Whether it is of this lesson, as it is now.
    pub fn is_of(&self, lesson: &Lesson) -> bool {
        self.lesson == lesson.name && self.digest == lesson.digest && self.steps.len() == lesson.steps.len()
    }

    /// How many of the questions were answered right at the first try, and how many there are.
    pub fn answers(&self, lesson: &Lesson) -> (usize, usize) {
        let asked = (0..lesson.steps.len()).filter_map(|at| Some((at, lesson.right_choice(at)?)));
        let is_right = |(at, right): &(usize, usize)| {
            self.steps.get(*at).and_then(|step| step.tries.first()).is_some_and(|first| first.choice == *right)
        };
        asked.fold((0, 0), |(right, all), found| (right + usize::from(is_right(&found)), all + 1))
    }

    /// How many of the goals were reached, and how many there are.
    pub fn goals(&self, lesson: &Lesson) -> (usize, usize) {
        let with_goal = lesson.steps.iter().enumerate().filter(|(_, step)| !step.goal.is_empty());
        with_goal.fold((0, 0), |(reached, all), (at, _)| {
            let is_reached = self.steps.get(at).is_some_and(|step| step.reached.is_some());
            (reached + usize::from(is_reached), all + 1)
        })
    }

    /// Hints that were looked at.
    pub fn hints(&self) -> usize {
        self.steps.iter().map(|step| step.hints).sum()
    }

    /// Steps that were skipped, counted from 1.
    pub fn skipped(&self) -> Vec<usize> {
        self.steps.iter().enumerate().filter(|(_, step)| step.is_skipped).map(|(at, _)| at + 1).collect()
    }
}
