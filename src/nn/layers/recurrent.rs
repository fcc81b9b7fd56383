//! What recurrent layers have in common: all but the few lines that make a step of each its own, its [`Cell`].
//!
//! All input steps are multiplied by the kernel at once, and so are all gradients at the end; only the product with the
//! state has to wait for the step before. In between, numbers lie with the steps first, `[steps, n, …]`, so that each
//! step is one block.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use super::Reshape;
use crate::nn::init::Init;
use crate::nn::kernels::matmul::{Matrix, MatrixMut, Write, matmul};
use crate::nn::kernels::vector::{add, sum_rows};
use crate::nn::kernels::vectorized;
use crate::nn::knob::{Knob, choice};
use crate::nn::layer::{Backward, Forward, Layer, ParamInfo, Plan, Transposed};
use crate::nn::shape::{Fix, Shape, ShapeError};

/// Which of its outputs a recurrent layer gives on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Returns {
    /// `[units]`
    #[default]
    LastStep,
    /// `[steps, units]`, as another recurrent layer takes it.
    AllSteps,
}

choice!(Returns { LastStep => "Last step", AllSteps => "All steps" });

impl Returns {
    /// " all steps", or nothing for the last.
    pub(super) fn suffix(self) -> &'static str {
        if self == Self::AllSteps { " all steps" } else { "" }
    }
}

/// One step of a recurrent layer, number by number, for a shard of samples.
///
/// Both functions run inside `vectorized`, so they and what they call are `#[inline(always)]`. A loop over many slices is
/// a function of its own, because only of a function's arguments does the compiler know that they do not overlap.
pub(super) trait Cell: Send + Sync + 'static {
    const NAME: &'static str;
    /// Columns of both kernels, in units.
    const GATES: usize;
    /// The first gates, whose gradient is the same for the input's part of the sum and for the state's. For the others
    /// `backward` leaves that of the state's part in `kept`.
    const SHARED: usize = Self::GATES;
    /// Numbers per unit that a step remembers besides gates and output.
    const KEPT: usize = 0;
    const BIAS: Init = Init::Zeros;

    fn forward(step: ForwardStep<'_>);

    fn backward(step: BackwardStep<'_>);
}

/// Blocks of one step, a row per sample.
pub(super) struct ForwardStep<'a> {
    pub units: usize,
    pub bias: &'a [f32],
    /// The state's part of the sums, `h·U`.
    pub recurrent: &'a [f32],
    /// The input's part, `x·W`; what `backward` needs of the gates may be left here.
    pub gates: &'a mut [f32],
    pub kept_before: &'a [f32],
    pub kept: &'a mut [f32],
    pub output_before: &'a [f32],
    pub output: &'a mut [f32],
}

/// Blocks of one step, a row per sample.
pub(super) struct BackwardStep<'a> {
    pub units: usize,
    /// As `forward` left them; to be replaced by the gradients of the sums.
    pub gates: &'a mut [f32],
    pub kept_before: &'a [f32],
    pub kept: &'a mut [f32],
    pub output_before: &'a [f32],
    pub output: &'a [f32],
    /// The gradient of the output; to be replaced by what of it passes to the output before, other than through `h·U`.
    pub grad: &'a mut [f32],
    /// Zero at the last step, then as the step after left it: for a state besides the output.
    pub grad_kept: &'a mut [f32],
}

/// `gates = f(gates + recurrent + bias)`
#[inline(always)]
pub(super) fn activate(gates: &mut [f32], recurrent: &[f32], bias: &[f32], f: impl Fn(f32) -> f32) {
    for ((gate, recurrent), bias) in gates.iter_mut().zip(recurrent).zip(bias) {
        *gate = f(*gate + recurrent + bias);
    }
}

pub(super) fn plan<C: Cell>(units: usize, returns: Returns, input: Shape) -> Result<Plan, ShapeError> {
    let Some([steps, features]) = input.as_steps() else {
        let (reshape, how) = match input.as_image() {
            Some([height, ..]) => (Reshape::steps(height), "Make each row of the image a step."),
            None => (Reshape::to_steps(input.len()), "Divide it into steps, or keep all steps of the layer before."),
        };
        let message = format!("{} takes a sequence of steps, and {} arrives. {how}", C::NAME, input.described());
        return Err(ShapeError::new(message).with_fix(Fix::Insert(reshape.into())));
    };
    let weights = (features + units) * C::GATES * units;
    let output = match returns {
        Returns::LastStep => Shape::flat(units),
        Returns::AllSteps => Shape::steps(steps, units),
    };
    let biases = Recurrent::<C>::BIASES * C::GATES * units;
    Ok(Plan { output, params: weights + biases, multiply_adds: (steps * weights) as u64 })
}

pub(super) fn knobs<'a>(units: &'a mut usize, returns: &'a mut Returns) -> Vec<Knob<'a>> {
    vec![
        Knob::whole(
            "units",
            "Units",
            units,
            1..=512,
            64,
            "How many numbers it remembers from step to step; twice as many take four times as long.",
        ),
        Knob::choice(
            "returns",
            "Returns",
            returns,
            "The last step sums the sequence up for Dense; another recurrent layer needs all steps.",
        ),
    ]
}

pub(super) struct Recurrent<C> {
    steps: usize,
    features: usize,
    units: usize,
    returns: Returns,
    cell: PhantomData<C>,
}

/// What is remembered of a shard.
struct Memo<'a> {
    /// `[steps, n, features]`
    inputs: &'a mut [f32],
    /// `[steps, n, gates]`
    gates: &'a mut [f32],
    /// `[steps + 1, n, kept]`; the first block is the zeros before the first step.
    kept: &'a mut [f32],
    /// `[steps + 1, n, units]`, likewise.
    outputs: &'a mut [f32],
}

impl<C: Cell> Recurrent<C> {
    /// One bias for input and state together, unless their parts of a sum are kept apart.
    const BIASES: usize = if C::SHARED == C::GATES { 1 } else { 2 };

    pub(super) fn new(units: usize, returns: Returns, input: Shape) -> Self {
        let [steps, features] = input.as_steps().unwrap_or([0; 2]);
        Self { steps, features, units, returns, cell: PhantomData }
    }

    fn gates(&self) -> usize {
        C::GATES * self.units
    }

    fn kept(&self) -> usize {
        C::KEPT * self.units
    }

    fn shared(&self) -> usize {
        C::SHARED * self.units
    }

    fn memo<'a>(&self, samples: usize, memo: &'a mut [f32]) -> Memo<'a> {
        let (inputs, rest) = memo.split_at_mut(samples * self.steps * self.features);
        let (gates, rest) = rest.split_at_mut(samples * self.steps * self.gates());
        let (kept, outputs) = rest.split_at_mut(samples * (self.steps + 1) * self.kept());
        Memo { inputs, gates, kept, outputs: &mut outputs[..samples * (self.steps + 1) * self.units] }
    }

    /// `dW = xᵀ·dz`, `dU = hᵀ·dz` and `db = Σ dz` over all steps, `dz` being in `gates`; for the gates that are not shared
    /// that of the state's part is in `kept`.
    fn gradients_of_params(&self, samples: usize, memo: &Memo<'_>, grad_params: &mut [f32]) {
        let Self { steps, features, units, .. } = *self;
        let (rows, gates_len, kept_len, shared) = (steps * samples, self.gates(), self.kept(), self.shared());
        let (grad_kernel, rest) = grad_params.split_at_mut(features * gates_len);
        let (grad_recurrent, grad_bias) = rest.split_at_mut(units * gates_len);
        let (grad_bias, grad_state_bias) = grad_bias.split_at_mut(gates_len);

        let inputs = Matrix::new(memo.inputs, rows, features).t();
        let states = Matrix::new(memo.outputs, rows, units).t();
        let gates = Matrix::new(memo.gates, rows, gates_len);
        matmul(MatrixMut::new(grad_kernel, features, gates_len), inputs, gates, Write::Replace);
        let gates = Matrix::strided(memo.gates, rows, shared, gates_len);
        matmul(MatrixMut::strided(grad_recurrent, units, shared, gates_len), states, gates, Write::Replace);
        grad_bias.fill(0.0);
        sum_rows(grad_bias, memo.gates);
        if shared < gates_len {
            let kept = &memo.kept[samples * kept_len..];
            let grad = MatrixMut::strided(&mut grad_recurrent[shared..], units, kept_len, gates_len);
            matmul(grad, states, Matrix::new(kept, rows, kept_len), Write::Replace);
            let (ours, theirs) = grad_state_bias.split_at_mut(shared);
            ours.copy_from_slice(&grad_bias[..shared]);
            theirs.fill(0.0);
            sum_rows(theirs, kept);
        }
    }

    /// Kernel, recurrent kernel and bias.
    fn parts<'a>(&self, params: &'a [f32]) -> (&'a [f32], &'a [f32], &'a [f32]) {
        let (kernel, rest) = params.split_at(self.features * self.gates());
        let (recurrent, bias) = rest.split_at(self.units * self.gates());
        (kernel, recurrent, bias)
    }
}

impl<C: Cell> Layer for Recurrent<C> {
    fn params(&self) -> Vec<ParamInfo> {
        let Self { features, units, .. } = *self;
        let gates = self.gates();
        let bias_dims: &[usize] = if Self::BIASES == 1 { &[gates] } else { &[Self::BIASES, gates] };
        vec![
            ParamInfo::new("kernel", &[features, gates], Init::GlorotUniform { fan_in: features, fan_out: gates }),
            ParamInfo::new("recurrent_kernel", &[units, gates], Init::Orthogonal { rows: units, cols: gates }),
            ParamInfo::new("bias", bias_dims, C::BIAS),
        ]
    }

    fn memo_len(&self) -> usize {
        self.steps * (self.features + self.gates()) + (self.steps + 1) * (self.kept() + self.units)
    }

    /// For `forward` the state's part of the sums, and the memo if nothing is learnt; for `backward` the
    /// gradients that pass from step to step.
    fn scratch_len(&self, samples: usize) -> usize {
        let forward = samples * (self.gates() + self.memo_len());
        forward.max(samples * (self.units + self.kept()))
    }

    fn transposed(&self, _first: bool) -> Option<Transposed> {
        let (rows, columns) = (self.units, self.gates());
        Some(Transposed { offset: self.features * columns, rows, columns })
    }

    fn forward(&self, pass: Forward<'_>) {
        let Self { steps, features, units, .. } = *self;
        let (n, gates_len, kept_len) = (pass.samples, self.gates(), self.kept());
        let (recurrent, rest) = pass.scratch.split_at_mut(n * gates_len);
        let memo = self.memo(n, if pass.memo.is_empty() { rest } else { pass.memo });
        let (kernel, recurrent_kernel, bias) = self.parts(pass.params);
        let kernel = Matrix::new(kernel, features, gates_len);
        let recurrent_kernel = Matrix::new(recurrent_kernel, units, gates_len);

        steps_first(pass.input, n, steps, memo.inputs);
        let inputs = Matrix::new(memo.inputs, steps * n, features);
        matmul(MatrixMut::new(memo.gates, steps * n, gates_len), inputs, kernel, Write::Replace);
        memo.kept[..n * kept_len].fill(0.0);
        memo.outputs[..n * units].fill(0.0);
        for (step, gates) in memo.gates.chunks_exact_mut(n * gates_len).enumerate() {
            let (output_before, output) = pair(memo.outputs, step, n * units);
            let (kept_before, kept) = pair(memo.kept, step, n * kept_len);
            let state = Matrix::new(output_before, n, units);
            matmul(MatrixMut::new(recurrent, n, gates_len), state, recurrent_kernel, Write::Replace);
            let step = ForwardStep { units, bias, recurrent, gates, kept_before, kept, output_before, output };
            vectorized!(C::forward(step));
        }
        match self.returns {
            Returns::LastStep => pass.output.copy_from_slice(&memo.outputs[steps * n * units..]),
            Returns::AllSteps => samples_first(&memo.outputs[n * units..], n, steps, pass.output),
        }
    }

    /// With `dz` for the gradients of the sums, step by step from the last: `dh_before += dz·Uᵀ`. Then all steps at once.
    fn backward(&self, pass: Backward<'_>) {
        let Self { steps, features, units, .. } = *self;
        let (n, gates_len, kept_len, shared) = (pass.samples, self.gates(), self.kept(), self.shared());
        let memo = self.memo(n, pass.memo);
        let (kernel, _, _) = self.parts(pass.params);
        let (grad, rest) = pass.scratch.split_at_mut(n * units);
        let grad_kept = &mut rest[..n * kept_len];
        let (ours, theirs) = pass.transposed.split_at(shared * units);
        match self.returns {
            Returns::LastStep => grad.copy_from_slice(pass.grad_output),
            Returns::AllSteps => grad.fill(0.0),
        }
        grad_kept.fill(0.0);
        for (step, gates) in memo.gates.chunks_exact_mut(n * gates_len).enumerate().rev() {
            if self.returns == Returns::AllSteps {
                for (grad, outputs) in grad.chunks_exact_mut(units).zip(pass.grad_output.chunks_exact(steps * units)) {
                    add(grad, &outputs[step * units..(step + 1) * units]);
                }
            }
            let (output_before, output) = pair(memo.outputs, step, n * units);
            let (kept_before, kept) = pair(memo.kept, step, n * kept_len);
            let step = BackwardStep { units, gates, kept_before, kept, output_before, output, grad, grad_kept };
            vectorized!(C::backward(step));
            let gates = Matrix::strided(gates, n, shared, gates_len);
            matmul(MatrixMut::new(grad, n, units), gates, Matrix::new(ours, shared, units), Write::Add);
            if shared < gates_len {
                let (kept, theirs) = (Matrix::new(kept, n, kept_len), Matrix::new(theirs, kept_len, units));
                matmul(MatrixMut::new(grad, n, units), kept, theirs, Write::Add);
            }
        }
        self.gradients_of_params(n, &memo, pass.grad_params);
        if let Some(grad_input) = pass.grad_input {
            let gates = Matrix::new(memo.gates, steps * n, gates_len);
            let grads = MatrixMut::new(memo.inputs, steps * n, features);
            matmul(grads, gates, Matrix::new(kernel, features, gates_len).t(), Write::Replace);
            samples_first(memo.inputs, n, steps, grad_input);
        }
    }
}

/// A block and the one after it.
fn pair(blocks: &mut [f32], at: usize, len: usize) -> (&[f32], &mut [f32]) {
    let (before, after) = blocks[at * len..(at + 2) * len].split_at_mut(len);
    (before, after)
}

/// `[n, steps, …]` to `[steps, n, …]`
fn steps_first(from: &[f32], samples: usize, steps: usize, to: &mut [f32]) {
    let len = to.len() / (samples * steps).max(1);
    for (row, to) in to.chunks_exact_mut(len).enumerate() {
        let (step, sample) = (row / samples, row % samples);
        to.copy_from_slice(&from[(sample * steps + step) * len..][..len]);
    }
}

/// `[steps, n, …]` to `[n, steps, …]`
fn samples_first(from: &[f32], samples: usize, steps: usize, to: &mut [f32]) {
    steps_first(from, steps, samples, to);
}
