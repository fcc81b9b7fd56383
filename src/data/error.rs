//! Why data could not be read.

use std::path::{Path, PathBuf};

use backprop_nn::Shape;

use super::drawing::DrawingError;

/// Why data could not be read. Each is one sentence that names the place and what was expected there.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("{text:?} is not a data source; use {usage}")]
    UnknownSource { text: String, usage: String },
    #[error(transparent)]
    Text(#[from] SourceError),
    #[error("{path}: {what}")]
    File { path: PathBuf, what: String },
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

impl DataError {
    pub(super) fn file(path: &Path, what: impl ToString) -> Self {
        Self::File { path: path.to_owned(), what: what.to_string() }
    }
}
