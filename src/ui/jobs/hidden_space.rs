//! Where samples lie in the space of what a layer gives: by principal components at once, and by t-SNE, which takes its time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::derived::Query;
use crate::data::Dataset;
use crate::explain::projection::{Projection, principal};
use crate::explain::tsne::Tsne;
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::widgets::plane::thinned;
use backprop_nn::batch::inspection::Place;
use backprop_nn::{Inspection, ModelSpec};

/// Samples that are projected, and the most that are embedded by t-SNE.
const MOST: usize = 500;
const MOST_EMBEDDED: usize = 1000;

/// The most numbers that a layer may give for all of them together.
const MOST_NUMBERS: usize = 1 << 24;

/// Samples that run through the network at once.
const AT_ONCE: usize = 50;

/// How long the points are moved before they are shown.
const MOVED: Duration = Duration::from_millis(30);

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

/// Samples, and what a layer gives for them.
pub struct HiddenSpace {
    /// The input and every layer.
    pub places: Vec<Place>,
    /// The place whose numbers are looked at.
    pub at: usize,
    /// Which samples are looked at, those of the validation set where there is one.
    pub samples: Vec<u32>,
    /// How many there are.
    pub of: usize,
    /// Whether the network has not been trained on them.
    pub are_held_out: bool,
}

impl HiddenSpaceQuery {
    /// Runs about `most` samples through the network: what they are, and what the layer gives for them.
    fn outputs(&self, most: usize) -> Option<(HiddenSpace, Vec<f32>)> {
        let Self { network, model, dataset, at } = self;
        let trained = network.trained();
        let len = trained.network.input().len();
        let mut inspection = Inspection::new(model, trained.network.input(), trained.network.output()).ok()?;
        let places = inspection.places().to_vec();
        let at = at.filter(|at| *at < places.len()).unwrap_or(places.len().saturating_sub(2));
        let held = match network {
            TrainedNetwork::Run(job, _) => job.split.validation.clone(),
            TrainedNetwork::Folder(_) => Vec::new(),
        };
        let are_held_out = held.len() > 2;
        let all = if are_held_out { held } else { (0..dataset.train.len() as u32).collect() };
        let most = most.min(MOST_NUMBERS / places[at].shape.len().max(1));
        let samples: Vec<u32> = thinned(all.len(), most).map(|at| all[at]).collect();
        let mut values = Vec::new();
        for samples in samples.chunks(AT_ONCE) {
            let mut numbers = vec![0.0; samples.len() * len];
            dataset.train.gather(trained.scaling, samples, &mut numbers);
            inspection.forward(trained.weights, &numbers);
            values.extend_from_slice(inspection.values(at));
        }
        Some((HiddenSpace { places, at, samples, of: all.len(), are_held_out }, values))
    }

    /// Whether it is about the same layer of the same run, perhaps at another moment.
    pub fn is_alike(&self, other: &Self) -> bool {
        self.network.is_same_network(&other.network) && self.at == other.at
    }
}

/// What principal components have found.
pub struct Projected {
    /// The samples.
    pub space: HiddenSpace,
    /// Where they lie; nothing where all are at one place.
    pub projection: Option<Projection>,
}

impl Query for HiddenSpaceQuery {
    type Answer = Option<Projected>;
    /// The last one, whose components those of the next moment are to face.
    type Memory = Option<(Self, Projection)>;
    const NAME: &'static str = "projecting samples";

    fn answer(&self, memory: &mut Option<(Self, Projection)>) -> Option<Projected> {
        let (space, values) = self.outputs(MOST)?;
        let found = principal(&values, space.places[space.at].shape.len());
        let before = memory.as_ref().filter(|(before, _)| self.is_alike(before));
        let projection = match (found, before) {
            (Some(found), Some((_, before))) => Some(found.facing(before)),
            (found, _) => found,
        };
        *memory = projection.clone().map(|projection| (self.clone(), projection));
        Some(Projected { space, projection })
    }

    fn may_show(&self, older: &Self) -> bool {
        self.is_alike(older)
    }
}

/// Asks where t-SNE has moved samples, and goes on with it.
#[derive(Clone, PartialEq)]
pub struct EmbeddingQuery {
    /// The samples, and the layer.
    pub of: HiddenSpaceQuery,
    /// About how many neighbors a sample has.
    pub perplexity: u32,
    /// How often it was gone on with.
    pub round: usize,
    /// Whether a run goes on beside it, which is not to become slower.
    pub is_beside_run: bool,
}

impl EmbeddingQuery {
    /// Whether it is the same embedding, perhaps further on.
    pub fn is_same_embedding(&self, other: &Self) -> bool {
        self.of == other.of && self.perplexity == other.perplexity
    }
}

/// What t-SNE has come to.
pub struct Embedded {
    /// The samples.
    pub space: Arc<HiddenSpace>,
    /// Where they lie; nothing where all are at one place.
    pub embedding: Option<Embedding>,
}

/// Samples in the plane, as far as they have been moved.
pub struct Embedding {
    /// Where each is.
    pub points: Vec<[f32; 2]>,
    /// How far their neighborhoods are from those in the layer: the Kullback-Leibler divergence.
    pub divergence: f64,
    /// About how many neighbors each has: no more than there can be.
    pub perplexity: f64,
    /// How often they were moved.
    pub iterations: usize,
    /// Whether they stay where they are.
    pub is_done: bool,
}

/// An embedding on its way.
pub struct OnItsWay {
    query: EmbeddingQuery,
    space: Arc<HiddenSpace>,
    tsne: Option<Tsne>,
}

impl OnItsWay {
    fn of(query: &EmbeddingQuery) -> Option<Self> {
        let (space, values) = query.of.outputs(MOST_EMBEDDED)?;
        let tsne = Tsne::new(&values, space.places[space.at].shape.len(), f64::from(query.perplexity));
        Some(Self { query: query.clone(), space: Arc::new(space), tsne })
    }
}

impl Query for EmbeddingQuery {
    type Answer = Option<Embedded>;
    type Memory = Option<OnItsWay>;
    const NAME: &'static str = "embedding samples";
    const PAUSE: Duration = Duration::from_millis(16);

    fn share(&self) -> u32 {
        if self.is_beside_run { Self::SHARE } else { 1 }
    }

    fn answer(&self, memory: &mut Self::Memory) -> Option<Embedded> {
        let kept = match memory.take().filter(|kept| kept.query.is_same_embedding(self)) {
            Some(kept) => kept,
            None => OnItsWay::of(self)?,
        };
        let OnItsWay { space, tsne, .. } = memory.insert(kept);
        let embedding = tsne.as_mut().map(|tsne| {
            let started = Instant::now();
            while !tsne.is_done() && started.elapsed() < MOVED {
                tsne.advance();
            }
            Embedding {
                points: tsne.points(),
                divergence: tsne.divergence(),
                perplexity: tsne.perplexity(),
                iterations: tsne.iterations(),
                is_done: tsne.is_done(),
            }
        });
        Some(Embedded { space: Arc::clone(space), embedding })
    }

    fn may_show(&self, older: &Self) -> bool {
        self.of.is_alike(&older.of)
    }
}
