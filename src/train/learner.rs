//! The training step of a run: gather a batch, forward, backward, update, shared among the threads of the current rayon
//! pool.

use std::ops::Range;
use std::sync::Arc;

use super::gan::GanLearner;
use super::job::Job;
use super::metrics::StepSum;
use super::teacher::Answers;
use crate::data::augment::blend_pairs;
use crate::data::batches::Augmenter;
use crate::data::{TargetBuffer, TargetData};
use backprop_nn::batch::shard_len;
use backprop_nn::init::{mix, stream};
use backprop_nn::loss::{Blend, LossSum};
use backprop_nn::network::NotFinite;
use backprop_nn::optim::{StepNorms, Updater, UpdaterState};
use backprop_nn::{Batch, Clock, OptimizerSpec, Weights, Workspace};

const MIX_UP: u64 = 0x313_1C5;

/// Takes the steps of a run: a trainer of one network, or of a GAN.
pub trait Learner {
    /// Takes one step on the samples at these positions.
    fn step(&mut self, samples: &[u32], at: Step) -> StepSum;

    /// The weights that are evaluated, shown and saved: their moving average, if it is on.
    fn shown(&self) -> &Weights;

    /// Norms of the gradient and the update of the last step, if they were measured.
    fn norms(&self) -> Option<StepNorms>;

    /// The same, layer by layer: where the trained weights of each lie, and the norms over them. Nothing of a GAN.
    fn norms_of_layers(&self) -> Vec<(Range<usize>, StepNorms)> {
        Vec::new()
    }

    /// Measures what each layer takes from now on.
    fn timed_by(&mut self, clock: &Arc<Clock>);

    /// Changes the settings of the optimizer; its state is kept unless the optimizer itself changes.
    fn set_optimizer(&mut self, spec: OptimizerSpec);

    /// A copy of all that the next step depends on.
    fn state(&self) -> LearnerState;

    /// Goes on in an epoch from a state of the same job; false if it is of another.
    fn restore(&mut self, state: &LearnerState, epoch: u64) -> bool;

    /// The first tensor that was not finite in the last step, if its loss was not.
    fn first_not_finite(&self) -> Option<NotFinite>;
}

/// All that the next step of a learner depends on, besides its job.
#[derive(Clone, Debug, PartialEq)]
pub struct LearnerState {
    /// The weights that are trained.
    pub weights: Weights,
    /// What the optimizers remember: one, or those of generator and discriminator.
    pub updaters: Vec<UpdaterState>,
    /// What stateful layers carry to the next step of the same epoch; empty without them.
    pub states: Vec<f32>,
}

/// Where in a run a step is taken, and how.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Counted from 1 over the whole run; seeds what is random in it.
    pub number: u64,
    /// Counted from 1; seeds augmentation.
    pub epoch: u64,
    /// The learning rate of the step.
    pub learning_rate: f32,
    /// Whether to measure the norms of gradient and update, which costs a few passes over the weights.
    pub is_measured: bool,
}

impl Step {
    /// A step of the first epoch that is not measured.
    pub fn new(number: u64, learning_rate: f32) -> Self {
        Self { number, epoch: 1, learning_rate, is_measured: false }
    }
}

impl Job {
    /// The learner that takes the steps of a run of this job.
    pub fn learner(&self) -> Box<dyn Learner + '_> {
        match &self.adversary {
            Some(settings) => Box::new(GanLearner::new(self, settings)),
            None => Box::new(Trainer::new(self, self.initial_weights())),
        }
    }
}

/// Everything that changes while a network is trained, allocated once.
pub struct Trainer<'a> {
    job: &'a Job,
    /// The weights that are trained.
    pub weights: Weights,
    optimizer: Updater,
    batch: Batch,
    /// The epoch in which stateful layers began anew.
    epoch: u64,
    lanes: Vec<Lane>,
    norms: Option<StepNorms>,
}

/// What a shard needs besides its workspace.
struct Lane {
    samples: usize,
    targets: TargetBuffer,
    augmenter: Option<Augmenter>,
    mix_up: Option<MixUp>,
    /// What the teacher says of the samples, if there is one.
    answers: Option<Answers>,
    sum: LossSum,
}

/// What is kept of the samples of a shard that are blended in pairs.
struct MixUp {
    shares: Vec<f32>,
    scratch: Vec<f32>,
}

impl<'a> Trainer<'a> {
    /// A trainer of the job that starts from these weights.
    pub fn new(job: &'a Job, weights: Weights) -> Self {
        let training = &job.training;
        let batch = training.batch.min(job.split.train.len()).max(1);
        let shard = shard_len(batch);
        let shards = batch.div_ceil(shard);
        let lane = || Lane {
            samples: 0,
            targets: job.dataset.train.targets.buffer(shard),
            augmenter: Augmenter::new(&job.augment, job.shape()),
            mix_up: (job.augment.mix_up > 0.0)
                .then(|| MixUp { shares: vec![0.0; shard], scratch: vec![0.0; job.network.output().len()] }),
            answers: job.teacher.as_ref().map(|teacher| Answers::new(teacher, shard)),
            sum: LossSum::default(),
        };
        Self {
            job,
            weights,
            optimizer: Updater::new(training.optimizer.clone(), &job.network)
                .regularized(training.regularization.clone()),
            batch: Batch::new(&job.network, shards, shard),
            epoch: 0,
            lanes: (0..shards).map(|_| lane()).collect(),
            norms: None,
        }
    }

    /// Trains on the samples at the positions `batch`. Where the loss is not finite, the weights are not updated.
    pub fn step(&mut self, batch: &[u32], at: Step) -> LossSum {
        let Self { job, weights, optimizer, batch: shards, epoch: begun, lanes, norms } = self;
        let Step { number: step, epoch, learning_rate, is_measured } = at;
        if *begun != epoch {
            *begun = epoch;
            shards.reset_states();
        }
        let scale = job.loss_scale(batch);
        // A sample keeps its place in a last batch that is smaller, where the place has a state.
        let places = if job.network.is_stateful() { job.batch() } else { batch.len() };
        let (seed, len) = (job.training.seed, shard_len(places));
        let lanes = &mut lanes[..batch.len().div_ceil(len)];
        let fill = |index: usize, lane: &mut Lane, shard: &mut Workspace| {
            let at = &batch[index * len..batch.len().min((index + 1) * len)];
            lane.samples = at.len();
            let (samples, inputs) = (&job.dataset.train, shard.input_mut(at.len()));
            match &mut lane.augmenter {
                Some(augmenter) => augmenter.gather(samples, at, (seed, epoch), inputs),
                None => samples.gather(&job.scaling, at, inputs),
            }
            samples.gather_targets(&job.scaling, at, &mut lane.targets);
            if let Some(MixUp { shares, .. }) = &mut lane.mix_up {
                let mut rng = stream(mix(mix(seed, step), index as u64), MIX_UP);
                blend_pairs(job.augment.mix_up, shard.input_mut(at.len()), &mut shares[..at.len()], &mut rng);
            }
            if let (Some(teacher), Some(answers)) = (&job.teacher, &mut lane.answers) {
                answers.ask(teacher, at.len(), shard.input_mut(at.len()));
            }
        };
        let judge = |lane: &mut Lane, outputs: &[f32], grad: &mut [f32]| {
            let targets = lane.targets.first(lane.samples);
            lane.sum = match &mut lane.mix_up {
                Some(MixUp { shares, scratch }) => {
                    let blend = Blend { shares: &shares[..lane.samples], scratch };
                    job.loss.blended_value_and_grad(outputs, targets, blend, scale, grad)
                }
                None => job.loss.value_and_grad(outputs, targets, scale, grad),
            };
            if let (Some(teacher), Some(answers)) = (&job.teacher, &lane.answers) {
                answers.blend(teacher, outputs, scale, &mut lane.sum, grad);
            }
        };
        job.network.learn(weights, shards, lanes, mix(seed, step), fill, judge);
        *norms = None;
        let sum = lanes.iter().map(|lane| lane.sum).fold(LossSum::default(), LossSum::plus);
        if !sum.is_finite() {
            return sum;
        }
        match is_measured {
            true => *norms = Some(optimizer.step_measured(learning_rate, &job.network, weights, shards.shards())),
            false => optimizer.step(learning_rate, &job.network, weights, shards.shards()),
        }
        optimizer.prune(job.pruned_at(step), &job.network, weights);
        sum
    }
}

impl Learner for Trainer<'_> {
    fn step(&mut self, samples: &[u32], at: Step) -> StepSum {
        let sum = self.step(samples, at);
        match self.job.dataset.train.targets {
            TargetData::Classes(_) => StepSum::Classes(sum),
            TargetData::Steps { .. } => StepSum::Tokens { sum, samples: samples.len() },
            TargetData::Numbers { .. } | TargetData::Itself { .. } => StepSum::Numbers(sum),
        }
    }

    fn norms(&self) -> Option<StepNorms> {
        self.norms
    }

    fn norms_of_layers(&self) -> Vec<(Range<usize>, StepNorms)> {
        self.optimizer.norms_of_layers(&self.job.network)
    }

    fn timed_by(&mut self, clock: &Arc<Clock>) {
        self.batch.timed_by(clock);
        self.optimizer.timed_by(clock);
    }

    fn shown(&self) -> &Weights {
        self.optimizer.average().unwrap_or(&self.weights)
    }

    fn set_optimizer(&mut self, spec: OptimizerSpec) {
        self.optimizer.set(spec);
    }

    fn state(&self) -> LearnerState {
        LearnerState {
            weights: self.weights.clone(),
            updaters: vec![self.optimizer.state()],
            states: self.batch.states(),
        }
    }

    fn restore(&mut self, state: &LearnerState, epoch: u64) -> bool {
        let [updater] = &state.updaters[..] else { return false };
        self.weights = state.weights.clone();
        self.epoch = epoch;
        self.batch.restore_states(&state.states) && self.optimizer.restore(updater.clone(), &self.job.network)
    }

    fn first_not_finite(&self) -> Option<NotFinite> {
        self.job.network.first_not_finite(&self.weights, self.batch.shards())
    }
}
