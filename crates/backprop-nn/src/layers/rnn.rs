use super::recurrent::{BackwardStep, Cell, ForwardStep, Recurrent, Returns};
use crate::field::Described;
use crate::graph::{Direction, Operation};
use crate::kernels::vector::tanh;

/// The simple recurrent layer, Keras' `SimpleRNN`: `hₜ = tanh(xₜ·W + hₜ₋₁·U + b)`, beginning with `h₀ = 0`, or where the batch before ended if it is stateful.
///
/// Kernel `W` `[features, units]`, recurrent kernel `U` `[units, units]`, bias `[units]`.
pub type Rnn = Recurrent<RnnCell>;

impl Described for Rnn {
    const LABEL: &'static str = "RNN";
    const GROUP: &'static str = "Sequences and words";
    const FORMULA: &'static str = "hₜ = tanh(xₜ·W + hₜ₋₁·U + b)";
    const HELP: &'static str =
        "Simple recurrent layer: each step mixes the input with the state. The gradient vanishes over many steps.";
}

/// The step of [`Rnn`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RnnCell;

impl Cell for RnnCell {
    const GATES: usize = 1;

    fn operation(directions: Vec<Direction<'_>>, returns: Returns) -> Operation<'_> {
        Operation::Rnn { directions, returns }
    }

    #[inline(always)]
    fn forward(step: ForwardStep<'_>) {
        let ForwardStep { units, bias, recurrent, gates, output, .. } = step;
        let rows = output.chunks_exact_mut(units).zip(gates.chunks_exact(units)).zip(recurrent.chunks_exact(units));
        for ((output, gates), recurrent) in rows {
            for (((output, gate), recurrent), bias) in output.iter_mut().zip(gates).zip(recurrent).zip(bias) {
                *output = tanh(gate + recurrent + bias);
            }
        }
    }

    /// `dz = dh ⊙ (1 - h²)`
    #[inline(always)]
    fn backward(step: BackwardStep<'_>) {
        let BackwardStep { gates, output, grad, .. } = step;
        for ((gate, grad), output) in gates.iter_mut().zip(grad).zip(output) {
            *gate = *grad * (1.0 - output * output);
            *grad = 0.0;
        }
    }
}
