//! Constants of a file: arrays of numbers, whatever type they are stored in.

use crate::export::onnx::proto::{DataType, TensorProto};

/// The most numbers that folding constants may make, so that a broken file cannot fill the memory.
pub const MOST: usize = 1 << 26;

/// An array, row-major. Whole numbers below 2⁵³ are exact.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub dims: Vec<usize>,
    pub values: Vec<f64>,
    /// Whether the numbers are whole, so that a division is cut to one.
    pub is_whole: bool,
}

/// How many numbers an array of these sizes has, if there are not too many.
pub fn len_of(dims: &[usize]) -> Option<usize> {
    let len = dims.iter().try_fold(1usize, |len, dim| len.checked_mul(*dim))?;
    (len <= MOST).then_some(len)
}

impl Tensor {
    /// Numbers of these sizes, which have to be as many.
    pub fn new(dims: Vec<usize>, values: Vec<f64>) -> Option<Self> {
        (len_of(&dims)? == values.len()).then_some(Self { dims, values, is_whole: false })
    }

    /// Whole numbers in a row.
    pub fn whole(values: Vec<f64>) -> Self {
        Self { dims: vec![values.len()], values, is_whole: true }
    }

    /// The array of a message, or a sentence about what is wrong with it.
    pub fn read(proto: &TensorProto) -> Result<Self, String> {
        if proto.data_location == 1 || !proto.external_data.is_empty() {
            return Err("its numbers are in another file; save the model as one file".to_owned());
        }
        let dims: Option<Vec<usize>> = proto.dims.iter().map(|dim| usize::try_from(*dim).ok()).collect();
        let dims = dims.filter(|dims| len_of(dims).is_some()).ok_or("its sizes are not those of an array")?;
        let of = DataType::try_from(proto.data_type).unwrap_or(DataType::Undefined);
        let values = match &proto.raw_data {
            Some(bytes) => from_bytes(of, bytes),
            None => from_fields(of, proto),
        };
        let values = values.ok_or_else(|| {
            let known = "float32, float64, float16, int8, uint8, int32, int64 and bool are read";
            format!("its numbers are of the type {}; {known}", proto.data_type)
        })?;
        let (found, expected) = (values.len(), len_of(&dims).unwrap_or_default());
        let tensor = Self::new(dims, values)
            .ok_or_else(|| format!("it has {found} numbers, and {expected} belong to its sizes"))?;
        Ok(Self { is_whole: !matches!(of, DataType::Float | DataType::Double | DataType::Float16), ..tensor })
    }

    /// The single number of an array that has no other.
    pub fn scalar(&self) -> Option<f64> {
        match self.values[..] {
            [value] => Some(value),
            _ => None,
        }
    }

    /// The numbers as weights.
    pub fn to_f32(&self) -> Vec<f32> {
        self.values.iter().map(|value| *value as f32).collect()
    }

    /// The numbers as whole ones.
    pub fn to_i64(&self) -> Vec<i64> {
        self.values.iter().map(|value| *value as i64).collect()
    }

    /// The array with its axes in another order; nothing if `axes` does not name each once.
    pub fn transposed(&self, axes: &[usize]) -> Option<Self> {
        let rank = self.dims.len();
        let names_each = (0..rank).all(|axis| axes.contains(&axis));
        if axes.len() != rank || !names_each {
            return None;
        }
        let dims: Vec<usize> = axes.iter().map(|axis| self.dims[*axis]).collect();
        let strides = strides(&self.dims);
        let steps: Vec<usize> = axes.iter().map(|axis| strides[*axis]).collect();
        let values = positions(&dims, &steps).into_iter().map(|at| self.values[at]).collect();
        Some(Self { dims, values, is_whole: self.is_whole })
    }

    /// The array of the same numbers with other sizes.
    pub fn reshaped(self, dims: Vec<usize>) -> Option<Self> {
        (len_of(&dims)? == self.values.len()).then_some(Self { dims, ..self })
    }
}

/// Numbers from one row to the next of each axis.
pub fn strides(dims: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; dims.len()];
    for axis in (1..dims.len()).rev() {
        strides[axis - 1] = strides[axis] * dims[axis];
    }
    strides
}

/// The place of every element of an array of these sizes in memory where its axes have these strides.
pub fn positions(dims: &[usize], strides: &[usize]) -> Vec<usize> {
    dims.iter().zip(strides).fold(vec![0], |places, (dim, stride)| {
        places.iter().flat_map(|place| (0..*dim).map(move |at| place + at * stride)).collect()
    })
}

fn from_bytes(of: DataType, bytes: &[u8]) -> Option<Vec<f64>> {
    fn each<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f64) -> Vec<f64> {
        bytes.as_chunks().0.iter().map(|bytes| read(*bytes)).collect()
    }
    Some(match of {
        DataType::Float => each(bytes, |bytes| f32::from_le_bytes(bytes).into()),
        DataType::Double => each(bytes, f64::from_le_bytes),
        DataType::Float16 => each(bytes, |bytes| from_half(u16::from_le_bytes(bytes))),
        DataType::Int64 => each(bytes, |bytes| i64::from_le_bytes(bytes) as f64),
        DataType::Int32 => each(bytes, |bytes| i32::from_le_bytes(bytes).into()),
        DataType::Uint8 | DataType::Bool => each(bytes, |[byte]| byte.into()),
        DataType::Int8 => each(bytes, |bytes| i8::from_le_bytes(bytes).into()),
        DataType::Undefined | DataType::String => return None,
    })
}

fn from_fields(of: DataType, proto: &TensorProto) -> Option<Vec<f64>> {
    Some(match of {
        DataType::Float => proto.float_data.iter().map(|value| f64::from(*value)).collect(),
        DataType::Double => proto.double_data.clone(),
        DataType::Int64 => proto.int64_data.iter().map(|value| *value as f64).collect(),
        DataType::Float16 => proto.int32_data.iter().map(|bits| from_half(*bits as u16)).collect(),
        DataType::Int32 | DataType::Uint8 | DataType::Int8 | DataType::Bool => {
            proto.int32_data.iter().map(|value| f64::from(*value)).collect()
        }
        DataType::Undefined | DataType::String => return None,
    })
}

/// A number of half precision: a sign, five bits of exponent and ten of fraction.
fn from_half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
    let size = match exponent {
        0 => fraction * 2f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * 2f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_is_read() {
        for (bits, value) in [(0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_953_125), (0x0001, 2f64.powi(-24))] {
            assert_eq!(from_half(bits), value);
        }
        assert!(from_half(0x7e00).is_nan() && from_half(0xfc00) == f64::NEG_INFINITY);
    }

    #[test]
    fn axes_change_their_order() {
        let tensor = Tensor::new(vec![2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        let turned = tensor.transposed(&[1, 0]).unwrap();
        assert_eq!((turned.dims, turned.values), (vec![3, 2], vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
        assert_eq!(tensor.transposed(&[0, 0]), None);
    }
}
