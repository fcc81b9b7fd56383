//! THE LIST of layers. A new layer is one file here and one line in `layers!`; the editor, the Add menu, saving, shape
//! tracing and the gradient check walk the list.

mod activation;
mod conv2d;
mod dense;
mod dropout;
mod flatten;
mod gru;
mod lstm;
mod pool2d;
mod recurrent;
mod reshape;
mod rnn;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::layer::Spec;

pub use activation::{Activation, Function};
pub use conv2d::{Conv2d, Padding};
pub use dense::Dense;
pub use dropout::Dropout;
pub use flatten::Flatten;
pub use gru::Gru;
pub use lstm::Lstm;
pub use pool2d::{AveragePool2d, MaxPool2d};
pub use recurrent::Returns;
pub use reshape::{Form, Reshape};
pub use rnn::Rnn;

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

layers![Dense, Conv2d, MaxPool2d, AveragePool2d, Flatten, Reshape, Rnn, Lstm, Gru, Activation, Dropout];

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
