use super::recurrent::{BackwardStep, Cell, ForwardStep, Recurrent, Returns, activate};
use crate::field::Described;
use crate::graph::{Direction, Operation};
use crate::init::Init;
use crate::kernels::vector::{sigmoid, tanh};

/// Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000): beside its output
/// `h` it carries a cell state `c`, to which every step only adds, so that what was read long ago is still there.
///
/// `i = σ(zᵢ)`, `f = σ(z_f)`, `g = tanh(z_g)`, `o = σ(zₒ)` with `z = xₜ·W + hₜ₋₁·U + b`;
/// `cₜ = f ⊙ cₜ₋₁ + i ⊙ g`, `hₜ = o ⊙ tanh(cₜ)`, beginning with `h₀ = c₀ = 0`, or where the batch before ended if it is stateful.
///
/// Kernel `W` `[features, 4 units]`, recurrent kernel `U` `[units, 4 units]`, bias `[4 units]`; the four parts in the
/// order i, f, g, o of both Keras and PyTorch.
pub type Lstm = Recurrent<LstmCell>;

impl Described for Lstm {
    const LABEL: &'static str = "LSTM";
    const GROUP: &'static str = "Sequences and words";
    const FORMULA: &'static str =
        "cₜ = f⊙cₜ₋₁ + i⊙g, hₜ = o⊙tanh(cₜ); i, f, o = σ(z), g = tanh(z) with z = xₜ·W + hₜ₋₁·U + b for each";
    const HELP: &'static str = "Long short-term memory: gates decide what the cell state forgets, takes in and outputs, so that it remembers for long.";
}

/// The step of [`Lstm`]; keeps `c`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LstmCell;

impl Cell for LstmCell {
    const GATES: usize = 4;
    const KEPT: usize = 1;
    const BIAS: Init = Init::UnitForgetGate;
    const GATE_NAMES: &'static [&'static str] = &["input gate i", "forget gate f", "candidate g", "output gate o"];
    const KEPT_NAME: Option<&'static str> = Some("cell state c");

    fn operation(directions: Vec<Direction<'_>>, returns: Returns) -> Operation<'_> {
        Operation::Lstm { directions, returns }
    }

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
