//! Weights in half precision in a file of ONNX: each is stored in 16 bits and made 32 again where the network begins, which runtimes do
//! once. What is computed stays in single precision.

use half::f16;

use super::operations::cast;
use super::proto::{DataType, GraphProto, NodeProto, TensorProto};

/// With fewer numbers, the cast takes as much room as it saves.
const FEW: usize = 64;

/// Stores every array of single precision so that has lost nothing by it: those of weights that were rounded before.
pub fn store(graph: &mut GraphProto) {
    let mut casts = Vec::new();
    for tensor in &mut graph.initializer {
        let Some(bytes) = halves(tensor) else { continue };
        let name = std::mem::take(&mut tensor.name);
        tensor.name = format!("{name}.half");
        tensor.raw_data = Some(bytes);
        tensor.set_data_type(DataType::Float16);
        casts.push(NodeProto {
            input: vec![tensor.name.clone()],
            output: vec![name.clone()],
            name: format!("{name}.single"),
            op_type: "Cast".to_owned(),
            attribute: vec![cast(DataType::Float)],
            domain: String::new(),
        });
    }
    graph.node.splice(0..0, casts);
}

/// The numbers of an array in half precision, if they are the same there.
fn halves(tensor: &TensorProto) -> Option<Vec<u8>> {
    let (numbers, rest) = tensor.raw_data.as_deref()?.as_chunks::<4>();
    if tensor.data_type() != DataType::Float || !rest.is_empty() || numbers.len() < FEW {
        return None;
    }
    let half = |bytes: &[u8; 4]| {
        let number = f32::from_le_bytes(*bytes);
        let half = f16::from_f32(number);
        (half.to_f32() == number).then_some(half.to_le_bytes())
    };
    numbers.iter().map(half).collect::<Option<Vec<_>>>().map(|halves| halves.concat())
}
