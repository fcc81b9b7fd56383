use serde::{Deserialize, Serialize};

use crate::field::Settings;
use crate::graph::{Operation, Tensor};
use crate::init::Init;
use crate::kernels::rows;
use crate::layer::{Backward, Decoding, Forward, Layer, ParamInfo};
use crate::shape::Shape;
use crate::spec::{Plan, ShapeError, Spec};

/// Divides the features of each sample, step or pixel by their root mean square, then applies a learned scale: LayerNorm
/// without its mean and its shift, which works as well in transformers and costs less.
///
/// `y = x / √(mean(x²) + ε) ⊙ γ` over the last axis (Zhang & Sennrich 2019).
/// Shapes: `[…, features]` to the same, gamma `[features]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(
    label = "RMSNorm",
    group = "Normalization",
    formula = "y = x / √(mean(x²) + ε) · γ, the mean over the last axis"
)]
pub struct RmsNorm {
    /// Added to the mean square against division by zero. Keras' default is 0.000001.
    #[field(default = 1e-6, range = 1e-7..=0.1, logarithmic)]
    pub epsilon: f32,
}

impl Spec for RmsNorm {
    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        Ok(Plan { params: input.channels(), ..Plan::free(input) })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let features = input.channels();
        Box::new(BuiltRmsNorm { features, rows: input.len() / features, epsilon: self.epsilon })
    }

    fn operations<'a>(&self, _input: Shape, params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        let [gamma] = params else { return None };
        Some(vec![Operation::RmsNorm { epsilon: self.epsilon, gamma: gamma.clone() }])
    }
}

struct BuiltRmsNorm {
    features: usize,
    /// Rows of features in one sample.
    rows: usize,
    epsilon: f32,
}

impl Layer for BuiltRmsNorm {
    fn params(&self) -> Vec<ParamInfo> {
        vec![ParamInfo::new("gamma", &[self.features], Init::Constant(1.0))]
    }

    /// One over the root mean square of every row.
    fn memo_len(&self) -> usize {
        self.rows
    }

    fn forward(&self, pass: Forward<'_>) {
        rows::divide_by_rms(pass.input, pass.params, self.epsilon, pass.output, pass.memo);
    }

    fn backward(&self, pass: Backward<'_>) {
        let Backward { input, memo, grad_output, grad_params, params: gamma, .. } = pass;
        grad_params.fill(0.0);
        rows::divide_by_rms_backward_params(input, memo, gamma, grad_output, grad_params);
        if let Some(grad_input) = pass.grad_input {
            rows::divide_by_rms_backward_input(input, memo, grad_output, grad_input, self.features);
        }
    }

    fn decoding(&self) -> Option<Decoding> {
        Some(Decoding::step_alone(self.features))
    }
}
