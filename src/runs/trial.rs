//! A training that is evaluated on its validation samples: one fold of a cross-validation, one seed, one choice of a search. It is a run
//! like any other, kept in a folder of its own; its test samples are never looked at, since its result decides something.

use std::collections::BTreeMap;
use std::iter::Enumerate;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::vec;

use super::queue::{Queue, work_off};
use super::recorder::last_checkpoint;
use super::{Recorder, RunState};
use crate::data::cache::available_memory;
use crate::data::{Dataset, Split};
use crate::project::run_log::{best_line, done_line, epoch_line, resume_line};
use crate::project::{Output, Project, ProjectError};
use crate::train::metrics::Figure;
use crate::train::{EpochStat, Evaluation, Event, Job, Metric, Outcome, Reports, Run, Start, Subset};

/// What is trained.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The name of its folder.
    pub name: String,
    /// The settings.
    pub project: Project,
    /// Which samples are for training and which for validation; the split of the project's seed where there is none.
    pub split: Option<Split>,
    /// The epoch after which it is evaluated and stopped; the last one where there is none.
    pub until: Option<u32>,
}

impl Trial {
    /// A trial of a project as it is.
    pub fn new(name: impl Into<String>, project: Project) -> Self {
        Self { name: name.into(), project, split: None, until: None }
    }

    /// The epochs that it takes at most.
    pub fn epochs(&self) -> usize {
        self.until.map_or(self.project.training.epochs, |until| self.project.training.epochs.min(until as usize))
    }
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialResult {
    /// Number of training samples.
    pub train: usize,
    /// Number of validation samples.
    pub validation: usize,
    /// The loss, and every metric of the task, on the validation samples.
    pub figures: Vec<Figure>,
    /// The one or two most important metrics of the task.
    pub headline: &'static [&'static Metric],
    /// The most important metric on the validation samples after each epoch of this sitting.
    pub curve: Vec<f64>,
    /// Epochs that it has taken.
    pub epochs: u32,
    /// Seconds that it has trained in this sitting.
    pub seconds: f64,
}

impl TrialResult {
    /// The value of a metric on the validation samples.
    pub fn get(&self, metric: &Metric) -> Option<f64> {
        self.figures.iter().find(|figure| figure.metric == metric).and_then(|figure| figure.value)
    }
}

/// Why a trial came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The project does not fit the data, or its run cannot be written.
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The operating system did not start the training thread.
    #[error("the training thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
    /// Its loss stopped being a number.
    #[error("{name}: {what}")]
    Diverged {
        /// Its name.
        name: String,
        /// Where it diverged.
        what: String,
    },
    /// Its training failed.
    #[error("{0}")]
    Failed(String),
    /// Nothing can be evaluated without validation samples.
    #[error(
        "there are no validation samples to evaluate on; give the data a validation share, or take folds of a cross-validation"
    )]
    NoValidation,
    /// Somebody stopped it.
    #[error("interrupted")]
    Interrupted,
}

/// Lets somebody stop trials and see how far they are, from another thread.
#[derive(Debug, Default)]
pub struct Control {
    stop: Arc<AtomicBool>,
    epochs: AtomicU64,
}

impl Control {
    /// Stops when this flag is set.
    pub fn new(stop: Arc<AtomicBool>) -> Self {
        Self { stop, epochs: AtomicU64::new(0) }
    }

    /// Ends all trials, each within a batch.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether they are to end.
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Epochs that all trials together have taken.
    pub fn epochs(&self) -> u64 {
        self.epochs.load(Ordering::Relaxed)
    }
}

/// Where and how trials are trained.
#[derive(Clone, Debug)]
pub struct TrialRunner {
    /// The samples.
    pub dataset: Arc<Dataset>,
    /// The folder that holds the folders of the trials; nothing is kept where there is none.
    pub folder: Option<PathBuf>,
    /// Trials at a time.
    pub jobs: usize,
    /// Threads of all of them together.
    pub threads: usize,
}

impl TrialRunner {
    /// As many trials of this project at a time as there are threads and as fit into half of the memory that is free: several with
    /// a thread each take less time than one after the other with all threads. What comes of them does not depend on it.
    pub fn new(project: &Project, dataset: Arc<Dataset>, folder: Option<PathBuf>, threads: usize) -> Self {
        let room = available_memory().map_or(u64::MAX, |bytes| bytes / 2);
        let each = project.job(Arc::clone(&dataset), 1).map_or(0, |job| job.footprint().total());
        let jobs = room / each.max(1);
        Self { dataset, folder, jobs: threads.min(jobs.max(1) as usize).max(1), threads }
    }

    /// Trains every trial and tells what came of each, in their order. The first error ends all of them.
    pub fn train_all(
        &self,
        trials: Vec<Trial>,
        control: &Control,
        done: impl FnMut(TrialResult),
    ) -> Result<(), TrialError> {
        let count = trials.len();
        let mut all = InOrder {
            trials: trials.into_iter().enumerate(),
            control,
            done,
            told: 0,
            early: BTreeMap::new(),
            error: None,
        };
        work_off(&mut all, self.jobs, |(at, trial)| (at, self.train(&trial, control)));
        match all.error {
            Some(error) => Err(error),
            None if all.told < count => Err(TrialError::Interrupted),
            None => Ok(()),
        }
    }

    /// Trains one trial, or goes on with it from its last checkpoint where its folder has one.
    pub fn train(&self, trial: &Trial, control: &Control) -> Result<TrialResult, TrialError> {
        let project = &trial.project;
        let split = trial.split.clone();
        let split = split.unwrap_or_else(|| self.dataset.split(project.held_back(), project.training.seed));
        let mut job = project.job_on(Arc::clone(&self.dataset), split, (self.threads / self.jobs.max(1)).max(1))?;
        if job.split.validation.is_empty() || !job.head().is_evaluated() {
            return Err(TrialError::NoValidation);
        }
        let folder = self.folder.as_deref().map(|folder| folder.join(&trial.name));
        job.checkpoint = folder.as_deref().and_then(|folder| last_checkpoint(folder, &job).ok());
        // One that is past the epoch at which it is to be evaluated does not know any more how it stood there.
        job.checkpoint = job.checkpoint.filter(|checkpoint| trial.until.is_none_or(|until| checkpoint.epochs < until));
        job.stop_after = trial.until;
        let job = Arc::new(job);
        let recorder = folder.map(|folder| open(&folder, project, &job)).transpose()?;
        Training { trial, job, recorder, last: None, curve: Vec::new(), seconds: 0.0 }.run(control)
    }
}

/// Trials whose results are told in the order in which they were begun.
struct InOrder<'a, F> {
    trials: Enumerate<vec::IntoIter<Trial>>,
    control: &'a Control,
    done: F,
    /// How many are told.
    told: usize,
    /// Those that were done before an earlier one.
    early: BTreeMap<usize, TrialResult>,
    error: Option<TrialError>,
}

impl<F: FnMut(TrialResult)> Queue for InOrder<'_, F> {
    type Task = (usize, Trial);
    type Done = (usize, Result<TrialResult, TrialError>);

    fn next(&mut self) -> Option<Self::Task> {
        if self.control.is_stopped() { None } else { self.trials.next() }
    }

    fn take(&mut self, (at, result): Self::Done) {
        match result {
            Ok(result) => {
                self.early.insert(at, result);
                while let Some(result) = self.early.remove(&self.told) {
                    (self.done)(result);
                    self.told += 1;
                }
            }
            Err(error) => {
                self.control.stop();
                self.error.get_or_insert(error);
            }
        }
    }
}

fn open(folder: &Path, project: &Project, job: &Job) -> Result<Recorder, ProjectError> {
    match &job.checkpoint {
        Some(checkpoint) => {
            let mut recorder = Recorder::resume(Output::existing(folder)?, project, checkpoint)?;
            recorder.tell(&resume_line(checkpoint))?;
            Ok(recorder)
        }
        None => Recorder::begin(Output::named(folder, true)?, project, job),
    }
}

/// A trial that is under way.
struct Training<'a> {
    trial: &'a Trial,
    job: Arc<Job>,
    recorder: Option<Recorder>,
    last: Option<EpochStat>,
    curve: Vec<f64>,
    seconds: f64,
}

impl Training<'_> {
    fn run(mut self, control: &Control) -> Result<TrialResult, TrialError> {
        let reports = Reports { checkpoints: self.recorder.is_some(), skips_test: true, ..Reports::default() };
        let mut run = Run::start(Arc::clone(&self.job), Start::Running, reports, || {})?;
        let mut weights = None;
        let outcome = loop {
            if control.is_stopped() {
                run.stop();
            }
            match run.event() {
                Event::Epoch(stat) => {
                    control.epochs.fetch_add(1, Ordering::Relaxed);
                    self.absorb(stat)?;
                }
                Event::Best(best) => self.tell(&best_line(&best))?,
                Event::Checkpoint(checkpoint) => {
                    if let Some(recorder) = &mut self.recorder {
                        recorder.keep(&self.job, &checkpoint, self.seconds)?;
                    }
                }
                Event::Weights(snapshot) => weights = Some(snapshot),
                Event::Done(outcome) => break outcome,
                _ => {}
            }
        };
        self.tell(&done_line(&outcome, self.seconds))?;
        let weights = weights.as_deref().map(|snapshot| &snapshot.weights);
        if let Some(recorder) = self.recorder.take() {
            recorder.end(&self.job, weights, RunState::from(&outcome), self.seconds)?;
        }
        match (outcome, weights) {
            (Outcome::Diverged(what), _) => {
                Err(TrialError::Diverged { name: self.trial.name.clone(), what: what.to_string() })
            }
            (Outcome::Failed(what), _) => Err(TrialError::Failed(what)),
            (Outcome::Stopped, _) => match self.last.as_ref().map(|last| last.epoch) {
                epoch if epoch.is_some() && epoch == self.trial.until => self.result(None),
                _ => Err(TrialError::Interrupted),
            },
            (Outcome::Finished(_), weights) => {
                let evaluation = weights.map(|weights| self.job.evaluate(weights, Subset::Validation));
                self.result(evaluation.as_ref())
            }
        }
    }

    fn absorb(&mut self, stat: EpochStat) -> Result<(), ProjectError> {
        self.seconds += stat.seconds;
        self.tell(&epoch_line(&stat, self.job.head()))?;
        let metric = self.job.head().headline().first();
        let value = stat.validation.as_ref().zip(metric).and_then(|(validation, metric)| validation.get(metric));
        self.curve.push(value.unwrap_or(f64::NAN));
        self.last = Some(stat);
        Ok(())
    }

    fn tell(&mut self, line: &serde_json::Value) -> Result<(), ProjectError> {
        self.recorder.as_mut().map_or(Ok(()), |recorder| recorder.tell(line))
    }

    fn result(self, evaluation: Option<&Evaluation>) -> Result<TrialResult, TrialError> {
        let last = self.last.as_ref();
        let evaluation = evaluation.or_else(|| last?.validation.as_deref());
        let Some(evaluation) = evaluation else { return Err(TrialError::NoValidation) };
        Ok(TrialResult {
            train: self.job.split.train.len(),
            validation: self.job.split.validation.len(),
            figures: evaluation.figures(),
            headline: self.job.head().headline(),
            epochs: last.map_or_else(|| self.job.checkpoint.as_ref().map_or(0, |it| it.epochs), |last| last.epoch),
            curve: self.curve,
            seconds: self.seconds,
        })
    }
}
