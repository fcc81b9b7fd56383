//! The run folder: the project of a run, its weights as named tensors, its data record, and its events line by line.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::problems::of_loss;
use super::whole::{in_words, write_whole};
use super::{Project, ProjectError};
use crate::data::Order;
use crate::data::scaling::Standard;
use crate::data::sources::images;
use crate::data::{Dataset, Feature, Known, Scaling, Task, Tokenizer, numbered_classes};
use crate::train::Head;
pub use crate::train::Origin;
use crate::train::evaluate::TrainedModel;
use crate::train::heads::Goal;
use crate::train::metrics::THRESHOLD;
use crate::train::{Job, default_threads};
use backprop_nn::compress::Precision;
use backprop_nn::{Network, Shape, Weights};

/// Name of the project file in a run folder.
pub const PROJECT: &str = "project.json";
/// Name of the file with the weights as named tensors.
pub const WEIGHTS: &str = "weights.safetensors";
/// Name of the file with the weights that a run began with, if they were given.
pub const START: &str = "start.safetensors";
/// Name of the file with the events of the run, one JSON object per line.
pub const METRICS: &str = "metrics.jsonl";
/// Name of the file with the [`DataRecord`].
pub const DATA: &str = "data.json";
/// Name of the file with the drawing that was on the canvas, if somebody drew one.
pub const DRAWING: &str = "drawing.json";

/// The name of the built-in digit classifier, which comes with the program.
pub const PRETRAINED: &str = "pretrained";
const PRETRAINED_WEIGHTS: &[u8] = include_bytes!("../../assets/digits.safetensors");
const PRETRAINED_PROJECT: &str = include_str!("../../assets/digits.json");

/// A record of the training data, so that other samples are prepared in the same way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataRecord {
    /// The task of the network.
    pub task: Task,
    /// The column that holds the classes, where the samples are rows of a table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The features that the network reads; empty where they have no names.
    pub features: Vec<Feature>,
    /// The scaling learned from the training set.
    pub scaling: Scaling,
    /// The probability from which the second of two classes is predicted, where somebody has chosen one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f32>,
    /// Where its weights come from, if they did not begin fresh here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// A run to be saved.
pub struct RunRecord<'a> {
    /// The settings of the run.
    pub project: &'a Project,
    /// The job that was trained.
    pub job: &'a Job,
    /// The weights to save.
    pub weights: &'a Weights,
    /// The events of the run, each a JSON object, in their order.
    pub lines: &'a [String],
    /// The probability from which the second of two classes is predicted, where somebody has chosen one.
    pub threshold: Option<f32>,
}

/// A saved run, as read from its folder.
pub struct RunFolder {
    /// The settings of the run.
    pub project: Project,
    /// Task, features and scaling of the training data.
    pub data: DataRecord,
    /// The network, built from the project.
    pub network: Network,
    /// The saved weights.
    pub weights: Weights,
}

impl DataRecord {
    fn of(job: &Job, threshold: Option<f32>) -> Self {
        let Job { dataset, scaling, .. } = job;
        let (task, features) = (dataset.task.clone(), dataset.features.clone());
        let (target, scaling, origin) = (dataset.target.clone(), scaling.clone(), job.origin.clone());
        Self { task, target, features, scaling, threshold, origin }
    }
}

/// The contents of the file with the [`DataRecord`] of a job.
pub fn data_record(job: &Job, threshold: Option<f32>) -> Result<String, ProjectError> {
    let text = serde_json::to_string_pretty(&DataRecord::of(job, threshold))
        .map_err(|error| ProjectError::value(DATA, error.to_string()))?;
    Ok(text + "\n")
}

impl RunRecord<'_> {
    /// The run as it would be read from its folder.
    pub fn opened(&self) -> Result<RunFolder, ProjectError> {
        let Self { project, job, weights, threshold, .. } = *self;
        let network = project.network(job.network.last_input(), job.network.output())?;
        Ok(RunFolder {
            project: project.clone(),
            data: DataRecord::of(job, threshold),
            network,
            weights: weights.clone(),
        })
    }

    /// Writes the four files into a folder, which is made if it is not there.
    pub fn save(&self, folder: &Path) -> Result<(), ProjectError> {
        let fail = |error: std::io::Error| ProjectError::file(folder, in_words(&error));
        fs::create_dir_all(folder).map_err(fail)?;
        self.project.save(&folder.join(PROJECT))?;
        let write = |name: &str, bytes: &[u8]| write_whole(&folder.join(name), bytes).map_err(fail);
        write(DATA, data_record(self.job, self.threshold)?.as_bytes())?;
        let weights = weights_to_bytes(&self.job.network, self.weights, Precision::Float32);
        write(WEIGHTS, &weights.map_err(|what| ProjectError::file(folder, what))?)?;
        let lines: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        write(METRICS, lines.as_bytes())
    }
}

impl DataRecord {
    /// How the texts that the network reads are cut into tokens, if it reads texts.
    pub fn tokenizer(&self) -> Option<&Tokenizer> {
        self.features.first()?.text.as_ref().map(|text| &text.tokenizer)
    }
}

impl RunFolder {
    /// The same run with other weights of its network.
    pub fn with(&self, weights: Weights) -> Result<Self, ProjectError> {
        let network = self.project.network(self.network.last_input(), self.network.output())?;
        Ok(Self { project: self.project.clone(), data: self.data.clone(), network, weights })
    }

    /// Writes a run that no training has made into a folder, which is made if it is not there.
    pub fn save(&self, folder: &Path) -> Result<(), ProjectError> {
        let fail = |error: std::io::Error| ProjectError::file(folder, in_words(&error));
        fs::create_dir_all(folder).map_err(fail)?;
        self.project.save(&folder.join(PROJECT))?;
        let data =
            serde_json::to_string_pretty(&self.data).map_err(|error| ProjectError::value(DATA, error.to_string()))?;
        write_whole(&folder.join(DATA), (data + "\n").as_bytes()).map_err(fail)?;
        save_weights(&folder.join(WEIGHTS), &self.network, &self.weights, Precision::Float32)
    }

    /// The same run as it is read back when its weights were stored so.
    pub fn stored(&self, precision: Precision) -> Result<Self, ProjectError> {
        self.with(self.network.stored(&self.weights, precision))
    }

    /// The head for the task of its network. A forecast is a regression here: the order of the samples is not saved.
    pub fn head(&self) -> &'static dyn Head {
        Goal::new(&self.data.task, &Order::Free, self.project.adversary.is_some()).head()
    }

    /// Reads a run folder, or the bundled network by the name `pretrained`. The shape and the number of classes come
    /// from the weights' own file, so that the data need not be there.
    pub fn find(name_or_path: &str) -> Result<Self, ProjectError> {
        if name_or_path == PRETRAINED {
            return Self::pretrained();
        }
        let folder = Path::new(name_or_path);
        if !folder.join(PROJECT).is_file() {
            let what = "is not a run folder, which is what `backprop train` has written; or say `pretrained`";
            return Err(ProjectError::file(folder, what));
        }
        let project = Project::open(&folder.join(PROJECT))?;
        let path = folder.join(WEIGHTS);
        if !path.exists() {
            let what = "holds no weights: its run ended before the first checkpoint, or looked for a learning rate; \
                        open its project.json for the settings";
            return Err(ProjectError::file(folder, what));
        }
        let bytes = fs::read(&path).map_err(|error| ProjectError::file(&path, error))?;
        let mut run = Self::from_parts(project, &bytes).map_err(|what| ProjectError::file(&path, what))?;
        let path = folder.join(DATA);
        if path.is_file() {
            let text = fs::read_to_string(&path).map_err(|error| ProjectError::file(&path, error))?;
            run.data =
                serde_json::from_str(&text).map_err(|error| ProjectError::file(&path, super::in_words(&error)))?;
            run.check_data().map_err(|what| ProjectError::file(&path, what))?;
        }
        Ok(run)
    }

    /// Holds what was written of the data against the network, since both are files that may be changed.
    fn check_data(&self) -> Result<(), String> {
        let DataRecord { task, features, scaling, threshold, .. } = &self.data;
        // The network of a GAN ends in the output of the discriminator, which is no target of the data.
        let outputs = match self.project.adversary {
            Some(_) => task.output(),
            None => self.network.output(),
        };
        let channels = self.network.last_input().channels();
        let fits = |Standard { mean, deviation }: &Standard, numbers: usize| {
            mean.len() == deviation.len()
                && (mean.is_empty() || mean.len() == numbers)
                && mean.iter().all(|mean| mean.is_finite())
                && deviation.iter().all(|deviation| deviation.is_finite() && *deviation > 0.0)
        };
        let fits = threshold.is_none_or(|threshold| (0.0..=1.0).contains(&threshold))
            && task.output() == outputs
            && features
                .iter()
                .filter_map(|feature| feature.text.as_ref())
                .all(|text| text.length == self.network.input().len())
            && (features.is_empty() || features.len() == channels || features[0].text.is_some())
            && fits(&scaling.inputs, channels)
            && fits(&scaling.targets, outputs.len())
            && scaling.naive.as_ref().is_none_or(|naive| {
                let rows = self.network.input().len() / channels.max(1);
                let places = naive.targets.len() == outputs.len() && naive.targets.iter().all(|at| *at < channels);
                naive.columns == channels && naive.row < rows && places
            });
        if fits {
            Ok(())
        } else {
            Err("does not belong to this network; take the one that was saved with it".to_owned())
        }
    }

    /// The built-in digit classifier.
    pub fn pretrained() -> Result<Self, ProjectError> {
        let fail = |what| ProjectError::value(PRETRAINED, what);
        let project = Project::parse(PRETRAINED_PROJECT).map_err(fail)?;
        Self::from_parts(project, PRETRAINED_WEIGHTS).map_err(fail)
    }

    /// The probability from which the second of two classes is predicted, if there are two.
    pub fn threshold(&self) -> Option<f32> {
        (self.data.task.classes().len() == 2).then(|| self.data.threshold.unwrap_or(THRESHOLD))
    }

    /// What other files have to be read to; nothing where the samples have neither features nor classes with names.
    pub fn known(&self) -> Option<Known<'_>> {
        let DataRecord { task, target, features, .. } = &self.data;
        let target = target.as_deref().or_else(|| {
            let part = self.project.data.source.single()?;
            part.values("target").first().map(String::as_str)
        });
        let are_named = !features.is_empty() || self.project.data.source.is(&images::SOURCE);
        are_named.then_some(Known { task, features, target, source: Some(&self.project.data.source) })
    }

    /// The trained model, ready to predict.
    pub fn trained(&self) -> TrainedModel<'_> {
        let Self { project, data, network, weights } = self;
        TrainedModel { network, weights, loss: &project.training.loss, task: &data.task, scaling: &data.scaling }
    }

    /// The network as a job on these samples, to be evaluated, and its weights.
    pub fn into_job(self, dataset: Arc<Dataset>) -> Result<(Job, Weights), ProjectError> {
        let Self { project, data, network, weights } = self;
        if project.adversary.is_some() {
            return Err(ProjectError::value(
                project.name,
                "is a generator, which reads no samples; generate some with it",
            ));
        }
        let problem = match (&dataset.task, &data.task) {
            _ if dataset.shape != network.input() => {
                Some(format!("has {}, and the network reads {}", dataset.shape, network.input()))
            }
            _ if dataset.features != data.features => {
                Some("does not have the features that the network was trained on".to_owned())
            }
            (Task::Classification { classes }, Task::Classification { classes: known }) => {
                // Files that only count their classes say nothing of names.
                let is_counted = classes.len() <= known.len() && *classes == numbered_classes(classes.len());
                (!is_counted && !known.starts_with(classes)).then(|| {
                    let count = |classes: &[String]| format!("{} classes", classes.len());
                    format!("has {}, and the network knows {}, of other names", count(classes), count(known))
                })
            }
            (asked, known) => (asked != known).then(|| "asks for something else than the network gives".to_owned()),
        };
        if let Some(problem) = problem {
            return Err(ProjectError::value("data", format!("{} {problem}", dataset.name)));
        }
        let DataRecord { scaling, origin, .. } = data;
        let Project { data, training, .. } = project;
        let split = dataset.split(data.validation, training.seed);
        let outputs = network.output().len();
        let head = Goal::new(&dataset.task, &dataset.order, false).head();
        if let Some(problem) = of_loss(&training.loss, head, &dataset, outputs) {
            return Err(problem.into());
        }
        let loss = training.loss.clone().for_counts(&dataset.train.class_counts_at(outputs, &split.train));
        let (augment, threads) = (data.augment, default_threads());
        Ok((
            Job {
                network,
                dataset,
                split,
                scaling,
                augment,
                training,
                loss,
                adversary: None,
                weights: None,
                origin,
                teacher: None,
                checkpoint: None,
                stop_after: None,
                changes: Vec::new(),
                threads,
            },
            weights,
        ))
    }

    fn from_parts(project: Project, bytes: &[u8]) -> Result<Self, String> {
        let (shape, outputs) = read_shape(bytes)?;
        let network = project.network(shape, outputs).map_err(|misfit| misfit.to_string())?;
        let weights = weights_from_bytes(&network, bytes)?;
        // What runs have that were saved before data had anything else to be kept.
        let task = match outputs.as_steps() {
            Some([steps, tokens]) => Task::NextToken { steps, tokens, answers: false },
            None => Task::Classification { classes: numbered_classes(outputs.len()) },
        };
        let (features, scaling) = (Vec::new(), Scaling::default());
        let data = DataRecord { task, target: None, features, scaling, threshold: None, origin: None };
        Ok(Self { project, data, network, weights })
    }
}

/// The folder for runs that are given no other.
pub const RUNS: &str = "runs";

/// The folders that a new run may have inside `base`: `<project>-<number>`, counted from 1.
pub(crate) fn names_in(base: &Path, project: &str) -> impl Iterator<Item = PathBuf> {
    let stem: String =
        project.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' }).collect();
    (1..u32::MAX).map(move |number| base.join(format!("{stem}-{number}")))
}

/// The key of the metadata. There is one alone, since several would come in another order each time.
const METADATA: &str = "backprop_studio";

/// The most classes or target numbers that a file may speak of: a class is counted in 16 bits.
const MAX_OUTPUTS: usize = 1 << 16;

/// What a file of weights says besides its tensors.
#[derive(Serialize, Deserialize)]
struct Metadata {
    input_shape: Shape,
    /// Classes or target numbers; the key is that of the first files.
    classes: usize,
    /// How many steps have so many, where each step has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    steps: Option<usize>,
}

/// Writes weights to a file of their own.
pub fn save_weights(
    path: &Path,
    network: &Network,
    weights: &Weights,
    precision: Precision,
) -> Result<(), ProjectError> {
    let bytes = weights_to_bytes(network, weights, precision).map_err(|what| ProjectError::file(path, what))?;
    write_whole(path, &bytes).map_err(|error| ProjectError::file(path, error))
}

/// Reads the weights of a network to go on from, a file or those of a run folder; each has to be a number.
pub fn open_weights(path: &Path, network: &Network) -> Result<Weights, ProjectError> {
    let of_run = path.join(WEIGHTS);
    let path = if path.is_dir() { &*of_run } else { path };
    let fail = |what| ProjectError::file(path, what);
    let bytes = fs::read(path).map_err(|error| ProjectError::file(path, error))?;
    let weights = weights_from_bytes(network, &bytes).map_err(fail)?;
    let is_broken = |values: &[f32]| !values.iter().all(|value| value.is_finite());
    match network.params().iter().find(|param| is_broken(&weights.values()[param.range.clone()])) {
        Some(param) => Err(fail(format!("{} holds what is not a number; take the weights of another run", param.name))),
        None => Ok(weights),
    }
}

/// The weights as a safetensors file: a tensor per parameter, named `<layer index>.<layer>.<parameter>`, and the shape
/// of a sample and the number of classes as metadata.
pub fn weights_to_bytes(network: &Network, weights: &Weights, precision: Precision) -> Result<Vec<u8>, String> {
    let (outputs, input_shape) = (network.output(), network.last_input());
    let steps = outputs.as_steps().map(|[steps, _]| steps);
    let metadata = Metadata { input_shape, classes: outputs.channels(), steps };
    let metadata = serde_json::to_string(&metadata).map_err(|error| error.to_string())?;
    weights.to_safetensors(network.params(), METADATA, metadata, precision).map_err(|error| error.to_string())
}

fn weights_from_bytes(network: &Network, bytes: &[u8]) -> Result<Weights, String> {
    Weights::from_safetensors(network.params(), bytes).map_err(|error| error.to_string())
}

fn read_shape(bytes: &[u8]) -> Result<(Shape, Shape), String> {
    let text = Weights::metadata(bytes, METADATA).map_err(|error| error.to_string())?;
    match serde_json::from_str(&text) {
        Ok(Metadata { input_shape, classes: classes @ 1..=MAX_OUTPUTS, steps }) => Ok((
            input_shape,
            steps.filter(|steps| *steps > 0).map_or(Shape::flat(classes), |steps| Shape::steps(steps, classes)),
        )),
        _ => Err(format!("its metadata {METADATA} does not give the shape of a sample and the number of classes")),
    }
}
