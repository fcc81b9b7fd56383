use serde::{Deserialize, Serialize};

use super::reshape::takes_steps;
use crate::field::{Choice, Described as _, Settings};
use crate::graph::{Operation, Tensor};
use crate::init::Init;
use crate::kernels::vector::{add, sum_rows};
use crate::layer::{Backward, DecodeStep, Decoding, Forward, Layer, ParamInfo};
use crate::shape::Shape;
use crate::spec::{Plan, ShapeError, Spec};

/// Where the vectors of the positions come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Choice)]
#[serde(rename_all = "snake_case")]
pub enum Positions {
    /// Learned, one vector for each position, as in GPT-2 and BERT.
    #[default]
    Learned,
    /// Sines and cosines of fixed wavelengths, which need no training (Vaswani et al. 2017).
    Sinusoidal,
}

/// Adds a vector to each step that says at which position it stands: attention alone does not see the order of the steps.
///
/// `y[t] = x[t] + P[t]`. Learned vectors begin normally distributed with deviation 0.02, as in GPT-2. Sinusoidal ones are
/// `P[t, 2i] = sin(t / 10000^(2i / features))` and `P[t, 2i + 1]` its cosine.
///
/// Shapes: `[n, steps, features]` to the same, embeddings `[steps, features]` where they are learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(group = "Sequences and words", formula = "y[t] = x[t] + P[t]")]
pub struct PositionalEmbedding {
    /// Learned vectors fit the data; sinusoidal ones have nothing to learn and suit small data sets.
    #[field(default = Positions::Learned)]
    pub positions: Positions,
}

/// The deviation of the learned vectors before training.
const DEVIATION: f32 = 0.02;

/// The ratio of the longest wavelength to the shortest.
const WAVELENGTHS: f64 = 10_000.0;

impl Spec for PositionalEmbedding {
    fn detail(&self) -> String {
        match self.positions {
            Positions::Learned => String::new(),
            Positions::Sinusoidal => "sinusoidal".to_owned(),
        }
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        takes_steps(Self::LABEL, input)?;
        let params = if self.positions == Positions::Learned { input.len() } else { 0 };
        Ok(Plan { params, ..Plan::free(input) })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let [steps, features] = input.as_steps().unwrap_or([1, 1]);
        let waves = (self.positions == Positions::Sinusoidal).then(|| waves(steps, features));
        Box::new(BuiltPositionalEmbedding { steps, features, waves })
    }

    fn operations<'a>(&self, input: Shape, params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        let [steps, features] = input.as_steps()?;
        let fixed = || Tensor {
            name: ".positions".to_owned(),
            dims: vec![steps, features],
            values: waves(steps, features).into(),
        };
        Some(vec![Operation::Positions { table: params.first().cloned().unwrap_or_else(fixed) }])
    }
}

/// The sinusoidal vectors, `[steps, features]`.
fn waves(steps: usize, features: usize) -> Vec<f32> {
    let number = |step: usize, feature: usize| {
        let wavelength = WAVELENGTHS.powf((feature / 2 * 2) as f64 / features as f64);
        let (sin, cos) = (step as f64 / wavelength).sin_cos();
        if feature.is_multiple_of(2) { sin as f32 } else { cos as f32 }
    };
    (0..steps).flat_map(|step| (0..features).map(move |feature| number(step, feature))).collect()
}

struct BuiltPositionalEmbedding {
    steps: usize,
    features: usize,
    /// The vectors, if they are not learned.
    waves: Option<Vec<f32>>,
}

impl BuiltPositionalEmbedding {
    fn vectors<'a>(&'a self, params: &'a [f32]) -> &'a [f32] {
        self.waves.as_deref().unwrap_or(params)
    }
}

impl Layer for BuiltPositionalEmbedding {
    fn params(&self) -> Vec<ParamInfo> {
        match self.waves {
            Some(_) => Vec::new(),
            None => {
                let init = Init::Normal { deviation: DEVIATION };
                vec![ParamInfo::new("embeddings", &[self.steps, self.features], init)]
            }
        }
    }

    fn forward(&self, pass: Forward<'_>) {
        pass.output.copy_from_slice(pass.input);
        let vectors = self.vectors(pass.params);
        pass.output.chunks_exact_mut(vectors.len()).for_each(|sample| add(sample, vectors));
    }

    fn backward(&self, pass: Backward<'_>) {
        if !pass.grad_params.is_empty() && !pass.is_frozen {
            pass.grad_params.fill(0.0);
            sum_rows(pass.grad_params, pass.grad_output);
        }
        if let Some(grad_input) = pass.grad_input {
            grad_input.copy_from_slice(pass.grad_output);
        }
    }

    fn decoding(&self) -> Option<Decoding> {
        Some(Decoding { context: Some(self.steps), ..Decoding::step_alone(self.features) })
    }

    fn decode(&self, step: DecodeStep<'_>) {
        step.output.copy_from_slice(step.input);
        add(step.output, &self.vectors(step.params)[step.at * self.features..][..self.features]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_are_those_of_the_definition() {
        let found = waves(3, 4);
        let expected = [0.0, 1.0, 0.0, 1.0, 1.0f32.sin(), 1.0f32.cos(), 0.01f32.sin(), 0.01f32.cos()];
        assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-7), "{found:?}");
        assert!((found[8] - 2.0f32.sin()).abs() < 1e-7);
    }
}
