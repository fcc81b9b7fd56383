use serde::{Deserialize, Serialize};

use super::pooling::{BuiltAveragePool, BuiltMaxPool, Pooling};
use crate::knob::Knob;
use crate::layer::{Layer, Plan, Spec};
use crate::shape::{Fix, Shape, ShapeError};

/// Keeps the largest number of every window, channel by channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaxPool2d {
    /// Rows and columns of a window.
    pub size: usize,
}

/// Keeps the mean of every window, channel by channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AveragePool2d {
    /// Rows and columns of a window.
    pub size: usize,
}

impl Default for MaxPool2d {
    fn default() -> Self {
        Self { size: 2 }
    }
}

impl Default for AveragePool2d {
    fn default() -> Self {
        Self { size: 2 }
    }
}

impl Spec for MaxPool2d {
    fn label(&self) -> &'static str {
        "MaxPool2d"
    }

    fn detail(&self) -> String {
        self.size.to_string()
    }

    fn help(&self) -> &'static str {
        "Keeps the largest number of every window: a smaller image, in which a small shift no longer matters."
    }

    fn formula(&self) -> &'static str {
        "y[p] = maxₖ x[size·p + k]"
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        plan("MaxPool2d", self.size, input, |size| Self { size }.into())
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltMaxPool(Pooling::new([self.size; 2], input.as_image().unwrap_or([0; 3]))))
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        vec![size_knob(&mut self.size)]
    }
}

impl Spec for AveragePool2d {
    fn label(&self) -> &'static str {
        "AveragePool2d"
    }

    fn detail(&self) -> String {
        self.size.to_string()
    }

    fn help(&self) -> &'static str {
        "Keeps the mean of every window: a smaller, smoother image."
    }

    fn formula(&self) -> &'static str {
        "y[p] = Σₖ x[size·p + k] / size²"
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        plan("AveragePool2d", self.size, input, |size| Self { size }.into())
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltAveragePool(Pooling::new([self.size; 2], input.as_image().unwrap_or([0; 3]))))
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        vec![size_knob(&mut self.size)]
    }
}

fn size_knob(size: &mut usize) -> Knob<'_> {
    Knob::whole(
        "size",
        "Size",
        size,
        1..=8,
        2,
        "Rows and columns of a window; a large one throws most of the image away.",
    )
}

fn plan(
    label: &str,
    size: usize,
    input: Shape,
    with_size: impl Fn(usize) -> super::LayerSpec,
) -> Result<Plan, ShapeError> {
    let Some([height, width, channels]) = input.as_image() else {
        return Err(ShapeError::new(format!(
            "{label} takes an image, and {} arrives. Move it to where an image is, or remove it.",
            input.described()
        ))
        .with_fix(Fix::Remove));
    };
    if size > height.min(width) {
        let largest = height.min(width);
        let error = ShapeError::new(format!(
            "A {size}×{size} window does not fit into {height}×{width}. Take a smaller one, or remove the layer."
        ));
        return Err(error.with_fix(if largest > 1 { Fix::Replace(with_size(largest)) } else { Fix::Remove }));
    }
    Ok(Plan { output: Shape::image(height / size, width / size, channels), params: 0, multiply_adds: 0 })
}
