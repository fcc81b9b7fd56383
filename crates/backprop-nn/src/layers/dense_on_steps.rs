//! A dense layer on every step of a sequence, some rows at a time.

use super::Function;
use crate::init::{Init, Initializer};
use crate::kernels::direct::{MOST_NUMBERS, Start, product};
use crate::kernels::outer;
use crate::kernels::vector::sum_rows;
use crate::layer::{Backward, Decoding, Forward, Fusible, Gradients, Layer, ParamInfo, Transposed};

/// Rows that pass through a layer with such a kernel at a time: with it, and its gradient, they fit into a core's own cache.
pub(super) const ROWS: usize = 128;

/// Samples that most shards have at least.
const SAMPLES: usize = 16;

/// Whether a kernel `[inputs, units]` that every one of `steps` passes is so small that its gradient is computed shard by shard, while the
/// rows are in the cache: smaller than the gradients of the outputs, which otherwise would have to be kept.
pub(super) fn suits(steps: usize, [inputs, units]: [usize; 2]) -> bool {
    steps > 1 && inputs <= SAMPLES * steps && inputs * units <= MOST_NUMBERS
}

/// What [`super::Dense`] becomes where [`suits`] says so.
pub(super) struct BuiltDenseOnSteps {
    /// Rows of each sample.
    pub steps: usize,
    pub inputs: usize,
    pub units: usize,
    pub activation: Function,
    pub init: Initializer,
}

impl Layer for BuiltDenseOnSteps {
    fn params(&self) -> Vec<ParamInfo> {
        let Self { inputs, units, .. } = *self;
        let dims = [inputs, units];
        vec![
            ParamInfo::new("kernel", &dims, self.init.of(&dims, inputs, units)),
            ParamInfo::new("bias", &[units], Init::Zeros),
        ]
    }

    /// What the activation remembers.
    fn memo_len(&self) -> usize {
        self.activation.memo_len(self.steps * self.units)
    }

    fn forward(&self, pass: Forward<'_>) {
        let Self { inputs, units, activation, .. } = *self;
        let (kernel, bias) = pass.params.split_at(inputs * units);
        let mut memos = pass.memo.chunks_mut(ROWS * units);
        let mut skips = pass.skip.chunks(ROWS * units);
        for (input, output) in pass.input.chunks(ROWS * inputs).zip(pass.output.chunks_mut(ROWS * units)) {
            let start = Start::of(bias, skips.next().unwrap_or_default());
            product(output, input, kernel, [input.len() / inputs, inputs, units], start);
            activation.forward(output, memos.next().unwrap_or_default());
        }
    }

    fn absorb(&mut self, next: Fusible) -> bool {
        next == Fusible::Addition && self.activation == Function::Linear
    }

    fn decoding(&self) -> Option<Decoding> {
        Some(Decoding::step_alone(self.inputs))
    }

    fn transposed(&self, first: bool) -> Option<Transposed> {
        let Self { inputs, units, .. } = *self;
        (!first).then_some(Transposed { offset: 0, rows: inputs, columns: units, panel: inputs })
    }

    fn gradients(&self) -> Gradients {
        Gradients::PerShard { row: self.units }
    }

    /// `dz = dy ⊙ f'(z)`, `dW = xᵀ·dz`, `db = Σ dz`, `dx = dz·Wᵀ`.
    fn backward(&self, pass: Backward<'_>) {
        let Self { inputs, units, activation, .. } = *self;
        let (grad_kernel, grad_bias) = pass.grad_params.split_at_mut(inputs * units);
        grad_kernel.fill(0.0);
        grad_bias.fill(0.0);
        let mut memos = pass.memo.chunks(ROWS * units);
        let mut grad_inputs = pass.grad_input.map(|grad_input| grad_input.chunks_mut(ROWS * inputs));
        let parts = pass.grad_output.chunks_mut(ROWS * units).zip(pass.output.chunks(ROWS * units));
        for ((grad, output), input) in parts.zip(pass.input.chunks(ROWS * inputs)) {
            activation.backward(grad, output, memos.next().unwrap_or_default());
            if !pass.is_frozen {
                outer::add(input, grad, [inputs, units], grad_kernel);
                sum_rows(grad_bias, grad);
            }
            if let Some(grad_input) = grad_inputs.as_mut().and_then(Iterator::next) {
                product(grad_input, grad, pass.transposed, [input.len() / inputs, units, inputs], Start::Zero);
            }
        }
    }
}
