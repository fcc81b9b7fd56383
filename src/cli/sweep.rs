use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Map, Value, json};

use super::generate::refuse_generator;
use super::terminal::{figure_text, named};
use super::{CliError, note, on_interrupt, say, trials};
use crate::data::{Dataset, Lookup};
use crate::project::Project;
use crate::runs::search::sweep::{BEST, PLAN, State, read_plan};
use crate::runs::search::{self, Method, SweepPlan, TrialRecord};
use crate::runs::trial::{Control, TrialRunner};
use crate::train::default_threads;
use crate::train::metrics::Figure;

/// Search for the best settings; the test set is not looked at
#[derive(Debug, Args)]
pub struct Sweep {
    /// A preset's name, a project file or a run folder; with --resume the folder of the search
    #[arg(value_parser = super::runs::run_or_word)]
    project: String,
    /// A setting to search, by its path in the project file: KEY=LOW..HIGH, for a grid KEY=LOW..HIGH:POINTS, KEY=A,B,C, or KEY for
    /// the range of its slider
    #[arg(long, value_name = "KEY=RANGE")]
    set: Vec<String>,
    /// How settings are chosen: grid, random, halving (successive halving) or tpe (tree-structured Parzen estimator)
    #[arg(long, value_name = "METHOD", default_value = "random")]
    search: Method,
    /// How many trials; a grid has its own number
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    trials: u32,
    /// Evaluate every trial by K folds of a cross-validation instead of one validation set
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u16).range(2..=100))]
    folds: Option<u16>,
    /// The metric that decides, on the validation samples [default: the first of the task, accuracy or RMSE]
    #[arg(long, value_name = "METRIC")]
    metric: Option<String>,
    /// Begin no more trials after so many minutes
    #[arg(long, value_name = "MINUTES")]
    minutes: Option<f64>,
    /// Trials at a time [default: as many as there are threads and as fit into memory]
    #[arg(long, value_name = "J", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Threads for all trials together
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Go on with the search in this folder
    #[arg(long, conflicts_with_all = ["set", "search", "trials", "folds", "metric"])]
    resume: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// Trials that are shown at the end.
const BEST_SHOWN: usize = 5;

impl Sweep {
    pub fn run(&self) -> Result<(), CliError> {
        let threads = self.threads.map_or_else(default_threads, usize::from);
        let (mut sweep, mut runner) = if self.resume { self.resumed(threads)? } else { self.begun(threads)? };
        runner.jobs = self.jobs.map_or(runner.jobs, usize::from);
        let before = sweep.records.iter().filter(|record| record.is_done()).count();
        note(format_args!(
            "{} trainings in {}, {} at a time{}",
            sweep.trainings(),
            sweep.folder().display(),
            runner.jobs,
            if before > 0 { format!("; {before} are done") } else { String::new() }
        ));
        let deadline = self.minutes.map(|minutes| Duration::try_from_secs_f64(minutes * 60.0));
        let deadline = deadline.transpose().map_err(|_| CliError::Usage("--minutes: is no duration".to_owned()))?;
        let deadline = deadline.and_then(|time| Instant::now().checked_add(time));
        let (control, mut said) = (Control::new(on_interrupt()), Ok(()));
        let done = sweep.run(&runner, &control, deadline, |sweep, record| {
            if said.is_ok() {
                said = self.tell(sweep, record);
            }
            if said.is_err() {
                control.stop();
            }
        });
        said?;
        let place = sweep.folder().display().to_string();
        if control.is_stopped() {
            note(format_args!("`backprop sweep {place} --resume` goes on"));
        }
        done?;
        self.tell_end(&sweep)
    }

    fn begun(&self, threads: usize) -> Result<(search::Sweep, TrialRunner), CliError> {
        let project = super::new::find(&self.project)?;
        refuse_generator(&project, &self.project, "only networks that predict can be searched for")?;
        let dataset = super::load_data(&project, &self.project)?;
        let metric = match &self.metric {
            Some(metric) => metric.strip_prefix("validation_").unwrap_or(metric).to_owned(),
            None => project.head(Some(&dataset)).headline().first().map_or("loss", |metric| metric.key).to_owned(),
        };
        let plan = SweepPlan {
            version: SweepPlan::VERSION,
            data_folder: Project::folder_of(&self.project).map(Path::to_owned),
            space: self.set.clone(),
            method: self.search,
            trials: self.trials as usize,
            folds: self.folds.map(usize::from),
            metric,
            project,
        };
        // What is searched is checked before a folder is made.
        plan.check().map_err(|error| CliError::Usage(error.to_string()))?;
        let runner = trials::runner(&plan.project, &dataset, threads, "sweep")?;
        let folder = runner.folder.clone().unwrap_or_default();
        Ok((search::Sweep::begin(&folder, plan)?, runner))
    }

    fn resumed(&self, threads: usize) -> Result<(search::Sweep, TrialRunner), CliError> {
        let folder = PathBuf::from(&self.project);
        if !folder.join(PLAN).is_file() {
            return Err(CliError::Failed(format!(
                "{}: holds no search; --resume needs the folder of one",
                folder.display()
            )));
        }
        let plan = read_plan(&folder)?;
        let lookup = Lookup { folder: plan.data_folder.as_deref(), ..Lookup::default() };
        let dataset: std::sync::Arc<Dataset> = plan.project.data.load(&lookup)?.into();
        let runner = TrialRunner::new(&plan.project, dataset, Some(folder.clone()), threads);
        Ok((search::Sweep::resume(&folder)?, runner))
    }

    fn tell(&self, sweep: &search::Sweep, record: &TrialRecord) -> Result<(), CliError> {
        if self.json {
            return say(to_json("trial", record));
        }
        let is_best = sweep.best().is_some_and(|best| std::ptr::eq(best, record));
        let best = if is_best { ", the best so far" } else { "" };
        say(format_args!("trial {} {}: {}{best}", record.number, result_of(sweep, record), settings_of(record)))
    }

    fn tell_end(&self, sweep: &search::Sweep) -> Result<(), CliError> {
        let Some(best) = sweep.best() else {
            let why = sweep.records.iter().find(|record| !record.why.is_empty());
            let why = why.map_or_else(String::new, |record| format!(": {}", record.why));
            return Err(CliError::Failed(format!("no trial could be evaluated{why}")));
        };
        let place = sweep.folder().join(BEST);
        if self.json {
            let mut line = to_json("best", best);
            line["project"] = json!(place);
            return say(line);
        }
        let mut results: Vec<_> =
            sweep.records.iter().filter(|it| it.score.is_some() && it.until == best.until).collect();
        results.sort_by(|a, b| a.compare(b));
        say(format_args!(
            "\nThe best of {} trials by {} on the validation samples:",
            results.len(),
            named(sweep.metric())
        ))?;
        for record in results.iter().take(BEST_SHOWN) {
            say(format_args!("trial {:<5} {:20} {}", record.number, result_of(sweep, record), settings_of(record)))?;
        }
        note(format_args!(
            "the best project is {0}; the best of many is flattered by chance, `backprop train {0}` tests it",
            place.display()
        ));
        Ok(())
    }
}

/// "after 3 epochs accuracy 61.2 %"
fn result_of(sweep: &search::Sweep, record: &TrialRecord) -> String {
    let epochs =
        if sweep.plan.method == Method::Halving { format!("after {} epochs ", record.until) } else { String::new() };
    let figure = Figure { metric: sweep.metric(), value: record.score };
    match record.state {
        State::Running => format!("{epochs}not over"),
        State::Diverged => format!("{epochs}diverged"),
        State::Failed => format!("failed ({})", record.why),
        State::Done => {
            format!("{epochs}{} {}", named(figure.metric), figure_text(figure).unwrap_or_else(|| "-".to_owned()))
        }
    }
}

fn settings_of(record: &TrialRecord) -> String {
    record.settings.iter().map(|(key, value)| format!("{key} {value}")).collect::<Vec<_>>().join(", ")
}

fn to_json(event: &str, record: &TrialRecord) -> Value {
    let settings: Map<String, Value> =
        record.settings.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
    json!({
        "event": event, "trial": record.number, "epochs": record.until, "state": record.state,
        "score": record.score, "settings": settings, "metrics": record.metrics, "seconds": record.seconds,
    })
}
