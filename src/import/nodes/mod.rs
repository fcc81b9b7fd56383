//! What each operator is here: a layer, a change of one, or a move of axes. `https://onnx.ai/onnx/operators` defines what a node
//! computes.

mod convolution;
mod dense;
mod each;
pub mod own;
mod pool;
mod recurrent;
mod shapes;

use super::layout::Value;
use super::node::Node;
use super::reader::{Known, Reader};

/// THE LIST of operators.
const OPERATORS: &[&str] = &[
    "Add",
    "AveragePool",
    "BatchNormalization",
    "Cast",
    "Concat",
    "Conv",
    "ConvTranspose",
    "Div",
    "Dropout",
    "Elu",
    "Flatten",
    "GRU",
    "Gather",
    "Gelu",
    "Gemm",
    "GlobalAveragePool",
    "GlobalMaxPool",
    "Identity",
    "LSTM",
    "LayerNormalization",
    "LeakyRelu",
    "LogSoftmax",
    "MatMul",
    "MaxPool",
    "Mul",
    "PRelu",
    "Pad",
    "RNN",
    "ReduceMean",
    "Relu",
    "Reshape",
    "Resize",
    "Sigmoid",
    "Silu",
    "Slice",
    "Softmax",
    "Squeeze",
    "Sub",
    "Swish",
    "Tanh",
    "Transpose",
    "Unsqueeze",
    "Upsample",
];

/// Those that compute nothing.
const MOVES: &[&str] = &["Cast", "Flatten", "Identity", "Reshape", "Shape", "Squeeze", "Transpose", "Unsqueeze"];

/// Those that are computed on constants alone.
const CONSTANTS: &[&str] =
    &["ConstantOfShape", "Equal", "Expand", "Mod", "Neg", "Reciprocal", "Shape", "Sqrt", "Where"];

/// Whether an operator is one of those that are read.
pub fn is_known(kind: &str) -> bool {
    OPERATORS.contains(&kind) || CONSTANTS.contains(&kind) || kind == "ai.onnx.ml.Scaler"
}

/// Whether an operator does more than to move axes.
pub fn computes(kind: &str) -> bool {
    !MOVES.contains(&kind) && kind != "Dropout"
}

impl Reader<'_> {
    /// What the outputs of a node are that reads the sample.
    pub fn operation(&mut self, node: &Node) -> Result<Vec<Known>, String> {
        let value = match &*node.kind {
            "Gemm" => self.gemm(node),
            "MatMul" => self.matmul(node),
            "Conv" => self.convolution(node),
            "ConvTranspose" => self.convolution_transpose(node),
            "MaxPool" | "AveragePool" => self.pool(node),
            "GlobalAveragePool" | "GlobalMaxPool" => self.global_pool(node),
            "ReduceMean" => self.reduce_mean(node),
            "Resize" | "Upsample" => self.up_sample(node),
            "BatchNormalization" => self.batch_norm(node),
            "LayerNormalization" => self.layer_norm(node),
            "Relu" | "LeakyRelu" | "Elu" | "Gelu" | "Silu" | "Swish" | "Sigmoid" | "Tanh" => self.activation(node),
            "PRelu" => self.p_relu(node),
            "Softmax" | "LogSoftmax" => self.softmax(node),
            "Add" => self.add(node),
            "Sub" | "Mul" | "Div" => self.arithmetic(node),
            "ai.onnx.ml.Scaler" => self.scaler(node),
            "Identity" | "Cast" | "Dropout" => return self.passed(node),
            "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" | "Transpose" => return self.moved(node),
            "Concat" => return self.concat(node),
            "Pad" => return self.pad(node),
            "Gather" => self.gather(node),
            "Slice" => self.slice(node),
            "LSTM" | "GRU" | "RNN" => return self.recurrent(node),
            kind if own::is_own(kind) => self.own(node),
            _ => Err("no layer here computes it".to_owned()),
        }?;
        Ok(vec![Known::Value(value)])
    }

    /// Whether more than one node computes with a value.
    pub fn is_shared(&self, value: &Value) -> bool {
        let is_it = |known: &Known| matches!(known, Known::Value(other) if other.token == value.token);
        let names = self.known.iter().filter(|(_, known)| is_it(known)).map(|(name, _)| name);
        let moves = |node: &&Node| MOVES.contains(&&*node.kind);
        names.flat_map(|name| self.file.readers(name)).filter(|node| !moves(node)).count() > 1
    }

    /// Zeros around an image.
    fn pad(&mut self, node: &Node) -> Result<Vec<Known>, String> {
        let value = self.value(node, 0)?;
        let fill = self.optional(node, 2)?.and_then(|fill| fill.scalar()).unwrap_or(node.float("value", 0.0).into());
        let has_axes = node.inputs.get(3).is_some_and(|name| !name.is_empty());
        let pads = match node.ints("pads") {
            Some(pads) => pads,
            None => self.constant(node, 1)?.to_i64(),
        };
        let sizes: Option<Vec<usize>> =
            pads.iter().map(|pad| usize::try_from(*pad).ok().filter(|pad| *pad < 1 << 20)).collect();
        let sizes =
            sizes.filter(|sizes| sizes.len() == 2 * value.axes.len()).ok_or("it cuts the edges of an image off")?;
        if sizes.iter().all(|size| *size == 0) {
            return Ok(vec![Known::Value(value)]);
        }
        match fill == 0.0 && !has_axes && matches!(&*node.text("mode"), "" | "constant") {
            true => Ok(vec![Known::Padded(value, sizes)]),
            false => Err("it puts something else than zeros around an image".to_owned()),
        }
    }

    /// What passes unchanged: a cast between numbers with a point, and a dropout, which is kept as a layer.
    fn passed(&mut self, node: &Node) -> Result<Vec<Known>, String> {
        let name = node.inputs.first().cloned().unwrap_or_default();
        let known = self.get(&name)?;
        let Known::Value(value) = known else { return Ok(vec![known]) };
        let is_whole = node.kind == "Cast" && !matches!(node.int("to", 1), 1 | 10 | 11 | 16);
        let mut readers = node.outputs.iter().flat_map(|name| self.file.readers(name));
        if is_whole && readers.any(|reader| reader.kind != "Gather") {
            return Err("it cuts numbers to whole ones".to_owned());
        }
        let rate = match &*node.kind {
            "Dropout" => self.rate(node)?,
            _ => 0.0,
        };
        if rate <= 0.0 || value.state.is_some() {
            return Ok(vec![Known::Value(value)]);
        }
        let layer = backprop_nn::layers::Dropout { rate };
        let value = self.stack.place_like(&value, layer, Vec::new())?;
        Ok(vec![Known::Value(value)])
    }

    /// The rate of a dropout: an attribute in old files, and an input in newer ones.
    fn rate(&mut self, node: &Node) -> Result<f32, String> {
        match node.has("ratio") {
            true => Ok(node.float("ratio", 0.5)),
            false => Ok(self.optional(node, 1)?.and_then(|tensor| tensor.scalar()).map_or(0.0, |rate| rate as f32)),
        }
    }

    /// The value with the axis as its last one here, alone in the last axis of its shape, and the place of each channel in it.
    pub fn with_channels(&mut self, value: Value, axis: usize) -> Result<(Value, Vec<usize>), String> {
        let places = value.places(axis).ok_or("it works along an axis that is not the last one here")?;
        let (channels, numbers) = (places.len(), value.shape.len());
        let shape = match value.shape.channels() == channels {
            true => value.shape,
            false => backprop_nn::Shape::steps(numbers / channels, channels),
        };
        Ok((self.stack.shaped(value, shape)?, places))
    }
}

/// Numbers at other places: `values[i]` goes to `places[i]`.
pub fn placed<T: Copy + Default>(values: &[T], places: &[usize]) -> Vec<T> {
    let mut moved = vec![T::default(); values.len()];
    for (value, place) in values.iter().zip(places) {
        moved[*place] = *value;
    }
    moved
}
