//! Which digits a generator makes, by the built-in classifier, and how near they are to images that it has learned from.

use std::sync::Arc;

use super::derived::Query;
use crate::data::Dataset;
use crate::data::samples::{scale_bytes, to_bytes};
use crate::explain::neighbors::nearest;
use crate::project::RunFolder;
use crate::train::{Predictor, generate};
use crate::ui::state::trained_network::TrainedNetwork;
use backprop_nn::loss::argmax;

/// Samples whose classes are counted.
pub const COUNTED: usize = 500;

/// Samples whose nearest training image is looked for, and the most training images that are compared with.
pub const COMPARED: usize = 32;
const MOST_IMAGES: usize = 20_000;

/// Asks about the samples of a noise.
#[derive(Clone)]
pub struct ModesQuery {
    /// The generator.
    pub network: TrainedNetwork,
    /// The seed of its noise.
    pub noise: u64,
    /// What tells the digits apart.
    pub classifier: Arc<RunFolder>,
    /// The data that it learns from.
    pub dataset: Arc<Dataset>,
}

impl PartialEq for ModesQuery {
    fn eq(&self, other: &Self) -> bool {
        self.network == other.network
            && self.noise == other.noise
            && Arc::ptr_eq(&self.classifier, &other.classifier)
            && Arc::ptr_eq(&self.dataset, &other.dataset)
    }
}

/// What was found.
pub struct Modes {
    /// How many of [`COUNTED`] samples are of each class.
    pub counts: Vec<u32>,
    /// The distance of each of the first samples from its nearest training image: the root of the mean squared difference of
    /// pixels from 0 to 1, in ascending order.
    pub distances: Vec<f64>,
}

impl Query for ModesQuery {
    /// Nothing if the samples are no images that the classifier reads.
    type Answer = Option<Modes>;
    /// The training images from 0 to 1.
    type Memory = Option<(Arc<Dataset>, Vec<f32>)>;
    const NAME: &'static str = "counting what the generator makes";
    /// Training goes on beside it.
    const SHARE: u32 = 20;

    fn answer(&self, memory: &mut Self::Memory) -> Option<Modes> {
        let (generator, classifier) = (self.network.trained(), self.classifier.trained());
        let len = classifier.network.input().len();
        if generator.network.last_input().len() != len || self.dataset.shape.len() != len {
            return None;
        }
        let samples = generate(generator.network, generator.scaling, generator.weights, self.noise, COUNTED);
        let mut reader = Predictor::new(classifier.network);
        let mut counts = vec![0; classifier.network.output().len()];
        for sample in samples.chunks_exact(len) {
            let pixels: Vec<u8> = to_bytes(sample).collect();
            counts[argmax(reader.read(classifier, &pixels))] += 1;
        }
        let known = memory.take().filter(|(dataset, _)| Arc::ptr_eq(dataset, &self.dataset));
        let images = || {
            let train = &self.dataset.train;
            let count = train.len().min(MOST_IMAGES);
            let mut images = vec![0.0; count * len];
            for (at, image) in images.chunks_exact_mut(len).enumerate() {
                scale_bytes(train.pixels_of(at), image);
            }
            images
        };
        let (_, images) = memory.insert(known.unwrap_or_else(|| (Arc::clone(&self.dataset), images())));
        let distance = |sample: &[f32]| Some(nearest(images, sample, 1).first()?.distance / (len as f64).sqrt());
        let mut distances: Vec<f64> = samples.chunks_exact(len).take(COMPARED).filter_map(distance).collect();
        distances.sort_by(f64::total_cmp);
        Some(Modes { counts, distances })
    }

    fn may_show(&self, older: &Self) -> bool {
        self.network.is_same_network(&older.network)
    }
}
