//! Augmentation: small random changes that leave what an image shows as it is.
//!
//! Each time a network sees an image while training it sees a slightly different one. The changes are made where the image
//! is copied into a batch, on the thread that then trains with it, so nothing waits for them.

mod cover;
mod mix_up;
mod strokes;
mod warp;

use rand::RngExt as _;
use serde::{Deserialize, Serialize};

use backprop_nn::Shape;
use backprop_nn::init::Rng;
use backprop_nn::knob::Knob;

pub use mix_up::blend_pairs;

/// Lengths are given in pixels of an image as wide as MNIST's, and grow with the width.
const MNIST_SIDE: f32 = 28.0;

/// How far each sample may be changed; all zero, the default, leaves samples alone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augment {
    /// Shift to every side, in pixels of a 28-pixel image.
    pub shift: f32,

    /// Rotation either way, in degrees.
    pub rotate: f32,

    /// Change of size as a share: 0.1 means 90 % to 110 %.
    pub scale: f32,

    /// Sideways slant either way, as a share of the height.
    pub shear: f32,

    /// How far places are displaced by themselves, to every side, in pixels of a 28-pixel image.
    pub elastic: f32,

    /// The chance that left and right are exchanged.
    pub flip: f32,

    /// How much thicker or thinner strokes may become, in pixels of a 28-pixel image.
    pub thickness: f32,

    /// The chance that a rectangle is erased.
    pub erase: f32,

    /// Deviation of the noise that is added, as a share of the range of a pixel.
    pub noise: f32,

    /// The alpha of mix-up's Beta distribution. It alone is for samples of any kind.
    pub mix_up: f32,
}

/// How the values of an image lie in its buffer, channels last.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

/// Buffers that are kept from image to image, so that nothing is allocated for the next one.
#[derive(Default)]
pub struct Scratch {
    bytes: Vec<u8>,
    numbers: Vec<f32>,
}

impl Augment {
    /// Whether samples stay exactly as they are.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }

    /// Whether single images are changed, which needs samples that are images.
    pub fn changes_images(&self) -> bool {
        *self != Self { mix_up: self.mix_up, ..Self::default() }
    }

    /// What may be edited, each with its range; zero is off.
    pub fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { shift, rotate, scale, shear, elastic, flip, thickness, erase, noise, mix_up } = self;
        let off = |key, label, value, most, help| Knob::real(key, label, value, 0.0..=most, 0.0, help);
        vec![
            off("shift", "Shift", shift, 8.0, "Pixels to every side; too many push the digit out of the image."),
            off("rotate", "Rotate", rotate, 45.0, "Degrees either way; far enough, a 6 becomes a 9."),
            off(
                "scale",
                "Scale",
                scale,
                0.5,
                "Share by which it grows or shrinks; too much makes it tiny or cuts it off.",
            ),
            off(
                "shear",
                "Shear",
                shear,
                0.5,
                "Slant either way, as a share of the height; handwriting has some of it anyway.",
            ),
            off(
                "elastic",
                "Elastic",
                elastic,
                6.0,
                "Pixels by which each part is displaced by itself, as a hand trembles; too many tear the digit apart.",
            ),
            off(
                "flip",
                "Flip",
                flip,
                1.0,
                "The chance that left and right are exchanged; good for things and animals, not for digits and letters.",
            ),
            off(
                "thickness",
                "Thickness",
                thickness,
                2.0,
                "Pixels by which strokes get thicker or thinner; too many close the loops.",
            ),
            off(
                "erase",
                "Erase",
                erase,
                1.0,
                "The chance that a rectangle of 2 to 40 % of the image is covered with grain, so that no single part is relied on.",
            ),
            off(
                "noise",
                "Noise",
                noise,
                0.5,
                "Deviation of the grain on every pixel, as a share of the range from black to white; too much drowns the image.",
            ),
            off(
                "mix_up",
                "Mix-up",
                mix_up,
                1.0,
                "How evenly two samples and their targets are blended; near 0 one of them rules, at 1 any blend is as likely.",
            ),
        ]
    }

    /// Those of them that do something to samples of a shape: mix-up is for all, the others are for images.
    pub fn knobs_for(&mut self, shape: Shape) -> Vec<Knob<'_>> {
        let mut knobs = self.knobs();
        knobs.retain(|knob| shape.as_image().is_some() || knob.key == "mix_up");
        knobs
    }

    /// Writes a randomly changed copy of an image to `out`.
    pub fn apply(&self, pixels: &[u8], image: Layout, out: &mut [u8], scratch: &mut Scratch, rng: &mut Rng) {
        if pixels.is_empty() {
            return;
        }
        let unit = image.width as f32 / MNIST_SIDE;
        match warp::Warp::random(self, unit, rng) {
            Some(warp) => image.warp(pixels, out, &warp),
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

    use super::warp::Warp;
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
        LAYOUT.warp(&cross(1), &mut out, &Warp::IDENTITY);
        assert_eq!(out, cross(1));
    }

    #[test]
    fn a_shift_moves_by_whole_pixels() {
        let mut out = vec![0; 28 * 28];
        LAYOUT.warp(&cross(1), &mut out, &Warp { shift: [3.0, -2.0], ..Warp::IDENTITY });
        for row in 0..26 {
            assert_eq!(out[row * 28 + 3..(row + 1) * 28], cross(1)[(row + 2) * 28..(row + 3) * 28 - 3]);
        }
        assert!(out[26 * 28..].iter().all(|pixel| *pixel == 0));
    }

    #[test]
    fn a_quarter_turn_maps_the_cross_to_itself() {
        let mut out = vec![0; 28 * 28];
        LAYOUT.warp(&cross(1), &mut out, &Warp { matrix: [[0.0, -1.0], [1.0, 0.0]], ..Warp::IDENTITY });
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

    /// All nodes displaced alike are a shift; displaced apart, neighbours still stay neighbours.
    #[test]
    fn what_is_elastic_moves_as_its_nodes_do() {
        let mut out = vec![0; 28 * 28];
        LAYOUT.warp(&cross(1), &mut out, &Warp { nodes: Some([[[2.0, 0.0]; 5]; 5]), ..Warp::IDENTITY });
        let mut shifted = vec![0; 28 * 28];
        LAYOUT.warp(&cross(1), &mut shifted, &Warp { shift: [-2.0, 0.0], ..Warp::IDENTITY });
        assert_eq!(out, shifted);

        let mut nodes = [[[0.0; 2]; 5]; 5];
        nodes[2][2] = [0.0, 3.0];
        LAYOUT.warp(&cross(1), &mut out, &Warp { nodes: Some(nodes), ..Warp::IDENTITY });
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
