//! Samples: where they come from, how they are split, changed and handed to training.
//!
//! THE LIST of sources is [`SOURCES`]. A source is named on the command line and in a project by a text such as
//! `digits`, `idx:some/folder`, or several joined by `+`.
//!
//! *Architecture invariant:* samples and shapes are all that is known here; no layer, no loss, no widget.

use std::path::{Path, PathBuf};

use crate::nn::Shape;

pub mod augment;
pub mod batches;
pub mod digits;
pub mod drawing;
pub mod handwriting;
pub mod idx;
pub mod pictures;
pub mod split;

pub use augment::Augment;
pub use drawing::Drawing;
pub use split::Split;

/// Labelled samples. Pixels stay bytes, 0 to 255, and are scaled to 0 to 1 as a batch is made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples {
    /// `[samples, shape]`, channels last.
    pub pixels: Vec<u8>,
    /// The class of every sample.
    pub labels: Vec<u8>,
}

impl Samples {
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The pixels of one sample; nothing if there is no such sample.
    pub fn pixels_of(&self, sample: usize) -> &[u8] {
        let len = self.pixels.len() / self.len().max(1);
        self.pixels.get(sample * len..(sample + 1) * len).unwrap_or(&[])
    }

    fn append(&mut self, mut other: Self) {
        self.pixels.append(&mut other.pixels);
        self.labels.append(&mut other.labels);
    }
}

/// A data set with the test samples that its makers set apart; validation samples are split off `train`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// "digits", "mnist": for people.
    pub name: String,
    pub shape: Shape,
    /// The name of every class, in the order of the labels.
    pub classes: Vec<String>,
    pub train: Samples,
    pub test: Samples,
}

/// Why data could not be read. Each is one sentence that names the place and what was expected there.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("{0:?} is not a data source; use {usage}", usage = usage())]
    UnknownSource(String),
    #[error("{path}: {what}")]
    File { path: PathBuf, what: String },
    #[error("{first} has samples of {first_shape} and {second} of {second_shape}; only alike sources can be joined")]
    Unlike { first: String, first_shape: Shape, second: String, second_shape: Shape },
    #[error("{source_name}: {what}")]
    Option { source_name: &'static str, what: String },
    #[error(transparent)]
    Drawing(#[from] drawing::DrawingError),
}

impl DataError {
    fn file(path: &Path, what: impl ToString) -> Self {
        Self::File { path: path.to_owned(), what: what.to_string() }
    }
}

/// A kind of data source.
pub struct Source {
    /// What stands before the colon.
    pub name: &'static str,
    /// How it is written, "idx:DIR".
    pub usage: &'static str,
    /// One sentence for the person who chooses.
    pub help: &'static str,
    /// Reads or makes the data from what stands after the colon.
    load: fn(argument: &str) -> Result<Dataset, DataError>,
}

/// THE LIST of sources.
pub const SOURCES: &[Source] = &[digits::SOURCE, idx::SOURCE];

/// The source of a new project, made by the program itself.
pub const DEFAULT_SOURCE: &str = "digits";

/// How the sources are written: "digits, idx:DIR, or several joined by +".
pub fn usage() -> String {
    let mut usage: Vec<_> = SOURCES.iter().map(|source| source.usage).collect();
    usage.push("or several joined by +");
    usage.join(", ")
}

impl Dataset {
    /// Reads a source such as `digits` or `idx:DIR+digits`.
    pub fn load(source: &str) -> Result<Self, DataError> {
        let mut parts = source.split('+').map(load_one);
        let mut joined = parts.next().unwrap_or_else(|| Err(DataError::UnknownSource(source.to_owned())))?;
        for part in parts {
            joined.join(part?)?;
        }
        Ok(joined)
    }

    fn join(&mut self, other: Self) -> Result<(), DataError> {
        if self.shape != other.shape || self.classes != other.classes {
            return Err(DataError::Unlike {
                first: self.name.clone(),
                first_shape: self.shape,
                second: other.name,
                second_shape: other.shape,
            });
        }
        self.name = format!("{} + {}", self.name, other.name);
        self.train.append(other.train);
        self.test.append(other.test);
        Ok(())
    }
}

/// Reads `name`, `name:argument` or `name?option=value`; what follows the name goes to the source, less the colon.
fn load_one(text: &str) -> Result<Dataset, DataError> {
    let text = text.trim();
    let (name, rest) = text.split_at(text.find([':', '?']).unwrap_or(text.len()));
    match SOURCES.iter().find(|source| source.name == name) {
        Some(source) => (source.load)(rest.strip_prefix(':').unwrap_or(rest)),
        None => Err(DataError::UnknownSource(text.to_owned())),
    }
}

/// "0" to "9", or more.
fn numbered_classes(count: usize) -> Vec<String> {
    (0..count).map(|class| class.to_string()).collect()
}
