//! Validation images and what an autoencoder gives back for them.

use std::sync::Arc;

use super::derived::Query;
use crate::data::Modality;
use crate::data::samples::to_bytes;
use crate::train::evaluate::reconstruct;
use crate::train::heads::Results;
use crate::train::{Evaluation, Job, Predictions};
use crate::ui::state::session::Session;
use crate::ui::state::trained_network::TrainedNetwork;

/// Samples that are watched while the network learns, and samples that were given back worst.
const WATCHED: usize = 24;
const WORST: usize = 48;

/// Asks for the reconstructions of validation images by the autoencoder of the run.
#[derive(Clone)]
pub struct ReconstructionsQuery {
    network: TrainedNetwork,
    /// The job of the run, which has the data set and the split.
    pub job: Arc<Job>,
    evaluation: Option<Arc<Evaluation>>,
}

/// Images as the network gives them back with the weights of a moment.
pub struct Reconstructions {
    /// Positions in the training samples: first those that are watched, then the worst of the last evaluation.
    pub samples: Vec<u32>,
    /// Number of samples that are watched; the rest are the worst.
    pub watched: usize,
    /// `[samples, shape]`
    pub pixels: Vec<u8>,
    /// Root of the mean squared error of each, where white is 1.
    pub errors: Vec<f32>,
}

impl ReconstructionsQuery {
    /// Of the run, if it trains an autoencoder of images and has weights.
    pub fn of(session: &Session) -> Option<Self> {
        let (job, snapshot) = session.job.as_ref().zip(session.snapshot())?;
        let is_autoencoder = job.head().results() == Results::Reconstructions;
        (is_autoencoder && job.dataset.modality() == Modality::Images).then(|| Self {
            network: TrainedNetwork::Run(Arc::clone(job), Arc::clone(snapshot)),
            job: Arc::clone(job),
            evaluation: session.validation().cloned(),
        })
    }
}

impl PartialEq for ReconstructionsQuery {
    fn eq(&self, other: &Self) -> bool {
        let is_same_evaluation = match (&self.evaluation, &other.evaluation) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        self.network == other.network && is_same_evaluation
    }
}

impl Query for ReconstructionsQuery {
    type Answer = Reconstructions;
    type Memory = ();
    const NAME: &'static str = "drawing the reconstructions";

    fn answer(&self, (): &mut ()) -> Reconstructions {
        let mut samples: Vec<u32> = self.job.split.validation.iter().copied().take(WATCHED).collect();
        let watched = samples.len();
        if let Some(Predictions::Reconstructions(predictions)) =
            self.evaluation.as_ref().map(|evaluation| &evaluation.predictions)
        {
            let mut order: Vec<_> = predictions.samples.iter().zip(&predictions.errors).collect();
            order.sort_by(|a, b| b.1.total_cmp(a.1));
            samples.extend(order.iter().take(WORST).map(|(sample, _)| **sample));
        }
        let (given, errors) = reconstruct(self.network.trained(), &self.job.dataset.train, &samples);
        Reconstructions { samples, watched, pixels: to_bytes(&given).collect(), errors }
    }

    fn may_show(&self, older: &Self) -> bool {
        Arc::ptr_eq(&self.job, &older.job)
    }
}
