use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use rand::Rng as _;
use serde_json::json;

use super::terminal::grouped;
use super::{CliError, say};
use crate::data::{Dataset, Samples, digits::SIDE};
use crate::nn::Shape;
use crate::nn::init::stream;
use crate::project::{Project, presets};
use crate::train::{Job, default_threads, step::Trainer};

#[derive(Debug, Args)]
pub struct Bench {
    /// Presets to measure [default: all]
    workload: Vec<String>,
    /// Threads that share a step [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    #[arg(long, value_name = "N", default_value_t = 128, value_parser = clap::value_parser!(u32).range(1..=4096))]
    batch: u32,
    /// Time per workload
    #[arg(long, value_name = "S", default_value = "4", value_parser = positive)]
    seconds: f64,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

fn positive(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| *seconds > 0.0 && seconds.is_finite());
    seconds.ok_or_else(|| "expected a number above 0".to_owned())
}

/// Samples to draw the batches from.
const SAMPLES: usize = 12_800;

impl Bench {
    /// Whole training steps: batch gathered, forward, backward, update, on 28×28 inputs in memory.
    pub fn run(&self) -> Result<(), CliError> {
        let threads = self.threads.map_or_else(default_threads, usize::from);
        let names: Vec<&str> = match self.workload.is_empty() {
            true => presets::names(),
            false => self.workload.iter().map(String::as_str).collect(),
        };
        let (known, unknown): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| presets::names().contains(name));
        let dataset = Arc::new(noise());
        for name in known {
            let mut project = Project::find(name)?;
            project.training.batch = self.batch as usize;
            project.data.validation = 0.0;
            let job = project.job(Arc::clone(&dataset), threads)?;
            let rate = measure(&job, self.seconds)?;
            if self.json {
                say(
                    json!({ "peer": "backprop", "workload": name, "threads": threads, "batch": self.batch, "samples_per_s": rate.round() }),
                )?;
            } else {
                say(format_args!(
                    "{name:10} {:>9} samples/s, {threads} threads, batch {}",
                    grouped(rate as usize),
                    self.batch
                ))?;
            }
        }
        match unknown[..] {
            [] => Ok(()),
            _ => Err(CliError::Usage(format!(
                "no workload {}; there are {}",
                unknown.join(", "),
                presets::names().join(", ")
            ))),
        }
    }
}

/// Samples per second: the better of two halves, after a warm-up.
fn measure(job: &Job, seconds: f64) -> Result<f64, CliError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(job.threads).build();
    let pool = pool.map_err(|error| CliError::Failed(format!("the threads could not be started: {error}")))?;
    Ok(pool.install(|| {
        let mut trainer = Trainer::new(job, job.initial_weights());
        let mut step = 0;
        let mut half = |seconds: f64| {
            let (started, mut samples) = (Instant::now(), 0);
            loop {
                for batch in job.split.train.chunks_exact(job.training.batch) {
                    step += 1;
                    trainer.step(batch, job.training.learning_rate, step, 1);
                    samples += batch.len();
                    if started.elapsed().as_secs_f64() > seconds {
                        return samples as f64 / started.elapsed().as_secs_f64();
                    }
                }
            }
        };
        half(seconds / 4.0);
        half(seconds / 2.0).max(half(seconds / 2.0))
    }))
}

/// Throughput does not depend on the pixels.
fn noise() -> Dataset {
    let mut rng = stream(0, 0);
    let mut pixels = vec![0; SAMPLES * SIDE * SIDE];
    rng.fill_bytes(&mut pixels);
    let labels = (0..SAMPLES).map(|at| (at % 10) as u8).collect();
    Dataset {
        name: "noise".to_owned(),
        shape: Shape::image(SIDE, SIDE, 1),
        classes: (0..10).map(|class| class.to_string()).collect(),
        train: Samples { pixels, labels },
        test: Samples::default(),
    }
}
