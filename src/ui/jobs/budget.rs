//! What each layer costs, and the time that it takes, measured while nothing is asked of the processor, or when somebody wants it.

use std::sync::Arc;
use std::time::Duration;

use super::derived::Query;
use crate::data::Dataset;
use crate::explain::budget::Budget;
use crate::project::Project;
use crate::train::default_threads;

/// How long steps are measured.
const TIME: Duration = Duration::from_millis(400);

/// Asks for the costs of the layers.
#[derive(Clone)]
pub struct BudgetQuery {
    /// Whose layers they are.
    pub project: Arc<Project>,
    /// The data that it trains on.
    pub dataset: Arc<Dataset>,
    /// Whether their time is measured, and how often it was asked for.
    pub measurement: Option<u64>,
}

impl PartialEq for BudgetQuery {
    fn eq(&self, other: &Self) -> bool {
        let is_same = Arc::ptr_eq(&self.project, &other.project) || *self.project == *other.project;
        is_same && Arc::ptr_eq(&self.dataset, &other.dataset) && self.measurement == other.measurement
    }
}

impl Query for BudgetQuery {
    /// Nothing if the project cannot be trained as it is.
    type Answer = Option<Budget>;
    type Memory = ();
    const NAME: &'static str = "measuring layers";
    /// Edits come in bursts.
    const PAUSE: Duration = Duration::from_millis(200);
    const SHARE: u32 = 4;

    fn answer(&self, (): &mut ()) -> Option<Budget> {
        let job = self.project.job(Arc::clone(&self.dataset), default_threads()).ok()?;
        Some(match self.measurement {
            Some(_) => Budget::measured(&self.project, &job, TIME),
            None => Budget::planned(&self.project, &job),
        })
    }

    fn may_show(&self, older: &Self) -> bool {
        let layers = |query: &Self| (query.project.model.clone(), query.project.adversary.clone());
        layers(self) == layers(older) && (self.measurement.is_some() || older.measurement.is_none())
    }
}
