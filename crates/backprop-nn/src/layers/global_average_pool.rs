use serde::{Deserialize, Serialize};

use crate::kernels::vector::{scale, sum_rows};
use crate::knob::Knob;
use crate::layer::{Backward, Forward, Layer, Plan, Spec};
use crate::shape::{Fix, Shape, ShapeError};

/// Keeps the mean of every channel over the whole image, or of every feature over all steps (Lin et al. 2013).
///
/// Shapes: `[n, height, width, channels]` to `[n, channels]`, and `[n, steps, features]` to `[n, features]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GlobalAveragePool {}

impl Spec for GlobalAveragePool {
    fn label(&self) -> &'static str {
        "GlobalAveragePool"
    }

    fn detail(&self) -> String {
        String::new()
    }

    fn help(&self) -> &'static str {
        "Keeps one mean per channel: how much of each pattern there is, wherever it is. Light in the place of Flatten."
    }

    fn formula(&self) -> &'static str {
        "y = Σₚ x[p] / positions"
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        if input.is_flat() {
            return Err(ShapeError::new(format!(
                "GlobalAveragePool takes an image or a sequence, and {} arrives. Move it to where one is, or remove it.",
                input.described()
            ))
            .with_fix(Fix::Remove));
        }
        Ok(Plan { output: Shape::flat(input.channels()), params: 0, multiply_adds: 0 })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltGlobalAveragePool { values: input.len(), channels: input.channels() })
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        Vec::new()
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
