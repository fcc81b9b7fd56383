use rand::RngExt as _;
use serde::{Deserialize, Serialize};

use super::Dropout;
use crate::field::Settings;
use crate::graph::{Operation, Tensor};
use crate::init::stream;
use crate::kernels::vector::scale_rows;
use crate::layer::{Backward, Decoding, Forward, Identity, Layer, Mode};
use crate::shape::Shape;
use crate::spec::{Fix, Plan, ShapeError, Spec};

/// Drops whole channels of an image, or features of a sequence, during training: after a convolution, the neighbors of a
/// dropped number would give it away.
///
/// The others are scaled by `1 / (1 - rate)` (Tompson et al. 2015).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(
    group = "Regularization",
    formula = "y = x·m / (1 - rate), m = 0 for a channel with probability rate, else 1; y = x at inference"
)]
pub struct SpatialDropout {
    /// Probability of a channel to be dropped. Too large, and the network underfits.
    #[field(default = 0.25, range = 0.0..=0.9)]
    pub rate: f32,
}

impl Spec for SpatialDropout {
    fn detail(&self) -> String {
        format!("{:.0} %", self.rate * 100.0)
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        if input.is_flat() {
            let dropout = Dropout { rate: self.rate };
            return Err(ShapeError::new(format!(
                "SpatialDropout drops channels of an image or features of a sequence, and {} arrives. Dropout drops single numbers.",
                input.described()
            ))
            .with_fix(Fix::Replace(dropout.into())));
        }
        Ok(Plan::free(input))
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltSpatialDropout { rate: self.rate, values: input.len(), channels: input.channels() })
    }

    fn operations<'a>(&self, _input: Shape, _params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        Some(Vec::new())
    }
}

struct BuiltSpatialDropout {
    rate: f32,
    values: usize,
    channels: usize,
}

impl Layer for BuiltSpatialDropout {
    /// The factor of every channel: zero, or `1 / (1 - rate)`.
    fn memo_len(&self) -> usize {
        self.channels
    }

    fn settled(&self) -> Option<Box<dyn Layer>> {
        Some(Box::new(Identity))
    }

    fn decoding(&self) -> Option<Decoding> {
        Some(Decoding::number_alone())
    }

    fn forward(&self, pass: Forward<'_>) {
        pass.output.copy_from_slice(pass.input);
        let Mode::Train { seed } = pass.mode else { return };
        let (mut rng, keep) = (stream(seed, 0), 1.0 / (1.0 - self.rate));
        let samples = pass.output.chunks_exact_mut(self.values).zip(pass.memo.chunks_exact_mut(self.channels));
        for (output, factors) in samples {
            factors.fill_with(|| if rng.random::<f32>() < self.rate { 0.0 } else { keep });
            scale_rows(output, factors);
        }
    }

    fn backward(&self, pass: Backward<'_>) {
        let Some(grad_input) = pass.grad_input else { return };
        grad_input.copy_from_slice(pass.grad_output);
        for (grad, factors) in grad_input.chunks_exact_mut(self.values).zip(pass.memo.chunks_exact(self.channels)) {
            scale_rows(grad, factors);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_channels_are_silenced_while_training_and_none_afterwards() {
        let (rate, channels, pixels, samples) = (0.25, 100, 6, 20);
        let layer = SpatialDropout { rate }.build(Shape::image(2, 3, channels));
        let input: Vec<f32> = (1..=samples * pixels * channels).map(|at| at as f32).collect();
        let run = |mode: Mode| {
            let (mut output, mut memo) = (vec![f32::NAN; input.len()], vec![f32::NAN; samples * channels]);
            let (memo, scratch): (&mut [f32], &mut [f32]) = (&mut memo, &mut []);
            layer.forward(Forward {
                samples,
                params: &[],
                tied: &[],
                input: &input,
                output: &mut output,
                memo,
                state: &mut [],
                scratch,
                shared: &[],
                entry: &[],
                skip: &[],
                mode,
            });
            output
        };
        assert_eq!(run(Mode::Infer), input);
        let output = run(Mode::Train { seed: 3 });
        let mut silenced = 0;
        for channel in (0..samples * channels).map(|at| at / channels * pixels * channels + at % channels) {
            let factors = (0..pixels).map(|pixel| channel + pixel * channels).map(|at| output[at] / input[at]);
            let expected = if output[channel] == 0.0 { 0.0 } else { 1.0 / (1.0 - rate) };
            assert!(factors.into_iter().all(|factor| (factor - expected).abs() < 1e-6));
            silenced += usize::from(expected == 0.0);
        }
        assert!((440..560).contains(&silenced), "{silenced} of 2000 channels");
    }
}
