use serde::{Deserialize, Serialize};

use crate::init::Init;
use crate::kernels::rows;
use crate::knob::Knob;
use crate::layer::{Backward, Forward, Layer, ParamInfo, Plan, Spec};
use crate::shape::{Shape, ShapeError};

/// Normalises the last axis of each sample on its own (Ba et al. 2016): `y = (x - μ) / √(σ² + ε) ⊙ γ + β`.
///
/// Shapes: `[…, features]` to the same, gamma and beta `[features]`. By default `ε` is Keras' 0.001; PyTorch has 0.00001.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LayerNorm {
    pub epsilon: f32,
}

/// Keras' default.
const EPSILON: f32 = 1e-3;

impl Default for LayerNorm {
    fn default() -> Self {
        Self { epsilon: EPSILON }
    }
}

impl Spec for LayerNorm {
    fn label(&self) -> &'static str {
        "LayerNorm"
    }

    fn detail(&self) -> String {
        String::new()
    }

    fn help(&self) -> &'static str {
        "Gives the features of each sample, or of each step or pixel, mean 0 and deviation 1, then a learnt scale and shift: numbers stay in range however deep the stack."
    }

    fn formula(&self) -> &'static str {
        "y = (x - μ) / √(σ² + ε) · γ + β, μ and σ² over the last axis"
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        Ok(Plan { output: input, params: 2 * input.channels(), multiply_adds: 0 })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let features = input.channels();
        Box::new(BuiltLayerNorm { features, rows: input.len() / features, epsilon: self.epsilon })
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let help =
            "Added to the variance, so that equal numbers are not divided by zero; Keras has 0.001, PyTorch 0.00001.";
        vec![Knob::real("epsilon", "Epsilon", &mut self.epsilon, 1e-7..=0.1, EPSILON, help).logarithmic()]
    }
}

struct BuiltLayerNorm {
    features: usize,
    /// Rows of features in one sample.
    rows: usize,
    epsilon: f32,
}

impl Layer for BuiltLayerNorm {
    fn params(&self) -> Vec<ParamInfo> {
        let dims = [self.features];
        vec![ParamInfo::new("gamma", &dims, Init::Constant(1.0)), ParamInfo::new("beta", &dims, Init::Zeros)]
    }

    /// The [`rows::Stats`] of every row.
    fn memo_len(&self) -> usize {
        2 * self.rows
    }

    fn forward(&self, pass: Forward<'_>) {
        let (gamma, beta) = pass.params.split_at(self.features);
        rows::normalize(pass.input, gamma, beta, self.epsilon, pass.output, pass.memo);
    }

    fn backward(&self, pass: Backward<'_>) {
        let Backward { input, memo, grad_output, grad_params, .. } = pass;
        grad_params.fill(0.0);
        let (grad_gamma, grad_beta) = grad_params.split_at_mut(self.features);
        let gamma = &pass.params[..self.features];
        rows::normalize_backward_params(input, memo, gamma, grad_output, grad_gamma, grad_beta);
        if let Some(grad_input) = pass.grad_input {
            rows::normalize_backward_input(input, memo, grad_output, grad_input, self.features);
        }
    }
}
