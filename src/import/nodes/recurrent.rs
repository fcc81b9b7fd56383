//! Recurrent layers and embeddings.

use super::super::layout::{Channels, State, Value};
use super::super::node::Node;
use super::super::reader::{Known, Reader};
use super::super::tensor::Tensor;
use backprop_nn::layers::{Embedding, Gru, Lstm, Returns, Rnn};
use backprop_nn::{LayerSpec, Shape};

/// A kind of recurrent layer in ONNX.
struct Cell {
    /// The gates in the order of ONNX by their places here.
    order: &'static [usize],
    /// The functions of one direction, which are those that ONNX takes where none are given.
    functions: &'static [&'static str],
}

impl Cell {
    fn of(kind: &str) -> Self {
        match kind {
            "LSTM" => Self { order: &[0, 3, 1, 2], functions: &["Sigmoid", "Tanh", "Tanh"] },
            "GRU" => Self { order: &[0, 1, 2], functions: &["Sigmoid", "Tanh"] },
            _ => Self { order: &[0], functions: &["Tanh"] },
        }
    }
}

impl Reader<'_> {
    /// The outputs are all steps and the last state of each direction.
    pub fn recurrent(&mut self, node: &Node) -> Result<Vec<Known>, String> {
        let cell = Cell::of(&node.kind);
        let directions = match &*node.text("direction") {
            "" | "forward" => 1,
            "bidirectional" => 2,
            _ => {
                return Err(
                    "it reads from the end alone, and a layer here reads forwards or in both directions".to_owned()
                );
            }
        };
        self.check_cell(node, &cell, directions)?;
        let value = self.value(node, 0)?;
        let is_batch_first = node.int("layout", 0) == 1;
        let (steps, samples) = if is_batch_first { (1, 0) } else { (0, 1) };
        if value.axes.len() != 3 || value.samples_axis() != Some(samples) {
            return Err(format!("its input {:?} is not steps × samples × features", value.dims()));
        }
        let dims = value.dims();
        let value = self.arranged(value, &[steps, 2], Shape::steps(dims[steps], dims[2]))?;
        self.check_start(node, dims[steps])?;
        let params = self.params(node, &cell, directions, dims[2])?;
        let units = self.constant(node, 2)?.dims[2];
        let (returns, bidirectional) = (Returns::AllSteps, directions == 2);
        let spec: LayerSpec = match &*node.kind {
            "LSTM" => Lstm { units, returns, bidirectional, ..Lstm::default() }.into(),
            "GRU" => Gru { units, returns, bidirectional, ..Gru::default() }.into(),
            _ => Rnn { units, returns, bidirectional, ..Rnn::default() }.into(),
        };
        let (token, shape) = self.stack.place(&value, spec, params)?;
        let all = Value::new(token, self.samples, shape, Channels::Last);
        let last = Value::new(token, self.samples, Shape::flat(shape.channels()), Channels::Last);
        let last = Value { state: Some(State { direction: None }), ..last };
        let all = all.reshaped(&[self.samples, dims[steps], directions, units]);
        let last = last.reshaped(&[self.samples, directions, units]);
        let (all, last) = match is_batch_first {
            true => (all, last),
            false => {
                (all.and_then(|all| all.transposed(&[1, 2, 0, 3])), last.and_then(|last| last.transposed(&[1, 0, 2])))
            }
        };
        let (all, last) = all.zip(last).ok_or("its output has no shape")?;
        Ok(vec![Known::Value(all), Known::Value(last)])
    }

    fn check_cell(&self, node: &Node, cell: &Cell, directions: usize) -> Result<(), String> {
        let functions = node.texts("activations");
        let expected = cell.functions.iter().cycle().take(cell.functions.len() * directions);
        if !functions.is_empty() && !functions.iter().map(String::as_str).eq(expected.copied()) {
            return Err(format!("its functions are {}, and {} here", functions.join(", "), cell.functions.join(", ")));
        }
        if node.has("clip") || node.int("input_forget", 0) != 0 {
            return Err("it limits its sums or joins its gates, which no layer here does".to_owned());
        }
        if node.kind == "GRU" && node.int("linear_before_reset", 0) == 0 {
            return Err("its reset gate comes before the product (linear_before_reset is 0); here it comes after it, as in PyTorch \
                        and in Keras with reset_after=True"
                .to_owned());
        }
        Ok(())
    }

    /// All steps are read, from a state of zeros.
    fn check_start(&mut self, node: &Node, steps: usize) -> Result<(), String> {
        if let Some(lengths) = self.optional(node, 4)?
            && lengths.values.iter().any(|length| *length != steps as f64)
        {
            return Err("it reads some samples only in part (sequence_lens)".to_owned());
        }
        for at in 5..8 {
            if let Some(start) = self.optional(node, at)?
                && start.values.iter().any(|value| *value != 0.0)
            {
                return Err("its first state, or its peepholes, are not zeros".to_owned());
            }
        }
        Ok(())
    }

    /// Kernels, recurrent kernels and biases, each for all directions.
    fn params(
        &mut self,
        node: &Node,
        cell: &Cell,
        directions: usize,
        features: usize,
    ) -> Result<Vec<Vec<f32>>, String> {
        let (kernel, recurrent) = (self.constant(node, 1)?, self.constant(node, 2)?);
        let gates = cell.order.len();
        let units = recurrent.dims.last().copied().unwrap_or(0);
        if kernel.dims != [directions, gates * units, features]
            || recurrent.dims != [directions, gates * units, units]
            || units == 0
        {
            return Err(format!("its weights {:?} and {:?} do not fit its input", kernel.dims, recurrent.dims));
        }
        let bias = match self.optional(node, 3)? {
            None => vec![0.0; directions * 2 * gates * units],
            Some(bias) if bias.values.len() == directions * 2 * gates * units => bias.to_f32(),
            Some(_) => return Err("its biases do not fit its weights".to_owned()),
        };
        let mut params = Vec::new();
        for tensor in [&kernel, &recurrent] {
            params.extend(
                tensor.values.chunks_exact(tensor.values.len() / directions).map(|rows| turned(rows, cell, units)),
            );
        }
        params.extend(bias.chunks_exact(2 * gates * units).map(|both| {
            let (input, state) = both.split_at(gates * units);
            match &*node.kind {
                // The reset gate multiplies the bias of the state, so they stay apart.
                "GRU" => both.to_vec(),
                _ => in_order(&input.iter().zip(state).map(|(a, b)| a + b).collect::<Vec<_>>(), cell, units),
            }
        }));
        Ok(params)
    }

    /// A row of a table for each whole number.
    pub fn embedding(&mut self, node: &Node, table: &Tensor) -> Result<Value, String> {
        let value = self.value(node, 1)?;
        let [vocabulary, units] = table.dims[..] else { return Err("its table is no matrix".to_owned()) };
        if node.int("axis", 0) != 0 {
            return Err("it takes columns of its table".to_owned());
        }
        let value = self.stack.shaped(value.clone(), Shape::flat(value.shape.len()))?;
        let layer = Embedding { vocabulary, units, numbers: 0 };
        let (token, shape) = self.stack.place(&value, layer, vec![table.to_f32()])?;
        let mut wider = value;
        wider.axes.push(Vec::new());
        Ok(wider.with_axis(wider.axes.len() - 1, units, token, shape))
    }
}

/// Rows of gates `[gates · units, inputs]` as `[inputs, gates · units]`, the gates in the order here.
fn turned(rows: &[f64], cell: &Cell, units: usize) -> Vec<f32> {
    let outputs = cell.order.len() * units;
    let inputs = rows.len() / outputs;
    let mut matrix = vec![0.0; rows.len()];
    for (row, values) in rows.chunks_exact(inputs.max(1)).enumerate() {
        let column = cell.order[row / units] * units + row % units;
        for (input, value) in values.iter().enumerate() {
            matrix[input * outputs + column] = *value as f32;
        }
    }
    matrix
}

/// Numbers of the gates in the order here.
fn in_order(values: &[f32], cell: &Cell, units: usize) -> Vec<f32> {
    let mut ordered = vec![0.0; values.len()];
    for (gate, values) in values.chunks_exact(units).enumerate() {
        ordered[cell.order[gate] * units..][..units].copy_from_slice(values);
    }
    ordered
}
