use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::dense_on_steps::{self, BuiltDenseOnSteps};
use super::{Embedding, Flatten, Function, LayerSpec};
use crate::field::{Described as _, Settings};
use crate::graph::{Operation, Tensor};
use crate::init::{Init, Initializer};
use crate::kernels::convolution::{self, Window};
use crate::kernels::matmul::{Matrix, MatrixMut, Write, matmul};
use crate::kernels::outer;
use crate::kernels::vector::{add, add_rows, sum_rows};
use crate::layer::{
    Backward, Decoding, Forward, Fusible, Gradients, Layer, MAX_SHARDS, ParamInfo, SavedForBackward, Transposed,
};
use crate::regularizer::Regularizer;
use crate::shape::Shape;
use crate::spec::{Fix, Plan, ShapeError, Spec};

/// Every output is a weighted sum of all inputs plus a bias: the fully connected layer. On a sequence, each step passes
/// through it alone.
///
/// `y = f(x·W + b)`. On a sequence the weights are the same for each step, as in Keras' `Dense` and PyTorch's `Linear`,
/// so there is no layer like Keras' `TimeDistributed`.
///
/// Shapes: `[n, inputs]` to `[n, units]` or `[n, steps, inputs]` to `[n, steps, units]`, kernel `[inputs, units]`,
/// bias `[units]`.
///
/// Tied, it is the output layer of a language model with the table `E` `[units, inputs]` of the network's [`Embedding`] in the place of
/// the kernel: `y = f(x·Eᵀ + b)` (Press & Wolf 2017, *Using the Output Embedding to Improve Language Models*). The table begins uniform
/// in ±0.05, as the embedding draws it: an output layer needs a small deviation, and with PyTorch's standard normal table the first
/// outputs are about `√inputs` large.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(group = "Dense layers and activations", formula = "y = f(x·W + b)")]
pub struct Dense {
    /// Number of outputs. Too few cannot separate the classes; too many overfit.
    #[field(default = 64, range = 1..=65_536, slider = 1..=4096)]
    pub units: usize,
    /// Activation function applied to every sum. Without one, two Dense layers are no more than one.
    #[field(default = Function::Relu)]
    pub activation: Function,
    /// Initial values of the kernel. Glorot is Keras' default, He suits ReLU; equal values make all units learn the same.
    #[field(label = "Initializer", default = Initializer::GlorotUniform, when = !self.tied)]
    pub init: Initializer,
    /// Uses the table of the Embedding that the network begins with as the kernel: fewer weights, and often better predictions of the
    /// next token. Its units are then the vocabulary.
    #[field(label = "Tied to the embedding", default = false)]
    #[serde(skip_serializing_if = "is_off")]
    pub tied: bool,
    /// Of this layer's kernel alone.
    #[group]
    pub penalty: Regularizer,
}

impl Dense {
    /// A layer with this many outputs, Glorot's initializer and no regularizer.
    pub fn new(units: usize, activation: Function) -> Self {
        Self { units, activation, ..Self::default() }
    }

    /// Whether the layer finds the table that it is tied to, if it is. `first` is the layer that the network begins with; nothing in a
    /// block.
    pub(crate) fn check_tied(&self, input: Shape, first: Option<&LayerSpec>) -> Result<(), ShapeError> {
        if !self.tied {
            return Ok(());
        }
        let untied = || Fix::Replace(Self { tied: false, ..self.clone() }.into());
        let features = input.channels();
        let (message, fix) = match first {
            None => {
                let message = "A Dense layer in a block cannot be tied to the embedding. Move it behind the block, or turn tied off.";
                (message.to_owned(), untied())
            }
            Some(&LayerSpec::Embedding(Embedding { vocabulary, units, numbers: 0 })) => {
                if units != features {
                    let message = format!(
                        "Dense is tied to the embedding, whose vectors have {units} numbers, and {features} features arrive. Let {units} arrive, or turn tied off."
                    );
                    (message, untied())
                } else if self.units != vocabulary {
                    let message = format!(
                        "Dense is tied to the embedding, which has {vocabulary} tokens, and has {} units. Set its units to {vocabulary}.",
                        self.units
                    );
                    (message, Fix::Replace(Self { units: vocabulary, ..self.clone() }.into()))
                } else {
                    return Ok(());
                }
            }
            Some(_) => {
                let message = "Dense is tied to the embedding, and the network does not begin with an Embedding of tokens alone. Begin with one, or turn tied off.";
                (message.to_owned(), untied())
            }
        };
        Err(ShapeError::new(message).with_fix(fix))
    }
}

fn is_off(switch: &bool) -> bool {
    !switch
}

impl Spec for Dense {
    /// "64 ReLU", "256 tied"
    fn detail(&self) -> String {
        format!("{}{}{}", self.units, self.activation.suffix(), if self.tied { " tied" } else { "" })
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        if input.as_image().is_some() {
            return Err(ShapeError::new(format!(
                "{} takes a row of numbers, and {} arrives. Flatten it first.",
                Self::LABEL,
                input.described()
            ))
            .with_fix(Fix::Insert(Flatten {}.into())));
        }
        let (steps, output) = match input.as_steps() {
            Some([steps, _]) => (steps, Shape::steps(steps, self.units)),
            None => (1, Shape::flat(self.units)),
        };
        let weights = input.channels() * self.units;
        let own = if self.tied { 0 } else { weights };
        Ok(Plan { output, params: own + self.units, multiply_adds: (steps * weights) as u64 })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let Self { units, activation, init, tied, .. } = *self;
        let inputs = input.channels();
        let steps = input.len() / inputs;
        if units >= THIN && !tied && dense_on_steps::suits(steps, [inputs, units]) {
            return Box::new(BuiltDenseOnSteps { steps, inputs, units, activation, init });
        }
        let thin = (units < THIN && !tied).then(|| Window::new([1, 1, inputs], [1, 1], [1, 1], units));
        Box::new(BuiltDense { steps, inputs, units, activation, init, tied, thin })
    }

    fn apart(&self) -> Option<(LayerSpec, Function)> {
        let sums = Self { activation: Function::Linear, ..self.clone() };
        (self.activation != Function::Linear).then(|| (sums.into(), self.activation))
    }

    /// If it is tied, the table is the first of its parameters.
    fn operations<'a>(&self, _input: Shape, params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        let [kernel, bias] = params else { return None };
        let (kernel, bias) = (kernel.clone(), bias.clone());
        let sums = match self.tied {
            true => Operation::Tied { table: kernel, bias },
            false => Operation::Dense { kernel, bias },
        };
        Some(std::iter::once(sums).chain(Operation::activation(self.activation)).collect())
    }

    fn regularizer(&self) -> Regularizer {
        self.penalty
    }
}

/// With fewer units than this the matrix product packs more than it multiplies; a convolution of one pixel does not.
const THIN: usize = 16;

/// Numbers, about, to which bias and activation are applied at a time.
const NUMBERS: usize = 4096;

/// Rows of a panel of the transposed kernel: few enough for its pages to be at hand, many enough for the product.
const PANEL: usize = 256;

struct BuiltDense {
    /// Rows of each sample.
    steps: usize,
    inputs: usize,
    units: usize,
    activation: Function,
    init: Initializer,
    /// Whether the kernel is the transpose of a table that belongs to the network's first layer.
    tied: bool,
    /// A row as an image of one pixel, if there are few units.
    thin: Option<Window>,
}

impl BuiltDense {
    /// Rows of the kernel that are parameters of the layer.
    fn own_rows(&self) -> usize {
        if self.tied { 0 } else { self.inputs }
    }
}

impl Layer for BuiltDense {
    fn params(&self) -> Vec<ParamInfo> {
        let Self { inputs, units, .. } = *self;
        let dims = [inputs, units];
        let kernel = ParamInfo::new("kernel", &dims, self.init.of(&dims, inputs, units));
        let bias = ParamInfo::new("bias", &[units], Init::Zeros);
        if self.tied { vec![bias] } else { vec![kernel, bias] }
    }

    fn tied(&self) -> Option<[usize; 2]> {
        self.tied.then_some([self.units, self.inputs])
    }

    /// `dz`, and what the activation remembers.
    fn memo_len(&self) -> usize {
        let outputs = self.steps * self.units;
        outputs + self.activation.memo_len(outputs)
    }

    fn forward(&self, pass: Forward<'_>) {
        let Self { inputs, units, activation, .. } = *self;
        let rows = pass.input.len() / inputs;
        let (kernel, bias) = pass.params.split_at(self.own_rows() * units);
        if let Some(window) = &self.thin {
            convolution::forward(window, 0..rows, pass.input, kernel, bias, pass.output);
        } else {
            let input = Matrix::new(pass.input, rows, inputs);
            let output = MatrixMut::new(pass.output, rows, units);
            let kernel = match self.tied {
                true => Matrix::new(pass.tied, units, inputs).t(),
                false => Matrix::new(kernel, inputs, units),
            };
            matmul(output, input, kernel, Write::Replace);
        }
        // Some rows at a time, which are then still in the cache.
        let mut memo = pass.memo.get_mut(rows * units..).unwrap_or_default();
        let kept = if memo.is_empty() { 0 } else { memo.len() / rows };
        let len = units * NUMBERS.div_ceil(units);
        let mut skips = pass.skip.chunks(len);
        for output in pass.output.chunks_mut(len) {
            if self.thin.is_none() {
                add_rows(output, bias);
            }
            if let Some(skip) = skips.next() {
                add(output, skip);
            }
            let (own, rest) = memo.split_at_mut(output.len() / units * kept);
            activation.forward(output, own);
            memo = rest;
        }
    }

    fn decoding(&self) -> Option<Decoding> {
        Some(Decoding::step_alone(self.inputs))
    }

    fn absorb(&mut self, next: Fusible) -> bool {
        next == Fusible::Addition && self.activation == Function::Linear
    }

    fn transposed(&self, first: bool) -> Option<Transposed> {
        // The table lies as the transposed kernel would.
        (!first && !self.tied).then_some(Transposed { offset: 0, rows: self.inputs, columns: self.units, panel: PANEL })
    }

    /// `dz = dy ⊙ f'(z)`, `dx = dz·Wᵀ`.
    fn backward(&self, pass: Backward<'_>) {
        let Self { steps, inputs, units, activation, .. } = *self;
        let rows = pass.samples * steps;
        let (grad, memo) = pass.memo.split_at_mut(rows * units);
        let kept = if memo.is_empty() { 0 } else { NUMBERS };
        let parts = grad.chunks_mut(NUMBERS).zip(pass.grad_output.chunks(NUMBERS)).zip(pass.output.chunks(NUMBERS));
        for (at, ((grad, grad_output), output)) in parts.enumerate() {
            grad.copy_from_slice(grad_output);
            activation.backward(grad, output, memo.get(at * kept..).unwrap_or_default());
        }
        let Some(grad_input) = pass.grad_input else { return };
        let grad = Matrix::new(grad, rows, units);
        if self.tied {
            let table = Matrix::new(pass.tied, units, inputs);
            matmul(MatrixMut::new(grad_input, rows, inputs), grad, table, Write::Replace);
        } else {
            for (at, panel) in pass.transposed.chunks(PANEL * units).enumerate() {
                let width = panel.len() / units;
                let grad_input = MatrixMut::strided(&mut grad_input[at * PANEL..], rows, width, inputs);
                matmul(grad_input, grad, Matrix::new(panel, units, width), Write::Replace);
            }
        }
    }

    fn gradients(&self) -> Gradients {
        Gradients::PerBlock { row: self.units }
    }

    /// `dW = Σ xᵀ·dz` over the shards, for some rows of `W`, and after the last of them `db = Σ dz`.
    fn gradient(&self, block: Range<usize>, shards: &[SavedForBackward<'_>], grad: &mut [f32]) {
        let Self { steps, inputs, units, .. } = *self;
        let rows = block.start / units..(block.end / units).min(self.own_rows());
        let (grad_kernel, grad_bias) = grad.split_at_mut(rows.len() * units);
        let mut pairs = [(&[][..], &[][..]); MAX_SHARDS];
        for (pair, SavedForBackward { samples, input, memo }) in pairs.iter_mut().zip(shards) {
            *pair = (input, &memo[..samples * steps * units]);
        }
        let pairs = &pairs[..shards.len()];
        if !grad_kernel.is_empty() {
            outer::sum(pairs, inputs, units, rows.start, grad_kernel);
        }
        if !grad_bias.is_empty() {
            grad_bias.fill(0.0);
            pairs.iter().for_each(|(_, grad)| sum_rows(grad_bias, grad));
        }
    }

    /// `dE += Σ dzᵀ·x` over the shards in their order, for some rows of `E`.
    fn add_tied_gradient(&self, block: Range<usize>, shards: &[SavedForBackward<'_>], grad: &mut [f32]) {
        let Self { steps, inputs, units, .. } = *self;
        let (first, tokens) = (block.start / inputs, block.len() / inputs);
        for SavedForBackward { samples, input, memo } in shards {
            let rows = samples * steps;
            let dz = Matrix::strided(&memo[first..rows * units], rows, tokens, units);
            matmul(MatrixMut::new(grad, tokens, inputs), dz.t(), Matrix::new(input, rows, inputs), Write::Add);
        }
    }
}
