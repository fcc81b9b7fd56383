//! The copy of a job that the checks of the network run: a few samples, and nothing that is random, or there to generalize.

use std::collections::HashSet;
use std::sync::Arc;

use super::duplicates::Input;
use crate::data::{Augment, Split, TargetBuffer, TargetData};
use crate::project::Project;
use crate::train::Job;
use backprop_nn::batch::shard_len;
use backprop_nn::field::Value;
use backprop_nn::loss::{ClassWeights, LossSum, MASKED};
use backprop_nn::optim::Regularization;
use backprop_nn::patience::EarlyStopping;
use backprop_nn::{Batch, LayerSpec, ModelSpec, Training, Weights, Workspace};

/// Samples of the copy.
pub const SAMPLES: usize = 32;

/// A job without dropout, noise, augmentation, penalties, weight decay, label smoothing and class weights, on a few distinct samples, of every
/// class as many as there are.
pub struct Plain {
    /// The job. All its training samples fit into one batch.
    pub job: Job,
    /// Its layers.
    pub model: ModelSpec,
    /// The weights before the first step.
    pub weights: Weights,
}

impl Plain {
    /// None for a generator, or if there are no samples.
    pub fn of(project: &Project, job: &Job) -> Option<Self> {
        let train = few(job);
        if job.adversary.is_some() || train.is_empty() {
            return None;
        }
        let model = ModelSpec { layers: project.model.layers.iter().map(plain_layer).collect() };
        let network = model.build(job.shape(), job.dataset.task.output()).ok()?;
        let mut loss = job.training.loss.clone();
        // A loss without label smoothing has nothing to set.
        let _ = loss.set("label_smoothing", Value::Real(0.0));
        if let Some(weights) = loss.class_weights_mut() {
            *weights = ClassWeights::Equal;
        }
        let mut optimizer = job.training.optimizer.clone();
        // Most optimizers have no decay of their own.
        let _ = optimizer.set("weight_decay", Value::Real(0.0));
        // Limits of the gradient stay, since they keep a network that needs them from diverging.
        let Regularization { clip_value, clip_norm, .. } = job.training.regularization;
        let regularization = Regularization { clip_value, clip_norm, ..Regularization::default() };
        let training = Training {
            loss: loss.clone(),
            optimizer,
            batch: train.len(),
            early_stopping: EarlyStopping::default(),
            regularization,
            ..job.training.clone()
        };
        let weights = job.initial_weights();
        let job = Job {
            network,
            dataset: Arc::clone(&job.dataset),
            split: Split { train, validation: Vec::new() },
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
        };
        Some(Self { job, model, weights })
    }

    /// The samples as the network reads them, `[samples, shape]`.
    pub fn inputs(&self) -> Vec<f32> {
        let Job { dataset, split, scaling, .. } = &self.job;
        let mut inputs = vec![0.0; split.train.len() * dataset.shape.len()];
        dataset.train.gather(scaling, &split.train, &mut inputs);
        inputs
    }
}

/// The layer with what it drops, adds or punishes turned off; its weights have the same places.
fn plain_layer(layer: &LayerSpec) -> LayerSpec {
    let mut layer = layer.clone();
    match &mut layer {
        LayerSpec::Dropout(layer) => layer.rate = 0.0,
        LayerSpec::SpatialDropout(layer) => layer.rate = 0.0,
        LayerSpec::GaussianNoise(layer) => layer.deviation = 0.0,
        _ => {}
    }
    for key in ["penalty.l1", "penalty.l2"] {
        // Most layers have none.
        let _ = layer.set(key, Value::Real(0.0));
    }
    if let Some(inside) = layer.inside_mut() {
        inside.iter_mut().for_each(|layer| *layer = plain_layer(layer));
    }
    layer
}

/// A few training samples with different inputs, since nobody can tell equal ones apart, dealt from the classes in turn.
fn few(job: &Job) -> Vec<u32> {
    let (samples, classes) = (&job.dataset.train, job.dataset.task.classes().len().max(1));
    let mut of_class = vec![Vec::new(); classes];
    for at in &job.split.train {
        if let Some(members) = of_class.get_mut(samples.class_of(*at as usize).unwrap_or(0)) {
            members.push(*at);
        }
    }
    // Twice as many as are needed, evenly spaced, for those that are left out.
    let chosen: Vec<Vec<u32>> = of_class.iter().map(|members| spread(members, 2 * SAMPLES)).collect();
    let dealt = (0..2 * SAMPLES).flat_map(|turn| chosen.iter().filter_map(move |members| members.get(turn).copied()));
    let mut seen = HashSet::new();
    dealt.filter(|at| seen.insert(Input::of(samples, *at))).take(SAMPLES).collect()
}

/// So many of a list, evenly spaced.
pub fn spread(list: &[u32], count: usize) -> Vec<u32> {
    let count = count.min(list.len());
    (0..count).map(|at| list[at * list.len() / count]).collect()
}

/// Passes of the first samples of the copy through its network and back, as in training.
pub struct Passes<'a> {
    plain: &'a Plain,
    batch: Batch,
    lanes: Vec<Lane>,
    /// What the loss is a mean of: samples, or the steps of them that are asked for.
    samples: usize,
}

struct Lane {
    at: Vec<u32>,
    targets: TargetBuffer,
    sums: Vec<LossSum>,
}

impl<'a> Passes<'a> {
    /// Of up to so many samples.
    pub fn new(plain: &'a Plain, samples: usize) -> Self {
        let Job { network, dataset, split, .. } = &plain.job;
        let at = &split.train[..samples.min(split.train.len())];
        let len = shard_len(at.len());
        let lane =
            |at: &[u32]| Lane { at: at.to_vec(), targets: dataset.train.targets.buffer(at.len()), sums: Vec::new() };
        let lanes: Vec<_> = at.chunks(len).map(lane).collect();
        let samples = match &dataset.train.targets {
            TargetData::Steps { steps, classes } => {
                let asked = at.iter().flat_map(|at| &classes[*at as usize * steps..][..*steps]);
                asked.filter(|class| **class != MASKED).count().max(1)
            }
            TargetData::Classes(_) | TargetData::Numbers { .. } | TargetData::Itself { .. } => at.len(),
        };
        Self { plain, batch: Batch::new(network, lanes.len(), len), lanes, samples }
    }

    /// The mean loss that is minimized, with these weights; where the last layer is the mean of members, that of the members.
    pub fn loss(&mut self, weights: &Weights) -> f64 {
        let Self { plain: Plain { job, .. }, batch, lanes, samples } = self;
        let scale = 1.0 / *samples as f32;
        let fill = |_: usize, lane: &mut Lane, shard: &mut Workspace| {
            lane.sums.clear();
            job.dataset.train.gather(&job.scaling, &lane.at, shard.input_mut(lane.at.len()));
            job.dataset.train.gather_targets(&job.scaling, &lane.at, &mut lane.targets);
        };
        let judge = |lane: &mut Lane, outputs: &[f32], grad: &mut [f32]| {
            let targets = lane.targets.first(lane.at.len());
            lane.sums.push(job.loss.value_and_grad(outputs, targets, scale, grad));
        };
        // Moving averages follow in a copy.
        job.network.learn(&mut weights.clone(), batch, lanes, job.training.seed, fill, judge);
        let of_lane = |lane: &Lane| -> f64 {
            // The mean of members is asked for last.
            let members = &lane.sums[..(lane.sums.len() - 1).max(1)];
            members.iter().map(|sum| sum.loss).sum::<f64>() / members.len() as f64
        };
        lanes.iter().map(of_lane).sum::<f64>() / *samples as f64
    }

    /// The gradient of that loss, after [`Self::loss`].
    pub fn gradient(&self) -> Vec<f32> {
        self.plain.job.network.gradient(self.batch.shards())
    }

    /// The mean loss where all outputs are `output` of the target number of each; of zero for classes.
    pub fn loss_of(&self, output: impl Fn(f32) -> f32) -> f64 {
        let Plain { job, .. } = self.plain;
        let width = job.network.output().len();
        let of_lane = |lane: &Lane| {
            let mut targets = job.dataset.train.targets.buffer(lane.at.len());
            job.dataset.train.gather_targets(&job.scaling, &lane.at, &mut targets);
            let outputs: Vec<f32> = match &targets {
                TargetBuffer::Classes { .. } => vec![0.0; lane.at.len() * width],
                TargetBuffer::Numbers { values, .. } => values.iter().map(|target| output(*target)).collect(),
            };
            job.loss.value(&outputs, targets.first(lane.at.len())).loss
        };
        self.lanes.iter().map(of_lane).sum::<f64>() / self.samples as f64
    }

    /// The lowest loss that there can be: that of outputs which are the targets. For pixels between black and white, that is more
    /// than zero with the binary cross-entropy.
    pub fn lowest(&self) -> f64 {
        match &self.plain.job.dataset.train.targets {
            TargetData::Classes(_) => 0.0,
            _ if self.plain.job.loss.takes_only_shares() => self.loss_of(|share| {
                let share = share.clamp(1e-6, 1.0 - 1e-6);
                (share / (1.0 - share)).ln()
            }),
            TargetData::Numbers { .. } | TargetData::Itself { .. } | TargetData::Steps { .. } => 0.0,
        }
    }
}
