//! What hides a part of an image: grain over all of it, or a rectangle of nothing but grain.

use rand::{Rng as _, RngExt as _};

use super::Layout;
use backprop_nn::init::{Rng, fill_normal};

/// The share of the image that is erased, and the height of the rectangle over its width, as in the paper.
const AREAS: [f32; 2] = [0.02, 0.4];
const MOST_ASPECT: f32 = 3.3;

/// Adds numbers of the normal distribution to all values; `deviation` is a share of their range. What leaves the range
/// stays at its end.
pub(super) fn add_noise(pixels: &mut [u8], deviation: f32, numbers: &mut Vec<f32>, rng: &mut Rng) {
    numbers.resize(pixels.len(), 0.0);
    fill_normal(numbers, deviation * 255.0, rng);
    for (pixel, number) in pixels.iter_mut().zip(numbers) {
        *pixel = (f32::from(*pixel) + *number + 0.5) as u8;
    }
}

impl Layout {
    /// Random erasing (Zhong et al. 2017): fills a rectangle of random place, size and shape with random values.
    pub(super) fn erase(self, pixels: &mut [u8], rng: &mut Rng) {
        let area = rng.random_range(AREAS[0]..=AREAS[1]) * (self.height * self.width) as f32;
        let aspect = rng.random_range(-1.0..=1.0f32) * MOST_ASPECT.ln();
        let side = |size: f32, most: usize| (size.sqrt().round() as usize).clamp(1, most);
        let height = side(area * aspect.exp(), self.height);
        let width = side(area / aspect.exp(), self.width);
        let top = rng.random_range(0..=self.height - height);
        let left = rng.random_range(0..=self.width - width);
        for row in pixels.chunks_exact_mut(self.width * self.channels).skip(top).take(height) {
            rng.fill_bytes(&mut row[left * self.channels..][..width * self.channels]);
        }
    }
}
