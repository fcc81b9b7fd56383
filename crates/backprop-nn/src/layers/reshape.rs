use serde::{Deserialize, Serialize};

use crate::field::{Choice, Settings};
use crate::graph::{Operation, Tensor};
use crate::layer::{Backward, Forward, Layer};
use crate::shape::Shape;
use crate::spec::{Fix, Plan, ShapeError, Spec};

/// What the numbers of a sample are arranged as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Choice)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// `[numbers]`, as Flatten does.
    Row,
    /// `[steps, features]`, as recurrent layers take it.
    #[default]
    Steps,
    /// `[height, width, channels]`, as convolutions take it.
    Image,
}

/// Gives the same numbers another shape: the rows of an image become the steps of a sequence. The last axis follows from
/// how many numbers there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(group = "Change of shape", formula = "y = x, in another shape")]
pub struct Reshape {
    /// Recurrent layers take steps, convolutions an image, Dense a row.
    #[field(default = Form::Steps)]
    pub form: Form,
    /// Length of the sequence. It has to divide the number of inputs.
    #[field(default = 28, range = 1..=LARGEST, when = self.form == Form::Steps)]
    pub steps: usize,
    /// Rows of the image. Height times width has to divide the number of inputs.
    #[field(default = 28, range = 1..=LARGEST, when = self.form == Form::Image)]
    pub height: usize,
    /// Columns of the image. What is left over becomes channels.
    #[field(default = 28, range = 1..=LARGEST, when = self.form == Form::Image)]
    pub width: usize,
}

/// The most of each axis.
const LARGEST: usize = 4096;

impl Reshape {
    /// A sequence of so many steps.
    pub fn steps(steps: usize) -> Self {
        Self { steps, ..Self::default() }
    }

    /// Numbers as a sequence that is about as long as each step is wide, which is what the rows of an image are.
    pub fn to_steps(numbers: usize) -> Self {
        Self::steps(divisor_near(numbers, numbers.isqrt()))
    }

    /// Numbers as an image with one channel, as square as it can be.
    fn to_image(numbers: usize) -> Self {
        let height = divisor_near(numbers, numbers.isqrt());
        Self { form: Form::Image, height, width: numbers / height, ..Self::default() }
    }

    fn output(&self, numbers: usize) -> Option<Shape> {
        let last = |rest: usize| (rest > 0 && numbers.is_multiple_of(rest)).then(|| numbers / rest);
        Some(match self.form {
            Form::Row => Shape::flat(numbers),
            Form::Steps => Shape::steps(self.steps, last(self.steps)?),
            Form::Image => Shape::image(self.height, self.width, last(self.height * self.width)?),
        })
    }
}

/// The divisor of `number` that is closest to `wish` and not too large for an axis.
fn divisor_near(number: usize, wish: usize) -> usize {
    let divisors = (1..=number.min(LARGEST)).filter(|at| number.is_multiple_of(*at));
    divisors.min_by_key(|divisor| divisor.abs_diff(wish)).unwrap_or(1)
}

/// Steps and features of the input of a layer that takes a sequence, or how to make one of it.
pub(super) fn takes_steps(label: &str, input: Shape) -> Result<[usize; 2], ShapeError> {
    input.as_steps().ok_or_else(|| {
        let (reshape, how) = match input.as_image() {
            Some([height, ..]) => (Reshape::steps(height), "Make each row of the image a step."),
            None => (Reshape::to_steps(input.len()), "Divide it into steps, or keep all steps of the layer before."),
        };
        let message = format!("{label} takes a sequence of steps, and {} arrives. {how}", input.described());
        ShapeError::new(message).with_fix(Fix::Insert(reshape.into()))
    })
}

impl Spec for Reshape {
    fn detail(&self) -> String {
        match self.form {
            Form::Row => "row".to_owned(),
            Form::Steps => format!("{} steps", self.steps),
            Form::Image => format!("{}×{}", self.height, self.width),
        }
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        let numbers = input.len();
        if let Some(output) = self.output(numbers) {
            return Ok(Plan { output, params: 0, multiply_adds: 0 });
        }
        let Self { steps, height, width, .. } = self;
        let (message, repaired) = match self.form {
            Form::Image => (
                format!("An image of {height}×{width} takes a multiple of {} numbers", height * width),
                Self::to_image(numbers),
            ),
            _ => (format!("{steps} steps take a multiple of {steps} numbers"), {
                Self { steps: divisor_near(numbers, *steps), ..self.clone() }
            }),
        };
        let error = ShapeError::new(format!("{message}, and {numbers} arrive ({input})."));
        let fits = repaired.height.max(repaired.width) <= LARGEST;
        Err(error.with_fix(if fits { Fix::Replace(repaired.into()) } else { Fix::Remove }))
    }

    fn build(&self, _input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltReshape)
    }

    fn operations<'a>(&self, input: Shape, _params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        Some(vec![Operation::Reshape { to: self.output(input.len())? }])
    }
}

pub(super) struct BuiltReshape;

impl Layer for BuiltReshape {
    fn is_reshape(&self) -> bool {
        true
    }

    fn forward(&self, pass: Forward<'_>) {
        pass.output.copy_from_slice(pass.input);
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

    fn image(height: usize, width: usize) -> Reshape {
        Reshape { form: Form::Image, height, width, ..Reshape::default() }
    }

    #[test]
    fn the_last_axis_follows_from_the_others() {
        for (reshape, numbers, output) in [
            (Reshape::steps(28), 784, Shape::steps(28, 28)),
            (Reshape::steps(1), 5, Shape::steps(1, 5)),
            (image(8, 8), 192, Shape::image(8, 8, 3)),
            (Reshape { form: Form::Row, ..Reshape::default() }, 6, Shape::flat(6)),
        ] {
            assert_eq!(reshape.plan(Shape::flat(numbers)).unwrap().output, output);
        }
    }

    #[test]
    fn what_does_not_fit_says_both_counts_and_offers_what_does() {
        for (reshape, numbers, repaired) in [
            (Reshape::steps(28), 64, Some(Reshape::steps(32))),
            (Reshape::steps(28), 10_007, Some(Reshape::steps(1))),
            (image(28, 28), 64, Some(image(8, 8))),
            (image(28, 28), 4096 * 4096, Some(image(4096, 4096))),
            (image(28, 28), 10_007, None),
        ] {
            let error = reshape.plan(Shape::flat(numbers)).unwrap_err();
            assert!(error.message.contains(&numbers.to_string()) && error.message.contains("28"), "{error}");
            match repaired {
                Some(repaired) => {
                    assert_eq!(error.fix, Some(Fix::Replace(repaired.clone().into())));
                    assert!(repaired.plan(Shape::flat(numbers)).is_ok());
                }
                None => assert_eq!(error.fix, Some(Fix::Remove)),
            }
        }
    }
}
