use serde::{Deserialize, Serialize};

use super::pooling::Pooling;
use crate::kernels::pool;
use crate::knob::Knob;
use crate::layer::{Backward, Forward, Layer, Plan, Spec};
use crate::shape::{Fix, Shape, ShapeError};

/// Repeats every pixel `size` times to the right and below: the nearest neighbour of each place in a larger image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpSample2d {
    pub size: usize,
}

impl Default for UpSample2d {
    fn default() -> Self {
        Self { size: 2 }
    }
}

impl Spec for UpSample2d {
    fn label(&self) -> &'static str {
        "UpSample2d"
    }

    fn detail(&self) -> String {
        self.size.to_string()
    }

    fn help(&self) -> &'static str {
        "Repeats every pixel in both directions: a larger image, which a convolution may then refine."
    }

    fn formula(&self) -> &'static str {
        "y[p] = x[⌊p / size⌋]"
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        let Some([height, width, channels]) = input.as_image() else {
            return Err(ShapeError::new(format!(
                "UpSample2d takes an image, and {} arrives. Move it to where an image is, or remove it.",
                input.described()
            ))
            .with_fix(Fix::Remove));
        };
        let output = Shape::image(height * self.size, width * self.size, channels);
        Ok(Plan { output, params: 0, multiply_adds: 0 })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let [height, width, channels] = input.as_image().unwrap_or([0; 3]);
        let output = [height * self.size, width * self.size, channels];
        Box::new(BuiltUpSample2d(Pooling::new([self.size; 2], output)))
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let help = "How many times the rows and columns become; the work behind it grows with the square.";
        vec![Knob::whole("size", "Size", &mut self.size, 1..=8, 2, help)]
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
