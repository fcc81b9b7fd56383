use serde::{Deserialize, Serialize};

use super::recurrent::{self, BackwardStep, Cell, ForwardStep, Options, Recurrent, Returns};
use crate::init::Initializer;
use crate::kernels::vector::tanh;
use crate::knob::Knob;
use crate::layer::{Layer, Plan, Spec};
use crate::penalty::Penalty;
use crate::shape::{Shape, ShapeError};

/// The plain recurrent layer, Keras' `SimpleRNN`: `hₜ = tanh(xₜ·W + hₜ₋₁·U + b)`, beginning with `h₀ = 0`.
///
/// Shapes: `[n, steps, features]` to `[n, units]` or `[n, steps, units]`,
/// kernel `W` `[features, units]`, recurrent kernel `U` `[units, units]`, bias `[units]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rnn {
    pub units: usize,
    pub returns: Returns,
    pub bidirectional: bool,
    pub init: Initializer,
    pub penalty: Penalty,
}

impl Default for Rnn {
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

impl Rnn {
    fn options(&self) -> Options {
        let Self { units, returns, bidirectional, init, .. } = *self;
        Options { units, returns, bidirectional, init }
    }
}

impl Spec for Rnn {
    fn label(&self) -> &'static str {
        RnnCell::NAME
    }

    fn detail(&self) -> String {
        self.options().detail()
    }

    fn help(&self) -> &'static str {
        "Reads a sequence step by step, mixing each with what it remembers; what lies many steps back soon fades."
    }

    fn formula(&self) -> &'static str {
        "hₜ = tanh(xₜ·W + hₜ₋₁·U + b)"
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        self.options().plan::<RnnCell>(input)
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(Recurrent::<RnnCell>::new(self.options(), input))
    }

    fn penalty(&self) -> Penalty {
        self.penalty
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { units, returns, bidirectional, init, penalty } = self;
        recurrent::knobs(units, returns, bidirectional, init).into_iter().chain(penalty.knobs()).collect()
    }
}

struct RnnCell;

impl Cell for RnnCell {
    const NAME: &'static str = "RNN";
    const GATES: usize = 1;

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
