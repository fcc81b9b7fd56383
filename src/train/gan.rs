//! The training of a generator and its discriminator on the samples of a job.

use std::sync::Arc;

use super::job::Job;
use super::learner::{Learner, LearnerState, Step};
use super::metrics::StepSum;
use crate::data::Scaling;
use backprop_nn::gan::{self, GanSettings, GanTrainer, LearningRates};
use backprop_nn::network::NotFinite;
use backprop_nn::optim::StepNorms;
use backprop_nn::{Clock, Network, OptimizerSpec, Weights};

/// Takes the steps of both networks.
pub(super) struct GanLearner<'a> {
    job: &'a Job,
    settings: &'a GanSettings,
    trainer: GanTrainer<'a>,
}

impl<'a> GanLearner<'a> {
    /// A learner of generator and discriminator, with fresh weights unless the job has its own.
    pub fn new(job: &'a Job, settings: &'a GanSettings) -> Self {
        let training = &job.training;
        let trainer = GanTrainer::new(&job.network, settings, job.initial_weights(), &training.optimizer, job.batch());
        Self { job, settings, trainer: trainer.regularized(&training.regularization) }
    }
}

impl Learner for GanLearner<'_> {
    fn step(&mut self, samples: &[u32], at: Step) -> StepSum {
        let Self { job, settings, trainer } = self;
        let Step { number, learning_rate, is_measured, .. } = at;
        trainer.measure(is_measured);
        let discriminator = learning_rate * settings.learning_rate / job.training.learning_rate;
        let rates = LearningRates { generator: learning_rate, discriminator };
        let len = job.shape().len().max(1);
        let real = |from: usize, out: &mut [f32]| {
            let count = out.len() / len;
            job.dataset.train.gather(&job.scaling, &samples[from..from + count], out);
        };
        let sum = trainer.step(rates, (job.training.seed, number), samples.len(), real);
        trainer.prune(job.pruned_at(number));
        StepSum::Gan(sum)
    }

    fn timed_by(&mut self, clock: &Arc<Clock>) {
        self.trainer.timed_by(clock);
    }

    fn shown(&self) -> &Weights {
        self.trainer.shown()
    }

    fn norms(&self) -> Option<StepNorms> {
        self.trainer.norms()
    }

    fn set_optimizer(&mut self, spec: OptimizerSpec) {
        self.trainer.set_optimizer(spec);
    }

    fn state(&self) -> LearnerState {
        let (weights, updaters) = (self.trainer.weights.clone(), self.trainer.states().into());
        LearnerState { weights, updaters, states: Vec::new() }
    }

    fn restore(&mut self, state: &LearnerState, _epoch: u64) -> bool {
        let [generator, discriminator] = &state.updaters[..] else { return false };
        self.trainer.weights = state.weights.clone();
        self.trainer.restore([generator.clone(), discriminator.clone()])
    }

    fn first_not_finite(&self) -> Option<NotFinite> {
        self.trainer.first_not_finite()
    }
}

/// Samples that a generator makes from the noise of a seed, `[count, sample]`, in the units of the data; images go from
/// 0 to 1. The first samples of a seed do not depend on `count`.
pub fn generate(network: &Network, scaling: &Scaling, weights: &Weights, seed: u64, count: usize) -> Vec<f32> {
    let mut samples = gan::generate(network, weights, seed, count);
    scaling.inputs.restore(&mut samples);
    samples
}
