//! What a network computes for one sample, layer by layer, and what matters in it for an answer.

use std::sync::Arc;

use super::derived::Query;
use crate::explain::kernels::{Kernel, kernels};
use crate::explain::relevance::{Method, relevance};
use crate::ui::state::trained_network::TrainedNetwork;
use backprop_nn::batch::inspection::Place;
use backprop_nn::loss::argmax;
use backprop_nn::{Inspection, ModelSpec};

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
    /// Whether the weights are wanted as well.
    pub has_kernels: bool,
}

/// What was found.
pub struct Inside {
    /// The input and every layer.
    pub places: Vec<Place>,
    /// What each of them gives.
    pub values: Vec<Vec<f32>>,
    /// The outputs as the loss reads them: the probability of every class.
    pub outputs: Vec<f32>,
    /// The output that is explained.
    pub explained: usize,
    /// How much each pixel, or number, matters for it; nothing if the method does not fit.
    pub relevance: Option<Vec<f32>>,
    /// The weights of every layer, if they are wanted.
    pub kernels: Vec<Kernel>,
}

impl Query for InsideQuery {
    type Answer = Option<Inside>;
    type Memory = Option<(TrainedNetwork, Arc<ModelSpec>, Inspection)>;
    const NAME: &'static str = "looking inside";

    fn answer(&self, memory: &mut Self::Memory) -> Option<Inside> {
        let Self { network, model, sample, at: _, output, method, has_kernels } = self;
        let trained = network.trained();
        let is_kept =
            |kept: &(TrainedNetwork, Arc<ModelSpec>, Inspection)| kept.0.is_same_network(network) && kept.1 == *model;
        let new = || {
            let network = trained.network;
            Inspection::new(model, network.input(), network.output().len()).ok()
        };
        let inspection = match memory.take().filter(is_kept) {
            Some((.., inspection)) => inspection,
            None => new()?,
        };
        let (.., inspection) = memory.insert((network.clone(), Arc::clone(model), inspection));
        if sample.len() != trained.network.input().len() {
            return None;
        }
        inspection.forward(trained.weights, sample);
        let places = inspection.places().to_vec();
        let values: Vec<Vec<f32>> = (0..places.len()).map(|at| inspection.values(at).to_vec()).collect();
        let mut outputs = inspection.outputs().to_vec();
        let explained = output.filter(|output| *output < outputs.len()).unwrap_or_else(|| argmax(&outputs));
        let relevance =
            method.fits(&places).then(|| relevance(inspection, trained.weights, sample, explained, *method));
        if !trained.task.classes().is_empty() {
            trained.loss.probabilities(&mut outputs);
        }
        let kernels = if *has_kernels { kernels(trained.network, trained.weights) } else { Vec::new() };
        Some(Inside { places, values, outputs, explained, relevance, kernels })
    }

    fn may_show(&self, older: &Self) -> bool {
        self.network.is_same_network(&older.network)
    }
}
