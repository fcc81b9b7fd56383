//! Every change of an image that moves its pixels, in a single resampling, so that it is blurred once.

use rand::RngExt as _;

use super::{Augment, Layout, within};
use backprop_nn::init::Rng;

/// Cells of the grid of displacements to every side; its nodes are one more.
const CELLS: usize = 4;
const NODES: usize = CELLS + 1;

/// Where each pixel comes from: `matrix · (p - shift)` about the middle of the image, and from there displaced as the
/// nodes around it are.
pub(super) struct Warp {
    /// The linear part: rotation, scale, shear and flip.
    pub matrix: [[f32; 2]; 2],
    /// The shift in pixels, right and down.
    pub shift: [f32; 2],
    /// Right and down in pixels, row by row; nothing where pixels are not displaced.
    pub nodes: Option<[[[f32; 2]; NODES]; NODES]>,
}

impl Warp {
    /// A warp within the ranges; `unit` is a pixel of an image as wide as MNIST's. Nothing if no range is open.
    ///
    /// Elastic deformation is that of Simard et al. 2003: displacements drawn at random and smoothed. Smooth they are here
    /// because they are drawn for a few nodes only, and interpolated between.
    pub fn random(augment: &Augment, unit: f32, rng: &mut Rng) -> Option<Self> {
        let Augment { shift, rotate, scale, shear, elastic, flip, .. } = *augment;
        let is_affine = [shift, rotate, scale, shear].iter().any(|range| *range != 0.0);
        let mut warp = if is_affine { Self::affine(augment, unit, rng) } else { Self::IDENTITY };
        if elastic != 0.0 {
            let node = |rng: &mut Rng| [within(elastic, rng) * unit, within(elastic, rng) * unit];
            warp.nodes = Some(std::array::from_fn(|_| std::array::from_fn(|_| node(rng))));
        }
        let is_flipped = flip != 0.0 && rng.random::<f32>() < flip;
        if is_flipped {
            warp.matrix[0] = warp.matrix[0].map(|entry| -entry);
        }
        (is_affine || is_flipped || warp.nodes.is_some()).then_some(warp)
    }

    /// The warp that changes nothing.
    pub const IDENTITY: Self = Self { matrix: [[1.0, 0.0], [0.0, 1.0]], shift: [0.0; 2], nodes: None };

    fn affine(augment: &Augment, unit: f32, rng: &mut Rng) -> Self {
        let shift = [within(augment.shift, rng) * unit, within(augment.shift, rng) * unit];
        let (sin, cos) = within(augment.rotate, rng).to_radians().sin_cos();
        // The inverse is needed: where each pixel comes from.
        let size = 1.0 / (1.0 + within(augment.scale, rng)).max(0.05);
        let shear = within(augment.shear, rng);
        let matrix = [[cos + shear * sin, shear * cos - sin], [sin, cos]];
        Self { matrix: matrix.map(|row| row.map(|entry| entry * size)), shift, nodes: None }
    }
}

/// The cell that a pixel lies in, and how far in it.
fn cell(pixel: usize, pixels: usize) -> (usize, f32) {
    let place = pixel as f32 * CELLS as f32 / (pixels.max(2) - 1) as f32;
    let cell = (place as usize).min(CELLS - 1);
    (cell, place - cell as f32)
}

fn between(from: [f32; 2], to: [f32; 2], share: f32) -> [f32; 2] {
    [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share]
}

impl Layout {
    /// Samples the warped image bilinearly; outside there is nothing.
    pub(super) fn warp(self, pixels: &[u8], out: &mut [u8], warp: &Warp) {
        let middle = [(self.width as f32 - 1.0) / 2.0, (self.height as f32 - 1.0) / 2.0];
        let [[xx, xy], [yx, yy]] = warp.matrix;
        for (row, out) in out.chunks_exact_mut(self.width * self.channels).enumerate() {
            let y = row as f32 - middle[1] - warp.shift[1];
            let nodes = warp.nodes.as_ref().map(|nodes| -> [[f32; 2]; NODES] {
                let (cell, share) = cell(row, self.height);
                std::array::from_fn(|node| between(nodes[cell][node], nodes[cell + 1][node], share))
            });
            for (column, out) in out.chunks_exact_mut(self.channels).enumerate() {
                let x = column as f32 - middle[0] - warp.shift[0];
                let [mut from_x, mut from_y] = [middle[0] + xx * x + xy * y, middle[1] + yx * x + yy * y];
                if let Some(nodes) = &nodes {
                    let (cell, share) = cell(column, self.width);
                    let [right, down] = between(nodes[cell], nodes[cell + 1], share);
                    (from_x, from_y) = (from_x + right, from_y + down);
                }
                self.sample(pixels, from_x, from_y, out);
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
}
