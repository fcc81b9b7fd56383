//! How long a preset trains until it reads the test samples well. They are only watched here: nothing is chosen by
//! them, and the run goes on to its last epoch whatever they say.

use std::sync::Arc;

use serde_json::json;

use super::{Bench, Figure, follow};
use crate::cli::CliError;
use crate::cli::terminal;
use crate::data::{Dataset, Split};
use crate::project::Project;
use crate::train::Job;

/// In per cent.
const TARGETS: [f32; 2] = [98.0, 99.0];

/// The state after an epoch, counted from the start of the run.
struct Reached {
    epoch: u32,
    accuracy: f32,
    /// Training alone.
    training: f64,
    /// Training, and the test samples read after every epoch.
    total: f64,
}

pub fn run(bench: &Bench, workloads: &[&str]) -> Result<(), CliError> {
    let mut dataset = Dataset::read(&bench.data)?;
    // A run reads its validation samples after every epoch: for once, the test samples take their place.
    let (train, test) = (dataset.train.len() as u32, std::mem::take(&mut dataset.test));
    dataset.train.append(test);
    let all = dataset.train.len() as u32;
    let dataset = Arc::new(dataset);
    for name in workloads {
        let mut runs = Vec::new();
        for run in 0..bench.runs {
            let mut project = Project::find(name)?;
            project.training.seed += u64::from(run);
            let mut job = bench.job(project, &dataset)?;
            job.split = Split { train: (0..train).collect(), validation: (train..all).collect() };
            runs.push(watch(job)?);
        }
        tell(bench, name, &dataset.name, &runs)?;
    }
    Ok(())
}

/// Trains to the last epoch and tells the state after each.
fn watch(job: Job) -> Result<Vec<Reached>, CliError> {
    let samples = job.split.train.len() as f64;
    let mut epochs: Vec<Reached> = Vec::new();
    follow(job, |stat| {
        let (training, total) = epochs.last().map_or((0.0, 0.0), |last| (last.training, last.total));
        epochs.push(Reached {
            epoch: stat.epoch,
            accuracy: stat.validation.as_ref().and_then(|test| test.accuracy()).unwrap_or_default(),
            training: training + samples / stat.samples_per_s,
            total: total + stat.seconds,
        });
    })?;
    Ok(epochs)
}

fn tell(bench: &Bench, name: &str, data: &str, runs: &[Vec<Reached>]) -> Result<(), CliError> {
    let (threads, batch, count) = (bench.threads(), bench.batch, runs.len());
    let (mut rows, mut words) = (Vec::new(), String::new());
    for percent in TARGETS {
        let mut reached: Vec<_> =
            runs.iter().filter_map(|run| run.iter().find(|epoch| epoch.accuracy * 100.0 >= percent)).collect();
        reached.sort_by(|a, b| a.training.total_cmp(&b.training));
        // A run that did not get there took longer than all that did.
        let median = reached.get(count / 2);
        rows.push(json!({
            "percent": percent,
            "runs": reached.len(),
            "epoch": median.map(|median| median.epoch),
            "training_seconds": median.map(|median| median.training),
            "seconds": median.map(|median| median.total),
        }));
        words += &format!("{percent} % in {} of {count} runs", reached.len());
        words += &match median {
            Some(Reached { epoch, training, total, .. }) => {
                format!(", after epoch {epoch}, {training:.2} s of training ({total:.2} s with tests); ")
            }
            None => "; ".to_owned(),
        };
    }
    let mut last: Vec<f32> = runs.iter().filter_map(|run| Some(run.last()?.accuracy)).collect();
    last.sort_by(f32::total_cmp);
    let last = last.get(count / 2).copied().unwrap_or_default();
    bench.tell(
        Figure::Accuracy,
        json!({
            "workload": name, "data": data, "threads": threads, "batch": batch, "runs": count, "reached": rows,
            "last_accuracy": last,
        }),
        format_args!(
            "{name:10} on the test samples of {data}: {words}{} at the end, {threads} threads, batch {batch}",
            terminal::percent(last)
        ),
    )
}
