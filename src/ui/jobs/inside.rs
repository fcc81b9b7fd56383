//! What a network computes for one sample, layer by layer, and what matters in it for an answer.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::derived::Query;
use super::plane;
use crate::explain::connections::{self, Strength, Sum, Wiring};
use crate::explain::kernels::{Kernel, kernels};
use crate::explain::relevance::{Method, relevance};
use crate::ui::state::trained_network::TrainedNetwork;
use backprop_nn::batch::inspection::Place;
use backprop_nn::layer::InsideLayer;
use backprop_nn::loss::argmax;
use backprop_nn::{Inspection, LayerSpec, ModelSpec, Weights};

/// Asks for a look inside.
#[derive(Clone, PartialEq)]
pub struct InsideQuery {
    /// The network that is looked into.
    pub network: TrainedNetwork,
    /// Its layers.
    pub model: Arc<ModelSpec>,
    /// The sample as the network reads it.
    pub sample: Arc<Vec<f32>>,
    /// Its position in the data, if it is one of those.
    pub at: Option<usize>,
    /// The output that is explained; the highest if there is none.
    pub output: Option<usize>,
    /// How it is explained.
    pub method: Method,
    /// What of it is shown.
    pub part: Part,
    /// Weights that somebody changed by hand, each by its position among those of the network.
    pub edits: Vec<(usize, f32)>,
}

/// What is shown of the layers, and so has to be worked out.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// What each gives, which is always there.
    Activations,
    /// Their weights.
    Weights,
    /// How they are connected.
    Diagram {
        /// What makes a connection strong.
        by: Strength,
        /// The unit that is looked at: its place, and its position there.
        selected: Option<(usize, usize)>,
        /// The part of the plane of its two inputs, x and y, if that is what it has.
        plane: Option<[RangeInclusive<f64>; 2]>,
    },
}

/// How the layers are connected.
pub struct Connected {
    /// What is drawn of each place: nothing, or what connects it with the place before.
    pub wirings: Vec<Option<Wiring>>,
    /// The place whose values each adds to its own, if it is a residual block.
    pub skips: Vec<Option<usize>>,
    /// What the unit adds up that is looked at.
    pub sum: Option<Sum>,
    /// What every place gives over the plane of two inputs, `[SURFACE, SURFACE, units]`, the highest y first.
    pub surfaces: Option<Vec<Vec<f32>>>,
    /// The outputs as they were before weights were changed by hand.
    pub unedited: Option<Vec<f32>>,
}

/// Rows and columns of the picture of a unit over the plane.
pub const SURFACE: usize = 32;

/// So many connections are drawn between two layers.
const MOST_CONNECTIONS: usize = 250;

/// What was found.
pub struct Inside {
    /// The input and every layer.
    pub places: Vec<Place>,
    /// What each of them gives.
    pub values: Vec<Vec<f32>>,
    /// What each has computed besides: the gates of a recurrent layer.
    pub within: Vec<Vec<InsideLayer>>,
    /// The outputs as the loss reads them: the probability of every class.
    pub outputs: Vec<f32>,
    /// The output that is explained.
    pub explained: usize,
    /// How much each pixel, or number, matters for it; nothing if the method does not fit.
    pub relevance: Option<Vec<f32>>,
    /// The weights of every layer, if they are wanted.
    pub kernels: Vec<Kernel>,
    /// How the layers are connected, if that is wanted.
    pub connected: Option<Connected>,
}

/// The weights with those that were changed by hand; nothing if none was.
fn edited(weights: &Weights, edits: &[(usize, f32)]) -> Option<Weights> {
    let mut edited = (!edits.is_empty()).then(|| weights.clone())?;
    for (at, value) in edits {
        if let Some(weight) = edited.values_mut().get_mut(*at) {
            *weight = *value;
        }
    }
    Some(edited)
}

fn connected(
    inspection: &Inspection,
    layers: &[LayerSpec],
    weights: &Weights,
    by: Strength,
    selected: Option<(usize, usize)>,
) -> Connected {
    let places = inspection.places();
    let wiring = |at| {
        let is_drawn = !connections::is_identity(layers, &places[at]);
        is_drawn.then(|| connections::strongest(inspection, weights, at, by, MOST_CONNECTIONS))
    };
    // What enters a residual block is what the place gives before its first layer.
    let skip = |at: usize| {
        let first = places[..at]
            .iter()
            .position(|place| place.path.len() > places[at].path.len() && place.path.starts_with(&places[at].path));
        first.and_then(|first| first.checked_sub(1)).filter(|_| at > 0)
    };
    Connected {
        wirings: (0..places.len()).map(wiring).collect(),
        skips: (0..places.len()).map(skip).collect(),
        sum: selected
            .filter(|(place, _)| *place < places.len())
            .and_then(|(place, unit)| connections::sum(inspection, layers, weights, place, unit)),
        surfaces: None,
        unedited: None,
    }
}

impl Query for InsideQuery {
    type Answer = Option<Inside>;
    type Memory = Option<(TrainedNetwork, Arc<ModelSpec>, Inspection)>;
    const NAME: &'static str = "looking inside";

    fn answer(&self, memory: &mut Self::Memory) -> Option<Inside> {
        let Self { network, model, sample, at: _, output, method, part, edits } = self;
        let trained = network.trained();
        let is_kept =
            |kept: &(TrainedNetwork, Arc<ModelSpec>, Inspection)| kept.0.is_same_network(network) && kept.1 == *model;
        let new = || {
            let network = trained.network;
            Inspection::new(model, network.input(), network.output()).ok()
        };
        let inspection = match memory.take().filter(is_kept) {
            Some((.., inspection)) => inspection,
            None => new()?,
        };
        let (.., inspection) = memory.insert((network.clone(), Arc::clone(model), inspection));
        if sample.len() != trained.network.input().len() {
            return None;
        }
        let edited = edited(trained.weights, edits);
        let weights = edited.as_ref().unwrap_or(trained.weights);
        let outputs_of = |inspection: &mut Inspection, weights: &Weights| {
            inspection.forward(weights, sample);
            let mut outputs = inspection.outputs().to_vec();
            if !trained.task.classes().is_empty() {
                trained.loss.probabilities(&mut outputs);
            }
            outputs
        };
        let unedited = edited.as_ref().map(|_| outputs_of(inspection, trained.weights));
        let outputs = outputs_of(inspection, weights);
        let places = inspection.places().to_vec();
        let values: Vec<Vec<f32>> = (0..places.len()).map(|at| inspection.values(at).to_vec()).collect();
        let within = (0..places.len()).map(|at| inspection.inside(at)).collect();
        // The highest logit: probabilities may be equal where it is far above the others.
        let highest = argmax(inspection.outputs());
        let explained = output.filter(|output| *output < outputs.len()).unwrap_or(highest);
        let mut connected = match part {
            Part::Diagram { by, selected, .. } => {
                Some(Connected { unedited, ..connected(inspection, &model.layers, weights, *by, *selected) })
            }
            Part::Activations | Part::Weights => None,
        };
        let relevance = method.fits(&places).then(|| relevance(inspection, weights, sample, explained, *method));
        let kernels = if *part == Part::Weights { kernels(trained.network, weights) } else { Vec::new() };
        if let (Some(connected), Part::Diagram { plane: Some(plane), .. }) = (&mut connected, part) {
            let (places, mut grid) = (plane::places(plane, SURFACE), vec![0.0; 2 * SURFACE * SURFACE]);
            trained.scaling.inputs.apply(&places, &mut grid);
            inspection.forward(weights, &grid);
            let surfaces = (0..inspection.places().len()).map(|at| inspection.values(at).to_vec());
            connected.surfaces = Some(surfaces.collect());
        }
        Some(Inside { places, values, within, outputs, explained, relevance, kernels, connected })
    }

    fn may_show(&self, older: &Self) -> bool {
        self.network.is_same_network(&older.network)
    }
}
