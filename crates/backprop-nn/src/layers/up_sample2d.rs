use serde::{Deserialize, Serialize};

use super::convolution::takes_image;
use super::pool::Pooling;
use crate::field::{Described as _, Settings};
use crate::graph::{Operation, Tensor};
use crate::kernels::pool;
use crate::layer::{Backward, Forward, Layer};
use crate::shape::Shape;
use crate::spec::{Plan, ShapeError, Spec};

/// Enlarges an image by repeating every pixel in both directions (nearest neighbor); a convolution may then refine it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(group = "Pooling and upsampling", formula = "y[p] = x[⌊p / size⌋]")]
pub struct UpSample2d {
    /// Factor by which height and width grow. The cost of the layers behind it grows with its square.
    #[field(default = 2, range = 1..=8)]
    pub size: usize,
}

impl Spec for UpSample2d {
    fn detail(&self) -> String {
        self.size.to_string()
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        let [height, width, channels] = takes_image(Self::LABEL, input)?;
        Ok(Plan::free(Shape::image(height * self.size, width * self.size, channels)))
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let [height, width, channels] = input.as_image().unwrap_or([0; 3]);
        let output = [height * self.size, width * self.size, channels];
        Box::new(BuiltUpSample2d(Pooling::new([self.size; 2], output)))
    }

    fn operations<'a>(&self, _input: Shape, _params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        Some(vec![Operation::UpSample { size: self.size }])
    }
}

/// The pooling of its output, the other way round.
struct BuiltUpSample2d(Pooling);

impl Layer for BuiltUpSample2d {
    fn forward(&self, pass: Forward<'_>) {
        for (wide, narrow) in self.0.rows(pass.samples) {
            pool::spread(self.0.windows, 1.0, &pass.input[narrow], &mut pass.output[wide]);
        }
    }

    fn backward(&self, pass: Backward<'_>) {
        let Some(grad_input) = pass.grad_input else { return };
        for (wide, narrow) in self.0.rows(pass.samples) {
            pool::sum(self.0.windows, 1.0, &pass.grad_output[wide], &mut grad_input[narrow]);
        }
    }
}
