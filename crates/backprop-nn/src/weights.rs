//! Every parameter of a network in one vector, with named views into it.

use std::collections::HashMap;
use std::ops::Range;

use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use crate::compress::{Int8, Precision, fits_half, is_compressed};
use crate::layer::ParamInfo;

/// One parameter tensor of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// `<layer index>.<layer>.<parameter>`, as in the file of weights: `1.dense.kernel`, `3.residual.0.conv2d.kernel`.
    pub name: String,
    /// Position of its layer, or of the block that holds it, in the declared stack.
    pub layer: usize,
    /// Its dimensions and initial values.
    pub info: ParamInfo,
    /// Where it lies in the weights.
    pub range: Range<usize>,
}

/// Numbers as the bytes of a file, little-endian.
pub fn le_bytes(values: &[f32]) -> Vec<u8> {
    let mut bytes = vec![0; size_of_val(values)];
    // Pairs of slices are copied as fast as memory goes; an iterator over bytes is not.
    let (places, _) = bytes.as_chunks_mut();
    places.iter_mut().zip(values).for_each(|(place, value)| *place = value.to_le_bytes());
    bytes
}

/// The numbers that training changes. An optimizer is a loop over this one slice, a snapshot is one copy.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    values: Vec<f32>,
}

/// Why a set of named tensors does not belong to a network.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the sentences say it")]
pub enum WeightsError {
    #[error("the network has {name}, and the file does not")]
    Missing { name: String },
    #[error("{name} is {found:?}, and the network expects {expected:?}")]
    Shape { name: String, expected: Vec<usize>, found: Vec<usize> },
    #[error("the file has {found} tensors, and the network expects {expected}")]
    Count { expected: usize, found: usize },
    #[error("is not a safetensors file: {0}")]
    Format(#[from] safetensors::SafeTensorError),
    #[error("was written by another program: {key} is missing from its metadata")]
    Metadata { key: String },
}

/// The name of the tensor with the scales of one in eight bits.
fn scales_of(name: &str) -> String {
    format!("{name}.scales")
}

/// Sizes and numbers of a tensor of a file, however they are stored.
fn read(file: &SafeTensors<'_>, name: &str) -> Option<(Vec<usize>, Vec<f32>)> {
    let tensor = file.tensor(name).ok()?;
    let numbers = match tensor.dtype() {
        Dtype::F32 => tensor.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        Dtype::F16 => tensor.data().as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect(),
        Dtype::I8 => {
            let (_, scales) = read(file, &scales_of(name))?;
            let fits = tensor.shape().last() == Some(&scales.len());
            let values = tensor.data().iter().map(|byte| byte.cast_signed()).collect();
            fits.then(|| Int8 { values, scales }.restored())?
        }
        _ => return None,
    };
    Some((tensor.shape().to_vec(), numbers))
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

    /// A [safetensors](https://huggingface.co/docs/safetensors) file: a tensor per parameter, and one text of metadata,
    /// since several would come in another order each time. One in eight bits has its scales beside it, `kernel.scales`.
    pub fn to_safetensors(
        &self,
        params: &[Param],
        key: &str,
        metadata: String,
        precision: Precision,
    ) -> Result<Vec<u8>, WeightsError> {
        let mut stored = Vec::with_capacity(params.len());
        for param in params {
            let (name, dims, values) = (&param.name, &param.info.dims, &self.values[param.range.clone()]);
            match precision {
                Precision::Float16 if fits_half(values) => {
                    let bytes = values.iter().flat_map(|value| f16::from_f32(*value).to_le_bytes()).collect();
                    stored.push((name.clone(), Dtype::F16, dims.clone(), bytes));
                }
                Precision::Int8 if is_compressed(name) => {
                    let Int8 { values, scales } = Int8::of(values, dims.last().copied().unwrap_or(1));
                    let bytes = values.iter().map(|value| value.cast_unsigned()).collect();
                    stored.push((name.clone(), Dtype::I8, dims.clone(), bytes));
                    stored.push((scales_of(name), Dtype::F32, vec![scales.len()], le_bytes(&scales)));
                }
                Precision::Float32 | Precision::Float16 | Precision::Int8 => {
                    stored.push((name.clone(), Dtype::F32, dims.clone(), le_bytes(values)));
                }
            }
        }
        let tensors = stored
            .iter()
            .map(|(name, dtype, dims, bytes)| Ok((name, TensorView::new(*dtype, dims.clone(), bytes)?)))
            .collect::<Result<Vec<_>, WeightsError>>()?;
        Ok(serialize(tensors, Some(HashMap::from([(key.to_owned(), metadata)])))?)
    }

    /// Weights from the bytes of a safetensors file, which has to hold these parameters and no others.
    pub fn from_safetensors(params: &[Param], bytes: &[u8]) -> Result<Self, WeightsError> {
        let file = SafeTensors::deserialize(bytes)?;
        let scales = params.iter().filter(|param| file.tensor(&scales_of(&param.name)).is_ok()).count();
        Self::from_tensors(params, file.len() - scales, |name| read(&file, name))
    }

    /// What the metadata of such a file says under a key.
    pub fn metadata(bytes: &[u8], key: &str) -> Result<String, WeightsError> {
        let (_, header) = SafeTensors::read_metadata(bytes)?;
        let text = header.metadata().as_ref().and_then(|fields| fields.get(key).cloned());
        text.ok_or_else(|| WeightsError::Metadata { key: key.to_owned() })
    }

    /// All of them, one parameter after the other.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The same, to be changed.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }
}
