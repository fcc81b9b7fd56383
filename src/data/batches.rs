//! Samples in the order of an epoch, and changed on their way into a shard.

use super::augment::Augment;
use super::augment::{Layout, Scratch};
use super::samples::Samples;
use super::samples::scale_bytes;
use backprop_nn::Shape;
use backprop_nn::init::{mix, stream};

/// Samples that follow one another as so many sequences side by side: the first of each sequence, then the second of each, and so
/// on. The first sequences are longer by one where they cannot be equal, so that a last batch that is smaller holds the first places.
pub fn side_by_side(samples: &[u32], sequences: usize) -> Vec<u32> {
    let sequences = sequences.clamp(1, samples.len().max(1));
    let (len, longer) = (samples.len() / sequences, samples.len() % sequences);
    let begin = |sequence: usize| sequence * len + sequence.min(longer);
    let at = |step: usize| (0..if step < len { sequences } else { longer }).map(move |sequence| begin(sequence) + step);
    (0..=len).flat_map(at).map(|at| samples[at]).collect()
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_stand_side_by_side_and_each_goes_on() {
        assert_eq!(side_by_side(&[0, 1, 2, 3, 4, 5, 6, 7], 3), [0, 3, 6, 1, 4, 7, 2, 5]);
        assert_eq!(side_by_side(&[10, 11, 12, 13], 2), [10, 12, 11, 13]);
        assert_eq!(side_by_side(&[1, 2], 5), [1, 2]);
        assert!(side_by_side(&[], 5).is_empty());
    }
}
