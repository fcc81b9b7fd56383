//! Pooling over windows that lie side by side. A sequence is an image of one row.
//!
//! Rows and columns that no longer fill a window are left out, as in Keras and PyTorch.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::LayerSpec;
use super::convolution::takes_image;
use super::reshape::takes_steps;
use crate::field::{Described as _, Settings};
use crate::graph::{Operation, Tensor};
use crate::kernels::pool::{self, Windows};
use crate::layer::{Backward, Forward, Fusible, Layer};
use crate::shape::Shape;
use crate::spec::{Fix, Plan, ShapeError, Spec};

/// Keeps the largest number of every window, channel by channel: a smaller output, in which a small shift no longer
/// matters.
///
/// Shapes: `[n, steps, features]` to `[n, steps / size, features]`, or `[n, height, width, channels]` to
/// `[n, height / size, width / size, channels]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default = "MaxPool::default", deny_unknown_fields)]
#[settings(
    label = if AXES == 1 { "MaxPool1d" } else { "MaxPool2d" },
    group = "Pooling and upsampling",
    formula = "y[p] = maxₖ x[size·p + k]"
)]
pub struct MaxPool<const AXES: usize> {
    /// Height and width of a window in pixels, or its length in steps of a sequence. A large one discards most of the input.
    #[field(default = 2, range = 1..=if AXES == 1 { 32 } else { 8 })]
    pub size: usize,
}

/// Averages every window, channel by channel: a smaller, smoother output.
///
/// Shapes: as [`MaxPool`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default = "AveragePool::default", deny_unknown_fields)]
#[settings(
    label = if AXES == 1 { "AveragePool1d" } else { "AveragePool2d" },
    group = "Pooling and upsampling",
    formula = "y[p] = meanₖ x[size·p + k]"
)]
pub struct AveragePool<const AXES: usize> {
    /// Height and width of a window in pixels, or its length in steps of a sequence. A large one discards most of the input.
    #[field(default = 2, range = 1..=if AXES == 1 { 32 } else { 8 })]
    pub size: usize,
}

/// Max pooling along a sequence.
pub type MaxPool1d = MaxPool<1>;
/// Max pooling over an image.
pub type MaxPool2d = MaxPool<2>;
/// Average pooling along a sequence.
pub type AveragePool1d = AveragePool<1>;
/// Average pooling over an image.
pub type AveragePool2d = AveragePool<2>;

impl<const AXES: usize> Spec for MaxPool<AXES>
where
    LayerSpec: From<Self>,
{
    fn detail(&self) -> String {
        self.size.to_string()
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        plan::<AXES>(Self::LABEL, self.size, input, |size| Self { size }.into())
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltMaxPool(Pooling::over(self.size, input)))
    }

    fn operations<'a>(&self, _input: Shape, _params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        Some(vec![Operation::MaxPool { size: window::<AXES>(self.size) }])
    }

    fn fusible(&self) -> Fusible {
        Fusible::MaxPool(window::<AXES>(self.size))
    }
}

impl<const AXES: usize> Spec for AveragePool<AXES>
where
    LayerSpec: From<Self>,
{
    fn detail(&self) -> String {
        self.size.to_string()
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        plan::<AXES>(Self::LABEL, self.size, input, |size| Self { size }.into())
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltAveragePool(Pooling::over(self.size, input)))
    }

    fn operations<'a>(&self, _input: Shape, _params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        Some(vec![Operation::AveragePool { size: window::<AXES>(self.size) }])
    }
}

/// Rows and columns.
fn window<const AXES: usize>(size: usize) -> [usize; 2] {
    if AXES == 1 { [1, size] } else { [size; 2] }
}

fn plan<const AXES: usize>(
    label: &str,
    size: usize,
    input: Shape,
    with_size: impl Fn(usize) -> LayerSpec,
) -> Result<Plan, ShapeError> {
    let (window, axes, largest) = match AXES {
        1 => {
            let [steps, _] = takes_steps(label, input)?;
            (size.to_string(), steps.to_string(), steps)
        }
        _ => {
            let [height, width, _] = takes_image(label, input)?;
            (format!("{size}×{size}"), format!("{height}×{width}"), height.min(width))
        }
    };
    if size > largest {
        let error = ShapeError::new(format!(
            "A window of {window} does not fit into {axes}. Take a smaller one, or remove the layer."
        ));
        return Err(error.with_fix(if largest > 1 { Fix::Replace(with_size(largest)) } else { Fix::Remove }));
    }
    Ok(Plan::free(match *input.dims() {
        [height, width, channels] => Shape::image(height / size, width / size, channels),
        _ => Shape::steps(largest / size, input.channels()),
    }))
}

/// An image as rows of windows.
pub(super) struct Pooling {
    pub windows: Windows,
    /// Numbers in the pixels of one row of windows, and in the image.
    row_len: usize,
    image_len: usize,
    /// Numbers in one row of the pooled image, and in the pooled image.
    pooled_row_len: usize,
    pooled_len: usize,
}

impl Pooling {
    fn over(size: usize, input: Shape) -> Self {
        match *input.dims() {
            [steps, features] => Self::new([1, size], [1, steps, features]),
            [height, width, channels] => Self::new([size; 2], [height, width, channels]),
            _ => Self::new([1; 2], [0; 3]),
        }
    }

    pub fn new(size: [usize; 2], [height, width, channels]: [usize; 3]) -> Self {
        let windows = Windows { size, count: width / size[1], channels, row_stride: width * channels };
        Self {
            windows,
            row_len: size[0] * windows.row_stride,
            image_len: height * windows.row_stride,
            pooled_row_len: windows.count * channels,
            pooled_len: height / size[0] * windows.count * channels,
        }
    }

    /// Every row of windows in a shard: its numbers in the images, and in the pooled images.
    pub fn rows(&self, samples: usize) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<> {
        let Self { row_len, image_len, pooled_row_len, pooled_len, .. } = *self;
        let rows = pooled_len / pooled_row_len.max(1);
        (0..samples * rows).map(move |row| {
            let (from, to) = (row / rows * image_len + row % rows * row_len, row * pooled_row_len);
            (from..from + row_len, to..to + pooled_row_len)
        })
    }
}

struct BuiltMaxPool(Pooling);

impl Layer for BuiltMaxPool {
    /// The place in its window where each maximum was found.
    fn memo_len(&self) -> usize {
        self.0.pooled_len
    }

    fn forward(&self, pass: Forward<'_>) {
        for (from, to) in self.0.rows(pass.samples) {
            let winner = pass.memo.get_mut(to.clone()).unwrap_or_default();
            pool::max(self.0.windows, &pass.input[from], &mut pass.output[to], winner);
        }
    }

    fn backward(&self, pass: Backward<'_>) {
        let Some(grad_input) = pass.grad_input else { return };
        grad_input.fill(0.0);
        for (from, to) in self.0.rows(pass.samples) {
            let (grad, winner) = (&pass.grad_output[to.clone()], &pass.memo[to]);
            pool::max_backward(self.0.windows, grad, winner, &mut grad_input[from]);
        }
    }
}

struct BuiltAveragePool(Pooling);

impl BuiltAveragePool {
    fn share(&self) -> f32 {
        let [rows, columns] = self.0.windows.size;
        1.0 / (rows * columns) as f32
    }
}

impl Layer for BuiltAveragePool {
    fn forward(&self, pass: Forward<'_>) {
        for (from, to) in self.0.rows(pass.samples) {
            pool::sum(self.0.windows, self.share(), &pass.input[from], &mut pass.output[to]);
        }
    }

    fn backward(&self, pass: Backward<'_>) {
        let Some(grad_input) = pass.grad_input else { return };
        grad_input.fill(0.0);
        for (from, to) in self.0.rows(pass.samples) {
            pool::spread(self.0.windows, self.share(), &pass.grad_output[to], &mut grad_input[from]);
        }
    }
}
