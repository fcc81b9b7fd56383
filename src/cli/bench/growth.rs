//! How the cost grows: with the samples of an epoch, with the layers, and over a long run.

use std::sync::Arc;

use serde_json::json;

use super::memory::resident;
use super::{Bench, Figure, SAMPLES, fastest, follow, noise, pool};
use crate::cli::CliError;
use crate::cli::terminal::grouped;
use crate::data::Dataset;
use crate::project::Project;
use crate::train::Job;
use crate::train::learner::{Step, Trainer};
use backprop_nn::layers::{Conv2d, Dense, Flatten, Function, Padding};
use backprop_nn::training::shuffle;
use backprop_nn::{LayerSpec, ModelSpec};

pub fn run(bench: &Bench, workloads: &[&str]) -> Result<(), CliError> {
    let dataset = noise();
    workloads.iter().try_for_each(|name| samples(bench, name, &dataset))?;
    layers(bench, "dense-512", dense_stack, &dataset)?;
    layers(bench, "conv-16", conv_stack, &dataset)?;
    workloads.iter().try_for_each(|name| epochs(bench, name, &dataset))
}

/// An epoch of a quarter, a half and all of the samples.
fn samples(bench: &Bench, name: &str, dataset: &Arc<Dataset>) -> Result<(), CliError> {
    let job = bench.job(Project::find(name)?, dataset)?;
    let sizes = [SAMPLES / 4, SAMPLES / 2, SAMPLES];
    let mut trainer = Trainer::new(&job, job.initial_weights());
    let mut order = job.split.train.clone();
    let times = pool(job.threads)?.install(|| {
        fastest(bench.seconds, sizes.len(), |at| {
            let order = &mut order[..sizes[at]];
            shuffle(order, 0, 1);
            steps(&job, &mut trainer, order);
        })
    });
    let ms: Vec<f64> = times.iter().map(|time| time * 1e3).collect();
    tell(bench, name, "samples", &sizes, &ms, "samples take")
}

fn dense_stack(count: usize) -> Vec<LayerSpec> {
    let layer = Dense::new(512, Function::Relu);
    [vec![Flatten {}.into()], vec![layer.into(); count], vec![Dense::new(10, Function::Linear).into()]].concat()
}

fn conv_stack(count: usize) -> Vec<LayerSpec> {
    let layer = Conv2d { filters: 16, padding: Padding::Same, ..Conv2d::default() };
    [vec![layer.into(); count], vec![Flatten {}.into(), Dense::new(10, Function::Linear).into()]].concat()
}

/// Steps that are timed at once to compare depths.
const STEPS: usize = 3;

/// What 1, 2 and 4 further layers add to a step. The first of a stack is not counted: it sees the pixels, not a layer
/// like itself.
fn layers(
    bench: &Bench,
    name: &str,
    stack: fn(usize) -> Vec<LayerSpec>,
    dataset: &Arc<Dataset>,
) -> Result<(), CliError> {
    let counts = [1, 2, 4];
    let job = |further: &usize| {
        let model = ModelSpec { layers: stack(1 + further) };
        bench.job(Project { model, ..Project::default() }, dataset)
    };
    let jobs = [0].iter().chain(&counts).map(job).collect::<Result<Vec<_>, _>>()?;
    let mut trainers: Vec<_> = jobs.iter().map(|job| Trainer::new(job, job.initial_weights())).collect();
    let times = pool(bench.threads())?.install(|| {
        fastest(bench.seconds, jobs.len(), |at| {
            steps(&jobs[at], &mut trainers[at], &jobs[at].split.train[..STEPS * bench.batch as usize]);
        })
    });
    let ms: Vec<f64> = times[1..].iter().map(|time| (time - times[0]) * 1e3 / STEPS as f64).collect();
    tell(bench, name, "layers", &counts, &ms, "further layers add to a step")
}

fn steps(job: &Job, trainer: &mut Trainer<'_>, samples: &[u32]) {
    for (step, batch) in (1..).zip(samples.chunks(job.training.batch)) {
        trainer.step(batch, Step::new(step, job.training.learning_rate));
    }
}

fn tell(bench: &Bench, name: &str, of: &str, sizes: &[usize], ms: &[f64], what: &str) -> Result<(), CliError> {
    let ratios: Vec<f64> = ms.iter().map(|time| time / ms[0]).collect();
    let list = |texts: Vec<String>| texts.join(", ");
    let line = format!(
        "{name:10} {} {what} {} ms: {}",
        list(sizes.iter().map(|size| grouped(*size)).collect()),
        list(ms.iter().map(|time| format!("{time:.3}")).collect()),
        list(ratios.iter().map(|ratio| format!("×{ratio:.2}")).collect()),
    );
    let (threads, batch) = (bench.threads(), bench.batch);
    let row = json!({
        "workload": name, "threads": threads, "batch": batch, "of": of, "sizes": sizes, "ms": ms, "ratios": ratios,
    });
    bench.tell(Figure::Growth, row, format_args!("{line}, {threads} threads, batch {batch}"))
}

/// Enough to show a leak or a list that is walked again and again.
const EPOCHS: usize = 100;

/// Steps of such an epoch.
const SHORT: usize = 10;

/// Epochs at either end of the run, the fastest of which speaks for it.
const END: usize = 10;

/// A long run of short epochs: its speed and its memory at the beginning and at the end.
fn epochs(bench: &Bench, name: &str, dataset: &Arc<Dataset>) -> Result<(), CliError> {
    let mut job = bench.job(Project::find(name)?, dataset)?;
    let samples = (SHORT * bench.batch as usize).min(SAMPLES);
    job.split.train.truncate(samples);
    job.training.epochs = EPOCHS;
    let (mut rates, mut memory) = (Vec::new(), Vec::new());
    follow(job, |stat| {
        rates.push(stat.samples_per_s);
        memory.push(resident());
    })?;
    let [first, last] = [&rates[..END], &rates[EPOCHS - END..]].map(|end| end.iter().copied().fold(0.0, f64::max));
    let [memory_first, memory_last] = [memory[0], memory[EPOCHS - 1]];
    let megabytes = |bytes: Option<u64>| bytes.map_or("?".to_owned(), |bytes| format!("{:.1}", bytes as f64 / 1e6));
    let (threads, batch) = (bench.threads(), bench.batch);
    bench.tell(
        Figure::Growth,
        json!({
            "workload": name, "threads": threads, "batch": batch, "of": "epochs", "samples": samples, "epochs": EPOCHS,
            "first_samples_per_s": first, "last_samples_per_s": last, "ratio": last / first,
            "first_resident_bytes": memory_first, "last_resident_bytes": memory_last,
        }),
        format_args!(
            "{name:10} {EPOCHS} epochs of {} samples: {} samples/s in the first {END}, {} in the last: ×{:.2}; {} MB after the first, {} MB after the last, {threads} threads, batch {batch}",
            grouped(samples), grouped(first as usize), grouped(last as usize), last / first,
            megabytes(memory_first), megabytes(memory_last),
        ),
    )
}
