use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use clap::Args;
use serde_json::{Value, json};

use super::generate::refuse_generator;
use super::repeat::repeat;
use super::terminal::Terminal;
use super::{CliError, folds, load_data, note, on_interrupt, say, seeds, set_all, source_help, trials};
use crate::data::{Dataset, Lookup};
use crate::project::{Output, Problem, Project, ProjectError, RunFolder, TeacherSettings, run_folder, run_log};
use crate::runs::info::fingerprint;
use crate::runs::recorder::last_checkpoint;
use crate::runs::{self, Recorder, RunInfo, RunState};
use crate::train::baselines::baselines;
use crate::train::{Event, Job, Origin, Outcome, Reports, Run, Start, default_threads};
use backprop_nn::Weights;

/// Train a project and save the run
#[derive(Debug, Args)]
pub struct Train {
    /// A preset's name, a project file, a run folder, or data: a table, a folder of images or a source, for which a project
    /// is suggested
    #[arg(value_parser = super::runs::run_or_word)]
    project: String,
    #[arg(long, value_name = "SOURCE", help = source_help())]
    data: Option<String>,
    /// Passes over the training set
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    epochs: Option<String>,
    /// Samples per step
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    batch: Option<String>,
    /// Step size of the optimizer
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    learning_rate: Option<String>,
    /// Seed of everything random: initial weights, order of the samples, dropout
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<String>,
    /// Threads that share a step; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Share of the training samples that is the validation set; 0 trains on all
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    validation: Option<String>,
    /// Start from the weights in this file or run folder instead of fresh ones
    #[arg(long, value_name = "FILE|RUN")]
    weights: Option<PathBuf>,
    /// Learn from the run in this folder too, whose probabilities are part of the loss: distillation
    #[arg(long, value_name = "RUN")]
    teacher: Option<String>,
    /// Take the samples in the order of the data in every epoch
    #[arg(long)]
    no_shuffle: bool,
    /// Any number of the project file by its path, training.optimizer.momentum=0.9
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Cross-validation: train K times, each time evaluated on another K-th of the training samples
    #[arg(long, value_name = "K", conflicts_with_all = ["out", "steps", "weights"], value_parser = clap::value_parser!(u16).range(2..=100))]
    folds: Option<u16>,
    /// Train K times, with the seeds from the project's own on, and tell median and range
    #[arg(long, value_name = "K", conflicts_with_all = ["out", "steps", "weights", "folds"], value_parser = clap::value_parser!(u16).range(2..=1000))]
    seeds: Option<u16>,
    /// Folder for the run [default: runs/<project>-<number>]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with the run in this folder from its last checkpoint; with --epochs N, to so many epochs
    #[arg(long, conflicts_with_all = ["out", "overwrite", "weights", "folds", "seeds", "data", "batch", "seed", "validation", "no_shuffle", "set", "learning_rate", "teacher"])]
    resume: bool,
    /// Train the run in this folder once more, with the changes that were made while it trained, and tell the first number that
    /// is another; nothing is saved
    #[arg(long, conflicts_with_all = ["out", "overwrite", "weights", "folds", "seeds", "resume", "data", "batch", "seed", "validation", "no_shuffle", "set", "learning_rate", "epochs", "steps", "teacher"])]
    repeat: bool,
    /// Replace the run in the folder that --out names; one that diverges replaces nothing
    #[arg(long, requires = "out")]
    overwrite: bool,
    /// One JSON object a line on standard output, and nothing else
    #[arg(long)]
    json: bool,
    /// With --json, also a line per step
    #[arg(long, requires = "json")]
    steps: bool,
}

impl Train {
    pub fn run(&self) -> Result<(), CliError> {
        let mut project = super::new::find(&self.project)?;
        self.apply(&mut project)?;
        let threads = self.threads.map_or_else(default_threads, usize::from);
        let dataset = load_data(&project, &self.project)?;
        // The folder of the run is another one, from which the same path leads nowhere.
        if let Some(folder) = Project::folder_of(&self.project) {
            project.data.source = project.data.source.found_in(folder);
        }
        warn_of(&project.problems(&dataset));
        if let Some(folds) = self.folds {
            refuse_generator(&project, &self.project, "train it without --folds")?;
            let folds = usize::from(folds);
            let runner = trials::runner(&project, &dataset, threads, "folds")?;
            let found = trials::train_all(
                &runner,
                runs::folds::folds(&project, &dataset, folds)?,
                self.json,
                |fold, number| folds::tell_fold(fold, number, folds, self.json),
            )?;
            return folds::tell(&found, self.json);
        }
        if let Some(seeds) = self.seeds {
            refuse_generator(&project, &self.project, "train it without --seeds")?;
            let runner = trials::runner(&project, &dataset, threads, "seeds")?;
            let found = trials::train_all(
                &runner,
                runs::seeds::trials(&project, seeds.into()),
                self.json,
                |result, number| {
                    seeds::tell_seed(result, project.training.seed.wrapping_add(number as u64 - 1), self.json)
                },
            )?;
            return seeds::tell(&found, self.json);
        }
        if self.repeat {
            return repeat(Path::new(&self.project), &project, dataset, threads, self.json);
        }
        let mut report = Report::new(self.json, self.steps);
        let (out, resumed) = match self.resume {
            true => (None, Some(Path::new(&self.project))),
            false => (self.out.as_deref(), None),
        };
        let files = Files { out, overwrite: self.overwrite, weights: self.weights.as_deref(), start: None, resumed };
        train(&project, dataset, threads, files, &mut report).map(drop)
    }

    /// Puts what the command line says into the project, each value by its path there.
    fn apply(&self, project: &mut Project) -> Result<(), CliError> {
        let options = [
            ("data.source", &self.data),
            ("training.epochs", &self.epochs),
            ("training.batch", &self.batch),
            ("training.learning_rate", &self.learning_rate),
            ("training.seed", &self.seed),
            ("data.validation", &self.validation),
        ];
        for (path, value) in options {
            if let Some(value) = value {
                project.set(path, value).map_err(|error| CliError::Usage(error.to_string()))?;
            }
        }
        if let Some(run) = &self.teacher {
            project.teacher = Some(TeacherSettings { run: whole_path(run), ..TeacherSettings::default() });
        }
        if self.no_shuffle {
            project.training.shuffle = false;
        }
        set_all(project, &self.set)
    }
}

/// The path of a run from everywhere; its name where it is none.
pub(super) fn whole_path(run: &str) -> String {
    std::fs::canonicalize(run).map_or_else(|_| run.to_owned(), |path| path.display().to_string())
}

/// What would mislead, on standard error; what would fail is refused with the job.
fn warn_of(problems: &[Problem]) {
    for problem in problems.iter().filter(|problem| !problem.is_error()) {
        // Standard error may be closed, and then there is nobody left to tell.
        let _ = writeln!(io::stderr(), "backprop: warning: {problem}");
    }
}

/// The main job of the program where there is no window: a run with a progress bar, saved where the table says.
pub fn train_in_terminal(project: &Project) -> Result<(), CliError> {
    let mut report = Report::new(false, false);
    let dataset = Arc::new(project.data.load(&Lookup::default())?);
    warn_of(&project.problems(&dataset));
    train(project, dataset, default_threads(), Files::default(), &mut report).map(drop)
}

/// Where a run begins and ends, if not with fresh weights and in a folder of its own.
#[derive(Default)]
pub(super) struct Files<'a> {
    pub out: Option<&'a Path>,
    pub overwrite: bool,
    pub weights: Option<&'a Path>,
    /// Weights to start from that stand in no file, and where they come from.
    pub start: Option<(Weights, Origin)>,
    /// The folder of the run to go on with.
    pub resumed: Option<&'a Path>,
}

/// Where the lines of a run go: to its folder, and to standard output if that is wanted.
pub(super) struct Report {
    json: bool,
    steps: bool,
    recorder: Option<Recorder>,
    /// Whether the warning that the run cannot be written has been printed.
    is_warned: bool,
}

impl Report {
    pub fn new(json: bool, steps: bool) -> Self {
        Self { json, steps, recorder: None, is_warned: false }
    }

    /// Warns once that the run cannot be written. The training goes on, since there may be room again at its end.
    fn warn(&mut self, written: Result<(), ProjectError>) {
        if let (Err(error), false) = (written, self.is_warned) {
            self.is_warned = true;
            note(format_args!("warning: {error}; the training goes on"));
        }
    }

    fn tell(&mut self, line: Value) -> Result<(), CliError> {
        // What cannot be said any more is kept all the same.
        let said = if self.json { say(&line) } else { Ok(()) };
        if let Some(recorder) = &mut self.recorder {
            let written = recorder.tell(&line);
            self.warn(written);
        }
        said
    }
}

/// Trains and saves a run; its folder.
pub(super) fn train(
    project: &Project,
    dataset: Arc<Dataset>,
    threads: usize,
    files: Files<'_>,
    report: &mut Report,
) -> Result<PathBuf, CliError> {
    let mut job = project.job(dataset, threads)?;
    if let Some((weights, origin)) = files.start {
        (job.weights, job.origin) = (Some(weights), Some(origin));
    }
    if let Some(path) = files.weights {
        job.weights = Some(run_folder::open_weights(path, &job.network)?);
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        job.origin = Some(Origin::Weights(name));
    }
    // A folder that cannot be written should be known before the training, not after it.
    let output = match (files.resumed, files.out) {
        (Some(folder), _) => Output::existing(folder)?,
        (None, Some(folder)) => Output::named(folder, files.overwrite)?,
        (None, None) => Output::next(Path::new(run_folder::RUNS), &project.name)?,
    };
    let place = output.folder().to_owned();
    let before = match files.resumed {
        Some(folder) => go_on(folder, project, &mut job)?,
        None => 0.0,
    };
    report.recorder = Some(match &job.checkpoint {
        Some(checkpoint) => Recorder::resume(output, project, checkpoint)?,
        None => Recorder::begin(output, project, &job)?,
    });
    let job = Arc::new(job);
    match &job.checkpoint {
        Some(checkpoint) => report.tell(run_log::resume_line(checkpoint))?,
        None => report.tell(start_line(&job, files.weights))?,
    }
    let terminal = (!report.json).then(|| Terminal::new(&job));
    if let Some(terminal) = &terminal {
        terminal.begin(&project.name, &job);
    }
    let started = Instant::now();
    let reports = Reports { checkpoints: true, ..Reports::default() };
    let run = Run::start(Arc::clone(&job), Start::Running, reports, || {});
    let mut run =
        run.map_err(|error| CliError::Failed(format!("the training thread could not be started: {error}")))?;
    let seconds = || before + started.elapsed().as_secs_f64();
    let (outcome, weights) = follow(&mut run, terminal.as_ref(), report, seconds)?;

    let test = if let Outcome::Finished(test) = &outcome { test.as_deref() } else { None };
    let beside = test.map_or_else(Vec::new, |_| baselines(&job));
    for baseline in &beside {
        report.tell(run_log::baseline_line(baseline))?;
    }
    report.tell(run_log::done_line(&outcome, seconds()))?;
    let (mut kept, state) = (false, RunState::from(&outcome));
    let mut ended = Ok(place.clone());
    if let Some(recorder) = report.recorder.take() {
        kept = recorder.spares(state);
        ended = recorder.end(&job, weights.as_deref().map(|snapshot| &snapshot.weights), state, seconds());
    }
    let (folder, place) = (place.clone(), place.display());
    if let Some(terminal) = &terminal {
        terminal.end(test, &beside);
        if ended.is_ok() {
            terminal.line(&if kept { format!("{place} keeps its run") } else { format!("saved in {place}") });
        }
    }
    ended?;
    if let Some(error) = terminal.as_ref().and_then(Terminal::unsaid) {
        return Err(CliError::Failed(format!("standard output: {error}; the run is saved in {place}")));
    }
    let kept = if kept { format!("; {place} keeps the run that was in it") } else { String::new() };
    match outcome {
        Outcome::Finished(_) | Outcome::Stopped => Ok(folder),
        Outcome::Diverged(divergence) => Err(CliError::Diverged(format!("{divergence}{kept}"))),
        Outcome::Failed(message) => Err(CliError::Failed(format!("{message}{kept}"))),
    }
}

/// Lets the job go on from the last checkpoint of a run; the seconds that the run has trained.
fn go_on(folder: &Path, project: &Project, job: &mut Job) -> Result<f64, CliError> {
    let checkpoint = last_checkpoint(folder, job)?;
    let info = RunInfo::read(folder)?;
    let of_epochs = info.as_ref().map_or(project.training.epochs, |info| info.of_epochs);
    let is_over = info.as_ref().is_some_and(|info| info.state == RunState::Finished);
    if is_over && project.training.epochs <= of_epochs {
        let what = format!("has finished its {of_epochs} epochs; --epochs N with a larger number lets it go on");
        return Err(ProjectError::file(folder, what).into());
    }
    if info.as_ref().is_some_and(|info| info.data != fingerprint(&job.dataset)) {
        note("warning: the data are not those that the run began with");
    }
    refuse_other_tokens(folder, job)?;
    note(format_args!("going on after step {} of {}", checkpoint.step, folder.display()));
    job.checkpoint = Some(checkpoint);
    Ok(info.map_or(0.0, |info| info.seconds))
}

/// The numbers of tokens mean something else where the text has others.
fn refuse_other_tokens(folder: &Path, job: &Job) -> Result<(), CliError> {
    let run = RunFolder::find(&folder.to_string_lossy())?;
    if run.data.tokenizer() == job.dataset.tokenizer() {
        return Ok(());
    }
    let what =
        "the text has other tokens now than when the run began, so that their numbers mean something else; train anew";
    Err(ProjectError::file(folder, what).into())
}

/// Tells what happens until the run is over; gives the outcome and the last weights.
fn follow(
    run: &mut Run,
    terminal: Option<&Terminal>,
    report: &mut Report,
    seconds: impl Fn() -> f64,
) -> Result<(Outcome, Option<Arc<crate::train::Snapshot>>), CliError> {
    let interrupted = on_interrupt();
    let mut weights = None;
    loop {
        if interrupted.load(Ordering::Relaxed) {
            run.stop();
        }
        match run.event() {
            Event::Steps(steps) => {
                if let Some(terminal) = terminal {
                    terminal.steps(&steps);
                }
                if report.steps {
                    for step in &steps {
                        report.tell(run_log::step_line(step))?;
                    }
                }
            }
            Event::Layers(stat) => {
                if report.steps {
                    report.tell(run_log::layers_line(&stat, &run.job.network))?;
                }
            }
            Event::Epoch(stat) => {
                if let Some(terminal) = terminal {
                    terminal.epoch(&stat);
                }
                report.tell(run_log::epoch_line(&stat, run.job.head()))?;
            }
            Event::Weights(snapshot) => weights = Some(snapshot),
            Event::Best(best) => {
                if let Some(terminal) = terminal {
                    terminal.line(&best.to_string());
                }
                report.tell(run_log::best_line(&best))?;
            }
            Event::Checkpoint(checkpoint) => {
                if let Some(recorder) = &mut report.recorder {
                    let written = recorder.keep(&run.job, &checkpoint, seconds());
                    report.warn(written);
                }
            }
            Event::Done(outcome) => return Ok((outcome, weights)),
            Event::Changed(_) | Event::Paused | Event::Resumed => {}
        }
    }
}

fn start_line(job: &Job, weights: Option<&Path>) -> Value {
    json!({
        "event": "start",
        "parameters": job.network.param_count(),
        "train_samples": job.split.train.len(),
        "validation_samples": job.split.validation.len(),
        "test_samples": job.dataset.test.len(),
        "notes": job.dataset.notes,
        "threads": job.threads,
        "weights": weights,
    })
}
