use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::nn::kernels::pool::{self, Windows};
use crate::nn::knob::Knob;
use crate::nn::layer::{Backward, Forward, Layer, Plan, Spec};
use crate::nn::shape::{Fix, Shape, ShapeError};

/// Keeps the largest number of every window, channel by channel.
///
/// Windows lie side by side; rows and columns that no longer fill a window are left out, as in Keras and PyTorch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaxPool2d {
    /// Rows and columns of a window.
    pub size: usize,
}

/// Keeps the mean of every window, channel by channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AveragePool2d {
    /// Rows and columns of a window.
    pub size: usize,
}

impl Default for MaxPool2d {
    fn default() -> Self {
        Self { size: 2 }
    }
}

impl Default for AveragePool2d {
    fn default() -> Self {
        Self { size: 2 }
    }
}

impl Spec for MaxPool2d {
    fn label(&self) -> &'static str {
        "MaxPool2d"
    }

    fn detail(&self) -> String {
        self.size.to_string()
    }

    fn help(&self) -> &'static str {
        "Keeps the largest number of every window: a smaller image, in which a small shift no longer matters."
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        plan("MaxPool2d", self.size, input, |size| Self { size }.into())
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltMaxPool2d(Pooling::new(self.size, input)))
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        vec![size_knob(&mut self.size)]
    }
}

impl Spec for AveragePool2d {
    fn label(&self) -> &'static str {
        "AveragePool2d"
    }

    fn detail(&self) -> String {
        self.size.to_string()
    }

    fn help(&self) -> &'static str {
        "Keeps the mean of every window: a smaller, smoother image."
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        plan("AveragePool2d", self.size, input, |size| Self { size }.into())
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltAveragePool2d(Pooling::new(self.size, input)))
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        vec![size_knob(&mut self.size)]
    }
}

fn size_knob(size: &mut usize) -> Knob<'_> {
    Knob::whole(
        "size",
        "Size",
        size,
        1..=8,
        2,
        "Rows and columns of a window; a large one throws most of the image away.",
    )
}

fn plan(
    label: &str,
    size: usize,
    input: Shape,
    with_size: impl Fn(usize) -> super::LayerSpec,
) -> Result<Plan, ShapeError> {
    let Some([height, width, channels]) = input.as_image() else {
        return Err(ShapeError::new(format!(
            "{label} takes an image, and {} arrives. Move it to where an image is, or remove it.",
            input.described()
        ))
        .with_fix(Fix::Remove));
    };
    if size > height.min(width) {
        let largest = height.min(width);
        let error = ShapeError::new(format!(
            "A {size}×{size} window does not fit into {height}×{width}. Take a smaller one, or remove the layer."
        ));
        return Err(error.with_fix(if largest > 1 { Fix::Replace(with_size(largest)) } else { Fix::Remove }));
    }
    Ok(Plan { output: Shape::image(height / size, width / size, channels), params: 0, multiply_adds: 0 })
}

/// An image as rows of windows.
struct Pooling {
    windows: Windows,
    /// Numbers in the pixels of one row of windows, and in the image.
    row_len: usize,
    image_len: usize,
    /// Numbers in one row of the pooled image, and in the pooled image.
    pooled_row_len: usize,
    pooled_len: usize,
}

impl Pooling {
    fn new(size: usize, input: Shape) -> Self {
        let [height, width, channels] = input.as_image().unwrap_or([0; 3]);
        let windows = Windows { size, count: width / size, channels, row_stride: width * channels };
        Self {
            windows,
            row_len: size * windows.row_stride,
            image_len: height * windows.row_stride,
            pooled_row_len: windows.count * channels,
            pooled_len: height / size * windows.count * channels,
        }
    }

    /// Every row of windows in a shard: its numbers in the images, and in the pooled images.
    fn rows(&self, samples: usize) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<> {
        let Self { row_len, image_len, pooled_row_len, pooled_len, .. } = *self;
        let rows = pooled_len / pooled_row_len.max(1);
        (0..samples * rows).map(move |row| {
            let (from, to) = (row / rows * image_len + row % rows * row_len, row * pooled_row_len);
            (from..from + row_len, to..to + pooled_row_len)
        })
    }
}

struct BuiltMaxPool2d(Pooling);

impl Layer for BuiltMaxPool2d {
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

struct BuiltAveragePool2d(Pooling);

impl Layer for BuiltAveragePool2d {
    fn forward(&self, pass: Forward<'_>) {
        for (from, to) in self.0.rows(pass.samples) {
            pool::mean(self.0.windows, &pass.input[from], &mut pass.output[to]);
        }
    }

    fn backward(&self, pass: Backward<'_>) {
        let Some(grad_input) = pass.grad_input else { return };
        grad_input.fill(0.0);
        for (from, to) in self.0.rows(pass.samples) {
            pool::mean_backward(self.0.windows, &pass.grad_output[to], &mut grad_input[from]);
        }
    }
}
