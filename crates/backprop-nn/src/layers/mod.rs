//! THE LIST of layers. A new layer is one file here and one line in `registry!`; the editor, the Add menu, saving, shape
//! tracing, the reference and the gradient check walk the list.

mod activation;
mod attention;
mod batch_ensemble;
mod batch_norm;
mod conv;
mod conv_transpose2d;
mod convolution;
mod custom;
mod dense;
mod dense_on_steps;
mod dropout;
mod embedding;
mod ensemble_mean;
mod flatten;
mod gaussian_noise;
mod global_average_pool;
mod gru;
mod layer_norm;
mod lstm;
mod numeric_embedding;
mod p_relu;
mod pool;
mod positional_embedding;
mod recurrent;
mod repeat;
mod reshape;
mod residual;
mod rms_norm;
mod rnn;
mod separable_conv2d;
mod softmax;
mod spatial_dropout;
mod up_sample2d;

use std::fmt;

use crate::registry;
use crate::shape::Shape;
use crate::spec::Spec;

pub use crate::activation::Function;
pub use activation::Activation;
pub use attention::MultiHeadAttention;
pub use batch_ensemble::BatchEnsemble;
pub use batch_norm::BatchNorm;
pub use conv::{Conv, Conv1d, Conv2d};
pub use conv_transpose2d::ConvTranspose2d;
pub use convolution::Padding;
pub use custom::Custom;
pub use dense::Dense;
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use ensemble_mean::EnsembleMean;
pub use flatten::Flatten;
pub use gaussian_noise::GaussianNoise;
pub use global_average_pool::GlobalAveragePool;
pub use gru::Gru;
pub use layer_norm::LayerNorm;
pub use lstm::Lstm;
pub use numeric_embedding::NumericEmbedding;
pub use p_relu::PRelu;
pub use pool::{AveragePool, AveragePool1d, AveragePool2d, MaxPool, MaxPool1d, MaxPool2d};
pub use positional_embedding::{PositionalEmbedding, Positions};
pub use recurrent::{Recurrent, Returns};
pub use repeat::Repeat;
pub use reshape::{Form, Reshape};
use residual::depth;
pub use residual::{MAX_DEPTH, Residual};
pub use rms_norm::RmsNorm;
pub use rnn::Rnn;
pub use separable_conv2d::SeparableConv2d;
pub use softmax::Softmax;
pub use spatial_dropout::SpatialDropout;
pub use up_sample2d::UpSample2d;

registry! {
    /// Any layer, as declared in a project.
    ///
    /// ```
    /// use backprop_nn::{LayerSpec, field::Value};
    ///
    /// let mut layer: LayerSpec = serde_json::from_str(r#"{"kind": "dense", "units": 32}"#).unwrap();
    /// assert_eq!(layer.to_string(), "Dense 32 ReLU");
    /// layer.set("units", Value::Whole(8)).unwrap();
    /// assert_eq!((layer.to_string(), layer.about().formula), ("Dense 8 ReLU".to_owned(), "y = f(x·W + b)"));
    /// assert_eq!(LayerSpec::ENTRIES[0].about.key, "dense");
    /// ```
    pub enum LayerSpec: Spec, once tagged "layer" {
        Dense = "dense",
        Conv2d = "conv2d",
        SeparableConv2d = "separable_conv2d",
        ConvTranspose2d = "conv_transpose2d",
        MaxPool2d = "max_pool2d",
        AveragePool2d = "average_pool2d",
        UpSample2d = "up_sample2d",
        Conv1d = "conv1d",
        MaxPool1d = "max_pool1d",
        AveragePool1d = "average_pool1d",
        GlobalAveragePool = "global_average_pool",
        Flatten = "flatten",
        Reshape = "reshape",
        Embedding = "embedding",
        NumericEmbedding = "numeric_embedding",
        PositionalEmbedding = "positional_embedding",
        MultiHeadAttention = "multi_head_attention",
        Rnn = "rnn",
        Lstm = "lstm",
        Gru = "gru",
        Residual = "residual",
        Repeat = "repeat",
        BatchEnsemble = "batch_ensemble",
        EnsembleMean = "ensemble_mean",
        BatchNorm = "batch_norm",
        LayerNorm = "layer_norm",
        RmsNorm = "rms_norm",
        Activation = "activation",
        PRelu = "p_relu",
        Softmax = "softmax",
        Dropout = "dropout",
        SpatialDropout = "spatial_dropout",
        GaussianNoise = "gaussian_noise",
    }
    open to Custom
}

impl LayerSpec {
    /// The same layer with its answer at every step, if it is a recurrent one that gives the last alone.
    pub fn with_all_steps(&self) -> Option<Self> {
        let mut layer = self.clone();
        let returns = match &mut layer {
            Self::Rnn(layer) => &mut layer.returns,
            Self::Lstm(layer) => &mut layer.returns,
            Self::Gru(layer) => &mut layer.returns,
            _ => return None,
        };
        let gave = std::mem::replace(returns, Returns::AllSteps);
        (gave == Returns::LastStep).then_some(layer)
    }

    /// Whether it is a recurrent layer that carries its state from one batch to the next, or a block with such a layer in it.
    pub fn is_stateful(&self) -> bool {
        match self {
            Self::Rnn(layer) => layer.stateful,
            Self::Lstm(layer) => layer.stateful,
            Self::Gru(layer) => layer.stateful,
            block => block.inside().is_some_and(|inside| inside.iter().any(Self::is_stateful)),
        }
    }

    /// Whether it leaves out padding, for which it reads the tokens that enter the network, or a block with such a layer in it.
    pub(crate) fn ignores_padding(&self, input: Option<Shape>) -> bool {
        match self {
            Self::MultiHeadAttention(layer) => layer.padding,
            // An image has none.
            Self::GlobalAveragePool(layer) => layer.padding && input.is_none_or(|input| input.as_steps().is_some()),
            block => block.inside().is_some_and(|inside| inside.iter().any(|layer| layer.ignores_padding(None))),
        }
    }

    /// The same with padding taken for any other token.
    pub(crate) fn with_padding(mut self) -> Self {
        match &mut self {
            Self::MultiHeadAttention(layer) => layer.padding = false,
            Self::GlobalAveragePool(layer) => layer.padding = false,
            block => {
                let inside = block.inside_mut().into_iter().flatten();
                inside.for_each(|layer| *layer = layer.clone().with_padding());
            }
        }
        self
    }

    /// The name of the layer in the names of tensors: its key, without what separates words.
    pub fn tensor_key(&self) -> String {
        self.about().key.replace('_', "").to_lowercase()
    }
}

/// "Dense 128 ReLU"
impl fmt::Display for LayerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.about().label)?;
        match self.detail() {
            detail if detail.is_empty() => Ok(()),
            detail => write!(f, " {detail}"),
        }
    }
}
