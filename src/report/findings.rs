//! What the network of a run does: evaluated on its samples, or why it cannot be.

use std::path::Path;
use std::sync::Arc;

use crate::data::sources::images;
use crate::data::{Dataset, Lookup};
use crate::explain::calibration::Calibrated;
use crate::project::run_folder::DataRecord;
use crate::project::{Project, RunFolder};
use crate::runs::RunInfo;
use crate::runs::info::fingerprint;
use crate::train::metrics::THRESHOLD;
use crate::train::{Evaluation, Head, Job, Subset};
use backprop_nn::{Shape, Weights};

/// What is known of a network.
pub enum Findings {
    /// There are no weights; the sentence says why.
    Nothing(String),
    /// There are weights, but no samples; the sentence says why.
    Unread(Unread, String),
    /// A generator, which reads no samples.
    Generator(Box<RunFolder>),
    /// It was evaluated.
    Evaluated(Box<Evaluated>),
}

/// What is known of a network whose samples cannot be read.
pub struct Unread {
    /// The shape of a sample.
    pub sample: Shape,
    /// Number of outputs.
    pub outputs: Shape,
    /// The kind of task.
    pub head: &'static dyn Head,
}

/// A network on its samples.
pub struct Evaluated {
    /// The network on its data.
    pub job: Job,
    /// Its weights.
    pub weights: Weights,
    /// What is known of its data.
    pub data: DataRecord,
    /// The samples: the test set, or the validation set where there is no other.
    pub part: Subset,
    /// The predictions for them.
    pub evaluation: Evaluation,
    /// The probability from which the second of two classes is predicted.
    pub threshold: f32,
    /// How well probabilities fit, where there are some.
    pub calibrated: Option<Calibrated>,
    /// Whether the samples are those that the run was trained on; nothing where that was not written.
    pub is_same_data: Option<bool>,
}

impl Findings {
    /// Evaluates the network as `backprop evaluate` does.
    pub fn of(run: RunFolder, folder: &Path) -> Self {
        if !run.head().is_evaluated() {
            return Self::Generator(Box::new(run));
        }
        let (sample, outputs) = (run.network.last_input(), run.data.task.output());
        let unread = Unread { sample, outputs, head: run.head() };
        let dataset = load(&run, folder);
        match dataset.and_then(|dataset| Self::on(run, folder, dataset)) {
            Ok(evaluated) => Self::Evaluated(Box::new(evaluated)),
            Err(why) => Self::Unread(unread, why),
        }
    }

    fn on(run: RunFolder, folder: &Path, dataset: Dataset) -> Result<Evaluated, String> {
        let threshold = run.threshold().unwrap_or(THRESHOLD);
        let info = RunInfo::read(folder).ok().flatten();
        let is_same_data = info.map(|info| info.data == fingerprint(&dataset));
        let data = run.data.clone();
        let part = if dataset.test.is_empty() { Subset::Validation } else { Subset::Test };
        let (job, weights) = run.into_job(Arc::new(dataset)).map_err(|error| error.to_string())?;
        let evaluation = job.evaluate(&weights, part).from_threshold(threshold);
        if evaluation.is_empty() {
            return Err("there are neither test nor validation samples".to_owned());
        }
        let calibrated = Calibrated::of(&job, &weights, &evaluation, part, true);
        Ok(Evaluated { job, weights, data, part, evaluation, threshold, calibrated, is_same_data })
    }

    /// What was evaluated.
    pub fn evaluated(&self) -> Option<&Evaluated> {
        if let Self::Evaluated(evaluated) = self { Some(evaluated) } else { None }
    }

    /// The shape of a sample, and that of the outputs.
    pub fn shape(&self) -> Option<(Shape, Shape)> {
        match self {
            Self::Nothing(_) => None,
            Self::Unread(Unread { sample, outputs, .. }, _) => Some((*sample, *outputs)),
            Self::Generator(run) => Some((run.network.last_input(), run.data.task.output())),
            Self::Evaluated(evaluated) => Some((evaluated.job.shape(), evaluated.data.task.output())),
        }
    }
}

fn load(run: &RunFolder, folder: &Path) -> Result<Dataset, String> {
    let source = &run.project.data.source;
    let known = run.known().filter(|known| !known.features.is_empty() || source.is(&images::SOURCE));
    let name = folder.to_string_lossy();
    let lookup = Lookup { folder: Project::folder_of(&name), known, progress: None };
    run.project.data.load(&lookup).map_err(|error| error.to_string())
}
