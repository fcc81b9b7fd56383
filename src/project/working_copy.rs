//! What was on the screen a moment ago, for the next start: the project, where it is saved, the drawing and the run.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::whole::write_whole;
use super::{Project, ProjectError};
use crate::data::Drawing;

/// Name of the file, in the folder for data of this user.
pub const FILE: &str = "working-copy.json";

/// What was on the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkingCopy {
    /// The project, saved or not.
    pub project: Project,
    /// The file of the project, if it has one.
    pub path: Option<PathBuf>,
    /// The drawing.
    pub drawing: Drawing,
    /// The run that was shown.
    pub run: Option<LeftRun>,
    /// The lesson that was on, and how far each is, as the window writes it.
    pub lessons: Value,
    /// Whether the window is still open; it was not closed where a later start finds this.
    pub is_open: bool,
}

/// A run that was shown when the window was left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftRun {
    /// Its folder.
    pub folder: PathBuf,
    /// Whether it was training, or waiting to go on.
    pub was_on: bool,
}

/// The project is checked as one of a project file is, which may be of an older format.
#[derive(Serialize, Deserialize)]
struct Contents {
    project: Value,
    path: Option<PathBuf>,
    drawing: Drawing,
    #[serde(default)]
    run: Option<LeftRun>,
    #[serde(default)]
    lessons: Value,
    #[serde(default)]
    is_open: bool,
}

impl WorkingCopy {
    /// Writes it whole or not at all; the folder is made.
    pub fn write(&self, file: &Path) -> Result<(), ProjectError> {
        let fail = |error: &dyn std::fmt::Display| ProjectError::file(file, error);
        let Self { project, path, drawing, run, lessons, is_open } = self.clone();
        let project = serde_json::to_value(project).map_err(|error| fail(&error))?;
        let contents = Contents { project, path, drawing, run, lessons, is_open };
        let text = serde_json::to_string(&contents).map_err(|error| fail(&error))?;
        file.parent().map_or(Ok(()), fs::create_dir_all).map_err(|error| fail(&error))?;
        write_whole(file, text.as_bytes()).map_err(|error| fail(&error))
    }

    /// Reads it; nothing where there is none, or none that this program can read.
    pub fn read(file: &Path) -> Option<Self> {
        let contents: Contents = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
        let Contents { project, path, drawing, run, lessons, is_open } = contents;
        let project = Project::parse(&project.to_string());
        let project = project.map_err(|error| tracing::warn!("{}: {error}", file.display())).ok()?;
        Some(Self { project, path, drawing, run, lessons, is_open })
    }
}

/// Holds a working copy for this process, as long as what is given lives; nothing where another window holds it.
pub fn hold(file: &Path) -> Option<File> {
    file.parent().map_or(Ok(()), fs::create_dir_all).ok()?;
    let lock = File::create(file.with_extension("lock")).ok()?;
    match lock.try_lock() {
        // A file system without locks has no second window either, as far as can be known.
        Ok(()) | Err(TryLockError::Error(_)) => Some(lock),
        Err(TryLockError::WouldBlock) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_window_at_a_time_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep").join(FILE);
        let first = hold(&file).unwrap();
        assert!(hold(&file).is_none());
        drop(first);
        assert!(hold(&file).is_some());
    }

    #[test]
    fn it_comes_back_as_it_was_and_what_is_no_copy_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep").join(FILE);
        assert_eq!(WorkingCopy::read(&file), None);
        let mut project = Project::find("wine").unwrap();
        project.set("training.learning_rate", "0.07").unwrap();
        let drawing = Drawing { strokes: vec![vec![[1.0, 2.0], [3.5, 4.0]]], label: None };
        let run = Some(LeftRun { folder: PathBuf::from("runs/wine-1"), was_on: true });
        let copy = WorkingCopy {
            project,
            path: Some(PathBuf::from("mine.json")),
            drawing,
            run,
            lessons: Value::Null,
            is_open: true,
        };
        copy.write(&file).unwrap();
        assert_eq!(WorkingCopy::read(&file), Some(copy));
        for text in ["", "{\"project\": {\"version\": 99}, \"path\": null, \"drawing\": {\"strokes\": []}}"] {
            fs::write(&file, text).unwrap();
            assert_eq!(WorkingCopy::read(&file), None);
        }
    }
}
