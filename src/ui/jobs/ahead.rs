//! What the network of a run forecasts beyond the end of its series.

use std::sync::Arc;

use super::derived::Query;
use crate::data::Order;
use crate::train::ahead::{Ahead, Past};
use crate::train::{Job, Snapshot};

/// Forecasts are compared with earlier ones in the test rows; more than this part of those rows is not forecast.
const PART: usize = 2;

/// Asks for the rows that follow the series of a run, as many as a window has, if the network can forecast so many.
#[derive(Clone)]
pub struct AheadQuery {
    /// The job of the run.
    pub job: Arc<Job>,
    /// Its weights at the end.
    pub snapshot: Arc<Snapshot>,
}

impl PartialEq for AheadQuery {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.job, &other.job) && Arc::ptr_eq(&self.snapshot, &other.snapshot)
    }
}

impl Query for AheadQuery {
    type Answer = Option<Ahead>;
    type Memory = ();
    const NAME: &'static str = "forecasting beyond the end of the series";

    fn answer(&self, (): &mut ()) -> Option<Ahead> {
        let Self { job, snapshot } = self;
        let Order::Time(timeline) = &job.dataset.order else { return None };
        let columns = job.dataset.shape.channels();
        let first_test = *timeline.test_rows.first()? as usize;
        let (rows, targets, horizon) = (&timeline.rows, &timeline.targets, timeline.horizon);
        // The series may be the last part of the table, whose rows are counted from its beginning.
        let before = (*timeline.test_rows.last()? as usize).saturating_sub(rows.len() / columns);
        let held_out = first_test.saturating_sub(before + 1);
        let past = Past { rows, columns, targets, horizon, held_out };
        let window = job.network.input().len() / columns;
        let steps = window.max(horizon).min(timeline.test_rows.len() / PART).max(1);
        past.ahead(job.trained(&snapshot.weights), past.furthest().map_or(steps, |furthest| furthest.min(steps)))
    }

    fn may_show(&self, older: &Self) -> bool {
        self == older
    }
}
