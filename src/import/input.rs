//! What the input of a file is here: the shape of a sample, and where the channels are.

use super::ImportError;
use super::file::{File, Port};
use super::layout::{Channels, Value};
use super::node::Node;
use crate::export::onnx::proto::DataType;
use backprop_nn::Shape;
use backprop_nn::trace::MAX_NUMBERS;

/// How many samples shapes are traced with where their number is free: one that no layer has by chance.
const SAMPLES: usize = 13;

/// Channels that an image usually has.
const COLORS: [usize; 3] = [1, 3, 4];

/// The input as a value: its sizes are those of the file, or of the data where the file leaves them free.
pub fn value(file: &File, port: &Port, data: Option<Shape>, notes: &mut Vec<String>) -> Result<Value, ImportError> {
    let fail =
        |what: &str| ImportError::Shape { name: port.name.clone(), dims: port.described(), what: what.to_owned() };
    if port.of == DataType::String {
        return Err(fail("it takes words, and a network here takes numbers"));
    }
    let rank = port.dims.len();
    if !(2..=4).contains(&rank) {
        return Err(fail("samples of one to three axes are read, and the samples are an axis of their own"));
    }
    // Sequences may have the samples second.
    let free: Vec<usize> = (0..rank).filter(|axis| port.dims[*axis].is_none()).collect();
    let samples_axis = if rank == 3 && free == [1] { 1 } else { 0 };
    let samples = port.dims[samples_axis].unwrap_or(SAMPLES);
    let mut of_sample: Vec<Option<usize>> = port.dims.clone();
    of_sample.remove(samples_axis);
    let channels = channels(file, &port.name, &of_sample);
    let shape = match data {
        Some(shape) => of_data(&of_sample, shape, channels).ok_or_else(|| {
            fail(&format!("it does not take the samples of the data, which are {}", shape.described()))
        })?,
        None => of_file(&of_sample, channels)
            .ok_or_else(|| fail("not all of its sizes are known; name the data with --data"))?,
    };
    let (shape, channels) = shape;
    if shape.dims().iter().try_fold(1usize, |len, dim| len.checked_mul(*dim)).is_none_or(|len| len > MAX_NUMBERS) {
        return Err(fail("a sample has more numbers than a layer may give"));
    }
    let value = Value::new(0, samples, shape, channels);
    let value = match (of_sample.len(), shape.dims().len()) {
        (1, 2 | 3) => {
            if channels == Channels::First && shape.channels() > 1 {
                notes.push(
                    "Input: a row of pixels is taken to have one channel after the other, as in PyTorch".to_owned(),
                );
            }
            value.reshaped(&[samples, shape.len()])
        }
        (2, 3) => value.reshaped(&[samples, shape.dims()[0], shape.dims()[1]]),
        (3, 2) => value.reshaped(&[samples, 1, shape.dims()[0], shape.dims()[1]]),
        _ => Some(value),
    };
    let value = value.ok_or_else(|| fail("it does not take the samples of the data"))?;
    match samples_axis {
        0 => Ok(value),
        _ => value.transposed(&[1, 0, 2]).ok_or_else(|| fail("its axes are not read")),
    }
}

/// The shape that the sizes of the file say.
fn of_file(sizes: &[Option<usize>], channels: Channels) -> Option<(Shape, Channels)> {
    let sizes = sizes.iter().copied().collect::<Option<Vec<usize>>>()?;
    let shape = match (&sizes[..], channels) {
        ([numbers], _) => return Some((Shape::flat(*numbers), Channels::Last)),
        ([steps, features], Channels::Last) | ([features, steps], Channels::First) => Shape::steps(*steps, *features),
        ([height, width, channels], Channels::Last) | ([channels, height, width], Channels::First) => {
            Shape::image(*height, *width, *channels)
        }
        _ => return None,
    };
    Some((shape, channels))
}

/// The shape of the data, if the sizes of the file are those of its axes in one order.
fn of_data(sizes: &[Option<usize>], shape: Shape, likely: Channels) -> Option<(Shape, Channels)> {
    let fits = |dims: &[usize]| {
        dims.len() == sizes.len() && sizes.iter().zip(dims).all(|(size, dim)| size.is_none_or(|size| size == *dim))
    };
    let mut first = shape.dims().to_vec();
    first.rotate_right(1);
    let other = if likely == Channels::First { Channels::Last } else { Channels::First };
    let in_order = [likely, other].into_iter().find(|channels| match channels {
        Channels::First => fits(&first),
        Channels::Last => fits(shape.dims()),
    });
    if let Some(channels) = in_order {
        return Some((shape, channels));
    }
    let is_gray = matches!(shape.dims(), [_, _, 1]);
    match shape.dims() {
        [_] => None,
        _ if fits(&[shape.len()]) => {
            Some((shape, if shape.as_image().is_some() { Channels::First } else { Channels::Last }))
        }
        [height, width, _] if is_gray && fits(&[*height, *width]) => Some((shape, Channels::Last)),
        _ => None,
    }
}

/// Where the channels of the input are, by the first node that cares.
fn channels(file: &File, name: &str, sizes: &[Option<usize>]) -> Channels {
    let mut name = name.to_owned();
    for _ in 0..file.nodes.len() {
        let Some(node) = file.readers(&name).find(|node| node.kind != "Shape") else { break };
        match &*node.kind {
            "Conv" | "ConvTranspose" | "MaxPool" | "AveragePool" | "GlobalAveragePool" | "BatchNormalization" => {
                return Channels::First;
            }
            "Transpose" => return turned(file, node),
            "LSTM" | "GRU" | "RNN" | "MatMul" | "Gemm" | "LayerNormalization" => break,
            "Reshape" | "Flatten" => break,
            _ => name = node.outputs.first().cloned().unwrap_or_default(),
        }
    }
    let is_color =
        |size: Option<&Option<usize>>| size.is_some_and(|size| size.is_some_and(|size| COLORS.contains(&size)));
    match sizes.len() {
        3 if is_color(sizes.last()) && !is_color(sizes.first()) => Channels::Last,
        3 => Channels::First,
        _ => Channels::Last,
    }
}

/// Where the channels were before they were turned: what turns them to the front had them last.
fn turned(file: &File, node: &Node) -> Channels {
    let slides = |node: &Node| {
        let mut readers = node.outputs.iter().flat_map(|name| file.readers(name));
        readers.any(|reader| matches!(&*reader.kind, "Conv" | "MaxPool" | "AveragePool" | "BatchNormalization"))
    };
    match node.ints("perm").as_deref() {
        Some([0, 2, 3, 1]) => Channels::First,
        Some([0, 2, 1]) if !slides(node) => Channels::First,
        _ => Channels::Last,
    }
}
