//! What recurrent layers have in common: all but the few lines that make a step of each its own, its [`Cell`].
//!
//! All input steps are multiplied by the kernel at once, and so are all gradients at the end; only the product with the
//! state has to wait for the step before. In between, numbers lie with the steps first, `[steps, n, …]`, so that each
//! step is one block.

mod cell;
mod memo;

use serde::{Deserialize, Serialize};

pub(super) use cell::activate;
pub use cell::{BackwardStep, Cell, ForwardStep};
use memo::{Memo, Way, pair};

use super::LayerSpec;
use super::reshape::takes_steps;
use crate::field::{Choice, Described, Settings};
use crate::graph::{Direction, Operation, Tensor};
use crate::init::{Init, Initializer};
use crate::kernels::matmul::{Matrix, MatrixMut, Write, matmul};
use crate::kernels::vector::{add, sum_rows};
use crate::kernels::vectorized;
use crate::layer::{Backward, DecodeStep, Decoding, Forward, InsideLayer, Layer, ParamInfo, Transposed};
use crate::regularizer::Regularizer;
use crate::shape::Shape;
use crate::spec::{Fix, Plan, ShapeError, Spec};

/// Which of its outputs a recurrent layer returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Choice)]
#[serde(rename_all = "snake_case")]
pub enum Returns {
    /// The output of the last step, `[units]`: a summary of the sequence.
    #[default]
    LastStep,
    /// The outputs of all steps, `[steps, units]`, as another recurrent layer takes them.
    AllSteps,
}

impl Returns {
    /// " all steps", or nothing for the last.
    fn suffix(self) -> &'static str {
        if self == Self::AllSteps { " all steps" } else { "" }
    }
}

/// A recurrent layer, which reads a sequence step by step and keeps a state. What a step does is its cell.
///
/// Shapes: `[n, steps, features]` to `[n, units]` or `[n, steps, units]`, twice as many units if it is bidirectional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields, bound = "")]
#[settings(undescribed)]
pub struct Recurrent<C: Cell> {
    /// Size of the state that is carried from step to step. Twice as many units take four times as long.
    #[field(default = 64, range = 1..=512)]
    pub units: usize,
    /// The last step summarizes the sequence for Dense; another recurrent layer needs all steps.
    #[field(default = Returns::LastStep)]
    pub returns: Returns,
    /// A second set of weights reads the sequence from its end, so that a step knows what follows it, in twice the time.
    ///
    /// Its outputs stand behind those of the first, as in Keras' `Bidirectional` and in PyTorch.
    #[field(default = false)]
    pub bidirectional: bool,
    /// Begins each batch in the state in which the sample at the same place of the batch before ended, so that a text of any length is
    /// read on; gradients still end at the first step (truncated backpropagation).
    ///
    /// Keras' `stateful=True`; Williams & Peng 1990, *An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Network
    /// Trajectories*.
    #[field(default = false)]
    #[serde(skip_serializing_if = "is_off")]
    pub stateful: bool,
    /// Initial values of the kernel; the recurrent kernel starts orthogonal. Glorot is Keras' default.
    #[field(label = "Initializer", default = Initializer::GlorotUniform)]
    pub init: Initializer,
    /// Of this layer's kernels alone.
    #[group]
    pub penalty: Regularizer,
    /// What one step computes.
    #[serde(skip)]
    pub cell: C,
}

fn is_off(switch: &bool) -> bool {
    !switch
}

impl<C: Cell> Spec for Recurrent<C>
where
    Self: Described,
    LayerSpec: From<Self>,
{
    /// "64 bidirectional all steps", "64 stateful"
    fn detail(&self) -> String {
        let both = if self.bidirectional { " bidirectional" } else { "" };
        let stateful = if self.stateful { " stateful" } else { "" };
        format!("{}{both}{stateful}{}", self.units, self.returns.suffix())
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        let [steps, features] = takes_steps(Self::LABEL, input)?;
        if self.bidirectional && self.stateful {
            let forwards = Self { bidirectional: false, ..self.clone() };
            return Err(ShapeError::new(format!(
                "A bidirectional {} cannot be stateful: what reads from the end has no batch before it to go on from. Turn bidirectional off.",
                Self::LABEL
            ))
            .with_fix(Fix::Replace(forwards.into())));
        }
        let outputs = self.directions().len() * self.units;
        let weights = (features + self.units) * C::GATES * outputs;
        let output = match self.returns {
            Returns::LastStep => Shape::flat(outputs),
            Returns::AllSteps => Shape::steps(steps, outputs),
        };
        let biases = BuiltRecurrent::<C>::BIASES * C::GATES * outputs;
        Ok(Plan { output, params: weights + biases, multiply_adds: (steps * weights) as u64 })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let [steps, features] = input.as_steps().unwrap_or([0; 2]);
        Box::new(BuiltRecurrent { steps, features, spec: self.clone() })
    }

    fn operations<'a>(&self, _input: Shape, params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        let count = self.directions().len();
        let directions = self.directions().map(|at| {
            let part = |of: usize| params.get(of * count + at).cloned();
            Some(Direction { kernel: part(0)?, recurrent: part(1)?, bias: part(2)? })
        });
        Some(vec![C::operation(directions.collect::<Option<_>>()?, self.returns)])
    }

    fn regularizer(&self) -> Regularizer {
        self.penalty
    }
}

impl<C: Cell> Recurrent<C> {
    fn directions(&self) -> std::ops::Range<usize> {
        0..if self.bidirectional { 2 } else { 1 }
    }
}

struct BuiltRecurrent<C: Cell> {
    steps: usize,
    features: usize,
    spec: Recurrent<C>,
}

impl<C: Cell> BuiltRecurrent<C> {
    /// One bias for input and state together, unless their parts of a sum are kept apart.
    const BIASES: usize = if C::SHARED == C::GATES { 1 } else { 2 };

    fn gates(&self) -> usize {
        C::GATES * self.spec.units
    }

    fn kept(&self) -> usize {
        C::KEPT * self.spec.units
    }

    fn shared(&self) -> usize {
        C::SHARED * self.spec.units
    }

    /// Numbers per sample in the memo of one direction.
    fn direction_memo_len(&self) -> usize {
        self.steps * (self.features + self.gates()) + (self.steps + 1) * (self.kept() + self.spec.units)
    }

    /// Numbers per sample that pass from one step to the next: the output, and what is kept for the next step.
    fn carried(&self) -> usize {
        self.spec.units + C::CARRIED * self.spec.units
    }

    /// Lays a state, zeros if there is none, before the first step.
    fn begin(&self, samples: usize, state: &[f32], memo: &mut Memo<'_>) {
        let (units, kept_len) = (self.spec.units, self.kept());
        memo.kept[..samples * kept_len].fill(0.0);
        memo.outputs[..samples * units].fill(0.0);
        for (sample, state) in state.chunks_exact(self.carried()).enumerate() {
            let (output, kept) = state.split_at(units);
            memo.outputs[sample * units..][..units].copy_from_slice(output);
            memo.kept[sample * kept_len..][..kept.len()].copy_from_slice(kept);
        }
    }

    /// Takes the state after the last step.
    fn end(&self, samples: usize, memo: &Memo<'_>, state: &mut [f32]) {
        let (units, kept_len) = (self.spec.units, self.kept());
        let last = self.steps * samples;
        for (sample, state) in state.chunks_exact_mut(self.carried()).enumerate() {
            let (output, kept) = state.split_at_mut(units);
            output.copy_from_slice(&memo.outputs[(last + sample) * units..][..units]);
            let len = kept.len();
            kept.copy_from_slice(&memo.kept[(last + sample) * kept_len..][..len]);
        }
    }

    fn memo<'a>(&self, samples: usize, memo: &'a mut [f32]) -> Memo<'a> {
        let (inputs, rest) = memo.split_at_mut(samples * self.steps * self.features);
        let (gates, rest) = rest.split_at_mut(samples * self.steps * self.gates());
        let (kept, outputs) = rest.split_at_mut(samples * (self.steps + 1) * self.kept());
        Memo { inputs, gates, kept, outputs: &mut outputs[..samples * (self.steps + 1) * self.spec.units] }
    }

    fn way_of_inputs(&self, samples: usize, direction: usize) -> Way {
        Way { samples, steps: self.steps, width: self.features, first: 0, backwards: direction == 1 }
    }

    fn way_of_outputs(&self, samples: usize, direction: usize) -> Way {
        let Recurrent { units, returns, .. } = self.spec;
        let steps = if returns == Returns::AllSteps { self.steps } else { 1 };
        Way {
            samples,
            steps,
            width: self.spec.directions().len() * units,
            first: direction * units,
            backwards: direction == 1,
        }
    }

    /// Numbers in one kernel, recurrent kernel and bias. Each lies before its like of the other direction.
    fn part_lens(&self) -> [usize; 3] {
        [self.features * self.gates(), self.spec.units * self.gates(), Self::BIASES * self.gates()]
    }

    /// Kernel, recurrent kernel and bias of a direction.
    fn parts<'a>(&self, params: &'a [f32], direction: usize) -> [&'a [f32]; 3] {
        let ([kernel, recurrent, bias], count) = (self.part_lens(), self.spec.directions().len());
        let (kernels, rest) = params.split_at(count * kernel);
        let (recurrents, biases) = rest.split_at(count * recurrent);
        let part = |parts: &'a [f32], len: usize| &parts[direction * len..][..len];
        [part(kernels, kernel), part(recurrents, recurrent), part(biases, bias)]
    }

    fn parts_mut<'a>(&self, params: &'a mut [f32], direction: usize) -> [&'a mut [f32]; 3] {
        let ([kernel, recurrent, bias], count) = (self.part_lens(), self.spec.directions().len());
        let (kernels, rest) = params.split_at_mut(count * kernel);
        let (recurrents, biases) = rest.split_at_mut(count * recurrent);
        let part = |parts: &'a mut [f32], len: usize| &mut parts[direction * len..][..len];
        [part(kernels, kernel), part(recurrents, recurrent), part(biases, bias)]
    }

    /// `dW = xᵀ·dz`, `dU = hᵀ·dz` and `db = Σ dz` over all steps, `dz` being in `gates`; for the gates that are not shared
    /// that of the state's part is in `kept`.
    fn gradients_of_params(
        &self,
        samples: usize,
        memo: &Memo<'_>,
        [grad_kernel, grad_recurrent, grad_bias]: [&mut [f32]; 3],
    ) {
        let Self { steps, features, spec: Recurrent { units, .. } } = *self;
        let (rows, gates_len, kept_len, shared) = (steps * samples, self.gates(), self.kept(), self.shared());
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
}

impl<C: Cell> Layer for BuiltRecurrent<C> {
    /// The kernel starts as chosen, the recurrent kernel orthogonal.
    fn params(&self) -> Vec<ParamInfo> {
        let Self { features, spec: Recurrent { units, init, .. }, .. } = *self;
        let gates = self.gates();
        let bias_dims: &[usize] = if Self::BIASES == 1 { &[gates] } else { &[Self::BIASES, gates] };
        let kernel_init = init.of(&[features, gates], features, gates);
        let of_direction = |names: [&'static str; 2], dims: &[usize], init: Init| {
            names[..self.spec.directions().len()]
                .iter()
                .map(|name| ParamInfo::new(name, dims, init))
                .collect::<Vec<_>>()
        };
        [
            of_direction(["kernel", "backward_kernel"], &[features, gates], kernel_init),
            of_direction(
                ["recurrent_kernel", "backward_recurrent_kernel"],
                &[units, gates],
                Init::Orthogonal { rows: units, cols: gates },
            ),
            of_direction(["bias", "backward_bias"], bias_dims, C::BIAS),
        ]
        .concat()
    }

    fn inside(&self, memo: &[f32]) -> Vec<InsideLayer> {
        let (units, steps) = (self.spec.units, self.steps);
        let mut found = Vec::new();
        for direction in self.spec.directions() {
            let memo = &memo[direction * self.direction_memo_len()..][..self.direction_memo_len()];
            let (gates, rest) = memo[steps * self.features..].split_at(steps * self.gates());
            let (kept, outputs) = rest.split_at((steps + 1) * self.kept());
            let mut add = |name: &str, numbers: &[f32], width: usize, first: usize| {
                let row = |step: usize| &numbers[step * width + first..][..units];
                let mut rows: Vec<&[f32]> = (0..steps).map(row).collect();
                // In the order of the sequence.
                if direction == 1 {
                    rows.reverse();
                }
                let of = if direction == 1 { ", backward" } else { "" };
                let (name, shape) = (format!("{name}{of}"), Shape::steps(steps, units));
                found.push(InsideLayer { name, shape, values: rows.concat() });
            };
            for (at, name) in C::GATE_NAMES.iter().enumerate() {
                add(name, gates, self.gates(), at * units);
            }
            if let Some(name) = C::KEPT_NAME {
                add(name, &kept[self.kept()..], self.kept(), 0);
            }
            if self.spec.returns == Returns::LastStep {
                add("state h", &outputs[units..], units, 0);
            }
        }
        found
    }

    fn memo_len(&self) -> usize {
        self.spec.directions().len() * self.direction_memo_len()
    }

    fn state_len(&self) -> usize {
        if self.spec.stateful { self.carried() } else { 0 }
    }

    /// For `forward` the state's part of the sums, and the memo of a direction outside of training; for `backward` the
    /// gradients that pass from step to step.
    fn scratch_len(&self, samples: usize) -> usize {
        let forward = samples * (self.gates() + self.direction_memo_len());
        forward.max(samples * (self.spec.units + self.kept()))
    }

    /// The recurrent kernels of both directions, which lie one below the other.
    fn transposed(&self, _first: bool) -> Option<Transposed> {
        let (directions, columns) = (self.spec.directions().len(), self.gates());
        let (offset, rows) = (directions * self.features * columns, directions * self.spec.units);
        Some(Transposed { offset, rows, columns, panel: rows })
    }

    fn forward(&self, pass: Forward<'_>) {
        let Self { steps, features, spec: Recurrent { units, returns, .. } } = *self;
        let (n, gates_len, kept_len) = (pass.samples, self.gates(), self.kept());
        let (recurrent, rest) = pass.scratch.split_at_mut(n * gates_len);
        for direction in self.spec.directions() {
            let mut memo = match pass.memo.get_mut(direction * n * self.direction_memo_len()..) {
                Some(memo) if !memo.is_empty() => self.memo(n, memo),
                _ => self.memo(n, rest),
            };
            let [kernel, recurrent_kernel, bias] = self.parts(pass.params, direction);
            let kernel = Matrix::new(kernel, features, gates_len);
            let recurrent_kernel = Matrix::new(recurrent_kernel, units, gates_len);

            self.way_of_inputs(n, direction).gather(pass.input, memo.inputs, features);
            let inputs = Matrix::new(memo.inputs, steps * n, features);
            matmul(MatrixMut::new(memo.gates, steps * n, gates_len), inputs, kernel, Write::Replace);
            self.begin(n, pass.state, &mut memo);
            for (step, gates) in memo.gates.chunks_exact_mut(n * gates_len).enumerate() {
                let (output_before, output) = pair(memo.outputs, step, n * units);
                let (kept_before, kept) = pair(memo.kept, step, n * kept_len);
                let state = Matrix::new(output_before, n, units);
                matmul(MatrixMut::new(recurrent, n, gates_len), state, recurrent_kernel, Write::Replace);
                let step = ForwardStep { units, bias, recurrent, gates, kept_before, kept, output_before, output };
                vectorized!(C::forward(step));
            }
            self.end(n, &memo, pass.state);
            let first = if returns == Returns::AllSteps { 1 } else { steps };
            let outputs = &memo.outputs[first * n * units..];
            self.way_of_outputs(n, direction).scatter(outputs, pass.output, units, Write::Replace);
        }
    }

    /// Only where every step is returned, and none is read from the end.
    fn decoding(&self) -> Option<Decoding> {
        let Recurrent { units, returns, bidirectional, .. } = self.spec;
        let state = 2 * (units + self.kept());
        let decoding = Decoding { state, ..Decoding::step_alone(self.features) };
        (returns == Returns::AllSteps && !bidirectional).then_some(decoding)
    }

    /// The state is what the step before has kept and given, and room for the same of this one.
    fn decode(&self, step: DecodeStep<'_>) {
        let DecodeStep { params, input, output, state, scratch, .. } = step;
        let Self { features, spec: Recurrent { units, .. }, .. } = *self;
        let gates_len = self.gates();
        let [kernel, recurrent_kernel, bias] = self.parts(params, 0);
        let (before, now) = state.split_at_mut(units + self.kept());
        let (output_before, kept_before) = before.split_at(units);
        let kept = &mut now[units..];
        let (gates, rest) = scratch.split_at_mut(gates_len);
        let recurrent = &mut rest[..gates_len];
        let product = |input: &[f32], kernel: &[f32], gates: &mut [f32]| {
            let kernel = Matrix::new(kernel, input.len(), gates_len);
            matmul(MatrixMut::new(gates, 1, gates_len), Matrix::new(input, 1, input.len()), kernel, Write::Replace);
        };
        product(&input[..features], kernel, gates);
        product(output_before, recurrent_kernel, recurrent);
        let step =
            ForwardStep { units, bias, recurrent, gates, kept_before, kept, output_before, output: &mut *output };
        vectorized!(C::forward(step));
        before[..units].copy_from_slice(output);
        before[units..].copy_from_slice(&now[units..]);
    }

    /// With `dz` for the gradients of the sums, step by step from the last: `dh_before += dz·Uᵀ`. Then all steps at once.
    fn backward(&self, pass: Backward<'_>) {
        let Self { steps, features, spec: Recurrent { units, returns, .. } } = *self;
        let (n, gates_len, kept_len, shared) = (pass.samples, self.gates(), self.kept(), self.shared());
        let (grad, rest) = pass.scratch.split_at_mut(n * units);
        let grad_kept = &mut rest[..n * kept_len];
        let mut grad_input = pass.grad_input;
        for direction in self.spec.directions() {
            let memo = self.memo(n, &mut pass.memo[direction * n * self.direction_memo_len()..]);
            let [kernel, _, _] = self.parts(pass.params, direction);
            let width = self.spec.directions().len() * units;
            let (ours, theirs) = pass.transposed.split_at(shared * width);
            let ours = Matrix::strided(&ours[direction * units..], shared, units, width);
            let way = self.way_of_outputs(n, direction);
            match returns {
                Returns::LastStep => way.gather(pass.grad_output, grad, units),
                Returns::AllSteps => grad.fill(0.0),
            }
            grad_kept.fill(0.0);
            for (step, gates) in memo.gates.chunks_exact_mut(n * gates_len).enumerate().rev() {
                if returns == Returns::AllSteps {
                    for (sample, grad) in grad.chunks_exact_mut(units).enumerate() {
                        add(grad, &pass.grad_output[way.at(step * n + sample)..][..units]);
                    }
                }
                let (output_before, output) = pair(memo.outputs, step, n * units);
                let (kept_before, kept) = pair(memo.kept, step, n * kept_len);
                let step = BackwardStep { units, gates, kept_before, kept, output_before, output, grad, grad_kept };
                vectorized!(C::backward(step));
                let gates = Matrix::strided(gates, n, shared, gates_len);
                matmul(MatrixMut::new(grad, n, units), gates, ours, Write::Add);
                if shared < gates_len {
                    let theirs = Matrix::strided(&theirs[direction * units..], kept_len, units, width);
                    matmul(MatrixMut::new(grad, n, units), Matrix::new(kept, n, kept_len), theirs, Write::Add);
                }
            }
            self.gradients_of_params(n, &memo, self.parts_mut(pass.grad_params, direction));
            if let Some(grad_input) = &mut grad_input {
                let gates = Matrix::new(memo.gates, steps * n, gates_len);
                let grads = MatrixMut::new(memo.inputs, steps * n, features);
                matmul(grads, gates, Matrix::new(kernel, features, gates_len).t(), Write::Replace);
                let write = if direction == 0 { Write::Replace } else { Write::Add };
                self.way_of_inputs(n, direction).scatter(memo.inputs, grad_input, features, write);
            }
        }
    }
}
