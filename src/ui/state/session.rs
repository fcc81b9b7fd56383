//! What is known of the data and of the run, as the window shows it. It changes by events alone, so that a test can
//! invent them and needs no thread.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::class_counts::ClassCounts;
use super::coach::Coach;
use super::curves::Curves;
use super::ending_run::{EndingRun, Listener};
use super::lines::Lines;
pub use super::progress::{Progress, Status};
use super::score::score_text;
use super::timeline::{Timeline, Visit};
use crate::data::{DataProblem, Dataset, SourceSpec};
use crate::project::run_log::{best_line, change_line, epoch_line};
use crate::project::{Project, Side};
use crate::train::metrics::THRESHOLD;
use crate::train::{
    Best, Checkpoint, EpochStat, Evaluation, Event, Job, LiveChange, Outcome, Reports, Run, RunCommand, Snapshot,
    Start, StepStat,
};
use crate::ui::state::pace::Pace;
use crate::ui::widgets::curve_plot::Mark;
use crate::ui::widgets::field::summary;
use crate::ui::widgets::numbers::significant;
use backprop_nn::field::Field;
use backprop_nn::gan::GanSettings;
use backprop_nn::{ModelSpec, Shape};

/// The data that the project names.
pub enum DataState {
    /// The data is being read or downloaded.
    Loading {
        /// The source that is being read.
        source: SourceSpec,
        /// What has been downloaded of it, in words; nothing if it is at hand.
        arrived: Arc<Mutex<String>>,
    },
    /// The data is loaded.
    Ready {
        /// The source that the data comes from.
        source: SourceSpec,
        /// The data set.
        dataset: Arc<Dataset>,
        /// Number of samples per class.
        counts: ClassCounts,
    },
    /// The data could not be read.
    Failed {
        /// The source that failed.
        source: SourceSpec,
        /// The error.
        problem: DataProblem,
    },
}

/// The state of the data and of the run.
pub struct Session {
    /// The data, or how far it is loaded.
    pub data: DataState,
    /// The columns of the file that the data is read from, where it is a table.
    pub columns: Vec<String>,
    /// What the run is doing.
    pub status: Status,
    /// The metrics that were measured, over the steps.
    pub curves: Curves,
    /// The changes by the user, the best epoch and the end of the run, by step.
    pub marks: Vec<Mark>,
    /// What the run has told of its epochs and changes.
    pub lines: Lines,
    /// What the coach has seen of the run, and finds.
    pub coach: Coach,
    /// Seconds of training, without pauses.
    pub seconds: f64,
    /// The moments that can be looked at again.
    pub timeline: Timeline,
    pub(super) visit: Option<Visit>,
    /// The newest predictions of the validation samples.
    pub(super) validation: Option<Arc<Evaluation>>,
    pub(super) test: Option<Arc<Evaluation>>,
    /// The probability from which the second of two classes is predicted.
    pub threshold: f32,
    /// With early stopping: the epoch whose weights the run has given back.
    pub best: Option<Best>,
    /// The evaluation with the lowest loss, and the step that it was made after.
    pub(super) lowest: Option<(u64, Arc<Evaluation>)>,
    /// The newest weights of the run.
    pub(super) newest: Option<Arc<Snapshot>>,
    /// Steps and epochs done, and their totals.
    pub progress: Progress,
    /// The training speed.
    pub pace: Pace,
    /// The job of the run that is on, or was on last.
    pub job: Option<Arc<Job>>,
    /// The project as it was when the run began.
    pub trained: Option<Project>,
    /// What the run needs to go on from its last checkpoint.
    pub checkpoint: Option<Arc<Checkpoint>>,
    run: Option<Run>,
    listener: Option<Listener>,
    /// The live numbers that the run knows or will know.
    pub(super) sent: Option<LiveChange>,
    /// The live numbers of the newest mark, to say what changed.
    pub(super) known: Option<LiveChange>,
    /// The pace that the run knows of.
    paced: Option<f32>,
}

impl Session {
    /// A session without a run, whose data is loading.
    pub fn new(source: &SourceSpec) -> Self {
        Self {
            data: DataState::Loading { source: source.clone(), arrived: Arc::default() },
            columns: Vec::new(),
            status: Status::Idle,
            curves: Curves::default(),
            marks: Vec::new(),
            lines: Lines::default(),
            coach: Coach::default(),
            seconds: 0.0,
            timeline: Timeline::default(),
            visit: None,
            validation: None,
            test: None,
            threshold: THRESHOLD,
            best: None,
            lowest: None,
            newest: None,
            progress: Progress::default(),
            pace: Pace::default(),
            job: None,
            trained: None,
            checkpoint: None,
            run: None,
            listener: None,
            sent: None,
            known: None,
            paced: None,
        }
    }

    /// The data set, if it is loaded.
    pub fn dataset(&self) -> Option<&Arc<Dataset>> {
        match &self.data {
            DataState::Ready { dataset, .. } => Some(dataset),
            DataState::Loading { .. } | DataState::Failed { .. } => None,
        }
    }

    /// The source that is there, on its way, or has failed.
    pub fn source(&self) -> &SourceSpec {
        match &self.data {
            DataState::Loading { source, .. } | DataState::Ready { source, .. } | DataState::Failed { source, .. } => {
                source
            }
        }
    }

    /// Takes the data set, or the error, that reading a source has produced.
    pub fn data_arrived(&mut self, source: SourceSpec, result: Result<Arc<Dataset>, DataProblem>) {
        self.data = match result {
            Ok(dataset) => DataState::Ready { counts: ClassCounts::of(&dataset), dataset, source },
            Err(problem) => DataState::Failed { source, problem },
        };
    }

    /// Shape and outputs to trace the stack with: those of the data, or of the default source until they are known.
    pub fn shape(&self, project: &Project) -> (Shape, Shape) {
        self.dataset().map_or_else(|| project.default_shape(), |dataset| (dataset.shape, dataset.task.output()))
    }

    /// Starts a run, from its first weights or from the checkpoint of its job; then what was measured before it stays.
    pub fn start(
        &mut self,
        job: Arc<Job>,
        project: &Project,
        start: Start,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<()> {
        let run = Run::start(
            Arc::clone(&job),
            start,
            Reports { snapshots: true, checkpoints: true, skips_test: false },
            wake,
        )?;
        match job.checkpoint.clone() {
            Some(checkpoint) => self.go_on(job, project, &checkpoint),
            None => self.begin(job, project),
        }
        (self.run, self.paced) = (Some(run), None);
        self.status = if start == Start::Running { Status::Running } else { Status::Paused };
        Ok(())
    }

    /// Takes a job as the one whose events come next.
    pub fn begin(&mut self, job: Arc<Job>, project: &Project) {
        let live = LiveChange::of(&project.training);
        self.clear();
        self.progress = Progress {
            steps: (job.steps_per_epoch() * job.training.epochs) as u64,
            epochs: job.training.epochs as u32,
            ..Progress::default()
        };
        self.known = Some(live.clone());
        self.sent = Some(live);
        self.job = Some(job);
        self.trained = Some(project.clone());
        self.status = Status::Running;
    }

    fn go_on(&mut self, job: Arc<Job>, project: &Project, checkpoint: &Checkpoint) {
        self.progress.steps = (job.steps_per_epoch() * job.training.epochs) as u64;
        self.progress.epochs = job.training.epochs as u32;
        self.cut(checkpoint);
        self.marks.push(Mark::change(checkpoint.step as f64, "continued".to_owned()));
        // A branch that begins with a change knows it itself.
        let sent = job.changes.last().map_or_else(|| checkpoint.live(), |change| change.change.clone());
        (self.known, self.sent) = (Some(checkpoint.live()), Some(sent));
        (self.job, self.trained) = (Some(job), Some(project.clone()));
    }

    /// Lets somebody know every event of the run, until the run is forgotten.
    pub fn listen(&mut self, listener: impl Fn(&Event) + Send + 'static) {
        self.listener = Some(Box::new(listener));
    }

    /// Stops the run and waits for its end, which is at most a batch away; nobody listens any more.
    pub fn finish(&mut self) {
        if let Some(run) = &mut self.run {
            run.stop();
        }
        while let (Some(run), false) = (&self.run, matches!(self.status, Status::Ended(_))) {
            let event = run.event();
            self.absorb(event);
        }
        self.listener = None;
    }

    /// Forgets the run and all it has measured. What comes back is still ending, and dropping it may wait for a batch.
    #[must_use = "dropping a run waits for it"]
    pub fn reset(&mut self) -> Option<EndingRun> {
        let (run, listener) = (self.run.take(), self.listener.take());
        self.clear();
        Some(EndingRun { run: run?, listener })
    }

    fn clear(&mut self) {
        self.curves = Curves::default();
        self.marks.clear();
        self.lines = Lines::default();
        self.coach = Coach::default();
        self.seconds = 0.0;
        self.timeline = Timeline::default();
        self.visit = None;
        self.validation = None;
        self.test = None;
        self.threshold = THRESHOLD;
        (self.best, self.lowest) = (None, None);
        self.newest = None;
        self.progress = Progress::default();
        self.pace = Pace::default();
        self.job = None;
        self.trained = None;
        self.checkpoint = None;
        self.listener = None;
        self.sent = None;
        self.known = None;
        self.status = Status::Idle;
    }

    /// Sends a command to the run; does nothing if there is none.
    pub fn send(&mut self, command: RunCommand) {
        if let Some(run) = &self.run {
            run.send(command);
        }
    }

    /// Asks the run to stop, which it does within one batch.
    pub fn stop(&mut self) {
        if let (Status::Running | Status::Paused, Some(run)) = (&self.status, &mut self.run) {
            run.stop();
            self.status = Status::Stopping;
        }
    }

    /// Tells the run other live numbers, if it does not know them.
    pub fn set_live(&mut self, live: LiveChange) {
        if self.is_on() && self.sent.as_ref() != Some(&live) {
            self.send(RunCommand::Set(live.clone()));
            self.sent = Some(live);
        }
    }

    /// Tells the run how fast it may go.
    pub fn set_pace(&mut self, pace: Option<f32>) {
        if self.is_on() && self.paced != pace {
            self.send(RunCommand::Pace(pace));
            self.paced = pace;
        }
    }

    /// A run is going on or waits to go on.
    pub fn is_on(&self) -> bool {
        matches!(self.status, Status::Running | Status::Paused)
    }

    /// Takes what the run has sent, for as long as the budget lasts; true if there may be more.
    pub fn drain(&mut self, budget: Duration) -> bool {
        let started = Instant::now();
        while let Some(event) = self.run.as_ref().and_then(Run::try_event) {
            self.absorb(event);
            if started.elapsed() > budget {
                return true;
            }
        }
        false
    }

    /// Updates the session by one event of the run.
    pub fn absorb(&mut self, event: Event) {
        if let Some(listener) = &self.listener {
            listener(&event);
        }
        match event {
            Event::Steps(steps) => self.absorb_steps(&steps),
            Event::Layers(stat) => self.curves.push_layers(stat.step, stat.update_ratios()),
            Event::Epoch(epoch) => self.absorb_epoch(epoch),
            Event::Weights(snapshot) => {
                self.timeline.add_snapshot(&snapshot);
                self.newest = Some(snapshot);
            }
            Event::Checkpoint(checkpoint) => {
                self.timeline.add_checkpoint(&checkpoint);
                self.checkpoint = Some(checkpoint);
            }
            Event::Changed(change) => {
                self.lines.push(change.step, &change_line(&change));
                self.mark_change(change.step, change.change);
            }
            Event::Paused | Event::Resumed if matches!(self.status, Status::Stopping) => {}
            Event::Paused => {
                self.pace.rest();
                self.status = Status::Paused;
            }
            Event::Resumed => self.status = Status::Running,
            Event::Best(best) => {
                self.lines.push(best.step, &best_line(&best));
                self.marks.push(Mark::change(best.step as f64, format!("best, epoch {}", best.epoch)));
                // What is shown beside the weights is of the same moment.
                let lowest = self.lowest.take().filter(|lowest| lowest.0 == best.step);
                let kept = || self.timeline.evaluation(best.step).map(|(step, found)| (step, Arc::clone(found)));
                let found = lowest.or_else(kept).filter(|found| found.0 == best.step);
                self.validation = found.map(|found| at_threshold(&found.1, self.threshold)).or(self.validation.take());
                self.best = Some(best);
            }
            Event::Done(outcome) => self.end(outcome),
        }
    }

    /// Marks a change of the settings on the curves.
    pub(super) fn mark_change(&mut self, step: u64, change: LiveChange) {
        let text = self.known.as_ref().map_or_else(|| "changed".to_owned(), |old| describe(old, &change));
        self.marks.push(Mark::change(step as f64, text));
        self.known = Some(change);
    }

    fn absorb_steps(&mut self, steps: &[StepStat]) {
        self.coach.history.absorb_steps(steps);
        for stat in steps {
            self.curves.push_step(stat);
        }
        if let Some(last) = steps.last() {
            self.progress.step = last.step;
            self.progress.epoch = last.epoch;
            self.pace.steps(steps.len() as u64, Instant::now());
        }
    }

    /// Predicts the second of two classes from this probability on.
    pub fn set_threshold(&mut self, threshold: f32) {
        self.threshold = threshold;
        self.apply_threshold();
    }

    fn apply_threshold(&mut self) {
        let visited = self.visit.as_mut().map(|visit| &mut visit.validation);
        for evaluation in [&mut self.validation, &mut self.test].into_iter().chain(visited).flatten() {
            *evaluation = at_threshold(evaluation, self.threshold);
        }
    }

    fn absorb_epoch(&mut self, epoch: EpochStat) {
        if let Some(job) = &self.job {
            let head = job.head();
            self.curves.push_epoch(&epoch, head.headline());
            self.lines.push_epoch(epoch.epoch.into(), epoch.step, || epoch_line(&epoch, head));
        }
        if let Some(validation) = &epoch.validation {
            self.timeline.add_evaluation(epoch.step, validation);
            if self.lowest.as_ref().is_none_or(|(_, lowest)| validation.loss < lowest.loss) {
                self.lowest = Some((epoch.step, Arc::clone(validation)));
            }
            self.validation = Some(at_threshold(validation, self.threshold));
        }
        self.pace.rest();
        self.seconds += epoch.seconds;
        self.progress.epochs_done = epoch.epoch;
        self.coach_epoch(&epoch);
    }

    /// The run is over.
    pub(super) fn end(&mut self, outcome: Outcome) {
        let text = match &outcome {
            Outcome::Finished(Some(test)) => format!("finished, test {}", score_text(test)),
            Outcome::Finished(None) => "finished".to_owned(),
            Outcome::Stopped => "stopped".to_owned(),
            Outcome::Diverged(_) => "no longer a number".to_owned(),
            Outcome::Failed(_) => "failed".to_owned(),
        };
        self.marks.push(Mark::end(self.progress.step as f64, text));
        if let Outcome::Finished(test) = &outcome {
            self.test = test.as_ref().map(|test| at_threshold(test, self.threshold));
        }
        // A run that is done drops at once, because its thread has nothing left to do.
        (self.run, self.status) = (None, Status::Ended(outcome));
        self.coach_now();
    }

    /// Whether the stack is another than the one that the run trains.
    pub fn has_other_model(&self, project: &Project) -> bool {
        self.trained.as_ref().is_some_and(|trained| is_other_model(trained, project))
    }

    /// Whether data or training are others than those of the run, beyond what a run takes over while it is on.
    pub fn has_other_training(&self, project: &Project) -> bool {
        self.trained.as_ref().is_some_and(|trained| {
            let live = LiveChange::of(&project.training);
            let mut comparable = trained.training.clone();
            (comparable.learning_rate, comparable.optimizer) = (live.learning_rate, live.optimizer);
            let knobs = |project: &Project| {
                let adversary = project.adversary.clone();
                adversary.map(|adversary| GanSettings { discriminator: ModelSpec::default(), ..adversary })
            };
            trained.data != project.data || comparable != project.training || knobs(trained) != knobs(project)
        })
    }

    /// Samples of the data that one step trains with.
    pub fn batch(&self) -> usize {
        self.job.as_ref().map_or(0, |job| job.samples_per_step().min(job.split.train.len()))
    }

    /// Training samples per second; `None` before the first measurement.
    pub fn samples_per_s(&self) -> Option<f64> {
        Some(self.pace.steps_per_s()? * self.batch() as f64)
    }

    /// Seconds until the last step at the present pace; evaluations come on top.
    pub fn seconds_left(&self) -> Option<f64> {
        let left = self.progress.steps.saturating_sub(self.progress.step);
        Some(left as f64 / self.pace.steps_per_s()?)
    }
}

/// The evaluation where the second of two classes is predicted from this probability on; the same one if there are not two.
pub(super) fn at_threshold(evaluation: &Arc<Evaluation>, threshold: f32) -> Arc<Evaluation> {
    let is_binary = evaluation.classes().is_some_and(|it| it.confusion.ncols() == 2);
    match is_binary {
        true => Arc::new(Evaluation::clone(evaluation).from_threshold(threshold)),
        false => Arc::clone(evaluation),
    }
}

/// Whether the layers are others than those that were trained.
pub fn is_other_model(trained: &Project, project: &Project) -> bool {
    trained.model != project.model || trained.layers(Side::Discriminator) != project.layers(Side::Discriminator)
}

/// Whether the samples are others than those that were trained on.
pub fn is_other_data(trained: &Project, project: &Project) -> bool {
    (&trained.data.source, trained.data.reconstruct) != (&project.data.source, project.data.reconstruct)
}

/// What of the live numbers changed, short enough for a mark on a curve.
fn describe(old: &LiveChange, new: &LiveChange) -> String {
    if old.optimizer.about() != new.optimizer.about() {
        return format!("{}, rate {}", new.optimizer.about().label, significant(f64::from(new.learning_rate)));
    }
    if old.learning_rate != new.learning_rate {
        return format!("learning rate {}", significant(f64::from(new.learning_rate)));
    }
    let is_changed = |field: &&&Field| old.optimizer.get(field.key) != new.optimizer.get(field.key);
    let fields = new.optimizer.describe();
    let changed = fields.iter().find(is_changed).map(|field| summary(&*new.optimizer, field));
    changed.unwrap_or_else(|| "optimizer".to_owned())
}
