use serde::{Deserialize, Serialize};

use crate::field::Settings;
use crate::graph::{Operation, Tensor};
use crate::kernels::rows;
use crate::layer::{Backward, Decoding, Forward, Layer};
use crate::shape::Shape;
use crate::spec::{Plan, ShapeError, Spec};

/// Turns logits into probabilities. Softmax cross-entropy has a softmax built in: with another one before it, the network
/// learns slowly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(group = "Dense layers and activations", formula = "yᵢ = exp(xᵢ) / Σⱼ exp(xⱼ), over the last axis")]
pub struct Softmax {}

impl Spec for Softmax {
    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        Ok(Plan::free(input))
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltSoftmax { width: input.channels() })
    }

    fn operations<'a>(&self, _input: Shape, _params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        Some(vec![Operation::Softmax])
    }
}

struct BuiltSoftmax {
    width: usize,
}

impl Layer for BuiltSoftmax {
    fn decoding(&self) -> Option<Decoding> {
        Some(Decoding::step_alone(self.width))
    }

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
