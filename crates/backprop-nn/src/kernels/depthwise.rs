//! The three products of a convolution with a kernel of its own for each channel.
//!
//! Every sum is over the few numbers of a kernel, so vectors go along the channels: nothing is broadcast, and every number
//! of the image is read as it lies.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::convolution::Window;
use super::tile::{Tiled, each_row, load, store, tiles};

/// `output[p, c] = bias[c] + Σ image[p + k, c]·kernel[k, c]` for the positions of some rows.
pub(super) struct Output<'a> {
    pub window: &'a Window,
    pub rows: Range<usize>,
    pub image: &'a [f32],
    pub kernel: &'a [f32],
    pub bias: &'a [f32],
    pub output: &'a mut [f32],
}

/// `grad[k, c] += Σ image[p + k, c]·grad_output[p, c]` over the positions of some rows.
pub(super) struct GradKernel<'a> {
    pub window: &'a Window,
    pub rows: Range<usize>,
    pub image: &'a [f32],
    pub grad_output: &'a [f32],
    pub grad: &'a mut [f32],
}

/// `grad[p + k, c] += grad_output[p, c]·kernel[k, c]` for the positions of some rows.
pub(super) struct GradImage<'a> {
    pub window: &'a Window,
    pub rows: Range<usize>,
    pub kernel: &'a [f32],
    pub grad_output: &'a [f32],
    pub grad: &'a mut [f32],
}

impl WithSimd for Output<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        tiles(simd, self.rows.len() * self.window.output[1], 0..self.window.filters, &mut self);
    }
}

impl Tiled for Output<'_> {
    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize, const VECTORS: usize, const FULL: bool>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        width: usize,
    ) {
        let channels = self.window.filters;
        let starts: [usize; ROWS] = self.window.starts(self.window.positions(&self.rows).start + row);
        let patches: [&[f32]; ROWS] = each_row(&[][..], |r| &self.image[starts[r] + column..]);
        let mut sums = [load::<S, VECTORS, FULL>(simd, &self.bias[column..]); ROWS];
        for (&tap, weights) in self.window.taps().iter().zip(self.kernel.chunks_exact(channels)) {
            let weights = load::<S, VECTORS, FULL>(simd, &weights[column..]);
            for (patch, sums) in patches.iter().zip(&mut sums) {
                let pixels = load::<S, VECTORS, FULL>(simd, &patch[tap..]);
                *sums = each_row(sums[0], |v| simd.mul_add_e_f32s(pixels[v], weights[v], sums[v]));
            }
        }
        for (output, sums) in self.output[row * channels..].chunks_exact_mut(channels).zip(sums) {
            store::<S, VECTORS, FULL>(simd, &mut output[column..column + width], sums);
        }
    }
}

impl WithSimd for GradKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        tiles(simd, self.window.patch_len(), 0..self.window.filters, &mut self);
    }
}

impl Tiled for GradKernel<'_> {
    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize, const VECTORS: usize, const FULL: bool>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        width: usize,
    ) {
        let &Window { stride, output, filters: channels, .. } = self.window;
        let (down, right) = (stride * self.window.row_stride(), stride * channels);
        let taps = &self.window.taps()[row..][..ROWS];
        let top = self.rows.start * down + column;
        let none = [simd.splat_f32s(0.0); VECTORS];
        let mut sums: [[S::f32s; VECTORS]; ROWS] =
            each_row(none, |r| load::<S, VECTORS, FULL>(simd, &self.grad[(row + r) * channels + column..]));
        let mut position = column;
        for y in 0..self.rows.len() {
            for x in 0..output[1] {
                let grad = load::<S, VECTORS, FULL>(simd, &self.grad_output[position..]);
                let pixel = top + y * down + x * right;
                for (tap, sums) in taps.iter().zip(&mut sums) {
                    let pixels = load::<S, VECTORS, FULL>(simd, &self.image[pixel + tap..]);
                    *sums = each_row(sums[0], |v| simd.mul_add_e_f32s(pixels[v], grad[v], sums[v]));
                }
                position += channels;
            }
        }
        for (grad, sums) in self.grad[row * channels..].chunks_exact_mut(channels).zip(sums) {
            store::<S, VECTORS, FULL>(simd, &mut grad[column..column + width], sums);
        }
    }
}

impl WithSimd for GradImage<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        tiles(simd, self.rows.len() * self.window.output[1], 0..self.window.filters, &mut self);
    }
}

impl Tiled for GradImage<'_> {
    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize, const VECTORS: usize, const FULL: bool>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        width: usize,
    ) {
        let channels = self.window.filters;
        let starts: [usize; ROWS] = self.window.starts(self.window.positions(&self.rows).start + row);
        let none = [simd.splat_f32s(0.0); VECTORS];
        let grads: [[S::f32s; VECTORS]; ROWS] =
            each_row(none, |r| load::<S, VECTORS, FULL>(simd, &self.grad_output[(row + r) * channels + column..]));
        for (&tap, weights) in self.window.taps().iter().zip(self.kernel.chunks_exact(channels)) {
            let weights = load::<S, VECTORS, FULL>(simd, &weights[column..]);
            for (start, grads) in starts.iter().zip(&grads) {
                let pixels = &mut self.grad[start + tap + column..];
                let before = load::<S, VECTORS, FULL>(simd, pixels);
                let after = each_row(before[0], |v| simd.mul_add_e_f32s(grads[v], weights[v], before[v]));
                store::<S, VECTORS, FULL>(simd, &mut pixels[..width], after);
            }
        }
    }
}
