//! What the session shows: the newest weights of the run, or those of an earlier moment that is looked at again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::curves::Over;
use super::session::{Session, at_threshold};
use super::timeline::Visit;
use crate::project::Project;
use crate::train::{Checkpoint, Evaluation, Job, LiveChange, Outcome, Snapshot};
use crate::ui::widgets::curve_plot::Mark;

/// A moment that is looked at for this long is evaluated on all validation samples.
pub const REST: Duration = Duration::from_millis(250);

/// A run of another sitting, as it was left.
pub struct KeptRun {
    /// What it trained, on the data that there are.
    pub job: Arc<Job>,
    /// Its project.
    pub project: Project,
    /// What it told while it trained.
    pub lines: Vec<Value>,
    /// Its weights.
    pub snapshot: Arc<Snapshot>,
    /// What they predict for the validation samples, if there are any.
    pub validation: Option<Arc<Evaluation>>,
    /// How it ended.
    pub outcome: Outcome,
    /// Its checkpoints in the order of their steps.
    pub checkpoints: Vec<Arc<Checkpoint>>,
    /// Seconds that it has trained.
    pub seconds: f64,
}

impl Session {
    /// The weights that are shown.
    pub fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        self.visit.as_ref().map(|visit| &visit.snapshot).or(self.newest.as_ref())
    }

    /// The predictions of the validation samples that are shown.
    pub fn validation(&self) -> Option<&Arc<Evaluation>> {
        self.visit.as_ref().map_or(self.validation.as_ref(), |visit| visit.validation.as_ref())
    }

    /// The predictions of the test samples, which are made once, at the end.
    pub fn test(&self) -> Option<&Arc<Evaluation>> {
        self.test.as_ref().filter(|_| self.visit.is_none())
    }

    /// The step that is looked at; nothing if it is the newest.
    pub fn visited(&self) -> Option<u64> {
        self.visit.as_ref().map(|visit| visit.snapshot.step)
    }

    /// Looks at the run as it was after a step, or at its newest weights again. A run that is on goes on meanwhile.
    pub fn look_at(&mut self, step: Option<u64>) {
        let snapshot = step.and_then(|step| self.timeline.snapshot(step));
        let is_seen = |visit: &Visit| snapshot.is_some_and(|snapshot| Arc::ptr_eq(snapshot, &visit.snapshot));
        if self.visit.as_ref().is_some_and(is_seen) {
            return;
        }
        self.visit = snapshot.cloned().map(|snapshot| {
            let validation = self.evaluation_at(snapshot.step);
            Visit { snapshot, is_whole: validation.is_some(), validation, since: Instant::now() }
        });
    }

    /// What the run knew of the validation samples after this step: the evaluation at the end of the epoch before.
    fn evaluation_at(&self, step: u64) -> Option<Arc<Evaluation>> {
        let epoch = self.job.as_ref().map_or(0, |job| job.steps_per_epoch() as u64);
        let (_, found) = self.timeline.evaluation(step).filter(|(at, _)| step < at + epoch)?;
        Some(at_threshold(found, self.threshold))
    }

    /// The moment that is looked at, where its evaluation is not kept and can be made: first at a glance, on some samples, which the third
    /// value says, and on all when somebody rests there.
    pub fn unevaluated(&self) -> Option<(Arc<Job>, Arc<Snapshot>, bool)> {
        let (job, visit) = (self.job.as_ref()?, self.visit.as_ref()?);
        let can_be = job.head().is_evaluated() && !job.split.validation.is_empty();
        let is_glance = visit.validation.is_none();
        let is_due = is_glance || visit.since.elapsed() > REST;
        let is_wanted = !visit.is_whole && can_be && is_due;
        is_wanted.then(|| (Arc::clone(job), Arc::clone(&visit.snapshot), is_glance))
    }

    /// Takes the evaluation of a moment that was looked at, on all validation samples or on the first of them.
    pub fn evaluated(&mut self, snapshot: &Arc<Snapshot>, evaluation: &Arc<Evaluation>, is_whole: bool) {
        let Some(visit) = self.visit.as_mut().filter(|visit| Arc::ptr_eq(&visit.snapshot, snapshot)) else { return };
        visit.validation = Some(at_threshold(evaluation, self.threshold));
        visit.is_whole = is_whole;
        if is_whole {
            self.timeline.add_evaluation(snapshot.step, evaluation);
        }
    }

    /// Of how many validation samples it is known already what the moment that is looked at predicts, while it is not of all.
    pub fn glanced(&self) -> Option<usize> {
        let visit = self.visit.as_ref().filter(|visit| !visit.is_whole)?;
        visit.validation.as_ref().map(|seen| seen.len())
    }

    /// The checkpoint that a branch begins at: the last one before the moment that is looked at, or the newest.
    pub fn fork(&self) -> Option<&Arc<Checkpoint>> {
        match &self.visit {
            Some(visit) => self.timeline.checkpoint(visit.snapshot.step),
            None => self.checkpoint.as_ref(),
        }
    }

    /// Forgets what came after a checkpoint, from which the run goes on.
    pub(super) fn cut(&mut self, checkpoint: &Checkpoint) {
        let step = checkpoint.step;
        self.visit = None;
        self.curves.cut(step);
        self.timeline.cut(step);
        self.lines.cut(step);
        self.marks.retain(|mark| !mark.is_end() && mark.x <= step as f64);
        self.coach.cut(step);
        self.progress.epochs_done = checkpoint.epochs;
        if let Some(validation) = self.evaluation_at(step) {
            self.validation = Some(validation);
        }
        (self.test, self.best, self.lowest) = (None, None, None);
    }

    /// Takes a run of another sitting as the one that is shown, as if it had just ended.
    pub fn adopt(&mut self, run: KeptRun) {
        let KeptRun { job, project, lines, snapshot, validation, outcome, checkpoints, seconds } = run;
        let steps_per_epoch = job.steps_per_epoch() as u64;
        self.begin(job, &project);
        self.curves.read(&lines, Over::Steps);
        for line in &lines {
            let epoch = line["epoch"].as_u64();
            let step = line["step"].as_u64().or(epoch.map(|epoch| epoch * steps_per_epoch)).unwrap_or(snapshot.step);
            match line["event"].as_str() {
                Some("epoch") => {
                    self.progress.epochs_done = epoch.unwrap_or_default() as u32;
                    self.coach.history.absorb_line(line, step);
                }
                Some("changed") => {
                    let change =
                        serde_json::from_value(line["optimizer"].clone()).ok().zip(line["learning_rate"].as_f64());
                    if let Some((optimizer, rate)) = change {
                        self.mark_change(step, LiveChange { learning_rate: rate as f32, optimizer });
                    }
                }
                Some("layers") => {
                    let ratios = line["update_ratio"].as_array();
                    self.curves.push_layers(step, ratios.into_iter().flatten().map(Value::as_f64));
                    continue;
                }
                Some("resumed") => self.marks.push(Mark::change(step as f64, "continued")),
                Some("best") => {
                    let epoch = epoch.unwrap_or_default();
                    self.marks.push(Mark::change(step as f64, format!("best, epoch {epoch}")));
                }
                _ => continue,
            }
            match (line["event"].as_str(), epoch) {
                (Some("epoch"), Some(epoch)) => self.lines.push_epoch(epoch, step, || line.clone()),
                _ => self.lines.push(step, line),
            }
        }
        for checkpoint in &checkpoints {
            let weights = checkpoint.shown().clone();
            self.timeline.add_snapshot(&Arc::new(Snapshot { step: checkpoint.step, weights }));
            self.timeline.add_checkpoint(checkpoint);
        }
        if let Some(last) = checkpoints.last() {
            (self.known, self.sent) = (Some(last.live()), Some(last.live()));
        }
        self.checkpoint = checkpoints.last().cloned();
        let last = self.checkpoint.as_ref().map_or(snapshot.step, |checkpoint| checkpoint.step.max(snapshot.step));
        (self.progress.step, self.progress.epoch) = (last, self.progress.epochs_done.max(1));
        self.seconds = seconds;
        self.timeline.add_snapshot(&snapshot);
        if let Some(validation) = &validation {
            self.timeline.add_evaluation(snapshot.step, validation);
        }
        self.validation = validation;
        self.newest = Some(snapshot);
        self.end(outcome);
    }
}
