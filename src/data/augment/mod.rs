//! Augmentation: small random changes that do not change the class of an image.
//!
//! Each time a network sees an image while training it sees a slightly different one. The changes are made where the
//! image is copied into a batch, on the thread that then trains with it, so nothing waits for them.

mod cover;
mod mix_up;
mod strokes;
mod warp;

use rand::RngExt as _;
use serde::{Deserialize, Serialize};

use backprop_nn::Shape;
use backprop_nn::field::{Field, Settings};
use backprop_nn::init::Rng;

pub use mix_up::blend_pairs;

/// Lengths are given in pixels of an image as wide as MNIST's, and grow with the width.
const MNIST_SIDE: f32 = 28.0;

/// Random changes of each sample; zero turns each off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
pub struct Augment {
    /// Shift to every side, in pixels of a 28-pixel image. Too far pushes the digit out of the image.
    #[field(default = 0.0, range = 0.0..=8.0)]
    pub shift: f32,
    /// Rotation either way, in degrees. Far enough, a 6 becomes a 9.
    #[field(default = 0.0, range = 0.0..=45.0)]
    pub rotate: f32,
    /// Share by which the image grows or shrinks: 0.1 means 90 % to 110 %. Too much makes it tiny or cuts it off.
    #[field(default = 0.0, range = 0.0..=0.5)]
    pub scale: f32,
    /// Slant either way, as a share of the height. Handwriting has some of it anyway.
    #[field(default = 0.0, range = 0.0..=0.5)]
    pub shear: f32,
    /// Pixels by which each part is displaced on its own, as by a trembling hand. Too far tears the digit apart.
    #[field(default = 0.0, range = 0.0..=6.0)]
    pub elastic: f32,
    /// Probability of a horizontal flip. Good for objects and animals, not for digits and letters.
    #[field(default = 0.0, range = 0.0..=1.0)]
    pub flip: f32,
    /// Pixels by which strokes get thicker or thinner. Too many close the loops.
    #[field(default = 0.0, range = 0.0..=2.0)]
    pub thickness: f32,
    /// Probability that a rectangle of 2 to 40 % of the image is covered with noise (random erasing), so that the network
    /// does not rely on a single part.
    #[field(default = 0.0, range = 0.0..=1.0)]
    pub erase: f32,
    /// Standard deviation of the noise on every pixel, as a share of the range from black to white. Too much drowns the
    /// image.
    #[field(default = 0.0, range = 0.0..=0.5)]
    pub noise: f32,
    /// Alpha of mix-up's Beta distribution: how evenly two samples and their targets are blended. Near 0 one of them
    /// dominates, at 1 any blend is equally likely.
    #[field(label = "Mix-up", default = 0.0, range = 0.0..=1.0)]
    pub mix_up: f32,
}

/// Size of an image in its buffer, channels last.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Rows of the image, in pixels.
    pub height: usize,
    /// Columns of the image, in pixels.
    pub width: usize,
    /// Values per pixel: 1 for grayscale, 3 for RGB.
    pub channels: usize,
}

/// Buffers that are reused from image to image, so that nothing is allocated per image.
#[derive(Default)]
pub struct Scratch {
    warp: warp::Buffers,
    bytes: Vec<u8>,
    numbers: Vec<f32>,
}

impl Augment {
    /// Whether samples stay exactly as they are.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }

    /// Whether any setting changes single images, which requires samples that are images.
    pub fn changes_images(&self) -> bool {
        *self != Self { mix_up: self.mix_up, ..Self::default() }
    }

    /// The settings that apply to samples of a shape: mix-up to all samples, the others to images only.
    pub fn fields_for(shape: Shape) -> Vec<&'static Field> {
        let mut fields = Self::fields();
        fields.retain(|field| shape.as_image().is_some() || field.key == "mix_up");
        fields
    }

    /// Writes a randomly changed copy of an image to `out`.
    pub fn apply(&self, pixels: &[u8], image: Layout, out: &mut [u8], scratch: &mut Scratch, rng: &mut Rng) {
        if pixels.is_empty() {
            return;
        }
        let unit = image.width as f32 / MNIST_SIDE;
        match warp::Warp::random(self, unit, rng) {
            Some(warp) => image.warp(pixels, out, &warp, &mut scratch.warp),
            None => out.copy_from_slice(pixels),
        }
        if self.thickness != 0.0 {
            // Both edges of a stroke move, each by half of its change.
            image.thicken(out, within(self.thickness, rng) * unit / 2.0, &mut scratch.bytes);
        }
        if self.erase != 0.0 && rng.random::<f32>() < self.erase {
            image.erase(out, rng);
        }
        if self.noise != 0.0 {
            cover::add_noise(out, self.noise, &mut scratch.numbers, rng);
        }
    }
}

/// A number from `-range` to `range`.
fn within(range: f32, rng: &mut Rng) -> f32 {
    range * (2.0 * rng.random::<f32>() - 1.0)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::warp::{Buffers, Warp};
    use super::*;

    /// A thick bright cross on a dark ground, 28 × 28, with a different second channel if any.
    fn cross(channels: usize) -> Vec<u8> {
        let value = |index: usize| {
            let (row, column) = (index / channels / 28, index / channels % 28);
            let is_ink = (12..16).contains(&row) || (12..16).contains(&column);
            let is_inside = (5..=22).contains(&row) && (5..=22).contains(&column);
            if is_ink && is_inside { 200 - 50 * (index % channels) as u8 } else { 0 }
        };
        (0..28 * 28 * channels).map(value).collect()
    }

    fn applied(augment: &Augment, pixels: &[u8], channels: usize, seed: u64) -> Vec<u8> {
        let mut out = vec![7; pixels.len()];
        let image = Layout { channels, ..LAYOUT };
        augment.apply(pixels, image, &mut out, &mut Scratch::default(), &mut Rng::seed_from_u64(seed));
        out
    }

    fn mass(pixels: &[u8]) -> u32 {
        pixels.iter().map(|pixel| u32::from(*pixel)).sum()
    }

    const LAYOUT: Layout = Layout { height: 28, width: 28, channels: 1 };

    #[test]
    fn off_changes_nothing() {
        assert!(Augment::default().is_off());
        for channels in [1, 3] {
            assert_eq!(applied(&Augment::default(), &cross(channels), channels, 1), cross(channels));
        }
    }

    #[test]
    fn an_identity_warp_changes_nothing() {
        let mut out = vec![0; 28 * 28];
        LAYOUT.warp(&cross(1), &mut out, &Warp::IDENTITY, &mut Buffers::default());
        assert_eq!(out, cross(1));
    }

    #[test]
    fn a_shift_moves_by_whole_pixels() {
        let mut out = vec![0; 28 * 28];
        LAYOUT.warp(&cross(1), &mut out, &Warp { shift: [3.0, -2.0], ..Warp::IDENTITY }, &mut Buffers::default());
        for row in 0..26 {
            assert_eq!(out[row * 28 + 3..(row + 1) * 28], cross(1)[(row + 2) * 28..(row + 3) * 28 - 3]);
        }
        assert!(out[26 * 28..].iter().all(|pixel| *pixel == 0));
    }

    #[test]
    fn a_quarter_turn_maps_the_cross_to_itself() {
        let mut out = vec![0; 28 * 28];
        LAYOUT.warp(
            &cross(1),
            &mut out,
            &Warp { matrix: [[0.0, -1.0], [1.0, 0.0]], ..Warp::IDENTITY },
            &mut Buffers::default(),
        );
        assert_eq!(out, cross(1));
    }

    #[test]
    fn thicker_strokes_have_more_mass() {
        let changed = |distance| {
            let mut pixels = cross(1);
            LAYOUT.thicken(&mut pixels, distance, &mut Vec::new());
            mass(&pixels)
        };
        let masses = [-1.5, -1.0, -0.3, 0.0, 0.3, 1.0, 1.5].map(changed);
        assert!(masses.is_sorted_by(|a, b| a < b), "{masses:?}");
        assert_eq!(masses[3], mass(&cross(1)));
    }

    #[test]
    fn channels_stay_apart() {
        let augment = Augment {
            shift: 2.0,
            rotate: 10.0,
            scale: 0.1,
            shear: 0.1,
            elastic: 2.0,
            flip: 0.5,
            thickness: 1.0,
            ..Augment::default()
        };
        let out = applied(&augment, &cross(2), 2, 5);
        let first: Vec<u8> = out.iter().step_by(2).copied().collect();
        assert_eq!(first, applied(&augment, &cross(1), 1, 5));
        assert!(mass(&first) > out.iter().skip(1).step_by(2).map(|pixel| u32::from(*pixel)).sum());
    }

    #[test]
    fn the_same_seed_gives_the_same_image_and_another_one_another() {
        let augment = Augment { shift: 2.0, rotate: 10.0, ..Augment::default() };
        assert_eq!(applied(&augment, &cross(1), 1, 5), applied(&augment, &cross(1), 1, 5));
        assert_ne!(applied(&augment, &cross(1), 1, 5), applied(&augment, &cross(1), 1, 6));
    }

    #[test]
    fn a_sure_flip_mirrors_and_a_second_one_undoes_it() {
        let augment = Augment { flip: 1.0, ..Augment::default() };
        let left: Vec<u8> = cross(1).into_iter().enumerate().map(|(at, v)| if at % 28 < 14 { v } else { 0 }).collect();
        let right: Vec<u8> = left.chunks(28).flat_map(|row| row.iter().rev().copied()).collect();
        assert_eq!(applied(&augment, &left, 1, 1), right);
        let half = Augment { flip: 0.5, ..Augment::default() };
        let flipped = (0..400).filter(|seed| applied(&half, &left, 1, *seed) == right).count();
        assert!((160..240).contains(&flipped), "{flipped}");
    }

    /// All nodes displaced alike are a shift; displaced apart, neighbors still stay neighbors.
    #[test]
    fn what_is_elastic_moves_as_its_nodes_do() {
        let mut out = vec![0; 28 * 28];
        LAYOUT.warp(
            &cross(1),
            &mut out,
            &Warp { nodes: Some([[[2.0, 0.0]; 5]; 5]), ..Warp::IDENTITY },
            &mut Buffers::default(),
        );
        let mut shifted = vec![0; 28 * 28];
        LAYOUT.warp(&cross(1), &mut shifted, &Warp { shift: [-2.0, 0.0], ..Warp::IDENTITY }, &mut Buffers::default());
        assert_eq!(out, shifted);

        let mut nodes = [[[0.0; 2]; 5]; 5];
        nodes[2][2] = [0.0, 3.0];
        LAYOUT.warp(&cross(1), &mut out, &Warp { nodes: Some(nodes), ..Warp::IDENTITY }, &mut Buffers::default());
        assert_eq!(out[..6 * 28], cross(1)[..6 * 28], "cells far from the node stay");
        assert_ne!(out, cross(1));
        let augment = Augment { elastic: 2.0, ..Augment::default() };
        let change = mass(&applied(&augment, &cross(1), 1, 3)) as f32 / mass(&cross(1)) as f32;
        assert!((0.8..1.2).contains(&change), "{change}");
    }

    #[test]
    fn noise_has_its_deviation_and_erasing_covers_one_rectangle() {
        let grey = vec![128; 28 * 28];
        let noisy = applied(&Augment { noise: 0.1, ..Augment::default() }, &grey, 1, 3);
        let deviations = noisy.iter().map(|pixel| (f64::from(*pixel) - 128.0).powi(2));
        let deviation = (deviations.sum::<f64>() / 784.0).sqrt() / 255.0;
        assert!((0.09..0.11).contains(&deviation), "{deviation}");

        let erase = Augment { erase: 1.0, ..Augment::default() };
        for seed in 0..50 {
            let erased = applied(&erase, &grey, 1, seed);
            let changed: Vec<[usize; 2]> =
                (0..784).filter(|at| erased[*at] != 128).map(|at| [at / 28, at % 28]).collect();
            let span = |axis: usize| {
                let along = || changed.iter().map(|place| place[axis]);
                along().max().unwrap() - along().min().unwrap() + 1
            };
            // One in 256 of the random values is what was there before.
            let (area, covered) = (span(0) * span(1), changed.len());
            assert!(covered <= area && covered * 100 >= area * 85 && area <= 340, "{covered} of {area}");
        }
    }

    #[test]
    fn mix_up_alone_leaves_every_image_as_it_is() {
        let augment = Augment { mix_up: 0.2, ..Augment::default() };
        assert!(!augment.is_off() && !augment.changes_images());
        assert_eq!(applied(&augment, &cross(1), 1, 5), cross(1));
    }
}
