use serde::{Deserialize, Serialize};

use crate::field::Settings;
use crate::graph::{Operation, Tensor};
use crate::kernels::vector::{scale, sum_rows};
use crate::layer::{Backward, Forward, Layer};
use crate::shape::Shape;
use crate::spec::{Fix, Plan, ShapeError, Spec};

/// Averages every channel over the whole image, or every feature over all steps: how much of each pattern there is,
/// wherever it is. Far fewer numbers than Flatten.
///
/// Shapes: `[n, height, width, channels]` to `[n, channels]`, and `[n, steps, features]` to `[n, features]` (Lin et al.
/// 2013).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(group = "Pooling and upsampling", formula = "y = Σₚ x[p] / positions")]
pub struct GlobalAveragePool {}

impl Spec for GlobalAveragePool {
    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        if input.is_flat() {
            return Err(ShapeError::new(format!(
                "GlobalAveragePool takes an image or a sequence, and {} arrives. Move it to where one is, or remove it.",
                input.described()
            ))
            .with_fix(Fix::Remove));
        }
        Ok(Plan::free(Shape::flat(input.channels())))
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltGlobalAveragePool { values: input.len(), channels: input.channels() })
    }

    fn operations<'a>(&self, _input: Shape, _params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        Some(vec![Operation::Mean])
    }
}

struct BuiltGlobalAveragePool {
    values: usize,
    channels: usize,
}

impl BuiltGlobalAveragePool {
    fn share(&self) -> f32 {
        self.channels as f32 / self.values as f32
    }
}

impl Layer for BuiltGlobalAveragePool {
    fn forward(&self, pass: Forward<'_>) {
        pass.output.fill(0.0);
        for (input, output) in pass.input.chunks_exact(self.values).zip(pass.output.chunks_exact_mut(self.channels)) {
            sum_rows(output, input);
        }
        scale(pass.output, self.share());
    }

    fn backward(&self, pass: Backward<'_>) {
        let Some(grad_input) = pass.grad_input else { return };
        scale(pass.grad_output, self.share());
        let grads = pass.grad_output.chunks_exact(self.channels);
        for (grad_input, grad) in grad_input.chunks_exact_mut(self.values).zip(grads) {
            grad_input.chunks_exact_mut(self.channels).for_each(|pixel| pixel.copy_from_slice(grad));
        }
    }
}
