//! Augmentation: small random changes that leave an image's class as it is.
//!
//! Each time a network sees an image while training it sees a slightly different one.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::nn::init::Rng;
use crate::nn::knob::Knob;

/// Lengths are given in pixels of an image as wide as MNIST's, and grow with the width.
const MNIST_SIDE: f32 = 28.0;

/// How far each image may be changed; all zero, the default, leaves images alone.
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

    /// How much thicker or thinner strokes may become, in pixels of a 28-pixel image.
    pub thickness: f32,
}

impl Augment {
    /// Whether images stay exactly as they are.
    pub fn is_off(&self) -> bool {
        *self == Self::default()
    }

    /// What may be edited, each with its range; zero is off.
    pub fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { shift, rotate, scale, shear, thickness } = self;
        vec![
            Knob::real(
                "shift",
                "Shift",
                shift,
                0.0..=8.0,
                0.0,
                "Pixels to every side; too many push the digit out of the image.",
            ),
            Knob::real("rotate", "Rotate", rotate, 0.0..=45.0, 0.0, "Degrees either way; far enough, a 6 becomes a 9."),
            Knob::real(
                "scale",
                "Scale",
                scale,
                0.0..=0.5,
                0.0,
                "Share by which it grows or shrinks; too much makes it tiny or cuts it off.",
            ),
            Knob::real(
                "shear",
                "Shear",
                shear,
                0.0..=0.5,
                0.0,
                "Slant either way, as a share of the height; handwriting has some of it anyway.",
            ),
            Knob::real(
                "thickness",
                "Thickness",
                thickness,
                0.0..=2.0,
                0.0,
                "Pixels by which strokes get thicker or thinner; too many close the loops.",
            ),
        ]
    }

    /// Writes a randomly changed copy of an image to `out`.
    ///
    /// `pixels` and `out` are rows of `width` pixels of `channels` values each. `scratch` is kept
    /// by the caller so that nothing is allocated for the next image of the same size.
    #[expect(clippy::too_many_arguments, reason = "plain buffers keep the training loop free of allocation")]
    pub fn apply(
        &self,
        pixels: &[u8],
        height: usize,
        width: usize,
        channels: usize,
        out: &mut [u8],
        scratch: &mut Vec<u8>,
        rng: &mut Rng,
    ) {
        if pixels.is_empty() {
            return;
        }
        let image = Layout { height, width, channels };
        let unit = width as f32 / MNIST_SIDE;
        if self.moves() {
            image.warp(pixels, out, &self.random_warp(unit, rng));
        } else {
            out.copy_from_slice(pixels);
        }
        if self.thickness != 0.0 {
            // Both edges of a stroke move, each by half of its change.
            image.thicken(out, within(self.thickness, rng) * unit / 2.0, scratch);
        }
    }

    fn moves(&self) -> bool {
        [self.shift, self.rotate, self.scale, self.shear].iter().any(|range| *range != 0.0)
    }

    fn random_warp(&self, unit: f32, rng: &mut Rng) -> Warp {
        let shift = [within(self.shift, rng) * unit, within(self.shift, rng) * unit];
        let (sin, cos) = within(self.rotate, rng).to_radians().sin_cos();
        // The inverse is needed: where each pixel comes from.
        let size = 1.0 / (1.0 + within(self.scale, rng)).max(0.05);
        let shear = within(self.shear, rng);
        let matrix = [[cos + shear * sin, shear * cos - sin], [sin, cos]];
        Warp { matrix: matrix.map(|row| row.map(|entry| entry * size)), shift }
    }
}

/// A number from `-range` to `range`.
fn within(range: f32, rng: &mut Rng) -> f32 {
    range * (2.0 * rng.random::<f32>() - 1.0)
}

/// An affine map about the middle of the image: the pixel at `p` comes from `matrix · (p - shift)`.
struct Warp {
    matrix: [[f32; 2]; 2],
    shift: [f32; 2],
}

/// How the values of an image lie in its buffer.
#[derive(Clone, Copy)]
struct Layout {
    height: usize,
    width: usize,
    channels: usize,
}

impl Layout {
    /// Samples the warped image bilinearly; outside there is nothing.
    fn warp(self, pixels: &[u8], out: &mut [u8], warp: &Warp) {
        let middle = [(self.width as f32 - 1.0) / 2.0, (self.height as f32 - 1.0) / 2.0];
        let [[xx, xy], [yx, yy]] = warp.matrix;
        for (row, out) in out.chunks_exact_mut(self.width * self.channels).enumerate() {
            let y = row as f32 - middle[1] - warp.shift[1];
            for (column, out) in out.chunks_exact_mut(self.channels).enumerate() {
                let x = column as f32 - middle[0] - warp.shift[0];
                self.sample(pixels, middle[0] + xx * x + xy * y, middle[1] + yx * x + yy * y, out);
            }
        }
    }

    #[inline]
    fn sample(self, pixels: &[u8], x: f32, y: f32, out: &mut [u8]) {
        let (left, top) = (x.floor(), y.floor());
        let (right_share, bottom_share) = (x - left, y - top);
        let (column, row) = (left as isize, top as isize);
        let corners = [
            (column, row, (1.0 - right_share) * (1.0 - bottom_share)),
            (column + 1, row, right_share * (1.0 - bottom_share)),
            (column, row + 1, (1.0 - right_share) * bottom_share),
            (column + 1, row + 1, right_share * bottom_share),
        ];
        for (channel, out) in out.iter_mut().enumerate() {
            let mut value = 0.5;
            for (column, row, share) in corners {
                let is_inside = (0..self.width as isize).contains(&column) && (0..self.height as isize).contains(&row);
                if is_inside {
                    let index = (row as usize * self.width + column as usize) * self.channels + channel;
                    value += share * f32::from(pixels[index]);
                }
            }
            *out = value as u8;
        }
    }

    /// Moves the edges of light strokes outwards by `distance` pixels, or inwards if it is negative.
    fn thicken(self, pixels: &mut [u8], distance: f32, scratch: &mut Vec<u8>) {
        let mut left = distance.abs().min(self.width as f32);
        while left > 0.0 {
            let share = left.min(1.0);
            if distance > 0.0 {
                self.blend_with_extreme(pixels, u8::max, share, scratch);
            } else {
                self.blend_with_extreme(pixels, u8::min, share, scratch);
            }
            left -= 1.0;
        }
    }

    /// Blends every value with the extreme one of the 3 × 3 around it.
    fn blend_with_extreme(self, pixels: &mut [u8], extreme: impl Fn(u8, u8) -> u8, share: f32, scratch: &mut Vec<u8>) {
        let row_length = self.width * self.channels;
        scratch.clear();
        scratch.extend_from_slice(pixels);
        for (row, wide) in pixels.chunks_exact(row_length).zip(scratch.chunks_exact_mut(row_length)) {
            for index in self.channels..row_length {
                wide[index] = extreme(wide[index], row[index - self.channels]);
                wide[index - self.channels] = extreme(wide[index - self.channels], row[index]);
            }
        }
        let weight = (share * 256.0) as i32;
        for row in 0..self.height {
            let wide = |row: usize| &scratch[row * row_length..][..row_length];
            let around = wide(row.saturating_sub(1)).iter().zip(wide((row + 1).min(self.height - 1)));
            let out = pixels[row * row_length..][..row_length].iter_mut();
            for ((out, wide), (above, below)) in out.zip(wide(row)).zip(around) {
                let target = i32::from(extreme(extreme(*above, *below), *wide));
                let value = i32::from(*out);
                *out = (value + (((target - value) * weight) >> 8)) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

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
        augment.apply(pixels, 28, 28, channels, &mut out, &mut Vec::new(), &mut Rng::seed_from_u64(seed));
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
        LAYOUT.warp(&cross(1), &mut out, &Warp { matrix: [[1.0, 0.0], [0.0, 1.0]], shift: [0.0, 0.0] });
        assert_eq!(out, cross(1));
    }

    #[test]
    fn a_shift_moves_by_whole_pixels() {
        let mut out = vec![0; 28 * 28];
        LAYOUT.warp(&cross(1), &mut out, &Warp { matrix: [[1.0, 0.0], [0.0, 1.0]], shift: [3.0, -2.0] });
        for row in 0..26 {
            assert_eq!(out[row * 28 + 3..(row + 1) * 28], cross(1)[(row + 2) * 28..(row + 3) * 28 - 3]);
        }
        assert!(out[26 * 28..].iter().all(|pixel| *pixel == 0));
    }

    #[test]
    fn a_quarter_turn_maps_the_cross_to_itself() {
        let mut out = vec![0; 28 * 28];
        LAYOUT.warp(&cross(1), &mut out, &Warp { matrix: [[0.0, -1.0], [1.0, 0.0]], shift: [0.0, 0.0] });
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
        let augment = Augment { shift: 2.0, rotate: 10.0, scale: 0.1, shear: 0.1, thickness: 1.0 };
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
}
