//! Where a layer stands: its place in the stack, and within a block its place there, and so on.

use backprop_nn::LayerSpec;

/// The places in a path as people count them, "3.1".
pub fn number(path: &[usize]) -> String {
    path.iter().map(|at| (at + 1).to_string()).collect::<Vec<_>>().join(".")
}

/// The layers of the block at this path; those of the stack itself if the path is empty.
pub fn layers_at<'a>(layers: &'a [LayerSpec], path: &[usize]) -> &'a [LayerSpec] {
    match path {
        [] => layers,
        [first, rest @ ..] => {
            layers.get(*first).and_then(|layer| layer.inside()).map_or(&[], |inside| layers_at(inside, rest))
        }
    }
}

pub fn layers_at_mut<'a>(layers: &'a mut Vec<LayerSpec>, path: &[usize]) -> Option<&'a mut Vec<LayerSpec>> {
    match path {
        [] => Some(layers),
        [first, rest @ ..] => layers_at_mut(layers.get_mut(*first)?.inside_mut()?, rest),
    }
}
