//! Activation functions and their derivatives.

use serde::{Deserialize, Serialize};

use crate::field::Choice;
use crate::kernels::vector::{exp, normal_cdf, normal_density, sigmoid, tanh};
use crate::kernels::vectorized;

/// An activation function, applied to every number on its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Choice)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// The identity: for the last layer, whose logits the loss turns into probabilities.
    #[default]
    #[option(formula = "y = x")]
    Linear,
    /// Passes positive numbers and sets the others to zero: fast, and the usual choice between layers.
    #[option(label = "ReLU", formula = "y = max(x, 0)")]
    Relu,
    /// ReLU with a small gradient below zero, so that no unit stays inactive for ever.
    #[option(label = "Leaky ReLU", formula = "y = x for x > 0, 0.01·x otherwise")]
    LeakyRelu,
    /// ReLU that approaches -1 smoothly below zero, which keeps the mean of the activations near zero.
    #[option(label = "ELU", formula = "y = x for x > 0, eˣ - 1 otherwise")]
    Elu,
    /// A smooth ReLU, as in transformers; costs more to compute.
    ///
    /// With the exact normal distribution, as in PyTorch and Keras by default.
    #[option(label = "GELU", formula = "y = x·Φ(x), Φ the distribution function of the standard normal")]
    Gelu,
    /// A smooth ReLU with a small dip below zero, also called swish; costs more to compute.
    #[option(label = "SiLU", formula = "y = x·σ(x)")]
    Silu,
    /// Between 0 and 1. Saturates far from zero, where the gradient vanishes.
    #[option(formula = "y = σ(x) = 1 / (1 + e⁻ˣ)")]
    Sigmoid,
    /// Between -1 and 1. Saturates far from zero, where the gradient vanishes.
    #[option(formula = "y = (eˣ - e⁻ˣ) / (eˣ + e⁻ˣ)")]
    Tanh,
}

const LEAK: f32 = 0.01;

impl Function {
    /// " ReLU", or nothing for a linear layer.
    pub fn suffix(self) -> String {
        if self == Self::Linear { String::new() } else { format!(" {}", self.about().label) }
    }

    /// Most derivatives follow from the output alone; those of GELU and SiLU are computed together with it.
    pub fn memo_len(self, values: usize) -> usize {
        if matches!(self, Self::Gelu | Self::Silu) { values } else { 0 }
    }

    /// True if a larger `z` never gives a smaller `f(z)`, so that a maximum may be taken before or after it.
    pub fn is_increasing(self) -> bool {
        !matches!(self, Self::Gelu | Self::Silu)
    }

    /// Replaces every `z` by `f(z)` and leaves in `memo` what [`Self::backward`] needs.
    pub fn forward(self, z: &mut [f32], memo: &mut [f32]) {
        match self {
            Self::Linear => {}
            Self::Relu => each(z, |z| if z < 0.0 { 0.0 } else { z }),
            Self::LeakyRelu => each(z, |z| if z < 0.0 { LEAK * z } else { z }),
            // Near zero the difference has the absolute error of `exp`, 1e-7, which is far below what a layer adds up.
            Self::Elu => each(z, |z| if z < 0.0 { exp(z) - 1.0 } else { z }),
            Self::Gelu if memo.is_empty() => each(z, |z| z * normal_cdf(z)),
            Self::Gelu => both(z, memo, |z| {
                let share = normal_cdf(z);
                (z * share, share + z * normal_density(z))
            }),
            Self::Silu if memo.is_empty() => each(z, |z| z * sigmoid(z)),
            Self::Silu => both(z, memo, |z| {
                let s = sigmoid(z);
                (z * s, s * (1.0 + z * (1.0 - s)))
            }),
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
            Self::Gelu | Self::Silu => scale(grad, memo, |derivative| derivative),
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

/// The function, and its derivative.
#[inline(always)]
fn both(values: &mut [f32], derivatives: &mut [f32], f: impl Fn(f32) -> (f32, f32)) {
    vectorized!({
        for (value, derivative) in values.iter_mut().zip(derivatives) {
            (*value, *derivative) = f(*value);
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
