//! A project: data, model and training in one versioned file, which the studio and the command line share.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::data::{Augment, DataError, Dataset, Feature, Inputs, Lookup, Scaling, Split, Words, split::MAX_VALIDATION};
use crate::train::{Adversary, Job, Training};
use backprop_nn::adversarial::AdversarialMisfit;
use backprop_nn::knob::Knob;
use backprop_nn::layers::MAX_DEPTH;
use backprop_nn::loss::ClassWeights;
use backprop_nn::model::Misfit;
use backprop_nn::optim::schedule::Schedule;
use backprop_nn::{LayerSpec, Loss, ModelSpec, Network, Shape};

pub mod folds;
mod memory;
pub mod presets;
pub mod run_folder;
mod set;
mod stacks;

pub use run_folder::{RunFolder, RunRecord};
pub use stacks::Side;

/// The number of the file format. A file of a later one is refused rather than misread.
pub const VERSION: u32 = 1;

/// The name of the setting that makes an autoencoder.
pub const RECONSTRUCT: &str = "reconstruct";

/// Everything that decides a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    pub version: u32,
    pub name: String,
    #[serde(default)]
    pub data: DataSettings,
    /// The network, or the generator if there is an adversary.
    pub model: ModelSpec,
    /// The discriminator that a generator learns from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adversary: Option<Adversary>,
    #[serde(default)]
    pub training: Training,
}

/// Which samples, and what is done with them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataSettings {
    /// As on the command line: `digits`, `csv:FILE?target=NAME`, or several joined by `+`.
    pub source: String,
    /// Share of the training samples that is held back to judge the run by.
    pub validation: f32,
    /// Whether each sample is its own target, whatever the source asks for: an autoencoder.
    pub reconstruct: bool,
    pub augment: Augment,
}

impl Default for DataSettings {
    fn default() -> Self {
        let source = crate::data::DEFAULT_SOURCE.to_owned();
        Self { source, validation: 0.1, reconstruct: false, augment: Augment::default() }
    }
}

impl DataSettings {
    pub fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { validation, reconstruct, .. } = self;
        vec![
            Knob::real(
                "validation",
                "Validation share",
                validation,
                0.0..=MAX_VALIDATION,
                0.1,
                "The share of the training samples that is held back to judge the run by; without it nobody sees overfitting.",
            ),
            Knob::switch(
                RECONSTRUCT,
                "Reconstruct",
                reconstruct,
                false,
                "The network is asked for the sample itself, which makes it an autoencoder; a narrow layer then has to say it in few numbers.",
            ),
        ]
    }

    /// The samples that the source names, found in the folder of the lookup as well, with the targets that are asked for.
    pub fn load(&self, lookup: &Lookup<'_>) -> Result<Dataset, DataError> {
        self.asked_of(Dataset::load_with(&self.source, lookup)?)
    }

    /// Samples with the targets that are asked for: those that they came with, or themselves.
    pub fn asked_of(&self, dataset: Dataset) -> Result<Dataset, DataError> {
        if self.reconstruct { dataset.of_itself() } else { Ok(dataset) }
    }
}

/// Why a project cannot be read, written or run: one sentence with the place and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    #[error("{path}: {what}")]
    File { path: PathBuf, what: String },
    #[error("{0:?} is neither a file nor a preset; the presets are {names}", names = presets::names().join(", "))]
    Unknown(String),
    #[error("{place}: {what}")]
    Value { place: String, what: String },
    #[error("model, {0}")]
    Misfit(#[from] Misfit),
    #[error(transparent)]
    Adversaries(#[from] AdversarialMisfit),
}

impl ProjectError {
    fn file(path: &Path, what: impl ToString) -> Self {
        Self::File { path: path.to_owned(), what: what.to_string() }
    }

    fn value(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Value { place: place.into(), what: what.into() }
    }
}

/// A mistake in a file in words for people, who need not know the types of the program.
fn in_words(error: &serde_json::Error) -> String {
    let types =
        [("usize", "a whole number"), ("u64", "a whole number"), ("u32", "a whole number"), ("f32", "a number")];
    let text = error.to_string().replace("recursion limit exceeded", "brackets stand in one another too deep");
    types
        .iter()
        .fold(text, |text, (name, words)| text.replace(&format!("expected {name}"), &format!("expected {words}")))
}

/// The option in the text of a project that belongs to another loss than the one that is chosen.
fn misplaced_option(text: &str) -> Option<String> {
    let project: Value = serde_json::from_str(text).ok()?;
    let loss = project.get("training")?.get("loss")?;
    let what = loss.as_object()?.keys().find_map(|key| belongs_elsewhere(loss, key))?;
    Some(format!("training.loss: {what}"))
}

/// What is wrong if this loss has no such option, and another one has.
fn belongs_elsewhere(loss: &Value, option: &str) -> Option<String> {
    let mut chosen: Loss = serde_json::from_value(loss.get("kind")?.clone()).ok()?;
    let owners = Loss::with_option(option);
    if owners.is_empty() || chosen.knobs().iter().any(|knob| knob.key == option) {
        return None;
    }
    let (name, owners) = (chosen.name().to_lowercase(), owners.join(" and ").to_lowercase());
    Some(format!("{name} has no {option}, which belongs to {owners}; leave it out or choose another kind of loss"))
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
        let mut project: Self =
            serde_json::from_str(text).map_err(|error| misplaced_option(text).unwrap_or_else(|| in_words(&error)))?;
        project.check().map_err(|error| error.to_string())?;
        Ok(project)
    }

    /// The text of the project file.
    pub fn to_text(&self) -> Result<String, ProjectError> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n").map_err(|error| ProjectError::value("project", error.to_string()))
    }

    pub fn save(&self, path: &Path) -> Result<(), ProjectError> {
        fs::write(path, self.to_text()?).map_err(|error| ProjectError::file(path, error))
    }

    /// Puts a number or a word in the place that `path` names, `training.optimizer.momentum` or `model.0.units`.
    pub fn set(&mut self, path: &str, value: &str) -> Result<(), ProjectError> {
        let mut changed = set::set(self, path, value)?;
        changed.check()?;
        *self = changed;
        Ok(())
    }

    /// Holds every number against its range. Shapes are checked when they are traced.
    pub fn check(&mut self) -> Result<(), ProjectError> {
        let Self { version, name, data, model, adversary, training } = self;
        let groups = [
            ("data", data.knobs().iter().find_map(Knob::out_of_range)),
            ("data.augment", data.augment.knobs().iter().find_map(Knob::out_of_range)),
            ("training", training.knobs().iter().find_map(Knob::out_of_range)),
            ("training.optimizer", training.optimizer.as_rule_mut().knobs().iter().find_map(Knob::out_of_range)),
            ("training.loss", training.loss.problem()),
            ("training.schedule", training.schedule.as_course_mut().knobs().iter().find_map(Knob::out_of_range)),
            ("training.regularization", training.regularization.knobs().iter().find_map(Knob::out_of_range)),
            ("training.early_stopping", training.early_stopping.knobs().iter().find_map(Knob::out_of_range)),
        ];
        if let Some((place, problem)) = groups.into_iter().find_map(|(place, problem)| Some((place, problem?))) {
            return Err(ProjectError::value(place, problem));
        }
        if let Some((place, problem)) = layer_problem(&mut model.layers, "model") {
            return Err(ProjectError::value(place, problem));
        }
        if let Some(adversary) = adversary {
            if let Some(problem) = adversary.knobs().iter().find_map(Knob::out_of_range) {
                return Err(ProjectError::value("adversary", problem));
            }
            if let Some((place, problem)) = layer_problem(&mut adversary.discriminator.layers, "adversary.layers") {
                return Err(ProjectError::value(place, problem));
            }
        }
        match (name.trim(), *version) {
            ("", _) => Err(ProjectError::value("name", "is empty; give the project a name")),
            (_, VERSION) => Ok(()),
            (_, other) => Err(ProjectError::value("version", format!("is {other}; this program writes {VERSION}"))),
        }
    }

    /// Everything a run needs, or what does not fit.
    pub fn job(&self, dataset: Arc<Dataset>, threads: usize) -> Result<Job, ProjectError> {
        let split = dataset.split(self.held_back(), self.training.seed);
        self.job_on(dataset, split, threads)
    }

    /// The same with a split that is given, one of several folds.
    pub fn job_on(&self, dataset: Arc<Dataset>, split: Split, threads: usize) -> Result<Job, ProjectError> {
        self.clone().check()?;
        if dataset.train.is_empty() {
            return Err(ProjectError::value(
                "data",
                "there are no training samples; paint some, or choose another source",
            ));
        }
        let network = self.network(dataset.shape, dataset.task.outputs())?;
        if let Some(what) = embedding_problem(self.model.layers.first(), &dataset.features) {
            return Err(ProjectError::value("model.0", what));
        }
        if split.train.is_empty() {
            return Err(ProjectError::value("data", "no sample is left to train on; lower the validation share"));
        }
        if self.training.batch > split.train.len() {
            let what = format!(
                "the batch of {} is larger than the {} training samples; make it smaller",
                self.training.batch,
                split.train.len()
            );
            return Err(ProjectError::value("training.batch", what));
        }
        if dataset.shape.as_image().is_none() && self.data.augment.changes_images() {
            let what =
                format!("changes images, and the samples are {}; set all but mix_up to 0", dataset.shape.described());
            return Err(ProjectError::value("data.augment", what));
        }
        if self.adversary.is_some() && !self.data.augment.is_off() {
            let what = "changes images, and the generator would learn the changed ones; set its numbers to 0";
            return Err(ProjectError::value("data.augment", what));
        }
        let Training { schedule, early_stopping, .. } = &self.training;
        for (place, is_on) in [
            ("training.schedule", matches!(schedule, Schedule::Plateau(_))),
            ("training.early_stopping", !early_stopping.is_off()),
        ] {
            if is_on && split.validation.is_empty() {
                let what = match self.adversary {
                    Some(_) => "watches the validation loss, and a generator has none; turn it off",
                    None => "watches the validation loss, and there are no validation samples; raise data.validation",
                };
                return Err(ProjectError::value(place, what));
            }
        }
        let loss = match self.adversary {
            Some(_) => self.training.loss.clone(),
            None => loss_for(&self.training, &network, &dataset, &split)?,
        };
        let scaling = Scaling::learn(&dataset, &split.train);
        let Self { data, training, adversary, .. } = self.clone();
        let augment = data.augment;
        let job = Job { network, dataset, split, scaling, augment, training, loss, adversary, weights: None, threads };
        memory::check(&job, memory::available())?;
        Ok(job)
    }

    /// The network for samples of this shape, of which so many outputs are asked; with its adversary, if there is one.
    pub fn network(&self, sample: Shape, outputs: usize) -> Result<Network, ProjectError> {
        match &self.adversary {
            Some(adversary) => Ok(adversary.spec(&self.model, sample).build()?),
            None => Ok(self.model.build(sample, outputs)?),
        }
    }

    /// The shape of what the data gives and the outputs that it asks for, of the one source that everybody has; sources from files are asked.
    pub fn default_shape(&self) -> (Shape, usize) {
        let shape = Shape::image(crate::data::digits::SIDE, crate::data::digits::SIDE, 1);
        (shape, if self.data.reconstruct { shape.len() } else { 10 })
    }
}

/// The place of the first layer with a number out of its range, and what is wrong, as deep as blocks go.
fn layer_problem(layers: &mut [LayerSpec], place: &str) -> Option<(String, String)> {
    layers.iter_mut().enumerate().find_map(|(index, layer)| {
        let place = format!("{place}.{index}");
        if let Some(problem) = layer.as_spec_mut().knobs().iter().find_map(Knob::out_of_range) {
            return Some((place, problem));
        }
        match layer {
            LayerSpec::Residual(block) if block.is_too_deep() => {
                Some((place, format!("holds blocks in one another more than {MAX_DEPTH} deep; take some of them out")))
            }
            LayerSpec::Residual(block) => layer_problem(&mut block.layers, &format!("{place}.layers")),
            _ => None,
        }
    })
}

/// What is missing at the beginning of the stack if words of the data arrive as numbers.
fn embedding_problem(first: Option<&LayerSpec>, features: &[Feature]) -> Option<String> {
    let words: usize = features.iter().filter_map(|feature| feature.words.as_ref()).map(Words::end).max()?;
    let numbers = features.iter().filter(|feature| feature.words.is_none()).count();
    match first {
        Some(LayerSpec::Embedding(embedding)) if embedding.numbers == numbers && embedding.vocabulary >= words => None,
        _ => Some(format!(
            "words of the data arrive as numbers; begin with an Embedding of vocabulary {words} with numbers {numbers}"
        )),
    }
}

/// The loss for these samples.
fn loss_for(training: &Training, network: &Network, dataset: &Dataset, split: &Split) -> Result<Loss, ProjectError> {
    let classes = network.output().len();
    let has_shares = dataset.task.is_reconstruction() && matches!(dataset.train.inputs, Inputs::Bytes(_));
    let fits = |loss: &Loss| loss.takes_numbers() && (has_shares || !loss.wants_shares());
    if !dataset.task.is_classification() && !fits(&training.loss) {
        let names: Vec<_> =
            Loss::all().iter().filter(|loss| fits(loss)).map(|loss| loss.name().to_lowercase()).collect();
        let what = format!(
            "{} is for classes{}, and {} asks for numbers; choose {}",
            training.loss.name().to_lowercase(),
            if training.loss.wants_shares() { " or pixels" } else { "" },
            dataset.name,
            names.join(" or ")
        );
        return Err(ProjectError::value("training.loss", what));
    }
    if let Some(ClassWeights::Listed(list)) = training.loss.as_objective().class_weights()
        && list.len() != classes
    {
        let what = format!("has {} numbers, and there are {classes} classes; give one for each", list.len());
        return Err(ProjectError::value("training.loss.class_weights", what));
    }
    let counts = dataset.train.class_counts_at(classes, &split.train);
    Ok(training.loss.clone().for_counts(&counts))
}

impl Default for Project {
    /// The preset that opens first.
    fn default() -> Self {
        presets::default_project()
    }
}
