//! What the network of a run has predicted for the drawing, from its first moment to the last.

use std::sync::Arc;

use super::derived::Query;
use crate::data::drawing::Preparation;
use crate::train::{Job, Predictor, Snapshot};
use crate::ui::widgets::probability_bars::Moment;

/// Asks for the probabilities over a run.
#[derive(Clone)]
pub struct DrawingHistoryQuery {
    /// The run.
    pub job: Arc<Job>,
    /// The weights at some of its moments, in order.
    pub moments: Vec<Arc<Snapshot>>,
    /// The pixels that the network sees.
    pub pixels: Arc<Vec<u8>>,
    /// How they were prepared.
    pub preparation: Preparation,
}

impl PartialEq for DrawingHistoryQuery {
    fn eq(&self, other: &Self) -> bool {
        let are_same = |(one, other): (&Arc<Snapshot>, &Arc<Snapshot>)| Arc::ptr_eq(one, other);
        Arc::ptr_eq(&self.job, &other.job)
            && self.preparation == other.preparation
            && self.pixels == other.pixels
            && self.moments.len() == other.moments.len()
            && self.moments.iter().zip(&other.moments).all(are_same)
    }
}

impl Query for DrawingHistoryQuery {
    /// A step and the probabilities after it, for each moment whose weights are numbers.
    type Answer = Vec<Moment>;
    type Memory = ();
    const NAME: &'static str = "reading the drawing over the run";
    /// Training goes on beside it.
    const SHARE: u32 = 10;

    fn answer(&self, (): &mut ()) -> Vec<Moment> {
        let mut predictor = Predictor::new(&self.job.network);
        let mut read = |snapshot: &Arc<Snapshot>| {
            let trained = self.job.trained(&snapshot.weights);
            let shares = match self.preparation.normalize {
                true => predictor.read(trained, &self.pixels),
                false => predictor.read_unscaled(trained, &self.pixels),
            };
            let is_sound = shares.iter().all(|share| share.is_finite());
            is_sound.then(|| (snapshot.step, shares.to_vec()))
        };
        self.moments.iter().filter_map(&mut read).collect()
    }

    fn may_show(&self, older: &Self) -> bool {
        Arc::ptr_eq(&self.job, &older.job)
    }
}
