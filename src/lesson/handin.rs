//! What a pupil hands in: one file with all that was done, the last project and the weights of its network.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::LessonError;
use super::files::{unzipped, zipped};
use super::progress::Progress;
use crate::project::Project;
use crate::project::whole::write_whole;

/// The ending of the file.
pub const ENDING: &str = "handin";

/// The format that is written.
const VERSION: u32 = 1;

const RECORD: &str = "handin.json";
const WEIGHTS: &str = "weights.safetensors";

/// Bytes that a file has at most when it is unpacked.
const MOST: u64 = 512 << 20;

/// What is handed in.
#[derive(Clone, Debug, PartialEq)]
pub struct HandIn {
    /// The name that the pupil has typed.
    pub name: String,
    /// When it was written, in milliseconds since 1970.
    pub written: u64,
    /// The version of the program.
    pub program: String,
    /// What was done.
    pub progress: Progress,
    /// The project of the last run.
    pub project: Project,
    /// The weights of its network as a safetensors file; empty if nothing was trained.
    pub weights: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Record {
    version: u32,
    name: String,
    written: u64,
    program: String,
    progress: Progress,
    /// It is checked as one of a project file is.
    project: Value,
    weights_sha256: String,
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl HandIn {
    /// Writes the file, whole or not at all.
    pub fn write(&self, path: &Path) -> Result<(), LessonError> {
        let fail = |what: &dyn std::fmt::Display| LessonError::file(path, what);
        let record = Record {
            version: VERSION,
            name: self.name.clone(),
            written: self.written,
            program: self.program.clone(),
            progress: self.progress.clone(),
            project: serde_json::to_value(&self.project).map_err(|error| fail(&error))?,
            weights_sha256: hex(&self.weights),
        };
        let text = serde_json::to_string_pretty(&record).map_err(|error| fail(&error))?;
        let files = [(RECORD, text.as_bytes()), (WEIGHTS, &self.weights)];
        let bytes = zipped(files.into_iter()).map_err(|what| fail(&what))?;
        write_whole(path, &bytes).map_err(|error| fail(&error))
    }

    /// Reads the file.
    pub fn read(path: &Path) -> Result<Self, LessonError> {
        let fail = |what: String| LessonError::file(path, what);
        let bytes = fs::read(path).map_err(|error| fail(error.to_string()))?;
        let mut files = unzipped(&bytes, MOST).map_err(|what| fail(format!("is no hand-in: it {what}")))?;
        let text = files.remove(RECORD).ok_or_else(|| fail(format!("is no hand-in: it holds no {RECORD}")))?;
        let record: Record = serde_json::from_slice(&text).map_err(|error| fail(format!("{RECORD}: {error}")))?;
        if record.version > VERSION {
            let what = format!("is of version {}, and this program reads up to {VERSION}", record.version);
            return Err(fail(format!("{what}; take a newer program")));
        }
        let weights = files.remove(WEIGHTS).unwrap_or_default();
        if hex(&weights) != record.weights_sha256 {
            return Err(fail("was changed after it was handed in: the weights are others than it says".to_owned()));
        }
        let project = Project::parse(&record.project.to_string()).map_err(|what| fail(format!("project: {what}")))?;
        let Record { name, written, program, progress, .. } = record;
        Ok(Self { name, written, program, progress, project, weights })
    }

    /// What is the same in two copies of one piece of work, whatever name is on them: answers and runs with their times, and weights.
    pub fn fingerprint(&self) -> String {
        let Progress { begun, steps, runs, .. } = &self.progress;
        let done = serde_json::to_string(&(begun, steps, runs)).unwrap_or_default();
        hex(format!("{done}{}", hex(&self.weights)).as_bytes())
    }
}
