//! What convolutions have in common: their edges, the zeros around an image, and the layer that is built. A sequence is
//! an image of one row.

mod by_tiles;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Function;
use crate::field::Choice;
use crate::graph::{Convolution, Operation, Tensor};
use crate::init::{Init, Initializer};
use crate::kernels::convolution::{self, Window};
use crate::kernels::pool;
use crate::kernels::vector::sum_rows;
use crate::layer::{Backward, Forward, Fusible, Layer, ParamInfo, Transposed};
use crate::shape::Shape;
use crate::spec::{Fix, ShapeError};

/// What happens at the edge of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Choice)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// The kernel stays inside, so the image shrinks.
    #[default]
    Valid,
    /// Zeros around the image keep its size (at stride 1), with the odd one after it, as in Keras.
    Same,
}

/// Height, width and channels of the input of a layer that takes an image.
pub(super) fn takes_image(label: &str, input: Shape) -> Result<[usize; 3], ShapeError> {
    input.as_image().ok_or_else(|| {
        let arrives = input.described();
        let message =
            format!("{label} takes an image, and {arrives} arrives. Move it to where an image is, or remove it.");
        ShapeError::new(message).with_fix(Fix::Remove)
    })
}

/// What a convolution is declared as, whatever it slides over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sliding {
    pub filters: usize,
    /// Rows and columns of a kernel.
    pub kernel: [usize; 2],
    pub stride: usize,
    pub dilation: usize,
    /// Parts into which channels and filters are cut.
    pub groups: usize,
    pub padding: Padding,
    pub activation: Function,
    pub init: Initializer,
}

/// One axis of a convolution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extent {
    pub output: usize,
    /// Zeros before the first pixel.
    pub before: usize,
    /// Pixels with the zeros on both sides.
    pub padded: usize,
}

impl Sliding {
    /// Rows and columns of positions and of zeros; none if the kernel does not fit.
    pub fn extents(&self, image: [usize; 3]) -> Option<[Extent; 2]> {
        Some([self.extent(self.kernel[0], image[0])?, self.extent(self.kernel[1], image[1])?])
    }

    fn extent(&self, kernel: usize, size: usize) -> Option<Extent> {
        let reach = (kernel - 1) * self.dilation + 1;
        match self.padding {
            Padding::Valid => {
                let output = size.checked_sub(reach)? / self.stride + 1;
                Some(Extent { output, before: 0, padded: size })
            }
            Padding::Same => {
                let output = size.div_ceil(self.stride);
                let padded = ((output - 1) * self.stride + reach).max(size);
                Some(Extent { output, before: (padded - size) / 2, padded })
            }
        }
    }

    /// Numbers in the kernels, without their biases.
    pub fn weights(&self, channels: usize) -> usize {
        self.kernel[0] * self.kernel[1] * (channels / self.groups) * self.filters
    }

    /// How it slides over an image that was found to fit, with the zeros around it.
    pub fn window(&self, image: [usize; 3]) -> (Window, [Extent; 2]) {
        let extents @ [rows, columns] = self.extents(image).unwrap_or_default();
        let (padded, output) = ([rows.padded, columns.padded, image[2]], [rows.output, columns.output]);
        let window = Window::new(padded, self.kernel, output, self.filters);
        (window.strided(self.stride).dilated(self.dilation).grouped(self.groups), extents)
    }

    /// The layer, after its extents were found to fit; `dims` are those of its kernel.
    pub fn build(&self, image: [usize; 3], dims: &[usize]) -> Box<dyn Layer> {
        let [height, width, channels] = image;
        let (window, extents) = self.window(image);
        let frame = Frame::new([height, width], extents, channels);
        let area = self.kernel[0] * self.kernel[1];
        let init = self.init.of(dims, area * (channels / self.groups), area * self.filters);
        let kernel = ParamInfo::new("kernel", dims, init);
        let before = extents.map(|extent| extent.before);
        Box::new(BuiltConv { window, image, before, frame, kernel, pool: None, activation: self.activation })
    }

    /// The kernels at work on an image that was found to fit.
    pub fn operation<'a>(&self, image: [usize; 3], kernel: &Tensor<'a>, bias: Option<&Tensor<'a>>) -> Operation<'a> {
        let Self { filters, kernel: [rows, columns], stride, dilation, groups, .. } = *self;
        let extents = self.extents(image).unwrap_or_default();
        let after = [0, 1].map(|axis| extents[axis].padded - image[axis] - extents[axis].before);
        let dims = vec![rows, columns, image[2] / groups, filters];
        Operation::Convolution(Convolution {
            kernel: Tensor { dims, ..kernel.clone() },
            bias: bias.cloned(),
            stride,
            dilation,
            groups,
            before: extents.map(|extent| extent.before),
            after,
            output: extents.map(|extent| extent.output),
        })
    }

    /// "32 3×3 /2 dilated 2 same ReLU", with the kernel as it is written.
    pub fn detail(&self, kernel: &str) -> String {
        let Self { filters, stride, dilation, groups, padding, activation, .. } = self;
        let stride = if *stride > 1 { format!(" /{stride}") } else { String::new() };
        let dilation = if *dilation > 1 { format!(" dilated {dilation}") } else { String::new() };
        let padding = if *padding == Padding::Same { " same" } else { "" };
        let groups = if *groups > 1 { format!(" groups {groups}") } else { String::new() };
        format!("{filters} {kernel}{stride}{dilation}{groups}{padding}{}", activation.suffix())
    }
}

/// The zeros around an image.
pub(super) struct Frame {
    /// Rows of the image, and numbers in each.
    image: [usize; 2],
    /// Numbers in a row with its zeros.
    row: usize,
    /// Where in the framed image the first pixel lies.
    start: usize,
}

impl Frame {
    /// None if there are no zeros.
    pub fn new([height, width]: [usize; 2], [rows, columns]: [Extent; 2], channels: usize) -> Option<Self> {
        let start = (rows.before * columns.padded + columns.before) * channels;
        let frame = Self { image: [height, width * channels], row: columns.padded * channels, start };
        ((rows.padded, columns.padded) != (height, width)).then_some(frame)
    }

    /// Numbers of the image without its zeros.
    pub fn image_len(&self) -> usize {
        self.image[0] * self.image[1]
    }

    /// Copies an image into its frame, whose zeros are there already.
    pub fn put(&self, image: &[f32], framed: &mut [f32]) {
        for (row, framed) in image.chunks_exact(self.image[1]).zip(framed[self.start..].chunks_mut(self.row)) {
            framed[..row.len()].copy_from_slice(row);
        }
    }

    /// Copies an image out of its frame.
    pub fn take(&self, framed: &[f32], image: &mut [f32]) {
        for (row, framed) in image.chunks_exact_mut(self.image[1]).zip(framed[self.start..].chunks(self.row)) {
            row.copy_from_slice(&framed[..row.len()]);
        }
    }
}

/// Numbers of a convolution's output that are made, pooled and forgotten at once: they stay in the nearest cache.
const BAND: usize = 8192;

struct BuiltConv {
    /// Without the positions that no window of the pooling reads.
    window: Window,
    /// Height, width and channels without the zeros.
    image: [usize; 3],
    /// Zeros before the first row and the first column.
    before: [usize; 2],
    frame: Option<Frame>,
    kernel: ParamInfo,
    /// Rows and columns of the windows of the max pooling that follows, if it is done here.
    pool: Option<[usize; 2]>,
    activation: Function,
}

/// The parts of the scratch space.
struct Scratch<'a> {
    image: &'a mut [f32],
    grad_image: &'a mut [f32],
    band: &'a mut [f32],
}

impl BuiltConv {
    fn image_len(&self) -> usize {
        self.image.iter().product()
    }

    fn kernel_len(&self) -> usize {
        self.window.patch_len() * self.window.filters
    }

    fn output_len(&self) -> usize {
        self.window.band_len(self.window.output[0]) / self.pool.map_or(1, |[rows, columns]| rows * columns)
    }

    /// Rows of positions that are worked off at once; whole windows, if they are pooled.
    fn band_rows(&self) -> usize {
        match self.pool {
            None => self.window.output[0],
            Some([rows, _]) => (BAND / self.window.band_len(rows).max(1)).max(1) * rows,
        }
    }

    fn bands(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let (rows, all) = (self.band_rows().max(1), self.window.output[0]);
        (0..all).step_by(rows).map(move |first| first..(first + rows).min(all))
    }

    fn scratch<'a>(&self, scratch: &'a mut [f32]) -> Scratch<'a> {
        let framed = if self.frame.is_some() { self.window.image_len() } else { 0 };
        let (image, rest) = scratch.split_at_mut(framed);
        let (grad_image, band) = rest.split_at_mut(framed);
        image.fill(0.0);
        Scratch { image, grad_image, band }
    }

    /// Numbers of a band that is pooled.
    fn scratch_band_len(&self) -> usize {
        if self.pool.is_some() { self.window.band_len(self.band_rows()) } else { 0 }
    }

    fn framed<'a>(&self, image: &'a [f32], room: &'a mut [f32]) -> &'a [f32] {
        match &self.frame {
            None => image,
            Some(frame) => {
                frame.put(image, room);
                room
            }
        }
    }

    /// The windows of pooling in one row, and for a band of the output each of those rows: numbers in the band, numbers
    /// in the pooled image.
    fn pooled_rows(
        &self,
        size: [usize; 2],
        band: &Range<usize>,
    ) -> (pool::Windows, impl Iterator<Item = [Range<usize>; 2]> + use<>) {
        let Window { output, filters: channels, .. } = self.window;
        let windows = pool::Windows { size, count: output[1] / size[1], channels, row_stride: output[1] * channels };
        let (wide, narrow) = (size[0] * windows.row_stride, windows.count * channels);
        let first = band.start / size[0];
        let rows = (0..band.len() / size[0])
            .map(move |row| [row * wide..(row + 1) * wide, (first + row) * narrow..(first + row + 1) * narrow]);
        (windows, rows)
    }
}

impl Layer for BuiltConv {
    fn params(&self) -> Vec<ParamInfo> {
        vec![self.kernel.clone(), ParamInfo::new("bias", &[self.window.filters], Init::Zeros)]
    }

    /// Max pooling is fused where it commutes with the activation: the large feature map is then never written as a
    /// whole, and what no window reads is not computed.
    fn absorb(&mut self, next: Fusible) -> bool {
        let Fusible::MaxPool(size) = next else { return false };
        if self.pool.is_some() || !self.activation.is_increasing() {
            return false;
        }
        let [rows, columns] = &mut self.window.output;
        (*rows, *columns) = (*rows / size[0] * size[0], *columns / size[1] * size[1]);
        self.pool = Some(size);
        true
    }

    /// The winners of the pooling, or what the activation remembers.
    fn memo_len(&self) -> usize {
        match self.pool {
            Some(_) => self.output_len(),
            None => self.activation.memo_len(self.output_len()),
        }
    }

    fn scratch_len(&self, _samples: usize) -> usize {
        let framed = if self.frame.is_some() { 2 * self.window.image_len() } else { 0 };
        let direct = framed + self.scratch_band_len();
        self.by_tiles().map_or(direct, |tiles| tiles.scratch_len())
    }

    fn transposed(&self, first: bool) -> Option<Transposed> {
        let (rows, columns) = (self.window.patch_len(), self.window.filters);
        // A depthwise kernel is read as it is.
        (!first && !self.window.is_depthwise()).then_some(Transposed { offset: 0, rows, columns, panel: rows })
    }

    fn forward(&self, mut pass: Forward<'_>) {
        match self.by_tiles() {
            Some(tiles) => tiles.forward(&mut pass),
            None => self.convolve(&mut pass),
        }
        self.activation.forward(pass.output, if self.pool.is_some() { &mut [] } else { pass.memo });
    }

    /// `dz = dy ⊙ f'(z)`, `dW += patchesᵀ·dz`, `db += Σ dz`, and `dz·Wᵀ` added to the pixels of each patch.
    fn backward(&self, pass: Backward<'_>) {
        self.activation.backward(pass.grad_output, pass.output, if self.pool.is_some() { &[] } else { &*pass.memo });
        let (grad_kernel, grad_bias) = pass.grad_params.split_at_mut(self.kernel_len());
        if !pass.is_frozen {
            grad_kernel.fill(0.0);
            grad_bias.fill(0.0);
            sum_rows(grad_bias, pass.grad_output);
        }
        match self.by_tiles() {
            Some(tiles) => tiles.backward(pass),
            None => self.convolve_backward(pass),
        }
    }
}

impl BuiltConv {
    /// Runs the products of the definition, and the pooling that follows.
    fn convolve(&self, pass: &mut Forward<'_>) {
        let Self { window, .. } = self;
        let (kernel, bias) = pass.params.split_at(self.kernel_len());
        let scratch = self.scratch(pass.scratch);
        let outputs = pass.output.chunks_exact_mut(self.output_len());
        for (sample, (image, output)) in pass.input.chunks_exact(self.image_len()).zip(outputs).enumerate() {
            let image = self.framed(image, scratch.image);
            let Some(size) = self.pool else {
                convolution::forward(window, 0..window.output[0], image, kernel, bias, output);
                continue;
            };
            let winners = pass.memo.get_mut(sample * output.len()..).unwrap_or_default();
            for band in self.bands() {
                convolution::forward(window, band.clone(), image, kernel, bias, scratch.band);
                self.pool(size, &band, scratch.band, output, winners);
            }
        }
    }

    fn convolve_backward(&self, pass: Backward<'_>) {
        let Self { window, .. } = self;
        let kernel = if window.is_depthwise() { &pass.params[..self.kernel_len()] } else { pass.transposed };
        let scratch = self.scratch(pass.scratch);
        let mut grad_input = pass.grad_input;
        let (image_len, output_len) = (self.image_len(), self.output_len());
        for (sample, grad) in pass.grad_output.chunks_exact(output_len).enumerate() {
            let pixels = sample * image_len..(sample + 1) * image_len;
            let image = self.framed(&pass.input[pixels.clone()], scratch.image);
            let mut grad_image = grad_input.as_deref_mut().map(|grad_input| match &self.frame {
                None => &mut grad_input[pixels.clone()],
                Some(_) => &mut *scratch.grad_image,
            });
            if let Some(grad_image) = &mut grad_image {
                grad_image.fill(0.0);
            }
            for band in self.bands() {
                let grad = match self.pool {
                    None => grad,
                    Some(size) => self.unpool(size, &band, grad, &pass.memo[sample * output_len..], scratch.band),
                };
                if !pass.is_frozen {
                    let grad_kernel = &mut pass.grad_params[..self.kernel_len()];
                    convolution::grad_kernel(window, band.clone(), image, grad, grad_kernel);
                }
                if let Some(grad_image) = &mut grad_image {
                    convolution::grad_image(window, band, kernel, grad, grad_image);
                }
            }
            if let (Some(frame), Some(grad_input)) = (&self.frame, &mut grad_input) {
                frame.take(scratch.grad_image, &mut grad_input[pixels]);
            }
        }
    }

    /// Pools a band of the convolution's own output.
    fn pool(&self, size: [usize; 2], band: &Range<usize>, sums: &[f32], output: &mut [f32], winners: &mut [f32]) {
        let (windows, rows) = self.pooled_rows(size, band);
        for [wide, narrow] in rows {
            let winner = winners.get_mut(narrow.clone()).unwrap_or_default();
            pool::max(windows, &sums[wide], &mut output[narrow], winner);
        }
    }

    /// The gradient of a band of the convolution's own output, from that of the pooled one.
    fn unpool<'a>(
        &self,
        size: [usize; 2],
        band: &Range<usize>,
        grad: &[f32],
        winners: &[f32],
        room: &'a mut [f32],
    ) -> &'a [f32] {
        let (windows, rows) = self.pooled_rows(size, band);
        for [wide, narrow] in rows {
            pool::max_backward(windows, &grad[narrow.clone()], &winners[narrow], &mut room[wide]);
        }
        &room[..self.window.band_len(band.len())]
    }
}
