use serde::{Deserialize, Serialize};

use crate::nn::knob::Knob;
use crate::nn::layer::{Backward, Forward, Layer, Plan, Spec};
use crate::nn::shape::{Shape, ShapeError};

/// Lays an image out as one row of numbers, channels last; no number changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flatten {}

impl Spec for Flatten {
    fn label(&self) -> &'static str {
        "Flatten"
    }

    fn detail(&self) -> String {
        String::new()
    }

    fn help(&self) -> &'static str {
        "Lays an image out as one row of numbers, which is what Dense takes."
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        Ok(Plan { output: Shape::flat(input.len()), params: 0, multiply_adds: 0 })
    }

    fn build(&self, _input: Shape) -> Box<dyn Layer> {
        Box::new(Reshape)
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        Vec::new()
    }
}

struct Reshape;

impl Layer for Reshape {
    fn is_reshape(&self) -> bool {
        true
    }

    fn forward(&self, pass: Forward<'_>) {
        pass.output.copy_from_slice(pass.input);
    }

    fn backward(&self, pass: Backward<'_>) {
        if let Some(grad_input) = pass.grad_input {
            grad_input.copy_from_slice(pass.grad_output);
        }
    }
}
