use serde::{Deserialize, Serialize};

use super::recurrent::{self, BackwardStep, Cell, ForwardStep, Options, Recurrent, Returns, activate};
use crate::init::{Init, Initializer};
use crate::kernels::vector::{sigmoid, tanh};
use crate::knob::Knob;
use crate::layer::{Layer, Plan, Spec};
use crate::penalty::Penalty;
use crate::shape::{Shape, ShapeError};

/// Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000): beside its output
/// `h` it carries a cell `c`, to which every step only adds, so that what was read long ago is still there.
///
/// `i = σ(zᵢ)`, `f = σ(z_f)`, `g = tanh(z_g)`, `o = σ(zₒ)` with `z = xₜ·W + hₜ₋₁·U + b`;
/// `cₜ = f ⊙ cₜ₋₁ + i ⊙ g`, `hₜ = o ⊙ tanh(cₜ)`, beginning with `h₀ = c₀ = 0`.
///
/// Shapes: `[n, steps, features]` to `[n, units]` or `[n, steps, units]`, kernel `W` `[features, 4 units]`, recurrent
/// kernel `U` `[units, 4 units]`, bias `[4 units]`; the four parts in the order i, f, g, o of both Keras and PyTorch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lstm {
    pub units: usize,
    pub returns: Returns,
    pub bidirectional: bool,
    pub init: Initializer,
    pub penalty: Penalty,
}

impl Default for Lstm {
    fn default() -> Self {
        Self {
            units: 64,
            returns: Returns::LastStep,
            bidirectional: false,
            init: Initializer::default(),
            penalty: Penalty::default(),
        }
    }
}

impl Lstm {
    fn options(&self) -> Options {
        let Self { units, returns, bidirectional, init, .. } = *self;
        Options { units, returns, bidirectional, init }
    }
}

impl Spec for Lstm {
    fn label(&self) -> &'static str {
        LstmCell::NAME
    }

    fn detail(&self) -> String {
        self.options().detail()
    }

    fn help(&self) -> &'static str {
        "Reads a sequence step by step; gates decide what it forgets, adds and tells, so it remembers for long."
    }

    fn formula(&self) -> &'static str {
        "cₜ = f⊙cₜ₋₁ + i⊙g, hₜ = o⊙tanh(cₜ); i, f, o = σ(z), g = tanh(z) with z = xₜ·W + hₜ₋₁·U + b for each"
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        self.options().plan::<LstmCell>(input)
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(Recurrent::<LstmCell>::new(self.options(), input))
    }

    fn penalty(&self) -> Penalty {
        self.penalty
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { units, returns, bidirectional, init, penalty } = self;
        recurrent::knobs(units, returns, bidirectional, init).into_iter().chain(penalty.knobs()).collect()
    }
}

/// Keeps `c`.
struct LstmCell;

impl Cell for LstmCell {
    const NAME: &'static str = "LSTM";
    const GATES: usize = 4;
    const KEPT: usize = 1;
    const BIAS: Init = Init::UnitForgetGate;

    #[inline(always)]
    fn forward(step: ForwardStep<'_>) {
        let ForwardStep { units, bias, recurrent, gates, kept_before, kept, output, .. } = step;
        let rows = gates.chunks_exact_mut(4 * units).zip(recurrent.chunks_exact(4 * units));
        let states = kept_before.chunks_exact(units).zip(kept.chunks_exact_mut(units));
        for (((gates, recurrent), (before, cell)), output) in rows.zip(states).zip(output.chunks_exact_mut(units)) {
            let (g, o) = (2 * units, 3 * units);
            activate(&mut gates[..g], &recurrent[..g], &bias[..g], sigmoid);
            activate(&mut gates[g..o], &recurrent[g..o], &bias[g..o], tanh);
            activate(&mut gates[o..], &recurrent[o..], &bias[o..], sigmoid);
            remember(gates, before, cell, output);
        }
    }

    #[inline(always)]
    fn backward(step: BackwardStep<'_>) {
        let BackwardStep { units, gates, kept_before, kept, grad, grad_kept, .. } = step;
        let rows = gates.chunks_exact_mut(4 * units).zip(grad.chunks_exact_mut(units));
        let states = kept_before.chunks_exact(units).zip(kept.chunks_exact(units));
        for (((gates, grad), (before, cell)), grad_cell) in rows.zip(states).zip(grad_kept.chunks_exact_mut(units)) {
            let (i, rest) = gates.split_at_mut(units);
            let (f, rest) = rest.split_at_mut(units);
            let (g, o) = rest.split_at_mut(units);
            through_output(o, cell, grad, grad_cell);
            through_cell(i, f, g, before, grad_cell);
        }
    }
}

/// `c = f ⊙ c_before + i ⊙ g`, `h = o ⊙ tanh(c)`
#[inline(always)]
fn remember(gates: &[f32], before: &[f32], cell: &mut [f32], output: &mut [f32]) {
    let units = output.len();
    let gate = |at: usize| &gates[at * units..][..units];
    let (i, f, g, o, before, cell) = (gate(0), gate(1), gate(2), gate(3), &before[..units], &mut cell[..units]);
    for at in 0..units {
        cell[at] = f[at] * before[at] + i[at] * g[at];
        output[at] = o[at] * tanh(cell[at]);
    }
}

/// `dzₒ = dh ⊙ tanh(c) ⊙ o(1 - o)`, `dc += dh ⊙ o ⊙ (1 - tanh²(c))`
#[inline(always)]
fn through_output(o: &mut [f32], cell: &[f32], grad: &mut [f32], grad_cell: &mut [f32]) {
    let units = o.len();
    let (cell, grad, grad_cell) = (&cell[..units], &mut grad[..units], &mut grad_cell[..units]);
    for at in 0..units {
        let (gate, tanh) = (o[at], tanh(cell[at]));
        o[at] = grad[at] * tanh * gate * (1.0 - gate);
        grad_cell[at] += grad[at] * gate * (1.0 - tanh * tanh);
        grad[at] = 0.0;
    }
}

/// `dzᵢ = dc ⊙ g ⊙ i(1 - i)`, `dz_f = dc ⊙ c_before ⊙ f(1 - f)`, `dz_g = dc ⊙ i ⊙ (1 - g²)`, `dc_before = dc ⊙ f`
#[inline(always)]
fn through_cell(i: &mut [f32], f: &mut [f32], g: &mut [f32], before: &[f32], grad_cell: &mut [f32]) {
    let units = i.len();
    let (f, g, before, grad_cell) = (&mut f[..units], &mut g[..units], &before[..units], &mut grad_cell[..units]);
    for at in 0..units {
        let (input, forget, new, grad) = (i[at], f[at], g[at], grad_cell[at]);
        i[at] = grad * new * input * (1.0 - input);
        f[at] = grad * before[at] * forget * (1.0 - forget);
        g[at] = grad * input * (1.0 - new * new);
        grad_cell[at] = grad * forget;
    }
}
