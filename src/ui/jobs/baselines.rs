//! What other models reach on the data of a run, to stand beside its result.

use std::sync::Arc;

use super::derived::Query;
use crate::train::Job;
use crate::train::baselines::{Baseline, baselines};

/// Asks for other models on the samples of a job.
#[derive(Clone)]
pub struct BaselinesQuery {
    /// The job whose result they stand beside.
    pub job: Arc<Job>,
}

impl PartialEq for BaselinesQuery {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.job, &other.job)
    }
}

impl Query for BaselinesQuery {
    /// None where the samples are no table.
    type Answer = Vec<Baseline>;
    type Memory = ();
    const NAME: &'static str = "training other models";

    fn answer(&self, (): &mut ()) -> Vec<Baseline> {
        baselines(&self.job)
    }

    fn may_show(&self, older: &Self) -> bool {
        self == older
    }
}
