//! What is done to every number or channel on its own, and sums of two branches.

use super::super::constants::broadcast;
use super::super::layout::Value;
use super::super::node::Node;
use super::super::reader::{Known, Reader};
use super::super::stack::leaky;
use super::super::tensor::Tensor;
use super::placed;
use backprop_nn::layers::{Activation, Function, PRelu, Softmax};

/// The slope of [`Function::LeakyRelu`].
const LEAK: f32 = 0.01;

impl Reader<'_> {
    pub fn activation(&mut self, node: &Node) -> Result<Value, String> {
        let value = self.value(node, 0)?;
        let function = match &*node.kind {
            "Relu" => Function::Relu,
            "LeakyRelu" => match node.float("alpha", LEAK) {
                LEAK => Function::LeakyRelu,
                slope => return self.leaky(node, &value, slope),
            },
            "Elu" if node.float("alpha", 1.0) != 1.0 => {
                return Err(format!("its alpha is {}, and 1 here", node.float("alpha", 1.0)));
            }
            "Elu" => Function::Elu,
            "Gelu" if node.text("approximate") == "tanh" => {
                return Err(
                    "it approximates the GELU by a tanh, which is exact here; export it with approximate=\"none\""
                        .to_owned(),
                );
            }
            "Gelu" => Function::Gelu,
            "Swish" if node.float("alpha", 1.0) != 1.0 => {
                return Err(format!("its alpha is {}, and 1 here", node.float("alpha", 1.0)));
            }
            "Silu" | "Swish" => Function::Silu,
            "Sigmoid" => Function::Sigmoid,
            _ => Function::Tanh,
        };
        self.stack.place_like(&value, Activation { function }, Vec::new())
    }

    /// A slope other than 0.01 is that of a PReLU.
    fn leaky(&mut self, node: &Node, value: &Value, slope: f32) -> Result<Value, String> {
        self.notes
            .push(format!("{}: a leaky ReLU of slope {slope} is a PReLU here, which a training may change", node.name));
        let (layer, params) = leaky(slope, value.shape.channels());
        self.stack.place_like(value, layer, params)
    }

    /// `alpha` one for all, or one for each channel.
    pub fn p_relu(&mut self, node: &Node) -> Result<Value, String> {
        let value = self.value(node, 0)?;
        let slopes = self.constant(node, 1)?;
        let (value, slopes) = self.by_channel(value, &slopes)?;
        let slopes: Vec<f32> = slopes.iter().map(|slope| *slope as f32).collect();
        let slope = slopes.first().copied().unwrap_or(0.25).clamp(-1.0, 1.0);
        self.stack.place_like(&value, PRelu { slope }, vec![slopes])
    }

    /// Over the last axis here. Before version 13 of the operators it was over all axes from the first on.
    pub fn softmax(&mut self, node: &Node) -> Result<Value, String> {
        let value = self.value(node, 0)?;
        let otherwise = if node.opset < 13 { 1 } else { -1 };
        let axis = value.axis(node.int("axis", otherwise))?;
        if node.opset < 13 && axis + 1 != value.axes.len() {
            return Err("its softmax is over several axes".to_owned());
        }
        let (value, _) = self.with_channels(value, axis)?;
        if node.kind == "LogSoftmax" {
            let is_last = node.outputs.iter().all(|name| self.file.readers(name).count() == 0);
            if !is_last {
                return Err("a logarithm of probabilities is only read at the end".to_owned());
            }
            self.notes
                .push(format!("{}: the network gives probabilities here, and their logarithms in the file", node.name));
        }
        self.stack.place_like(&value, Softmax {}, Vec::new())
    }

    /// A bias, or two branches.
    pub fn add(&mut self, node: &Node) -> Result<Value, String> {
        let mut sides = Vec::new();
        for name in &node.inputs {
            sides.push(self.get(name)?);
        }
        let [Known::Value(_), Known::Value(_)] = &sides[..] else { return self.arithmetic(node) };
        let (a, b) = (self.value(node, 0)?, self.value(node, 1)?);
        match (a.is_guess, b.is_guess) {
            (true, _) => return Ok(b.after(self.stack.head())),
            (_, true) => return Ok(a.after(self.stack.head())),
            _ => {}
        }
        let (shortcut, last) = if a.token == self.stack.head() { (b, a) } else { (a, b) };
        self.stack.close(&shortcut, last)
    }

    /// A constant added, subtracted, multiplied or divided by; or a value by its sigmoid, which is a SiLU.
    pub fn arithmetic(&mut self, node: &Node) -> Result<Value, String> {
        let (a, b) = match &node.inputs[..] {
            [a, b] => (self.get(a)?, self.get(b)?),
            _ => return Err("it has not two inputs".to_owned()),
        };
        match (a, b) {
            (Known::Value(_), Known::Value(_)) if node.kind == "Mul" => self.silu(node),
            (Known::Value(_), Known::Constant(constant)) => {
                let value = self.value(node, 0)?;
                self.affine(value, &constant, &|constant| match &*node.kind {
                    "Add" => (1.0, constant),
                    "Sub" => (1.0, -constant),
                    "Mul" => (constant, 0.0),
                    _ => (1.0 / constant, 0.0),
                })
            }
            (Known::Constant(constant), Known::Value(_)) if node.kind != "Div" => {
                let value = self.value(node, 1)?;
                self.affine(value, &constant, &|constant| match &*node.kind {
                    "Add" => (1.0, constant),
                    "Sub" => (-1.0, constant),
                    _ => (constant, 0.0),
                })
            }
            (Known::Unknown, _) | (_, Known::Unknown) => Err(String::new()),
            _ => Err("it joins two arrays in a way that no layer here does".to_owned()),
        }
    }

    fn silu(&mut self, node: &Node) -> Result<Value, String> {
        let (a, b) = (self.value(node, 0)?, self.value(node, 1)?);
        let made = self.stack.make_silu(&a, &b).or_else(|| self.stack.make_silu(&b, &a));
        made.ok_or_else(|| "it multiplies two branches, which a stack of layers does not".to_owned())
    }

    /// `y = x · scale + shift`, which `of` gives for each number of the constant.
    fn affine(&mut self, value: Value, constant: &Tensor, of: &dyn Fn(f64) -> (f64, f64)) -> Result<Value, String> {
        let (value, numbers) = self.by_channel(value, constant)?;
        let (scale, shift): (Vec<f64>, Vec<f64>) = numbers.into_iter().map(of).unzip();
        if scale.iter().chain(&shift).any(|number| !number.is_finite()) {
            return Err("it divides by 0, or its constant is not a number".to_owned());
        }
        let is_shared = self.is_shared(&value);
        self.stack.affine(&value, &scale, &shift, is_shared)
    }

    /// `y = (x - offset) · scale`, of the operators for tables.
    pub fn scaler(&mut self, node: &Node) -> Result<Value, String> {
        let value = self.value(node, 0)?;
        let tensor = |name: &str, otherwise: f32| {
            let values: Vec<f64> =
                node.floats(name).unwrap_or_else(|| vec![otherwise]).iter().map(|value| f64::from(*value)).collect();
            Tensor { dims: vec![values.len()], values, is_whole: false }
        };
        let value = self.affine(value, &tensor("offset", 0.0), &|offset| (1.0, -offset))?;
        self.affine(value, &tensor("scale", 1.0), &|scale| (scale, 0.0))
    }

    /// The numbers of a constant for each channel here, which are the same everywhere else.
    fn by_channel(&mut self, value: Value, constant: &Tensor) -> Result<(Value, Vec<f64>), String> {
        if let Some(all) = constant.scalar() {
            let channels = value.shape.channels();
            return Ok((value, vec![all; channels]));
        }
        let (dims, rank) = (value.dims(), value.axes.len());
        let skipped = rank.checked_sub(constant.dims.len()).ok_or("its constant has more axes than the array")?;
        let wide: Vec<usize> = (0..constant.dims.len()).filter(|axis| constant.dims[*axis] > 1).collect();
        let [axis] = wide[..] else {
            return Err(
                "its constant differs along several axes; one number for each channel can be expressed".to_owned()
            );
        };
        let axis = axis + skipped;
        let fits = constant.values.len() == dims[axis] && value.samples_axis() != Some(axis);
        let numbers = broadcast(constant, &[]).filter(|_| fits).ok_or("its constant does not fit its input")?;
        let (value, places) = self.with_channels(value, axis)?;
        Ok((value, placed(&numbers.values, &places)))
    }
}
