//! Why data could not be read.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use backprop_nn::Shape;

use super::drawing::DrawingError;
use super::note::readable;

/// The environment variable that names a folder with data; files are found in it and in its subfolders.
pub const DATA_FOLDER: &str = "BACKPROP_DATA";

/// Where the folders of the presets come from.
const KNOWN_FOLDERS: &[(&str, &str)] = &[
    ("neu-surface-defects", "the NEU surface defect database, http://faculty.neu.edu.cn/songkechen/zh_CN/zdylm/263270"),
    ("cmapss", "NASA, https://data.nasa.gov/dataset/cmapss-jet-engine-simulated-data"),
];

/// Why data could not be read. Each message is one sentence that names the place and what was expected there.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The name of the source is not in the list of sources.
    #[error("{text:?} is not a data source; use {usage}")]
    UnknownSource {
        /// The name that was found.
        text: String,
        /// How the sources are written.
        usage: String,
    },
    /// The text of the source cannot be parsed.
    #[error(transparent)]
    Text(#[from] SourceError),
    /// A file cannot be read, or its contents are invalid.
    #[error("{path}: {what}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it, without the path.
        what: String,
    },
    /// A file or folder does not exist.
    #[error("{path}: there is no such {}; {advice}", missing.kind)]
    Missing {
        /// The path at which it was expected.
        path: PathBuf,
        /// Whether a file or a folder is missing, and a hint.
        missing: Missing,
        /// What to do on the command line.
        advice: String,
    },
    /// The samples of a file do not fit the options of the source.
    #[error("{path}: {wrong}")]
    Refused {
        /// The file that was read.
        path: PathBuf,
        /// What is wrong, and the options that would help.
        wrong: Wrong,
    },
    /// A file of a data set in the catalog could not be downloaded from any of its addresses.
    #[error(
        "{path}: could not be downloaded: {}; try again when you are online, put the file here by hand, or name a folder that has it in {DATA_FOLDER}",
        problems.join("; ")
    )]
    Download {
        /// The path to which the file would have been written.
        path: PathBuf,
        /// The catalog's name of the data set.
        set: String,
        /// One error message for each address that was tried.
        problems: Vec<String>,
        /// Whether no address could be reached.
        is_offline: bool,
    },
    /// Two sources joined by `+` differ in shape, task or features.
    #[error("{first} and {second} cannot be joined: {what}")]
    Unlike {
        /// Name of the first data set.
        first: String,
        /// Name of the second data set.
        second: String,
        /// The difference.
        what: String,
    },
    /// An argument or option of a source is unknown or has an invalid value.
    #[error("{source_name}: {what}")]
    Option {
        /// Name of the source.
        source_name: &'static str,
        /// What is wrong and which values are allowed.
        what: String,
    },
    /// The samples have too many numbers to be reconstructed.
    #[error(
        "{name}: samples of {shape} have more than the {most} numbers that a network may give back; make them smaller"
    )]
    TooLarge {
        /// Name of the data set.
        name: String,
        /// Shape of one sample.
        shape: Shape,
        /// The most numbers per sample that are allowed.
        most: usize,
    },
    /// A drawing cannot be read.
    #[error(transparent)]
    Drawing(#[from] DrawingError),
}

/// Why the text of a source cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// A double quote is never closed.
    #[error("{0}: a quote is not closed; write a quote inside a quoted text twice")]
    Quote(String),
    /// An option has no equals sign and no value.
    #[error("{text}: expected option=value, and found {found:?}")]
    Option {
        /// The whole text of the source.
        text: String,
        /// The option without a value.
        found: String,
    },
    /// An option has an equals sign and nothing after it.
    #[error("{text}: {key}= has no value; write one, or leave the option out")]
    Value {
        /// The whole text of the source.
        text: String,
        /// The option without a value.
        key: String,
    },
    /// An option is there more than once.
    #[error("{text}: {key} is there twice; write it once, with all of its values after it, separated by commas")]
    Twice {
        /// The whole text of the source.
        text: String,
        /// The option.
        key: String,
    },
}

/// The file or folder that a source did not find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// "file" or "folder".
    pub kind: &'static str,
    /// What it has to contain, or where to get it: a sentence, or empty.
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
    /// The key of the option.
    pub option: &'static str,
    /// How to use it on the command line.
    pub advice: Cow<'static, str>,
}

impl Remedy {
    pub(super) const fn new(option: &'static str, advice: &'static str) -> Self {
        Self { option, advice: Cow::Borrowed(advice) }
    }

    pub(super) fn of(option: &'static str, advice: String) -> Self {
        Self { option, advice: Cow::Owned(advice) }
    }
}

impl Wrong {
    pub(super) fn new(what: impl Into<String>, remedies: impl Into<Vec<Remedy>>) -> Self {
        Self { what: readable(what.into()), remedies: remedies.into() }
    }

    /// With another option that may help.
    #[must_use]
    pub(super) fn or(mut self, remedy: Option<Remedy>) -> Self {
        self.remedies.extend(remedy);
        self
    }
}

impl From<String> for Wrong {
    fn from(what: String) -> Self {
        Self::new(what, [])
    }
}

impl From<&str> for Wrong {
    fn from(what: &str) -> Self {
        what.to_owned().into()
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        let advice: Vec<_> = self.remedies.iter().map(|remedy| &*remedy.advice).collect();
        if advice.is_empty() { Ok(()) } else { write!(f, "; {}", advice.join(", or ")) }
    }
}

/// An error as the studio shows it, with the options that it offers as buttons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataProblem {
    /// The message, one sentence.
    pub text: String,
    /// The full error message, if it is longer than the sentence; else empty.
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
                let mut options: Vec<_> = wrong.remedies.iter().map(|remedy| remedy.option).collect();
                options.dedup();
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
        let from = KNOWN_FOLDERS.iter().find(|(name, _)| path.file_name().is_some_and(|it| it == *name));
        let (hint, advice) = match from {
            None => (format!("It takes {hint}."), format!("write {source}:DIR with {hint}")),
            Some((_, from)) => (
                format!("It is from {from}, and takes {hint}."),
                format!(
                    "put it here (it is from {from}), name the folder that has it in {DATA_FOLDER}, or write {source}:DIR with {hint}"
                ),
            ),
        };
        Self::Missing { path: path.to_owned(), missing: Missing { kind: "folder", hint }, advice }
    }

    pub(super) fn refused(path: &Path, wrong: Wrong) -> Self {
        Self::Refused { path: path.to_owned(), wrong }
    }
}
