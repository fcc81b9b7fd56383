//! Whether layers that leave out padding find the tokens that are none.

use super::Trace;
use crate::layers::{Embedding, LayerSpec};
use crate::shape::Shape;
use crate::spec::{Fix, ShapeError};

/// Whether the last of these layers finds the tokens among which it leaves out padding, if it does: the network begins with their
/// embedding, and each layer between gives something for each of them.
pub(super) fn check_padding(stack: &[LayerSpec], sample: Shape, input: Shape) -> Result<(), ShapeError> {
    let Some(layer) = stack.last().filter(|layer| layer.ignores_padding(Some(input))) else { return Ok(()) };
    let label = layer.about().label;
    let message = match stack {
        [LayerSpec::Embedding(Embedding { numbers: 0, .. }), ..] => match loses_tokens(stack, sample, sample.len()) {
            None => return Ok(()),
            Some(other) => format!(
                "{label} leaves out padding, the steps whose token is 0, and after {} a step is no longer a token. Turn padding off.",
                other.about().label
            ),
        },
        _ => format!(
            "{label} leaves out padding, the steps whose token is 0, and the network does not begin with an Embedding of tokens alone. Begin with one, or turn padding off."
        ),
    };
    Err(ShapeError::new(message).with_fix(Fix::Replace(layer.clone().with_padding())))
}

/// The layer after which a step is no longer one of so many tokens, where a later one, or one of the same block, leaves out padding.
fn loses_tokens(layers: &[LayerSpec], input: Shape, tokens: usize) -> Option<&LayerSpec> {
    let trace = Trace::in_block(layers, input);
    let mut lost = None;
    for (at, layer) in layers.iter().enumerate() {
        let input = trace.input_of(at)?;
        if layer.ignores_padding(Some(input)) {
            let found = lost.or_else(|| loses_tokens(layer.inside()?, input, tokens));
            if found.is_some() {
                return found;
            }
        }
        if trace.plans.get(at)?.output.features_of(tokens).is_none() {
            lost = lost.or(Some(layer));
        }
    }
    None
}
