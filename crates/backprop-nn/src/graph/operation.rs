//! What can be computed of one sample, the shape of each kind.

use super::Tensor;
use crate::activation::Function;
use crate::layers::Returns;
use crate::shape::Shape;

/// A computation on one sample `x`, images `[height, width, channels]`. A sequence is an image of one row for what slides
/// over it.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the sentence of an operation says what its arrays are")]
pub enum Operation<'a> {
    /// `y = x·W + b` over the last axis; kernel `[inputs, units]`, bias `[units]`.
    Dense { kernel: Tensor<'a>, bias: Tensor<'a> },
    /// `y = x·Wᵀ + b` over the last axis, where `W` is the table of the embedding that the graph begins with, `[units, inputs]`;
    /// bias `[units]`.
    Tied { table: Tensor<'a>, bias: Tensor<'a> },
    /// Kernels that slide over an image.
    Convolution(Convolution<'a>),
    /// Kernels that every pixel adds to a larger image.
    ConvolutionTranspose(ConvolutionTranspose<'a>),
    /// The largest number of each window of so many rows and columns, channel by channel; what fills no window is left out.
    MaxPool { size: [usize; 2] },
    /// The mean of each window, likewise.
    AveragePool { size: [usize; 2] },
    /// Every pixel so many times in both directions.
    UpSample { size: usize },
    /// The mean over all axes but the last.
    Mean,
    /// The mean over the steps whose token, which is the value 0 of the graph, is at least 1; over all steps where none is.
    MeanOfTokens,
    /// The same numbers in another shape.
    Reshape { to: Shape },
    /// The first `numbers` as they are, and then a row of `table`, `[vocabulary, units]`, for each that follows, which is cut
    /// to a whole number that is in it.
    Embedding { table: Tensor<'a>, numbers: usize },
    /// `y[t] = x[t] + P[t]`, table `[steps, features]`.
    Positions { table: Tensor<'a> },
    /// Steps that gather what they need from the others.
    Attention(Box<Attention<'a>>),
    /// For each of the first numbers `x[i]` itself and then `cos(ω[i]·x[i] + φ[i])·W[i] + b[i]`; then the others as they are.
    /// `ω` and `φ` `[numbers, waves]`, `W` `[numbers, waves, units]`, `b` `[numbers, units]`.
    NumericEmbedding { frequencies: Tensor<'a>, phases: Tensor<'a>, weights: Tensor<'a>, bias: Tensor<'a> },
    /// A state that is carried from step to step: the cell of [`crate::layers::Rnn`].
    Rnn { directions: Vec<Direction<'a>>, returns: Returns },
    /// The cell of [`crate::layers::Lstm`], gates in the order i, f, g, o.
    Lstm { directions: Vec<Direction<'a>>, returns: Returns },
    /// The cell of [`crate::layers::Gru`], gates in the order z, r, g; the bias is `[2, 3 units]`.
    Gru { directions: Vec<Direction<'a>>, returns: Returns },
    /// `y[m] = x ⊙ scale[m]`, or `x[m] ⊙ scale[m]` where every member has a row of its own; scale `[members, inputs]`.
    Members { scale: Tensor<'a> },
    /// `y = x ⊙ scale + shift` over the last axis.
    Affine { scale: Tensor<'a>, shift: Tensor<'a> },
    /// `y = (x - μ) / √(σ² + ε) ⊙ γ + β`, mean and variance over the last axis.
    LayerNorm { epsilon: f32, gamma: Tensor<'a>, beta: Tensor<'a> },
    /// `y = x / √(mean(x²) + ε) ⊙ γ`, the mean over the last axis.
    RmsNorm { epsilon: f32, gamma: Tensor<'a> },
    /// Every number on its own.
    Activation(Function),
    /// `y = max(0, x) + α · min(0, x)`, alpha over the last axis.
    PRelu { alpha: Tensor<'a> },
    /// `yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ)` over the last axis.
    Softmax,
    /// `yᵢ = f(xᵢ) / Σⱼ f(xⱼ)` over the last axis, and the softmax where that sum is not above 0.
    Shares(Function),
    /// The sum with a value that was made before.
    Add { value: usize },
}

/// `y[p] = Σₖ x[s·p + d·k - before]·W[k] + b`, where what lies outside of the image is 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Convolution<'a> {
    /// `[rows, columns, channels / groups, filters]`
    pub kernel: Tensor<'a>,
    /// `[filters]`; none is 0.
    pub bias: Option<Tensor<'a>>,
    /// Along both axes.
    pub stride: usize,
    /// Along both axes.
    pub dilation: usize,
    /// Parts of channels and filters that belong together.
    pub groups: usize,
    /// Zeros above and to the left of the image.
    pub before: [usize; 2],
    /// Zeros below and to the right.
    pub after: [usize; 2],
    /// Rows and columns of the output.
    pub output: [usize; 2],
}

/// `y[s·p + k - before] += x[p]·W[k]`, plus the bias; what falls outside of the output is left out.
#[derive(Clone, Debug, PartialEq)]
pub struct ConvolutionTranspose<'a> {
    /// `[rows, columns, filters, channels]`
    pub kernel: Tensor<'a>,
    /// `[filters]`
    pub bias: Tensor<'a>,
    /// Along both axes.
    pub stride: usize,
    /// Rows and columns that are cut off before the output.
    pub before: [usize; 2],
    /// Rows and columns of the output.
    pub output: [usize; 2],
}

/// `yₜ = [c₁ … c_heads]·W_o + b_o` with `c = softmax(q·kᵀ / √width)·v` for each head, where `q = x·W_q + b_q`, and `k` and `v`
/// likewise; a head is `width` of the features, side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Attention<'a> {
    /// Of queries, keys, values and output, `[features, features]` each.
    pub kernels: [Tensor<'a>; 4],
    /// `[features]` each.
    pub biases: [Tensor<'a>; 4],
    /// How many heads the features are cut into.
    pub heads: usize,
    /// Whether a step sees none after it.
    pub causal: bool,
    /// Whether queries and keys of a head are turned by `φ = t · 10000^(-2i / width)` at step `t`: `(a, b)` at `i` and `i + width / 2`
    /// become `(a cos φ - b sin φ, b cos φ + a sin φ)`.
    pub rotary: bool,
    /// Whether no step sees those whose token, which is the value 0 of the graph, is below 1. A step that sees none gets
    /// context 0.
    pub padding: bool,
}

/// One reading of a sequence: the first forwards, a second from its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Direction<'a> {
    /// `W`, `[features, gates · units]`
    pub kernel: Tensor<'a>,
    /// `U`, `[units, gates · units]`
    pub recurrent: Tensor<'a>,
    /// `[gates · units]`, see the cell.
    pub bias: Tensor<'a>,
}

impl Direction<'_> {
    /// Size of the state.
    pub fn units(&self) -> usize {
        self.recurrent.dims[0]
    }
}

impl<'a> Operation<'a> {
    /// The function, and nothing for the one that changes nothing.
    pub fn activation(function: Function) -> Option<Self> {
        (function != Function::Linear).then_some(Self::Activation(function))
    }

    /// The shape that it makes of another one that fits.
    pub fn output(&self, input: Shape) -> Shape {
        let last = |len: usize| match *input.dims() {
            [_] => Shape::flat(len),
            [steps, _] => Shape::steps(steps, len),
            _ => image(input, [rows(input)[0], rows(input)[1]], len),
        };
        match self {
            Self::Dense { bias, .. } | Self::Tied { bias, .. } => last(bias.dims[0]),
            Self::Convolution(Convolution { kernel, output, .. }) => image(input, *output, kernel.dims[3]),
            Self::ConvolutionTranspose(ConvolutionTranspose { kernel, output, .. }) => {
                image(input, *output, kernel.dims[2])
            }
            Self::MaxPool { size } | Self::AveragePool { size } => {
                let [height, width] = rows(input);
                image(input, [height / size[0], width / size[1]], input.channels())
            }
            Self::UpSample { size } => {
                let [height, width] = rows(input);
                image(input, [height * size, width * size], input.channels())
            }
            Self::Mean | Self::MeanOfTokens => Shape::flat(input.channels()),
            Self::Reshape { to } => *to,
            Self::Embedding { table, numbers } => {
                let (words, units) = (input.len() - numbers, table.dims[1]);
                if *numbers == 0 { Shape::steps(words, units) } else { Shape::flat(numbers + words * units) }
            }
            Self::NumericEmbedding { bias, .. } => Shape::flat(input.len() + bias.values.len()),
            Self::Rnn { directions, returns }
            | Self::Lstm { directions, returns }
            | Self::Gru { directions, returns } => {
                let outputs = directions.iter().map(Direction::units).sum();
                if *returns == Returns::AllSteps { last(outputs) } else { Shape::flat(outputs) }
            }
            Self::Members { scale } => Shape::steps(scale.dims[0], scale.dims[1]),
            Self::Positions { .. }
            | Self::Attention(_)
            | Self::Affine { .. }
            | Self::LayerNorm { .. }
            | Self::RmsNorm { .. }
            | Self::Activation(_)
            | Self::PRelu { .. }
            | Self::Softmax
            | Self::Shares(_)
            | Self::Add { .. } => input,
        }
    }

    /// Whether it reads the value 0 of the graph besides, the tokens.
    pub fn reads_tokens(&self) -> bool {
        match self {
            Self::MeanOfTokens => true,
            Self::Attention(attention) => attention.padding,
            _ => false,
        }
    }

    /// Its arrays of numbers, but for the table that belongs to an embedding.
    pub fn tensors(&self) -> Vec<&Tensor<'a>> {
        match self {
            Self::Dense { kernel, bias } => vec![kernel, bias],
            Self::Convolution(Convolution { kernel, bias, .. }) => std::iter::once(kernel).chain(bias).collect(),
            Self::ConvolutionTranspose(ConvolutionTranspose { kernel, bias, .. }) => vec![kernel, bias],
            Self::Tied { bias, .. } => vec![bias],
            Self::Embedding { table, .. } | Self::Positions { table } => vec![table],
            Self::Attention(attention) => attention.kernels.iter().chain(&attention.biases).collect(),
            Self::NumericEmbedding { frequencies, phases, weights, bias } => {
                vec![frequencies, phases, weights, bias]
            }
            Self::Rnn { directions, .. } | Self::Lstm { directions, .. } | Self::Gru { directions, .. } => directions
                .iter()
                .flat_map(|direction| [&direction.kernel, &direction.recurrent, &direction.bias])
                .collect(),
            Self::Members { scale } => vec![scale],
            Self::Affine { scale, shift } => vec![scale, shift],
            Self::LayerNorm { gamma, beta, .. } => vec![gamma, beta],
            Self::RmsNorm { gamma, .. } => vec![gamma],
            Self::PRelu { alpha } => vec![alpha],
            Self::MaxPool { .. }
            | Self::AveragePool { .. }
            | Self::UpSample { .. }
            | Self::Mean
            | Self::MeanOfTokens
            | Self::Reshape { .. }
            | Self::Activation(_)
            | Self::Softmax
            | Self::Shares(_)
            | Self::Add { .. } => Vec::new(),
        }
    }
}

/// Rows and columns of an image; a sequence is one of a single row.
pub fn rows(shape: Shape) -> [usize; 2] {
    match *shape.dims() {
        [height, width, _] => [height, width],
        [steps, _] => [1, steps],
        _ => [1, 1],
    }
}

/// An image of this size, or a sequence where the input was one.
fn image(input: Shape, [height, width]: [usize; 2], channels: usize) -> Shape {
    match input.as_steps() {
        Some(_) => Shape::steps(width, channels),
        None => Shape::image(height, width, channels),
    }
}
