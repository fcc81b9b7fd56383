use serde::{Deserialize, Serialize};

use super::convolution::takes_image;
use super::convolution::{Extent, Frame, Padding};
use super::{Function, LayerSpec};
use crate::field::{Described as _, Settings};
use crate::graph::{ConvolutionTranspose, Operation, Tensor};
use crate::init::{Init, Initializer};
use crate::kernels::convolution::{self, Window};
use crate::kernels::transpose::transpose;
use crate::kernels::vector::{add_rows, sum_rows};
use crate::layer::{Backward, Forward, Layer, ParamInfo};
use crate::regularizer::Regularizer;
use crate::shape::Shape;
use crate::spec::{Plan, ShapeError, Spec};

/// Enlarges an image with learned kernels: every pixel adds a kernel times its numbers to the output. The transpose of a
/// convolution, for networks that generate images.
///
/// `z[s·p + k] += x[p]·W[k]`, `y = f(z + b)`, with stride `s`. Its passes are those of [`super::Conv2d`] with the roles
/// of image and output exchanged.
///
/// Shapes: `[n, height, width, channels]` to `[n, height', width', filters]`, of the size that Keras gives: `s` times
/// the image if it is the same, at least `s·(size - 1) + kernel` if it is valid. Kernel `[kernel, kernel, filters,
/// channels]` as in Keras, bias `[filters]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(group = "Convolution", formula = "y[q] = f(Σ x[p]·W[k] + b) over all p, k with s·p + k = q")]
pub struct ConvTranspose2d {
    /// Number of output channels. Each adds a feature map to compute and to keep.
    #[field(default = 32, range = 1..=512)]
    pub filters: usize,
    /// Height and width of a kernel in pixels. If the stride does not divide it, the overlaps show as a checkerboard.
    #[field(label = "Kernel size", default = 3, range = 1..=11)]
    pub kernel: usize,
    /// Pixels of the output from one input pixel to the next. 2 doubles the image.
    #[field(default = 2, range = 1..=4)]
    pub stride: usize,
    /// Same gives the size of the input times the stride; valid keeps all that the outer kernels reach.
    #[field(default = Padding::Same)]
    pub padding: Padding,
    /// Activation function applied to every sum.
    #[field(default = Function::Relu)]
    pub activation: Function,
    /// Initial values of the kernel. Glorot is Keras' default, He suits ReLU; equal values make all filters learn the same.
    #[field(label = "Initializer", default = Initializer::GlorotUniform)]
    pub init: Initializer,
    /// Of this layer's kernel alone.
    #[group]
    pub penalty: Regularizer,
}

impl ConvTranspose2d {
    /// One axis of the output, of which the edges are cut off where the size is to be the same.
    fn extent(&self, size: usize) -> Extent {
        let padded = size.saturating_sub(1) * self.stride + self.kernel.max(self.stride);
        let output = match self.padding {
            Padding::Valid => padded,
            Padding::Same => size * self.stride,
        };
        Extent { output, before: (padded - output) / 2, padded }
    }
}

impl Spec for ConvTranspose2d {
    fn detail(&self) -> String {
        let Self { filters, kernel, stride, padding, activation, .. } = self;
        let stride = if *stride > 1 { format!(" ×{stride}") } else { String::new() };
        let padding = if *padding == Padding::Valid { " valid" } else { "" };
        format!("{filters} {kernel}×{kernel}{stride}{padding}{}", activation.suffix())
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        let [height, width, channels] = takes_image(Self::LABEL, input)?;
        let weights = self.kernel * self.kernel * channels * self.filters;
        Ok(Plan {
            output: Shape::image(self.extent(height).output, self.extent(width).output, self.filters),
            params: weights + self.filters,
            multiply_adds: (height * width * weights) as u64,
        })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let Self { filters, kernel, stride, activation, init, .. } = *self;
        let [height, width, channels] = input.as_image().unwrap_or([0; 3]);
        let extents @ [rows, columns] = [height, width].map(|size| self.extent(size));
        let image = [rows.padded, columns.padded, filters];
        let window = Window::new(image, [kernel; 2], [height, width], channels).strided(stride);
        let frame = Frame::new([rows.output, columns.output], extents, filters);
        let output_len = rows.output * columns.output * filters;
        Box::new(BuiltConvTranspose2d { window, frame, output_len, activation, init })
    }

    fn apart(&self) -> Option<(LayerSpec, Function)> {
        let sums = Self { activation: Function::Linear, ..self.clone() };
        (self.activation != Function::Linear).then(|| (sums.into(), self.activation))
    }

    fn operations<'a>(&self, input: Shape, params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        let [kernel, bias] = params else { return None };
        let [height, width, _] = takes_image(Self::LABEL, input).ok()?;
        let extents = [height, width].map(|size| self.extent(size));
        let sums = Operation::ConvolutionTranspose(ConvolutionTranspose {
            kernel: kernel.clone(),
            bias: bias.clone(),
            stride: self.stride,
            before: extents.map(|extent| extent.before),
            output: extents.map(|extent| extent.output),
        });
        Some(std::iter::once(sums).chain(Operation::activation(self.activation)).collect())
    }

    fn regularizer(&self) -> Regularizer {
        self.penalty
    }
}

struct BuiltConvTranspose2d {
    /// The convolution that this layer is the transpose of: its image is the output here, before the edges are cut off,
    /// and its filters are the channels of the input.
    window: Window,
    frame: Option<Frame>,
    output_len: usize,
    activation: Function,
    init: Initializer,
}

impl BuiltConvTranspose2d {
    fn kernel_len(&self) -> usize {
        self.window.patch_len() * self.window.filters
    }

    fn input_len(&self) -> usize {
        self.window.band_len(self.window.output[0])
    }

    fn framed_len(&self) -> usize {
        if self.frame.is_some() { self.window.image_len() } else { 0 }
    }
}

impl Layer for BuiltConvTranspose2d {
    /// Fans are counted as Keras and PyTorch count them, over the last two axes as they stand: fan in has the filters.
    fn params(&self) -> Vec<ParamInfo> {
        let Window { image: [_, _, filters], size: [rows, columns], filters: channels, .. } = self.window;
        let (dims, area) = ([rows, columns, filters, channels], rows * columns);
        let init = self.init.of(&dims, area * filters, area * channels);
        vec![ParamInfo::new("kernel", &dims, init), ParamInfo::new("bias", &[filters], Init::Zeros)]
    }

    fn memo_len(&self) -> usize {
        self.activation.memo_len(self.output_len)
    }

    /// The framed output, and the kernel transposed or the biases of the reverse, which are zero.
    fn scratch_len(&self, _samples: usize) -> usize {
        self.framed_len() + self.kernel_len()
    }

    fn forward(&self, pass: Forward<'_>) {
        let Self { window, .. } = self;
        let (kernel, bias) = pass.params.split_at(self.kernel_len());
        let (framed, rest) = pass.scratch.split_at_mut(self.framed_len());
        let transposed = &mut rest[..kernel.len()];
        transpose(kernel, transposed, window.filters, window.patch_len());
        let outputs = pass.output.chunks_exact_mut(self.output_len);
        for (input, output) in pass.input.chunks_exact(self.input_len()).zip(outputs) {
            let image = if self.frame.is_some() { &mut *framed } else { &mut *output };
            image.fill(0.0);
            convolution::grad_image(window, 0..window.output[0], transposed, input, image);
            if let Some(frame) = &self.frame {
                frame.take(framed, output);
            }
        }
        add_rows(pass.output, bias);
        self.activation.forward(pass.output, pass.memo);
    }

    /// `dz = dy ⊙ f'(z)`, `dW += patchesᵀ·x` and `dx = patches·W` with the patches of `dz`, `db += Σ dz`.
    fn backward(&self, pass: Backward<'_>) {
        let Self { window, .. } = self;
        let kernel = &pass.params[..self.kernel_len()];
        let (grad_kernel, grad_bias) = pass.grad_params.split_at_mut(kernel.len());
        let (framed, rest) = pass.scratch.split_at_mut(self.framed_len());
        let zeros = &mut rest[..window.filters];
        zeros.fill(0.0);
        framed.fill(0.0);
        self.activation.backward(pass.grad_output, pass.output, pass.memo);
        if !pass.is_frozen {
            grad_kernel.fill(0.0);
            grad_bias.fill(0.0);
            sum_rows(grad_bias, pass.grad_output);
        }
        let (mut grad_input, input_len, rows) = (pass.grad_input, self.input_len(), 0..window.output[0]);
        for (sample, grad) in pass.grad_output.chunks_exact(self.output_len).enumerate() {
            let pixels = sample * input_len..(sample + 1) * input_len;
            let image = match &self.frame {
                None => grad,
                Some(frame) => {
                    frame.put(grad, framed);
                    &*framed
                }
            };
            if !pass.is_frozen {
                convolution::grad_kernel(window, rows.clone(), image, &pass.input[pixels.clone()], grad_kernel);
            }
            if let Some(grad_input) = &mut grad_input {
                convolution::forward(window, rows.clone(), image, kernel, zeros, &mut grad_input[pixels]);
            }
        }
    }
}
