use serde::{Deserialize, Serialize};

use super::Function;
use super::convolution::{Padding, Sliding, activation_knob, dilation_knob, filters_knob};
use super::reshape::takes_steps;
use crate::init::Initializer;
use crate::knob::Knob;
use crate::layer::{Layer, Plan, Spec};
use crate::penalty::Penalty;
use crate::shape::{Fix, Shape, ShapeError};

/// Slides small kernels along a sequence: `y[t] = f(Σ x[s·t + d·k]·W[k] + b)` with stride `s` and dilation `d`.
///
/// Shapes: `[n, steps, features]` to `[n, steps', filters]`, kernel `[kernel, features, filters]`, bias `[filters]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conv1d {
    pub filters: usize,
    /// Steps of a kernel.
    pub kernel: usize,
    pub stride: usize,
    /// Steps from one tap of the kernel to the next.
    pub dilation: usize,
    pub padding: Padding,
    pub activation: Function,
    pub init: Initializer,
    pub penalty: Penalty,
}

impl Default for Conv1d {
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

impl Conv1d {
    fn sliding(&self) -> Sliding {
        let Self { filters, kernel, stride, dilation, padding, activation, init, .. } = *self;
        Sliding { filters, kernel: [1, kernel], stride, dilation, padding, activation, init }
    }
}

impl Spec for Conv1d {
    fn label(&self) -> &'static str {
        "Conv1d"
    }

    fn detail(&self) -> String {
        self.sliding().detail(&self.kernel.to_string())
    }

    fn help(&self) -> &'static str {
        "Slides small kernels along the sequence; each learns to find one pattern, whenever it comes."
    }

    fn formula(&self) -> &'static str {
        "y[t] = f(Σₖ x[s·t + d·k]·W[k] + b)"
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        let [steps, features] = takes_steps(self.label(), input)?;
        let sliding = self.sliding();
        let Some([_, positions]) = sliding.extents([1, steps, features]) else {
            return Err(ShapeError::new(format!(
                "A kernel of {} steps does not fit into {steps}. Pad with zeros, take a smaller kernel or pool less before.",
                self.kernel
            ))
            .with_fix(Fix::Replace(Self { padding: Padding::Same, ..self.clone() }.into())));
        };
        let weights = sliding.weights(features);
        Ok(Plan {
            output: Shape::steps(positions.output, self.filters),
            params: weights + self.filters,
            multiply_adds: (positions.output * weights) as u64,
        })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let [steps, features] = input.as_steps().unwrap_or([0; 2]);
        self.sliding().build([1, steps, features], &[self.kernel, features, self.filters])
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
                1..=31,
                3,
                "Steps of a kernel; a long one sees more at once and has more weights.",
            ),
            Knob::whole(
                "stride",
                "Stride",
                stride,
                1..=8,
                1,
                "Steps from one position to the next; 2 halves the sequence and loses detail.",
            ),
            dilation_knob(dilation),
            Knob::choice(
                "padding",
                "Padding",
                padding,
                "Valid shortens the sequence; same keeps its length with zeros around it.",
            ),
            activation_knob(activation),
            init.knob(),
            l1,
            l2,
        ]
    }
}
