//! Models as files: a safetensors file with a tensor per parameter, and the layers in its metadata.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Built, Model, ModelError, Task};
use crate::compress::Precision;
use crate::layers::LayerSpec;
use crate::loss::LossSpec;
use crate::network::Network;
use crate::shape::Shape;
use crate::trace::ModelSpec;
use crate::weights::Weights;

/// The key of the metadata.
const METADATA: &str = "backprop_nn";

/// What a file says besides its tensors.
#[derive(Serialize, Deserialize)]
struct Metadata {
    /// Absent if one of them is defined outside this package, and so cannot be written.
    layers: Option<ModelSpec>,
    input: Shape,
    loss: LossSpec,
    task: Task,
}

impl Model {
    /// Writes layers and weights to a [safetensors](https://huggingface.co/docs/safetensors) file, which PyTorch and
    /// others read as well. The tensors are named `<layer index>.<layer>.<parameter>`: `0.dense.kernel`.
    ///
    /// # Errors
    /// If the model has no weights yet, or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ModelError> {
        let (Built { network, weights, loss, task }, path) = (self.built()?, path.as_ref());
        let layers = (!self.spec.layers.iter().any(is_custom)).then(|| self.spec.clone());
        let metadata = Metadata { layers, input: network.input(), loss: loss.clone(), task: *task };
        let format = |what: String| ModelError::Format { path: path.to_owned(), what };
        let metadata = serde_json::to_string(&metadata).map_err(|error| format(error.to_string()))?;
        let bytes = weights.to_safetensors(network.params(), METADATA, metadata, Precision::Float32);
        let bytes = bytes.map_err(|error| ModelError::Weights { path: path.to_owned(), error })?;
        fs::write(path, bytes).map_err(|error| ModelError::Io { path: path.to_owned(), error })
    }

    /// Reads a model that [`Self::save`] has written.
    ///
    /// # Errors
    /// If the file cannot be read, holds something else, or a model with layers that are defined elsewhere: for such a
    /// one, make the model and [`Self::load_weights`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let file = File::read(path.as_ref())?;
        let what = "it holds layers that are defined outside backprop-nn; make the model and load its weights";
        let spec = file.metadata.layers.clone().ok_or_else(|| file.wrong(what))?;
        let built = file.build(&spec)?;
        Ok(Self { spec, built: Some(built) })
    }

    /// Takes the weights of a file of the same layers.
    ///
    /// # Errors
    /// If the file cannot be read, or its tensors are not those of these layers.
    pub fn load_weights(&mut self, path: impl AsRef<Path>) -> Result<(), ModelError> {
        self.built = Some(File::read(path.as_ref())?.build(&self.spec)?);
        Ok(())
    }
}

/// A file in memory.
struct File<'a> {
    path: &'a Path,
    bytes: Vec<u8>,
    metadata: Metadata,
}

impl<'a> File<'a> {
    fn read(path: &'a Path) -> Result<Self, ModelError> {
        let bytes = fs::read(path).map_err(|error| ModelError::Io { path: path.to_owned(), error })?;
        let text = Weights::metadata(&bytes, METADATA);
        let text = text.map_err(|error| ModelError::Weights { path: path.to_owned(), error })?;
        let metadata = serde_json::from_str(&text)
            .map_err(|error| ModelError::Format { path: path.to_owned(), what: error.to_string() })?;
        Ok(Self { path, bytes, metadata })
    }

    fn wrong(&self, what: impl Into<String>) -> ModelError {
        ModelError::Format { path: self.path.to_owned(), what: what.into() }
    }

    fn build(&self, spec: &ModelSpec) -> Result<Built, ModelError> {
        let Metadata { input, loss, task, .. } = &self.metadata;
        let outputs = crate::trace::Trace::of(&spec.layers, *input).output().len();
        let network: Network = spec.build(*input, outputs)?;
        let weights = Weights::from_safetensors(network.params(), &self.bytes)
            .map_err(|error| ModelError::Weights { path: self.path.to_owned(), error })?;
        Ok(Built { network, weights, loss: loss.clone(), task: *task })
    }
}

fn is_custom(layer: &LayerSpec) -> bool {
    matches!(layer, LayerSpec::Custom(_)) || layer.inside().is_some_and(|inside| inside.iter().any(is_custom))
}
