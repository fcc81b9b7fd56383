//! The three products of a 3×3 convolution with fewer multiplications: F(2×2, 3×3) of Winograd (Lavin and Gray 2016, "Fast algorithms for
//! convolutional neural networks").
//!
//! Four neighboring outputs read a tile of 4×4 pixels. A transform of the tile and one of the kernel turn the 36 products that they take
//! for each channel into 16, and those of all tiles, for one of the 16 places, are a matrix product over the channels:
//!
//! `Y = Aᵀ [ Σ (G g Gᵀ) ⊙ (Bᵀ d B) ] A` with a tile `d`, the kernel `g`, and the sum over the channels.
//!
//! The gradients are the transpose of each step in turn. What is rounded differs from the sums of the definition in the last bits; the
//! test states by how much.

#[cfg(test)]
mod tests;

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::arch;
use super::convolution::Window;
use super::tile::{Tiled, accumulate, each_row, load, store, tiles};

/// Pixels of a tile.
const PLACES: usize = 16;

/// Channels and filters come in whole vectors of any processor.
const LANES: usize = 16;

/// Tiles that are worked off at once, if a row of them is not longer: what is between the steps stays in a near cache.
const BLOCK: usize = 64;

/// Whether this way saves enough multiplications. Tiles that hang over the edge waste some.
pub fn suits(window: &Window) -> bool {
    let Window { image, size, stride, dilation, output, filters, groups, .. } = window;
    let is_plain = (*size, *stride, *dilation, *groups) == ([3, 3], 1, 1, 1);
    let multiplications = PLACES * output[0].div_ceil(2) * output[1].div_ceil(2);
    let direct = 9 * output[0] * output[1];
    is_plain && image[2] % LANES == 0 && filters % LANES == 0 && 3 * multiplications <= 2 * direct
}

/// Numbers of a transformed kernel.
pub fn kernel_len(window: &Window) -> usize {
    PLACES * window.image[2] * window.filters
}

/// Numbers that a product needs room for.
pub fn room_len(window: &Window) -> usize {
    PLACES * block_len(window) * (window.image[2] + window.filters)
}

/// Tiles that are worked off at once.
fn block_len(window: &Window) -> usize {
    let columns = window.output[1].div_ceil(2);
    (BLOCK / columns).max(1) * columns
}

/// `G g Gᵀ` of `outer × inner` kernels, `[places, outer, inner]`. `kernel` holds the nine numbers of each at `tap + outer + inner`,
/// `strides` apart by tap and by outer number: as `[taps, channels, filters]`, or transposed as `[filters, taps, channels]`.
pub fn transform_kernel(kernel: &[f32], [outer, inner]: [usize; 2], strides: [usize; 2], transformed: &mut [f32]) {
    arch().dispatch(TransformKernel { kernel, outer, inner, strides, transformed });
}

/// Adds `Gᵀ u G` of the gradient of the transformed kernel, `[places, channels × filters]`, to that of the kernel, `[taps, …]`.
pub fn add_kernel_gradient(transformed: &[f32], gradient: &mut [f32]) {
    arch().dispatch(AddKernelGradient { transformed, gradient });
}

/// As [`super::convolution::forward`], with the kernel transformed as `[places, channels, filters]`.
pub fn forward(
    window: &Window,
    rows: Range<usize>,
    image: &[f32],
    kernel: &[f32],
    bias: &[f32],
    output: &mut [f32],
    room: &mut [f32],
) {
    arch().dispatch(Output { blocks: Blocks { window, rows }, image, kernel, bias, output, room });
}

/// What a backward pass finds for one image.
pub struct Gradients<'a> {
    /// Of the transformed kernel, `[places, channels, filters]`, to be added to; absent if nobody needs it.
    pub kernel: Option<&'a mut [f32]>,
    /// Of the image, to be added to, with the kernel transformed as `[places, filters, channels]`; absent for the first layer.
    pub image: Option<(&'a mut [f32], &'a [f32])>,
}

/// The gradients of kernel and image from that of the output in some rows.
pub fn backward(
    window: &Window,
    rows: Range<usize>,
    image: &[f32],
    grad_output: &[f32],
    gradients: Gradients<'_>,
    room: &mut [f32],
) {
    arch().dispatch(Backward { blocks: Blocks { window, rows }, image, grad_output, gradients, room });
}

/// The tiles of some rows of positions.
#[derive(Clone)]
struct Blocks<'a> {
    window: &'a Window,
    rows: Range<usize>,
}

/// Rows and columns of the output that a tile gives, the first of each.
type Corner = [usize; 2];

impl Blocks<'_> {
    fn columns(&self) -> usize {
        self.window.output[1].div_ceil(2)
    }

    fn count(&self) -> usize {
        self.rows.len().div_ceil(2) * self.columns()
    }

    /// The first tile and the number of tiles of each block.
    fn each(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let (count, block) = (self.count(), block_len(self.window));
        (0..count).step_by(block).map(move |first| first..(first + block).min(count))
    }

    fn corner(&self, tile: usize) -> Corner {
        [self.rows.start + tile / self.columns() * 2, tile % self.columns() * 2]
    }

    /// Where a pixel of a tile lies in the image; nothing for those of tiles that hang over.
    #[inline(always)]
    fn pixel(&self, [row, column]: Corner, down: usize, right: usize) -> Option<usize> {
        let [height, width, channels] = self.window.image;
        let (row, column) = (row + down, column + right);
        (row < height && column < width).then_some((row * width + column) * channels)
    }

    /// Where an output of a tile lies in those of the rows.
    #[inline(always)]
    fn position(&self, [row, column]: Corner, down: usize, right: usize) -> Option<usize> {
        let (row, column, width) = (row + down, column + right, self.window.output[1]);
        let is_there = row < self.rows.end && column < width;
        is_there.then_some(((row - self.rows.start) * width + column) * self.window.filters)
    }

    /// `Bᵀ d B` of some tiles, `[places, tiles, channels]`.
    #[inline(always)]
    fn read<S: Simd>(&self, simd: S, block: Range<usize>, image: &[f32], to: &mut [f32]) {
        let channels = self.window.image[2];
        let step = block.len() * channels;
        for (at, tile) in block.enumerate() {
            let corner = self.corner(tile);
            for channel in (0..channels).step_by(S::F32_LANES) {
                let pixel = |down, right| match self.pixel(corner, down, right) {
                    Some(place) => one(simd, &image[place + channel..]),
                    None => simd.splat_f32s(0.0),
                };
                let values = both_ways(square(pixel), |column| input(simd, column));
                write(simd, values, to, at * channels + channel, step);
            }
        }
    }
}

#[inline(always)]
fn one<S: Simd>(simd: S, values: &[f32]) -> S::f32s {
    load::<S, 1, true>(simd, values)[0]
}

#[inline(always)]
fn put<S: Simd>(simd: S, to: &mut [f32], value: S::f32s) {
    store::<S, 1, true>(simd, &mut to[..S::F32_LANES], [value]);
}

/// A value for each of some rows and columns.
#[inline(always)]
fn square<V: Copy, const N: usize>(value: impl Fn(usize, usize) -> V) -> [[V; N]; N] {
    let first = value(0, 0);
    each_row([first; N], |row| each_row(first, |column| value(row, column)))
}

/// A transform of the columns, and then of the rows.
#[inline(always)]
fn both_ways<V: Copy, const FROM: usize, const TO: usize>(
    values: [[V; FROM]; FROM],
    transform: impl Fn([V; FROM]) -> [V; TO],
) -> [[V; TO]; TO] {
    let first = values[0][0];
    let columns: [[V; TO]; FROM] =
        each_row([first; TO], |column| transform(each_row(first, |row| values[row][column])));
    each_row([first; TO], |row| transform(each_row(first, |column| columns[column][row])))
}

/// Writes the 16 places of a tile, `step` apart.
#[inline(always)]
fn write<S: Simd>(simd: S, values: [[S::f32s; 4]; 4], to: &mut [f32], at: usize, step: usize) {
    for (place, value) in values.as_flattened().iter().enumerate() {
        put(simd, &mut to[place * step + at..], *value);
    }
}

#[inline(always)]
fn read<S: Simd>(simd: S, from: &[f32], at: usize, step: usize) -> [[S::f32s; 4]; 4] {
    square(|row, column| one(simd, &from[(4 * row + column) * step + at..]))
}

/// `Bᵀ d`
#[inline(always)]
fn input<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 4] {
    [simd.sub_f32s(a, c), simd.add_f32s(b, c), simd.sub_f32s(c, b), simd.sub_f32s(b, d)]
}

/// `B v`, its transpose.
#[inline(always)]
fn input_gradient<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 4] {
    let zero = simd.splat_f32s(0.0);
    let (sum, difference) = (simd.add_f32s(b, c), simd.sub_f32s(b, c));
    [a, simd.add_f32s(difference, d), simd.sub_f32s(sum, a), simd.sub_f32s(zero, d)]
}

/// `Aᵀ m`
#[inline(always)]
fn output<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 2] {
    let (sum, difference) = (simd.add_f32s(b, c), simd.sub_f32s(b, c));
    [simd.add_f32s(a, sum), simd.sub_f32s(difference, d)]
}

/// `A y`, its transpose.
#[inline(always)]
fn output_gradient<S: Simd>(simd: S, [a, b]: [S::f32s; 2]) -> [S::f32s; 4] {
    [a, simd.add_f32s(a, b), simd.sub_f32s(a, b), simd.sub_f32s(simd.splat_f32s(0.0), b)]
}

/// `G g`
#[inline(always)]
fn kernel<S: Simd>(simd: S, [a, b, c]: [S::f32s; 3]) -> [S::f32s; 4] {
    let half = simd.splat_f32s(0.5);
    let (ends, middle) = (simd.mul_f32s(half, simd.add_f32s(a, c)), simd.mul_f32s(half, b));
    [a, simd.add_f32s(ends, middle), simd.sub_f32s(ends, middle), c]
}

/// `Gᵀ u`, its transpose.
#[inline(always)]
fn kernel_gradient<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> [S::f32s; 3] {
    let half = simd.splat_f32s(0.5);
    let (sum, difference) = (simd.mul_f32s(half, simd.add_f32s(b, c)), simd.mul_f32s(half, simd.sub_f32s(b, c)));
    [simd.add_f32s(a, sum), difference, simd.add_f32s(sum, d)]
}

struct TransformKernel<'a> {
    kernel: &'a [f32],
    outer: usize,
    inner: usize,
    strides: [usize; 2],
    transformed: &'a mut [f32],
}

impl WithSimd for TransformKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { kernel: taps, outer, inner, strides: [tap, next], transformed } = self;
        for row in 0..outer {
            for column in (0..inner).step_by(S::F32_LANES) {
                let values = square::<_, 3>(|y, x| one(simd, &taps[(3 * y + x) * tap + row * next + column..]));
                let values = both_ways(values, |column| kernel(simd, column));
                write(simd, values, transformed, row * inner + column, outer * inner);
            }
        }
    }
}

struct AddKernelGradient<'a> {
    transformed: &'a [f32],
    gradient: &'a mut [f32],
}

impl WithSimd for AddKernelGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let step = self.transformed.len() / PLACES;
        for at in (0..step).step_by(S::F32_LANES) {
            let values = both_ways(read(simd, self.transformed, at, step), |column| kernel_gradient(simd, column));
            for (tap, value) in values.as_flattened().iter().enumerate() {
                let gradient = &mut self.gradient[tap * step + at..];
                let sum = simd.add_f32s(one(simd, gradient), *value);
                put(simd, gradient, sum);
            }
        }
    }
}

struct Output<'a> {
    blocks: Blocks<'a>,
    image: &'a [f32],
    kernel: &'a [f32],
    bias: &'a [f32],
    output: &'a mut [f32],
    room: &'a mut [f32],
}

impl WithSimd for Output<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { blocks, image, kernel, bias, output: out, room } = self;
        let (channels, filters) = (blocks.window.image[2], blocks.window.filters);
        for block in blocks.each() {
            let (first, count) = (block.start, block.len());
            let (tiles_in, tiles_out) = room.split_at_mut(PLACES * count * channels);
            blocks.read(simd, block, image, tiles_in);
            for place in 0..PLACES {
                let mut product = Product {
                    left: &tiles_in[place * count * channels..],
                    strides: [channels, 1],
                    depth: channels,
                    right: &kernel[place * channels * filters..],
                    out: &mut tiles_out[place * count * filters..],
                    columns: filters,
                    adds: false,
                };
                tiles(simd, count, 0..filters, &mut product);
            }
            for tile in 0..count {
                let corner = blocks.corner(first + tile);
                for filter in (0..filters).step_by(S::F32_LANES) {
                    let sums = read(simd, tiles_out, tile * filters + filter, count * filters);
                    let values = both_ways(sums, |column| output(simd, column));
                    let bias = one(simd, &bias[filter..]);
                    for (at, value) in values.as_flattened().iter().enumerate() {
                        if let Some(place) = blocks.position(corner, at / 2, at % 2) {
                            put(simd, &mut out[place + filter..], simd.add_f32s(*value, bias));
                        }
                    }
                }
            }
        }
    }
}

struct Backward<'a> {
    blocks: Blocks<'a>,
    image: &'a [f32],
    grad_output: &'a [f32],
    gradients: Gradients<'a>,
    room: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { blocks, image, grad_output, mut gradients, room } = self;
        let (channels, filters) = (blocks.window.image[2], blocks.window.filters);
        for block in blocks.each() {
            let (first, count) = (block.start, block.len());
            let (tiles_in, tiles_out) = room.split_at_mut(PLACES * count * channels);
            for tile in 0..count {
                let corner = blocks.corner(first + tile);
                for filter in (0..filters).step_by(S::F32_LANES) {
                    let gradient = square::<_, 2>(|down, right| match blocks.position(corner, down, right) {
                        Some(place) => one(simd, &grad_output[place + filter..]),
                        None => simd.splat_f32s(0.0),
                    });
                    let values = both_ways(gradient, |column| output_gradient(simd, column));
                    write(simd, values, tiles_out, tile * filters + filter, count * filters);
                }
            }
            if let Some(kernel) = &mut gradients.kernel {
                blocks.read(simd, block, image, tiles_in);
                for place in 0..PLACES {
                    let mut product = Product {
                        left: &tiles_in[place * count * channels..],
                        strides: [1, channels],
                        depth: count,
                        right: &tiles_out[place * count * filters..],
                        out: &mut kernel[place * channels * filters..],
                        columns: filters,
                        adds: true,
                    };
                    tiles(simd, channels, 0..filters, &mut product);
                }
            }
            let Some((grad_image, transposed)) = &mut gradients.image else { continue };
            for place in 0..PLACES {
                let mut product = Product {
                    left: &tiles_out[place * count * filters..],
                    strides: [filters, 1],
                    depth: filters,
                    right: &transposed[place * channels * filters..],
                    out: &mut tiles_in[place * count * channels..],
                    columns: channels,
                    adds: false,
                };
                tiles(simd, count, 0..channels, &mut product);
            }
            for tile in 0..count {
                let corner = blocks.corner(first + tile);
                for channel in (0..channels).step_by(S::F32_LANES) {
                    let values = read(simd, tiles_in, tile * channels + channel, count * channels);
                    let values = both_ways(values, |column| input_gradient(simd, column));
                    for (at, value) in values.as_flattened().iter().enumerate() {
                        if let Some(place) = blocks.pixel(corner, at / 4, at % 4) {
                            let pixel = &mut grad_image[place + channel..];
                            let sum = simd.add_f32s(one(simd, pixel), *value);
                            put(simd, pixel, sum);
                        }
                    }
                }
            }
        }
    }
}

/// `out = left·right`, or added to what is there, with rows and columns of `left` so far apart.
struct Product<'a> {
    left: &'a [f32],
    strides: [usize; 2],
    depth: usize,
    /// `[depth, columns]`
    right: &'a [f32],
    /// `[rows, columns]`
    out: &'a mut [f32],
    columns: usize,
    adds: bool,
}

impl Tiled for Product<'_> {
    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize, const VECTORS: usize, const FULL: bool>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        width: usize,
    ) {
        let Self { strides: [down, along], depth, columns, .. } = *self;
        let extent = (depth - 1) * along + 1;
        let left: [&[f32]; ROWS] = each_row(&[][..], |r| &self.left[(row + r) * down..][..extent]);
        let out = &mut self.out[row * columns..];
        let none = [simd.splat_f32s(0.0); VECTORS];
        let mut sums: [[S::f32s; VECTORS]; ROWS] = match self.adds {
            true => each_row(none, |r| load::<S, VECTORS, FULL>(simd, &out[r * columns + column..])),
            false => [none; ROWS],
        };
        for (at, right) in self.right.chunks_exact(columns).take(depth).enumerate() {
            let right = load::<S, VECTORS, FULL>(simd, &right[column..]);
            accumulate(simd, &mut sums, |r| left[r][at * along], right);
        }
        for (out, sums) in out.chunks_exact_mut(columns).zip(sums) {
            store::<S, VECTORS, FULL>(simd, &mut out[column..column + width], sums);
        }
    }
}
