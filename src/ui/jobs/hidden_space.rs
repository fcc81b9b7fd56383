//! Where samples lie in the space of what a layer gives.

use std::sync::Arc;

use super::derived::Query;
use crate::data::Dataset;
use crate::explain::projection::{Projection, principal};
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::widgets::plane::thinned;
use backprop_nn::batch::inspection::Place;
use backprop_nn::{Inspection, ModelSpec};

/// Samples that are projected.
const MOST: usize = 500;

/// Samples that run through the network at once.
const AT_ONCE: usize = 50;

/// Asks where samples lie.
#[derive(Clone)]
pub struct HiddenSpaceQuery {
    /// The network whose layer it is.
    pub network: TrainedNetwork,
    /// Its layers.
    pub model: Arc<ModelSpec>,
    /// The samples.
    pub dataset: Arc<Dataset>,
    /// The place in the network, counted from the input; the last before the outputs if there is none.
    pub at: Option<usize>,
}

impl PartialEq for HiddenSpaceQuery {
    fn eq(&self, other: &Self) -> bool {
        self.network == other.network
            && self.model == other.model
            && Arc::ptr_eq(&self.dataset, &other.dataset)
            && self.at == other.at
    }
}

/// What was found.
pub struct HiddenSpace {
    /// The input and every layer.
    pub places: Vec<Place>,
    /// The place whose numbers are projected.
    pub at: usize,
    /// Which samples are projected, those of the validation set where there is one.
    pub samples: Vec<u32>,
    /// Where they lie; nothing where all are at one place.
    pub projection: Option<Projection>,
}

impl Query for HiddenSpaceQuery {
    type Answer = Option<HiddenSpace>;
    type Memory = ();
    const NAME: &'static str = "projecting samples";

    fn answer(&self, (): &mut ()) -> Option<HiddenSpace> {
        let Self { network, model, dataset, at } = self;
        let trained = network.trained();
        let len = trained.network.input().len();
        let mut inspection = Inspection::new(model, trained.network.input(), trained.network.output().len()).ok()?;
        let places = inspection.places().to_vec();
        let at = at.filter(|at| *at < places.len()).unwrap_or(places.len().saturating_sub(2));
        let held = match network {
            TrainedNetwork::Run(job, _) => job.split.validation.clone(),
            TrainedNetwork::Folder(_) => Vec::new(),
        };
        let all = if held.len() > 2 { held } else { (0..dataset.train.len() as u32).collect() };
        let samples: Vec<u32> = thinned(all.len(), MOST).map(|at| all[at]).collect();
        let mut values = Vec::new();
        for samples in samples.chunks(AT_ONCE) {
            let mut numbers = vec![0.0; samples.len() * len];
            dataset.train.gather(trained.scaling, samples, &mut numbers);
            inspection.forward(trained.weights, &numbers);
            values.extend_from_slice(inspection.values(at));
        }
        let projection = principal(&values, places[at].shape.len());
        Some(HiddenSpace { places, at, samples, projection })
    }

    fn may_show(&self, older: &Self) -> bool {
        self.network.is_same_network(&older.network) && self.at == older.at
    }
}
