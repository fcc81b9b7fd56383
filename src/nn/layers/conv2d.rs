use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Function, LayerSpec};
use crate::nn::init::Init;
use crate::nn::kernels::convolution::{self, Window};
use crate::nn::kernels::pool;
use crate::nn::kernels::vector::sum_rows;
use crate::nn::knob::{Knob, choice};
use crate::nn::layer::{Backward, Forward, Layer, ParamInfo, Plan, Spec, Transposed};
use crate::nn::shape::{Fix, Shape, ShapeError};

/// What happens at the edge of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// The kernel stays inside, so the image shrinks.
    #[default]
    Valid,
    /// Zeros around the image keep its size (at stride 1), with the odd one after it, as in Keras.
    Same,
}

choice!(Padding { Valid => "Valid", Same => "Same" });

/// Slides small kernels over an image: `y[p] = f(Σ x[p + k]·W[k] + b)`.
///
/// Shapes: `[n, height, width, channels]` to `[n, height', width', filters]`,
/// kernel `[kernel, kernel, channels, filters]`, bias `[filters]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conv2d {
    pub filters: usize,
    /// Rows and columns of a kernel.
    pub kernel: usize,
    pub stride: usize,
    pub padding: Padding,
    pub activation: Function,
}

impl Default for Conv2d {
    fn default() -> Self {
        Self { filters: 32, kernel: 3, stride: 1, padding: Padding::Valid, activation: Function::Relu }
    }
}

impl Conv2d {
    /// Rows and columns of positions, and how many zeros stand before and in all beside the image.
    fn extent(&self, size: usize) -> Option<Extent> {
        match self.padding {
            Padding::Valid => {
                let output = size.checked_sub(self.kernel)? / self.stride + 1;
                Some(Extent { output, before: 0, padded: size })
            }
            Padding::Same => {
                let output = size.div_ceil(self.stride);
                let padded = ((output - 1) * self.stride + self.kernel).max(size);
                Some(Extent { output, before: (padded - size) / 2, padded })
            }
        }
    }
}

/// One axis of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Extent {
    output: usize,
    /// Zeros before the first pixel.
    before: usize,
    /// Pixels with the zeros on both sides.
    padded: usize,
}

impl Spec for Conv2d {
    fn label(&self) -> &'static str {
        "Conv2d"
    }

    fn detail(&self) -> String {
        let Self { filters, kernel, stride, padding, activation } = self;
        let stride = if *stride > 1 { format!(" /{stride}") } else { String::new() };
        let padding = if *padding == Padding::Same { " same" } else { "" };
        format!("{filters} {kernel}×{kernel}{stride}{padding}{}", activation.suffix())
    }

    fn help(&self) -> &'static str {
        "Slides small kernels over the image; each learns to find one pattern, wherever it is."
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        let Some(image) = input.as_image() else {
            return Err(ShapeError::new(format!(
                "Conv2d takes an image, and {} arrives. Move it to where an image is, or remove it.",
                input.described()
            ))
            .with_fix(Fix::Remove));
        };
        let (Some(rows), Some(columns)) = (self.extent(image[0]), self.extent(image[1])) else {
            let Self { kernel, .. } = self;
            return Err(ShapeError::new(format!(
                "A {kernel}×{kernel} kernel does not fit into {}×{}. Pad with zeros, take a smaller kernel or pool less before.",
                image[0], image[1]
            ))
            .with_fix(Fix::Replace(Self { padding: Padding::Same, ..self.clone() }.into())));
        };
        let weights = self.kernel * self.kernel * image[2] * self.filters;
        Ok(Plan {
            output: Shape::image(rows.output, columns.output, self.filters),
            params: weights + self.filters,
            multiply_adds: (rows.output * columns.output * weights) as u64,
        })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let [height, width, channels] = input.as_image().unwrap_or([0; 3]);
        let nowhere = Extent { output: 0, before: 0, padded: 0 };
        let [rows, columns] = [height, width].map(|size| self.extent(size).unwrap_or(nowhere));
        let window = Window {
            image: [rows.padded, columns.padded, channels],
            size: [self.kernel; 2],
            stride: self.stride,
            output: [rows.output, columns.output],
            filters: self.filters,
        };
        let start = (rows.before * columns.padded + columns.before) * channels;
        let frame = Frame { image: [height, width * channels], row: columns.padded * channels, start };
        let framed = (rows.padded, columns.padded) != (height, width);
        Box::new(BuiltConv2d { window, frame: framed.then_some(frame), pool: None, activation: self.activation })
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { filters, kernel, stride, padding, activation } = self;
        vec![
            Knob::whole(
                "filters",
                "Filters",
                filters,
                1..=512,
                32,
                "How many patterns to look for; each costs a whole feature map of time.",
            ),
            Knob::whole(
                "kernel",
                "Kernel",
                kernel,
                1..=11,
                3,
                "Rows and columns of a kernel; a large one sees more at once and has many more weights.",
            ),
            Knob::whole(
                "stride",
                "Stride",
                stride,
                1..=4,
                1,
                "Pixels from one position to the next; 2 halves the image and loses detail.",
            ),
            Knob::choice(
                "padding",
                "Padding",
                padding,
                "Valid shrinks the image; same keeps its size with zeros around it.",
            ),
            Knob::choice(
                "activation",
                "Activation",
                activation,
                "What bends the sum; without one, stacked convolutions are no more than one.",
            ),
        ]
    }
}

/// The zeros around an image.
struct Frame {
    /// Rows of the image, and numbers in each.
    image: [usize; 2],
    /// Numbers in a row with its zeros.
    row: usize,
    /// Where in the framed image the first pixel lies.
    start: usize,
}

impl Frame {
    /// Copies an image into its frame, whose zeros are there already.
    fn put(&self, image: &[f32], framed: &mut [f32]) {
        for (row, framed) in image.chunks_exact(self.image[1]).zip(framed[self.start..].chunks_mut(self.row)) {
            framed[..row.len()].copy_from_slice(row);
        }
    }

    /// Copies an image out of its frame.
    fn take(&self, framed: &[f32], image: &mut [f32]) {
        for (row, framed) in image.chunks_exact_mut(self.image[1]).zip(framed[self.start..].chunks(self.row)) {
            row.copy_from_slice(&framed[..row.len()]);
        }
    }
}

/// Numbers of a convolution's output that are made, pooled and forgotten at once: they stay in the nearest cache.
const BAND: usize = 8192;

struct BuiltConv2d {
    /// Its positions are those alone that somebody reads.
    window: Window,
    frame: Option<Frame>,
    /// Rows and columns of the windows of the max pooling that follows, if it is done here.
    pool: Option<usize>,
    activation: Function,
}

/// The parts of the scratch space.
struct Scratch<'a> {
    image: &'a mut [f32],
    grad_image: &'a mut [f32],
    band: &'a mut [f32],
}

impl BuiltConv2d {
    fn image_len(&self) -> usize {
        self.frame.as_ref().map_or(self.window.image_len(), |frame| frame.image[0] * frame.image[1])
    }

    fn kernel_len(&self) -> usize {
        self.window.patch_len() * self.window.filters
    }

    fn output_len(&self) -> usize {
        self.window.band_len(self.window.output[0]) / self.pool.map_or(1, |size| size * size)
    }

    /// Rows of positions that are worked off at once; whole windows, if they are pooled.
    fn band_rows(&self) -> usize {
        match self.pool {
            None => self.window.output[0],
            Some(size) => (BAND / self.window.band_len(size).max(1)).max(1) * size,
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
        size: usize,
        band: &Range<usize>,
    ) -> (pool::Windows, impl Iterator<Item = [Range<usize>; 2]> + use<>) {
        let Window { output, filters: channels, .. } = self.window;
        let windows = pool::Windows { size, count: output[1] / size, channels, row_stride: output[1] * channels };
        let (wide, narrow) = (size * windows.row_stride, windows.count * channels);
        let first = band.start / size;
        let rows = (0..band.len() / size)
            .map(move |row| [row * wide..(row + 1) * wide, (first + row) * narrow..(first + row + 1) * narrow]);
        (windows, rows)
    }
}

impl Layer for BuiltConv2d {
    fn params(&self) -> Vec<ParamInfo> {
        let Window { image: [_, _, channels], size: [kh, kw], filters, .. } = self.window;
        let init = Init::GlorotUniform { fan_in: kh * kw * channels, fan_out: kh * kw * filters };
        vec![
            ParamInfo::new("kernel", &[kh, kw, channels, filters], init),
            ParamInfo::new("bias", &[filters], Init::Zeros),
        ]
    }

    /// Max pooling goes with it where activation and maximum may change places: the big feature map is then never
    /// written as a whole, and what no window reads is not computed.
    fn absorb(&mut self, next: &LayerSpec) -> bool {
        let LayerSpec::MaxPool2d(pool) = next else { return false };
        if self.pool.is_some() || !self.activation.is_increasing() {
            return false;
        }
        self.window.output = self.window.output.map(|size| size / pool.size * pool.size);
        self.pool = Some(pool.size);
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
        let band = if self.pool.is_some() { self.window.band_len(self.band_rows()) } else { 0 };
        framed + band
    }

    fn transposed(&self, first: bool) -> Option<Transposed> {
        let matrix = Transposed { offset: 0, rows: self.window.patch_len(), columns: self.window.filters };
        (!first).then_some(matrix)
    }

    fn forward(&self, pass: Forward<'_>) {
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
                let (windows, rows) = self.pooled_rows(size, &band);
                for [wide, narrow] in rows {
                    let winner = winners.get_mut(narrow.clone()).unwrap_or_default();
                    pool::max(windows, &scratch.band[wide], &mut output[narrow], winner);
                }
            }
        }
        self.activation.forward(pass.output, if self.pool.is_some() { &mut [] } else { pass.memo });
    }

    /// `dz = dy ⊙ f'(z)`, `dW += patchesᵀ·dz`, `db += Σ dz`, and `dz·Wᵀ` added to the pixels of each patch.
    fn backward(&self, pass: Backward<'_>) {
        let Self { window, .. } = self;
        let (grad_kernel, grad_bias) = pass.grad_params.split_at_mut(self.kernel_len());
        let scratch = self.scratch(pass.scratch);
        let (winners, memo) = if self.pool.is_some() { (&*pass.memo, &[][..]) } else { (&[][..], &*pass.memo) };
        self.activation.backward(pass.grad_output, pass.output, memo);
        grad_kernel.fill(0.0);
        grad_bias.fill(0.0);
        sum_rows(grad_bias, pass.grad_output);
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
                    Some(size) => self.unpool(size, &band, grad, &winners[sample * output_len..], scratch.band),
                };
                convolution::grad_kernel(window, band.clone(), image, grad, grad_kernel);
                if let Some(grad_image) = &mut grad_image {
                    convolution::grad_image(window, band, pass.transposed, grad, grad_image);
                }
            }
            if let (Some(frame), Some(grad_input)) = (&self.frame, &mut grad_input) {
                frame.take(scratch.grad_image, &mut grad_input[pixels]);
            }
        }
    }
}

impl BuiltConv2d {
    /// The gradient of a band of the convolution's own output, from that of the pooled one.
    fn unpool<'a>(
        &self,
        size: usize,
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
