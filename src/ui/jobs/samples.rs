//! What a generator makes of a noise that stays the same while it learns.

use super::derived::Query;
use crate::train::generate;
use crate::ui::state::trained_network::TrainedNetwork;
use backprop_nn::Shape;

/// Images that are shown at once, and rows of numbers.
const IMAGES: usize = 64;
const ROWS: usize = 512;

/// Asks for samples of a generator.
#[derive(Clone, PartialEq)]
pub struct SamplesQuery {
    /// The generator and its weights.
    pub network: TrainedNetwork,
    /// The seed of the noise that the samples are made of.
    pub noise: u64,
}

/// Samples that a generator made from noise.
pub struct GeneratedSamples {
    /// Shape of one sample.
    pub shape: Shape,
    /// `[samples, shape]`, images from 0 to 1, others in the units of the data.
    pub values: Vec<f32>,
}

impl GeneratedSamples {
    /// Number of samples.
    pub fn count(&self) -> usize {
        self.values.len() / self.shape.len().max(1)
    }
}

impl Query for SamplesQuery {
    type Answer = GeneratedSamples;
    type Memory = ();
    const NAME: &'static str = "generating samples";

    fn answer(&self, (): &mut ()) -> GeneratedSamples {
        let trained = self.network.trained();
        let shape = trained.network.last_input();
        let count = if shape.as_image().is_some() { IMAGES } else { ROWS };
        let values = generate(trained.network, trained.scaling, trained.weights, self.noise, count);
        GeneratedSamples { shape, values }
    }

    fn may_show(&self, older: &Self) -> bool {
        self.network.is_same_network(&older.network)
    }
}
