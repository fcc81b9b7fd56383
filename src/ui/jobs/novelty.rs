//! Whether what was drawn is like anything that a network has learned.

use std::sync::Arc;

use super::derived::Query;
use crate::data::Dataset;
use crate::data::samples::scale_bytes;
use crate::explain::novelty::Familiar;
use crate::project::RunFolder;
use crate::ui::state::trained_network::TrainedNetwork;
use backprop_nn::ModelSpec;

/// The digits that stand for those that the built-in classifier has learned: the program writes them itself.
const DIGITS: &str = "digits?count=5000";

/// Asks how far a drawing is from what a network knows.
#[derive(Clone)]
pub struct NoveltyQuery {
    /// The network.
    pub network: TrainedNetwork,
    /// Its layers.
    pub model: Arc<ModelSpec>,
    /// The data, which the network reads; nothing for the built-in classifier.
    pub dataset: Option<Arc<Dataset>>,
    /// The pixels as the network reads them.
    pub pixels: Arc<Vec<u8>>,
}

impl NoveltyQuery {
    fn is_same_search(&self, other: &Self) -> bool {
        let is_same_data = match (&self.dataset, &other.dataset) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        is_same_data && self.network == other.network && self.model == other.model
    }
}

impl PartialEq for NoveltyQuery {
    fn eq(&self, other: &Self) -> bool {
        self.is_same_search(other) && self.pixels == other.pixels
    }
}

/// How far a drawing is from what a network knows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Novelty {
    /// Times as far as is usual for validation images.
    pub times: f64,
    /// How many training images it was compared with.
    pub training: usize,
}

/// What a network knows, kept as long as it is the same.
pub struct Known {
    query: NoveltyQuery,
    familiar: Option<Familiar>,
}

impl Query for NoveltyQuery {
    type Answer = Option<Novelty>;
    type Memory = Option<Known>;
    const NAME: &'static str = "comparing with what was learned";

    fn answer(&self, memory: &mut Self::Memory) -> Option<Novelty> {
        let known = memory.take().filter(|known| known.query.is_same_search(self));
        let known = memory.insert(known.unwrap_or_else(|| Known { query: self.clone(), familiar: self.learn() }));
        let familiar = known.familiar.as_mut()?;
        let mut image = vec![0.0; self.pixels.len()];
        scale_bytes(&self.pixels, &mut image);
        let times = familiar.novelty(self.network.trained(), &image)?;
        Some(Novelty { times, training: familiar.training })
    }

    fn may_show(&self, older: &Self) -> bool {
        self.is_same_search(older)
    }
}

impl NoveltyQuery {
    fn learn(&self) -> Option<Familiar> {
        let trained = self.network.trained();
        match &self.dataset {
            Some(dataset) => Familiar::of(&self.model, trained, dataset, &self.network.split(dataset)),
            None => {
                let dataset = Dataset::read(DIGITS).ok()?;
                Familiar::of(&self.model, trained, &dataset, &dataset.split(HELD, 1))
            }
        }
    }

    /// Whether it is the classifier that comes with the program.
    pub fn is_built_in(network: &TrainedNetwork, built_in: Option<&Arc<RunFolder>>) -> bool {
        matches!((network, built_in), (TrainedNetwork::Folder(one), Some(other)) if Arc::ptr_eq(one, other))
    }
}

/// The share of the digits that says what is usual.
const HELD: f32 = 0.2;
