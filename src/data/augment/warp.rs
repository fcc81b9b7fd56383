//! Every change of an image that moves its pixels, in a single resampling, so that it is blurred once.

use rand::RngExt as _;

use super::{Augment, Layout, within};
use backprop_nn::init::Rng;
use backprop_nn::kernels::vectorized;

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

/// Lines of nothing around an image: one above and at the left, two below and at the right.
const FRAME: usize = 3;

/// Pixels that are worked off at once, if a row is not longer.
const PIXELS_AT_ONCE: usize = 1024;

/// What a warp works in, kept from image to image.
#[derive(Default)]
pub(super) struct Buffers {
    /// The image in a frame of nothing, so that what lies outside needs no question.
    framed: Vec<u8>,
    /// For each place in the frame its value and those at the right, below, and below at the right, a byte each: they are read at once.
    corners: Vec<u32>,
    /// For each pixel of some rows, where it comes from; then the shares of the neighbors at the right and below.
    x: Vec<f32>,
    y: Vec<f32>,
    /// The place of its upper left neighbor in the frame.
    at: Vec<u32>,
    /// The four corners there, and then what lies between them.
    around: Vec<u32>,
    /// How far each column lies in its cell of the grid.
    shares: Vec<f32>,
}

impl Layout {
    /// Samples the warped image bilinearly; outside there is nothing.
    pub(super) fn warp(self, pixels: &[u8], out: &mut [u8], warp: &Warp, buffers: &mut Buffers) {
        let Buffers { framed, corners, x, y, at, around, shares } = buffers;
        self.frame(pixels, framed);
        self.gather_corners(framed, corners);
        let pixels = self.rows_at_once() * self.width;
        [x, y].into_iter().for_each(|places| places.resize(pixels, 0.0));
        [at, around].into_iter().for_each(|places| places.resize(pixels, 0));
        shares.clear();
        shares.extend((0..self.width).map(|column| cell(column, self.width).1));
        vectorized!(self.warp_rows(out, warp, buffers));
    }

    fn frame(self, pixels: &[u8], framed: &mut Vec<u8>) {
        let row = self.width * self.channels;
        framed.clear();
        framed.resize((self.height + FRAME) * (self.width + FRAME) * self.channels, 0);
        let rows = framed.chunks_exact_mut(row + FRAME * self.channels).skip(1);
        for (framed, pixels) in rows.zip(pixels.chunks_exact(row)) {
            framed[self.channels..][..row].copy_from_slice(pixels);
        }
    }

    /// Of the places that have all four; the rest of the frame is never an upper left neighbor.
    fn gather_corners(self, framed: &[u8], corners: &mut Vec<u32>) {
        let below = (self.width + FRAME) * self.channels;
        let [right, lower, last] = [self.channels, below, below + self.channels].map(|step| &framed[step..]);
        corners.clear();
        vectorized!({
            let four = framed.iter().zip(right).zip(lower).zip(last);
            corners.extend(four.map(|(((a, b), c), d)| u32::from_le_bytes([*a, *b, *c, *d])));
        });
    }

    #[inline(always)]
    fn warp_rows(self, out: &mut [u8], warp: &Warp, buffers: &mut Buffers) {
        let middle = [(self.width as f32 - 1.0) / 2.0, (self.height as f32 - 1.0) / 2.0];
        let [[xx, xy], [yx, yy]] = warp.matrix;
        let rows = self.rows_at_once();
        for (band, out) in out.chunks_mut(rows * self.width * self.channels).enumerate() {
            let Buffers { x, y, shares, .. } = buffers;
            let places = x.chunks_exact_mut(self.width).zip(y.chunks_exact_mut(self.width));
            for ((all_x, all_y), row) in places.zip(band * rows..self.height) {
                let y = row as f32 - middle[1] - warp.shift[1];
                for (column, (from_x, from_y)) in all_x.iter_mut().zip(&mut *all_y).enumerate() {
                    let x = column as f32 - middle[0] - warp.shift[0];
                    (*from_x, *from_y) = (middle[0] + xx * x + xy * y, middle[1] + yx * x + yy * y);
                }
                if let Some(nodes) = &warp.nodes {
                    let (cell, share) = cell(row, self.height);
                    let nodes = std::array::from_fn(|at| between(nodes[cell][at], nodes[cell + 1][at], share));
                    displace(nodes, shares, all_x, all_y);
                }
            }
            self.sample(buffers, out);
        }
    }

    /// Enough for whole vectors, and few enough for the nearest cache.
    fn rows_at_once(self) -> usize {
        (PIXELS_AT_ONCE / self.width).clamp(1, self.height)
    }

    /// Reads what lies at the places that were found.
    #[inline(always)]
    fn sample(self, buffers: &mut Buffers, out: &mut [u8]) {
        let Buffers { corners, x, y, at, around, .. } = buffers;
        let (channels, below) = (self.channels, (self.width + FRAME) * self.channels);
        // What is farther outside than the frame has the frame's nothing around it as well.
        let (right_most, lowest) = (self.width as f32, self.height as f32);
        for ((x, y), at) in x.iter_mut().zip(&mut *y).zip(&mut *at) {
            let (from_x, from_y) = (x.clamp(-1.0, right_most), y.clamp(-1.0, lowest));
            let (left, top) = (from_x.floor(), from_y.floor());
            (*x, *y) = (from_x - left, from_y - top);
            *at = whole(top + 1.0) * below as u32 + whole(left + 1.0) * channels as u32;
        }
        // Each step is a loop of its own, so that all but the one that looks up run on whole vectors.
        for channel in 0..channels {
            for (around, at) in around.iter_mut().zip(&*at) {
                *around = corners[*at as usize + channel];
            }
            for ((around, right), bottom) in around.iter_mut().zip(&*x).zip(&*y) {
                *around = blend(*around, *right, *bottom);
            }
            for (out, value) in out.iter_mut().skip(channel).step_by(channels).zip(&*around) {
                *out = *value as u8;
            }
        }
    }
}

/// Moves the places of a row as the nodes around them are displaced.
#[inline(always)]
fn displace(nodes: [[f32; 2]; NODES], shares: &[f32], x: &mut [f32], y: &mut [f32]) {
    let mut start = 0;
    for at in 0..CELLS {
        // Columns of one cell lie side by side.
        let end = start + (start..x.len()).take_while(|column| cell(*column, x.len()).0 == at).count();
        let (from, to) = (nodes[at], nodes[at + 1]);
        for ((x, y), share) in x[start..end].iter_mut().zip(&mut y[start..end]).zip(&shares[start..end]) {
            let [right, down] = between(from, to, *share);
            (*x, *y) = (*x + right, *y + down);
        }
        start = end;
    }
}

/// The value between four corners, so far from those at the left and from the upper ones.
#[inline(always)]
fn blend(corners: u32, right: f32, bottom: f32) -> u32 {
    let corner = |at: u32| ((corners >> (8 * at)) & 0xFF) as f32;
    let (left, top) = (1.0 - right, 1.0 - bottom);
    let upper = 0.5 + left * top * corner(0) + right * top * corner(1);
    whole((upper + left * bottom * corner(2) + right * bottom * corner(3)).floor())
}

/// A whole number that is not negative and below 2²³. A cast has more to ask, and no instruction on whole vectors.
#[inline(always)]
fn whole(number: f32) -> u32 {
    const BITS: u32 = 23;
    (number + (1u32 << BITS) as f32).to_bits() & ((1 << BITS) - 1)
}

#[cfg(test)]
mod tests {
    use backprop_nn::init::stream;
    use rand::Rng as _;

    use super::*;

    /// One pixel after the other, from its definition.
    fn plain(image: Layout, pixels: &[u8], out: &mut [u8], warp: &Warp) {
        let middle = [(image.width as f32 - 1.0) / 2.0, (image.height as f32 - 1.0) / 2.0];
        let [[xx, xy], [yx, yy]] = warp.matrix;
        for (at, out) in out.chunks_exact_mut(image.channels).enumerate() {
            let (row, column) = (at / image.width, at % image.width);
            let [x, y] = [column as f32 - middle[0] - warp.shift[0], row as f32 - middle[1] - warp.shift[1]];
            let [mut x, mut y] = [middle[0] + xx * x + xy * y, middle[1] + yx * x + yy * y];
            if let Some(nodes) = &warp.nodes {
                let ((above, down), (before, along)) = (cell(row, image.height), cell(column, image.width));
                let edges = [before, before + 1].map(|at| between(nodes[above][at], nodes[above + 1][at], down));
                let by = between(edges[0], edges[1], along);
                (x, y) = (x + by[0], y + by[1]);
            }
            let value = |column: f32, row: f32, channel: usize| {
                let is_inside = column >= 0.0 && column < image.width as f32 && row >= 0.0 && row < image.height as f32;
                let place = || (row as usize * image.width + column as usize) * image.channels + channel;
                if is_inside { f32::from(pixels[place()]) } else { 0.0 }
            };
            let (left, top) = (x.floor(), y.floor());
            let (right, bottom) = (x - left, y - top);
            for (channel, out) in out.iter_mut().enumerate() {
                let mut sum = 0.5;
                sum += (1.0 - right) * (1.0 - bottom) * value(left, top, channel);
                sum += right * (1.0 - bottom) * value(left + 1.0, top, channel);
                sum += (1.0 - right) * bottom * value(left, top + 1.0, channel);
                sum += right * bottom * value(left + 1.0, top + 1.0, channel);
                *out = sum as u8;
            }
        }
    }

    #[test]
    fn every_warp_is_that_of_its_definition_to_the_last_bit() {
        let mut rng = stream(5, 0);
        let mut buffers = Buffers::default();
        let sizes = [(28, 28, 1), (1, 1, 1), (5, 40, 3), (33, 2, 4), (64, 64, 1)];
        for (height, width, channels) in sizes {
            let image = Layout { height, width, channels };
            let mut pixels = vec![0; height * width * channels];
            rng.fill_bytes(&mut pixels);
            for (strength, elastic, flip) in [(0.0, 0.0, 1.0), (0.3, 2.0, 0.0), (1.0, 6.0, 0.5), (1.0, 0.0, 0.0)] {
                let augment = Augment {
                    shift: 8.0 * strength,
                    rotate: 45.0 * strength,
                    scale: 0.5 * strength,
                    shear: 0.5 * strength,
                    elastic,
                    flip,
                    ..Augment::default()
                };
                let unit = width as f32 / 28.0;
                for _ in 0..20 {
                    let Some(warp) = Warp::random(&augment, unit, &mut rng) else { continue };
                    let [mut fast, mut slow] = [vec![1; pixels.len()], vec![2; pixels.len()]];
                    image.warp(&pixels, &mut fast, &warp, &mut buffers);
                    plain(image, &pixels, &mut slow, &warp);
                    assert_eq!(fast, slow, "{image:?} {augment:?}");
                }
            }
        }
    }
}
