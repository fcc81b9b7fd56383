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

/// What a warp works in, kept from image to image.
#[derive(Default)]
pub(super) struct Buffers {
    /// The image in a frame of nothing, so that what lies outside needs no question.
    framed: Vec<f32>,
    /// For each pixel of a row, where it comes from; then the shares of the neighbors at the right and below.
    x: Vec<f32>,
    y: Vec<f32>,
    /// The place of its upper left neighbor in `framed`.
    at: Vec<usize>,
    /// How far each column lies in its cell of the grid.
    shares: Vec<f32>,
}

impl Layout {
    /// Samples the warped image bilinearly; outside there is nothing.
    pub(super) fn warp(self, pixels: &[u8], out: &mut [u8], warp: &Warp, buffers: &mut Buffers) {
        let Buffers { framed, x, y, at, shares } = buffers;
        self.frame(pixels, framed);
        [x, y].into_iter().for_each(|places| places.resize(self.width, 0.0));
        at.resize(self.width, 0);
        shares.clear();
        shares.extend((0..self.width).map(|column| cell(column, self.width).1));
        vectorized!(self.warp_rows(out, warp, buffers));
    }

    fn frame(self, pixels: &[u8], framed: &mut Vec<f32>) {
        let row = self.width * self.channels;
        framed.clear();
        framed.resize((self.height + FRAME) * (self.width + FRAME) * self.channels, 0.0);
        let rows = framed.chunks_exact_mut(row + FRAME * self.channels).skip(1);
        for (framed, pixels) in rows.zip(pixels.chunks_exact(row)) {
            framed[self.channels..][..row].iter_mut().zip(pixels).for_each(|(to, from)| *to = f32::from(*from));
        }
    }

    #[inline(always)]
    fn warp_rows(self, out: &mut [u8], warp: &Warp, buffers: &mut Buffers) {
        let middle = [(self.width as f32 - 1.0) / 2.0, (self.height as f32 - 1.0) / 2.0];
        let [[xx, xy], [yx, yy]] = warp.matrix;
        for (row, out) in out.chunks_exact_mut(self.width * self.channels).enumerate() {
            let y = row as f32 - middle[1] - warp.shift[1];
            for (column, (from_x, from_y)) in buffers.x.iter_mut().zip(&mut buffers.y).enumerate() {
                let x = column as f32 - middle[0] - warp.shift[0];
                (*from_x, *from_y) = (middle[0] + xx * x + xy * y, middle[1] + yx * x + yy * y);
            }
            if let Some(nodes) = &warp.nodes {
                let (cell, share) = cell(row, self.height);
                self.displace(std::array::from_fn(|at| between(nodes[cell][at], nodes[cell + 1][at], share)), buffers);
            }
            self.sample_row(buffers, out);
        }
    }

    /// Moves the places of a row as the nodes around them are displaced.
    #[inline(always)]
    fn displace(self, nodes: [[f32; 2]; NODES], buffers: &mut Buffers) {
        let Buffers { x, y, shares, .. } = buffers;
        let mut start = 0;
        for at in 0..CELLS {
            // Columns of one cell lie side by side.
            let end = start + (start..self.width).take_while(|column| cell(*column, self.width).0 == at).count();
            let (from, to) = (nodes[at], nodes[at + 1]);
            let places = x[start..end].iter_mut().zip(&mut y[start..end]).zip(&shares[start..end]);
            for ((x, y), share) in places {
                let [right, down] = between(from, to, *share);
                (*x, *y) = (*x + right, *y + down);
            }
            start = end;
        }
    }

    #[inline(always)]
    fn sample_row(self, buffers: &mut Buffers, out: &mut [u8]) {
        let Buffers { framed, x, y, at, .. } = buffers;
        let (channels, below) = (self.channels, (self.width + FRAME) * self.channels);
        // What is farther outside than the frame has the frame's nothing around it as well.
        let (right_most, lowest) = (self.width as f32, self.height as f32);
        for ((x, y), at) in x.iter_mut().zip(&mut *y).zip(&mut *at) {
            let (from_x, from_y) = (x.clamp(-1.0, right_most), y.clamp(-1.0, lowest));
            let (left, top) = (from_x.floor(), from_y.floor());
            (*x, *y) = (from_x - left, from_y - top);
            *at = (top + 1.0) as usize * below + (left + 1.0) as usize * channels;
        }
        for (((out, at), right), bottom) in out.chunks_exact_mut(channels).zip(at).zip(x).zip(y) {
            let (left, top) = (1.0 - *right, 1.0 - *bottom);
            let shares = [left * top, *right * top, left * *bottom, *right * *bottom];
            let upper = &framed[*at..][..2 * channels];
            let lower = &framed[*at + below..][..2 * channels];
            for (channel, out) in out.iter_mut().enumerate() {
                let corners = [upper[channel], upper[channels + channel], lower[channel], lower[channels + channel]];
                let value = shares.iter().zip(corners).fold(0.5, |sum, (share, corner)| sum + share * corner);
                *out = value as u8;
            }
        }
    }
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
