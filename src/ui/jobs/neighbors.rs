//! The training samples that a network finds most like one.

use std::sync::Arc;

use super::derived::Query;
use crate::data::Dataset;
use crate::explain::neighbors::{last_hidden, nearest};
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::widgets::plane::thinned;
use backprop_nn::batch::inspection::Place;
use backprop_nn::{Inspection, ModelSpec};

/// Training samples that are searched.
const MOST: usize = 2000;

/// Numbers of all of them together that are kept.
const MOST_NUMBERS: usize = 1 << 24;

/// Samples that run through the network at once.
const AT_ONCE: usize = 50;

/// Neighbors that are found.
pub const COUNT: usize = 8;

/// Asks which training samples are like one.
#[derive(Clone)]
pub struct NeighborsQuery {
    /// The network.
    pub network: TrainedNetwork,
    /// Its layers.
    pub model: Arc<ModelSpec>,
    /// The data, which the network reads.
    pub dataset: Arc<Dataset>,
    /// The sample as the network reads it.
    pub sample: Arc<Vec<f32>>,
    /// Its position in the data, if it is one of those: no sample is its own neighbor.
    pub at: Option<usize>,
}

impl PartialEq for NeighborsQuery {
    fn eq(&self, other: &Self) -> bool {
        self.is_same_search(other) && self.sample == other.sample && self.at == other.at
    }
}

impl NeighborsQuery {
    fn is_same_search(&self, other: &Self) -> bool {
        self.network == other.network && self.model == other.model && Arc::ptr_eq(&self.dataset, &other.dataset)
    }
}

/// What was found.
pub struct Neighbors {
    /// The nearest samples of the data and their distances, the nearest first.
    pub nearest: Vec<(u32, f64)>,
    /// The layer in whose output they are near.
    pub place: Place,
    /// How many training samples were searched.
    pub searched: usize,
    /// How many there are.
    pub of: usize,
}

/// What the last hidden layer gives for the training samples.
pub struct Searched {
    query: NeighborsQuery,
    inspection: Inspection,
    /// The position of the layer among the places of the network.
    place: usize,
    samples: Vec<u32>,
    of: usize,
    /// `[samples, numbers of the layer]`.
    values: Vec<f32>,
}

impl Query for NeighborsQuery {
    type Answer = Option<Neighbors>;
    type Memory = Option<Searched>;
    const NAME: &'static str = "searching neighbors";

    fn answer(&self, memory: &mut Self::Memory) -> Option<Neighbors> {
        let searched = match memory.take().filter(|searched| searched.query.is_same_search(self)) {
            Some(searched) => searched,
            None => Searched::of(self)?,
        };
        let Searched { inspection, place, samples, of, values, .. } = memory.insert(searched);
        if self.sample.len() != self.dataset.shape.len() {
            return None;
        }
        inspection.forward(self.network.trained().weights, &self.sample);
        let one = inspection.values(*place);
        let found = nearest(values, one, COUNT + 1).into_iter().map(|it| (samples[it.at], it.distance));
        let others = found.filter(|(sample, _)| self.at != Some(*sample as usize)).take(COUNT);
        let place = inspection.places()[*place].clone();
        Some(Neighbors { nearest: others.collect(), place, searched: samples.len(), of: *of })
    }

    fn may_show(&self, older: &Self) -> bool {
        self.network.is_same_network(&older.network) && self.at == older.at
    }
}

impl Searched {
    fn of(query: &NeighborsQuery) -> Option<Self> {
        let NeighborsQuery { network, model, dataset, .. } = query;
        let trained = network.trained();
        let (shape, outputs) = (trained.network.input(), trained.network.output().len());
        let mut inspection = Inspection::new(model, shape, outputs).ok()?;
        let place = last_hidden(trained.network, inspection.places());
        let train = network.split(dataset).train;
        let most = (MOST_NUMBERS / inspection.places()[place].shape.len().max(1)).clamp(1, MOST);
        let samples: Vec<u32> = thinned(train.len(), most).map(|at| train[at]).collect();
        let mut values = Vec::new();
        for samples in samples.chunks(AT_ONCE) {
            let mut numbers = vec![0.0; samples.len() * shape.len()];
            dataset.train.gather(trained.scaling, samples, &mut numbers);
            inspection.forward(trained.weights, &numbers);
            values.extend_from_slice(inspection.values(place));
        }
        Some(Self { query: query.clone(), inspection, place, samples, of: train.len(), values })
    }
}
