//! Whole training steps: batch gathered, forward, backward, update; or the forward pass alone, as it predicts.

use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;
use serde_json::json;

use super::{Bench, Figure, noise, pool};
use crate::cli::terminal::grouped;
use crate::cli::{CliError, load_data};
use crate::data::DEFAULT_SOURCE;
use crate::project::Project;
use crate::train::Job;
use crate::train::learner::Step;

pub fn run(bench: &Bench, figure: Figure, workloads: &[&str]) -> Result<(), CliError> {
    let (noise, pool) = (noise(), pool(bench.threads())?);
    for name in workloads {
        let project = Project::find(name)?;
        // The speed does not depend on the pixels.
        let dataset = match project.data.source.to_string().starts_with(DEFAULT_SOURCE) {
            true => Arc::clone(&noise),
            false => load_data(&project, name)?,
        };
        let job = bench.job(project, &dataset)?;
        let rate = pool.install(|| match figure {
            Figure::Inference => predictions_per_s(&job, bench.seconds),
            _ => samples_per_s(&job, bench.seconds),
        });
        let (threads, batch) = (job.threads, job.batch());
        bench.tell(
            figure,
            json!({
                "workload": name,
                "threads": threads,
                "batch": batch,
                "samples_per_s": rate.round(),
                "input": dataset.shape.dims(),
                "outputs": dataset.task.outputs(),
                "samples": job.split.train.len(),
            }),
            format_args!("{name:10} {:>9} samples/s, {threads} threads, batch {batch}", grouped(rate as usize)),
        )?;
    }
    Ok(())
}

/// The forward pass of a batch whose parts lie ready, one for each thread; the better of two halves, after a warm-up.
fn predictions_per_s(job: &Job, seconds: f64) -> f64 {
    let weights = job.initial_weights();
    let batch = &job.split.train[..job.batch().min(job.split.train.len())];
    let part = batch.len().div_ceil(job.threads);
    let workspace = |at: &[u32]| {
        let mut workspace = job.network.inference_workspace(part);
        job.dataset.train.gather(&job.scaling, at, workspace.input_mut(at.len()));
        workspace
    };
    let mut workspaces: Vec<_> = batch.chunks(part).map(workspace).collect();
    let mut half = |seconds: f64| {
        let (started, mut samples) = (Instant::now(), 0);
        while started.elapsed().as_secs_f64() < seconds {
            workspaces.par_iter_mut().for_each(|workspace| job.network.infer(&weights, workspace));
            samples += batch.len();
        }
        samples as f64 / started.elapsed().as_secs_f64()
    };
    half(seconds / 4.0);
    half(seconds / 2.0).max(half(seconds / 2.0))
}

/// The better of two halves, after a warm-up.
fn samples_per_s(job: &Job, seconds: f64) -> f64 {
    let mut learner = job.learner();
    let mut step = 0;
    let mut half = |seconds: f64| {
        let (started, mut samples) = (Instant::now(), 0);
        loop {
            for batch in job.split.train.chunks_exact(job.samples_per_step().min(job.split.train.len())) {
                step += 1;
                learner.step(batch, Step::new(step, job.training.learning_rate));
                samples += batch.len();
                if started.elapsed().as_secs_f64() > seconds {
                    return samples as f64 / started.elapsed().as_secs_f64();
                }
            }
        }
    };
    half(seconds / 4.0);
    half(seconds / 2.0).max(half(seconds / 2.0))
}
