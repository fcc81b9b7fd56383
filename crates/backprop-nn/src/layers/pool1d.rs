use serde::{Deserialize, Serialize};

use super::pooling::{BuiltAveragePool, BuiltMaxPool, Pooling};
use super::reshape::takes_steps;
use crate::knob::Knob;
use crate::layer::{Layer, Plan, Spec};
use crate::shape::{Fix, Shape, ShapeError};

/// Keeps the largest number of every window, channel by channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaxPool1d {
    /// Steps of a window.
    pub size: usize,
}

/// Keeps the mean of every window, channel by channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AveragePool1d {
    /// Steps of a window.
    pub size: usize,
}

impl Default for MaxPool1d {
    fn default() -> Self {
        Self { size: 2 }
    }
}

impl Default for AveragePool1d {
    fn default() -> Self {
        Self { size: 2 }
    }
}

impl Spec for MaxPool1d {
    fn label(&self) -> &'static str {
        "MaxPool1d"
    }

    fn detail(&self) -> String {
        self.size.to_string()
    }

    fn help(&self) -> &'static str {
        "Keeps the largest number of every window: a shorter sequence, in which a small shift no longer matters."
    }

    fn formula(&self) -> &'static str {
        "y[t] = maxₖ x[size·t + k]"
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        plan("MaxPool1d", self.size, input, |size| Self { size }.into())
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltMaxPool(Pooling::new([1, self.size], row(input))))
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        vec![size_knob(&mut self.size)]
    }
}

impl Spec for AveragePool1d {
    fn label(&self) -> &'static str {
        "AveragePool1d"
    }

    fn detail(&self) -> String {
        self.size.to_string()
    }

    fn help(&self) -> &'static str {
        "Keeps the mean of every window: a shorter, smoother sequence."
    }

    fn formula(&self) -> &'static str {
        "y[t] = Σₖ x[size·t + k] / size"
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        plan("AveragePool1d", self.size, input, |size| Self { size }.into())
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltAveragePool(Pooling::new([1, self.size], row(input))))
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        vec![size_knob(&mut self.size)]
    }
}

fn size_knob(size: &mut usize) -> Knob<'_> {
    Knob::whole("size", "Size", size, 1..=32, 2, "Steps of a window; a large one throws most of the sequence away.")
}

/// A sequence as an image of one row.
fn row(input: Shape) -> [usize; 3] {
    let [steps, features] = input.as_steps().unwrap_or([0; 2]);
    [1, steps, features]
}

fn plan(
    label: &str,
    size: usize,
    input: Shape,
    with_size: impl Fn(usize) -> super::LayerSpec,
) -> Result<Plan, ShapeError> {
    let [steps, features] = takes_steps(label, input)?;
    if size > steps {
        let error = ShapeError::new(format!(
            "A window of {size} steps does not fit into {steps}. Take a smaller one, or remove the layer."
        ));
        return Err(error.with_fix(if steps > 1 { Fix::Replace(with_size(steps)) } else { Fix::Remove }));
    }
    Ok(Plan { output: Shape::steps(steps / size, features), params: 0, multiply_adds: 0 })
}
