//! The loop of a run, on its own thread.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError};

use super::checkpoint::Checkpoint;
use super::evaluate::Evaluator;
use super::job::{Job, Subset};
use super::learner::{Learner, Step};
use super::metrics::{EpochProbe, Evaluation, Figure, METRICS, StepProbe, StepSum};
use super::protocol::{
    Best, Change, DivergedAt, Divergence, EpochStat, Event, LayerStat, Outcome, Reports, RunCommand, Start, StepStat,
};
use super::reporter::{FLUSH, Reporter};
use backprop_nn::network::NotFinite;
use backprop_nn::patience::{EarlyStopper, ReduceOnPlateau};
use backprop_nn::schedule::ScheduleSpec;
use backprop_nn::{OptimizerSpec, Training, Weights};

/// Runs a job from its first step to its outcome.
pub fn run(
    job: &Job,
    start: Start,
    reports: Reports,
    commands: &Receiver<RunCommand>,
    events: Sender<Event>,
    wake: impl Fn() + Send,
) {
    let steps = job.steps_per_epoch() * job.training.epochs;
    let reporter = Reporter::new(events, reports.snapshots, steps as u64, wake);
    match rayon::ThreadPoolBuilder::new().num_threads(job.threads.max(1)).build() {
        // The loop itself runs in the pool, so that a step hands work to its neighbours without waking anybody first.
        Ok(pool) => pool.install(|| Worker::new(job, start, reports, commands, reporter).run()),
        Err(error) => {
            let message = format!("The threads for training could not be started: {error}.");
            reporter.done(0, job.initial_weights(), Outcome::Failed(message));
        }
    }
}

/// A checkpoint is made within an epoch when the last one is older than this, and at the end of an epoch when it is not new.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);
const A_SECOND: Duration = Duration::from_secs(1);
/// Batches of samples that are read from a disk ahead of the one that is learnt.
const PREFETCHED: usize = 8;

/// Steps that a run goes back when its loss stops being a number, and moments that are remembered for it.
const BACK: u64 = 50;
const REMEMBERED: usize = 3;
/// Larger networks go back to their last checkpoint, since several copies of them would take much memory.
const REMEMBERED_WEIGHTS: usize = 4 << 20;

/// The most steps of a run whose updates are reported layer by layer.
const LAYERS_TOLD: u64 = 400;

/// Whether something of a run follows from the validation losses of all its epochs.
fn keeps_losses(training: &Training) -> bool {
    matches!(training.schedule, ScheduleSpec::Plateau(_)) || !training.early_stopping.is_off()
}

/// Why the loop ends before the last epoch.
enum Halt {
    Stopped,
    Diverged(Divergence),
}

/// Whether there is to be another epoch, as far as the validation loss decides it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    GoOn,
    Enough,
}

/// When to wait for the next command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    Stop,
    NextBatch,
    NextEpoch,
}

struct Worker<'a, W> {
    job: &'a Job,
    commands: &'a Receiver<RunCommand>,
    reporter: Reporter<W>,
    learner: Box<dyn Learner + 'a>,
    evaluator: Evaluator,
    until: Option<Until>,
    learning_rate: f32,
    plateau: Option<ReduceOnPlateau>,
    stopper: EarlyStopper,
    /// With early stopping, the best epoch so far and its weights.
    best: Option<(Best, Weights)>,
    step: u64,
    /// Epochs that have ended.
    epochs: u32,
    /// The sum over the steps of the epoch that is not over.
    partial: Option<StepSum>,
    /// The validation loss of every epoch, or of the last one alone where nothing follows from the others.
    judged: Vec<f32>,
    optimizer: OptimizerSpec,
    /// When the last checkpoint was made; nothing if none are wanted.
    checkpointed: Option<Instant>,
    skips_test: bool,
    /// The most steps a second; nothing if they are as fast as they can be.
    pace: Option<f32>,
    /// Moments of the last steps to go back to, if the loss stops being a number.
    recent: VecDeque<Arc<Checkpoint>>,
    /// The norms of gradient and update are measured once in this many steps.
    measured_every: u64,
    /// Of the steps that are measured, one in this many is reported layer by layer.
    layers_every: u64,
}

impl<'a, W: Fn()> Worker<'a, W> {
    fn new(
        job: &'a Job,
        start: Start,
        reports: Reports,
        commands: &'a Receiver<RunCommand>,
        reporter: Reporter<W>,
    ) -> Self {
        let steps = job.steps_per_epoch() as u64 * job.training.epochs as u64;
        let measured_every = measured_every(job.network.weights_len(), job.batch());
        let mut worker = Self {
            job,
            commands,
            reporter,
            learner: job.learner(),
            evaluator: Evaluator::new(&job.network),
            until: (start == Start::Running).then_some(Until::Stop),
            learning_rate: job.training.learning_rate,
            plateau: match &job.training.schedule {
                ScheduleSpec::Plateau(plateau) => Some(ReduceOnPlateau::new(plateau.clone())),
                _ => None,
            },
            stopper: EarlyStopper::new(job.training.early_stopping.clone()),
            best: None,
            step: 0,
            epochs: 0,
            partial: None,
            judged: Vec::new(),
            optimizer: job.training.optimizer.clone(),
            checkpointed: reports.checkpoints.then(Instant::now),
            skips_test: reports.skips_test,
            pace: None,
            recent: VecDeque::new(),
            measured_every,
            layers_every: (steps / measured_every).div_ceil(LAYERS_TOLD).max(1),
        };
        if let Some(checkpoint) = &job.checkpoint {
            worker.go_on_from(checkpoint);
        }
        worker
    }

    /// Takes up the state of an earlier run of this job. What follows from the validation losses is worked out again.
    fn go_on_from(&mut self, checkpoint: &Checkpoint) {
        self.learner.set_optimizer(checkpoint.optimizer.clone());
        let is_of_this_job = self.learner.restore(&checkpoint.learner, checkpoint.epoch());
        debug_assert!(is_of_this_job, "a checkpoint is held against its job when it is read");
        for (epoch, loss) in (1..).zip(&checkpoint.judged) {
            self.step = u64::from(epoch) * self.job.steps_per_epoch() as u64;
            self.judge(epoch, *loss);
        }
        if let (Some((_, kept)), Some(best)) = (&mut self.best, &checkpoint.best) {
            kept.clone_from(best);
        }
        (self.step, self.epochs, self.partial) = (checkpoint.step, checkpoint.epochs, checkpoint.partial);
        (self.learning_rate, self.optimizer) = (checkpoint.learning_rate, checkpoint.optimizer.clone());
    }

    /// Makes a checkpoint, if some are wanted and the last one is older than this.
    fn keep(&mut self, older_than: Duration) {
        if self.checkpointed.is_none_or(|since| since.elapsed() < older_than) {
            return;
        }
        self.reporter.tell(Event::Checkpoint(Arc::new(self.checkpoint())));
        self.checkpointed = Some(Instant::now());
    }

    /// Remembers this moment every so many steps, for a run that diverges.
    fn remember(&mut self) {
        let is_small = self.job.network.weights_len() <= REMEMBERED_WEIGHTS;
        if self.checkpointed.is_none() || !is_small || !self.step.is_multiple_of(BACK) {
            return;
        }
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(Arc::new(self.checkpoint()));
    }

    /// Tells the last moment that is far enough before the step at which the loss stopped being a number.
    fn go_back(&mut self) {
        let step = self.step;
        let found = self.recent.iter().rev().find(|moment| moment.step + BACK <= step).or(self.recent.front());
        if let Some(checkpoint) = found.cloned() {
            self.reporter.tell(Event::Checkpoint(checkpoint));
        }
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            step: self.step,
            epochs: self.epochs,
            learner: self.learner.state(),
            learning_rate: self.learning_rate,
            optimizer: self.optimizer.clone(),
            judged: self.judged.clone(),
            best: self.best.as_ref().map(|(_, weights)| weights.clone()),
            partial: self.partial,
        }
    }

    fn run(mut self) {
        self.reporter.tell_weights(self.step, self.learner.shown());
        let outcome = match self.epochs() {
            Ok(test) => Outcome::Finished(test.map(Arc::new)),
            Err(Halt::Stopped) => Outcome::Stopped,
            Err(Halt::Diverged(divergence)) => Outcome::Diverged(divergence),
        };
        match outcome {
            Outcome::Diverged(_) => self.go_back(),
            _ => self.keep(Duration::ZERO),
        }
        match self.best.take() {
            Some((best, weights)) => {
                self.reporter.tell(Event::Best(best));
                self.reporter.done(best.step, weights, outcome);
            }
            None => self.reporter.done(self.step, self.learner.shown().clone(), outcome),
        }
    }

    fn epochs(&mut self) -> Result<Option<Evaluation>, Halt> {
        let is_over = |worker: &Self| worker.best.as_ref().is_some_and(|(best, _)| best.stopped_early);
        for epoch in 1..=self.job.training.epochs as u32 {
            if epoch <= self.epochs {
                continue;
            }
            if is_over(self) || self.epoch(epoch, &self.job.order(epoch.into()))? == Verdict::Enough {
                break;
            }
            if self.job.stop_after == Some(epoch) && (epoch as usize) < self.job.training.epochs {
                return Err(Halt::Stopped);
            }
        }
        if self.skips_test || self.job.dataset.test.is_empty() || !self.job.head().is_evaluated() {
            return Ok(None);
        }
        self.evaluate(Subset::Test).map(Some)
    }

    fn epoch(&mut self, epoch: u32, order: &[u32]) -> Result<Verdict, Halt> {
        let job = self.job;
        let mut training = Duration::ZERO;
        let taken = self.step as usize - self.epochs as usize * job.steps_per_epoch();
        let batches = || order.chunks(job.samples_per_step()).skip(taken);
        let mut ahead = batches();
        ahead.by_ref().take(PREFETCHED).for_each(|batch| job.dataset.train.prefetch(batch));
        for batch in batches() {
            if let Some(batch) = ahead.next() {
                job.dataset.train.prefetch(batch);
            }
            self.obey()?;
            self.repeat_changes();
            self.keep(HALF_A_MINUTE);
            self.remember();
            let started = Instant::now();
            self.step += 1;
            let learning_rate = self.scheduled_rate();
            let is_measured = (self.step - 1).is_multiple_of(self.measured_every);
            let at = Step { number: self.step, epoch: epoch.into(), learning_rate, is_measured };
            let batch_sum = self.learner.step(batch, at);
            training += started.elapsed();
            let norms = self.learner.norms();
            self.report(epoch, &StepProbe { sum: batch_sum, learning_rate, norms })?;
            if norms.is_some() && (self.step - 1).is_multiple_of(self.measured_every * self.layers_every) {
                let layers = self.learner.norms_of_layers();
                self.reporter.tell(Event::Layers(LayerStat { step: self.step, layers }));
            }
            self.partial = Some(self.partial.map_or(batch_sum, |sum| sum.plus(batch_sum)));
            if self.until == Some(Until::NextBatch) {
                self.pause();
            }
            self.rest(started)?;
        }
        let evaluating = Instant::now();
        let validation = match job.split.validation.is_empty() || !job.head().is_evaluated() {
            true => None,
            false => Some(Arc::new(self.evaluate(Subset::Validation)?)),
        };
        let judged = validation.as_ref().map(|validation| validation.loss);
        let sum = self.partial.take();
        self.epochs = epoch;
        self.reporter.tell_weights_if_due(self.step, self.learner.shown());
        self.reporter.tell(Event::Epoch(EpochStat {
            epoch,
            step: self.step,
            figures: sum.map_or(Vec::new(), |sum| figures(&EpochProbe { sum, seconds: training.as_secs_f64() })),
            validation,
            learning_rate: self.scheduled_rate(),
            seconds: (training + evaluating.elapsed()).as_secs_f64(),
            samples_per_s: sum.map_or(0, |sum| sum.samples()) as f64 / training.as_secs_f64().max(1e-9),
        }));
        let verdict = judged.map_or(Verdict::GoOn, |loss| self.judge(epoch, loss));
        self.keep(A_SECOND);
        let goes_on = verdict == Verdict::GoOn && (epoch as usize) < job.training.epochs;
        if self.until == Some(Until::NextEpoch) && goes_on {
            self.pause();
        }
        Ok(verdict)
    }

    /// What follows from the validation loss of an epoch.
    fn judge(&mut self, epoch: u32, validation_loss: f32) -> Verdict {
        if !keeps_losses(&self.job.training) {
            self.judged.clear();
        }
        self.judged.push(validation_loss);
        if let Some(plateau) = &mut self.plateau {
            plateau.observe(validation_loss);
        }
        // A network that is not pruned yet is none that the run may end with.
        let is_pruned = self.job.pruned_at(self.step) >= self.job.training.regularization.pruning;
        if self.job.training.early_stopping.is_off() || !is_pruned {
            return Verdict::GoOn;
        }
        let lowest = self.best.as_ref().map_or(f32::INFINITY, |(best, _)| best.validation_loss);
        if validation_loss < lowest {
            let best = Best { epoch, step: self.step, validation_loss, stopped_early: false };
            self.best = Some((best, self.learner.shown().clone()));
        }
        let is_enough = self.stopper.observe(validation_loss) && (epoch as usize) < self.job.training.epochs;
        if let Some((best, _)) = &mut self.best {
            best.stopped_early = is_enough;
        }
        if is_enough { Verdict::Enough } else { Verdict::GoOn }
    }

    /// The learning rate of the step that is being taken.
    fn scheduled_rate(&self) -> f32 {
        let training = &self.job.training;
        let steps = (self.job.steps_per_epoch() * training.epochs) as f32;
        let reduced = self.plateau.as_ref().map_or(1.0, |plateau| plateau.factor);
        self.learning_rate * training.lr_factor((self.step - 1) as f32 / steps) * reduced
    }

    fn report(&mut self, epoch: u32, probe: &StepProbe) -> Result<(), Halt> {
        self.reporter.step(StepStat::new(self.step, epoch, probe), self.learner.shown());
        if probe.sum.is_finite() {
            return Ok(());
        }
        let place = self.learner.first_not_finite().map(|NotFinite { layer, tensor }| {
            let (label, (stack, index)) = (self.job.network.label(layer), self.job.network.place_of(layer));
            let stack = if stack.is_empty() { String::new() } else { format!(" of the {stack}") };
            DivergedAt { layer: index + 1, name: format!("{label}{stack}"), tensor: tensor.to_owned() }
        });
        Err(Halt::Diverged(Divergence { step: self.step, place }))
    }

    /// Makes the changes again that an earlier run has seen at this step.
    fn repeat_changes(&mut self) {
        let (job, step) = (self.job, self.step);
        for change in job.changes.iter().filter(|change| change.step == step) {
            self.carry_out(RunCommand::Set(change.change.clone()));
        }
    }

    /// Waits until the next step is due; commands are carried out meanwhile.
    fn rest(&mut self, since: Instant) -> Result<(), Halt> {
        while let (Some(pace), Some(_)) = (self.pace, self.until) {
            let left = Duration::from_secs_f32(1.0 / pace).saturating_sub(since.elapsed());
            if left.is_zero() {
                break;
            }
            self.reporter.flush();
            match self.commands.recv_timeout(left.min(FLUSH)) {
                Ok(command) => self.carry_out(command),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Halt::Stopped),
            }
        }
        Ok(())
    }

    fn pause(&mut self) {
        self.until = None;
        self.reporter.tell_weights(self.step, self.learner.shown());
        self.reporter.tell(Event::Paused);
    }

    /// Carries out the commands that wait; while paused, waits for them without using the processor.
    fn obey(&mut self) -> Result<(), Halt> {
        loop {
            let command = match self.until {
                Some(_) => self.commands.try_recv(),
                None => self.wait(),
            };
            match command {
                Ok(command) => self.carry_out(command),
                Err(TryRecvError::Disconnected) => return Err(Halt::Stopped),
                Err(TryRecvError::Empty) if self.until.is_some() => return Ok(()),
                Err(TryRecvError::Empty) => {}
            }
        }
    }

    /// The next command; comes back empty-handed only to hand over events that the window has not had room for yet.
    fn wait(&mut self) -> Result<RunCommand, TryRecvError> {
        if self.reporter.flush() {
            return self.commands.recv().map_err(|_| TryRecvError::Disconnected);
        }
        self.commands.recv_timeout(FLUSH).map_err(|error| match error {
            RecvTimeoutError::Timeout => TryRecvError::Empty,
            RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
        })
    }

    fn carry_out(&mut self, command: RunCommand) {
        let resume_until = |worker: &mut Self, until| {
            if worker.until.replace(until).is_none() {
                worker.reporter.tell(Event::Resumed);
            }
        };
        match command {
            RunCommand::Pause if self.until.is_some() => self.pause(),
            RunCommand::Pause => {}
            RunCommand::Resume => resume_until(self, Until::Stop),
            RunCommand::StepBatch => resume_until(self, Until::NextBatch),
            RunCommand::StepEpoch => resume_until(self, Until::NextEpoch),
            RunCommand::Pace(pace) => self.pace = pace.filter(|pace| pace.is_finite() && *pace > 0.0),
            RunCommand::Set(change) => {
                self.learning_rate = change.learning_rate;
                self.learner.set_optimizer(change.optimizer.clone());
                self.optimizer.clone_from(&change.optimizer);
                self.reporter.tell(Event::Changed(Change { step: self.step, change }));
            }
        }
    }

    /// Reads a whole part of the data, the test samples with the weights that will be given back. A stop is obeyed within a
    /// few hundred samples, other commands wait.
    fn evaluate(&mut self, part: Subset) -> Result<Evaluation, Halt> {
        let mut waiting = Vec::new();
        let Self { job, commands, evaluator, learner, best, .. } = self;
        let weights = match best {
            Some((_, weights)) if part == Subset::Test => weights,
            _ => learner.shown(),
        };
        let done = evaluator.run(job, weights, part, || match commands.try_recv() {
            Ok(command) => {
                waiting.push(command);
                true
            }
            Err(error) => error != TryRecvError::Disconnected,
        });
        waiting.into_iter().for_each(|command| self.carry_out(command));
        done.ok_or(Halt::Stopped)
    }
}

/// What every metric of epochs makes of an epoch.
fn figures(probe: &EpochProbe) -> Vec<Figure> {
    let figure = |metric: &&'static super::Metric| {
        let value = (metric.epoch?)(probe)?;
        Some(Figure { metric, value: Some(value) })
    };
    METRICS.iter().filter_map(figure).collect()
}

/// Every how many steps one is measured, so that it takes less than a hundredth of the time: for each weight, a
/// measurement costs about as much as an update or as fifty samples, and a step costs some microseconds besides.
fn measured_every(weights: usize, batch: usize) -> u64 {
    const STEP: usize = 10_000;
    (100 * weights).div_ceil(STEP + weights * (1 + batch / 50)).max(1) as u64
}
