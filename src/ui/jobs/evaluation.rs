//! What a network of an earlier moment predicts for the validation samples.

use std::sync::Arc;
use std::time::Duration;

use super::derived::Query;
use crate::train::{Evaluation, Job, Snapshot, Subset};

/// Asks for the evaluation of the weights of a moment on the validation set.
#[derive(Clone)]
pub struct EvaluationQuery {
    /// The job of the run.
    pub job: Arc<Job>,
    /// The weights.
    pub snapshot: Arc<Snapshot>,
}

impl PartialEq for EvaluationQuery {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.job, &other.job) && Arc::ptr_eq(&self.snapshot, &other.snapshot)
    }
}

impl Query for EvaluationQuery {
    type Answer = Arc<Evaluation>;
    type Memory = ();
    const NAME: &'static str = "evaluating a moment";
    const PAUSE: Duration = Duration::ZERO;

    fn answer(&self, (): &mut ()) -> Arc<Evaluation> {
        Arc::new(self.job.evaluate(&self.snapshot.weights, Subset::Validation))
    }

    fn may_show(&self, _older: &Self) -> bool {
        false
    }
}
