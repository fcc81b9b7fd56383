//! Why data could not be read.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use backprop_nn::Shape;

use super::drawing::DrawingError;

/// The variable that names a folder with data; files are found in it and in the folders that it holds.
pub const DATA_FOLDER: &str = "BACKPROP_DATA";

/// Why data could not be read. Each is one sentence that names the place and what was expected there.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("{text:?} is not a data source; use {usage}")]
    UnknownSource { text: String, usage: String },
    #[error(transparent)]
    Text(#[from] SourceError),
    #[error("{path}: {what}")]
    File { path: PathBuf, what: String },
    #[error("{path}: there is no such {}; {advice}", missing.kind)]
    Missing {
        path: PathBuf,
        missing: Missing,
        /// What the command line is told to do.
        advice: String,
    },
    /// A file whose samples are not what its options say.
    #[error("{path}: {wrong}")]
    Refused { path: PathBuf, wrong: Wrong },
    #[error(
        "{path}: could not be downloaded: {}; try again when you are online, put the file here by hand, or name a folder that has it in {DATA_FOLDER}",
        problems.join("; ")
    )]
    Download {
        path: PathBuf,
        /// The catalog's name of the data set.
        set: String,
        /// What each address answered.
        problems: Vec<String>,
        /// No address could be reached.
        is_offline: bool,
    },
    #[error("{first} and {second} cannot be joined: {what}")]
    Unlike { first: String, second: String, what: String },
    #[error("{source_name}: {what}")]
    Option { source_name: &'static str, what: String },
    #[error(
        "{name}: samples of {shape} have more than the {most} numbers that a network may give back; make them smaller"
    )]
    TooLarge { name: String, shape: Shape, most: usize },
    #[error(transparent)]
    Drawing(#[from] DrawingError),
}

/// Why the text of a source cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    #[error("{0}: a quote is not closed; write a quote inside a quoted text twice")]
    Quote(String),
    #[error("{text}: expected option=value, and found {found:?}")]
    Option { text: String, found: String },
}

/// What a source has not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// "file" or "folder".
    pub kind: &'static str,
    /// What it has to be, or where there is one: a sentence, or nothing.
    pub hint: String,
}

/// What is wrong with the samples of a file, and which options would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    what: String,
    remedies: Vec<Remedy>,
}

/// An option of a source that would help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remedy {
    pub option: &'static str,
    /// What the command line is told to do with it.
    pub advice: Cow<'static, str>,
}

impl Remedy {
    pub(super) const fn new(option: &'static str, advice: &'static str) -> Self {
        Self { option, advice: Cow::Borrowed(advice) }
    }
}

impl Wrong {
    pub(super) fn new(what: impl Into<String>, remedies: impl Into<Vec<Remedy>>) -> Self {
        Self { what: what.into(), remedies: remedies.into() }
    }
}

impl From<String> for Wrong {
    fn from(what: String) -> Self {
        Self::new(what, [])
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        let advice: Vec<_> = self.remedies.iter().map(|remedy| &*remedy.advice).collect();
        if advice.is_empty() { Ok(()) } else { write!(f, "; {}", advice.join(", or ")) }
    }
}

/// An error for whoever can press a button instead of typing an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataProblem {
    /// One sentence.
    pub text: String,
    /// The whole story, if that is more; else empty.
    pub details: String,
    /// The options of the source that would help.
    pub options: Vec<&'static str>,
    /// Whether another file or folder would help.
    pub wants_path: bool,
}

impl From<&DataError> for DataProblem {
    fn from(error: &DataError) -> Self {
        let plain = Self { text: error.to_string(), details: String::new(), options: Vec::new(), wants_path: false };
        match error {
            DataError::Missing { path, missing: Missing { kind, hint }, .. } => {
                let text = format!("{}: there is no such {kind}. {hint}", path.display());
                Self { text: text.trim_end().to_owned(), wants_path: true, ..plain }
            }
            DataError::Refused { path, wrong } => {
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
                let options = wrong.remedies.iter().map(|remedy| remedy.option).collect();
                Self { text: format!("{name}: {}.", wrong.what), options, ..plain }
            }
            DataError::Download { set, is_offline, .. } => {
                let why = if *is_offline { "this computer is offline" } else { "no server has sent it" };
                Self {
                    text: format!("{set} could not be downloaded: {why}."),
                    details: plain.text,
                    wants_path: true,
                    ..plain
                }
            }
            _ => plain,
        }
    }
}

impl DataError {
    pub(super) fn file(path: &Path, what: impl ToString) -> Self {
        Self::File { path: path.to_owned(), what: what.to_string() }
    }

    pub(super) fn no_file(path: &Path, hint: impl Into<String>, advice: String) -> Self {
        Self::Missing { path: path.to_owned(), missing: Missing { kind: "file", hint: hint.into() }, advice }
    }

    /// `hint` says which folder it has to be.
    pub(super) fn no_folder(path: &Path, source: &str, hint: &str) -> Self {
        let missing = Missing { kind: "folder", hint: format!("It takes {hint}.") };
        Self::Missing { path: path.to_owned(), missing, advice: format!("write {source}:DIR with {hint}") }
    }

    pub(super) fn refused(path: &Path, wrong: Wrong) -> Self {
        Self::Refused { path: path.to_owned(), wrong }
    }
}
