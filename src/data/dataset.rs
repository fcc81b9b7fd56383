//! A data set: samples with their shape, task, features and order.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use backprop_nn::Shape;

use super::error::DataError;
use super::samples::{Inputs, Samples, TargetData};
use super::scaling::{Scaling, Standard};
use super::split::{Groups, Order, Split, Timeline};
use super::tokenizer::Tokenizer;
use crate::data::note::Note;

/// The most numbers of a sample that can be reconstructed.
pub const MAX_RECONSTRUCTED: usize = 1 << 16;

/// A data set with the test samples that its makers set apart; validation samples are split off `train`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Name of the data set for display, such as "digits".
    pub name: String,
    /// Shape of one sample, channels last.
    pub shape: Shape,
    /// The task: what the network predicts for a sample.
    pub task: Task,
    /// The column of a table that holds the classes; none where there is no such column.
    pub target: Option<String>,
    /// The features, one per position on the last axis; empty where they have no names, as for pixels.
    pub features: Vec<Feature>,
    /// The training samples, from which the validation set is split off.
    pub train: Samples,
    /// The test samples; may be empty.
    pub test: Samples,
    /// Notes from reading the samples, one sentence each.
    pub notes: Vec<Note>,
    /// The dependence between samples that a split has to respect.
    pub order: Order,
}

/// What a network predicts for a sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Task {
    /// Predict one class out of several.
    Classification {
        /// Names of the classes; the position of a name is the index of its class.
        classes: Vec<String>,
    },
    /// Predict one or more numbers.
    Regression {
        /// Names of the targets, in the order of the network's outputs.
        targets: Vec<String>,
        /// The unit of each, where the file says it: "$"; empty where none has one.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        units: Vec<Option<String>>,
    },
    /// Reproduce the sample itself, as an autoencoder does.
    Reconstruction {
        /// Numbers per sample.
        width: usize,
    },
    /// Predict at each step of a text the token that follows, as a language model does.
    NextToken {
        /// Tokens of a sample.
        steps: usize,
        /// Tokens of the vocabulary.
        tokens: usize,
        /// Whether a sample is a question, which is given, and its answer.
        #[serde(default)]
        answers: bool,
    },
}

impl Task {
    /// Predict numbers of these names, which have no units.
    pub fn numbers(targets: Vec<String>) -> Self {
        Self::Regression { targets, units: Vec::new() }
    }

    /// The shape of the network's outputs for a sample: a row, or a row for each step.
    pub fn output(&self) -> Shape {
        match self {
            Self::Classification { classes } => Shape::flat(classes.len()),
            Self::Regression { targets, .. } => Shape::flat(targets.len()),
            Self::Reconstruction { width } => Shape::flat(*width),
            Self::NextToken { steps, tokens, .. } => Shape::steps(*steps, *tokens),
        }
    }

    /// Number of network outputs for a sample.
    pub fn outputs(&self) -> usize {
        self.output().len()
    }

    /// The names of the classes; empty unless the task is a classification.
    pub fn classes(&self) -> &[String] {
        match self {
            Self::Classification { classes } => classes,
            Self::Regression { .. } | Self::Reconstruction { .. } | Self::NextToken { .. } => &[],
        }
    }

    /// The names of the outputs: classes or targets; empty where the sample itself is given again.
    pub fn output_names(&self) -> &[String] {
        match self {
            Self::Classification { classes } => classes,
            Self::Regression { targets, .. } => targets,
            Self::Reconstruction { .. } | Self::NextToken { .. } => &[],
        }
    }

    /// The unit of an output, where there is one.
    pub fn unit(&self, output: usize) -> Option<&str> {
        match self {
            Self::Regression { units, .. } => units.get(output)?.as_deref(),
            Self::Classification { .. } | Self::Reconstruction { .. } | Self::NextToken { .. } => None,
        }
    }

    /// The names of the outputs, each with its unit in brackets: "price ($)".
    pub fn outputs_in_units(&self) -> Vec<String> {
        let name = |(at, name): (usize, &String)| match self.unit(at) {
            Some(unit) => format!("{name} ({unit})"),
            None => name.clone(),
        };
        self.output_names().iter().enumerate().map(name).collect()
    }

    /// Whether the task is a classification.
    pub fn is_classification(&self) -> bool {
        matches!(self, Self::Classification { .. })
    }
}

/// One input number of every sample. Two are equal if they have the same name and meaning.
#[derive(Clone, Debug, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// The name of its column.
    pub column: String,
    /// For a one-hot encoded column: the category for which this feature is 1. For all others it is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// For a column that feeds an embedding: the vocabulary that turns its words into numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<Vocabulary>,
    /// For a text, which is a feature alone: how it becomes tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextFeature>,
    /// The unit of its numbers, where the file says it: "kg".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// For a column of times, read as days since 1970, or of clocks, read as hours: how they are written, in the letters of `strftime`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<String>,
    /// The number that stands for a missing one in its column, as -999.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// Whether all its numbers are from 0 to 1, as shares are that others write in percent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_share: bool,
    /// What stands before the fraction of its numbers, where they show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal: Option<char>,
}

/// How texts become samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextFeature {
    /// How they are cut into tokens, and which number each has.
    pub tokenizer: Tokenizer,
    /// Tokens of a sample.
    pub length: usize,
}

/// The numbered words of a column. Two columns never share a number, so that one embedding serves both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vocabulary {
    /// Number of a missing or unlisted word; the listed words follow it.
    pub first: usize,
    /// The listed words, in the order of their numbers.
    pub list: Vec<String>,
}

impl Vocabulary {
    /// The first number after those of this vocabulary, free for another column.
    pub fn end(&self) -> usize {
        self.first + self.list.len() + 1
    }
}

impl PartialEq for Feature {
    fn eq(&self, other: &Self) -> bool {
        let Self { column, category, words, text, unit, dates, missing, is_share: _, decimal: _ } = self;
        *column == other.column
            && *category == other.category
            && *words == other.words
            && *text == other.text
            && *unit == other.unit
            && *dates == other.dates
            && *missing == other.missing
    }
}

impl Feature {
    /// A numeric feature: its column is read as it is.
    pub fn number(column: impl Into<String>) -> Self {
        Self {
            column: column.into(),
            category: None,
            words: None,
            text: None,
            unit: None,
            dates: None,
            missing: None,
            is_share: false,
            decimal: None,
        }
    }

    /// A text that becomes tokens.
    pub fn text(column: impl Into<String>, text: TextFeature) -> Self {
        Self { text: Some(text), ..Self::number(column) }
    }
}

/// "sepal length", "color = red".
impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.category {
            None => f.write_str(&self.column),
            Some(category) => write!(f, "{} = {category}", self.column),
        }
    }
}

/// The numbers of each column in a row of so many: those that say of which category a sample is are one column.
pub fn column_ranges(features: &[Feature], width: usize) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for at in 0..width {
        let with_category = |at: usize| features.get(at).filter(|feature| feature.category.is_some());
        let column = with_category(at).map(|feature| &feature.column);
        match ranges.last_mut() {
            Some(last) if column.is_some() && column == with_category(last.start).map(|it| &it.column) => {
                last.end = at + 1;
            }
            _ => ranges.push(at..at + 1),
        }
    }
    ranges
}

/// The kind of data in a sample, which decides how it is shown and entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modality {
    /// Pixels.
    Images,
    /// A row of numbers.
    Table,
    /// Rows of numbers that follow one another in time.
    Series,
    /// Tokens.
    Text,
}

impl Dataset {
    /// The kind of data in its samples.
    pub fn modality(&self) -> Modality {
        match self.train.inputs {
            Inputs::Bytes(_) | Inputs::Mapped(_) => Modality::Images,
            Inputs::Tokens(_) => Modality::Text,
            Inputs::Numbers(_) if self.shape.len() == self.shape.channels() => Modality::Table,
            Inputs::Numbers(_) => Modality::Series,
        }
    }

    /// How its texts are cut into tokens, if it is of texts.
    pub fn tokenizer(&self) -> Option<&Tokenizer> {
        self.features.first()?.text.as_ref().map(|text| &text.tokenizer)
    }

    /// All samples in one set, test samples included.
    #[must_use]
    pub fn as_one(mut self) -> Self {
        let test = std::mem::take(&mut self.test);
        if let (Order::Time(timeline), false) = (&mut self.order, test.is_empty()) {
            timeline.train_rows.append(&mut timeline.test_rows);
        }
        if let Order::Held(_) | Order::Position { .. } = self.order {
            self.order = Order::Free;
        }
        if !test.is_empty() {
            self.train.append(test);
        }
        self
    }

    /// The same samples, with each of them as its own target. Nothing is copied; the former targets are dropped.
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

    /// A data set of images with classes, without notes or named features.
    pub fn images(name: impl Into<String>, shape: Shape, classes: Vec<String>, train: Samples, test: Samples) -> Self {
        let task = Task::Classification { classes };
        Self {
            name: name.into(),
            shape,
            task,
            target: None,
            features: Vec::new(),
            train,
            test,
            notes: Vec::new(),
            order: Order::Free,
        }
    }

    /// Splits a share of the training samples off as validation set: stratified by class, in whole groups where there are some,
    /// or from the end of a series. A validation set that the makers set apart is taken as it is.
    pub fn split(&self, share: f32, seed: u64) -> Split {
        match &self.order {
            Order::Free => Split::new(&self.train, share, seed),
            Order::Held(held) => Split::at_end(self.train.len(), *held),
            Order::Time(Timeline { gap, .. }) | Order::Position { gap } => {
                Split::by_time(self.train.len(), share, *gap)
            }
            Order::Groups(groups) => Groups::new(groups, &self.train, seed).split(share),
        }
    }

    /// One split for each fold of the training samples; none if there are too few samples. The folds of a series follow
    /// one another, and the training set of each holds the samples of all earlier folds.
    pub fn folds(&self, folds: usize, seed: u64) -> Vec<Split> {
        match &self.order {
            Order::Free | Order::Held(_) => Split::folds(&self.train, folds, seed),
            Order::Time(Timeline { gap, .. }) | Order::Position { gap } => {
                Split::folds_by_time(self.train.len(), folds, *gap)
            }
            Order::Groups(groups) => Groups::new(groups, &self.train, seed).folds(folds),
        }
    }

    /// Learns mean and standard deviation of each feature and target from the training samples at these positions. A
    /// feature is a position on the last axis. One-hot features and word numbers are left as they are, and bytes stay 0
    /// to 1.
    pub fn learn_scaling(&self, at: &[u32]) -> Scaling {
        let samples = &self.train;
        if let Order::Time(timeline) = &self.order
            && timeline.is_relative
            && matches!(samples.targets, TargetData::Numbers { .. })
        {
            return self.learn_changes(timeline, at);
        }
        let inputs = match &samples.inputs {
            Inputs::Bytes(_) | Inputs::Mapped(_) | Inputs::Tokens(_) => Standard::default(),
            Inputs::Numbers(_) => {
                let features = self.shape.channels();
                let mut learned = Standard::learn(features, || {
                    at.iter().flat_map(|at| samples.numbers_of(*at as usize).chunks_exact(features))
                });
                for (at, feature) in self.features.iter().enumerate().take(features) {
                    if feature.category.is_some() || feature.words.is_some() {
                        (learned.mean[at], learned.deviation[at]) = (0.0, 1.0);
                    }
                }
                learned
            }
        };
        let targets = match &samples.targets {
            TargetData::Classes(_) | TargetData::Itself { .. } | TargetData::Steps { .. } => Standard::default(),
            TargetData::Numbers { width, values } => {
                Standard::learn(*width, || at.iter().map(|at| &values[*at as usize * width..][..*width]))
            }
        };
        Scaling { inputs, targets, naive: None }
    }

    /// The same of changes from the naive forecast.
    fn learn_changes(&self, timeline: &Timeline, at: &[u32]) -> Scaling {
        let (naive, columns) = (timeline.naive_forecast(self.shape.channels()), self.shape.channels());
        let TargetData::Numbers { width, values } = &self.train.targets else { return Scaling::default() };
        let windows: Vec<Vec<f64>> = at.iter().map(|at| naive.relative(self.train.numbers_of(*at as usize))).collect();
        let changes = at.iter().flat_map(|at| {
            let truths = &values[*at as usize * width..][..*width];
            let window = self.train.numbers_of(*at as usize);
            truths.iter().zip(naive.of(window)).map(|(truth, naive)| truth - naive).collect::<Vec<_>>()
        });
        let changes: Vec<f64> = changes.collect();
        let inputs = Standard::learn(columns, || windows.iter().flat_map(|window| window.chunks_exact(columns)));
        let targets = Standard::learn(*width, || changes.chunks_exact(*width));
        Scaling { inputs, targets, naive: Some(naive) }
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

/// Class names that are numbers: "0", "1" and so on.
pub fn numbered_classes(count: usize) -> Vec<String> {
    (0..count).map(|class| class.to_string()).collect()
}
