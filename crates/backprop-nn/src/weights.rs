//! Every parameter of a network in one vector, with named views into it.

use std::ops::Range;

use crate::layer::ParamInfo;

/// One parameter tensor of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// `<layer index>.<layer>.<parameter>`, as in the file of weights: `1.dense.kernel`, `3.residual.0.conv2d.kernel`.
    pub name: String,
    /// Position of its layer, or of the block that holds it, in the declared stack.
    pub layer: usize,
    pub info: ParamInfo,
    pub range: Range<usize>,
}

/// The numbers that training changes. An optimiser is a loop over this one slice, a snapshot is one copy.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    values: Vec<f32>,
}

/// Why a set of named tensors does not belong to a network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WeightsError {
    #[error("the network has {name}, and the file does not")]
    Missing { name: String },
    #[error("{name} is {found:?}, and the network expects {expected:?}")]
    Shape { name: String, expected: Vec<usize>, found: Vec<usize> },
    #[error("the file has {found} tensors, and the network expects {expected}")]
    Count { expected: usize, found: usize },
}

impl Weights {
    /// All zero, for these parameters.
    pub(crate) fn zeros(params: &[Param]) -> Self {
        Self { values: vec![0.0; params.last().map_or(0, |param| param.range.end)] }
    }

    /// Weights from named tensors, in any order; `find` gives dimensions and numbers of a name.
    pub fn from_tensors(
        params: &[Param],
        count: usize,
        find: impl Fn(&str) -> Option<(Vec<usize>, Vec<f32>)>,
    ) -> Result<Self, WeightsError> {
        let mut values = Vec::with_capacity(params.last().map_or(0, |param| param.range.end));
        for param in params {
            let name = param.name.clone();
            let (dims, numbers) = find(&name).ok_or_else(|| WeightsError::Missing { name: name.clone() })?;
            if dims != param.info.dims || numbers.len() != param.info.len() {
                return Err(WeightsError::Shape { name, expected: param.info.dims.clone(), found: dims });
            }
            values.extend(numbers);
        }
        if count != params.len() {
            return Err(WeightsError::Count { expected: params.len(), found: count });
        }
        Ok(Self { values })
    }

    pub fn values(&self) -> &[f32] {
        &self.values
    }

    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }
}
