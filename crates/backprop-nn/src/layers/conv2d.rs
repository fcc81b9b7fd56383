use serde::{Deserialize, Serialize};

use super::Function;
use super::convolution::{Padding, Sliding, activation_knob, dilation_knob, filters_knob};
use crate::init::Initializer;
use crate::knob::Knob;
use crate::layer::{Layer, Plan, Spec};
use crate::penalty::Penalty;
use crate::shape::{Fix, Shape, ShapeError};

/// Slides small kernels over an image: `y[p] = f(Σ x[s·p + d·k]·W[k] + b)` with stride `s` and dilation `d`.
///
/// Shapes: `[n, height, width, channels]` to `[n, height', width', filters]`,
/// kernel `[kernel, kernel, channels, filters]`, bias `[filters]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conv2d {
    pub filters: usize,
    /// Rows and columns of a kernel.
    pub kernel: usize,
    pub stride: usize,
    /// Pixels from one tap of the kernel to the next.
    pub dilation: usize,
    pub padding: Padding,
    pub activation: Function,
    pub init: Initializer,
    pub penalty: Penalty,
}

impl Default for Conv2d {
    fn default() -> Self {
        Self {
            filters: 32,
            kernel: 3,
            stride: 1,
            dilation: 1,
            padding: Padding::Valid,
            activation: Function::Relu,
            init: Initializer::default(),
            penalty: Penalty::default(),
        }
    }
}

impl Conv2d {
    fn sliding(&self) -> Sliding {
        let Self { filters, kernel, stride, dilation, padding, activation, init, .. } = *self;
        Sliding { filters, kernel: [kernel; 2], stride, dilation, padding, activation, init }
    }
}

impl Spec for Conv2d {
    fn label(&self) -> &'static str {
        "Conv2d"
    }

    fn detail(&self) -> String {
        self.sliding().detail(&format!("{0}×{0}", self.kernel))
    }

    fn help(&self) -> &'static str {
        "Slides small kernels over the image; each learns to find one pattern, wherever it is."
    }

    fn formula(&self) -> &'static str {
        "y[p] = f(Σₖ x[s·p + d·k]·W[k] + b)"
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        let Some(image) = input.as_image() else {
            return Err(ShapeError::new(format!(
                "Conv2d takes an image, and {} arrives. Move it to where an image is, or remove it.",
                input.described()
            ))
            .with_fix(Fix::Remove));
        };
        let sliding = self.sliding();
        let Some([rows, columns]) = sliding.extents(image) else {
            let Self { kernel, .. } = self;
            return Err(ShapeError::new(format!(
                "A {kernel}×{kernel} kernel does not fit into {}×{}. Pad with zeros, take a smaller kernel or pool less before.",
                image[0], image[1]
            ))
            .with_fix(Fix::Replace(Self { padding: Padding::Same, ..self.clone() }.into())));
        };
        let weights = sliding.weights(image[2]);
        Ok(Plan {
            output: Shape::image(rows.output, columns.output, self.filters),
            params: weights + self.filters,
            multiply_adds: (rows.output * columns.output * weights) as u64,
        })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let image = input.as_image().unwrap_or([0; 3]);
        self.sliding().build(image, &[self.kernel, self.kernel, image[2], self.filters])
    }

    fn penalty(&self) -> Penalty {
        self.penalty
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { filters, kernel, stride, dilation, padding, activation, init, penalty } = self;
        let [l1, l2] = penalty.knobs();
        vec![
            filters_knob(filters),
            Knob::whole(
                "kernel",
                "Kernel",
                kernel,
                1..=11,
                3,
                "Rows and columns of a kernel; a large one sees more at once and has many more weights.",
            ),
            Knob::whole(
                "stride",
                "Stride",
                stride,
                1..=4,
                1,
                "Pixels from one position to the next; 2 halves the image and loses detail.",
            ),
            dilation_knob(dilation),
            Knob::choice(
                "padding",
                "Padding",
                padding,
                "Valid shrinks the image; same keeps its size with zeros around it.",
            ),
            activation_knob(activation),
            init.knob(),
            l1,
            l2,
        ]
    }
}
