use serde::{Deserialize, Serialize};

use super::{Flatten, Function};
use crate::nn::init::Init;
use crate::nn::kernels::matmul::{Matrix, add_rows, matmul, sum_rows};
use crate::nn::knob::Knob;
use crate::nn::layer::{Backward, Forward, Layer, ParamInfo, Plan, Spec};
use crate::nn::shape::{Fix, Shape, ShapeError};

/// Every output is a weighted sum of every input: `y = f(x·W + b)`.
///
/// Shapes: `[n, inputs]` to `[n, units]`, kernel `[inputs, units]`, bias `[units]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dense {
    pub units: usize,
    pub activation: Function,
}

impl Dense {
    pub fn new(units: usize, activation: Function) -> Self {
        Self { units, activation }
    }
}

impl Default for Dense {
    fn default() -> Self {
        Self { units: 64, activation: Function::Relu }
    }
}

impl Spec for Dense {
    fn label(&self) -> &'static str {
        "Dense"
    }

    fn detail(&self) -> String {
        format!("{}{}", self.units, self.activation.suffix())
    }

    fn help(&self) -> &'static str {
        "Every output is a weighted sum of every input: the plain layer that decides at the end."
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        if !input.is_flat() {
            return Err(ShapeError::new(format!(
                "Dense takes a row of numbers, and an image {input} arrives. Flatten it first."
            ))
            .with_fix(Fix::Insert(Flatten {}.into())));
        }
        let weights = input.len() * self.units;
        Ok(Plan { output: Shape::flat(self.units), params: weights + self.units, multiply_adds: weights as u64 })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltDense { inputs: input.len(), units: self.units, activation: self.activation })
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { units, activation } = self;
        vec![
            Knob::whole(
                "units",
                "Units",
                units,
                1..=4096,
                64,
                "How many outputs; too few cannot tell the classes apart, too many learn the training set by heart.",
            ),
            Knob::choice(
                "activation",
                "Activation",
                activation,
                "What bends the sum; without one, two Dense layers are no more than one.",
            ),
        ]
    }
}

struct BuiltDense {
    inputs: usize,
    units: usize,
    activation: Function,
}

impl Layer for BuiltDense {
    fn params(&self) -> Vec<ParamInfo> {
        let Self { inputs, units, .. } = *self;
        vec![
            ParamInfo::new("kernel", &[inputs, units], Init::GlorotUniform { fan_in: inputs, fan_out: units }),
            ParamInfo::new("bias", &[units], Init::Zeros),
        ]
    }

    fn memo_len(&self) -> usize {
        self.activation.memo_len(self.units)
    }

    fn forward(&self, pass: Forward<'_>) {
        let (kernel, bias) = pass.params.split_at(self.inputs * self.units);
        let input = Matrix::new(pass.input, pass.samples, self.inputs);
        matmul(pass.output, input, Matrix::new(kernel, self.inputs, self.units), 0.0);
        add_rows(pass.output, bias);
        self.activation.forward(pass.output, pass.memo);
    }

    /// `dz = dy ⊙ f'(z)`, `dW += xᵀ·dz`, `db += Σ dz`, `dx = dz·Wᵀ`.
    fn backward(&self, pass: Backward<'_>) {
        let split = self.inputs * self.units;
        let (grad_kernel, grad_bias) = pass.grad_params.split_at_mut(split);
        self.activation.backward(pass.grad_output, pass.output, pass.memo);
        let grad = Matrix::new(pass.grad_output, pass.samples, self.units);
        matmul(grad_kernel, Matrix::new(pass.input, pass.samples, self.inputs).t(), grad, 1.0);
        sum_rows(grad_bias, pass.grad_output);
        if let Some(grad_input) = pass.grad_input {
            matmul(grad_input, grad, Matrix::new(&pass.params[..split], self.inputs, self.units).t(), 0.0);
        }
    }
}
