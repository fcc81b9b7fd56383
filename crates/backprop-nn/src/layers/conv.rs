use serde::{Deserialize, Serialize};

use super::convolution::takes_image;
use super::convolution::{Padding, Sliding};
use super::reshape::takes_steps;
use super::{Function, LayerSpec};
use crate::field::{Described as _, Settings};
use crate::graph::{Operation, Tensor};
use crate::init::Initializer;
use crate::layer::Layer;
use crate::regularizer::Regularizer;
use crate::shape::Shape;
use crate::spec::{Fix, Plan, ShapeError, Spec};

/// Slides small kernels over the input; each learns to detect one pattern, wherever it is.
///
/// `y[p] = f(Σₖ x[s·p + d·k]·W[k] + b)` with stride `s` and dilation `d`.
///
/// Shapes: along a sequence `[n, steps, features]` to `[n, steps', filters]`, kernel `[kernel, features, filters]`; over
/// an image `[n, height, width, channels]` to `[n, height', width', filters]`, kernel
/// `[kernel, kernel, channels, filters]`; bias `[filters]`. In groups a kernel reads `channels / groups`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default = "Conv::default", deny_unknown_fields)]
#[settings(
    label = if AXES == 1 { "Conv1d" } else { "Conv2d" },
    group = "Convolution",
    formula = "y[p] = f(Σₖ x[s·p + d·k]·W[k] + b)"
)]
pub struct Conv<const AXES: usize> {
    /// Number of kernels, and so of output channels. Each adds a feature map to compute and to keep.
    #[field(default = 32, range = 1..=512)]
    pub filters: usize,
    /// Height and width of a kernel in pixels, or its length in steps of a sequence. A large one sees more at once and has more weights.
    #[field(label = "Kernel size", default = 3, range = 1..=if AXES == 1 { 31 } else { 11 })]
    pub kernel: usize,
    /// Distance between neighboring positions of the kernel. 2 halves the output and loses detail.
    #[field(default = 1, range = 1..=if AXES == 1 { 8 } else { 4 })]
    pub stride: usize,
    /// Distance between the inputs that a kernel reads. 2 leaves out every other one and reaches twice as far.
    #[field(default = 1, range = 1..=16)]
    pub dilation: usize,
    /// Parts of the channels that are convolved apart, each with its part of the filters. 1 connects all with all; as many
    /// as there are channels give each channel a kernel of its own (depthwise).
    #[field(default = 1, range = 1..=512)]
    #[serde(skip_serializing_if = "is_one")]
    pub groups: usize,
    /// Valid has no padding, and the output shrinks; same pads with zeros and keeps the size.
    #[field(default = Padding::Valid)]
    pub padding: Padding,
    /// Activation function applied to every sum. Without one, stacked convolutions are no more than one.
    #[field(default = Function::Relu)]
    pub activation: Function,
    /// Initial values of the kernel. Glorot is Keras' default, He suits ReLU; equal values make all filters learn the same.
    #[field(label = "Initializer", default = Initializer::GlorotUniform)]
    pub init: Initializer,
    /// Of this layer's kernel alone.
    #[group]
    pub penalty: Regularizer,
}

fn is_one(groups: &usize) -> bool {
    *groups == 1
}

/// A convolution along a sequence.
pub type Conv1d = Conv<1>;

/// A convolution over an image.
pub type Conv2d = Conv<2>;

impl<const AXES: usize> Conv<AXES> {
    fn sliding(&self) -> Sliding {
        let Self { filters, kernel, stride, dilation, groups, padding, activation, init, .. } = *self;
        let kernel = if AXES == 1 { [1, kernel] } else { [kernel; 2] };
        Sliding { filters, kernel, stride, dilation, groups, padding, activation, init }
    }

    /// Which inputs a number of the output reads, by their positions in the sample, each with the position of its weight in the
    /// kernel. Zeros around the image are not among them. Nothing if the kernel does not fit.
    pub fn reads(&self, input: Shape, output: usize) -> Vec<(usize, usize)> {
        let Ok(image @ [height, width, channels]) = Self::image(input) else { return Vec::new() };
        let sliding = self.sliding();
        let Some([rows, columns]) = sliding.extents(image) else { return Vec::new() };
        let (depth, filter) = (channels / self.groups, output % self.filters);
        let first = filter / (self.filters / self.groups).max(1) * depth;
        let (row, column) = (output / self.filters / columns.output, output / self.filters % columns.output);
        let inside = |position: usize, tap: usize, before: usize, size: usize| {
            (position * self.stride + tap * self.dilation).checked_sub(before).filter(|at| *at < size)
        };
        let mut reads = Vec::new();
        for (tap_row, tap_column) in (0..sliding.kernel[0]).flat_map(|y| (0..sliding.kernel[1]).map(move |x| (y, x))) {
            let y = inside(row, tap_row, rows.before, height);
            let Some((y, x)) = y.zip(inside(column, tap_column, columns.before, width)) else { continue };
            let (pixel, tap) = (y * width + x, tap_row * sliding.kernel[1] + tap_column);
            let read = |at| (pixel * channels + first + at, (tap * depth + at) * self.filters + filter);
            reads.extend((0..depth).map(read));
        }
        reads
    }

    /// The input as an image; a sequence is one with a single row.
    fn image(input: Shape) -> Result<[usize; 3], ShapeError> {
        match AXES {
            1 => takes_steps(Self::LABEL, input).map(|[steps, features]| [1, steps, features]),
            _ => takes_image(Self::LABEL, input),
        }
    }
}

/// The greatest number that divides both.
fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

impl<const AXES: usize> Spec for Conv<AXES>
where
    LayerSpec: From<Self>,
{
    fn detail(&self) -> String {
        let kernel = if AXES == 1 { self.kernel.to_string() } else { format!("{0}×{0}", self.kernel) };
        self.sliding().detail(&kernel)
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        let image @ [height, width, channels] = Self::image(input)?;
        let sliding = self.sliding();
        let Self { filters, groups, .. } = *self;
        if channels % groups != 0 || filters % groups != 0 {
            let message = format!(
                "{groups} groups do not divide the {channels} channels of the input and the {filters} filters evenly. Take a number that divides both."
            );
            let groups = gcd(groups, gcd(channels, filters));
            return Err(ShapeError::new(message).with_fix(Fix::Replace(Self { groups, ..self.clone() }.into())));
        }
        let Some([rows, columns]) = sliding.extents(image) else {
            let (kernel, input) = match AXES {
                1 => (self.kernel.to_string(), width.to_string()),
                _ => (format!("{0}×{0}", self.kernel), format!("{height}×{width}")),
            };
            return Err(ShapeError::new(format!(
                "A kernel of {kernel} does not fit into {input}. Pad with zeros, take a smaller kernel or pool less before."
            ))
            .with_fix(Fix::Replace(Self { padding: Padding::Same, ..self.clone() }.into())));
        };
        let weights = sliding.weights(channels);
        Ok(Plan {
            output: match AXES {
                1 => Shape::steps(columns.output, self.filters),
                _ => Shape::image(rows.output, columns.output, self.filters),
            },
            params: weights + self.filters,
            multiply_adds: (rows.output * columns.output * weights) as u64,
        })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let image = Self::image(input).unwrap_or([0; 3]);
        let dims = [self.kernel, self.kernel, image[2] / self.groups, self.filters];
        self.sliding().build(image, &dims[2 - AXES..])
    }

    fn apart(&self) -> Option<(LayerSpec, Function)> {
        let sums = Self { activation: Function::Linear, ..self.clone() };
        (self.activation != Function::Linear).then(|| (sums.into(), self.activation))
    }

    fn operations<'a>(&self, input: Shape, params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        let [kernel, bias] = params else { return None };
        let sums = self.sliding().operation(Self::image(input).ok()?, kernel, Some(bias));
        Some(std::iter::once(sums).chain(Operation::activation(self.activation)).collect())
    }

    fn regularizer(&self) -> Regularizer {
        self.penalty
    }
}
