//! The weights alone, as a safetensors file.

use std::fs;
use std::path::Path;

use super::{Examples, ExportError, File, Format, Model, Proof};
use backprop_nn::Weights;
use backprop_nn::compress::Precision;

/// Weights with their names, for programs of your own.
pub struct SafeTensors {
    /// How they are stored.
    pub weights: Precision,
}

const WEIGHTS: &str = "model.safetensors";

impl Format for SafeTensors {
    fn key(&self) -> &'static str {
        if self.weights == Precision::Float16 { "safetensors-float16" } else { "safetensors" }
    }

    fn label(&self) -> &'static str {
        if self.weights == Precision::Float16 { "safetensors, 16-bit weights" } else { "safetensors" }
    }

    fn about(&self) -> &'static str {
        match self.weights {
            Precision::Float16 => "The same in half the room: weights in half precision.",
            Precision::Float32 | Precision::Int8 => {
                "The weights as named tensors, which PyTorch, JAX and others read; model.json says what stands around them."
            }
        }
    }

    fn precision(&self) -> Precision {
        self.weights
    }

    fn files(&self, model: &Model<'_>, _examples: &Examples) -> Result<Vec<File>, ExportError> {
        let layers = serde_json::to_string(&model.project.model).unwrap_or_default();
        let bytes = model.weights.to_safetensors(model.network.params(), "layers", layers, self.weights);
        let fail = |error: backprop_nn::weights::WeightsError| ExportError::Format {
            format: "safetensors",
            what: error.to_string(),
        };
        Ok(vec![File { name: WEIGHTS, bytes: bytes.map_err(fail)? }])
    }

    fn prove(&self, folder: &Path, model: &Model<'_>, _examples: &Examples) -> Proof {
        let read = fs::read(folder.join(WEIGHTS)).map_err(|error| error.to_string());
        let read = read.and_then(|bytes| {
            Weights::from_safetensors(model.network.params(), &bytes).map_err(|error| error.to_string())
        });
        match read {
            Ok(weights) if weights == *model.weights => Proof::Equal { what: "every tensor, read back,".to_owned() },
            Ok(_) => Proof::Failed { why: "a tensor that was read back is another one".to_owned() },
            Err(why) => Proof::Failed { why },
        }
    }
}
