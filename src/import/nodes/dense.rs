//! Matrices and normalization.

use super::super::layout::Value;
use super::super::node::Node;
use super::super::reader::Reader;
use super::super::tensor::Tensor;
use super::placed;
use backprop_nn::Shape;
use backprop_nn::layers::{BatchNorm, Dense, Function, LayerNorm};

/// The variance may not be smaller than this, nor larger than that, before it is divided by.
const EPSILONS: std::ops::RangeInclusive<f32> = 1e-7..=0.1;

impl Reader<'_> {
    /// `alpha · A·B + beta · C`
    pub fn gemm(&mut self, node: &Node) -> Result<Value, String> {
        let value = self.value(node, 0)?;
        if node.int("transA", 0) != 0 {
            return Err("it transposes the samples (transA)".to_owned());
        }
        let kernel = self.constant(node, 1)?;
        let kernel = match node.int("transB", 0) {
            0 => (*kernel).clone(),
            _ => kernel.transposed(&[1, 0]).ok_or("its B is no matrix")?,
        };
        let (alpha, beta) = (node.float("alpha", 1.0), node.float("beta", 1.0));
        let bias = self.optional(node, 2)?;
        let units = kernel.dims.last().copied().unwrap_or(0);
        let bias = match bias.as_deref().map(|bias| &bias.values[..]) {
            None => vec![0.0; units],
            Some([all]) => vec![*all as f32 * beta; units],
            Some(values) if values.len() == units => values.iter().map(|value| *value as f32 * beta).collect(),
            Some(_) => return Err("its C is not one number for each output".to_owned()),
        };
        let kernel = Tensor { values: kernel.values.iter().map(|value| value * f64::from(alpha)).collect(), ..kernel };
        self.dense(value, &kernel, bias)
    }

    /// `x·W`, along the last axis.
    pub fn matmul(&mut self, node: &Node) -> Result<Value, String> {
        let value = self.value(node, 0)?;
        let kernel = self.constant(node, 1)?;
        let units = kernel.dims.last().copied().unwrap_or(0);
        self.dense(value, &kernel, vec![0.0; units])
    }

    /// A Dense layer along the last axis of the array; kernel `[inputs, units]`.
    fn dense(&mut self, value: Value, kernel: &Tensor, bias: Vec<f32>) -> Result<Value, String> {
        let axis = value.axes.len().checked_sub(1).ok_or("its input has no axis")?;
        let [inputs, units] = kernel.dims[..] else { return Err("its weights are no matrix".to_owned()) };
        if value.samples_axis().is_none_or(|samples| samples == axis) || value.dims()[axis] != inputs || units == 0 {
            return Err(format!(
                "{inputs} numbers are expected along the last axis, and its input is {:?}",
                value.dims()
            ));
        }
        let places = value.places(axis).ok_or("it works along an axis that is not the last one here")?;
        let shape = match value.shape.len() / inputs {
            1 => Shape::flat(inputs),
            steps => Shape::steps(steps, inputs),
        };
        let value = self.stack.shaped(value, shape)?;
        let mut rows = vec![0.0; kernel.values.len()];
        for (row, place) in kernel.values.chunks_exact(units).zip(places) {
            rows[place * units..][..units].iter_mut().zip(row).for_each(|(to, from)| *to = *from as f32);
        }
        let layer = Dense::new(units, Function::Linear);
        let (token, shape) = self.stack.place(&value, layer, vec![rows, bias])?;
        Ok(value.with_axis(axis, units, token, shape))
    }

    /// With the moving mean and variance, one of each for a channel.
    pub fn batch_norm(&mut self, node: &Node) -> Result<Value, String> {
        if node.int("training_mode", 0) != 0 {
            return Err("it is in training mode; call model.eval() before the export".to_owned());
        }
        let value = self.value(node, 0)?;
        let axis = if value.axes.len() > 1 { 1 } else { 0 };
        let (value, places) = self.with_channels(value, axis)?;
        let mut params = Vec::new();
        for at in 1..5 {
            params.push(self.by_place(node, at, &places)?);
        }
        let epsilon = node.float("epsilon", 1e-5);
        let layer = BatchNorm { epsilon: epsilon.clamp(*EPSILONS.start(), *EPSILONS.end()), ..BatchNorm::default() };
        // What the layer adds less or more is added to the variance.
        params[3].iter_mut().for_each(|variance| *variance += epsilon - layer.epsilon);
        self.stack.place_like(&value, layer, params)
    }

    /// A constant with a number for each channel, at its place here.
    fn by_place(&mut self, node: &Node, at: usize, places: &[usize]) -> Result<Vec<f32>, String> {
        let values = self.constant(node, at)?.to_f32();
        match values.len() == places.len() {
            true => Ok(placed(&values, places)),
            false => Err(format!("{} channels arrive, and its input {} has {}", places.len(), at + 1, values.len())),
        }
    }

    /// Over the last axis.
    pub fn layer_norm(&mut self, node: &Node) -> Result<Value, String> {
        let value = self.value(node, 0)?;
        let (axis, last) = (value.axis(node.int("axis", -1))?, value.axes.len() - 1);
        if axis != last {
            return Err("it normalizes over several axes, and LayerNorm here over the last".to_owned());
        }
        let epsilon = node.float("epsilon", 1e-5);
        if !EPSILONS.contains(&epsilon) {
            return Err(format!("its epsilon is {epsilon}, and it goes from 1e-7 to 0.1 here"));
        }
        let (value, places) = self.with_channels(value, axis)?;
        let gamma = self.by_place(node, 1, &places)?;
        let beta = match self.optional(node, 2)? {
            Some(_) => self.by_place(node, 2, &places)?,
            None => vec![0.0; places.len()],
        };
        self.stack.place_like(&value, LayerNorm { epsilon }, vec![gamma, beta])
    }
}
