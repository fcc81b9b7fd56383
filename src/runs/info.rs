//! What is known of a run, in `run.json`: it is written when the run begins, with every checkpoint and when it ends.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::data::{Dataset, Inputs, Samples, TargetData};
use crate::project::whole::write_whole;
use crate::project::{Project, ProjectError};
use crate::train::{Checkpoint, Job, Metric, Outcome};

/// Name of the file.
pub const FILE: &str = "run.json";
/// The format that is written.
const VERSION: u32 = 1;

/// What is known of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// The format of the file.
    pub version: u32,
    /// The version of the program that began the run.
    pub program: String,
    /// The processor that it was begun on.
    pub processor: String,
    /// The name that somebody gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What somebody noted about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The seed of its training.
    pub seed: u64,
    /// The first digits of the SHA-256 of its samples.
    pub data: String,
    /// When it began, in seconds since 1970.
    pub started: u64,
    /// How it stands.
    pub state: RunState,
    /// Steps of the last checkpoint, or at the end.
    pub step: u64,
    /// Epochs that have ended.
    pub epochs: u32,
    /// Epochs that it is to have.
    pub of_epochs: usize,
    /// Seconds that it has trained.
    pub seconds: f64,
    /// The values of its metrics with the weights that it has, by their keys: `validation_loss`.
    #[serde(default)]
    pub results: BTreeMap<String, f64>,
    /// The epoch that these are of, where early stopping has restored its weights; otherwise they are of the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_epoch: Option<u64>,
    /// The metrics of the epochs that were told, to which early stopping may go back.
    #[serde(skip)]
    pub told: BTreeMap<u64, BTreeMap<String, f64>>,
    /// What it branches off from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
    /// Whether somebody wants it above the others.
    #[serde(default)]
    pub is_pinned: bool,
    /// The color that somebody gave it, by its number among those of the curves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<u8>,
    /// What it was for.
    #[serde(default, skip_serializing_if = "RunKind::is_training")]
    pub kind: RunKind,
}

/// What a run was for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// To learn.
    #[default]
    Training,
    /// To find a learning rate, which grows from step to step.
    RateSweep,
}

impl RunKind {
    fn is_training(&self) -> bool {
        *self == Self::Training
    }
}

/// The moment of another run that a run goes on from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// The name of its folder.
    pub run: String,
    /// The step.
    pub step: u64,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    #[default]
    /// It trains, or its program was ended before it could say how the run ended.
    Running,
    /// All epochs are done, or early stopping ended it.
    Finished,
    /// It was stopped.
    Stopped,
    /// Its loss stopped being a number.
    Diverged,
    /// It failed.
    Failed,
}

impl From<&Outcome> for RunState {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Finished(_) => Self::Finished,
            Outcome::Stopped => Self::Stopped,
            Outcome::Diverged(_) => Self::Diverged,
            Outcome::Failed(_) => Self::Failed,
        }
    }
}

impl RunInfo {
    /// Of a run that begins now.
    pub fn new(project: &Project, job: &Job) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self {
            version: VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            processor: processor(),
            name: None,
            note: String::new(),
            seed: project.training.seed,
            data: fingerprint(&job.dataset),
            started: now,
            state: RunState::Running,
            step: 0,
            epochs: 0,
            of_epochs: project.training.epochs,
            seconds: 0.0,
            results: BTreeMap::new(),
            best_epoch: None,
            told: BTreeMap::new(),
            parent: None,
            is_pinned: false,
            color: None,
            kind: RunKind::Training,
        }
    }

    /// As it stands at a checkpoint.
    pub fn advance(&mut self, checkpoint: &Checkpoint, seconds: f64) {
        (self.step, self.epochs, self.seconds) = (checkpoint.step, checkpoint.epochs, seconds);
    }

    /// Takes the metrics of an epoch, or of the end, from a line of the run. Where early stopping restores the weights of an epoch, its
    /// metrics are those of the run again.
    pub fn absorb(&mut self, line: &serde_json::Value) {
        let epoch = line["epoch"].as_u64();
        match line["event"].as_str() {
            Some("rate") => self.step = line["step"].as_u64().unwrap_or(self.step),
            Some("epoch") => {
                let metrics = metrics_of(line);
                self.absorb_best(&metrics);
                self.told.extend(epoch.map(|epoch| (epoch, metrics.clone())));
                self.results.extend(metrics);
                self.best_epoch = None;
            }
            Some("best") => {
                self.results.extend(epoch.and_then(|epoch| self.told.get(&epoch)).cloned().unwrap_or_default());
                self.best_epoch = epoch;
            }
            Some("done") => self.results.extend(metrics_of(line)),
            _ => {}
        }
    }

    /// The best values of the validation metrics so far.
    fn absorb_best(&mut self, metrics: &BTreeMap<String, f64>) {
        for (key, value) in metrics {
            let metric = key.strip_prefix("validation_").and_then(Metric::named);
            if let Some(is_higher) = metric.and_then(|metric| metric.higher_is_better) {
                let best = self.results.entry(format!("best_{key}")).or_insert(*value);
                *best = if is_higher { best.max(*value) } else { best.min(*value) };
            }
        }
    }

    /// Reads it from a run folder; nothing for a run of a program that wrote none.
    pub fn read(folder: &Path) -> Result<Option<Self>, ProjectError> {
        let path = folder.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ProjectError::file(&path, error)),
        };
        let fields: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| ProjectError::file(&path, error))?;
        if let Some(version) = fields["version"].as_u64().filter(|version| *version > VERSION.into()) {
            let what = format!("is of version {version}, and this program reads up to {VERSION}; take a newer program");
            return Err(ProjectError::file(&path, what));
        }
        serde_json::from_value(fields).map(Some).map_err(|error| ProjectError::file(&path, error))
    }

    /// Writes it into a run folder.
    pub fn write(&self, folder: &Path) -> Result<(), ProjectError> {
        let path = folder.join(FILE);
        let text = serde_json::to_string_pretty(self).map_err(|error| ProjectError::file(&path, error))?;
        write_whole(&path, (text + "\n").as_bytes()).map_err(|error| ProjectError::file(&path, error))
    }
}

/// The metrics of a line that have a value.
fn metrics_of(line: &serde_json::Value) -> BTreeMap<String, f64> {
    let is_metric = |key: &str| ["train_", "validation_", "test_"].iter().any(|part| key.starts_with(part));
    let metrics = line.as_object().into_iter().flatten().filter(|(key, _)| is_metric(key));
    metrics.filter_map(|(key, value)| Some((key.clone(), value.as_f64()?))).collect()
}

/// The processor's own name, where the system tells it, or its kind.
fn processor() -> String {
    let account = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = account.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

/// Numbers or bytes of each set that are looked at: enough to tell data apart, and few enough for a set that is no longer in
/// memory.
const LOOKED_AT: usize = 1 << 24;

/// The first digits of the SHA-256 of shape, samples and targets.
pub fn fingerprint(dataset: &Dataset) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{} {:?}", dataset.shape, dataset.task));
    for samples in [&dataset.train, &dataset.test] {
        update(&mut hash, samples, dataset.shape.len());
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn update(hash: &mut Sha256, samples: &Samples, len: usize) {
    hash.update(samples.len().to_le_bytes());
    let step = samples.len().saturating_mul(len).div_ceil(LOOKED_AT).max(1);
    for at in (0..samples.len()).step_by(step) {
        match &samples.inputs {
            Inputs::Bytes(_) | Inputs::Mapped(_) => hash.update(samples.pixels_of(at)),
            Inputs::Tokens(_) => samples.tokens_of(at).iter().for_each(|token| hash.update(token.to_le_bytes())),
            Inputs::Numbers(_) => samples.numbers_of(at).iter().for_each(|number| hash.update(number.to_le_bytes())),
        }
    }
    match &samples.targets {
        TargetData::Classes(classes) | TargetData::Steps { classes, .. } => {
            classes.iter().for_each(|class| hash.update(class.to_le_bytes()))
        }
        TargetData::Numbers { values, .. } => values.iter().for_each(|value| hash.update(value.to_le_bytes())),
        TargetData::Itself { .. } => {}
    }
}
