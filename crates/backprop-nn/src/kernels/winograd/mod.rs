//! The three products of a 3×3 convolution with fewer multiplications: F(4×4, 3×3) of Winograd (Lavin and Gray 2016, "Fast algorithms for
//! convolutional neural networks").
//!
//! Sixteen neighboring outputs read a tile of 6×6 pixels. A transform of the tile and one of the kernel turn the 144 products that they
//! take for each channel into 36, and those of all tiles, for one of the 36 places, are a matrix product over the channels:
//!
//! `Y = Aᵀ [ Σ (G g Gᵀ) ⊙ (Bᵀ d B) ] A` with a tile `d`, the kernel `g`, and the sum over the channels.
//!
//! The gradients are the transpose of each step in turn. The transforms evaluate polynomials at 0, ±1/√2, ±√2 and ∞. What these points
//! round away is twice what the sums of the definition do, where the usual 0, ±1, ±2 and ∞ round away four times as much (Alam et al.
//! 2022, "Winograd convolution for deep neural networks: efficient point selection", for points and their reciprocals); the test states
//! by how much.

#[cfg(test)]
mod tests;
mod transforms;

use std::ops::Range;

use pulp::{Simd, WithSimd};

use self::transforms::{SIDE, add_square, both_ways, one, put, read, square, write};
use super::arch;
use super::convolution::Window;
use super::tile::{Tiled, accumulate, each_row, load, store, tiles};

/// Rows and columns of the output that a tile gives.
const STEP: usize = 4;

/// Pixels of a tile.
const PLACES: usize = SIDE * SIDE;

/// Channels and filters come in whole vectors of any processor.
const LANES: usize = 16;

/// Columns of a matrix that lie side by side: what a product reads while its sums are in registers is a few pages.
const PANEL: usize = 2 * LANES;

/// Tiles that are worked off at once: what is between the steps stays in a near cache, and a kernel is read once for all of them.
const BLOCK: usize = 36;

/// A 3×3 convolution with stride 1, and the zeros around its images.
#[derive(Clone, Debug)]
pub struct Convolution {
    /// Height, width and channels without the zeros.
    pub image: [usize; 3],
    /// Zeros before the first row and the first column.
    pub before: [usize; 2],
    /// Rows and columns of positions.
    pub output: [usize; 2],
    /// Output channels.
    pub filters: usize,
}

/// Whether this way saves enough multiplications. Tiles that hang over the edge waste some.
pub fn suits(window: &Window) -> bool {
    let Window { image, size, stride, dilation, output, filters, groups, .. } = window;
    let is_plain = (*size, *stride, *dilation, *groups) == ([3, 3], 1, 1, 1);
    let multiplications = PLACES * output[0].div_ceil(STEP) * output[1].div_ceil(STEP);
    let direct = 9 * output[0] * output[1];
    is_plain && image[2] % LANES == 0 && filters % LANES == 0 && 3 * multiplications <= 2 * direct
}

impl Convolution {
    /// Numbers of a transformed kernel.
    pub fn kernel_len(&self) -> usize {
        PLACES * Matrices { rows: self.image[2], columns: self.filters }.len()
    }

    /// Numbers that a product needs room for.
    pub fn room_len(&self) -> usize {
        let of = |columns: usize| Matrices { rows: BLOCK, columns }.len();
        PLACES * (of(self.image[2]) + of(self.filters))
    }

    /// Images whose tiles are worked off at once.
    pub fn images_at_once(&self) -> usize {
        (BLOCK / self.tiles_of_image()).max(1)
    }

    fn tiles_of_image(&self) -> usize {
        self.output[0].div_ceil(STEP) * self.output[1].div_ceil(STEP)
    }

    fn image_len(&self) -> usize {
        self.image.iter().product()
    }

    fn output_len(&self) -> usize {
        self.output[0] * self.output[1] * self.filters
    }

    /// Blocks of the tiles of so many images.
    fn blocks(&self, images: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let count = images * self.tiles_of_image();
        (0..count).step_by(BLOCK).map(move |first| first..(first + BLOCK).min(count))
    }

    /// The image of a tile, and the row and column of its first output.
    #[inline(always)]
    fn corner(&self, tile: usize) -> (usize, [usize; 2]) {
        let (columns, all) = (self.output[1].div_ceil(STEP), self.tiles_of_image());
        (tile / all, [tile % all / columns * STEP, tile % columns * STEP])
    }

    /// Where the pixels of a tile lie in the images; nothing for those outside.
    #[inline(always)]
    fn pixels(&self, tile: usize) -> [[Option<usize>; SIDE]; SIDE] {
        let ([height, width, channels], [above, left]) = (self.image, self.before);
        let (image, [row, column]) = self.corner(tile);
        square(
            #[inline(always)]
            |down, right| {
                let (row, column) = ((row + down).checked_sub(above)?, (column + right).checked_sub(left)?);
                (row < height && column < width).then_some(image * self.image_len() + (row * width + column) * channels)
            },
        )
    }

    /// Where the outputs of a tile lie; nothing for those outside.
    #[inline(always)]
    fn positions(&self, tile: usize) -> [[Option<usize>; STEP]; STEP] {
        let ([height, width], filters) = (self.output, self.filters);
        let (image, [row, column]) = self.corner(tile);
        square(
            #[inline(always)]
            |down, right| {
                let (row, column) = (row + down, column + right);
                (row < height && column < width).then_some(image * self.output_len() + (row * width + column) * filters)
            },
        )
    }
}

/// A matrix for each place, `[places, rows, columns]`, which lies in panels of so many columns, `[places, panels, rows, PANEL]`; the last
/// may be narrower.
#[derive(Clone, Copy)]
struct Matrices {
    rows: usize,
    columns: usize,
}

impl Matrices {
    /// Numbers from one matrix to the next. Were they a power of two, all places of a tile would want to lie at the same place of a cache.
    fn len(self) -> usize {
        self.rows * self.columns + LANES
    }

    /// Where a row of a panel begins, the panel being that of this column.
    #[inline(always)]
    fn at(self, row: usize, column: usize) -> usize {
        let panel = column / PANEL * PANEL;
        panel * self.rows + row * PANEL.min(self.columns - panel) + column - panel
    }

    /// The columns of each panel.
    fn panels(self) -> impl Iterator<Item = Range<usize>> + use<> {
        (0..self.columns).step_by(PANEL).map(move |first| first..(first + PANEL).min(self.columns))
    }
}

/// `G g Gᵀ` of `outer × inner` kernels. `kernel` holds the nine numbers of each at `tap + outer + inner`, `strides` apart by tap and by
/// outer number: as `[taps, channels, filters]`, or transposed as `[filters, taps, channels]`.
pub fn transform_kernel(kernel: &[f32], [outer, inner]: [usize; 2], strides: [usize; 2], transformed: &mut [f32]) {
    arch().dispatch(TransformKernel { kernel, of: Matrices { rows: outer, columns: inner }, strides, transformed });
}

/// Adds `Gᵀ u G` of the gradient of the transformed kernel to that of the kernel, `[taps, channels, filters]`.
pub fn add_kernel_gradient(transformed: &[f32], [channels, filters]: [usize; 2], gradient: &mut [f32]) {
    arch().dispatch(AddKernelGradient { transformed, of: Matrices { rows: channels, columns: filters }, gradient });
}

/// As [`super::convolution::forward`] of all rows of some images, with the kernel transformed as `[channels, filters]`.
pub fn forward(
    convolution: &Convolution,
    images: &[f32],
    kernel: &[f32],
    bias: &[f32],
    outputs: &mut [f32],
    room: &mut [f32],
) {
    arch().dispatch(Output { convolution, images, kernel, bias, outputs, room });
}

/// What a backward pass finds for some images.
pub struct Gradients<'a> {
    /// Of the transformed kernel, `[channels, filters]`, to be added to; absent if nobody needs it.
    pub kernel: Option<&'a mut [f32]>,
    /// Of the images, to be added to, with the kernel transformed as `[filters, channels]`; absent for the first layer.
    pub images: Option<(&'a mut [f32], &'a [f32])>,
}

/// The gradients of kernel and images from that of the outputs.
pub fn backward(
    convolution: &Convolution,
    images: &[f32],
    grad_outputs: &[f32],
    gradients: Gradients<'_>,
    room: &mut [f32],
) {
    arch().dispatch(Backward { convolution, images, grad_outputs, gradients, room });
}

struct TransformKernel<'a> {
    kernel: &'a [f32],
    of: Matrices,
    strides: [usize; 2],
    transformed: &'a mut [f32],
}

impl WithSimd for TransformKernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { kernel: taps, of, strides: [tap, next], transformed } = self;
        for row in 0..of.rows {
            for column in (0..of.columns).step_by(S::F32_LANES) {
                let values = square::<_, 3>(
                    #[inline(always)]
                    |y, x| one(simd, &taps[(3 * y + x) * tap + row * next + column..]),
                );
                let values = both_ways(
                    values,
                    #[inline(always)]
                    |column| transforms::kernel(simd, column),
                );
                write(simd, values, transformed, of.at(row, column), of.len());
            }
        }
    }
}

struct AddKernelGradient<'a> {
    transformed: &'a [f32],
    of: Matrices,
    gradient: &'a mut [f32],
}

impl WithSimd for AddKernelGradient<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { transformed, of, gradient } = self;
        for row in 0..of.rows {
            for column in (0..of.columns).step_by(S::F32_LANES) {
                let values = read(simd, transformed, of.at(row, column), of.len());
                let values = both_ways(
                    values,
                    #[inline(always)]
                    |column| transforms::kernel_gradient(simd, column),
                );
                let places = square(
                    #[inline(always)]
                    |y, x| Some(((3 * y + x) * of.rows + row) * of.columns + column),
                );
                add_square(simd, gradient, places, values);
            }
        }
    }
}

/// `Bᵀ d B` of some tiles, `[tiles, channels]`.
#[inline(always)]
fn read_tiles<S: Simd>(simd: S, convolution: &Convolution, block: Range<usize>, images: &[f32], to: &mut [f32]) {
    let of = Matrices { rows: block.len(), columns: convolution.image[2] };
    for (at, tile) in block.enumerate() {
        let pixels = convolution.pixels(tile);
        for channel in (0..of.columns).step_by(S::F32_LANES) {
            let values = square(
                #[inline(always)]
                |down, right| match pixels[down][right] {
                    Some(place) => one(simd, &images[place + channel..]),
                    None => simd.splat_f32s(0.0),
                },
            );
            let values = both_ways(
                values,
                #[inline(always)]
                |column| transforms::input(simd, column),
            );
            write(simd, values, to, of.at(at, channel), of.len());
        }
    }
}

struct Output<'a> {
    convolution: &'a Convolution,
    images: &'a [f32],
    kernel: &'a [f32],
    bias: &'a [f32],
    outputs: &'a mut [f32],
    room: &'a mut [f32],
}

impl WithSimd for Output<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { convolution, images, kernel, bias, outputs, room } = self;
        let (channels, filters) = (convolution.image[2], convolution.filters);
        for block in convolution.blocks(images.len() / convolution.image_len()) {
            let rows = block.len();
            let (tiles_in, tiles_out) = room.split_at_mut(PLACES * Matrices { rows, columns: channels }.len());
            read_tiles(simd, convolution, block.clone(), images, tiles_in);
            let [left, right, out] = [[rows, channels], [channels, filters], [rows, filters]]
                .map(|[rows, columns]| Matrices { rows, columns });
            multiply::<S, false>(simd, (tiles_in, left), (kernel, right), (tiles_out, out));
            for (at, tile) in block.enumerate() {
                let positions = convolution.positions(tile);
                for filter in (0..filters).step_by(S::F32_LANES) {
                    let sums = read(simd, tiles_out, out.at(at, filter), out.len());
                    let values = both_ways(
                        sums,
                        #[inline(always)]
                        |column| transforms::output(simd, column),
                    );
                    let bias = one(simd, &bias[filter..]);
                    for (position, value) in positions.as_flattened().iter().zip(values.as_flattened()) {
                        if let Some(position) = position {
                            put(simd, &mut outputs[position + filter..], simd.add_f32s(*value, bias));
                        }
                    }
                }
            }
        }
    }
}

struct Backward<'a> {
    convolution: &'a Convolution,
    images: &'a [f32],
    grad_outputs: &'a [f32],
    gradients: Gradients<'a>,
    room: &'a mut [f32],
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { convolution, images, grad_outputs, mut gradients, room } = self;
        let (channels, filters) = (convolution.image[2], convolution.filters);
        for block in convolution.blocks(images.len() / convolution.image_len()) {
            let rows = block.len();
            let (tiles_in, tiles_out) = room.split_at_mut(PLACES * Matrices { rows, columns: channels }.len());
            let [of_in, of_out, of_kernel, of_transposed] =
                [[rows, channels], [rows, filters], [channels, filters], [filters, channels]]
                    .map(|[rows, columns]| Matrices { rows, columns });
            for (at, tile) in block.clone().enumerate() {
                let positions = convolution.positions(tile);
                for filter in (0..filters).step_by(S::F32_LANES) {
                    let gradient = square(
                        #[inline(always)]
                        |down, right| match positions[down][right] {
                            Some(position) => one(simd, &grad_outputs[position + filter..]),
                            None => simd.splat_f32s(0.0),
                        },
                    );
                    let values = both_ways(
                        gradient,
                        #[inline(always)]
                        |column| transforms::output_gradient(simd, column),
                    );
                    write(simd, values, tiles_out, of_out.at(at, filter), of_out.len());
                }
            }
            if let Some(kernel) = &mut gradients.kernel {
                read_tiles(simd, convolution, block.clone(), images, tiles_in);
                multiply::<S, true>(simd, (tiles_in, of_in), (tiles_out, of_out), (kernel, of_kernel));
            }
            let Some((grad_images, transposed)) = &mut gradients.images else { continue };
            multiply::<S, false>(simd, (tiles_out, of_out), (transposed, of_transposed), (tiles_in, of_in));
            for (at, tile) in block.enumerate() {
                let pixels = convolution.pixels(tile);
                for channel in (0..channels).step_by(S::F32_LANES) {
                    let values = read(simd, tiles_in, of_in.at(at, channel), of_in.len());
                    let values = both_ways(
                        values,
                        #[inline(always)]
                        |column| transforms::input_gradient(simd, column),
                    );
                    add_square(simd, &mut grad_images[channel..], pixels, values);
                }
            }
        }
    }
}

/// For every place `out = left·right`, or `out += leftᵀ·right`.
#[inline(always)]
fn multiply<S: Simd, const TRANSPOSED: bool>(
    simd: S,
    (left, of_left): (&[f32], Matrices),
    (right, of_right): (&[f32], Matrices),
    (out, of_out): (&mut [f32], Matrices),
) {
    for place in 0..PLACES {
        let left = &left[place * of_left.len()..][..of_left.len()];
        for columns in of_out.panels() {
            let width = columns.len();
            let right = &right[place * of_right.len() + of_right.at(0, columns.start)..][..of_right.rows * width];
            let out = &mut out[place * of_out.len() + of_out.at(0, columns.start)..][..of_out.rows * width];
            if TRANSPOSED {
                for rows in of_left.panels() {
                    let left = &left[of_left.at(0, rows.start)..][..of_left.rows * rows.len()];
                    let out = &mut out[rows.start * width..];
                    let mut product = Product::<true> { left, of_left, right, out, width };
                    tiles(simd, rows.len(), 0..width, &mut product);
                }
            } else {
                let mut product = Product::<false> { left, of_left, right, out, width };
                tiles(simd, of_left.rows, 0..width, &mut product);
            }
        }
    }
}

/// A panel of a product, `[rows, width]`: `left·right`, or `leftᵀ·right` with one panel of `left`, added to what is there.
struct Product<'a, const TRANSPOSED: bool> {
    left: &'a [f32],
    of_left: Matrices,
    /// `[depth, width]`
    right: &'a [f32],
    out: &'a mut [f32],
    width: usize,
}

impl<const TRANSPOSED: bool> Tiled for Product<'_, TRANSPOSED> {
    #[inline(always)]
    fn tile<S: Simd, const ROWS: usize, const VECTORS: usize, const FULL: bool>(
        &mut self,
        simd: S,
        row: usize,
        column: usize,
        _width: usize,
    ) {
        let Self { left, of_left, right, ref mut out, width } = *self;
        let out = &mut out[row * width..];
        let none = [simd.splat_f32s(0.0); VECTORS];
        let mut sums: [[S::f32s; VECTORS]; ROWS] = [none; ROWS];
        if TRANSPOSED {
            sums = each_row(
                none,
                #[inline(always)]
                |r| load::<S, VECTORS, FULL>(simd, &out[r * width + column..]),
            );
            let stride = left.len() / of_left.rows;
            for (left, right) in left.chunks_exact(stride).zip(right.chunks_exact(width)) {
                let left = &left[row..][..ROWS];
                accumulate(
                    simd,
                    &mut sums,
                    #[inline(always)]
                    |r| left[r],
                    load::<S, VECTORS, FULL>(simd, &right[column..]),
                );
            }
        } else {
            for panel in of_left.panels() {
                let depth = panel.len();
                let from = of_left.at(row, panel.start);
                let left: [&[f32]; ROWS] = each_row(
                    &[][..],
                    #[inline(always)]
                    |r| &left[from + r * depth..][..depth],
                );
                for (at, right) in right[panel.start * width..].chunks_exact(width).take(depth).enumerate() {
                    let right = load::<S, VECTORS, FULL>(simd, &right[column..]);
                    accumulate(
                        simd,
                        &mut sums,
                        #[inline(always)]
                        |r| left[r][at],
                        right,
                    );
                }
            }
        }
        for (out, sums) in out.chunks_exact_mut(width).zip(sums) {
            store::<S, VECTORS, FULL>(simd, &mut out[column..column + VECTORS * S::F32_LANES], sums);
        }
    }
}
