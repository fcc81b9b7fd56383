//! Samples with what is known of them: their shape, the task, the features, and how they belong together.

use std::fmt;

use serde::{Deserialize, Serialize};

use backprop_nn::Shape;

use super::error::DataError;
use super::samples::{Inputs, Samples, TargetData};
use super::scaling::{Scaling, Standard};
use super::split::{self, Order, Split};

/// The most numbers of a sample that can be reconstructed.
pub const MAX_RECONSTRUCTED: usize = 1 << 16;

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

    /// Whether a sample belongs to one of several classes.
    pub fn is_classification(&self) -> bool {
        matches!(self, Self::Classification { .. })
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
    pub words: Option<Vocabulary>,
}

/// Words that are counted. The numbers of two columns do not meet, so that one embedding serves both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vocabulary {
    /// The number of a word that is missing or not listed; the listed ones follow it.
    pub first: usize,
    pub list: Vec<String>,
}

impl Vocabulary {
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

/// What a sample is, and so how it is shown and entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modality {
    /// Pixels.
    Images,
    /// A row of numbers.
    Table,
    /// Several rows of numbers that follow one another.
    Series,
}

impl Dataset {
    /// What its samples are.
    pub fn modality(&self) -> Modality {
        match self.train.inputs {
            Inputs::Bytes(_) => Modality::Images,
            Inputs::Numbers(_) if self.shape.len() == self.shape.channels() => Modality::Table,
            Inputs::Numbers(_) => Modality::Series,
        }
    }

    /// The same samples, with each of them as its own target. Nothing is copied: what is known of their classes is let go.
    pub fn of_itself(mut self) -> Result<Self, DataError> {
        let (width, shape) = (self.shape.len(), self.shape);
        if width > MAX_RECONSTRUCTED {
            return Err(DataError::TooLarge { name: self.name, shape, most: MAX_RECONSTRUCTED });
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

    /// Learns mean and standard deviation from the samples at these positions of the training samples. A feature is a position on the last axis; those
    /// that say whether a sample is of a category are 0 or 1 and stay so, as counted words do, and as bytes stay 0 to 1.
    pub fn learn_scaling(&self, at: &[u32]) -> Scaling {
        let samples = &self.train;
        let inputs = match &samples.inputs {
            Inputs::Bytes(_) => Standard::default(),
            Inputs::Numbers(_) => {
                let features = self.shape.channels();
                let mut learnt = Standard::learn(features, || {
                    at.iter().flat_map(|at| samples.numbers_of(*at as usize).chunks_exact(features))
                });
                for (at, feature) in self.features.iter().enumerate().take(features) {
                    if feature.category.is_some() || feature.words.is_some() {
                        (learnt.mean[at], learnt.deviation[at]) = (0.0, 1.0);
                    }
                }
                learnt
            }
        };
        let targets = match &samples.targets {
            TargetData::Classes(_) | TargetData::Itself { .. } => Standard::default(),
            TargetData::Numbers { width, values } => {
                Standard::learn(*width, || at.iter().map(|at| &values[*at as usize * width..][..*width]))
            }
        };
        Scaling { inputs, targets }
    }

    pub(super) fn join(&mut self, other: Self) -> Result<(), DataError> {
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

/// "0" to "9", or more.
pub fn numbered_classes(count: usize) -> Vec<String> {
    (0..count).map(|class| class.to_string()).collect()
}
