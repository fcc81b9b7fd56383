//! Every parameter of a network in one vector, with named views into it.

use super::init::stream;
use super::network::Network;

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
    /// Fresh weights, drawn as each layer asks. The same seed gives the same weights; each tensor has its own stream,
    /// so that adding a layer leaves the tensors before it as they were.
    pub fn new(network: &Network, seed: u64) -> Self {
        let mut values = vec![0.0; network.weights_len()];
        for (at, param) in network.params().iter().enumerate() {
            param.info.init.fill(&mut values[param.range.clone()], &mut stream(seed, at as u64));
        }
        Self { values }
    }

    /// Weights from named tensors, in any order; `find` gives dimensions and numbers of a name.
    pub fn from_tensors(
        network: &Network,
        count: usize,
        find: impl Fn(&str) -> Option<(Vec<usize>, Vec<f32>)>,
    ) -> Result<Self, WeightsError> {
        let mut values = Vec::with_capacity(network.weights_len());
        for param in network.params() {
            let name = param.name.clone();
            let (dims, numbers) = find(&name).ok_or_else(|| WeightsError::Missing { name: name.clone() })?;
            if dims != param.info.dims || numbers.len() != param.info.len() {
                return Err(WeightsError::Shape { name, expected: param.info.dims.clone(), found: dims });
            }
            values.extend(numbers);
        }
        if count != network.params().len() {
            return Err(WeightsError::Count { expected: network.params().len(), found: count });
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
