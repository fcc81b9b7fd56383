//! Samples in the order of an epoch, gathered and scaled shard by shard.

use rand::seq::SliceRandom as _;

use super::{Augment, Samples};
use crate::nn::Shape;
use crate::nn::init::{mix, stream};
use crate::nn::kernels::vectorized;

const SHUFFLE: u64 = 0x5_0FF1E;
const AUGMENT: u64 = 0xA06_3E47;

/// Puts `order` into the order of an epoch. Every epoch has its own, and all follow from the seed.
pub fn shuffle(order: &mut [u32], seed: u64, epoch: u64) {
    order.sort_unstable();
    order.shuffle(&mut stream(mix(seed, epoch), SHUFFLE));
}

/// Copies samples into a shard as numbers from 0 to 1, and their labels.
///
/// `inputs` is `[samples, shape]`, `labels` is `[samples]`.
pub fn gather(samples: &Samples, at: &[u32], inputs: &mut [f32], labels: &mut [u8]) {
    let len = inputs.len() / at.len().max(1);
    for ((&at, input), label) in at.iter().zip(inputs.chunks_exact_mut(len.max(1))).zip(labels) {
        scale(samples.pixels_of(at as usize), input);
        *label = samples.labels[at as usize];
    }
}

/// Changes samples as they are gathered, each in its own way in each epoch.
pub struct Augmenter {
    augment: Augment,
    shape: [usize; 3],
    changed: Vec<u8>,
    scratch: Vec<u8>,
}

impl Augmenter {
    /// Nothing if there is nothing to change, or if the samples are not images.
    pub fn new(augment: &Augment, shape: Shape) -> Option<Self> {
        let shape = shape.as_image().filter(|_| !augment.is_off())?;
        let changed = vec![0; shape.iter().product()];
        Some(Self { augment: augment.clone(), shape, changed, scratch: Vec::new() })
    }

    /// As [`gather`], with the change that `seed`, `epoch` and the sample's position say; so it depends neither on the
    /// batch nor on the thread that makes it.
    pub fn gather(&mut self, samples: &Samples, at: &[u32], key: (u64, u64), inputs: &mut [f32], labels: &mut [u8]) {
        let (seed, epoch) = key;
        let len = self.changed.len();
        for ((&at, input), label) in at.iter().zip(inputs.chunks_exact_mut(len.max(1))).zip(labels) {
            self.change(samples.pixels_of(at as usize), mix(mix(seed, epoch), u64::from(at)));
            scale(&self.changed, input);
            *label = samples.labels[at as usize];
        }
    }

    /// One sample, changed.
    pub fn change(&mut self, pixels: &[u8], seed: u64) -> &[u8] {
        let [height, width, channels] = self.shape;
        let mut rng = stream(seed, AUGMENT);
        self.augment.apply(pixels, height, width, channels, &mut self.changed, &mut self.scratch, &mut rng);
        &self.changed
    }
}

fn scale(pixels: &[u8], inputs: &mut [f32]) {
    vectorized!({
        for (input, &pixel) in inputs.iter_mut().zip(pixels) {
            *input = f32::from(pixel) * (1.0 / 255.0);
        }
    });
}
