use serde::{Deserialize, Serialize};

use crate::field::Settings;
use crate::graph::{Operation, Tensor};
use crate::init::Init;
use crate::kernels::vectorized;
use crate::layer::{Backward, Decoding, Forward, Layer, ParamInfo};
use crate::shape::Shape;
use crate::spec::{Plan, ShapeError, Spec};

/// A leaky ReLU that learns its slope for negative numbers, one for each feature or channel: no unit dies, and none has
/// to be leaky.
///
/// `y = max(0, x) + α · min(0, x)` (He et al. 2015). Shapes: `[…, channels]` to the same, alpha `[channels]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(label = "PReLU", group = "Dense layers and activations", formula = "y = max(0, x) + α · min(0, x)")]
pub struct PRelu {
    /// Slope for negative numbers before training. 0.25 as in PyTorch; 0 begins as ReLU, and near 1 the layer is linear.
    #[field(label = "Initial slope", default = 0.25, range = -1.0..=1.0)]
    pub slope: f32,
}

impl Spec for PRelu {
    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        Ok(Plan { params: input.channels(), ..Plan::free(input) })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltPRelu { channels: input.channels(), slope: self.slope })
    }

    fn operations<'a>(&self, _input: Shape, params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        let [alpha] = params else { return None };
        Some(vec![Operation::PRelu { alpha: alpha.clone() }])
    }
}

struct BuiltPRelu {
    channels: usize,
    slope: f32,
}

impl Layer for BuiltPRelu {
    fn params(&self) -> Vec<ParamInfo> {
        vec![ParamInfo::new("alpha", &[self.channels], Init::Constant(self.slope))]
    }

    fn decoding(&self) -> Option<Decoding> {
        Some(Decoding::step_alone(self.channels))
    }

    fn forward(&self, pass: Forward<'_>) {
        let Forward { params: alpha, input, output, .. } = pass;
        vectorized!({
            for (x, y) in input.chunks_exact(alpha.len()).zip(output.chunks_exact_mut(alpha.len())) {
                for ((x, y), alpha) in x.iter().zip(y).zip(alpha) {
                    *y = x.max(0.0) + alpha * x.min(0.0);
                }
            }
        });
    }

    /// `dx = dy` where `x > 0`, else `α · dy`; `dα = Σ dy · min(0, x)`.
    fn backward(&self, pass: Backward<'_>) {
        let Backward { params: alpha, input, grad_output, grad_params, grad_input, .. } = pass;
        let channels = self.channels;
        grad_params.fill(0.0);
        vectorized!({
            for (x, dy) in input.chunks_exact(channels).zip(grad_output.chunks_exact(channels)) {
                for ((x, dy), grad) in x.iter().zip(dy).zip(grad_params.iter_mut()) {
                    *grad += dy * x.min(0.0);
                }
            }
        });
        let Some(grad_input) = grad_input else { return };
        vectorized!({
            let rows = input.chunks_exact(channels).zip(grad_output.chunks_exact(channels));
            for ((x, dy), dx) in rows.zip(grad_input.chunks_exact_mut(channels)) {
                for (((x, dy), dx), alpha) in x.iter().zip(dy).zip(dx).zip(alpha) {
                    *dx = if *x > 0.0 { *dy } else { alpha * dy };
                }
            }
        });
    }
}
