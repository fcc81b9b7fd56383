//! The operations of a network in those of ONNX. There, what slides over an image has its channels first, `[N, channels,
//! height, width]`, and here they are last; an array is turned only where an operation needs the other order.

use super::proto::{AttributeProto, DataType};
use super::writer::{Writer, float, int, ints, text};
use backprop_nn::activation::Function;
use backprop_nn::graph::{Convolution, ConvolutionTranspose, Direction, Graph, Operation, Tensor};
use backprop_nn::layers::Returns;

/// Where the channels are in an array.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Channels {
    Last,
    First,
}

use Channels::{First, Last};

/// The values of a graph by the names of their arrays.
pub(super) struct Values<'w, 'g> {
    pub(super) writer: &'w mut Writer,
    pub(super) graph: &'g Graph<'g>,
    /// Of each value the array with the channels last and that with the channels first, as far as there are any.
    arrays: Vec<[Option<String>; 2]>,
}

/// Writes every operation of a graph that reads the array `input`, and gives the name of the array that is made last, the
/// channels of both last.
pub fn write(writer: &mut Writer, graph: &Graph<'_>, input: String) -> String {
    let mut values = Values { writer, graph, arrays: vec![[Some(input), None]] };
    for node in &graph.nodes {
        values.writer.scope.clone_from(&node.name);
        let (array, channels) = values.operation(&node.operation, node.input);
        let is_last = channels == Last || node.output.is_flat();
        values.arrays.push(if is_last { [Some(array), None] } else { [None, Some(array)] });
    }
    values.get(graph.nodes.len(), Last)
}

impl Values<'_, '_> {
    /// The array of a value with the channels where an operation needs them.
    pub(super) fn get(&mut self, value: usize, channels: Channels) -> String {
        let arrays = &self.arrays[value];
        let rank = self.graph.shape(value).dims().len();
        let (wanted, other) = if channels == Last || rank == 1 { (0, 1) } else { (1, 0) };
        if let Some(array) = &arrays[wanted] {
            return array.clone();
        }
        let from = arrays[other].clone().unwrap_or_default();
        let axes: Vec<usize> = match channels {
            Last => [0].into_iter().chain(2..=rank).chain([1]).collect(),
            First => [0, rank].into_iter().chain(1..rank).collect(),
        };
        let array = self.writer.node("Transpose", &[&from], vec![ints("perm", &axes)]);
        self.arrays[value][wanted] = Some(array.clone());
        array
    }

    /// The array of a value as it was made, and where its channels are.
    fn any(&mut self, value: usize) -> (String, Channels) {
        let channels = if self.arrays[value][1].is_some() { First } else { Last };
        (self.get(value, channels), channels)
    }

    /// The array that an operation makes of a value, and where its channels are.
    fn operation(&mut self, operation: &Operation<'_>, value: usize) -> (String, Channels) {
        match operation {
            Operation::Convolution(convolution) => (self.convolution(convolution, value), First),
            Operation::ConvolutionTranspose(transpose) => (self.convolution_transpose(transpose, value), First),
            Operation::MaxPool { size } => (self.pool("MaxPool", size, value), First),
            Operation::AveragePool { size } => (self.pool("AveragePool", size, value), First),
            Operation::UpSample { size } => (self.up_sample(*size, value), First),
            Operation::Mean => (self.mean(value), Last),
            Operation::MeanOfTokens => (self.mean_of_tokens(value), Last),
            Operation::Affine { scale, shift } => {
                let (x, channels) = self.any(value);
                let [scale, shift] = [scale, shift].map(|tensor| self.by_channel(tensor, value, channels));
                let scaled = self.writer.node("Mul", &[&x, &scale], vec![]);
                (self.writer.node("Add", &[&scaled, &shift], vec![]), channels)
            }
            Operation::PRelu { alpha } => {
                let (x, channels) = self.any(value);
                let alpha = self.by_channel(alpha, value, channels);
                (self.writer.node("PRelu", &[&x, &alpha], vec![]), channels)
            }
            Operation::Activation(function) => {
                let (x, channels) = self.any(value);
                (self.activation(*function, x), channels)
            }
            Operation::Add { value: other } => {
                let (x, channels) = self.any(value);
                let other = self.get(*other, channels);
                (self.writer.node("Add", &[&x, &other], vec![]), channels)
            }
            others => {
                let x = self.get(value, Last);
                (self.channels_last(others, value, &x), Last)
            }
        }
    }

    /// The operations on an array `x` with the channels last.
    fn channels_last(&mut self, operation: &Operation<'_>, value: usize, x: &str) -> String {
        let shape = self.graph.shape(value);
        match operation {
            Operation::Dense { kernel, bias } => {
                let [kernel, bias] = [kernel, bias].map(|tensor| self.tensor(tensor));
                if shape.is_flat() {
                    return self.writer.node("Gemm", &[x, &kernel, &bias], vec![]);
                }
                let product = self.writer.node("MatMul", &[x, &kernel], vec![]);
                self.writer.node("Add", &[&product, &bias], vec![])
            }
            Operation::Tied { table, bias } => self.tied(table, bias, x),
            Operation::Attention(attention) => self.attention(attention, value, x),
            Operation::Positions { table } => {
                let table = self.tensor(table);
                self.writer.node("Add", &[x, &table], vec![])
            }
            Operation::RmsNorm { epsilon, gamma } => self.rms_norm(*epsilon, gamma, x),
            Operation::Reshape { to } => self.reshape(x, to.dims()),
            Operation::Embedding { table, numbers } => self.embedding(table, *numbers, value, x),
            Operation::NumericEmbedding { frequencies, phases, weights, bias } => {
                let waves = [frequencies, phases, weights, bias].map(|tensor| self.tensor(tensor));
                self.numeric_embedding(waves, bias.dims[0], bias.dims[1], x, shape.len())
            }
            Operation::Rnn { directions, returns } => self.recurrent("RNN", &[0], directions, *returns, x),
            Operation::Lstm { directions, returns } => self.recurrent("LSTM", &[0, 3, 1, 2], directions, *returns, x),
            Operation::Gru { directions, returns } => self.recurrent("GRU", &[0, 1, 2], directions, *returns, x),
            Operation::Members { scale } => {
                let one = shape.is_flat().then(|| self.unsqueeze(x, 1));
                let scale = self.tensor(scale);
                self.writer.node("Mul", &[one.as_deref().unwrap_or(x), &scale], vec![])
            }
            Operation::LayerNorm { epsilon, gamma, beta } => {
                let [gamma, beta] = [gamma, beta].map(|tensor| self.tensor(tensor));
                let attributes = vec![int("axis", -1), float("epsilon", *epsilon)];
                self.writer.node("LayerNormalization", &[x, &gamma, &beta], attributes)
            }
            Operation::Softmax => self.softmax(x),
            Operation::Shares(function) => self.shares(*function, x),
            Operation::Convolution(_)
            | Operation::ConvolutionTranspose(_)
            | Operation::MaxPool { .. }
            | Operation::AveragePool { .. }
            | Operation::UpSample { .. }
            | Operation::Mean
            | Operation::MeanOfTokens
            | Operation::Affine { .. }
            | Operation::PRelu { .. }
            | Operation::Activation(_)
            | Operation::Add { .. } => x.to_owned(),
        }
    }

    /// `[rows, columns]` for an image, and `[columns]` for a sequence.
    fn spatial<'a>(&self, value: usize, sizes: &'a [usize; 2]) -> &'a [usize] {
        let axes = self.graph.shape(value).dims().len().saturating_sub(1).clamp(1, 2);
        &sizes[2 - axes..]
    }

    fn convolution(&mut self, convolution: &Convolution<'_>, value: usize) -> String {
        let Convolution { kernel, bias, stride, dilation, groups, before, after, .. } = convolution;
        let x = self.get(value, First);
        let inputs = [Some(self.kernel(kernel, value)), bias.as_ref().map(|bias| self.tensor(bias))];
        let inputs: Vec<&str> = std::iter::once(&x).chain(inputs.iter().flatten()).map(String::as_str).collect();
        let attributes = vec![
            ints("kernel_shape", self.spatial(value, &[kernel.dims[0], kernel.dims[1]])),
            ints("strides", self.spatial(value, &[*stride; 2])),
            ints("dilations", self.spatial(value, &[*dilation; 2])),
            ints("pads", &[self.spatial(value, before), self.spatial(value, after)].concat()),
            int("group", *groups as i64),
        ];
        self.writer.node("Conv", &inputs, attributes)
    }

    fn convolution_transpose(&mut self, transpose: &ConvolutionTranspose<'_>, value: usize) -> String {
        let ConvolutionTranspose { kernel, bias, stride, before, output } = transpose;
        let x = self.get(value, First);
        let (weights, bias) = (self.kernel(kernel, value), self.tensor(bias));
        let input = backprop_nn::graph::rows(self.graph.shape(value));
        // What is left of `stride · (input - 1) + kernel` after the first rows: more than the output, or too few.
        let left = [0, 1].map(|axis| stride * (input[axis] - 1) + kernel.dims[axis] - before[axis]);
        let cut = [0, 1].map(|axis| left[axis].saturating_sub(output[axis]));
        let added = [0, 1].map(|axis| output[axis].saturating_sub(left[axis]));
        let attributes = vec![
            ints("kernel_shape", self.spatial(value, &[kernel.dims[0], kernel.dims[1]])),
            ints("strides", self.spatial(value, &[*stride; 2])),
            ints("pads", &[self.spatial(value, before), self.spatial(value, &cut)].concat()),
            ints("output_padding", self.spatial(value, &added)),
        ];
        self.writer.node("ConvTranspose", &[&x, &weights, &bias], attributes)
    }

    fn pool(&mut self, kind: &str, size: &[usize; 2], value: usize) -> String {
        let x = self.get(value, First);
        let attributes = ["kernel_shape", "strides"].map(|name| ints(name, self.spatial(value, size)));
        self.writer.node(kind, &[&x], attributes.into())
    }

    fn up_sample(&mut self, size: usize, value: usize) -> String {
        let x = self.get(value, First);
        let scales: Vec<f32> =
            [1, 1].iter().chain(self.spatial(value, &[size; 2])).map(|scale| *scale as f32).collect();
        let scales = self.writer.constant("scales", &[scales.len()], &scales);
        let attributes = vec![
            text("mode", "nearest"),
            text("coordinate_transformation_mode", "asymmetric"),
            text("nearest_mode", "floor"),
        ];
        self.writer.node("Resize", &[&x, "", &scales], attributes)
    }

    /// The mean over all axes but that of the channels; nothing is left to do where there is no other.
    fn mean(&mut self, value: usize) -> String {
        let (x, channels) = self.any(value);
        let rank = self.graph.shape(value).dims().len();
        let axes: Vec<usize> = if channels == Last { (1..rank).collect() } else { (2..=rank).collect() };
        match axes.is_empty() {
            true => x,
            false => self.writer.node("ReduceMean", &[&x], vec![ints("axes", &axes), int("keepdims", 0)]),
        }
    }

    fn activation(&mut self, function: Function, x: String) -> String {
        let writer = &mut *self.writer;
        match function {
            Function::Linear => x,
            Function::Relu => writer.node("Relu", &[&x], vec![]),
            Function::LeakyRelu => writer.node("LeakyRelu", &[&x], vec![float("alpha", 0.01)]),
            Function::Elu => writer.node("Elu", &[&x], vec![float("alpha", 1.0)]),
            Function::Gelu => {
                let (root, one, half) = (
                    writer.constant("sqrt_2", &[], &[std::f32::consts::SQRT_2]),
                    writer.constant("one", &[], &[1f32]),
                    writer.constant("half", &[], &[0.5f32]),
                );
                let argument = writer.node("Div", &[&x, &root], vec![]);
                let erf = writer.node("Erf", &[&argument], vec![]);
                let twice = writer.node("Add", &[&erf, &one], vec![]);
                let product = writer.node("Mul", &[&x, &twice], vec![]);
                writer.node("Mul", &[&product, &half], vec![])
            }
            Function::Silu => {
                let sigmoid = writer.node("Sigmoid", &[&x], vec![]);
                writer.node("Mul", &[&x, &sigmoid], vec![])
            }
            Function::Sigmoid => writer.node("Sigmoid", &[&x], vec![]),
            Function::Tanh => writer.node("Tanh", &[&x], vec![]),
        }
    }

    /// The first `numbers` as they are, and the rows of the table.
    fn embedding(&mut self, table: &Tensor<'_>, numbers: usize, value: usize, x: &str) -> String {
        let (shape, units) = (self.graph.shape(value), table.dims[1]);
        let row = if shape.is_flat() { x.to_owned() } else { self.reshape(x, &[shape.len()]) };
        let words = self.slice(&row, numbers, shape.len());
        let (least, most) = (
            self.writer.constant("least", &[], &[0f32]),
            self.writer.constant("most", &[], &[(table.dims[0] - 1) as f32]),
        );
        let inside = self.writer.node("Clip", &[&words, &least, &most], vec![]);
        let positions = self.writer.node("Cast", &[&inside], vec![cast(DataType::Int64)]);
        let table = self.tensor(table);
        let vectors = self.writer.node("Gather", &[&table, &positions], vec![int("axis", 0)]);
        if numbers == 0 {
            return vectors;
        }
        let passed = self.slice(&row, 0, numbers);
        let vectors = self.reshape(&vectors, &[(shape.len() - numbers) * units]);
        self.writer.node("Concat", &[&passed, &vectors], vec![int("axis", 1)])
    }

    /// `[x, cos(ω·x + φ)·W + b]` for each of the first numbers of a row of so many, then the others.
    fn numeric_embedding(&mut self, waves: [String; 4], numbers: usize, units: usize, x: &str, len: usize) -> String {
        let [frequencies, phases, weights, bias] = waves;
        let first = self.slice(x, 0, numbers);
        let each = self.unsqueeze(&first, 2);
        let angle = self.writer.node("Mul", &[&each, &frequencies], vec![]);
        let angle = self.writer.node("Add", &[&angle, &phases], vec![]);
        let cosine = self.writer.node("Cos", &[&angle], vec![]);
        let cosine = self.unsqueeze(&cosine, 2);
        // `[N, numbers, 1, waves]` times `[numbers, waves, units]`: every number has weights of its own.
        let product = self.writer.node("MatMul", &[&cosine, &weights], vec![]);
        let axis = self.writer.integers("axis", &[2]);
        let product = self.writer.node("Squeeze", &[&product, &axis], vec![]);
        let sum = self.writer.node("Add", &[&product, &bias], vec![]);
        let both = self.writer.node("Concat", &[&each, &sum], vec![int("axis", 2)]);
        let row = self.reshape(&both, &[numbers * (1 + units)]);
        if numbers == len {
            return row;
        }
        let others = self.slice(x, numbers, len);
        self.writer.node("Concat", &[&row, &others], vec![int("axis", 1)])
    }

    /// A recurrent layer; `order` are the gates in the order of ONNX by their places here.
    fn recurrent(
        &mut self,
        kind: &str,
        order: &[usize],
        directions: &[Direction<'_>],
        returns: Returns,
        x: &str,
    ) -> String {
        let units = directions.first().map_or(0, Direction::units);
        let (gates, features) = (order.len(), directions.first().map_or(0, |direction| direction.kernel.dims[0]));
        // The rows of a transposed matrix, gate by gate in the other order.
        let rows = |matrix: &Tensor<'_>| -> Vec<f32> {
            let columns = order.iter().flat_map(|gate| gate * units..(gate + 1) * units);
            columns.flat_map(|at| matrix.values[at..].iter().step_by(gates * units).copied()).collect()
        };
        // The bias of the input, and then that of the state, which is 0 but for a GRU.
        let bias = |direction: &Direction<'_>| -> Vec<f32> {
            let at = (0..2).flat_map(|half| order.iter().map(move |gate| (half * gates + gate) * units));
            let places = at.flat_map(|first| first..first + units);
            places.map(|at| direction.bias.values.get(at).copied().unwrap_or(0.0)).collect()
        };
        let all = |f: &dyn Fn(&Direction<'_>) -> Vec<f32>| directions.iter().flat_map(f).collect::<Vec<f32>>();
        let (count, width) = (directions.len(), gates * units);
        let kernel = self.writer.constant("W", &[count, width, features], &all(&|direction| rows(&direction.kernel)));
        let recurrent =
            self.writer.constant("R", &[count, width, units], &all(&|direction| rows(&direction.recurrent)));
        let bias = self.writer.constant("B", &[count, 2 * width], &all(&bias));
        let mut attributes = vec![
            int("hidden_size", units as i64),
            text("direction", if count == 2 { "bidirectional" } else { "forward" }),
        ];
        if kind == "GRU" {
            attributes.push(int("linear_before_reset", 1));
        }
        let x = self.writer.node("Transpose", &[x], vec![ints("perm", &[1, 0, 2])]);
        let inputs = [x.as_str(), &kernel, &recurrent, &bias];
        match returns {
            // [steps, directions, N, units]
            Returns::AllSteps => {
                let states = self.writer.node(kind, &inputs, attributes);
                let states = self.writer.node("Transpose", &[&states], vec![ints("perm", &[2, 0, 1, 3])]);
                let shape = self.writer.constant("shape", &[3], &[0, 0, (count * units) as i64]);
                self.writer.node("Reshape", &[&states, &shape], vec![])
            }
            // [directions, N, units]
            Returns::LastStep => {
                let state = self.writer.second_of(kind, &inputs, attributes);
                let state = self.writer.node("Transpose", &[&state], vec![ints("perm", &[1, 0, 2])]);
                self.reshape(&state, &[count * units])
            }
        }
    }

    pub(super) fn softmax(&mut self, x: &str) -> String {
        self.writer.node("Softmax", &[x], vec![int("axis", -1)])
    }

    /// `f(x) / Σ f(x)` where the sum is above 0 and finite, and the softmax elsewhere.
    fn shares(&mut self, function: Function, x: &str) -> String {
        let values = self.activation(function, x.to_owned());
        let (zero, most) =
            (self.writer.constant("zero", &[], &[0f32]), self.writer.constant("largest", &[], &[f32::MAX]));
        let axis = self.writer.constant("axis", &[1], &[-1i64]);
        let sum = self.writer.node("ReduceSum", &[&values, &axis], vec![int("keepdims", 1)]);
        let is_above = self.writer.node("Greater", &[&sum, &zero], vec![]);
        let is_finite = self.writer.node("LessOrEqual", &[&sum, &most], vec![]);
        let can_divide = self.writer.node("And", &[&is_above, &is_finite], vec![]);
        let shares = self.writer.node("Div", &[&values, &sum], vec![]);
        let softmax = self.softmax(x);
        self.writer.node("Where", &[&can_divide, &shares, &softmax], vec![])
    }

    /// An array of numbers as it is.
    pub(super) fn tensor(&mut self, tensor: &Tensor<'_>) -> String {
        self.writer.named(&tensor.name, &tensor.dims, &tensor.values)
    }

    /// Numbers of the last axis, for an array with the channels there.
    fn by_channel(&mut self, tensor: &Tensor<'_>, value: usize, channels: Channels) -> String {
        let ones = if channels == First { self.graph.shape(value).dims().len() - 1 } else { 0 };
        let dims = [vec![tensor.values.len()], vec![1; ones]].concat();
        self.writer.named(&tensor.name, &dims, &tensor.values)
    }

    /// A kernel `[rows, columns, a, b]` as `[b, a, rows, columns]`, and for a sequence `[b, a, columns]`.
    fn kernel(&mut self, kernel: &Tensor<'_>, value: usize) -> String {
        let ([a, b], positions) = ([kernel.dims[2], kernel.dims[3]], kernel.dims[0] * kernel.dims[1]);
        let places = (0..b).flat_map(|b| (0..a).map(move |a| (b, a)));
        let turned: Vec<f32> = places
            .flat_map(|(at_b, at_a)| (0..positions).map(move |at| (at * a + at_a) * b + at_b))
            .map(|at| kernel.values[at])
            .collect();
        let dims = [&[b, a], self.spatial(value, &[kernel.dims[0], kernel.dims[1]])].concat();
        self.writer.named(&kernel.name, &dims, &turned)
    }

    /// The same numbers of each sample in another shape.
    pub(super) fn reshape(&mut self, x: &str, dims: &[usize]) -> String {
        // A 0 keeps the size of the axis, here the number of samples.
        let shape = self.writer.integers("shape", &[&[0], dims].concat());
        self.writer.node("Reshape", &[x, &shape], vec![])
    }

    pub(super) fn unsqueeze(&mut self, x: &str, axis: usize) -> String {
        let axis = self.writer.integers("axis", &[axis]);
        self.writer.node("Unsqueeze", &[x, &axis], vec![])
    }

    /// Part of each row.
    fn slice(&mut self, x: &str, from: usize, to: usize) -> String {
        let [from, to, axis] =
            [("from", from), ("to", to), ("axis", 1)].map(|(name, at)| self.writer.integers(name, &[at]));
        self.writer.node("Slice", &[x, &from, &to, &axis], vec![])
    }
}

/// To numbers of another kind.
pub fn cast(to: DataType) -> AttributeProto {
    int("to", i64::from(to as i32))
}
