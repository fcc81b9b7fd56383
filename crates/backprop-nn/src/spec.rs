//! A layer as it is declared, what it makes of a shape, and what is said when shapes do not fit.

use crate::activation::Function;
use crate::field::Settings;
use crate::graph::{Operation, Tensor};
use crate::layer::{Fusible, Layer};
use crate::layers::LayerSpec;
use crate::regularizer::Regularizer;
use crate::shape::Shape;

/// A layer as it is declared: settings that build a [`Layer`] for a shape. What it is called and what it computes is in
/// its `Described`.
pub trait Spec: Settings + Send + Sync {
    /// What the name leaves out, "128 ReLU".
    fn detail(&self) -> String {
        String::new()
    }

    /// Output shape and cost for this input, or why it does not fit and what would repair it.
    fn plan(&self, input: Shape) -> Result<Plan, ShapeError>;

    /// The layer itself; only called after `plan` accepted the same input.
    fn build(&self, input: Shape) -> Box<dyn Layer>;

    /// What it computes outside of training, given its parameters in their order; nothing if it cannot be said in these
    /// operations, and then a network with this layer cannot be exported.
    fn operations<'a>(&self, _input: Shape, _params: &[Tensor<'a>]) -> Option<Vec<Operation<'a>>> {
        None
    }

    /// The penalty on its kernels, besides that on all weights.
    fn regularizer(&self) -> Regularizer {
        Regularizer::default()
    }

    /// The layer without its activation function, and that; nothing if it has none.
    fn apart(&self) -> Option<(LayerSpec, Function)> {
        None
    }

    /// What it is to the layer before it.
    fn fusible(&self) -> Fusible {
        Fusible::No
    }

    /// The layers inside, if it is a block. Their result is added to the input, unless the block [`Self::repeats`] them.
    fn inside(&self) -> Option<&[LayerSpec]> {
        None
    }

    /// How often the layers inside run one after the other, if the block is that and nothing else. Each time is a copy with weights of
    /// its own, and a path or a name counts the layers of all copies: the first layer of the second copy of three is at 3.
    fn repeats(&self) -> Option<usize> {
        None
    }

    /// The layers inside, to be edited.
    fn inside_mut(&mut self) -> Option<&mut Vec<LayerSpec>> {
        None
    }
}

/// The declared layer at a path, as stages and places of a network have it: position in the stack, inside a block of that the position in
/// the block, and so on. All copies of a repeated layer lead to the same.
pub fn layer_at<'a>(layers: &'a [LayerSpec], path: &[usize]) -> Option<&'a LayerSpec> {
    let (first, rest) = path.split_first()?;
    let layer = layers.get(*first)?;
    let Some((next, below)) = rest.split_first() else { return Some(layer) };
    let inside = layer.inside()?;
    let copies = layer.repeats().unwrap_or(1);
    let position = (*next < copies * inside.len()).then(|| next % inside.len())?;
    layer_at(inside, &[&[position], below].concat())
}

/// What a layer makes of an input shape, and what that costs for one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The shape that the layer gives.
    pub output: Shape,
    /// Trainable numbers.
    pub params: usize,
    /// Multiply-adds of one forward pass.
    pub multiply_adds: u64,
}

impl Plan {
    /// Of a layer without parameters or multiplications.
    pub fn free(output: Shape) -> Self {
        Self { output, params: 0, multiply_adds: 0 }
    }
}

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
#[error("{}layer {}: {error}", if stack.is_empty() { String::new() } else { format!("{stack}, ") }, index + 1)]
pub struct Misfit {
    /// The stack that it stands in, where there are several: "generator".
    pub stack: &'static str,
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
