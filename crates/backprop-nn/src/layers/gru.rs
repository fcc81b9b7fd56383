use serde::{Deserialize, Serialize};

use super::recurrent::{self, BackwardStep, Cell, ForwardStep, Options, Recurrent, Returns, activate};
use crate::init::Initializer;
use crate::kernels::vector::{sigmoid, tanh};
use crate::knob::Knob;
use crate::layer::{Layer, Plan, Spec};
use crate::penalty::Penalty;
use crate::shape::{Shape, ShapeError};

/// The gated recurrent unit (Cho et al. 2014), with the reset gate after the product, as in PyTorch and Keras by default.
///
/// `z = σ(xₜ·W_z + b_z + hₜ₋₁·U_z + b'_z)`, `r` likewise, `g = tanh(xₜ·W_g + b_g + r ⊙ (hₜ₋₁·U_g + b'_g))`;
/// `hₜ = (1 - z) ⊙ g + z ⊙ hₜ₋₁`, beginning with `h₀ = 0`.
///
/// Shapes: `[n, steps, features]` to `[n, units]` or `[n, steps, units]`, kernel `W` `[features, 3 units]`, recurrent
/// kernel `U` `[units, 3 units]`, bias `[2, 3 units]` with `b` and `b'`; the three parts in the order z, r, g of Keras
/// (PyTorch has r, z, g).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gru {
    pub units: usize,
    pub returns: Returns,
    pub bidirectional: bool,
    pub init: Initializer,
    pub penalty: Penalty,
}

impl Default for Gru {
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

impl Gru {
    fn options(&self) -> Options {
        let Self { units, returns, bidirectional, init, .. } = *self;
        Options { units, returns, bidirectional, init }
    }
}

impl Spec for Gru {
    fn label(&self) -> &'static str {
        GruCell::NAME
    }

    fn detail(&self) -> String {
        self.options().detail()
    }

    fn help(&self) -> &'static str {
        "Reads a sequence step by step; two gates decide what to keep and what to renew. Lighter than an LSTM."
    }

    fn formula(&self) -> &'static str {
        "hₜ = (1 - z)⊙g + z⊙hₜ₋₁; z, r = σ(xₜ·W + hₜ₋₁·U + b), g = tanh(xₜ·W + b + r⊙(hₜ₋₁·U + b'))"
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        self.options().plan::<GruCell>(input)
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(Recurrent::<GruCell>::new(self.options(), input))
    }

    fn penalty(&self) -> Penalty {
        self.penalty
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { units, returns, bidirectional, init, penalty } = self;
        recurrent::knobs(units, returns, bidirectional, init).into_iter().chain(penalty.knobs()).collect()
    }
}

/// Keeps `s = h·U_g + b'_g`, which the reset gate multiplies, and then its gradient.
struct GruCell;

impl Cell for GruCell {
    const NAME: &'static str = "GRU";
    const GATES: usize = 3;
    const SHARED: usize = 2;
    const KEPT: usize = 1;

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
