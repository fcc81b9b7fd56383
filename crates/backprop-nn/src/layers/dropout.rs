use rand::Rng as _;
use serde::{Deserialize, Serialize};

use crate::field::Settings;
use crate::graph::{Operation, Tensor};
use crate::init::stream;
use crate::layer::{Backward, Decoding, Forward, Identity, Layer, Mode};
use crate::shape::Shape;
use crate::spec::{Plan, ShapeError, Spec};

/// Sets random activations to zero during training, so that the network cannot rely on any single one.
///
/// The others are scaled by `1 / (1 - rate)`, so that nothing has to change at inference (Srivastava et al. 2014, in the
/// inverted form).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(
    group = "Regularization",
    formula = "y = x·m / (1 - rate), m = 0 with probability rate, else 1; y = x at inference"
)]
pub struct Dropout {
    /// Probability of an activation to be dropped. Too large, and the network underfits.
    #[field(default = 0.25, range = 0.0..=0.9)]
    pub rate: f32,
}

impl Spec for Dropout {
    fn detail(&self) -> String {
        format!("{:.0} %", self.rate * 100.0)
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        Ok(Plan::free(input))
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltDropout { rate: self.rate, values: input.len() })
    }

    fn operations<'a>(&self, _input: Shape, _params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        Some(Vec::new())
    }
}

struct BuiltDropout {
    rate: f32,
    values: usize,
}

impl Layer for BuiltDropout {
    /// The factor of every number: zero, or `1 / (1 - rate)`.
    fn memo_len(&self) -> usize {
        self.values
    }

    fn settled(&self) -> Option<Box<dyn Layer>> {
        Some(Box::new(Identity))
    }

    fn decoding(&self) -> Option<Decoding> {
        Some(Decoding::number_alone())
    }

    fn forward(&self, pass: Forward<'_>) {
        let Mode::Train { seed } = pass.mode else {
            return pass.output.copy_from_slice(pass.input);
        };
        let mut rng = stream(seed, 0);
        let threshold = (f64::from(self.rate) * f64::from(u32::MAX)) as u32;
        let keep = 1.0 / (1.0 - self.rate);
        for ((output, input), factor) in pass.output.iter_mut().zip(pass.input).zip(pass.memo) {
            *factor = if rng.next_u32() < threshold { 0.0 } else { keep };
            *output = input * *factor;
        }
    }

    fn backward(&self, pass: Backward<'_>) {
        if let Some(grad_input) = pass.grad_input {
            for ((grad_input, grad), factor) in grad_input.iter_mut().zip(&*pass.grad_output).zip(pass.memo) {
                *grad_input = *grad * *factor;
            }
        }
    }
}
