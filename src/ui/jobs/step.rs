//! A step of training on a copy of the weights that are shown, taken apart.

use std::sync::Arc;

use super::derived::Query;
use crate::data::Dataset;
use crate::explain::step::{Setup, Step, Walk};
use crate::train::Checkpoint;
use crate::ui::state::trained_network::TrainedNetwork;
use backprop_nn::init::mix;
use backprop_nn::training::shuffle;
use backprop_nn::{LossSpec, ModelSpec, OptimizerSpec, Training};

/// The most numbers that the layers may give for the whole batch.
const NUMBERS: usize = 8 << 20;

/// The samples of the step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BatchChoice {
    /// The first batch of the first epoch.
    #[default]
    First,
    /// One sample alone, by its position.
    One(usize),
}

/// Asks for a step.
#[derive(Clone)]
pub struct StepQuery {
    /// The network that takes it.
    pub network: TrainedNetwork,
    /// Its layers.
    pub model: Arc<ModelSpec>,
    /// Its samples.
    pub dataset: Arc<Dataset>,
    /// How it is trained.
    pub training: Training,
    /// What the optimizer remembers at this moment, if that is known.
    pub checkpoint: Option<Arc<Checkpoint>>,
    /// The samples of the step.
    pub batch: BatchChoice,
    /// Which of them is followed.
    pub row: usize,
    /// Whether dropout and noise are on.
    pub is_random: bool,
}

impl PartialEq for StepQuery {
    fn eq(&self, other: &Self) -> bool {
        let step = |query: &Self| query.checkpoint.as_ref().map(|checkpoint| checkpoint.step);
        self.network == other.network
            && self.model == other.model
            && Arc::ptr_eq(&self.dataset, &other.dataset)
            && self.training == other.training
            && step(self) == step(other)
            && self.batch == other.batch
            && self.row == other.row
            && self.is_random == other.is_random
    }
}

/// A step, and what it was taken on.
pub struct StepTaken {
    /// All that it has computed.
    pub step: Step,
    /// The way through it.
    pub walk: Walk,
    /// The positions of its samples in the data.
    pub samples: Vec<u32>,
    /// Which of them is followed.
    pub row: usize,
    /// How many samples a batch of the run has, where fewer were taken to save memory.
    pub of: usize,
    /// What moves the weights.
    pub optimizer: OptimizerSpec,
    /// What the outputs are compared with them by.
    pub loss: LossSpec,
}

impl StepQuery {
    /// The samples of the step, and how many a batch of the run has.
    fn samples(&self) -> (Vec<u32>, usize) {
        if let BatchChoice::One(sample) = self.batch {
            return (vec![sample.min(self.dataset.train.len().saturating_sub(1)) as u32], 1);
        }
        let mut order = self.network.split(&self.dataset).train;
        if self.training.shuffle {
            shuffle(&mut order, self.training.seed, 1);
        }
        let of = self.training.batch.min(order.len());
        let input = self.network.trained().network.input();
        let numbers: usize = self.model.trace(input, 1).plans.iter().map(|plan| plan.output.len()).sum();
        order.truncate(of.min(NUMBERS / (2 * numbers).max(1)).max(1));
        (order, of)
    }

    /// The step of the run that would be next, η, and the optimizer.
    fn settings(&self) -> (u64, f32, OptimizerSpec) {
        let training = &self.training;
        let live = self.checkpoint.as_ref().map(|checkpoint| checkpoint.live());
        let (rate, optimizer) = match live {
            Some(live) => (live.learning_rate, live.optimizer),
            None => (training.learning_rate, training.optimizer.clone()),
        };
        let (taken, factor) = match &self.network {
            TrainedNetwork::Run(job, snapshot) => {
                let steps = (job.steps_per_epoch() * training.epochs).max(1);
                (snapshot.step, training.lr_factor((snapshot.step as f32 / steps as f32).min(1.0)))
            }
            TrainedNetwork::Folder(_) => (0, 1.0),
        };
        (taken + 1, rate * factor, optimizer)
    }
}

impl Query for StepQuery {
    type Answer = Option<StepTaken>;
    type Memory = ();
    const NAME: &'static str = "taking a step";
    /// Training goes on beside it.
    const SHARE: u32 = 20;

    fn answer(&self, (): &mut ()) -> Option<StepTaken> {
        let trained = self.network.trained();
        let (samples, of) = self.samples();
        if samples.is_empty() || self.dataset.train.is_empty() {
            return None;
        }
        let (number, learning_rate, optimizer) = self.settings();
        let mut inputs = vec![0.0; samples.len() * self.dataset.shape.len()];
        let mut targets = self.dataset.train.targets.buffer(samples.len());
        self.dataset.train.gather(trained.scaling, &samples, &mut inputs);
        self.dataset.train.gather_targets(trained.scaling, &samples, &mut targets);
        let memory = self.checkpoint.as_ref().and_then(|checkpoint| match &checkpoint.learner.updaters[..] {
            [updater] => Some(updater),
            _ => None,
        });
        let step = Step::take(&Setup {
            model: &self.model,
            weights: trained.weights,
            input: trained.network.input(),
            inputs: &inputs,
            targets: targets.first(samples.len()),
            loss: trained.loss,
            optimizer: &optimizer,
            regularization: &self.training.regularization,
            memory,
            learning_rate,
            seed: self.is_random.then(|| mix(self.training.seed, number)),
            sample: self.row.min(samples.len() - 1),
        });
        let step = step.ok()?;
        let walk = Walk::new(&step);
        Some(StepTaken {
            step,
            walk,
            row: self.row.min(samples.len() - 1),
            samples,
            of,
            optimizer,
            loss: trained.loss.clone(),
        })
    }

    fn may_show(&self, older: &Self) -> bool {
        self.network.is_same_network(&older.network)
    }
}
