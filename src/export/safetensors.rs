//! The weights alone, as a safetensors file.

use std::fs;
use std::path::Path;

use super::{Examples, ExportError, File, Format, Model, Proof};
use backprop_nn::Weights;

/// Weights with their names, for programs of your own.
pub struct SafeTensors;

const WEIGHTS: &str = "model.safetensors";

impl Format for SafeTensors {
    fn key(&self) -> &'static str {
        "safetensors"
    }

    fn label(&self) -> &'static str {
        "safetensors"
    }

    fn about(&self) -> &'static str {
        "The weights as named tensors, which PyTorch, JAX and others read; model.json says what stands around them."
    }

    fn files(&self, model: &Model<'_>, _examples: &Examples) -> Result<Vec<File>, ExportError> {
        let layers = serde_json::to_string(&model.project.model).unwrap_or_default();
        let bytes = model.weights.to_safetensors(model.network.params(), "layers", layers);
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
