//! THE LIST of layers. A new layer is one file here and one line in `layers!`; the editor, the Add menu, saving, shape
//! tracing and the gradient check walk the list.

mod activation;
mod conv1d;
mod conv2d;
mod conv_transpose2d;
mod convolution;
mod dense;
mod dropout;
mod embedding;
mod flatten;
mod gaussian_noise;
mod global_average_pool;
mod gru;
mod layer_norm;
mod lstm;
mod pool1d;
mod pool2d;
mod pooling;
mod recurrent;
mod reshape;
mod rnn;
mod softmax;
mod spatial_dropout;
mod up_sample2d;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::layer::Spec;

pub use activation::{Activation, Function};
pub use conv_transpose2d::ConvTranspose2d;
pub use conv1d::Conv1d;
pub use conv2d::Conv2d;
pub use convolution::Padding;
pub use dense::Dense;
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use flatten::Flatten;
pub use gaussian_noise::GaussianNoise;
pub use global_average_pool::GlobalAveragePool;
pub use gru::Gru;
pub use layer_norm::LayerNorm;
pub use lstm::Lstm;
pub use pool1d::{AveragePool1d, MaxPool1d};
pub use pool2d::{AveragePool2d, MaxPool2d};
pub use recurrent::Returns;
pub use reshape::{Form, Reshape};
pub use rnn::Rnn;
pub use softmax::Softmax;
pub use spatial_dropout::SpatialDropout;
pub use up_sample2d::UpSample2d;

macro_rules! layers {
    ($($layer:ident),+ $(,)?) => {
        /// Any layer, as declared in a project.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "layer", rename_all = "snake_case")]
        pub enum LayerSpec {
            $($layer($layer)),+
        }

        impl LayerSpec {
            /// One of each layer with its defaults, in the order of the Add menu.
            pub fn all() -> Vec<Self> {
                vec![$(Self::$layer($layer::default())),+]
            }

            pub fn as_spec(&self) -> &dyn Spec {
                match self { $(Self::$layer(spec) => spec),+ }
            }

            pub fn as_spec_mut(&mut self) -> &mut dyn Spec {
                match self { $(Self::$layer(spec) => spec),+ }
            }
        }

        $(impl From<$layer> for LayerSpec {
            fn from(layer: $layer) -> Self {
                Self::$layer(layer)
            }
        })+
    };
}

layers![
    Dense,
    Conv2d,
    ConvTranspose2d,
    MaxPool2d,
    AveragePool2d,
    UpSample2d,
    Conv1d,
    MaxPool1d,
    AveragePool1d,
    GlobalAveragePool,
    Flatten,
    Reshape,
    Embedding,
    Rnn,
    Lstm,
    Gru,
    LayerNorm,
    Activation,
    Softmax,
    Dropout,
    SpatialDropout,
    GaussianNoise,
];

/// "Dense 128 ReLU"
impl fmt::Display for LayerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spec = self.as_spec();
        f.write_str(spec.label())?;
        match spec.detail() {
            detail if detail.is_empty() => Ok(()),
            detail => write!(f, " {detail}"),
        }
    }
}
