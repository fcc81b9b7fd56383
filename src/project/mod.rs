//! A project: data, model and training in one versioned file, which the studio and the command line share.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::data::sources::digits;
use crate::data::split::MAX_VALIDATION;
use crate::data::{Augment, DataError, Dataset, Lookup, Modality, Order, SourceSpec, Split, Task};
use crate::train::heads::Goal;
use crate::train::{Head, Job};
use backprop_nn::field::Settings;
use backprop_nn::gan::GanSettings;
use backprop_nn::spec::Misfit;
use backprop_nn::{ModelSpec, Network, Shape, Training};

pub mod checks;
mod output;
pub mod presets;
pub mod problems;
pub mod profile;
pub mod run_folder;
pub mod run_log;
mod settings;
mod stacks;
pub mod suggest;
mod teacher;
pub mod whole;
pub mod working_copy;

pub use output::Output;
pub use problems::Problem;
pub use run_folder::{RunFolder, RunRecord};
pub use stacks::Side;
pub use teacher::TeacherSettings;

/// Version of the file format. A file of a later version is refused rather than misread.
pub const VERSION: u32 = 2;

/// A project: all settings of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// Version of the file format; [`VERSION`] once it is read.
    pub version: u32,
    /// Name of the project.
    pub name: String,
    /// The data source and how its samples are used.
    #[serde(default)]
    pub data: DataSettings,
    /// The network, or the generator if there is an adversary.
    pub model: ModelSpec,
    /// The discriminator that a generator learns from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adversary: Option<GanSettings>,
    /// Loss, optimizer, learning rate and the other settings of the training.
    #[serde(default)]
    pub training: Training,
    /// The run that the network learns from, besides the classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teacher: Option<TeacherSettings>,
    /// How many checkpoints a run keeps.
    #[serde(default, skip_serializing_if = "CheckpointSettings::is_default")]
    pub checkpoints: CheckpointSettings,
}

/// How much of a run is kept to go back to: the last checkpoint, the best one, and an even choice of the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
pub struct CheckpointSettings {
    /// Most checkpoints that a run keeps. With more of them, branches and the time line of a kept run have more moments.
    #[field(label = "At most", default = 10, range = 2..=1000, slider = 2..=100)]
    pub count: usize,
    /// Most room that they take together, in megabytes. The last and the best are kept in any case.
    #[field(label = "Megabytes", default = 512, range = 1..=1_000_000, slider = 1..=10_000)]
    pub megabytes: usize,
}

impl CheckpointSettings {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The most room in bytes.
    pub fn bytes(&self) -> u64 {
        (self.megabytes as u64) << 20
    }
}

/// Which samples, and what is done with them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(manual_default)]
pub struct DataSettings {
    /// As on the command line: `digits`, `csv:FILE?target=NAME`, or several joined by `+`.
    pub source: SourceSpec,
    /// Share of the training samples that is held out for validation. Without it, overfitting is not noticed.
    #[field(label = "Validation split", default = 0.1, range = 0.0..=MAX_VALIDATION)]
    pub validation: f32,
    /// The target of each sample is the sample itself: an autoencoder. A narrow layer then has to encode it in few numbers.
    #[field(default = false)]
    pub reconstruct: bool,
    /// Random changes of the training samples.
    pub augment: Augment,
}

impl Default for DataSettings {
    fn default() -> Self {
        let source = SourceSpec::new(crate::data::DEFAULT_SOURCE, "");
        Self { source, validation: 0.1, reconstruct: false, augment: Augment::default() }
    }
}

impl DataSettings {
    /// Loads the samples of the source, with the targets that the settings choose.
    pub fn load(&self, lookup: &Lookup<'_>) -> Result<Dataset, DataError> {
        self.asked_of(Dataset::load(&self.source, lookup)?)
    }

    /// Whether data with this task have other targets than the settings choose.
    pub fn is_other_task(&self, task: &Task) -> bool {
        matches!(task, Task::Reconstruction { .. }) != self.reconstruct
    }

    /// The data set with the targets that the settings choose: its own, or the samples themselves.
    pub fn asked_of(&self, dataset: Dataset) -> Result<Dataset, DataError> {
        match self.reconstruct {
            true if dataset.modality() == Modality::Text => Err(DataError::Option {
                source_name: "data.reconstruct",
                what: "a text is not reconstructed; leave this out, and the next token is asked for".to_owned(),
            }),
            true => dataset.of_itself(),
            false => Ok(dataset),
        }
    }
}

/// Why a project cannot be read, written or run: one sentence with the place and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// A project file or run folder cannot be read or written, or its contents are invalid.
    #[error("{path}: {what}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it, without the path.
        what: String,
    },
    /// The name is neither a preset nor a path that exists.
    #[error("{0:?} is neither a file nor a preset; the presets are {names}", names = presets::names().join(", "))]
    Unknown(String),
    /// A setting is unknown or has an invalid value.
    #[error("{place}: {what}")]
    Value {
        /// Path of the setting, such as `training.learning_rate`.
        place: String,
        /// What is wrong and which values are allowed.
        what: String,
    },
    /// The settings do not fit the data or one another.
    #[error(transparent)]
    Problem(Box<Problem>),
    /// The layers of a network do not fit together.
    #[error("{}{misfit}", if misfit.stack.is_empty() { "model, " } else { "" })]
    Misfit {
        /// The layer that does not fit, and why.
        #[from]
        misfit: Misfit,
    },
}

impl From<Problem> for ProjectError {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl ProjectError {
    pub(crate) fn file(path: &Path, what: impl ToString) -> Self {
        Self::File { path: path.to_owned(), what: what.to_string() }
    }

    fn value(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Value { place: place.into(), what: what.into() }
    }
}

/// The sentences of the reader of JSON as it writes them, so that they are translated.
const _: &[&str] = &[
    "invalid type: {}, expected {}",
    "invalid value: {}, expected {}",
    "unknown variant `{}`, expected {}",
    "unknown field `{}`, expected {}",
    "missing field `{}`",
    "string {}",
    "integer `{}`",
    "floating point `{}`",
    "boolean `{}`",
    "one of {}",
];

/// A mistake in a file in words for people, who need not know the types of the program.
fn in_words(error: &serde_json::Error) -> String {
    let types =
        [("usize", "a whole number"), ("u64", "a whole number"), ("u32", "a whole number"), ("f32", "a number")];
    let text = error.to_string().replace("recursion limit exceeded", "brackets stand in one another too deep");
    types
        .iter()
        .fold(text, |text, (name, words)| text.replace(&format!("expected {name}"), &format!("expected {words}")))
}

/// "a", "a and b", "a, b and c".
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => (*name).to_owned(),
        [names @ .., last] => format!("{} and {last}", names.join(", ")),
    }
}

impl Project {
    /// A preset by its name, or a project file, or a run folder by its path.
    pub fn find(name_or_path: &str) -> Result<Self, ProjectError> {
        let path = Path::new(name_or_path);
        match presets::find(name_or_path) {
            Some(project) => project,
            None if path.is_dir() => Self::open(&path.join(run_folder::PROJECT)),
            None if path.exists() => Self::open(path),
            None => Err(ProjectError::Unknown(name_or_path.to_owned())),
        }
    }

    /// The folder of what [`Self::find`] has found, in which its data may lie; none for a preset.
    pub fn folder_of(name_or_path: &str) -> Option<&Path> {
        let path = Path::new(name_or_path);
        match presets::find(name_or_path) {
            Some(_) => None,
            None if path.is_dir() => Some(path),
            None => path.parent(),
        }
    }

    /// Reads a project file.
    pub fn open(path: &Path) -> Result<Self, ProjectError> {
        let text = fs::read_to_string(path).map_err(|error| ProjectError::file(path, error))?;
        Self::parse(&text).map_err(|what| ProjectError::file(path, what))
    }

    /// Reads the text of a project file; the error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_str(text)
            .map_err(|error| format!("is not a project of Backprop Studio: {}", in_words(&error)))?;
        if version > VERSION {
            return Err(format!("has version {version}, and this program reads up to {VERSION}; update the program"));
        }
        let mut project: Self = serde_json::from_str(text)
            .map_err(|error| settings::misplaced_in(text).unwrap_or_else(|| in_words(&error)))?;
        project.version = VERSION;
        project.check().map_err(|error| error.to_string())?;
        Ok(project)
    }

    /// The text of the project file.
    pub fn to_text(&self) -> Result<String, ProjectError> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n").map_err(|error| ProjectError::value("project", error.to_string()))
    }

    /// Writes the project file.
    pub fn save(&self, path: &Path) -> Result<(), ProjectError> {
        whole::write_whole(path, self.to_text()?.as_bytes()).map_err(|error| ProjectError::file(path, error))
    }

    /// Sets the value at a path such as `training.optimizer.momentum` or `model.0.units`.
    pub fn set(&mut self, path: &str, value: &str) -> Result<(), ProjectError> {
        let changed = settings::set(self, path, value)?;
        changed.check()?;
        *self = changed;
        Ok(())
    }

    /// Checks every number against its range. Shapes are checked when they are traced.
    pub fn check(&self) -> Result<(), ProjectError> {
        self.own_problems().into_iter().next().map_or(Ok(()), |problem| Err(problem.into()))
    }

    /// The job of a run on this data set, or an error if the settings do not fit it.
    pub fn job(&self, dataset: Arc<Dataset>, threads: usize) -> Result<Job, ProjectError> {
        let split = dataset.split(self.held_back(), self.training.seed);
        self.job_on(dataset, split, threads)
    }

    /// The job with a given split, such as one of several folds.
    pub fn job_on(&self, dataset: Arc<Dataset>, split: Split, threads: usize) -> Result<Job, ProjectError> {
        if let Some(problem) = self.problems_on(&dataset, &split, threads).into_iter().find(Problem::is_error) {
            return Err(problem.into());
        }
        let network = self.network(dataset.shape, dataset.task.output())?;
        let counts = dataset.train.class_counts_at(dataset.task.outputs(), &split.train);
        let loss = self.training.loss.clone().for_counts(&counts);
        let scaling = dataset.learn_scaling(&split.train);
        let teacher = self.teacher.as_ref().map(|teacher| teacher.open(&dataset, &scaling, &loss)).transpose();
        let teacher = teacher.map_err(|what| ProjectError::value("teacher", what))?;
        let Self { data, training, adversary, .. } = self.clone();
        let augment = data.augment;
        Ok(Job {
            network,
            dataset,
            split,
            scaling,
            augment,
            training,
            loss,
            adversary,
            origin: None,
            teacher,
            weights: None,
            checkpoint: None,
            stop_after: None,
            changes: Vec::new(),
            threads,
        })
    }

    /// The head for the task of the data; classification while there are no data.
    pub fn head(&self, dataset: Option<&Dataset>) -> &'static dyn Head {
        let unknown = Task::Classification { classes: Vec::new() };
        let (task, order) = dataset.map_or((&unknown, &Order::Free), |dataset| (&dataset.task, &dataset.order));
        Goal::new(task, order, self.adversary.is_some()).head()
    }

    /// The network for samples of this shape with this number of outputs; with its discriminator, if there is one.
    pub fn network(&self, sample: Shape, outputs: impl Into<Shape>) -> Result<Network, ProjectError> {
        match &self.adversary {
            Some(adversary) => Ok(adversary.build(&self.model, sample)?),
            None => Ok(self.model.build(sample, outputs)?),
        }
    }

    /// Sample shape and outputs for the default source, which is always available.
    pub fn default_shape(&self) -> (Shape, Shape) {
        let shape = Shape::image(digits::SIDE, digits::SIDE, 1);
        (shape, Shape::flat(if self.data.reconstruct { shape.len() } else { 10 }))
    }
}

impl Default for Project {
    /// The preset that opens first.
    fn default() -> Self {
        presets::default_project()
    }
}
