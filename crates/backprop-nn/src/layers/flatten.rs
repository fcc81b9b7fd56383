use serde::{Deserialize, Serialize};

use super::reshape::BuiltReshape;
use crate::knob::Knob;
use crate::layer::{Layer, Plan, Spec};
use crate::shape::{Shape, ShapeError};

/// Lays an image or a sequence out as one row of numbers, channels last; no number changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Flatten {}

impl Spec for Flatten {
    fn label(&self) -> &'static str {
        "Flatten"
    }

    fn detail(&self) -> String {
        String::new()
    }

    fn help(&self) -> &'static str {
        "Lays an image or a sequence out as one row of numbers, which is what Dense takes."
    }

    fn formula(&self) -> &'static str {
        "y = x, as one row"
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        Ok(Plan { output: Shape::flat(input.len()), params: 0, multiply_adds: 0 })
    }

    fn build(&self, _input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltReshape)
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        Vec::new()
    }
}
