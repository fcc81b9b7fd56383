use serde::{Deserialize, Serialize};

use super::reshape::BuiltReshape;
use crate::field::Settings;
use crate::graph::{Operation, Tensor};
use crate::layer::Layer;
use crate::shape::Shape;
use crate::spec::{Plan, ShapeError, Spec};

/// Turns an image or a sequence into one row of numbers, as Dense takes it. No number changes; channels come last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(group = "Change of shape", formula = "y = x, as one row")]
pub struct Flatten {}

impl Spec for Flatten {
    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        Ok(Plan::free(Shape::flat(input.len())))
    }

    fn build(&self, _input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltReshape)
    }

    fn operations<'a>(&self, input: Shape, _params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        Some(vec![Operation::Reshape { to: Shape::flat(input.len()) }])
    }
}
