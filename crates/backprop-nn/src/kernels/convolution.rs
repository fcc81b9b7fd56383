//! The three products of a convolution: output, gradient of the kernel, gradient of the image.
//!
//! Each is a matrix product whose left factor, the patches of the image (im2col), is read in place: patches are never
//! written to memory.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::arch;
use super::depthwise;
use super::tile::{Tiled, accumulate, each_row, load, store, tiles};

/// A window that slides over one channels-last image and gives `filters` numbers at every position. Nothing hangs over
/// the edge: zeros around an image are part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Height, width, channels.
    pub image: [usize; 3],
    /// Rows and columns of the window.
    pub size: [usize; 2],
    /// Pixels from one window to the next.
    pub stride: usize,
    /// Pixels from one tap of the window to the next.
    pub dilation: usize,
    /// Rows and columns of positions.
    pub output: [usize; 2],
    /// Output channels.
    pub filters: usize,
    /// Parts into which channels and filters are cut; a filter reads the channels of its part alone.
    pub groups: usize,
    /// Where in the image the numbers of a patch lie, counted from its first.
    taps: Vec<usize>,
}

impl Window {
    /// One that moves by a pixel and reads pixels side by side.
    pub fn new(image: [usize; 3], size: [usize; 2], output: [usize; 2], filters: usize) -> Self {
        Self { image, size, stride: 1, dilation: 1, output, filters, groups: 1, taps: Vec::new() }.dilated(1)
    }

    /// The same with another stride.
    #[must_use]
    pub fn strided(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// The same with the rows and columns of the kernel this far apart.
    #[must_use]
    pub fn dilated(self, dilation: usize) -> Self {
        let ([_, width, channels], [rows, columns]) = (self.image, self.size);
        let pixels = (0..rows).flat_map(|y| (0..columns).map(move |x| (y * width + x) * dilation * channels));
        let taps = pixels.flat_map(|pixel| pixel..pixel + channels / self.groups).collect();
        Self { dilation, taps, ..self }
    }

    /// The same with channels and filters in groups, whose number divides both.
    #[must_use]
    pub fn grouped(self, groups: usize) -> Self {
        let dilation = self.dilation;
        Self { groups, ..self }.dilated(dilation)
    }

    /// Whether every channel has one kernel of its own.
    pub fn is_depthwise(&self) -> bool {
        self.groups > 1 && self.groups == self.image[2] && self.groups == self.filters
    }

    /// Channels of the image that one filter reads.
    fn depth(&self) -> usize {
        self.image[2] / self.groups
    }

    /// For every group its first channel, and its filters.
    fn each_group(&self) -> impl Iterator<Item = (usize, Range<usize>)> + use<> {
        let (depth, filters) = (self.depth(), self.filters / self.groups);
        (0..self.groups).map(move |group| (group * depth, group * filters..(group + 1) * filters))
    }

    pub(super) fn taps(&self) -> &[usize] {
        &self.taps
    }

    /// Numbers in one patch of a group, `height × width × channels`.
    pub fn patch_len(&self) -> usize {
        self.size[0] * self.size[1] * self.depth()
    }

    /// Numbers of one image.
    pub fn image_len(&self) -> usize {
        self.image.iter().product()
    }

    /// Numbers of the output in some rows of positions.
    pub fn band_len(&self, rows: usize) -> usize {
        rows * self.output[1] * self.filters
    }

    /// Numbers of a patch that lie side by side in the image.
    fn run(&self) -> usize {
        let [_, columns] = self.size;
        if self.dilation == 1 && self.groups == 1 { columns * self.image[2] } else { self.depth() }
    }

    /// From the first number of a patch to the last.
    fn extent(&self) -> usize {
        self.taps.last().map_or(0, |last| last + 1)
    }

    /// Numbers from a pixel to the one below it.
    pub(super) fn row_stride(&self) -> usize {
        self.image[1] * self.image[2]
    }

    /// Where the patches of some positions begin; positions are counted row by row.
    #[inline(always)]
    pub(super) fn starts<const ROWS: usize>(&self, first: usize) -> [usize; ROWS] {
        let (down, right) = (self.stride * self.row_stride(), self.stride * self.image[2]);
        let mut x = first % self.output[1];
        let mut row = first / self.output[1] * down;
        let mut starts = [0; ROWS];
        for start in &mut starts {
            *start = row + x * right;
            x += 1;
            if x == self.output[1] {
                (x, row) = (0, row + down);
            }
        }
        starts
    }

    pub(super) fn positions(&self, rows: &Range<usize>) -> Range<usize> {
        rows.start * self.output[1]..rows.end * self.output[1]
    }
}

/// `output[p, f] = bias[f] + Σ patch[p, k]·kernel[k, f]` for the positions of some rows.
///
/// `image` is the window's image, `kernel` is `[patch, filters]`, `output` is `[rows, columns, filters]`.
pub fn forward(window: &Window, rows: Range<usize>, image: &[f32], kernel: &[f32], bias: &[f32], output: &mut [f32]) {
    match window.is_depthwise() {
        true => arch().dispatch(depthwise::Output { window, rows, image, kernel, bias, output }),
        false => arch().dispatch(Output { window, rows, image, kernel, bias, output, channel: 0 }),
    }
}

/// `grad[k, f] += Σ patch[p, k]·grad_output[p, f]` over the positions of some rows.
pub fn grad_kernel(window: &Window, rows: Range<usize>, image: &[f32], grad_output: &[f32], grad: &mut [f32]) {
    match window.is_depthwise() {
        true => arch().dispatch(depthwise::GradKernel { window, rows, image, grad_output, grad }),
        false => arch().dispatch(GradKernel { window, rows, image, grad_output, grad, channel: 0 }),
    }
}

/// `grad[patch[p, k]] += Σ grad_output[p, f]·transposed[f, k]` for the positions of some rows, where `transposed` is the
/// kernel as `[filters, patch]`; of a depthwise one it is the kernel as it is.
pub fn grad_image(window: &Window, rows: Range<usize>, transposed: &[f32], grad_output: &[f32], grad: &mut [f32]) {
    match window.is_depthwise() {
        true => arch().dispatch(depthwise::GradImage { window, rows, kernel: transposed, grad_output, grad }),
        false => arch().dispatch(GradImage { window, rows, transposed, grad_output, grad, channel: 0, filters: 0..0 }),
    }
}

struct Output<'a> {
    window: &'a Window,
    rows: Range<usize>,
    image: &'a [f32],
    kernel: &'a [f32],
    bias: &'a [f32],
    output: &'a mut [f32],
    /// The first of the group that is worked on.
    channel: usize,
}

struct GradKernel<'a> {
    window: &'a Window,
    rows: Range<usize>,
    image: &'a [f32],
    grad_output: &'a [f32],
    grad: &'a mut [f32],
    /// The first of the group that is worked on.
    channel: usize,
}

struct GradImage<'a> {
    window: &'a Window,
    rows: Range<usize>,
    transposed: &'a [f32],
    grad_output: &'a [f32],
    grad: &'a mut [f32],
    /// The first of the group that is worked on.
    channel: usize,
    /// Of that group.
    filters: Range<usize>,
}

impl WithSimd for Output<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let positions = self.rows.len() * self.window.output[1];
        for (channel, filters) in self.window.each_group() {
            self.channel = channel;
            tiles(simd, positions, filters, &mut self);
        }
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
        let filters = self.window.filters;
        let first = self.window.positions(&self.rows).start + row;
        let starts: [usize; ROWS] = self.window.starts(first);
        let mut sums = [load::<S, VECTORS, FULL>(simd, &self.bias[column..]); ROWS];
        let extent = self.window.extent();
        let patches: [&[f32]; ROWS] = each_row(&[][..], |r| &self.image[starts[r] + self.channel..][..extent]);
        for (&tap, weights) in self.window.taps.iter().zip(self.kernel.chunks_exact(filters)) {
            let weights = load::<S, VECTORS, FULL>(simd, &weights[column..]);
            accumulate(simd, &mut sums, |r| patches[r][tap], weights);
        }
        for (output, sums) in self.output[row * filters..].chunks_exact_mut(filters).zip(sums) {
            store::<S, VECTORS, FULL>(simd, &mut output[column..column + width], sums);
        }
    }
}

impl WithSimd for GradKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        for (channel, filters) in self.window.each_group() {
            self.channel = channel;
            tiles(simd, self.window.patch_len(), filters, &mut self);
        }
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
        let &Window { image, stride, output, filters, ref taps, .. } = self.window;
        let row_stride = self.window.row_stride();
        let taps = &taps[row..][..ROWS];
        let step = stride * image[2];
        let none = [simd.splat_f32s(0.0); VECTORS];
        let mut sums: [[S::f32s; VECTORS]; ROWS] =
            each_row(none, |r| load::<S, VECTORS, FULL>(simd, &self.grad[(row + r) * filters + column..]));
        let top = self.rows.start * stride * row_stride + self.channel;
        let extent = (self.rows.len() - 1) * stride * row_stride + (output[1] - 1) * step + 1;
        let pixels: [&[f32]; ROWS] = each_row(&[][..], |r| &self.image[top + taps[r]..][..extent]);
        let mut position = column;
        for y in 0..self.rows.len() {
            for x in 0..output[1] {
                let grad = load::<S, VECTORS, FULL>(simd, &self.grad_output[position..]);
                accumulate(simd, &mut sums, |r| pixels[r][y * stride * row_stride + x * step], grad);
                position += filters;
            }
        }
        for (grad, sums) in self.grad[row * filters..].chunks_exact_mut(filters).zip(sums) {
            store::<S, VECTORS, FULL>(simd, &mut grad[column..column + width], sums);
        }
    }
}

impl WithSimd for GradImage<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (run, positions) = (self.window.run(), self.rows.len() * self.window.output[1]);
        for (channel, filters) in self.window.each_group() {
            (self.channel, self.filters) = (channel, filters);
            for first in (0..self.window.patch_len()).step_by(run) {
                tiles(simd, positions, first..first + run, &mut self);
            }
        }
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
        let all = self.window.filters;
        let (patch, filters) = (self.window.patch_len(), self.filters.len());
        let transposed = &self.transposed[self.filters.start * patch..];
        let first = self.filters.start + row * all;
        let grads: [&[f32]; ROWS] = each_row(&[][..], |r| &self.grad_output[first + r * all..][..filters]);
        let mut sums = [[simd.splat_f32s(0.0); VECTORS]; ROWS];
        for filter in 0..filters {
            let weights = load::<S, VECTORS, FULL>(simd, &transposed[filter * patch + column..]);
            accumulate(simd, &mut sums, |r| grads[r][filter], weights);
        }
        let first = self.window.positions(&self.rows).start + row;
        let tap = self.window.taps[column] + self.channel;
        for (start, sums) in self.window.starts::<ROWS>(first).into_iter().zip(sums) {
            let pixels = &mut self.grad[start + tap..];
            let before = load::<S, VECTORS, FULL>(simd, pixels);
            let after = each_row(before[0], |v| simd.add_f32s(before[v], sums[v]));
            store::<S, VECTORS, FULL>(simd, &mut pixels[..width], after);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::every_arch;

    /// Visits every product of the definition: (position, number of the patch, pixel, filter).
    fn each(window: &Window, mut visit: impl FnMut(usize, usize, usize, usize)) {
        let ([_, width, channels], [height, columns]) = (window.image, window.size);
        for position in 0..window.output[0] * window.output[1] {
            let (y, x) = (position / window.output[1] * window.stride, position % window.output[1] * window.stride);
            let depth = channels / window.groups;
            for k in 0..height * columns * depth {
                let (ky, kx, c) = (k / (columns * depth), k / depth % columns, k % depth);
                for filter in 0..window.filters {
                    let (y, x) = (y + ky * window.dilation, x + kx * window.dilation);
                    let group = filter / (window.filters / window.groups);
                    visit(position, k, (y * width + x) * channels + group * depth + c, filter);
                }
            }
        }
    }

    fn numbers(len: usize, step: f32) -> Vec<f32> {
        (0..len).map(|i| (i as f32 * step).sin()).collect()
    }

    fn assert_close(what: &str, got: &[f32], expected: &[f32]) {
        for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
            assert!((got - expected).abs() < 1e-4, "{what}, number {at}: {got}, the definition says {expected}");
        }
    }

    fn windows() -> Vec<Window> {
        [
            ([5, 6, 2], [3, 3], 1, 1, [3, 4], 3, 1),
            ([9, 9, 1], [5, 5], 1, 1, [5, 5], 32, 1),
            ([11, 11, 1], [3, 3], 2, 1, [5, 5], 17, 1),
            ([7, 8, 33], [3, 2], 2, 1, [3, 4], 64, 1),
            ([13, 13, 4], [3, 3], 1, 1, [10, 10], 50, 1),
            ([2, 2, 3], [1, 1], 1, 1, [2, 2], 1, 1),
            ([1, 20, 7], [1, 5], 2, 1, [1, 8], 20, 1),
            ([9, 11, 2], [3, 3], 1, 2, [5, 7], 17, 1),
            ([8, 12, 5], [2, 3], 2, 3, [2, 3], 33, 1),
            ([7, 8, 6], [3, 3], 1, 1, [5, 6], 40, 2),
            ([9, 10, 12], [3, 2], 2, 2, [3, 4], 51, 3),
            ([6, 6, 4], [3, 3], 1, 1, [4, 4], 8, 4),
            ([6, 7, 5], [3, 3], 1, 1, [4, 5], 5, 5),
            ([9, 11, 40], [3, 2], 2, 2, [3, 5], 40, 40),
            ([1, 20, 33], [1, 5], 2, 1, [1, 8], 33, 33),
        ]
        .map(|(image, size, stride, dilation, output, filters, groups)| {
            Window::new(image, size, output, filters).strided(stride).dilated(dilation).grouped(groups)
        })
        .to_vec()
    }

    /// The vectors of this processor and the loops without any, against the definition, in two bands each.
    #[test]
    fn the_three_products_agree_with_their_definition() {
        for window in windows() {
            let (image, kernel) = (numbers(window.image_len(), 0.3), numbers(window.patch_len() * window.filters, 0.7));
            let (bias, grad_output) = (numbers(window.filters, 0.9), numbers(window.band_len(window.output[0]), 1.1));
            let mut output: Vec<f32> = grad_output.iter().enumerate().map(|(i, _)| bias[i % window.filters]).collect();
            let (mut grad_kernel, mut grad_image) = (numbers(kernel.len(), 0.2), numbers(image.len(), 0.4));
            let (start_kernel, start_image) = (grad_kernel.clone(), grad_image.clone());
            let mut transposed = vec![0.0; kernel.len()];
            each(&window, |position, k, pixel, filter| {
                let (output_at, kernel_at) = (position * window.filters + filter, k * window.filters + filter);
                output[output_at] += image[pixel] * kernel[kernel_at];
                grad_kernel[kernel_at] += image[pixel] * grad_output[output_at];
                grad_image[pixel] += kernel[kernel_at] * grad_output[output_at];
                transposed[filter * window.patch_len() + k] = kernel[kernel_at];
            });
            for arch in every_arch() {
                let what = format!("{window:?}, {arch:?}");
                let mut got = [vec![f32::NAN; output.len()], start_kernel.clone(), start_image.clone()];
                let [got_output, got_kernel, got_image] = &mut got;
                let (window, middle) = (&window, window.output[0] / 2);
                for rows in [0..middle, middle..window.output[0]].into_iter().filter(|rows| !rows.is_empty()) {
                    let band = window.band_len(rows.start)..window.band_len(rows.end);
                    let (output, grad_output) = (&mut got_output[band.clone()], &grad_output[band]);
                    let (image, kernel, transposed) = (&image[..], &kernel[..], &transposed[..]);
                    let (bias, channel, grad) = (&bias[..], 0, &mut *got_kernel);
                    if window.is_depthwise() {
                        arch.dispatch(depthwise::Output { window, rows: rows.clone(), image, kernel, bias, output });
                        let work = depthwise::GradKernel { window, rows: rows.clone(), image, grad_output, grad };
                        arch.dispatch(work);
                        arch.dispatch(depthwise::GradImage { window, rows, kernel, grad_output, grad: got_image });
                        continue;
                    }
                    arch.dispatch(Output { window, rows: rows.clone(), image, kernel, bias, output, channel });
                    arch.dispatch(GradKernel { window, rows: rows.clone(), image, grad_output, grad, channel });
                    let (grad, filters) = (&mut *got_image, 0..0);
                    arch.dispatch(GradImage { window, rows, transposed, grad_output, grad, channel, filters });
                }
                assert_close(&what, &got[0], &output);
                assert_close(&what, &got[1], &grad_kernel);
                assert_close(&what, &got[2], &grad_image);
            }
        }
    }
}
