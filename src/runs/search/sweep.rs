//! A search as it is carried out: every trial is a run in the folder of the sweep, and a line in its `trials.jsonl`, so that it can be
//! resumed at any moment.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::method::{Asked, Method};
use super::space::Space;
use crate::data::Dataset;
use crate::project::whole::write_whole;
use crate::project::{Output, Project, ProjectError};
use crate::runs::folds::{folds, spreads};
use crate::runs::queue::{Queue, work_off};
use crate::runs::trial::{Control, Trial, TrialError, TrialResult, TrialRunner};
use crate::train::Metric;
use crate::train::metrics::LOSS;

/// Name of the file that says what is searched.
pub const PLAN: &str = "sweep.json";
/// Name of the file with a line for each trial.
const TRIALS: &str = "trials.jsonl";
/// Name of the project file with the best settings so far.
pub const BEST: &str = "best.json";
/// The format that is written.
const VERSION: u32 = 1;

/// What is searched, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepPlan {
    /// The format of the file.
    pub version: u32,
    /// The settings that stay as they are.
    pub project: Project,
    /// The folder in which the data of the project may lie.
    pub data_folder: Option<PathBuf>,
    /// A text for each setting that is searched, `training.learning_rate=0.001..0.1`.
    pub space: Vec<String>,
    /// How settings are chosen.
    pub method: Method,
    /// How many trials; a grid has its own number.
    pub trials: usize,
    /// Evaluated by so many folds of a cross-validation instead of one validation set.
    pub folds: Option<usize>,
    /// The metric that decides.
    pub metric: String,
}

impl SweepPlan {
    /// The format that is written.
    pub const VERSION: u32 = VERSION;

    /// The settings that are searched and the metric that decides, if they are known.
    pub fn check(&self) -> Result<(Space, &'static Metric), ProjectError> {
        let space = Space::parse(&self.project, &self.space)?;
        let value = |place: &str, what: String| ProjectError::Value { place: place.to_owned(), what };
        if space.dimensions.is_empty() {
            return Err(value("--set", "says what is searched, KEY=LOW..HIGH or KEY=A,B,C".to_owned()));
        }
        if self.method == Method::Halving && space.dimensions.iter().any(|it| it.key == "training.epochs") {
            return Err(value(
                "training.epochs",
                "is what successive halving divides; search it by another method".to_owned(),
            ));
        }
        let unknown = || value("--metric", format!("there is no {}", self.metric));
        let metric = Metric::named(&self.metric).filter(|metric| metric.subset.is_some()).ok_or_else(unknown)?;
        if metric.higher_is_better.is_none() {
            return Err(value("--metric", format!("neither a high nor a low {} is better", self.metric)));
        }
        Ok((space, metric))
    }
}

/// How a trial stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is being trained, or was when the sweep ended.
    Running,
    /// It is evaluated.
    Done,
    /// Its loss stopped being a number.
    Diverged,
    /// Its settings do not fit the data or one another.
    Failed,
}

/// A trial in one round: with successive halving the best ones have several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrialRecord {
    /// Counted from 1.
    pub number: usize,
    /// The epochs after which it is evaluated.
    pub until: usize,
    /// Where its settings are in their ranges, from 0 to 1.
    pub places: Vec<f64>,
    /// Its settings, by their keys.
    pub settings: Vec<(String, String)>,
    /// How it stands.
    pub state: State,
    /// The metric that decides.
    pub score: Option<f64>,
    /// Whether the higher score is the better one.
    pub higher_is_better: bool,
    /// All metrics on the validation samples, by their keys; means over the folds.
    #[serde(default)]
    pub metrics: BTreeMap<String, Option<f64>>,
    /// Seconds that it has trained.
    #[serde(default)]
    pub seconds: f64,
    /// Why it has failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
}

impl TrialRecord {
    /// The best of the trials that were trained the longest.
    pub fn best(records: &[Self]) -> Option<&Self> {
        let scored = || records.iter().filter(|record| record.score.is_some());
        let longest = scored().map(|record| record.until).max()?;
        scored().filter(|record| record.until == longest).min_by(|a, b| a.compare(b))
    }

    /// Whether it is over, well or not.
    pub fn is_done(&self) -> bool {
        self.state != State::Running
    }

    /// The lower, the better: the score, or its negative; infinite where there is none.
    pub fn cost(&self) -> f64 {
        self.score.map_or(f64::INFINITY, |score| if self.higher_is_better { -score } else { score })
    }

    /// The better one first: by the score, and of equal ones by the loss.
    pub fn compare(&self, other: &Self) -> Ordering {
        let loss = |of: &Self| of.metrics.get(LOSS.key).copied().flatten().unwrap_or(f64::INFINITY);
        self.cost().total_cmp(&other.cost()).then(loss(self).total_cmp(&loss(other)))
    }
}

/// A search in its folder.
pub struct Sweep {
    /// What is searched.
    pub plan: SweepPlan,
    /// The settings that are searched.
    pub space: Space,
    /// All trials that were begun.
    pub records: Vec<TrialRecord>,
    folder: PathBuf,
    metric: &'static Metric,
    lines: File,
    /// Keeps other programs from searching in the same folder.
    _held: Output,
}

impl Sweep {
    /// Begins a search in a folder of its own.
    pub fn begin(folder: &Path, plan: SweepPlan) -> Result<Self, ProjectError> {
        let sweep = Self::open(folder, plan, Vec::new())?;
        let text = serde_json::to_string_pretty(&sweep.plan).map_err(|error| ProjectError::file(folder, error))?;
        let path = folder.join(PLAN);
        write_whole(&path, (text + "\n").as_bytes()).map_err(|error| ProjectError::file(&path, error))?;
        Ok(sweep)
    }

    /// Takes up a search where it was interrupted.
    pub fn resume(folder: &Path) -> Result<Self, ProjectError> {
        let plan = read_plan(folder)?;
        let bytes = fs::read(folder.join(TRIALS)).unwrap_or_default();
        // The last line of a trial counts; one that was torn when the program ended is none.
        let mut records: Vec<TrialRecord> = Vec::new();
        for line in bytes.split(|byte| *byte == b'\n') {
            let Ok(record) = serde_json::from_slice::<TrialRecord>(line) else { continue };
            match records.iter_mut().find(|it| (it.number, it.until) == (record.number, record.until)) {
                Some(known) => *known = record,
                None => records.push(record),
            }
        }
        let text: String = records.iter().filter_map(|it| Some(serde_json::to_string(it).ok()? + "\n")).collect();
        let path = folder.join(TRIALS);
        write_whole(&path, text.as_bytes()).map_err(|error| ProjectError::file(&path, error))?;
        Self::open(folder, plan, records)
    }

    fn open(folder: &Path, plan: SweepPlan, records: Vec<TrialRecord>) -> Result<Self, ProjectError> {
        let (space, metric) = plan.check()?;
        let held = Output::existing(folder)?;
        let path = folder.join(TRIALS);
        let lines = OpenOptions::new().create(true).append(true).open(&path);
        let lines = lines.map_err(|error| ProjectError::file(&path, error))?;
        Ok(Self { plan, space, records, folder: folder.to_owned(), metric, lines, _held: held })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The metric that decides.
    pub fn metric(&self) -> &'static Metric {
        self.metric
    }

    /// How many trials there are to be.
    pub fn count(&self) -> usize {
        self.plan.method.count(&self.space, self.plan.trials)
    }

    /// Trainings of all rounds.
    pub fn trainings(&self) -> usize {
        let (count, method) = (self.count(), self.plan.method);
        let rounds = method.rounds(count, self.plan.project.training.epochs).len();
        (0..rounds).map(|round| if round == 0 { count } else { method.in_round(count, round) }).sum()
    }

    /// The best trial of those that were trained the longest.
    pub fn best(&self) -> Option<&TrialRecord> {
        TrialRecord::best(&self.records)
    }

    /// Trains trial after trial, several at a time, until there are enough, the time is over or it is stopped. `tell` hears of each
    /// that is done.
    pub fn run(
        &mut self,
        runner: &TrialRunner,
        control: &Control,
        deadline: Option<Instant>,
        tell: impl FnMut(&Self, &TrialRecord),
    ) -> Result<(), TrialError> {
        let interrupted = self.records.iter().enumerate().filter(|(_, it)| !it.is_done()).map(|(at, _)| at).collect();
        let dataset = &runner.dataset;
        let mut search = Searching { sweep: self, dataset, control, deadline, tell, interrupted, error: None };
        work_off(&mut search, runner.jobs, |(at, trials)| (at, train(trials, runner, control)));
        match search.error {
            Some(error) => Err(error),
            None if control.is_stopped() => Err(TrialError::Interrupted),
            None => Ok(()),
        }
    }

    fn write(&mut self, at: usize) -> Result<(), ProjectError> {
        let path = self.folder.join(TRIALS);
        let line = serde_json::to_string(&self.records[at]).map_err(|error| ProjectError::file(&path, error))?;
        self.lines.write_all((line + "\n").as_bytes()).map_err(|error| ProjectError::file(&path, error))
    }

    fn write_best(&self) -> Result<(), ProjectError> {
        let Some(best) = self.best() else { return Ok(()) };
        let (project, _) = self.space.apply(&self.plan.project, &best.places)?;
        project.save(&self.folder.join(BEST))
    }
}

/// What a sweep searches, from its folder.
pub fn read_plan(folder: &Path) -> Result<SweepPlan, ProjectError> {
    let path = folder.join(PLAN);
    let fail = |error: &dyn std::fmt::Display| ProjectError::file(&path, error);
    let text = fs::read_to_string(&path).map_err(|error| fail(&error))?;
    let fields: serde_json::Value = serde_json::from_str(&text).map_err(|error| fail(&error))?;
    if let Some(version) = fields["version"].as_u64().filter(|version| *version > VERSION.into()) {
        let what = format!("is of version {version}, and this program reads up to {VERSION}; take a newer program");
        return Err(ProjectError::file(&path, what));
    }
    serde_json::from_value(fields).map_err(|error| fail(&error))
}

/// Trains one trial, or one for each fold.
fn train(
    trials: Result<Vec<Trial>, ProjectError>,
    runner: &TrialRunner,
    control: &Control,
) -> Result<Vec<TrialResult>, TrialError> {
    trials?.iter().map(|trial| runner.train(trial, control)).collect()
}

struct Searching<'a, F> {
    sweep: &'a mut Sweep,
    dataset: &'a Dataset,
    control: &'a Control,
    deadline: Option<Instant>,
    tell: F,
    /// Positions of trials that an earlier sitting has begun.
    interrupted: Vec<usize>,
    error: Option<TrialError>,
}

impl<F: FnMut(&Sweep, &TrialRecord)> Searching<'_, F> {
    fn propose(&mut self) -> Result<Option<usize>, ProjectError> {
        let Sweep { plan, space, records, .. } = &*self.sweep;
        let training = &plan.project.training;
        let asked = Asked { trials: self.sweep.count(), epochs: training.epochs, seed: training.seed };
        let Some(proposal) = plan.method.next(space, &asked, records) else { return Ok(None) };
        let (_, settings) = space.apply(&plan.project, &proposal.places)?;
        let record = TrialRecord {
            number: proposal.number,
            until: proposal.epochs,
            places: proposal.places,
            settings,
            state: State::Running,
            score: None,
            higher_is_better: self.sweep.metric.higher_is_better == Some(true),
            metrics: BTreeMap::new(),
            seconds: 0.0,
            why: String::new(),
        };
        self.sweep.records.push(record);
        let at = self.sweep.records.len() - 1;
        self.sweep.write(at)?;
        Ok(Some(at))
    }

    /// What is to be trained: one trial, or one for each fold.
    fn trials(&self, at: usize) -> Result<Vec<Trial>, ProjectError> {
        let (Sweep { plan, space, .. }, record) = (&*self.sweep, &self.sweep.records[at]);
        let (project, _) = space.apply(&plan.project, &record.places)?;
        let until = (plan.method == Method::Halving).then_some(record.until as u32);
        let name = format!("trial-{}", record.number);
        let Some(count) = plan.folds else { return Ok(vec![Trial { until, ..Trial::new(name, project) }]) };
        let of = |fold: Trial| Trial { name: format!("{name}-{}", fold.name), until, ..fold };
        Ok(folds(&project, self.dataset, count)?.into_iter().map(of).collect())
    }

    fn absorb(&mut self, at: usize, result: Result<Vec<TrialResult>, TrialError>) -> Result<(), TrialError> {
        let metric = self.sweep.metric;
        let record = &mut self.sweep.records[at];
        match result {
            Ok(results) => {
                let means = spreads(&results);
                record.metrics = means.iter().map(|it| (it.metric.key.to_owned(), it.mean)).collect();
                record.score = means.iter().find(|it| it.metric == metric).and_then(|it| it.mean);
                record.seconds = results.iter().map(|one| one.seconds).sum();
                record.state = State::Done;
            }
            Err(error @ TrialError::Diverged { .. }) => {
                (record.state, record.why) = (State::Diverged, error.to_string());
            }
            Err(
                error @ (TrialError::Failed(_)
                | TrialError::Project(
                    ProjectError::Problem(_) | ProjectError::Misfit { .. } | ProjectError::Value { .. },
                )),
            ) => (record.state, record.why) = (State::Failed, error.to_string()),
            // It stays one that is being trained, and is taken up with the rest.
            Err(TrialError::Interrupted) => return Ok(()),
            Err(error) => return Err(error),
        }
        self.sweep.write(at)?;
        self.sweep.write_best()?;
        (self.tell)(self.sweep, &self.sweep.records[at]);
        Ok(())
    }
}

impl<F: FnMut(&Sweep, &TrialRecord)> Queue for Searching<'_, F> {
    type Task = (usize, Result<Vec<Trial>, ProjectError>);
    type Done = (usize, Result<Vec<TrialResult>, TrialError>);

    fn next(&mut self) -> Option<Self::Task> {
        let is_over = self.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if is_over || self.error.is_some() || self.control.is_stopped() {
            return None;
        }
        if let Some(at) = self.interrupted.pop() {
            return Some((at, self.trials(at)));
        }
        match self.propose() {
            Ok(at) => at.map(|at| (at, self.trials(at))),
            Err(error) => {
                self.error = Some(error.into());
                None
            }
        }
    }

    fn take(&mut self, (at, result): Self::Done) {
        if let Err(error) = self.absorb(at, result) {
            self.control.stop();
            self.error.get_or_insert(error);
        }
    }
}
