//! Samples: where they come from, how they are split, changed and handed to training.
//!
//! THE LIST of sources is [`SOURCES`]. A source is named on the command line and in a project by a text such as
//! `digits`, `csv:file.csv?target=price`, or several joined by `+`.
//!
//! *Architecture invariant:* samples and shapes are all that is known here; no layer, no loss, no widget.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use backprop_nn::Shape;

pub mod augment;
pub mod batches;
pub mod cmapss;
pub mod csv;
pub mod digits;
mod download;
pub mod drawing;
pub mod handwriting;
pub mod idx;
pub mod images;
pub mod known;
pub mod options;
pub mod painted;
pub mod pictures;
pub mod points;
pub mod samples;
pub mod scaling;
pub mod series;
pub mod setting;
pub mod split;
pub mod summary;
mod table;

pub use augment::Augment;
pub use drawing::Drawing;
pub use options::{Lookup, Options};
pub use samples::{Inputs, Samples, TargetData};
pub use scaling::Scaling;
pub use series::Timeline;
pub use split::{Order, Split};

/// A data set with the test samples that its makers set apart; validation samples are split off `train`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// "digits", "mnist": for people.
    pub name: String,
    pub shape: Shape,
    pub task: Task,
    /// What the numbers on the last axis are; empty where they have no names, as pixels.
    pub features: Vec<Feature>,
    pub train: Samples,
    pub test: Samples,
    /// What was found and done as the samples were read, a sentence each.
    pub notes: Vec<String>,
    /// What must be heeded where samples are held back.
    pub order: Order,
}

/// What a network is to say of a sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Task {
    /// One class out of several: their names, in the order of their positions.
    Classification { classes: Vec<String> },
    /// Numbers: their names, with the unit where there is one.
    Regression { targets: Vec<String> },
    /// The sample itself, which has so many numbers: what an autoencoder does.
    Reconstruction { width: usize },
}

impl Task {
    /// How many numbers a network gives for a sample.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Classification { classes } => classes.len(),
            Self::Regression { targets } => targets.len(),
            Self::Reconstruction { width } => *width,
        }
    }

    /// The names of the classes; none where there are none.
    pub fn classes(&self) -> &[String] {
        match self {
            Self::Classification { classes } => classes,
            Self::Regression { .. } | Self::Reconstruction { .. } => &[],
        }
    }

    pub fn is_classification(&self) -> bool {
        matches!(self, Self::Classification { .. })
    }

    pub fn is_reconstruction(&self) -> bool {
        matches!(self, Self::Reconstruction { .. })
    }
}

/// A number of every sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// The name of its column.
    pub column: String,
    /// If the column holds words: the one for which this is 1. For all others it is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// If the column's words arrive as one number, for an embedding: which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Words>,
}

/// Words that are counted. The numbers of two columns do not meet, so that one embedding serves both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// The number of a word that is missing or not listed; the listed ones follow it.
    pub first: usize,
    pub list: Vec<String>,
}

impl Words {
    /// The number that is free for another column.
    pub fn end(&self) -> usize {
        self.first + self.list.len() + 1
    }
}

impl Feature {
    pub fn number(column: impl Into<String>) -> Self {
        Self { column: column.into(), category: None, words: None }
    }
}

/// "sepal length", "colour = red".
impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.category {
            None => f.write_str(&self.column),
            Some(category) => write!(f, "{} = {category}", self.column),
        }
    }
}

/// Why data could not be read. Each is one sentence that names the place and what was expected there.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("{0:?} is not a data source; use {usage}", usage = usage())]
    UnknownSource(String),
    #[error("{path}: {what}")]
    File { path: PathBuf, what: String },
    #[error("{first} and {second} cannot be joined: {what}")]
    Unlike { first: String, second: String, what: String },
    #[error("{source_name}: {what}")]
    Option { source_name: &'static str, what: String },
    #[error(
        "{name}: samples of {shape} have more than the {MAX_RECONSTRUCTED} numbers that a network may give back; make them smaller"
    )]
    TooLarge { name: String, shape: Shape },
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
    /// What stands behind the colon.
    pub argument: Argument,
    /// The options that may follow a question mark.
    options: &'static [&'static str],
    /// One sentence for the person who chooses.
    pub help: &'static str,
    /// Reads or makes the data that its text asks for.
    load: fn(&Options<'_>) -> Result<Dataset, DataError>,
}

/// What a source is told besides its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    Nothing,
    /// The path of a folder.
    Folder,
    /// The path of a file.
    File,
    /// One of these names.
    OneOf(&'static [&'static str]),
}

/// THE LIST of sources.
pub const SOURCES: &[Source] = &[
    digits::SOURCE,
    known::MNIST,
    known::FASHION_MNIST,
    idx::SOURCE,
    images::SOURCE,
    csv::SOURCE,
    series::SOURCE,
    cmapss::SOURCE,
    points::SOURCE,
    painted::SOURCE,
];

/// The most numbers of a sample that can be reconstructed.
pub const MAX_RECONSTRUCTED: usize = 1 << 16;

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
        Self::load_with(source, &Lookup::default())
    }

    /// The same with what is known besides.
    pub fn load_with(source: &str, lookup: &Lookup<'_>) -> Result<Self, DataError> {
        let mut parts = source.split('+').map(|part| load_one(part, lookup));
        let mut joined = parts.next().unwrap_or_else(|| Err(DataError::UnknownSource(source.to_owned())))?;
        for part in parts {
            joined.join(part?)?;
        }
        Ok(joined)
    }

    /// The same samples, with each of them as its own target. Nothing is copied: what is known of their classes is let go.
    pub fn of_itself(mut self) -> Result<Self, DataError> {
        let (width, shape) = (self.shape.len(), self.shape);
        if width > MAX_RECONSTRUCTED {
            return Err(DataError::TooLarge { name: self.name, shape });
        }
        for samples in [&mut self.train, &mut self.test] {
            samples.targets = TargetData::Itself { width, samples: samples.len() };
        }
        self.task = Task::Reconstruction { width };
        Ok(self)
    }

    /// Images with classes, and nothing else to say of them.
    pub fn images(name: impl Into<String>, shape: Shape, classes: Vec<String>, train: Samples, test: Samples) -> Self {
        let task = Task::Classification { classes };
        Self {
            name: name.into(),
            shape,
            task,
            features: Vec::new(),
            train,
            test,
            notes: Vec::new(),
            order: Order::Free,
        }
    }

    /// Holds back a share of the training samples for validation: of every class, of a series the end, whole groups of others.
    pub fn split(&self, share: f32, seed: u64) -> Split {
        match &self.order {
            Order::Free => Split::new(&self.train, share, seed),
            Order::Time(timeline) => Split::by_time(self.train.len(), share, timeline.horizon - 1),
            Order::Groups(groups) => Split::new(&split::one_each(groups), share, seed).of_groups(groups),
        }
    }

    /// A split for each of so many folds of the training samples; none if there are too few. The folds of a series follow one
    /// another, and each is judged after a training on all that were before it.
    pub fn folds(&self, folds: usize, seed: u64) -> Vec<Split> {
        match &self.order {
            Order::Free => Split::folds(&self.train, folds, seed),
            Order::Time(timeline) => Split::folds_by_time(self.train.len(), folds, timeline.horizon - 1),
            Order::Groups(groups) => {
                let dealt = Split::folds(&split::one_each(groups), folds, seed);
                dealt.iter().map(|split| split.of_groups(groups)).collect()
            }
        }
    }

    fn join(&mut self, other: Self) -> Result<(), DataError> {
        let differ =
            |what: String| Err(DataError::Unlike { first: self.name.clone(), second: other.name.clone(), what });
        if self.order != Order::Free || other.order != Order::Free {
            return differ(
                "the samples of a series, or of machines, belong together and do not mix with others".to_owned(),
            );
        }
        if self.shape != other.shape {
            return differ(format!("one has samples of {} and the other of {}", self.shape, other.shape));
        }
        if self.task != other.task {
            return differ("they do not ask for the same classes or targets".to_owned());
        }
        if self.features != other.features || !self.train.is_like(&other.train) {
            return differ("their samples do not hold the same features".to_owned());
        }
        self.name = format!("{} + {}", self.name, other.name);
        self.train.append(other.train);
        self.test.append(other.test);
        self.notes.extend(other.notes);
        Ok(())
    }
}

/// Reads `name`, `name:argument` or `name:argument?option=value`.
fn load_one(text: &str, lookup: &Lookup<'_>) -> Result<Dataset, DataError> {
    let text = text.trim();
    let (name, rest) = text.split_at(text.find([':', '?']).unwrap_or(text.len()));
    match SOURCES.iter().find(|source| source.name == name) {
        Some(source) => (source.load)(&Options::parse(source, rest.strip_prefix(':').unwrap_or(rest), lookup)?),
        None => Err(DataError::UnknownSource(text.to_owned())),
    }
}

/// "0" to "9", or more.
pub fn numbered_classes(count: usize) -> Vec<String> {
    (0..count).map(|class| class.to_string()).collect()
}
