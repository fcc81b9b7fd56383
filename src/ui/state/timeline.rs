//! The moments of a run that can be looked at again: its weights and evaluations, spread evenly over its steps, and the checkpoints
//! that it can go on from. All of them together take a bounded part of the memory.

use std::sync::Arc;
use std::time::Instant;

use crate::runs::recorder::most_crowded;
use crate::train::{Checkpoint, Evaluation, Snapshot};

/// How many are kept, and how many bytes they may take.
struct Limit {
    count: usize,
    bytes: usize,
}

const SNAPSHOTS: Limit = Limit { count: 240, bytes: 96 << 20 };
const EVALUATIONS: Limit = Limit { count: 240, bytes: 64 << 20 };
const CHECKPOINTS: Limit = Limit { count: 10, bytes: 192 << 20 };

/// What an evaluation keeps of a sample, roughly.
const BYTES_PER_SAMPLE: usize = 64;

/// The moment of a run that is looked at.
pub struct Visit {
    /// Its weights.
    pub snapshot: Arc<Snapshot>,
    /// What they predict for the validation samples, when it is known.
    pub(super) validation: Option<Arc<Evaluation>>,
    /// Whether that is known of all of them.
    pub(super) is_whole: bool,
    /// Since when it is looked at.
    pub(super) since: Instant,
}

/// The moments of a run that are kept.
pub struct Timeline {
    snapshots: Spread<Arc<Snapshot>>,
    evaluations: Spread<Arc<Evaluation>>,
    checkpoints: Spread<Arc<Checkpoint>>,
}

impl Default for Timeline {
    fn default() -> Self {
        Self {
            snapshots: Spread::new(SNAPSHOTS),
            evaluations: Spread::new(EVALUATIONS),
            checkpoints: Spread::new(CHECKPOINTS),
        }
    }
}

impl Timeline {
    /// Keeps the weights of a moment.
    pub fn add_snapshot(&mut self, snapshot: &Arc<Snapshot>) {
        let bytes = size_of_val(snapshot.weights.values());
        self.snapshots.add(snapshot.step, bytes, Arc::clone(snapshot));
    }

    /// Keeps the evaluation of the weights after a step.
    pub fn add_evaluation(&mut self, step: u64, evaluation: &Arc<Evaluation>) {
        self.evaluations.add(step, evaluation.len() * BYTES_PER_SAMPLE, Arc::clone(evaluation));
    }

    /// Keeps a checkpoint.
    pub fn add_checkpoint(&mut self, checkpoint: &Arc<Checkpoint>) {
        self.checkpoints.add(checkpoint.step, checkpoint.bytes(), Arc::clone(checkpoint));
    }

    /// Forgets what came after a step.
    pub fn cut(&mut self, after: u64) {
        self.snapshots.cut(after);
        self.evaluations.cut(after);
        self.checkpoints.cut(after);
    }

    /// The last weights up to a step; the first if all are later.
    pub fn snapshot(&self, step: u64) -> Option<&Arc<Snapshot>> {
        self.snapshots.at(step).or(self.snapshots.first())
    }

    /// The last weights before a step.
    pub fn snapshot_before(&self, step: u64) -> Option<&Arc<Snapshot>> {
        self.snapshots.at(step.checked_sub(1)?)
    }

    /// So many weights over the whole run, besides the first, or fewer. While it grows the same ones are chosen again, until every second of them
    /// makes room.
    pub fn overview(&self, most: u64) -> Vec<Arc<Snapshot>> {
        let last = self.steps().last().unwrap_or(0);
        let stride = last.div_ceil(most.max(1)).next_power_of_two();
        let mut chosen: Vec<_> = (0..=last / stride).filter_map(|at| self.snapshots.at(at * stride)).cloned().collect();
        chosen.dedup_by(|one, before| one.step == before.step);
        chosen
    }

    /// The last evaluation up to a step, and the step that it was made after.
    pub fn evaluation(&self, step: u64) -> Option<(u64, &Arc<Evaluation>)> {
        self.evaluations.up_to(step).last().map(|moment| (moment.step, &moment.what))
    }

    /// The last checkpoint up to a step; the first if all are later.
    pub fn checkpoint(&self, step: u64) -> Option<&Arc<Checkpoint>> {
        self.checkpoints.at(step).or(self.checkpoints.first())
    }

    /// The steps of the weights that are kept.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = u64> {
        self.snapshots.moments.iter().map(|moment| moment.step)
    }
}

/// Things by their steps. When there are too many, the one goes whose neighbours are the nearest to each other, so that the others
/// stay spread over the whole run; the first and the last always stay.
struct Spread<T> {
    moments: Vec<Moment<T>>,
    bytes: usize,
    limit: Limit,
}

struct Moment<T> {
    step: u64,
    bytes: usize,
    what: T,
}

impl<T> Spread<T> {
    fn new(limit: Limit) -> Self {
        Self { moments: Vec::new(), bytes: 0, limit }
    }

    fn up_to(&self, step: u64) -> &[Moment<T>] {
        &self.moments[..self.moments.partition_point(|moment| moment.step <= step)]
    }

    fn at(&self, step: u64) -> Option<&T> {
        self.up_to(step).last().map(|moment| &moment.what)
    }

    fn first(&self) -> Option<&T> {
        self.moments.first().map(|moment| &moment.what)
    }

    fn add(&mut self, step: u64, bytes: usize, what: T) {
        let at = self.moments.partition_point(|moment| moment.step < step);
        if self.moments.get(at).is_some_and(|moment| moment.step == step) {
            self.bytes -= self.moments.remove(at).bytes;
        }
        self.moments.insert(at, Moment { step, bytes, what });
        self.bytes += bytes;
        while self.moments.len() > self.limit.count || self.bytes > self.limit.bytes {
            let steps = |at: usize| self.moments[at].step;
            let Some(at) = most_crowded(self.moments.len(), steps, |at| at > 0 && at + 1 < self.moments.len()) else {
                return;
            };
            self.bytes -= self.moments.remove(at).bytes;
        }
    }

    fn cut(&mut self, after: u64) {
        self.moments.truncate(self.moments.partition_point(|moment| moment.step <= after));
        self.bytes = self.moments.iter().map(|moment| moment.bytes).sum();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overview_is_bounded_and_keeps_its_moments_while_the_run_grows() {
        let model: backprop_nn::ModelSpec = serde_json::from_str(r#"[{"kind":"dense","units":2}]"#).unwrap();
        let network = model.build(backprop_nn::Shape::flat(2), 2);
        let weights = network.unwrap().init_weights(1);
        let mut timeline = Timeline::default();
        assert!(timeline.overview(20).is_empty());
        let mut steps_at = |to: u64| -> Vec<u64> {
            for step in timeline.steps().last().map_or(0, |last| last + 1)..=to {
                timeline.add_snapshot(&Arc::new(Snapshot { step, weights: weights.clone() }));
            }
            timeline.overview(20).iter().map(|snapshot| snapshot.step).collect()
        };
        let (first, later) = (steps_at(100), steps_at(160));
        assert_eq!(first, (0..=12).map(|at| 8 * at).collect::<Vec<_>>());
        assert_eq!(later.len(), 21);
        assert_eq!(later[..first.len()], first);
        let last = steps_at(200);
        assert_eq!(last, (0..=12).map(|at| 16 * at).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_kept_is_spread_over_all_steps_and_bounded() {
        let mut spread = Spread::new(Limit { count: 10, bytes: 1000 });
        (0..=5000).for_each(|step| spread.add(step, 1, step));
        let steps: Vec<u64> = spread.moments.iter().map(|moment| moment.step).collect();
        assert!(steps.len() == 10 && steps[0] == 0 && steps[9] == 5000, "{steps:?}");
        let gaps = steps.windows(2).map(|pair| pair[1] - pair[0]);
        assert!(gaps.clone().max() <= gaps.min().map(|gap| 8 * gap.max(100)), "{steps:?}");
        assert_eq!((spread.at(steps[3] + 1), spread.at(steps[3] - 1)), (Some(&steps[3]), Some(&steps[2])));
        spread.add(6000, 995, 6000);
        assert!(spread.bytes <= 1000 && spread.moments.last().is_some_and(|moment| moment.step == 6000));
        spread.cut(steps[2]);
        assert!(spread.moments.iter().all(|moment| moment.step <= steps[2]) && spread.bytes < 10);
        spread.add(steps[2], 3, 7);
        assert_eq!(spread.at(steps[2]), Some(&7), "the newest of a step counts");
    }
}
