use serde::{Deserialize, Serialize};

use crate::activation::Function;
use crate::field::Settings;
use crate::graph::{Operation, Tensor};
use crate::layer::{Backward, Decoding, Forward, Fusible, Layer};
use crate::shape::Shape;
use crate::spec::{Plan, ShapeError, Spec};

/// Applies an activation function to every number. Without one between them, stacked layers compute no more than one
/// linear layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(group = "Dense layers and activations", formula = "y = f(x)")]
pub struct Activation {
    /// Which function. Sigmoid and tanh saturate for large numbers, where the gradient vanishes.
    #[field(default = Function::Relu)]
    pub function: Function,
}

impl Spec for Activation {
    fn detail(&self) -> String {
        self.function.about().label.to_owned()
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        Ok(Plan::free(input))
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltActivation { function: self.function, values: input.len() })
    }

    fn operations<'a>(&self, _input: Shape, _params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        Some(Operation::activation(self.function).into_iter().collect())
    }

    fn fusible(&self) -> Fusible {
        Fusible::Activation(self.function)
    }
}

struct BuiltActivation {
    function: Function,
    values: usize,
}

impl Layer for BuiltActivation {
    fn memo_len(&self) -> usize {
        self.function.memo_len(self.values)
    }

    fn decoding(&self) -> Option<Decoding> {
        Some(Decoding::number_alone())
    }

    fn forward(&self, pass: Forward<'_>) {
        pass.output.copy_from_slice(pass.input);
        self.function.forward(pass.output, pass.memo);
    }

    fn backward(&self, pass: Backward<'_>) {
        if let Some(grad_input) = pass.grad_input {
            grad_input.copy_from_slice(pass.grad_output);
            self.function.backward(grad_input, pass.output, pass.memo);
        }
    }
}
