//! The class of a network: a named module for each layer that has numbers, and a `forward` that reads like the stack.
//!
//! PyTorch has the channels before the pixels or steps; here they come last. What a layer needs is told by
//! [`Writer::first`] and [`Writer::last`], so that axes are moved where they have to be, and nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use super::tensors::{Array, transposed};
use crate::export::numpy::number;
use crate::export::{ExportError, Input, Model};
use backprop_nn::Shape;
use backprop_nn::activation::Function;
use backprop_nn::graph::Tensor;
use backprop_nn::init::Init;
use backprop_nn::layers::{Form, LayerSpec, MultiHeadAttention, Positions};
use backprop_nn::regularizer::Regularizer;

/// The parts of the class, line by line.
#[derive(Default)]
pub struct Class {
    /// The stack, a line for each layer.
    pub stack: Vec<String>,
    /// The modules, `self.dense1 = nn.Linear(784, 128)`.
    pub modules: Vec<String>,
    /// The initial values of the weights before a training.
    pub initial: Vec<String>,
    /// From the input to the output.
    pub forward: Vec<String>,
    /// The numbers, named as the module names them.
    pub arrays: Vec<Array>,
    /// Names of the classes and functions that stand before the class.
    pub used: BTreeSet<&'static str>,
    /// Names of the kernels, whose rows are the weights of a unit each.
    pub kernels: Vec<String>,
    /// Kernels with penalties of their own.
    pub penalties: Vec<(String, Regularizer)>,
    /// Whether a normalization over the batch needs two samples.
    pub has_flat_batch_norm: bool,
    /// Whether the outputs in training are those of the members, `[n, members, outputs]`.
    pub gives_members: bool,
}

/// A parameter of a layer with its initial values.
pub struct Param<'a> {
    /// Its numbers.
    pub tensor: Tensor<'a>,
    init: Init,
    is_kernel: bool,
}

/// Writes layer after layer.
pub struct Writer<'a> {
    /// What is written so far.
    pub class: Class,
    params: Box<dyn Iterator<Item = Tensor<'a>> + 'a>,
    counts: BTreeMap<&'static str, usize>,
    /// The shape of a sample here.
    pub shape: Shape,
    /// Whether the channels stand before the pixels or steps.
    is_first: bool,
    /// Residual blocks around the layer.
    depth: usize,
    /// How many tokens the vocabulary has, where tokens are read.
    tokens: Option<usize>,
}

impl Class {
    /// The class of a model's network.
    ///
    /// # Errors
    /// If it has a layer that is defined elsewhere.
    pub fn of(model: &Model<'_>) -> Result<Self, ExportError> {
        let params = model.network.params().iter().map(|param| Tensor {
            name: param.name.clone(),
            dims: param.info.dims.clone(),
            values: model.weights.values()[param.range.clone()].into(),
        });
        let mut writer = Writer {
            class: Self::default(),
            params: Box::new(params),
            counts: BTreeMap::new(),
            shape: model.shape(),
            is_first: false,
            depth: 0,
            tokens: match model.input {
                Input::Tokens(text) => Some(text.tokenizer().len()),
                Input::Pixels | Input::Numbers { .. } | Input::Noise => None,
            },
        };
        let layers = &model.project.model.layers;
        if leaves_out_padding(layers) {
            writer.line("is_token = x >= 1  # and not padding");
        }
        let ends_in_members = matches!(layers.last(), Some(LayerSpec::EnsembleMean(_)));
        writer.stack(layers, "")?;
        writer.class.gives_members = ends_in_members;
        if ends_in_members {
            writer.class.forward.pop();
            writer.line("if not self.training:  # each member learns alone");
            writer.line("    x = x.mean(dim=1)");
        }
        writer.last();
        Ok(writer.class)
    }
}

/// Whether a layer has to know which steps are padding.
fn leaves_out_padding(layers: &[LayerSpec]) -> bool {
    layers.iter().any(|layer| match layer {
        LayerSpec::MultiHeadAttention(attention) => attention.padding,
        LayerSpec::GlobalAveragePool(pool) => pool.padding,
        _ => layer.inside().is_some_and(leaves_out_padding),
    })
}

/// The activation function of an expression.
pub fn activated(function: Function, x: &str) -> String {
    match function {
        Function::Linear => x.to_owned(),
        Function::Relu => format!("F.relu({x})"),
        Function::LeakyRelu => format!("F.leaky_relu({x}, 0.01)"),
        Function::Elu => format!("F.elu({x})"),
        Function::Gelu => format!("F.gelu({x})"),
        Function::Silu => format!("F.silu({x})"),
        Function::Sigmoid => format!("torch.sigmoid({x})"),
        Function::Tanh => format!("torch.tanh({x})"),
    }
}

impl<'a> Writer<'a> {
    /// A line of `forward`.
    pub fn line(&mut self, line: impl Into<String>) {
        self.class.forward.push(line.into());
    }

    /// `x = …`
    pub fn set(&mut self, expression: impl AsRef<str>) {
        self.line(format!("x = {}", expression.as_ref()));
    }

    /// A module of this name, numbered.
    pub fn module(&mut self, name: &'static str, constructor: &str) -> String {
        let count = self.counts.entry(name).or_default();
        *count += 1;
        let name = format!("{name}{count}");
        self.class.modules.push(format!("self.{name} = {constructor}"));
        name
    }

    /// The channels before the pixels or steps.
    pub fn first(&mut self) {
        if self.is_first || self.shape.is_flat() {
            return;
        }
        match self.shape.as_image() {
            Some(_) => self.line("x = x.permute(0, 3, 1, 2)  # channels first"),
            None => self.line("x = x.transpose(1, 2)  # features first"),
        }
        self.is_first = true;
    }

    /// The channels last.
    pub fn last(&mut self) {
        if !self.is_first || self.shape.is_flat() {
            return;
        }
        match self.shape.as_image() {
            Some(_) => self.line("x = x.permute(0, 2, 3, 1)  # channels last"),
            None => self.line("x = x.transpose(1, 2)  # features last"),
        }
        self.is_first = false;
    }

    /// The numbers of a module's parameter, and how they are drawn before a training.
    pub fn array(&mut self, name: &str, param: &Param<'_>, dims: Vec<usize>, values: Vec<f32>) {
        let place = format!("self.{name}");
        match param.init {
            Init::Uniform { limit } => {
                self.class.initial.push(format!("nn.init.uniform_({place}, {}, {})", number(-limit), number(limit)));
            }
            Init::Normal { deviation } => {
                self.class.initial.push(format!("nn.init.normal_({place}, 0.0, {})", number(deviation)));
            }
            Init::TruncatedNormal { deviation } => {
                self.class.used.insert("truncated_normal");
                self.class.initial.push(format!("truncated_normal_({place}, {})", number(deviation)));
            }
            Init::Orthogonal { .. } => self.class.initial.push(format!("nn.init.orthogonal_({place})")),
            Init::Constant(value) if param.is_kernel => {
                self.class.initial.push(format!("nn.init.constant_({place}, {})", number(value)));
            }
            Init::Zeros if param.is_kernel => self.class.initial.push(format!("nn.init.zeros_({place})")),
            Init::UnitForgetGate => {
                let units = values.len() / 4;
                self.class.initial.push(format!("{place}.data[{units} : {}] = 1.0  # the forget gate", 2 * units));
            }
            // The others are PyTorch's own.
            Init::Zeros | Init::Constant(_) => {}
        }
        if param.is_kernel {
            self.class.kernels.push(name.to_owned());
        }
        self.class.arrays.push(Array { name: name.to_owned(), dims, values });
    }

    /// The parameter with its axes in another order.
    pub fn reordered(&mut self, name: &str, param: &Param<'_>, order: &[usize]) {
        let (dims, values) = transposed(&param.tensor.dims, &param.tensor.values, order);
        self.array(name, param, dims, values);
    }

    /// The parameter as it is.
    pub fn as_is(&mut self, name: &str, param: &Param<'_>) {
        self.array(name, param, param.tensor.dims.clone(), param.tensor.values.to_vec());
    }

    fn stack(&mut self, layers: &[LayerSpec], indent: &str) -> Result<(), ExportError> {
        for layer in layers {
            let output = layer.plan(self.shape).map_or(self.shape, |plan| plan.output);
            self.class.stack.push(format!("{indent}{layer}: {output}"));
            if let (Some(inside), Some(times)) = (layer.inside(), layer.repeats()) {
                (0..times).try_for_each(|_| self.stack(inside, &format!("{indent}  ")))?;
                continue;
            }
            if let Some(inside) = layer.inside() {
                self.depth += 1;
                let (depth, is_first) = (self.depth, self.is_first);
                let skip = if depth == 1 { "skip".to_owned() } else { format!("skip{depth}") };
                self.line(format!("{skip} = x"));
                self.stack(inside, &format!("{indent}  "))?;
                if is_first {
                    self.first()
                } else {
                    self.last()
                }
                self.set(format!("x + {skip}"));
                self.depth -= 1;
                continue;
            }
            let infos = layer.build(self.shape).params();
            let params: Vec<Param<'a>> = infos
                .iter()
                .filter_map(|info| {
                    let tensor = self.params.next()?;
                    Some(Param { tensor, init: info.init, is_kernel: info.is_kernel() })
                })
                .collect();
            let known = self.class.kernels.len();
            self.layer(layer, &params).ok_or_else(|| ExportError::Format {
                format: "PyTorch",
                what: format!("{}, which is defined outside of the program", layer.about().label),
            })?;
            let penalty = layer.regularizer();
            if !penalty.is_none() {
                let own = self.class.kernels[known..].iter().map(|name| (name.clone(), penalty));
                self.class.penalties.extend(own);
            }
            self.shape = output;
        }
        Ok(())
    }

    /// Nothing for a layer that is not in the list.
    fn layer(&mut self, layer: &LayerSpec, params: &[Param<'a>]) -> Option<()> {
        let channels = self.shape.channels();
        match layer {
            LayerSpec::Dense(dense) => {
                self.last();
                let name = self.module("dense", &format!("nn.Linear({channels}, {})", dense.units));
                match dense.tied {
                    true => self.tie(&name)?,
                    false => self.reordered(&format!("{name}.weight"), params.first()?, &[1, 0]),
                }
                self.as_is(&format!("{name}.bias"), params.last()?);
                self.set(activated(dense.activation, &format!("self.{name}(x)")));
            }
            LayerSpec::Conv2d(conv) => self.convolution(layer, params, (conv.padding, conv.activation))?,
            LayerSpec::Conv1d(conv) => self.convolution(layer, params, (conv.padding, conv.activation))?,
            LayerSpec::SeparableConv2d(conv) => {
                self.convolution(layer, params, (conv.padding, Function::Linear))?;
                let name = self.module("pointwise", &format!("nn.Conv2d({channels}, {}, 1)", conv.filters));
                let kernel = params.get(1)?;
                let (dims, values) = transposed(&kernel.tensor.dims, &kernel.tensor.values, &[1, 0]);
                self.array(&format!("{name}.weight"), kernel, [dims, vec![1, 1]].concat(), values);
                self.as_is(&format!("{name}.bias"), params.get(2)?);
                self.set(activated(conv.activation, &format!("self.{name}(x)")));
            }
            LayerSpec::ConvTranspose2d(conv) => self.transposed_convolution(layer, params, conv.activation)?,
            LayerSpec::MaxPool2d(pool) => self.over_image(&format!("F.max_pool2d(x, {})", pool.size)),
            LayerSpec::AveragePool2d(pool) => self.over_image(&format!("F.avg_pool2d(x, {})", pool.size)),
            LayerSpec::MaxPool1d(pool) => self.over_image(&format!("F.max_pool1d(x, {})", pool.size)),
            LayerSpec::AveragePool1d(pool) => self.over_image(&format!("F.avg_pool1d(x, {})", pool.size)),
            LayerSpec::UpSample2d(up) => self.over_image(&format!("F.interpolate(x, scale_factor={})", up.size)),
            LayerSpec::EnsembleMean(_) => {
                self.last();
                self.set("x.mean(dim=1)");
            }
            LayerSpec::GlobalAveragePool(pool) if pool.padding && self.shape.as_image().is_none() => {
                self.last();
                self.class.used.insert("mean_of_tokens");
                self.set("mean_of_tokens(x, is_token)");
            }
            LayerSpec::GlobalAveragePool(_) => {
                let axes = match (self.shape.as_image().is_some(), self.is_first) {
                    (true, true) => "(2, 3)",
                    (true, false) => "(1, 2)",
                    (false, true) => "2",
                    (false, false) => "1",
                };
                self.set(format!("x.mean(dim={axes})"));
                self.is_first = false;
            }
            LayerSpec::Flatten(_) => self.flatten(),
            LayerSpec::Reshape(reshape) if reshape.form == Form::Row => self.flatten(),
            LayerSpec::Reshape(_) => {
                self.last();
                let dims: Vec<String> =
                    layer.plan(self.shape).ok()?.output.dims().iter().map(usize::to_string).collect();
                self.set(format!("x.reshape(-1, {})", dims.join(", ")));
            }
            LayerSpec::Embedding(embedding) => {
                let (vocabulary, units, numbers) = (embedding.vocabulary, embedding.units, embedding.numbers);
                let (name, tensor) = match numbers {
                    0 => (self.module("embedding", &format!("nn.Embedding({vocabulary}, {units})")), "weight"),
                    _ => {
                        self.class.used.insert("mixed_embedding");
                        let made = format!("MixedEmbedding({vocabulary}, {units}, numbers={numbers})");
                        (self.module("embedding", &made), "table.weight")
                    }
                };
                self.as_is(&format!("{name}.{tensor}"), params.first()?);
                let clamp = if self.tokens.is_some_and(|tokens| tokens > vocabulary) {
                    format!(".clamp(max={})", vocabulary.saturating_sub(1))
                } else {
                    String::new()
                };
                match numbers {
                    0 if self.tokens.is_some() => self.set(format!("self.{name}(x{clamp})")),
                    0 => self.set(format!("self.{name}(x.clamp(0, {}).long())", vocabulary.saturating_sub(1))),
                    _ => self.set(format!("self.{name}(x)")),
                }
            }
            LayerSpec::PositionalEmbedding(positions) => self.positions(positions.positions, params)?,
            LayerSpec::MultiHeadAttention(attention) => self.attention(attention, params)?,
            LayerSpec::RmsNorm(norm) => {
                self.last();
                let name = self.module("rms_norm", &format!("nn.RMSNorm({channels}, eps={})", number(norm.epsilon)));
                self.as_is(&format!("{name}.weight"), params.first()?);
                self.set(format!("self.{name}(x)"));
            }
            LayerSpec::NumericEmbedding(embedding) => {
                self.class.used.insert("numeric_embedding");
                let (numbers, units, waves) = (params.first()?.tensor.dims[0], embedding.units, embedding.waves);
                let name =
                    self.module("numbers", &format!("NumericEmbedding({numbers}, units={units}, waves={waves})"));
                for (tensor, param) in ["frequencies", "phases", "weights", "bias"].into_iter().zip(params) {
                    self.as_is(&format!("{name}.{tensor}"), param);
                }
                self.set(format!("self.{name}(x)"));
            }
            LayerSpec::Rnn(layer) => self.recurrent(("rnn", "RNN"), (layer.units, layer.returns), params)?,
            LayerSpec::Lstm(layer) => self.recurrent(("lstm", "LSTM"), (layer.units, layer.returns), params)?,
            LayerSpec::Gru(layer) => self.recurrent(("gru", "GRU"), (layer.units, layer.returns), params)?,
            LayerSpec::BatchEnsemble(ensemble) => {
                self.class.used.insert("batch_ensemble");
                let name = self.module("members", &format!("BatchEnsemble({}, {channels})", ensemble.members));
                self.as_is(&format!("{name}.scale"), params.first()?);
                self.set(format!("self.{name}(x)"));
            }
            LayerSpec::BatchNorm(norm) => {
                self.first();
                self.class.has_flat_batch_norm |= self.shape.is_flat();
                let axes = if self.shape.as_image().is_some() { 2 } else { 1 };
                // PyTorch's momentum is the share of the batch.
                let momentum = number(((1.0 - f64::from(norm.momentum)) * 1e6).round() as f32 / 1e6);
                let epsilon = number(norm.epsilon);
                let made = format!("nn.BatchNorm{axes}d({channels}, eps={epsilon}, momentum={momentum})");
                let name = self.module("norm", &made);
                for (tensor, param) in ["weight", "bias", "running_mean", "running_var"].into_iter().zip(params) {
                    self.as_is(&format!("{name}.{tensor}"), param);
                }
                self.set(format!("self.{name}(x)"));
            }
            LayerSpec::LayerNorm(norm) => {
                self.last();
                let name =
                    self.module("layer_norm", &format!("nn.LayerNorm({channels}, eps={})", number(norm.epsilon)));
                self.as_is(&format!("{name}.weight"), params.first()?);
                self.as_is(&format!("{name}.bias"), params.get(1)?);
                self.set(format!("self.{name}(x)"));
            }
            LayerSpec::Activation(activation) => match activation.function {
                Function::Linear => {}
                function => self.set(activated(function, "x")),
            },
            LayerSpec::PRelu(layer) => {
                self.first();
                let name = self.module("prelu", &format!("nn.PReLU({channels}, init={})", number(layer.slope)));
                self.as_is(&format!("{name}.weight"), params.first()?);
                self.set(format!("self.{name}(x)"));
            }
            LayerSpec::Softmax(_) => self.set(format!("torch.softmax(x, dim={})", if self.is_first { 1 } else { -1 })),
            LayerSpec::Dropout(dropout) => self.random("dropout", &format!("nn.Dropout({})", number(dropout.rate))),
            LayerSpec::SpatialDropout(dropout) => {
                self.first();
                let axes = if self.shape.as_image().is_some() { 2 } else { 1 };
                self.random("dropout", &format!("nn.Dropout{axes}d({})", number(dropout.rate)));
            }
            LayerSpec::GaussianNoise(noise) => {
                self.class.used.insert("gaussian_noise");
                self.random("noise", &format!("GaussianNoise({})", number(noise.deviation)));
            }
            LayerSpec::Residual(_) | LayerSpec::Repeat(_) | LayerSpec::Custom(_) => return None,
        }
        Some(())
    }

    /// The kernel of a layer is the table of the embedding at the beginning, which the file has twice.
    fn tie(&mut self, name: &str) -> Option<()> {
        self.class.modules.push(format!("self.{name}.weight = self.embedding1.weight  # tied"));
        let table = self.class.arrays.first().filter(|array| array.name == "embedding1.weight")?.clone();
        self.class.arrays.push(Array { name: format!("{name}.weight"), ..table });
        Some(())
    }

    fn positions(&mut self, positions: Positions, params: &[Param<'a>]) -> Option<()> {
        self.last();
        let [steps, features] = self.shape.as_steps()?;
        match positions {
            Positions::Learned => {
                let name = self.module("positions", &format!("nn.Embedding({steps}, {features})"));
                self.as_is(&format!("{name}.weight"), params.first()?);
                self.set(format!("x + self.{name}.weight"));
            }
            Positions::Sinusoidal => {
                self.class.used.insert("sinusoidal");
                self.set(format!("x + sinusoidal({steps}, {features}).to(x.device)"));
            }
        }
        Some(())
    }

    fn attention(&mut self, attention: &MultiHeadAttention, params: &[Param<'a>]) -> Option<()> {
        self.last();
        self.class.used.insert("attention");
        let MultiHeadAttention { heads, causal, dropout, rotary, padding } = *attention;
        let mut options = format!("{}, heads={heads}", self.shape.channels());
        for (name, is) in [("causal", causal), ("rotary", rotary)] {
            if is {
                options.push_str(&format!(", {name}=True"));
            }
        }
        if dropout > 0.0 {
            options.push_str(&format!(", dropout={}", number(dropout)));
        }
        let name = self.module("attention", &format!("Attention({options})"));
        for (at, part) in ["query", "key", "value", "output"].into_iter().enumerate() {
            self.reordered(&format!("{name}.{part}.weight"), params.get(at)?, &[1, 0]);
            self.as_is(&format!("{name}.{part}.bias"), params.get(at + 4)?);
        }
        self.set(format!("self.{name}(x{})", if padding { ", is_token" } else { "" }));
        Some(())
    }

    fn random(&mut self, name: &'static str, constructor: &str) {
        let name = self.module(name, constructor);
        self.set(format!("self.{name}(x)"));
    }

    fn over_image(&mut self, expression: &str) {
        self.first();
        self.set(expression);
    }

    fn flatten(&mut self) {
        if self.shape.is_flat() {
            return;
        }
        let channels = self.shape.channels();
        if channels > 1 && self.shape.len() > channels {
            self.last();
        }
        self.is_first = false;
        self.set("x.flatten(1)");
    }
}
