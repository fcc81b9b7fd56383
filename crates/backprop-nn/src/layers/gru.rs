use super::recurrent::{BackwardStep, Cell, ForwardStep, Recurrent, Returns, activate};
use crate::field::Described;
use crate::graph::{Direction, Operation};
use crate::kernels::vector::{sigmoid, tanh};

/// The gated recurrent unit (Cho et al. 2014), with the reset gate after the product, as in PyTorch and Keras by default.
///
/// `z = σ(xₜ·W_z + b_z + hₜ₋₁·U_z + b'_z)`, `r` likewise, `g = tanh(xₜ·W_g + b_g + r ⊙ (hₜ₋₁·U_g + b'_g))`;
/// `hₜ = (1 - z) ⊙ g + z ⊙ hₜ₋₁`, beginning with `h₀ = 0`, or where the batch before ended if it is stateful.
///
/// Kernel `W` `[features, 3 units]`, recurrent kernel `U` `[units, 3 units]`, bias `[2, 3 units]` with `b` and `b'`; the
/// three parts in the order z, r, g of Keras (PyTorch has r, z, g).
pub type Gru = Recurrent<GruCell>;

impl Described for Gru {
    const LABEL: &'static str = "GRU";
    const GROUP: &'static str = "Sequences and words";
    const FORMULA: &'static str =
        "hₜ = (1 - z)⊙g + z⊙hₜ₋₁; z, r = σ(xₜ·W + hₜ₋₁·U + b), g = tanh(xₜ·W + b + r⊙(hₜ₋₁·U + b'))";
    const HELP: &'static str =
        "Gated recurrent unit: an update gate and a reset gate decide how the state changes. Lighter than an LSTM.";
}

/// The step of [`Gru`]; keeps `s = h·U_g + b'_g`, which the reset gate multiplies, and then its gradient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GruCell;

impl Cell for GruCell {
    const GATES: usize = 3;
    const SHARED: usize = 2;
    const KEPT: usize = 1;
    const CARRIED: usize = 0;
    const GATE_NAMES: &'static [&'static str] = &["update gate z", "reset gate r", "candidate g"];

    fn operation(directions: Vec<Direction<'_>>, returns: Returns) -> Operation<'_> {
        Operation::Gru { directions, returns }
    }

    #[inline(always)]
    fn forward(step: ForwardStep<'_>) {
        let ForwardStep { units, bias, recurrent, gates, kept, output_before, output, .. } = step;
        let (bias, state_bias) = bias.split_at(3 * units);
        let rows = gates.chunks_exact_mut(3 * units).zip(recurrent.chunks_exact(3 * units));
        let states = output_before.chunks_exact(units).zip(output.chunks_exact_mut(units));
        for (((gates, recurrent), (before, output)), kept) in rows.zip(states).zip(kept.chunks_exact_mut(units)) {
            let (zr, g) = gates.split_at_mut(2 * units);
            for (gate, bias) in zr.iter_mut().zip(state_bias) {
                *gate += bias;
            }
            activate(zr, recurrent, bias, sigmoid);
            let (z, r) = zr.split_at(units);
            for ((kept, recurrent), bias) in kept.iter_mut().zip(&recurrent[2 * units..]).zip(&state_bias[2 * units..])
            {
                *kept = recurrent + bias;
            }
            candidate(g, r, kept, &bias[2 * units..]);
            renew(output, z, g, before);
        }
    }

    #[inline(always)]
    fn backward(step: BackwardStep<'_>) {
        let BackwardStep { units, gates, kept, output_before, grad, .. } = step;
        let rows = gates.chunks_exact_mut(3 * units).zip(grad.chunks_exact_mut(units));
        let states = output_before.chunks_exact(units).zip(kept.chunks_exact_mut(units));
        for ((gates, grad), (before, kept)) in rows.zip(states) {
            let (z, rest) = gates.split_at_mut(units);
            let (r, g) = rest.split_at_mut(units);
            through_output(z, g, before, grad);
            through_candidate(r, g, kept);
        }
    }
}

/// `g = tanh(g + b + r ⊙ s)`
#[inline(always)]
fn candidate(g: &mut [f32], r: &[f32], kept: &[f32], bias: &[f32]) {
    let units = g.len();
    let (r, kept, bias) = (&r[..units], &kept[..units], &bias[..units]);
    for at in 0..units {
        g[at] = tanh(g[at] + bias[at] + r[at] * kept[at]);
    }
}

/// `h = (1 - z) ⊙ g + z ⊙ h_before`
#[inline(always)]
fn renew(output: &mut [f32], z: &[f32], g: &[f32], before: &[f32]) {
    let units = output.len();
    let (z, g, before) = (&z[..units], &g[..units], &before[..units]);
    for at in 0..units {
        output[at] = g[at] + z[at] * (before[at] - g[at]);
    }
}

/// `dz_z = dh ⊙ (h_before - g) ⊙ z(1 - z)`, `dz_g = dh ⊙ (1 - z) ⊙ (1 - g²)`, `dh_before = dh ⊙ z`
#[inline(always)]
fn through_output(z: &mut [f32], g: &mut [f32], before: &[f32], grad: &mut [f32]) {
    let units = z.len();
    let (g, before, grad) = (&mut g[..units], &before[..units], &mut grad[..units]);
    for at in 0..units {
        let (update, new, dh) = (z[at], g[at], grad[at]);
        z[at] = dh * (before[at] - new) * update * (1.0 - update);
        g[at] = dh * (1.0 - update) * (1.0 - new * new);
        grad[at] = dh * update;
    }
}

/// `dz_r = dz_g ⊙ s ⊙ r(1 - r)`, `ds = dz_g ⊙ r`
#[inline(always)]
fn through_candidate(r: &mut [f32], grad_g: &[f32], kept: &mut [f32]) {
    let units = r.len();
    let (grad_g, kept) = (&grad_g[..units], &mut kept[..units]);
    for at in 0..units {
        let (reset, dz) = (r[at], grad_g[at]);
        r[at] = dz * kept[at] * reset * (1.0 - reset);
        kept[at] = dz * reset;
    }
}
