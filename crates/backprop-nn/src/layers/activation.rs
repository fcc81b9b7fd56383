use serde::{Deserialize, Serialize};

use crate::kernels::vector::{exp, normal_cdf, normal_density, sigmoid, tanh};
use crate::kernels::vectorized;
use crate::knob::{About, Knob, choice};
use crate::layer::{Backward, Forward, Layer, Plan, Spec};
use crate::shape::{Shape, ShapeError};

/// A function applied to every number on its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// `z`
    #[default]
    Linear,
    /// `max(z, 0)`
    Relu,
    /// `z` above zero, `0.01 z` below.
    LeakyRelu,
    /// `z` above zero, `eᶻ - 1` below.
    Elu,
    /// `z Φ(z)` with the exact normal distribution, as in PyTorch and Keras by default.
    Gelu,
    /// `z σ(z)`, also called swish.
    Silu,
    /// `1 / (1 + e⁻ᶻ)`
    Sigmoid,
    Tanh,
}

choice!(Function {
    Linear => "Linear", Relu => "ReLU", LeakyRelu => "Leaky ReLU", Elu => "ELU",
    Gelu => "GELU", Silu => "SiLU", Sigmoid => "Sigmoid", Tanh => "Tanh",
} about);

const LEAK: f32 = 0.01;

impl Function {
    /// " ReLU", or nothing for a linear layer.
    pub fn suffix(self) -> String {
        if self == Self::Linear { String::new() } else { format!(" {}", self.name()) }
    }

    pub fn formula(self) -> &'static str {
        match self {
            Self::Linear => "y = x",
            Self::Relu => "y = max(x, 0)",
            Self::LeakyRelu => "y = x above zero, 0.01·x below",
            Self::Elu => "y = x above zero, eˣ - 1 below",
            Self::Gelu => "y = x·Φ(x), Φ the normal distribution",
            Self::Silu => "y = x·σ(x)",
            Self::Sigmoid => "y = σ(x) = 1 / (1 + e⁻ˣ)",
            Self::Tanh => "y = (eˣ - e⁻ˣ) / (eˣ + e⁻ˣ)",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Linear => {
                "Passes everything as it is: for the last layer, whose scores the loss turns into an answer."
            }
            Self::Relu => "Passes what is positive and silences the rest: fast, and the usual choice between layers.",
            Self::LeakyRelu => "ReLU that lets a little through below zero, so that no unit falls silent for ever.",
            Self::Elu => "ReLU that ends softly at -1 below zero, which keeps the mean of the numbers near zero.",
            Self::Gelu => "A smooth ReLU, as in transformers; costs more to compute.",
            Self::Silu => "A smooth ReLU that dips below zero, also called swish; costs more to compute.",
            Self::Sigmoid => {
                "Presses everything between 0 and 1; far from zero it is flat, and hardly any gradient passes."
            }
            Self::Tanh => {
                "Presses everything between -1 and 1; far from zero it is flat, and hardly any gradient passes."
            }
        }
    }

    fn about(self) -> About {
        About { formula: self.formula(), help: self.help() }
    }

    /// Most derivatives follow from the output alone; GELU and SiLU need the input as well.
    pub fn memo_len(self, values: usize) -> usize {
        if matches!(self, Self::Gelu | Self::Silu) { values } else { 0 }
    }

    /// True if a larger `z` never gives a smaller `f(z)`, so that a maximum may be taken before or after it.
    pub fn is_increasing(self) -> bool {
        !matches!(self, Self::Gelu | Self::Silu)
    }

    /// Replaces every `z` by `f(z)` and leaves in `memo` what [`Self::backward`] needs.
    pub fn forward(self, z: &mut [f32], memo: &mut [f32]) {
        if !memo.is_empty() {
            memo.copy_from_slice(z);
        }
        match self {
            Self::Linear => {}
            Self::Relu => each(z, |z| if z < 0.0 { 0.0 } else { z }),
            Self::LeakyRelu => each(z, |z| if z < 0.0 { LEAK * z } else { z }),
            // Near zero the difference has the absolute error of `exp`, 1e-7, which is far below what a layer adds up.
            Self::Elu => each(z, |z| if z < 0.0 { exp(z) - 1.0 } else { z }),
            Self::Gelu => each(z, |z| z * normal_cdf(z)),
            Self::Silu => each(z, |z| z * sigmoid(z)),
            Self::Sigmoid => each(z, sigmoid),
            Self::Tanh => each(z, tanh),
        }
    }

    /// Multiplies every gradient by `f'(z)`.
    pub fn backward(self, grad: &mut [f32], output: &[f32], memo: &[f32]) {
        match self {
            Self::Linear => {}
            Self::Relu => scale(grad, output, |y| if y > 0.0 { 1.0 } else { 0.0 }),
            Self::LeakyRelu => scale(grad, output, |y| if y > 0.0 { 1.0 } else { LEAK }),
            Self::Elu => scale(grad, output, |y| if y > 0.0 { 1.0 } else { y + 1.0 }),
            Self::Gelu => scale(grad, memo, |z| normal_cdf(z) + z * normal_density(z)),
            Self::Silu => scale(grad, memo, |z| {
                let s = sigmoid(z);
                s * (1.0 + z * (1.0 - s))
            }),
            Self::Sigmoid => scale(grad, output, |y| y * (1.0 - y)),
            Self::Tanh => scale(grad, output, |y| 1.0 - y * y),
        }
    }
}

#[inline(always)]
fn each(values: &mut [f32], f: impl Fn(f32) -> f32) {
    vectorized!({
        for value in values {
            *value = f(*value);
        }
    });
}

#[inline(always)]
fn scale(grad: &mut [f32], at: &[f32], derivative: impl Fn(f32) -> f32) {
    vectorized!({
        for (grad, &at) in grad.iter_mut().zip(at) {
            *grad *= derivative(at);
        }
    });
}

/// Applies a [`Function`] to whatever arrives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Activation {
    pub function: Function,
}

impl Default for Activation {
    fn default() -> Self {
        Self { function: Function::Relu }
    }
}

impl Spec for Activation {
    fn label(&self) -> &'static str {
        "Activation"
    }

    fn detail(&self) -> String {
        self.function.name().to_owned()
    }

    fn help(&self) -> &'static str {
        "Bends every number on its own, so that stacked layers can learn more than a straight line."
    }

    fn formula(&self) -> &'static str {
        self.function.formula()
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        Ok(Plan { output: input, params: 0, multiply_adds: 0 })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltActivation { function: self.function, values: input.len() })
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        vec![Knob::choice(
            "function",
            "Function",
            &mut self.function,
            "Sigmoid and tanh flatten out for large numbers, where almost no gradient passes.",
        )]
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
