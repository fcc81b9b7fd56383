//! What is said when shapes do not fit, and the edit that repairs it.

use crate::layers::LayerSpec;

/// Why a layer cannot take its input, in words for the person who builds the stack, and the edit that repairs it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ShapeError {
    /// One or two sentences.
    pub message: String,
    /// An edit of the stack after which the layer fits.
    pub fix: Option<Fix>,
}

/// The layer that does not fit, and why.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("layer {}: {error}", index + 1)]
pub struct Misfit {
    /// Position in the stack, from zero.
    pub index: usize,
    /// Why.
    pub error: ShapeError,
}

/// An edit of the layer stack that repairs a [`ShapeError`], relative to the layer that has it.
#[derive(Clone, Debug, PartialEq)]
pub enum Fix {
    /// Insert this layer before the one that does not fit.
    Insert(LayerSpec),
    /// Put this layer in the place of the one that does not fit.
    Replace(LayerSpec),
    /// Add this layer after the one that does not fit.
    Append(LayerSpec),
    /// Take the layer out.
    Remove,
}

impl ShapeError {
    /// An error without a repair.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), fix: None }
    }

    /// With the edit that repairs it.
    #[must_use]
    pub fn with_fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }
}

impl Fix {
    /// What the button says: "Insert Flatten".
    pub fn label(&self) -> String {
        match self {
            Self::Insert(layer) => format!("Insert {layer}"),
            Self::Replace(layer) => format!("Change to {layer}"),
            Self::Append(layer) => format!("Add {layer}"),
            Self::Remove => "Remove this layer".to_owned(),
        }
    }

    /// Carries the edit out on a stack, for the layer at `index`.
    pub fn apply(&self, layers: &mut Vec<LayerSpec>, index: usize) {
        let index = index.min(layers.len());
        match self {
            Self::Insert(layer) => layers.insert(index, layer.clone()),
            Self::Append(layer) => layers.insert((index + 1).min(layers.len()), layer.clone()),
            Self::Replace(layer) if index < layers.len() => layers[index] = layer.clone(),
            Self::Remove if index < layers.len() => drop(layers.remove(index)),
            Self::Replace(_) | Self::Remove => {}
        }
    }
}
