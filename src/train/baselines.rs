//! What other models reach on the same training and test samples, to stand beside the network's result: of a table logistic or
//! linear regression, which is a network of one Dense layer, and a decision tree; of a text n-grams.

use std::sync::Arc;

use super::job::{CHUNK, Job};
use super::metrics::Evaluation;
use super::ngram::ngram;
use super::protocol::{Event, Outcome, Reports, Start};
use super::run::Run;
use super::tally::Tally;
use super::tree::{Limits, Tree, Truth};
use crate::data::dataset::Modality;
use crate::data::{Augment, Feature, TargetData, Task};
use backprop_nn::layers::{Dense, Function};
use backprop_nn::{LayerSpec, LossSpec, ModelSpec, ScheduleSpec, Training};

/// Another model and what it reaches on the test samples.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// What it is called: "decision tree".
    pub name: &'static str,
    /// What it reaches.
    pub evaluation: Arc<Evaluation>,
}

/// Samples that the linear model sees, over all epochs together.
const SHOWN: usize = 400_000;

/// Multiplications of a pass over all samples that nobody waits for.
const MOST: usize = 50_000_000;

/// A tree that one can still read, with leaves that are no single samples.
const LIMITS: Limits = Limits { depth: 6, leaf: 5 };

/// Numbers of all samples together that a tree sorts while nobody waits.
const MOST_SORTED: usize = 10_000_000;

/// The models that learn a table or count a text quickly; none where there are no test samples, or where it would take long.
pub fn baselines(job: &Job) -> Vec<Baseline> {
    if job.dataset.modality() == Modality::Text {
        let of =
            |(order, name): (usize, &'static str)| Some(Baseline { name, evaluation: Arc::new(ngram(job, order)?) });
        return [(1, "unigram"), (2, "bigram"), (3, "trigram"), (5, "5-gram")].into_iter().filter_map(of).collect();
    }
    let Some(linear) = model_of(job) else { return Vec::new() };
    let linear = Arc::new(linear);
    let is_quick = job.split.train.len().saturating_mul(job.dataset.shape.len()) <= MOST_SORTED;
    let tree = if is_quick { tree(&linear) } else { None };
    let tree = tree.map(|evaluation| Baseline { name: "decision tree", evaluation: Arc::new(evaluation) });
    let name = if job.dataset.task.is_classification() { "logistic regression" } else { "linear regression" };
    let linear = trained(linear).map(|evaluation| Baseline { name, evaluation });
    linear.into_iter().chain(tree).collect()
}

fn trained(job: Arc<Job>) -> Option<Arc<Evaluation>> {
    let run = Run::start(job, Start::Running, Reports { snapshots: false, ..Reports::default() }, || {}).ok()?;
    loop {
        match run.event() {
            Event::Done(Outcome::Finished(test)) => return test,
            Event::Done(_) => return None,
            _ => {}
        }
    }
}

/// A tree, or one for each target number, and its outputs as a network would give them.
fn tree(job: &Job) -> Option<Evaluation> {
    let (dataset, scaling, features) = (&job.dataset, &job.scaling, job.dataset.shape.len());
    let train = &job.split.train;
    let mut rows = vec![0.0; train.len() * features];
    dataset.train.gather(scaling, train, &mut rows);
    let outputs = dataset.task.outputs();
    let trees: Option<Vec<Tree>> = match &dataset.train.targets {
        TargetData::Classes(classes) => {
            let of: Vec<u16> = train.iter().map(|at| classes[*at as usize]).collect();
            Tree::grow(rows, features, Truth::Classes { of: &of, count: outputs }, LIMITS).map(|tree| vec![tree])
        }
        TargetData::Numbers { width, values } => {
            let mut standard = vec![0.0; train.len() * width];
            for (at, standard) in train.iter().zip(standard.chunks_exact_mut(*width)) {
                scaling.targets.apply(&values[*at as usize * width..][..*width], standard);
            }
            let of = |target: usize| -> Vec<f64> {
                standard.iter().skip(target).step_by(*width).copied().map(f64::from).collect()
            };
            let tree = |target| Tree::grow(rows.clone(), features, Truth::Numbers(&of(target)), LIMITS);
            (0..*width).map(tree).collect()
        }
        TargetData::Itself { .. } | TargetData::Steps { .. } => None,
    };
    let trees = trees?;
    let at: Vec<u32> = (0..dataset.test.len() as u32).collect();
    let mut tally = Tally::new(job, &dataset.test, at.len(), CHUNK);
    let mut rows = vec![0.0; CHUNK * features];
    for at in at.chunks(CHUNK) {
        let rows = &mut rows[..at.len() * features];
        dataset.test.gather(scaling, at, rows);
        let mut answers = vec![0.0; at.len() * outputs];
        let width = outputs / trees.len();
        for (first, tree) in (0..outputs).step_by(width).zip(&trees) {
            let predicted = tree.predict(rows)?;
            for (answer, predicted) in answers.chunks_exact_mut(outputs).zip(predicted.chunks_exact(width)) {
                answer[first..first + width].copy_from_slice(predicted);
            }
        }
        if dataset.task.is_classification() {
            // The loss makes probabilities of these.
            answers.iter_mut().for_each(|share| *share = share.max(LEAST).ln());
        }
        tally.add(at, &mut answers);
    }
    Some(tally.finish())
}

/// A probability that still has a logarithm.
const LEAST: f32 = 1e-7;

fn model_of(job: &Job) -> Option<Job> {
    let dataset = &job.dataset;
    let (outputs, samples) = (dataset.task.outputs(), job.split.train.len());
    let counts_words = |feature: &Feature| feature.words.is_some();
    let is_table = dataset.modality() == Modality::Table && !dataset.features.iter().any(counts_words);
    let is_quick = samples.saturating_mul(dataset.shape.len()).saturating_mul(outputs) <= MOST;
    let loss = match &dataset.task {
        Task::Classification { .. } => LossSpec::default(),
        Task::Regression { .. } => LossSpec::MeanSquaredError(Default::default()),
        Task::Reconstruction { .. } | Task::NextToken { .. } => return None,
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
        origin: None,
        teacher: None,
        checkpoint: None,
        stop_after: None,
        changes: Vec::new(),
        threads: job.threads,
    })
}
