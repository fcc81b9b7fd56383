use serde::{Deserialize, Serialize};

use crate::field::Settings;
use crate::graph::{Operation, Tensor};
use crate::init::Init;
use crate::kernels::rows;
use crate::layer::{Backward, Decoding, Forward, Layer, ParamInfo};
use crate::shape::Shape;
use crate::spec::{Plan, ShapeError, Spec};

/// Normalizes the features of each sample, step or pixel to mean 0 and standard deviation 1, then applies a learned scale
/// and shift: activations stay in range however deep the network is.
///
/// `y = (x - μ) / √(σ² + ε) ⊙ γ + β` over the last axis (Ba et al. 2016).
/// Shapes: `[…, features]` to the same, gamma and beta `[features]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(group = "Normalization", formula = "y = (x - μ) / √(σ² + ε) · γ + β, μ and σ² over the last axis")]
pub struct LayerNorm {
    /// Added to the variance against division by zero. Keras' default is 0.001, PyTorch's 0.00001.
    #[field(default = 1e-3, range = 1e-7..=0.1, logarithmic)]
    pub epsilon: f32,
}

impl Spec for LayerNorm {
    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        Ok(Plan { params: 2 * input.channels(), ..Plan::free(input) })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let features = input.channels();
        Box::new(BuiltLayerNorm { features, rows: input.len() / features, epsilon: self.epsilon })
    }

    fn operations<'a>(&self, _input: Shape, params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        let [gamma, beta] = params else { return None };
        let (gamma, beta) = (gamma.clone(), beta.clone());
        Some(vec![Operation::LayerNorm { epsilon: self.epsilon, gamma, beta }])
    }
}

/// Numbers, about, that run back through both passes at a time.
const NUMBERS: usize = 2048;

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

    fn decoding(&self) -> Option<Decoding> {
        Some(Decoding::step_alone(self.features))
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
        // Some rows at a time, which are then still in the cache.
        let len = self.features * NUMBERS.div_ceil(self.features);
        let mut grad_inputs = pass.grad_input.map(|grad_input| grad_input.chunks_mut(len));
        let parts = input.chunks(len).zip(memo.chunks(2 * len / self.features));
        for ((input, stats), grad_output) in parts.zip(grad_output.chunks_mut(len)) {
            rows::normalize_backward_params(input, stats, gamma, grad_output, grad_gamma, grad_beta);
            if let Some(grad_input) = grad_inputs.as_mut().and_then(Iterator::next) {
                rows::normalize_backward_input(input, stats, grad_output, grad_input, self.features);
            }
        }
    }
}
