//! One training step: a batch gathered, forward, backward, update, shared among the threads of the current rayon pool.

use super::Job;
use crate::data::TargetData;
use crate::data::augment::blend_pairs;
use crate::data::batches::Augmenter;
use backprop_nn::batch::shard_len;
use backprop_nn::gan::{GanStat, GanSum};
use backprop_nn::init::{mix, stream};
use backprop_nn::loss::{Blend, LossSum};
use backprop_nn::optim::Updater;
use backprop_nn::{Batch, OptimizerSpec, Weights, Workspace};

const MIX_UP: u64 = 0x313_1C5;

/// Whatever takes the steps of a run.
pub trait Learner {
    /// Takes one step on the samples at these positions. `step` and `epoch`, counted from 1, seed what is random in it.
    fn step(&mut self, samples: &[u32], learning_rate: f32, step: u64, epoch: u64) -> StepSum;

    /// The weights that are evaluated, shown and saved: their moving average, where there is one.
    fn shown(&self) -> &Weights;

    /// Other numbers for the optimiser; what it remembers is kept unless the rule itself changes.
    fn set_optimizer(&mut self, spec: OptimizerSpec);

    /// The first layer of the stack whose numbers are not finite after the last step.
    fn first_not_finite(&self) -> Option<usize>;
}

/// What one or more steps have measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StepSum {
    Judged(LossSum),
    Gan(GanSum),
}

impl StepSum {
    /// The sum over several steps of one run.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Judged(sum), Self::Judged(other)) => Self::Judged(sum.plus(other)),
            (Self::Gan(sum), Self::Gan(other)) => Self::Gan(sum.plus(other)),
            (_, other) => other,
        }
    }

    /// The mean loss, the discriminator's where there are two.
    pub fn loss(&self) -> f32 {
        match self {
            Self::Judged(sum) => sum.mean_loss() as f32,
            Self::Gan(sum) => sum.discriminator_loss() as f32,
        }
    }

    /// Samples of the data.
    pub fn samples(&self) -> usize {
        match self {
            Self::Judged(sum) => sum.samples,
            Self::Gan(sum) => sum.real.samples,
        }
    }

    pub fn adversary(&self) -> Option<GanStat> {
        match self {
            Self::Judged(_) => None,
            Self::Gan(sum) => Some(sum.stat()),
        }
    }

    /// Whether all losses are numbers.
    pub fn is_finite(&self) -> bool {
        self.loss().is_finite() && self.adversary().is_none_or(|stat| stat.generator_loss.is_finite())
    }
}

/// Everything that changes while a network is trained, allocated once.
pub struct Trainer<'a> {
    job: &'a Job,
    /// Those that learn.
    pub weights: Weights,
    optimizer: Updater,
    batch: Batch,
    lanes: Vec<Lane>,
}

/// What a shard needs besides its workspace.
struct Lane {
    samples: usize,
    targets: TargetData,
    augmenter: Option<Augmenter>,
    mix_up: Option<MixUp>,
    sum: LossSum,
}

/// What is kept of the samples of a shard that are blended in pairs.
struct MixUp {
    shares: Vec<f32>,
    scratch: Vec<f32>,
}

impl<'a> Trainer<'a> {
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
            sum: LossSum::default(),
        };
        Self {
            job,
            weights,
            optimizer: Updater::new(training.optimizer.clone(), &job.network)
                .regularized(training.regularization.clone()),
            batch: Batch::new(&job.network, shards, shard),
            lanes: (0..shards).map(|_| lane()).collect(),
        }
    }

    /// Trains on the samples at the positions `batch`. `step` and `epoch` seed what is random in it.
    pub fn step(&mut self, batch: &[u32], learning_rate: f32, step: u64, epoch: u64) -> LossSum {
        let Self { job, weights, optimizer, batch: shards, lanes } = self;
        let scale = job.loss_scale(batch);
        let (seed, len) = (job.training.seed, shard_len(batch.len()));
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
        };
        let judge = |lane: &mut Lane, outputs: &[f32], grad: &mut [f32]| {
            let answers = lane.targets.first(lane.samples);
            lane.sum = match &mut lane.mix_up {
                Some(MixUp { shares, scratch }) => {
                    let blend = Blend { shares: &shares[..lane.samples], scratch };
                    job.loss.blended_value_and_grad(outputs, answers, blend, scale, grad)
                }
                None => job.loss.value_and_grad(outputs, answers, scale, grad),
            };
        };
        job.network.learn(weights, shards, lanes, mix(seed, step), fill, judge);
        optimizer.step(learning_rate, &job.network, weights, shards.shards());
        lanes.iter().map(|lane| lane.sum).fold(LossSum::default(), LossSum::plus)
    }
}

impl Learner for Trainer<'_> {
    fn step(&mut self, samples: &[u32], learning_rate: f32, step: u64, epoch: u64) -> StepSum {
        StepSum::Judged(self.step(samples, learning_rate, step, epoch))
    }

    fn shown(&self) -> &Weights {
        self.optimizer.average().unwrap_or(&self.weights)
    }

    fn set_optimizer(&mut self, spec: OptimizerSpec) {
        self.optimizer.set(spec);
    }

    fn first_not_finite(&self) -> Option<usize> {
        let found =
            self.batch.shards().iter().filter_map(|shard| self.job.network.first_not_finite(&self.weights, shard));
        found.min()
    }
}
