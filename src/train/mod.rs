//! Training: one thread per run, two enums between it and whoever watches.
//!
//! *Architecture invariant:* neither a widget nor a file is known here. Only this module and `ui/task.rs` start threads.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};
use serde::{Deserialize, Serialize};

use crate::data::{Augment, Dataset, Scaling, Split, TargetData};
use backprop_nn::batch::shard_len;
use backprop_nn::gan::{GanSettings, GanTrainer};
use backprop_nn::memory::Footprint;
use backprop_nn::{LossSpec, Network, Shape, Training, Weights};

pub mod curve;
pub mod evaluate;
mod find_rate;
mod gan;
pub mod metrics;
pub mod protocol;
mod reporter;
pub mod step;
mod worker;

pub use evaluate::Reader;
pub use find_rate::{RatePoint, RateSweep};
use gan::GanLearner;
pub use gan::generate;
pub use metrics::{Answered, ClassScore, Evaluation};
pub use protocol::{Best, Change, Command, Divergence, EpochStat, Event, LiveChange, Outcome, Snapshot, StepStat};
use step::{Learner, StepSum, Trainer};

/// Everything a run needs, proven to fit together.
pub struct Job {
    pub network: Network,
    pub dataset: Arc<Dataset>,
    pub split: Split,
    /// What was learnt from the training samples of the split to bring numbers to one size.
    pub scaling: Scaling,
    pub augment: Augment,
    pub training: Training,
    /// The loss of `training`, with balanced weights as the numbers that they are for these samples.
    pub loss: LossSpec,
    /// The discriminator's settings, if the network is a generator and its adversary.
    pub adversary: Option<GanSettings>,
    /// Weights to start from instead of fresh ones.
    pub weights: Option<Weights>,
    /// Threads that share the work of a step. The result does not depend on it.
    pub threads: usize,
}

/// The samples of a data set that an answer speaks of. Nothing is ever chosen by looking at `Test`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Train,
    Validation,
    Test,
}

impl Job {
    /// The shape of one sample.
    pub fn shape(&self) -> Shape {
        self.dataset.shape
    }

    /// Optimiser steps of one epoch; the last batch may be smaller, and one that is larger than the set holds all of it.
    pub fn steps_per_epoch(&self) -> usize {
        self.split.train.len().div_ceil(self.samples_per_step())
    }

    /// Samples of the data that a step takes, where there are enough.
    pub fn samples_per_step(&self) -> usize {
        samples_per_step(&self.training, self.adversary.as_ref())
    }

    /// What the gradient of each sample of a batch is multiplied with.
    fn loss_scale(&self, batch: &[u32]) -> f32 {
        match &self.dataset.train.targets {
            TargetData::Classes(classes) => self.loss.scale(batch.iter().map(|at| classes[*at as usize])),
            TargetData::Numbers { .. } | TargetData::Itself { .. } => 1.0 / batch.len() as f32,
        }
    }

    /// The mean share that was read right, where there are classes to read.
    fn accuracy(&self, sum: StepSum) -> Option<f32> {
        match sum {
            StepSum::Judged(sum) => self.dataset.task.is_classification().then(|| sum.accuracy() as f32),
            StepSum::Gan(_) => None,
        }
    }

    /// Samples of a step; the training samples may be fewer than the batch that is asked for.
    fn batch(&self) -> usize {
        self.training.batch.min(self.split.train.len()).max(1)
    }

    /// The memory that a run of this job takes, besides the samples, which are there already.
    pub fn footprint(&self) -> Footprint {
        let [shards, samples] = match self.adversary {
            Some(_) => GanTrainer::shards(self.batch()),
            None => [self.batch().div_ceil(shard_len(self.batch())), shard_len(self.batch())],
        };
        let Training { optimizer, regularization, early_stopping, .. } = &self.training;
        // The moving average and the best weights of a run are as large as what the optimiser remembers of each weight.
        let copies = usize::from(regularization.average > 0.0) + usize::from(!early_stopping.is_off());
        let slots = optimizer.slots() + copies;
        let mut footprint = self.network.training_footprint(shards, samples, slots);
        footprint.shared += self.network.inference_footprint(self.threads, evaluate::CHUNK);
        footprint
    }

    /// What takes the steps of a run of this job.
    pub fn learner(&self) -> Box<dyn Learner + '_> {
        match &self.adversary {
            Some(adversary) => Box::new(GanLearner::new(self, adversary)),
            None => Box::new(Trainer::new(self, self.initial_weights())),
        }
    }

    /// The weights before the first step: the same for the same seed, unless the job brings its own.
    pub fn initial_weights(&self) -> Weights {
        self.weights.clone().unwrap_or_else(|| self.network.init_weights(self.training.seed))
    }
}

/// Samples of the data that a step takes: a batch, or one for each step of a discriminator.
pub fn samples_per_step(training: &Training, adversary: Option<&GanSettings>) -> usize {
    let batches = adversary.map_or(1, |adversary| adversary.discriminator_steps);
    training.batch.max(1) * batches.max(1)
}

/// How many threads to use when nobody says: one per core.
pub fn default_threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// How a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    Running,
    /// Waiting for a command before the first step.
    Paused,
}

/// What a run reports besides epochs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reports {
    /// Copies of the weights, several times a second, for whoever draws with them.
    pub snapshots: bool,
}

/// Events that may wait before the reporter gathers instead of sending.
const EVENTS: usize = 64;

/// Commands that may wait; a person cannot press faster than a batch.
const COMMANDS: usize = 64;

/// A training in progress. Drop it to end it; the drop waits for at most one batch.
pub struct Run {
    pub job: Arc<Job>,
    // The order matters: both channels hang up before the thread is joined.
    commands: Option<Sender<Command>>,
    events: Receiver<Event>,
    _thread: JoinOnDrop,
}

struct JoinOnDrop(Option<JoinHandle<()>>);

impl Drop for JoinOnDrop {
    fn drop(&mut self) {
        // A worker that panicked has already told so by closing its channel without `Done`.
        if let Some(thread) = self.0.take() {
            let _ = thread.join();
        }
    }
}

impl Run {
    /// Starts a run. `wake` is called once per flush of events, at most 60 times a second.
    pub fn start(
        job: Arc<Job>,
        start: Start,
        reports: Reports,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (commands, command_receiver) = bounded(COMMANDS);
        let (event_sender, events) = bounded(EVENTS);
        let thread = thread::Builder::new().name("training".to_owned()).spawn({
            let job = Arc::clone(&job);
            move || worker::run(&job, start, reports, &command_receiver, event_sender, wake)
        })?;
        Ok(Self { job, commands: Some(commands), events, _thread: JoinOnDrop(Some(thread)) })
    }

    /// Sends a command; a run that has ended ignores it.
    pub fn send(&self, command: Command) {
        if self.commands.as_ref().is_none_or(|commands| commands.send(command).is_err()) {
            tracing::debug!("a command came after the run had ended");
        }
    }

    /// Hangs up, and so ends the run after at most one batch. Its last weights and `Done` still arrive.
    pub fn stop(&mut self) {
        self.commands = None;
    }

    /// What has happened since, without waiting. `Done` is always last; a channel that closes without it means that
    /// the worker failed, and `Done(Failed)` stands in for it.
    pub fn try_event(&self) -> Option<Event> {
        match self.events.try_recv() {
            Ok(event) => Some(event),
            Err(crossbeam_channel::TryRecvError::Empty) => None,
            Err(crossbeam_channel::TryRecvError::Disconnected) => Some(failed()),
        }
    }

    /// The next event, waiting for it. After `Done` there is none.
    pub fn event(&self) -> Event {
        self.events.recv().unwrap_or_else(|_| failed())
    }
}

fn failed() -> Event {
    Event::Done(Outcome::Failed("The training thread ended unexpectedly. Reset and train again.".to_owned()))
}
