//! THE LIST of layers. A new layer is one file here and one line in `layers!`; the editor, the Add menu, saving, shape
//! tracing and the gradient check walk the list.

mod activation;
mod batch_norm;
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
mod residual;
mod rnn;
mod softmax;
mod spatial_dropout;
mod up_sample2d;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::layer::Spec;

pub use activation::{Activation, Function};
pub use batch_norm::BatchNorm;
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
pub use residual::{MAX_DEPTH, Residual};
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
    Residual,
    BatchNorm,
    LayerNorm,
    Activation,
    Softmax,
    Dropout,
    SpatialDropout,
    GaussianNoise,
];

impl LayerSpec {
    /// The layers inside, if it is a block of layers.
    pub fn inside(&self) -> Option<&Vec<Self>> {
        match self {
            Self::Residual(block) => Some(&block.layers),
            _ => None,
        }
    }

    pub fn inside_mut(&mut self) -> Option<&mut Vec<Self>> {
        match self {
            Self::Residual(block) => Some(&mut block.layers),
            _ => None,
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shape;
    use crate::init::{Init, Initializer};
    use crate::knob::Value;

    #[test]
    fn every_layer_has_a_name_of_its_own_help_and_a_formula() {
        let all = LayerSpec::all();
        let labels: std::collections::BTreeSet<_> = all.iter().map(|layer| layer.as_spec().label()).collect();
        assert_eq!(labels.len(), all.len());
        for layer in &all {
            let spec = layer.as_spec();
            assert!(spec.help().ends_with('.') && spec.formula().contains('='), "{layer}");
        }
    }

    #[test]
    fn the_chosen_initialiser_is_that_of_the_kernel() {
        let mut found = 0;
        for mut layer in LayerSpec::all() {
            let shapes = [Shape::image(28, 9, 1), Shape::steps(9, 2), Shape::flat(9)];
            for knob in layer.as_spec_mut().knobs().into_iter().filter(|knob| knob.key == "init") {
                let Value::Choice(choice) = knob.value else { panic!("{} is no choice", knob.key) };
                assert_eq!(choice.chosen(), 0, "Glorot uniform is the default");
                choice.choose(Initializer::ALL.iter().position(|init| *init == Initializer::HeNormal).unwrap());
                found += 1;
            }
            let chosen = serde_json::to_value(&layer).unwrap()["init"] == "he_normal";
            let shape = shapes.into_iter().find(|shape| layer.as_spec().plan(*shape).is_ok()).unwrap();
            let kernel = layer.as_spec().build(shape).params().into_iter().next();
            let normal = kernel.is_some_and(|kernel| matches!(kernel.init, Init::TruncatedNormal { .. }));
            assert_eq!(chosen, normal, "{layer}");
        }
        assert_eq!(found, 7);
    }
}
