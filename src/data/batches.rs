//! Samples in the order of an epoch, and changed on their way into a shard.

use super::augment::Augment;
use super::augment::{Layout, Scratch};
use super::samples::Samples;
use super::samples::scale_bytes;
use backprop_nn::Shape;
use backprop_nn::init::{mix, stream};

const AUGMENT: u64 = 0xA06_3E47;

/// Changes samples as they are gathered, each in its own way in each epoch.
pub struct Augmenter {
    augment: Augment,
    image: Layout,
    changed: Vec<u8>,
    scratch: Scratch,
}

impl Augmenter {
    /// An augmenter for samples of this shape; nothing if no setting changes images, or if the samples are not images.
    pub fn new(augment: &Augment, shape: Shape) -> Option<Self> {
        let [height, width, channels] = shape.as_image().filter(|_| augment.changes_images())?;
        let image = Layout { height, width, channels };
        Some(Self { augment: augment.clone(), image, changed: vec![0; shape.len()], scratch: Scratch::default() })
    }

    /// As [`Samples::gather`], with random changes. They are seeded by `seed`, `epoch` and the position of the sample,
    /// so they depend neither on the batch nor on the thread.
    pub fn gather(&mut self, samples: &Samples, at: &[u32], (seed, epoch): (u64, u64), inputs: &mut [f32]) {
        let len = self.changed.len();
        for (&at, input) in at.iter().zip(inputs.chunks_exact_mut(len.max(1))) {
            self.change(samples.pixels_of(at as usize), mix(mix(seed, epoch), u64::from(at)));
            scale_bytes(&self.changed, input);
        }
    }

    /// A randomly changed copy of one sample.
    pub fn change(&mut self, pixels: &[u8], seed: u64) -> &[u8] {
        let mut rng = stream(seed, AUGMENT);
        self.augment.apply(pixels, self.image, &mut self.changed, &mut self.scratch, &mut rng);
        &self.changed
    }
}
