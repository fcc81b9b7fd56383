//! The numbers of a network in the layouts of PyTorch, as a safetensors file.

use crate::export::ExportError;
use backprop_nn::Weights;
use backprop_nn::compress::Precision;
use backprop_nn::init::Init;
use backprop_nn::layer::ParamInfo;
use backprop_nn::weights::Param;

/// An array of numbers with its name in PyTorch.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// `dense1.weight`
    pub name: String,
    /// The sizes of its axes.
    pub dims: Vec<usize>,
    /// Its numbers.
    pub values: Vec<f32>,
}

/// An array with its axes in another order, as numpy's `transpose` gives it.
pub fn transposed(dims: &[usize], values: &[f32], order: &[usize]) -> (Vec<usize>, Vec<f32>) {
    let strides: Vec<usize> = (0..dims.len()).map(|axis| dims[axis + 1..].iter().product()).collect();
    let to: Vec<usize> = order.iter().map(|axis| dims[*axis]).collect();
    let place = |mut at: usize| {
        let axes = order.iter().zip(&to).rev();
        axes.map(|(axis, size)| {
            let index = at % size;
            at /= size;
            index * strides[*axis]
        })
        .sum::<usize>()
    };
    let values = (0..values.len()).map(|at| values[place(at)]).collect();
    (to, values)
}

/// The file.
///
/// # Errors
/// If it cannot be written.
pub fn file(format: &'static str, arrays: &[Array]) -> Result<Vec<u8>, ExportError> {
    let mut end = 0;
    let param = |array: &Array| {
        let from = end;
        end += array.values.len();
        Param {
            name: array.name.clone(),
            layer: 0,
            info: ParamInfo::new("", &array.dims, Init::Zeros),
            range: from..end,
        }
    };
    let params: Vec<Param> = arrays.iter().map(param).collect();
    let find = |name: &str| {
        let array = arrays.iter().find(|array| array.name == name)?;
        Some((array.dims.clone(), array.values.clone()))
    };
    let bytes = Weights::from_tensors(&params, params.len(), find)
        .and_then(|weights| weights.to_safetensors(&params, "format", "pt".to_owned(), Precision::Float32));
    bytes.map_err(|error| ExportError::Format { format, what: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_change_their_order_as_numpy_does_it() {
        let values: Vec<f32> = (0..24).map(|at| at as f32).collect();
        let (dims, moved) = transposed(&[2, 3, 4], &values, &[2, 0, 1]);
        assert_eq!(dims, [4, 2, 3]);
        // moved[c][a][b] = values[a][b][c]
        assert_eq!(moved[..6], [0.0, 4.0, 8.0, 12.0, 16.0, 20.0]);
        assert_eq!(moved[6..8], [1.0, 5.0]);
    }
}
