//! What would make a sample one of another class.

use std::sync::Arc;

use super::derived::Query;
use crate::data::Dataset;
use crate::explain::counterfactual::{Aim, Counterfactual, column_bounds, counterfactual, pixel_bounds};
use crate::ui::state::trained_network::TrainedNetwork;
use backprop_nn::{Inspection, ModelSpec};

/// Asks how a sample would have to change.
#[derive(Clone)]
pub struct CounterfactualQuery {
    /// The network.
    pub network: TrainedNetwork,
    /// Its layers.
    pub model: Arc<ModelSpec>,
    /// The sample as the network reads it.
    pub sample: Arc<Vec<f32>>,
    /// The table that it is a row of, and its position there; nothing for an image.
    pub row: Option<(Arc<Dataset>, usize)>,
    /// The class that it is to become.
    pub class: u16,
}

impl PartialEq for CounterfactualQuery {
    fn eq(&self, other: &Self) -> bool {
        let is_same_row = match (&self.row, &other.row) {
            (Some((dataset, at)), Some((other, other_at))) => Arc::ptr_eq(dataset, other) && at == other_at,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        is_same_row
            && self.network == other.network
            && self.model == other.model
            && self.sample == other.sample
            && self.class == other.class
    }
}

impl Query for CounterfactualQuery {
    type Answer = Option<Counterfactual>;
    type Memory = ();
    const NAME: &'static str = "changing a sample";

    fn answer(&self, (): &mut ()) -> Option<Counterfactual> {
        let Self { network, model, sample, row, class } = self;
        let trained = network.trained();
        let (shape, outputs) = (trained.network.input(), trained.network.output().len());
        if sample.len() != shape.len() || usize::from(*class) >= outputs {
            return None;
        }
        let mut inspection = Inspection::new(model, shape, outputs).ok()?;
        let bounds = match row {
            Some((dataset, at)) => column_bounds(dataset, trained.scaling, *at),
            None => pixel_bounds(sample.len()),
        };
        let aim = Aim { loss: trained.loss, class: *class, bounds: &bounds };
        (bounds.len() == sample.len()).then(|| counterfactual(&mut inspection, trained.weights, sample, &aim))
    }

    fn may_show(&self, older: &Self) -> bool {
        self.network.is_same_network(&older.network) && self.class == older.class && self.sample == older.sample
    }
}
