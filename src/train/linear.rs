//! What a linear model reaches on the same training and test samples: logistic regression for classes, linear regression for
//! numbers. Both are a network of one Dense layer, so this engine trains them.

use std::sync::Arc;

use super::job::Job;
use super::metrics::Evaluation;
use super::protocol::{Event, Outcome, Reports, Start};
use super::run::Run;
use crate::data::dataset::Modality;
use crate::data::{Augment, Feature, Task};
use backprop_nn::layers::{Dense, Function};
use backprop_nn::{LayerSpec, LossSpec, ModelSpec, ScheduleSpec, Training};

/// Samples that it sees, over all epochs together.
const SHOWN: usize = 400_000;

/// Multiplications of a pass over all samples that nobody waits for.
const MOST: usize = 50_000_000;

/// The evaluation of a linear model on the test samples of a table; nothing where there are none, or where it would take
/// long.
pub fn linear(job: &Job) -> Option<Arc<Evaluation>> {
    let run = Run::start(Arc::new(model_of(job)?), Start::Running, Reports { snapshots: false }, || {}).ok()?;
    loop {
        match run.event() {
            Event::Done(Outcome::Finished(test)) => return test,
            Event::Done(_) => return None,
            _ => {}
        }
    }
}

/// What its result is called.
pub fn name(task: &Task) -> &'static str {
    if task.is_classification() { "logistic regression" } else { "linear regression" }
}

fn model_of(job: &Job) -> Option<Job> {
    let dataset = &job.dataset;
    let (outputs, samples) = (dataset.task.outputs(), job.split.train.len());
    let counts_words = |feature: &Feature| feature.words.is_some();
    let is_table = dataset.modality() == Modality::Table && !dataset.features.iter().any(counts_words);
    let is_quick = samples.saturating_mul(dataset.shape.len()).saturating_mul(outputs) <= MOST;
    let loss = match &dataset.task {
        Task::Classification { .. } => LossSpec::default(),
        Task::Regression { .. } => LossSpec::MeanSquaredError(Default::default()),
        Task::Reconstruction { .. } => return None,
    };
    if !is_table || !is_quick || dataset.test.is_empty() || job.adversary.is_some() {
        return None;
    }
    let layers = vec![LayerSpec::Dense(Dense::new(outputs, Function::Linear))];
    let network = ModelSpec { layers }.build(dataset.shape, outputs).ok()?;
    let training = Training {
        loss: loss.clone(),
        learning_rate: 0.01,
        batch: 64,
        epochs: (SHOWN / samples.max(1)).clamp(10, 300),
        schedule: ScheduleSpec::Cosine(Default::default()),
        seed: job.training.seed,
        ..Training::default()
    };
    Some(Job {
        network,
        dataset: Arc::clone(dataset),
        split: job.split.clone(),
        scaling: job.scaling.clone(),
        augment: Augment::default(),
        training,
        loss,
        adversary: None,
        weights: None,
        threads: job.threads,
    })
}
