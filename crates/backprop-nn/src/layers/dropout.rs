use rand::Rng as _;
use serde::{Deserialize, Serialize};

use crate::init::stream;
use crate::knob::Knob;
use crate::layer::{Backward, Forward, Layer, Mode, Plan, Spec};
use crate::shape::{Shape, ShapeError};

/// Sets a random share of the numbers to zero while training, and scales the rest by `1 / (1 - rate)` so that nothing
/// has to change when the network is used (Srivastava et al. 2014, in the inverted form).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dropout {
    pub rate: f32,
}

impl Default for Dropout {
    fn default() -> Self {
        Self { rate: 0.25 }
    }
}

impl Spec for Dropout {
    fn label(&self) -> &'static str {
        "Dropout"
    }

    fn detail(&self) -> String {
        format!("{:.0} %", self.rate * 100.0)
    }

    fn help(&self) -> &'static str {
        "Silences random numbers while training, so that the network cannot rely on any single one."
    }

    fn formula(&self) -> &'static str {
        "y = x·m / (1 - rate), m = 0 with probability rate, else 1; y = x when it does not train"
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        Ok(Plan { output: input, params: 0, multiply_adds: 0 })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltDropout { rate: self.rate, values: input.len() })
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        vec![Knob::real(
            "rate",
            "Rate",
            &mut self.rate,
            0.0..=0.9,
            0.25,
            "The share that is silenced; too much, and the network cannot learn even the training set.",
        )]
    }
}

struct BuiltDropout {
    rate: f32,
    values: usize,
}

impl Layer for BuiltDropout {
    /// The factor of every number: zero, or `1 / (1 - rate)`.
    fn memo_len(&self) -> usize {
        self.values
    }

    fn forward(&self, pass: Forward<'_>) {
        let Mode::Train { seed } = pass.mode else {
            return pass.output.copy_from_slice(pass.input);
        };
        let mut rng = stream(seed, 0);
        let threshold = (f64::from(self.rate) * f64::from(u32::MAX)) as u32;
        let keep = 1.0 / (1.0 - self.rate);
        for ((output, input), factor) in pass.output.iter_mut().zip(pass.input).zip(pass.memo) {
            *factor = if rng.next_u32() < threshold { 0.0 } else { keep };
            *output = input * *factor;
        }
    }

    fn backward(&self, pass: Backward<'_>) {
        if let Some(grad_input) = pass.grad_input {
            for ((grad_input, grad), factor) in grad_input.iter_mut().zip(&*pass.grad_output).zip(pass.memo) {
                *grad_input = *grad * *factor;
            }
        }
    }
}
