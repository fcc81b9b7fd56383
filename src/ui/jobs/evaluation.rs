//! What a network of an earlier moment predicts for the validation samples.

use std::sync::Arc;
use std::time::Duration;

use super::derived::Query;
use crate::train::{Evaluation, Job, Snapshot, Subset};

/// Time for a first look at the samples, so that a moment is there while somebody drags.
const GLANCE: Duration = Duration::from_millis(30);

/// Asks for the evaluation of the weights of a moment on the validation set.
#[derive(Clone)]
pub struct EvaluationQuery {
    /// The job of the run.
    pub job: Arc<Job>,
    /// The weights.
    pub snapshot: Arc<Snapshot>,
    /// Whether the first samples are enough.
    pub is_glance: bool,
}

impl PartialEq for EvaluationQuery {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.job, &other.job)
            && Arc::ptr_eq(&self.snapshot, &other.snapshot)
            && self.is_glance == other.is_glance
    }
}

impl Query for EvaluationQuery {
    /// The evaluation, and whether it is that of all samples.
    type Answer = (Arc<Evaluation>, bool);
    type Memory = ();
    const NAME: &'static str = "evaluating a moment";
    const PAUSE: Duration = Duration::ZERO;
    /// Only while somebody drags.
    const SHARE: u32 = 2;

    fn answer(&self, (): &mut ()) -> Self::Answer {
        let weights = &self.snapshot.weights;
        let (evaluation, is_whole) = match self.is_glance {
            true => self.job.glance(weights, Subset::Validation, GLANCE),
            false => (self.job.evaluate(weights, Subset::Validation), true),
        };
        (Arc::new(evaluation), is_whole)
    }

    fn may_show(&self, _older: &Self) -> bool {
        false
    }
}
