//! A run made smaller: what is trained for it, from which weights, and what it takes and reaches beside the run that it comes from.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::data::Dataset;
use crate::project::run_folder::{WEIGHTS, weights_to_bytes};
use crate::project::{Project, ProjectError, RunFolder, TeacherSettings};
use crate::train::{Evaluation, Subset};
use backprop_nn::Weights;
use backprop_nn::compress::Precision;
use backprop_nn::compress::structured::{Removed, SlimError, Slimmed, without_units};

/// How a run is made smaller.
#[derive(Clone, Debug)]
pub enum Way {
    /// Its weights are stored in fewer bits; nothing is trained.
    Bits(Precision),
    /// This share of the weights of each kernel becomes zero, and the others learn on.
    Prune(f32),
    /// This share of the units of its hidden layers is taken out, and the others learn on.
    Units(f32),
    /// The network of this project learns from it, from fresh weights.
    Distill(Box<Project>),
}

/// A training that makes a run smaller.
pub struct Smaller {
    /// What is trained.
    pub project: Project,
    /// The weights to start from; fresh ones if there are none.
    pub start: Option<Weights>,
    /// Units that were taken out.
    pub removed: Vec<Removed>,
}

/// Why a run cannot be made smaller.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say it")]
pub enum SmallerError {
    #[error(transparent)]
    Project(#[from] ProjectError),
    #[error("{name}: {error}")]
    Units { name: String, error: SlimError },
}

/// Trained weights learn on with this share of the learning rate that fresh ones had.
const FINE: f32 = 0.3;

/// The project that makes a run smaller, for so many epochs: as many as its own for a network that learns from it, and half of
/// them otherwise.
///
/// # Errors
/// If its layers have no units that can be taken out.
pub fn smaller(run: &RunFolder, place: &str, way: &Way, epochs: Option<usize>) -> Result<Smaller, SmallerError> {
    let own = &run.project;
    let named = |ending: &str| format!("{}-{ending}", own.name);
    let mut project = own.clone();
    project.training.epochs = epochs.unwrap_or_else(|| own.training.epochs.div_ceil(2));
    project.training.learning_rate *= FINE;
    let (mut start, mut removed) = (Some(run.weights.clone()), Vec::new());
    match way {
        Way::Bits(precision) => {
            project = Project { name: named(bits_in_words(*precision)), ..own.clone() };
            start = Some(run.network.stored(&run.weights, *precision));
        }
        Way::Prune(share) => {
            project.name = named("pruned");
            project.training.regularization.pruning = *share;
        }
        Way::Units(share) => {
            project.name = named("slim");
            let slimmed = without_units(&own.model.layers, &run.network, &run.weights, *share);
            let Slimmed { layers, weights, removed: gone } =
                slimmed.map_err(|error| SmallerError::Units { name: own.name.clone(), error })?;
            project.model.layers = layers;
            (start, removed) = (Some(weights), gone);
        }
        Way::Distill(student) => {
            project = Project { name: format!("{}-of-{}", student.name, own.name), ..(**student).clone() };
            project.data = own.data.clone();
            project.training.seed = own.training.seed;
            project.training.epochs = epochs.unwrap_or(project.training.epochs);
            project.teacher = Some(TeacherSettings { run: place.to_owned(), ..TeacherSettings::default() });
            start = None;
        }
    }
    Ok(Smaller { project, start, removed })
}

fn bits_in_words(precision: Precision) -> &'static str {
    match precision {
        Precision::Float32 => "float32",
        Precision::Float16 => "float16",
        Precision::Int8 => "int8",
    }
}

/// What a trained network takes and reaches.
pub struct Weighed {
    /// All weights.
    pub weights: usize,
    /// Those that are not 0.
    pub not_zero: usize,
    /// Bytes of its file of weights.
    pub bytes: usize,
    /// The same, compressed by gzip, which stores zeros in next to no room.
    pub zipped: usize,
    /// Milliseconds until one sample is answered, on one thread.
    pub milliseconds: f64,
    /// On the samples that it is evaluated on.
    pub evaluation: Evaluation,
}

/// Answers that are timed, and how often: the fastest round counts.
const TIMED: usize = 100;
const ROUNDS: usize = 5;

impl Weighed {
    /// A run on the test samples of its data, or on the validation samples where there are none. `folder` is where it is kept, which
    /// the built-in classifier is not.
    ///
    /// # Errors
    /// If the data do not fit the run, or its file cannot be read.
    pub fn of(run: &RunFolder, folder: &Path, dataset: &Arc<Dataset>) -> Result<Self, ProjectError> {
        let path = folder.join(WEIGHTS);
        let whole = |what: String| ProjectError::file(&path, what);
        let file = match path.is_file() {
            true => fs::read(&path).map_err(|error| whole(error.to_string()))?,
            false => weights_to_bytes(&run.network, &run.weights, Precision::Float32).map_err(whole)?,
        };
        let mut zip = GzEncoder::new(Vec::new(), Compression::default());
        let zipped = zip.write_all(&file).and_then(|()| zip.finish()).map_err(|error| whole(error.to_string()))?;
        let (job, weights) = run.with(run.weights.clone())?.into_job(Arc::clone(dataset))?;
        let part = if dataset.test.is_empty() { Subset::Validation } else { Subset::Test };
        let values = weights.values();
        Ok(Self {
            weights: values.len(),
            not_zero: values.iter().filter(|weight| **weight != 0.0).count(),
            bytes: file.len(),
            zipped: zipped.len(),
            milliseconds: milliseconds(run),
            evaluation: job.evaluate(&weights, part),
        })
    }
}

fn milliseconds(run: &RunFolder) -> f64 {
    let mut workspace = run.network.inference_workspace(1);
    workspace.input_mut(1).fill(0.5);
    let mut round = || {
        let began = Instant::now();
        (0..TIMED).for_each(|_| run.network.infer(&run.weights, &mut workspace));
        began.elapsed().as_secs_f64() * 1e3 / TIMED as f64
    };
    (0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min)
}
