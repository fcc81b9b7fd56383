use serde::{Deserialize, Serialize};

use crate::nn::kernels::patches::Window;
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
        Box::new(BuiltMaxPool2d { window: window(self.size, input) })
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
        Box::new(BuiltAveragePool2d { window: window(self.size, input) })
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

fn window(size: usize, input: Shape) -> Window {
    let [height, width, channels] = input.as_image().unwrap_or([0; 3]);
    Window {
        input: [height, width, channels],
        size: [size; 2],
        stride: size,
        pad: [0; 2],
        output: [height / size, width / size],
    }
}

impl Window {
    /// Calls `visit` with (offset of an output's channels, place in the window, offset of the input's channels) for
    /// every input that a pooling window covers.
    #[inline]
    fn covered(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let ([_, width, channels], [rows, cols]) = (self.input, self.size);
        for oy in 0..self.output[0] {
            for ox in 0..self.output[1] {
                let output = (oy * self.output[1] + ox) * channels;
                for place in 0..rows * cols {
                    let (y, x) = (oy * self.stride + place / cols, ox * self.stride + place % cols);
                    visit(output, place, (y * width + x) * channels);
                }
            }
        }
    }

    fn pooled_len(&self) -> usize {
        self.positions() * self.input[2]
    }
}

/// Keeps what is larger at this place of the window, channel by channel, and remembers the place.
///
/// The choice is made with a mask of bits, because the compiler turns an `if` here into a store on condition, which
/// cannot use vectors and costs four times as much.
fn keep_largest(best: &mut [f32], winner: &mut [f32], values: &[f32], place: usize) {
    if place == 0 {
        best.copy_from_slice(values);
        return winner.fill(0.0);
    }
    for ((best, winner), &value) in best.iter_mut().zip(winner).zip(values) {
        // A NaN wins, so that a diverged network cannot look healthy behind a pooling layer.
        let wins = (value > *best) | value.is_nan();
        *best = if wins { value } else { *best };
        let mask = u32::from(wins).wrapping_neg();
        *winner = f32::from_bits((winner.to_bits() & !mask) | ((place as f32).to_bits() & mask));
    }
}

/// Hands the gradient of a window to the place that won it.
fn route(grad_input: &mut [f32], grad: &[f32], winner: &[f32], place: usize) {
    for ((grad_input, &grad), &winner) in grad_input.iter_mut().zip(grad).zip(winner) {
        *grad_input = if winner == place as f32 { grad } else { 0.0 };
    }
}

struct BuiltMaxPool2d {
    window: Window,
}

impl Layer for BuiltMaxPool2d {
    /// The place in its window where each maximum was found; the first one wins a tie, as in PyTorch.
    fn memo_len(&self) -> usize {
        self.window.pooled_len()
    }

    fn forward(&self, pass: Forward<'_>) {
        let (input_len, output_len, channels) =
            (self.window.input_len(), self.window.pooled_len(), self.window.input[2]);
        let memo = if pass.memo.is_empty() { &mut vec![0.0; pass.output.len()][..] } else { pass.memo };
        let outputs = pass.output.chunks_exact_mut(output_len).zip(memo.chunks_exact_mut(output_len));
        for (input, (output, memo)) in pass.input.chunks_exact(input_len).zip(outputs) {
            self.window.covered(|to, place, from| {
                let (best, winner) = (&mut output[to..to + channels], &mut memo[to..to + channels]);
                keep_largest(best, winner, &input[from..from + channels], place);
            });
        }
    }

    fn backward(&self, pass: Backward<'_>) {
        let Some(grad_input) = pass.grad_input else { return };
        let (input_len, output_len, channels) =
            (self.window.input_len(), self.window.pooled_len(), self.window.input[2]);
        grad_input.fill(0.0);
        let grads = pass.grad_output.chunks_exact(output_len).zip(pass.memo.chunks_exact(output_len));
        for (grad_input, (grad, memo)) in grad_input.chunks_exact_mut(input_len).zip(grads) {
            self.window.covered(|to, place, from| {
                let (grad, winner) = (&grad[to..to + channels], &memo[to..to + channels]);
                route(&mut grad_input[from..from + channels], grad, winner, place);
            });
        }
    }
}

struct BuiltAveragePool2d {
    window: Window,
}

impl BuiltAveragePool2d {
    fn share(&self) -> f32 {
        1.0 / (self.window.size[0] * self.window.size[1]) as f32
    }
}

impl Layer for BuiltAveragePool2d {
    fn forward(&self, pass: Forward<'_>) {
        let (input_len, output_len, channels) =
            (self.window.input_len(), self.window.pooled_len(), self.window.input[2]);
        let share = self.share();
        pass.output.fill(0.0);
        for (input, output) in pass.input.chunks_exact(input_len).zip(pass.output.chunks_exact_mut(output_len)) {
            self.window.covered(|to, _, from| {
                for (mean, value) in output[to..to + channels].iter_mut().zip(&input[from..from + channels]) {
                    *mean += share * value;
                }
            });
        }
    }

    fn backward(&self, pass: Backward<'_>) {
        let Some(grad_input) = pass.grad_input else { return };
        let (input_len, output_len, channels) =
            (self.window.input_len(), self.window.pooled_len(), self.window.input[2]);
        let share = self.share();
        grad_input.fill(0.0);
        for (grad_input, grad) in grad_input.chunks_exact_mut(input_len).zip(pass.grad_output.chunks_exact(output_len))
        {
            self.window.covered(|to, _, from| {
                for (grad_input, grad) in grad_input[from..from + channels].iter_mut().zip(&grad[to..to + channels]) {
                    *grad_input = share * grad;
                }
            });
        }
    }
}
