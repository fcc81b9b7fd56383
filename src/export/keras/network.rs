//! The layers of a stack in Keras' functional form.

use std::collections::{BTreeMap, BTreeSet};

use crate::export::numpy::number;
use crate::export::pytorch::tensors::Array;
use crate::export::{ExportError, Model, Output};
use backprop_nn::activation::Function;
use backprop_nn::graph::{Convolution, Operation, Tensor};
use backprop_nn::init::Initializer;
use backprop_nn::layers::{Form, LayerSpec, Padding, Returns};
use backprop_nn::regularizer::Regularizer;
use backprop_nn::{Shape, Training};

/// A stack as Keras has it.
#[derive(Default)]
pub struct Stack {
    /// `x = layers.Dense(10, name="dense1")(x)`, one after the other.
    pub lines: Vec<String>,
    /// The names of the tensors of each layer.
    pub tensors: Vec<(String, Vec<String>)>,
    /// The numbers.
    pub arrays: Vec<Array>,
    /// The classes that Keras does not have.
    pub used: BTreeSet<&'static str>,
}

struct Writer<'a> {
    stack: Stack,
    params: Box<dyn Iterator<Item = Tensor<'a>> + 'a>,
    counts: BTreeMap<&'static str, usize>,
    shape: Shape,
    training: &'a Training,
    depth: usize,
}

impl Stack {
    /// The stack of a model.
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
            stack: Self::default(),
            params: Box::new(params),
            counts: BTreeMap::new(),
            shape: model.shape(),
            training: &model.project.training,
            depth: 0,
        };
        let layers = &model.project.model.layers;
        let unwritten = match model.output {
            Output::NextToken => Some("a language model".to_owned()),
            _ => unwritten(layers, ""),
        };
        if let Some(what) = unwritten {
            return Err(ExportError::Unwritten { format: "Keras", what });
        }
        writer.layers(layers)?;
        Ok(writer.stack)
    }
}

/// The first layer that is not written, with its place.
fn unwritten(layers: &[LayerSpec], before: &str) -> Option<String> {
    layers.iter().enumerate().find_map(|(at, layer)| {
        let (place, label) = (format!("{before}{}", at + 1), layer.about().label);
        match layer {
            LayerSpec::PositionalEmbedding(_) | LayerSpec::MultiHeadAttention(_) | LayerSpec::RmsNorm(_) => {
                Some(format!("layer {place}, {label},"))
            }
            LayerSpec::Dense(dense) if dense.tied => {
                Some(format!("layer {place}, {label} that is tied to the embedding,"))
            }
            LayerSpec::GlobalAveragePool(pool) if pool.padding => {
                Some(format!("layer {place}, {label} that leaves out padding,"))
            }
            _ => unwritten(layer.inside()?, &format!("{place}.")),
        }
    })
}

fn key(function: Function) -> Option<&'static str> {
    match function {
        Function::Linear | Function::LeakyRelu => None,
        Function::Relu => Some("relu"),
        Function::Elu => Some("elu"),
        Function::Gelu => Some("gelu"),
        Function::Silu => Some("silu"),
        Function::Sigmoid => Some("sigmoid"),
        Function::Tanh => Some("tanh"),
    }
}

fn initializer(init: Initializer) -> &'static str {
    match init {
        Initializer::GlorotUniform => "\"glorot_uniform\"",
        Initializer::GlorotNormal => "\"glorot_normal\"",
        Initializer::HeUniform => "\"he_uniform\"",
        Initializer::HeNormal => "\"he_normal\"",
        Initializer::LecunUniform => "\"lecun_uniform\"",
        Initializer::LecunNormal => "\"lecun_normal\"",
        Initializer::Orthogonal => "\"orthogonal\"",
        Initializer::Zeros => "\"zeros\"",
        Initializer::Constant => "keras.initializers.Constant(0.1)",
    }
}

impl<'a> Writer<'a> {
    fn apply(&mut self, layer: &str) {
        self.stack.lines.push(format!("x = {layer}(x)"));
    }

    /// A layer with tensors: what stands in its brackets before its name.
    fn named(&mut self, name: &'static str, class: &str, options: &str, params: &[Tensor<'a>]) -> String {
        let count = self.counts.entry(name).or_default();
        *count += 1;
        let name = format!("{name}{count}");
        let mut tensors = Vec::new();
        for tensor in params {
            let last = tensor.name.rsplit('.').next().unwrap_or_default().to_owned();
            let (dims, values) = (tensor.dims.clone(), tensor.values.to_vec());
            self.stack.arrays.push(Array { name: format!("{name}.{last}"), dims, values });
            tensors.push(last);
        }
        self.stack.tensors.push((name.clone(), tensors));
        self.apply(&format!("{class}({options}, name=\"{name}\")"));
        name
    }

    /// The function as an option of a layer, or as one that follows.
    fn function(&mut self, function: Function) {
        if function == Function::LeakyRelu {
            self.apply("layers.LeakyReLU(negative_slope=0.01)");
        }
    }

    /// Options that layers with kernels have in common.
    fn common(&self, activation: Function, init: Initializer, penalty: Regularizer, kernel: &str) -> String {
        let mut options = String::new();
        if let Some(key) = key(activation) {
            options.push_str(&format!(", activation=\"{key}\""));
        }
        if init != Initializer::GlorotUniform {
            options.push_str(&format!(", {kernel}_initializer={}", initializer(init)));
        }
        let all = &self.training.regularization;
        let (l1, l2) = (all.l1 + penalty.l1, all.l2 + penalty.l2);
        if l1 > 0.0 || l2 > 0.0 {
            // Keras' L2 is λ Σw², and here it is λ/2 Σw².
            let penalty = format!("keras.regularizers.L1L2({}, {} / 2)", number(l1), number(l2));
            options.push_str(&format!(", {kernel}_regularizer={penalty}"));
        }
        options
    }

    fn layers(&mut self, layers: &[LayerSpec]) -> Result<(), ExportError> {
        for layer in layers {
            let output = layer.plan(self.shape).map_or(self.shape, |plan| plan.output);
            if let (Some(inside), Some(times)) = (layer.inside(), layer.repeats()) {
                (0..times).try_for_each(|_| self.layers(inside))?;
                continue;
            }
            if let Some(inside) = layer.inside() {
                self.depth += 1;
                let skip = if self.depth == 1 { "skip".to_owned() } else { format!("skip{}", self.depth) };
                self.stack.lines.push(format!("{skip} = x"));
                self.layers(inside)?;
                self.stack.lines.push(format!("x = layers.Add()([x, {skip}])"));
                self.depth -= 1;
                continue;
            }
            let count = layer.build(self.shape).params().len();
            let params: Vec<Tensor<'a>> = self.params.by_ref().take(count).collect();
            self.layer(layer, &params).ok_or_else(|| ExportError::Format {
                format: "Keras",
                what: format!("{}, which is defined outside of the program", layer.about().label),
            })?;
            self.shape = output;
        }
        Ok(())
    }

    /// Nothing for a layer that is not in the list.
    fn layer(&mut self, layer: &LayerSpec, params: &[Tensor<'a>]) -> Option<()> {
        let is_image = self.shape.as_image().is_some();
        let axes = if is_image { 2 } else { 1 };
        match layer {
            LayerSpec::Dense(dense) => {
                let common = self.common(dense.activation, dense.init, dense.penalty, "kernel");
                self.named("dense", "layers.Dense", &format!("{}{common}", dense.units), params);
                self.function(dense.activation);
            }
            LayerSpec::Conv2d(conv) => {
                let common = self.common(conv.activation, conv.init, conv.penalty, "kernel");
                self.convolution(layer, params, (conv.padding, conv.activation), &common)?;
            }
            LayerSpec::Conv1d(conv) => {
                let common = self.common(conv.activation, conv.init, conv.penalty, "kernel");
                self.convolution(layer, params, (conv.padding, conv.activation), &common)?;
            }
            LayerSpec::SeparableConv2d(conv) => {
                let [depthwise, pointwise, bias] = params else { return None };
                let mut depthwise = depthwise.clone();
                depthwise.dims.push(1);
                let of_depth = self.common(Function::Linear, conv.init, conv.penalty, "depthwise");
                let pad = (conv.padding, Function::Linear);
                self.convolution(layer, &[depthwise, pointwise.clone(), bias.clone()], pad, &of_depth)?;
                let common = self.common(conv.activation, conv.init, conv.penalty, "kernel");
                let (channels, filters) = (pointwise.dims[0], pointwise.dims[1]);
                let kernel = Tensor { dims: vec![1, 1, channels, filters], ..pointwise.clone() };
                self.named("pointwise", "layers.Conv2D", &format!("{filters}, 1{common}"), &[kernel, bias.clone()]);
                self.function(conv.activation);
            }
            LayerSpec::ConvTranspose2d(conv) => {
                let common = self.common(conv.activation, conv.init, conv.penalty, "kernel");
                let padding = if conv.padding == Padding::Same { "same" } else { "valid" };
                let options = format!(
                    "{}, {}, strides={}, padding=\"{padding}\"{common}",
                    conv.filters, conv.kernel, conv.stride
                );
                self.named("conv_transpose", "layers.Conv2DTranspose", &options, params);
                self.function(conv.activation);
            }
            LayerSpec::MaxPool2d(pool) => self.apply(&format!("layers.MaxPooling2D({})", pool.size)),
            LayerSpec::AveragePool2d(pool) => self.apply(&format!("layers.AveragePooling2D({})", pool.size)),
            LayerSpec::MaxPool1d(pool) => self.apply(&format!("layers.MaxPooling1D({})", pool.size)),
            LayerSpec::AveragePool1d(pool) => self.apply(&format!("layers.AveragePooling1D({})", pool.size)),
            LayerSpec::UpSample2d(up) => self.apply(&format!("layers.UpSampling2D({})", up.size)),
            LayerSpec::GlobalAveragePool(_) => self.apply(&format!("layers.GlobalAveragePooling{axes}D()")),
            LayerSpec::EnsembleMean(_) => self.apply("layers.GlobalAveragePooling1D()"),
            LayerSpec::Flatten(_) => self.apply("layers.Flatten()"),
            LayerSpec::Reshape(reshape) if reshape.form == Form::Row => self.apply("layers.Flatten()"),
            LayerSpec::Reshape(_) => {
                let output = layer.plan(self.shape).ok()?.output;
                let dims: Vec<String> = output.dims().iter().map(usize::to_string).collect();
                self.apply(&format!("layers.Reshape(({}))", dims.join(", ")));
            }
            LayerSpec::Embedding(embedding) => {
                self.stack.used.insert("word_embedding");
                let numbers = match embedding.numbers {
                    0 => String::new(),
                    numbers => format!(", numbers={numbers}"),
                };
                let options = format!("{}, {}{numbers}", embedding.vocabulary, embedding.units);
                self.named("embedding", "WordEmbedding", &options, params);
            }
            LayerSpec::NumericEmbedding(embedding) => {
                self.stack.used.insert("numeric_embedding");
                let numbers = params.first()?.dims[0];
                let options = format!("{numbers}, units={}, waves={}", embedding.units, embedding.waves);
                self.named("numbers", "NumericEmbedding", &options, params);
            }
            LayerSpec::Rnn(rnn) => {
                let common = self.common(Function::Linear, rnn.init, rnn.penalty, "kernel");
                self.recurrent(("rnn", "SimpleRNN"), (rnn.units, rnn.returns), params, &common);
            }
            LayerSpec::Lstm(lstm) => {
                let common = self.common(Function::Linear, lstm.init, lstm.penalty, "kernel");
                self.recurrent(("lstm", "LSTM"), (lstm.units, lstm.returns), params, &common);
            }
            LayerSpec::Gru(gru) => {
                let common = self.common(Function::Linear, gru.init, gru.penalty, "kernel");
                self.recurrent(("gru", "GRU"), (gru.units, gru.returns), params, &common);
            }
            LayerSpec::BatchEnsemble(ensemble) => {
                self.stack.used.insert("batch_ensemble");
                self.named("members", "BatchEnsemble", &ensemble.members.to_string(), params);
            }
            LayerSpec::BatchNorm(norm) => {
                let options = format!("momentum={}, epsilon={}", number(norm.momentum), number(norm.epsilon));
                self.named("norm", "layers.BatchNormalization", &options, params);
            }
            LayerSpec::LayerNorm(norm) => {
                let options = format!("epsilon={}", number(norm.epsilon));
                self.named("layer_norm", "layers.LayerNormalization", &options, params);
            }
            LayerSpec::Activation(activation) => match key(activation.function) {
                Some(key) => self.apply(&format!("layers.Activation(\"{key}\")")),
                None => self.function(activation.function),
            },
            // Refused before the first layer is written.
            LayerSpec::PositionalEmbedding(_) | LayerSpec::MultiHeadAttention(_) | LayerSpec::RmsNorm(_) => {
                return None;
            }
            LayerSpec::PRelu(relu) => {
                let start = format!("alpha_initializer=keras.initializers.Constant({})", number(relu.slope));
                let shared = match self.shape.dims().len() {
                    1 => "",
                    2 => ", shared_axes=[1]",
                    _ => ", shared_axes=[1, 2]",
                };
                let alpha = params.first()?;
                let dims = [vec![1; self.shape.dims().len() - 1], alpha.dims.clone()].concat();
                let alpha = Tensor { dims, ..alpha.clone() };
                self.named("prelu", "layers.PReLU", &format!("{start}{shared}"), &[alpha]);
            }
            LayerSpec::Softmax(_) => self.apply("layers.Softmax()"),
            LayerSpec::Dropout(dropout) => self.apply(&format!("layers.Dropout({})", number(dropout.rate))),
            LayerSpec::SpatialDropout(dropout) => {
                self.apply(&format!("layers.SpatialDropout{axes}D({})", number(dropout.rate)));
            }
            LayerSpec::GaussianNoise(noise) => {
                self.apply(&format!("layers.GaussianNoise({})", number(noise.deviation)));
            }
            LayerSpec::Residual(_) | LayerSpec::Repeat(_) | LayerSpec::Custom(_) => return None,
        }
        Some(())
    }

    /// Keras has no stride above 1 together with a dilation above 1, so that then every other number is taken after it.
    fn convolution(
        &mut self,
        layer: &LayerSpec,
        params: &[Tensor<'a>],
        (padding, activation): (Padding, Function),
        common: &str,
    ) -> Option<()> {
        let Operation::Convolution(Convolution { kernel, bias, stride, dilation, groups, before, after, .. }) =
            layer.operations(self.shape, params)?.into_iter().next()?
        else {
            return None;
        };
        let axes = self.shape.dims().len() - 1;
        let is_both = stride > 1 && dilation > 1;
        let mut padding = if padding == Padding::Same { ", padding=\"same\"" } else { "" };
        if is_both && !padding.is_empty() {
            padding = "";
            let zeros = format!("({}, {})", before[1], after[1]);
            match axes {
                2 => self.apply(&format!("layers.ZeroPadding2D((({}, {}), {zeros}))", before[0], after[0])),
                _ => self.apply(&format!("layers.ZeroPadding1D({zeros})")),
            }
        }
        let mut options = match bias {
            Some(_) => format!("{}, {}", kernel.dims[3], kernel.dims[1]),
            None => kernel.dims[1].to_string(),
        };
        if stride > 1 && !is_both {
            options.push_str(&format!(", strides={stride}"));
        }
        if dilation > 1 {
            options.push_str(&format!(", dilation_rate={dilation}"));
        }
        options.push_str(padding);
        match bias {
            Some(_) => {
                if groups > 1 {
                    options.push_str(&format!(", groups={groups}"));
                }
                self.named("conv", &format!("layers.Conv{axes}D"), &(options + common), params);
            }
            None => {
                options.push_str(", use_bias=False");
                self.named("depthwise", "layers.DepthwiseConv2D", &(options + common), params.get(..1)?);
            }
        }
        if is_both {
            let step = format!("::{stride}");
            let steps = vec![step; axes].join(", ");
            self.stack.lines.push(format!("x = x[:, {steps}]  # the stride, which Keras has not with a dilation"));
        }
        self.function(activation);
        Some(())
    }

    fn recurrent(
        &mut self,
        (name, class): (&'static str, &str),
        (units, returns): (usize, Returns),
        params: &[Tensor<'a>],
        common: &str,
    ) {
        let all = if returns == Returns::AllSteps { ", return_sequences=True" } else { "" };
        let inner = format!("layers.{class}({units}{all}{common})");
        match params {
            [kernel, backward_kernel, recurrent, backward_recurrent, bias, backward_bias] => {
                let params = [kernel, recurrent, bias, backward_kernel, backward_recurrent, backward_bias];
                self.named(name, "layers.Bidirectional", &inner, &params.map(Clone::clone));
            }
            _ => {
                self.named(name, &format!("layers.{class}"), &format!("{units}{all}{common}"), params);
            }
        }
    }
}
