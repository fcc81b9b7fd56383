use serde::{Deserialize, Serialize};

use crate::kernels::rows;
use crate::knob::Knob;
use crate::layer::{Backward, Forward, Layer, Plan, Spec};
use crate::shape::{Shape, ShapeError};

/// Makes the last axis positive with a sum of 1: `yᵢ = e^xᵢ / Σⱼ e^xⱼ`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Softmax {}

impl Spec for Softmax {
    fn label(&self) -> &'static str {
        "Softmax"
    }

    fn detail(&self) -> String {
        String::new()
    }

    fn help(&self) -> &'static str {
        "Turns scores into shares of 1, the largest taking most. The loss softmax cross-entropy has one built in: with another before it, it learns slowly."
    }

    fn formula(&self) -> &'static str {
        "yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ), over the last axis"
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        Ok(Plan { output: input, params: 0, multiply_adds: 0 })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltSoftmax { width: input.channels() })
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        Vec::new()
    }
}

struct BuiltSoftmax {
    width: usize,
}

impl Layer for BuiltSoftmax {
    fn forward(&self, pass: Forward<'_>) {
        pass.output.copy_from_slice(pass.input);
        rows::softmax(pass.output, self.width);
    }

    fn backward(&self, pass: Backward<'_>) {
        if let Some(grad_input) = pass.grad_input {
            rows::softmax_backward(pass.output, pass.grad_output, grad_input, self.width);
        }
    }
}
