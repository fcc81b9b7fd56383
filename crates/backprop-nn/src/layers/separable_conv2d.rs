use serde::{Deserialize, Serialize};

use super::convolution::{Frame, Padding, Sliding, takes_image};
use super::{Function, LayerSpec};
use crate::field::{Described as _, Settings};
use crate::graph::{Operation, Tensor};
use crate::init::{Init, Initializer};
use crate::kernels::convolution::{self, Window};
use crate::kernels::vector::sum_rows;
use crate::layer::{Backward, Forward, Layer, ParamInfo, Transposed};
use crate::regularizer::Regularizer;
use crate::shape::Shape;
use crate::spec::{Fix, Plan, ShapeError, Spec};

/// A convolution in two parts: a kernel of its own for each channel, then a mixture of the channels at each pixel. It
/// takes a fraction of the weights and of the work of a Conv2d of the same size.
///
/// `y = f(Σ_c (x_c * D_c)·P_c + b)` (Sifre 2014; Chollet 2017).
///
/// Shapes: `[n, height, width, channels]` to `[n, height', width', filters]`, depthwise kernel
/// `[kernel, kernel, channels]`, pointwise kernel `[channels, filters]`, bias `[filters]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(group = "Convolution", formula = "y = f(Σ_c (x_c * D_c)·P_c + b)")]
pub struct SeparableConv2d {
    /// Number of mixtures, and so of output channels. Each adds a feature map to compute and to keep.
    #[field(default = 32, range = 1..=512)]
    pub filters: usize,
    /// Height and width in pixels of the kernel of each channel. A large one sees more at once.
    #[field(label = "Kernel size", default = 3, range = 1..=11)]
    pub kernel: usize,
    /// Distance between neighboring positions of the kernel. 2 halves the output and loses detail.
    #[field(default = 1, range = 1..=4)]
    pub stride: usize,
    /// Distance between the inputs that a kernel reads. 2 leaves out every other one and reaches twice as far.
    #[field(default = 1, range = 1..=16)]
    pub dilation: usize,
    /// Valid has no padding, and the output shrinks; same pads with zeros and keeps the size.
    #[field(default = Padding::Valid)]
    pub padding: Padding,
    /// Activation function applied to every sum. Without one, stacked convolutions are no more than one.
    #[field(default = Function::Relu)]
    pub activation: Function,
    /// Initial values of both kernels. Glorot is Keras' default, He suits ReLU.
    #[field(label = "Initializer", default = Initializer::GlorotUniform)]
    pub init: Initializer,
    /// Of this layer's kernels alone.
    #[group]
    pub penalty: Regularizer,
}

impl SeparableConv2d {
    /// How the kernels of the channels slide: a convolution of as many groups as there are channels.
    fn sliding(&self, channels: usize) -> Sliding {
        let Self { kernel, stride, dilation, padding, activation, init, .. } = *self;
        Sliding {
            filters: channels,
            kernel: [kernel; 2],
            stride,
            dilation,
            groups: channels,
            padding,
            activation,
            init,
        }
    }
}

impl Spec for SeparableConv2d {
    fn detail(&self) -> String {
        let Self { filters, kernel, .. } = *self;
        Sliding { filters, groups: 1, ..self.sliding(filters) }.detail(&format!("{kernel}×{kernel}"))
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        let image @ [height, width, channels] = takes_image(Self::LABEL, input)?;
        let sliding = self.sliding(channels);
        let Some([rows, columns]) = sliding.extents(image) else {
            return Err(ShapeError::new(format!(
                "A kernel of {0}×{0} does not fit into {height}×{width}. Pad with zeros, take a smaller kernel or pool less before.",
                self.kernel
            ))
            .with_fix(Fix::Replace(Self { padding: Padding::Same, ..self.clone() }.into())));
        };
        let weights = sliding.weights(channels) + channels * self.filters;
        Ok(Plan {
            output: Shape::image(rows.output, columns.output, self.filters),
            params: weights + self.filters,
            multiply_adds: (rows.output * columns.output * weights) as u64,
        })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let image @ [height, width, channels] = takes_image(Self::LABEL, input).unwrap_or([0; 3]);
        let sliding = self.sliding(channels);
        let (depthwise, extents) = sliding.window(image);
        let output = depthwise.output;
        let pointwise = Window::new([output[0], output[1], channels], [1, 1], output, self.filters);
        let area = self.kernel * self.kernel;
        Box::new(BuiltSeparable {
            depthwise,
            pointwise,
            frame: Frame::new([height, width], extents, channels),
            inits: [
                self.init.of(&[self.kernel, self.kernel, channels], area, area),
                self.init.of(&[channels, self.filters], channels, self.filters),
            ],
            activation: self.activation,
        })
    }

    /// A convolution of each channel, then one of single pixels.
    fn apart(&self) -> Option<(LayerSpec, Function)> {
        let sums = Self { activation: Function::Linear, ..self.clone() };
        (self.activation != Function::Linear).then(|| (sums.into(), self.activation))
    }

    fn operations<'a>(&self, input: Shape, params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        let [depthwise, pointwise, bias] = params else { return None };
        let image = takes_image(Self::LABEL, input).ok()?;
        let parts = [
            self.sliding(image[2]).operation(image, depthwise, None),
            Operation::Dense { kernel: pointwise.clone(), bias: bias.clone() },
        ];
        Some(parts.into_iter().chain(Operation::activation(self.activation)).collect())
    }

    fn regularizer(&self) -> Regularizer {
        self.penalty
    }
}

struct BuiltSeparable {
    depthwise: Window,
    pointwise: Window,
    frame: Option<Frame>,
    /// Of both kernels.
    inits: [Init; 2],
    activation: Function,
}

impl BuiltSeparable {
    fn image_len(&self) -> usize {
        self.frame.as_ref().map_or(self.depthwise.image_len(), Frame::image_len)
    }

    /// Numbers between the two parts.
    fn middle_len(&self) -> usize {
        self.pointwise.image_len()
    }

    fn output_len(&self) -> usize {
        self.pointwise.band_len(self.pointwise.output[0])
    }

    fn depthwise_len(&self) -> usize {
        self.depthwise.patch_len() * self.depthwise.filters
    }

    fn pointwise_len(&self) -> usize {
        self.pointwise.patch_len() * self.pointwise.filters
    }

    fn framed_len(&self) -> usize {
        if self.frame.is_some() { self.depthwise.image_len() } else { 0 }
    }
}

impl Layer for BuiltSeparable {
    fn params(&self) -> Vec<ParamInfo> {
        let ([rows, columns], channels, filters) =
            (self.depthwise.size, self.depthwise.filters, self.pointwise.filters);
        let [depthwise, pointwise] = self.inits;
        vec![
            ParamInfo::new("depthwise_kernel", &[rows, columns, channels], depthwise),
            ParamInfo::new("pointwise_kernel", &[channels, filters], pointwise),
            ParamInfo::new("bias", &[filters], Init::Zeros),
        ]
    }

    /// What lies between the two parts, of all samples, and then what the activation remembers.
    fn memo_len(&self) -> usize {
        self.middle_len() + self.activation.memo_len(self.output_len())
    }

    /// The padded image and its gradient, the numbers between the two parts or their gradient, and zero biases.
    fn scratch_len(&self, _samples: usize) -> usize {
        2 * self.framed_len() + self.middle_len() + self.depthwise.filters
    }

    /// The pointwise kernel, which the gradient of the other one needs.
    fn transposed(&self, _first: bool) -> Option<Transposed> {
        let (rows, columns) = (self.pointwise.patch_len(), self.pointwise.filters);
        Some(Transposed { offset: self.depthwise_len(), rows, columns, panel: rows })
    }

    fn forward(&self, pass: Forward<'_>) {
        let (depthwise, rest) = pass.params.split_at(self.depthwise_len());
        let (pointwise, bias) = rest.split_at(self.pointwise_len());
        let (image, rest) = pass.scratch.split_at_mut(self.framed_len());
        let (no_bias, rest) = rest.split_at_mut(self.depthwise.filters);
        image.fill(0.0);
        no_bias.fill(0.0);
        let (middles, memo) = match pass.memo.is_empty() {
            true => (&mut rest[..self.middle_len()], pass.memo),
            false => pass.memo.split_at_mut(pass.samples * self.middle_len()),
        };
        let outputs = pass.output.chunks_exact_mut(self.output_len());
        for (sample, (input, output)) in pass.input.chunks_exact(self.image_len()).zip(outputs).enumerate() {
            let start = sample * self.middle_len() % middles.len();
            let middle = &mut middles[start..start + self.middle_len()];
            let image = framed(self.frame.as_ref(), input, &mut *image);
            convolution::forward(&self.depthwise, 0..self.depthwise.output[0], image, depthwise, no_bias, middle);
            convolution::forward(&self.pointwise, 0..self.pointwise.output[0], middle, pointwise, bias, output);
        }
        self.activation.forward(pass.output, memo);
    }

    /// `dz = dy ⊙ f'(z)`, `dP += middleᵀ·dz`, `db += Σ dz`, and `dz·Pᵀ` goes on to the kernels and the pixels of the channels.
    fn backward(&self, pass: Backward<'_>) {
        let (grad_depthwise, rest) = pass.grad_params.split_at_mut(self.depthwise_len());
        let (grad_pointwise, grad_bias) = rest.split_at_mut(self.pointwise_len());
        let (image, rest) = pass.scratch.split_at_mut(self.framed_len());
        let (grad_image, rest) = rest.split_at_mut(self.framed_len());
        let grad_middle = &mut rest[..self.middle_len()];
        image.fill(0.0);
        let (middles, memo) = pass.memo.split_at_mut(pass.samples * self.middle_len());
        self.activation.backward(pass.grad_output, pass.output, memo);
        if !pass.is_frozen {
            grad_depthwise.fill(0.0);
            grad_pointwise.fill(0.0);
            grad_bias.fill(0.0);
            sum_rows(grad_bias, pass.grad_output);
        }
        let (rows, image_len) = (0..self.depthwise.output[0], self.image_len());
        let mut grad_input = pass.grad_input;
        let middles = middles.chunks_exact(self.middle_len());
        for (sample, (grad, middle)) in pass.grad_output.chunks_exact(self.output_len()).zip(middles).enumerate() {
            let pixels = sample * image_len..(sample + 1) * image_len;
            if !pass.is_frozen {
                convolution::grad_kernel(&self.pointwise, rows.clone(), middle, grad, grad_pointwise);
            }
            grad_middle.fill(0.0);
            convolution::grad_image(&self.pointwise, rows.clone(), pass.transposed, grad, grad_middle);
            let image = framed(self.frame.as_ref(), &pass.input[pixels.clone()], &mut *image);
            if !pass.is_frozen {
                convolution::grad_kernel(&self.depthwise, rows.clone(), image, grad_middle, grad_depthwise);
            }
            let Some(grad_input) = &mut grad_input else { continue };
            let kernel = &pass.params[..self.depthwise_len()];
            match &self.frame {
                None => {
                    grad_input[pixels.clone()].fill(0.0);
                    convolution::grad_image(
                        &self.depthwise,
                        rows.clone(),
                        kernel,
                        grad_middle,
                        &mut grad_input[pixels],
                    );
                }
                Some(frame) => {
                    grad_image.fill(0.0);
                    convolution::grad_image(&self.depthwise, rows.clone(), kernel, grad_middle, grad_image);
                    frame.take(grad_image, &mut grad_input[pixels]);
                }
            }
        }
    }
}

/// An image in its zeros, if it has some.
fn framed<'a>(frame: Option<&Frame>, image: &'a [f32], room: &'a mut [f32]) -> &'a [f32] {
    match frame {
        None => image,
        Some(frame) => {
            frame.put(image, room);
            room
        }
    }
}
