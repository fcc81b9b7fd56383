use serde::{Deserialize, Serialize};

use crate::field::Settings;
use crate::graph::{Operation, Tensor};
use crate::kernels::vector::{add, scale, sum_rows};
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
pub struct GlobalAveragePool {
    /// Leaves out the steps whose token is 0, so that the padding behind a short text does not count.
    ///
    /// For a network that begins with Embedding. Where all tokens are padding, the mean is that of all steps.
    #[field(default = false)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub padding: bool,
}

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
        let padding = self.padding && input.as_steps().is_some();
        Box::new(BuiltGlobalAveragePool { values: input.len(), channels: input.channels(), padding })
    }

    fn operations<'a>(&self, input: Shape, _params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        let is_of_tokens = self.padding && input.as_steps().is_some();
        Some(vec![if is_of_tokens { Operation::MeanOfTokens } else { Operation::Mean }])
    }
}

struct BuiltGlobalAveragePool {
    values: usize,
    channels: usize,
    padding: bool,
}

impl BuiltGlobalAveragePool {
    fn steps(&self) -> usize {
        self.values / self.channels
    }

    /// Which steps of a sample count, and one over their number.
    fn counted<'a>(&self, entry: &'a [f32], sample: usize) -> (Padding<'a>, f32) {
        let padding = Padding::of(self.padding.then_some(entry), sample, self.steps());
        let counted = (0..self.steps()).filter(|step| !padding.is(*step)).count();
        if counted == 0 {
            return (Padding::default(), 1.0 / self.steps() as f32);
        }
        (padding, 1.0 / counted as f32)
    }
}

impl Layer for BuiltGlobalAveragePool {
    fn forward(&self, pass: Forward<'_>) {
        pass.output.fill(0.0);
        let samples = pass.input.chunks_exact(self.values).zip(pass.output.chunks_exact_mut(self.channels));
        for (sample, (input, output)) in samples.enumerate() {
            let (padding, share) = self.counted(pass.entry, sample);
            if padding.is_none() {
                sum_rows(output, input);
            } else {
                let steps = input.chunks_exact(self.channels).enumerate();
                steps.filter(|(step, _)| !padding.is(*step)).for_each(|(_, step)| add(output, step));
            }
            scale(output, share);
        }
    }

    fn backward(&self, pass: Backward<'_>) {
        let Some(grad_input) = pass.grad_input else { return };
        let grads = pass.grad_output.chunks_exact_mut(self.channels);
        for (sample, (grad_input, grad)) in grad_input.chunks_exact_mut(self.values).zip(grads).enumerate() {
            let (padding, share) = self.counted(pass.entry, sample);
            scale(grad, share);
            for (step, pixel) in grad_input.chunks_exact_mut(self.channels).enumerate() {
                if padding.is(step) { pixel.fill(0.0) } else { pixel.copy_from_slice(grad) }
            }
        }
    }
}

/// Which steps of a sample are padding: those at which the network's input is 0.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Padding<'a> {
    /// What enters the network for this sample; empty if no step is padding.
    tokens: &'a [f32],
}

impl<'a> Padding<'a> {
    /// Of a sample in a shard. No step is padding where the network does not begin with a token for each step, and none
    /// where there is no `entry`.
    pub fn of(entry: Option<&'a [f32]>, sample: usize, steps: usize) -> Self {
        let tokens = entry.and_then(|entry| entry.get(sample * steps..(sample + 1) * steps));
        Self { tokens: tokens.unwrap_or_default() }
    }

    /// Whether no step is.
    pub fn is_none(self) -> bool {
        self.tokens.is_empty()
    }

    /// Whether a step is.
    pub fn is(self, step: usize) -> bool {
        // As `Embedding` takes it: without its fraction.
        self.tokens.get(step).is_some_and(|token| (*token as usize) == 0)
    }
}
