//! What a linear model reaches on the data of a run, to stand beside its result.

use std::sync::Arc;

use super::derived::Query;
use crate::train::linear::linear;
use crate::train::{Evaluation, Job};

/// Asks for a linear model on the samples of a job.
#[derive(Clone)]
pub struct LinearQuery {
    /// The job whose result it stands beside.
    pub job: Arc<Job>,
}

impl PartialEq for LinearQuery {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.job, &other.job)
    }
}

impl Query for LinearQuery {
    /// Its evaluation on the test samples; nothing where the samples are no table.
    type Answer = Option<Arc<Evaluation>>;
    type Memory = ();
    const NAME: &'static str = "training a linear model";

    fn answer(&self, (): &mut ()) -> Option<Arc<Evaluation>> {
        linear(&self.job)
    }

    fn may_show(&self, older: &Self) -> bool {
        self == older
    }
}
