use serde::{Deserialize, Serialize};

use crate::field::Settings;
use crate::graph::{Operation, Tensor};
use crate::init::{fill_normal, stream};
use crate::kernels::vector::add;
use crate::layer::{Backward, Decoding, Forward, Identity, Layer, Mode};
use crate::shape::Shape;
use crate::spec::{Plan, ShapeError, Spec};

/// Adds normally distributed noise during training, so that the network learns what holds for a sample and its
/// neighborhood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(
    group = "Regularization",
    formula = "y = x + n, n normal with mean 0 and this standard deviation; y = x at inference"
)]
pub struct GaussianNoise {
    /// Standard deviation of the noise. Pixels lie between 0 and 1, so 1 leaves little of an image.
    #[field(label = "Standard deviation", default = 0.1, range = 0.0..=2.0)]
    pub deviation: f32,
}

impl Spec for GaussianNoise {
    fn detail(&self) -> String {
        format!("{}", self.deviation)
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        Ok(Plan::free(input))
    }

    fn build(&self, _input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltGaussianNoise { deviation: self.deviation })
    }

    fn operations<'a>(&self, _input: Shape, _params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        Some(Vec::new())
    }
}

struct BuiltGaussianNoise {
    deviation: f32,
}

impl Layer for BuiltGaussianNoise {
    fn settled(&self) -> Option<Box<dyn Layer>> {
        Some(Box::new(Identity))
    }

    fn decoding(&self) -> Option<Decoding> {
        Some(Decoding::number_alone())
    }

    fn forward(&self, pass: Forward<'_>) {
        match pass.mode {
            Mode::Infer => pass.output.copy_from_slice(pass.input),
            Mode::Train { seed } => {
                fill_normal(pass.output, self.deviation, &mut stream(seed, 0));
                add(pass.output, pass.input);
            }
        }
    }

    fn backward(&self, pass: Backward<'_>) {
        if let Some(grad_input) = pass.grad_input {
            grad_input.copy_from_slice(pass.grad_output);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_has_its_deviation_while_training_and_is_none_afterwards() {
        let (layer, input) = (BuiltGaussianNoise { deviation: 0.2 }, vec![0.5; 20_001]);
        let run = |mode: Mode| {
            let mut output = vec![f32::NAN; input.len()];
            let (memo, scratch): (&mut [f32], &mut [f32]) = (&mut [], &mut []);
            layer.forward(Forward {
                samples: 1,
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
        let noise: Vec<f64> = run(Mode::Train { seed: 3 }).iter().map(|value| f64::from(value - 0.5)).collect();
        let mean_of = |f: fn(&f64) -> f64| noise.iter().map(f).sum::<f64>() / noise.len() as f64;
        let (mean, deviation) = (mean_of(|noise| *noise), mean_of(|noise| noise * noise).sqrt());
        assert!(mean.abs() < 0.005 && (deviation - 0.2).abs() < 0.005, "mean {mean}, deviation {deviation}");
        assert_ne!(run(Mode::Train { seed: 3 }), run(Mode::Train { seed: 4 }));
    }
}
