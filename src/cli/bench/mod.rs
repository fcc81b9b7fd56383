//! `backprop bench`: the figures that the README shows. THE LIST of figures is [`Figure`]; each is one file.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Instant;

use clap::{Args, ValueEnum};
use rand::Rng as _;
use rayon::ThreadPool;
use serde::Serialize;
use serde_json::{Value, json};

use super::{CliError, say};
use crate::data::sources::digits::SIDE;
use crate::data::{DEFAULT_SOURCE, Dataset, Samples, numbered_classes};
use crate::project::{Project, presets};
use crate::train::{EpochStat, Event, Job, Outcome, Reports, Run, Start, default_threads};
use backprop_nn::Shape;
use backprop_nn::init::stream;

mod accuracy;
mod drawing;
mod evaluation;
mod growth;
mod layers;
mod memory;
mod rate;
mod start;
mod threads;

/// Measure speed, memory and time to accuracy
#[derive(Debug, Args)]
pub struct Bench {
    /// Presets to measure [default: all that classify images]; for rate, inference and layers also project files and other presets, on the data
    /// that they name
    workload: Vec<String>,
    /// What to measure, several joined by commas
    #[arg(long, value_name = "FIGURE", value_enum, value_delimiter = ',', default_value = "rate")]
    measure: Vec<Figure>,
    /// Samples for evaluation, accuracy and memory: digits, idx:DIR, or several joined by +
    #[arg(long, value_name = "SOURCE", default_value = DEFAULT_SOURCE)]
    data: String,
    /// Threads that share a step [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Samples per step
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=4096))]
    batch: u32,
    /// Time per figure and workload, where the figure is a matter of time
    #[arg(long, value_name = "S", default_value = "4", value_parser = positive)]
    seconds: f64,
    /// Trainings for accuracy, each with a seed of its own; the median counts
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    runs: u16,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// THE LIST of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Figure {
    /// Training samples per second
    Rate,
    /// Samples per second of the forward pass alone, on inputs that lie ready
    Inference,
    /// Time of each layer in a step, with its parameters, multiply-adds and memory
    Layers,
    /// Time per step at 1, 2, 4 and 8 threads, and whether the losses stay the same to the bit
    Threads,
    /// Time for 1, 2 and 4 times the samples and the layers; speed and memory over 100 epochs
    Growth,
    /// Time to read one drawing on one thread
    Drawing,
    /// Test samples read per second
    Evaluation,
    /// Time to 98 % and 99 % on the test samples with the preset's settings, on all training samples
    Accuracy,
    /// The most memory of a process that trains one epoch and reads the test samples (Linux)
    Memory,
    /// Time of a whole `backprop presets`
    Start,
    /// All of these
    All,
}

fn positive(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| *seconds > 0.0 && seconds.is_finite());
    seconds.ok_or_else(|| "expected a number above 0".to_owned())
}

impl Bench {
    /// Measures the workloads that there are, then names those that there are not.
    pub fn run(&self) -> Result<(), CliError> {
        let asked: Vec<&str> = match self.workload.is_empty() {
            true => presets::image_readers(),
            false => self.workload.iter().map(String::as_str).collect(),
        };
        let (known, unknown): (Vec<&str>, Vec<&str>) = asked.iter().partition(|name| self.knows(name));
        if !known.is_empty() {
            let figures = match self.measure.contains(&Figure::All) {
                true => Figure::value_variants(),
                false => &self.measure,
            };
            figures.iter().try_for_each(|figure| self.measure(*figure, &known))?;
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let (unknown, presets) = (unknown.join(", "), presets::image_readers().join(", "));
        Err(CliError::Usage(format!("no workload {unknown}; there are {presets}")))
    }

    /// Whether there is something to measure by this name: most figures are of images.
    fn knows(&self, name: &str) -> bool {
        let takes_any =
            self.measure.iter().all(|figure| matches!(figure, Figure::Rate | Figure::Inference | Figure::Layers));
        presets::image_readers().contains(&name) || takes_any && Project::find(name).is_ok()
    }

    fn measure(&self, figure: Figure, workloads: &[&str]) -> Result<(), CliError> {
        match figure {
            Figure::Rate | Figure::Inference => rate::run(self, figure, workloads),
            Figure::Layers => layers::run(self, workloads),
            Figure::Threads => threads::run(self, workloads),
            Figure::Growth => growth::run(self, workloads),
            Figure::Drawing => drawing::run(self, workloads),
            Figure::Evaluation => evaluation::run(self, workloads),
            Figure::Accuracy => accuracy::run(self, workloads),
            Figure::Memory => memory::run(self, workloads),
            Figure::Start => start::run(self),
            Figure::All => Ok(()),
        }
    }

    fn threads(&self) -> usize {
        self.threads.map_or_else(default_threads, usize::from)
    }

    /// A project as it is measured: with the batch asked for, and on all training samples.
    fn job(&self, mut project: Project, dataset: &Arc<Dataset>) -> Result<Job, CliError> {
        project.training.batch = self.batch as usize;
        project.data.validation = 0.0;
        let dataset = match project.data.is_other_task(&dataset.task) {
            true => Arc::new(project.data.asked_of(Dataset::clone(dataset))?),
            false => Arc::clone(dataset),
        };
        Ok(project.job(dataset, self.threads())?)
    }

    /// One result: `row` for scripts or `line` for people.
    fn tell(&self, figure: Figure, mut row: Value, line: impl Display) -> Result<(), CliError> {
        if !self.json {
            return say(line);
        }
        if let Some(fields) = row.as_object_mut() {
            fields.insert("peer".to_owned(), json!("backprop"));
            fields.insert("measure".to_owned(), json!(figure));
        }
        say(row)
    }
}

fn pool(threads: usize) -> Result<ThreadPool, CliError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| CliError::Failed(format!("the threads could not be started: {error}")))
}

/// The shortest time in seconds of each of `count` tasks. They are run in turn, again and again, so that whatever else
/// the machine does slows none of them alone; the first turn warms up.
fn fastest(seconds: f64, count: usize, mut task: impl FnMut(usize)) -> Vec<f64> {
    (0..count).for_each(&mut task);
    let (begun, mut shortest) = (Instant::now(), vec![f64::INFINITY; count]);
    loop {
        for (at, shortest) in shortest.iter_mut().enumerate() {
            let started = Instant::now();
            task(at);
            *shortest = shortest.min(started.elapsed().as_secs_f64());
        }
        if begun.elapsed().as_secs_f64() > seconds {
            return shortest;
        }
    }
}

/// Trains as `backprop train` does, to the end, and hands over every epoch.
fn follow(job: Job, mut epoch: impl FnMut(&EpochStat)) -> Result<(), CliError> {
    let run = Run::start(Arc::new(job), Start::Running, Reports { snapshots: false, ..Reports::default() }, || {});
    let run = run.map_err(|error| CliError::Failed(format!("the training thread could not be started: {error}")))?;
    loop {
        match run.event() {
            Event::Epoch(stat) => epoch(&stat),
            Event::Done(Outcome::Finished(_)) => return Ok(()),
            Event::Done(Outcome::Stopped) => return Err(CliError::Failed("the training was stopped".to_owned())),
            Event::Done(Outcome::Diverged(divergence)) => return Err(CliError::Diverged(divergence.to_string())),
            Event::Done(Outcome::Failed(message)) => return Err(CliError::Failed(message)),
            Event::Steps(_)
            | Event::Layers(_)
            | Event::Weights(_)
            | Event::Checkpoint(_)
            | Event::Changed(_)
            | Event::Paused
            | Event::Resumed
            | Event::Best(_) => {}
        }
    }
}

/// Samples of [`noise`].
const SAMPLES: usize = 12_800;

/// 28×28 images in memory, for speed, which does not depend on the pixels.
fn noise() -> Arc<Dataset> {
    let mut rng = stream(0, 0);
    let mut pixels = vec![0; SAMPLES * SIDE * SIDE];
    rng.fill_bytes(&mut pixels);
    let train = Samples::images(pixels, (0..SAMPLES).map(|at| (at % 10) as u16));
    let shape = Shape::image(SIDE, SIDE, 1);
    Arc::new(Dataset::images("noise", shape, numbered_classes(10), train, Samples::default()))
}
