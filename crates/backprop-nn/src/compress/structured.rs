//! Structured pruning: whole units and filters are taken out of a trained network, so that what is left is a smaller network
//! of the same layers, faster everywhere (Li et al. 2017, *Pruning Filters for Efficient ConvNets*).

use std::collections::HashMap;

use crate::field::Value;
use crate::layers::LayerSpec;
use crate::network::{Network, Stack};
use crate::weights::{Weights, WeightsError};

/// A network without some of its units.
#[derive(Clone, Debug, PartialEq)]
pub struct Slimmed {
    /// The layers, of which some have fewer units.
    pub layers: Vec<LayerSpec>,
    /// Their weights.
    pub weights: Weights,
    /// What was taken out of which layer, in the order of the stack.
    pub removed: Vec<Removed>,
}

/// Units that were taken out of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The layer, as in the names of tensors: `1.conv2d`, `3.residual.0.dense`.
    pub layer: String,
    /// Units or filters that are gone.
    pub units: usize,
    /// How many there were.
    pub of: usize,
}

/// Why no units can be taken out.
#[derive(Debug, thiserror::Error)]
pub enum SlimError {
    /// There is no layer between two others that compute with its units alone.
    #[error(
        "no layer has units that can be taken out: it takes a dense layer or a convolution that another one follows, with nothing but activations, pooling, normalization by batches, dropout and flattening between them"
    )]
    Nothing,
    /// The smaller layers do not fit the weights that are left.
    #[error("what is left does not fit together: {0}")]
    Weights(#[from] WeightsError),
}

/// A tensor by its name, with its sizes.
type Tensors = HashMap<String, (Vec<usize>, Vec<f32>)>;

/// Takes this share of the units out of every hidden layer that another layer reads in whole: those whose weights have the smallest
/// sum of absolute values. The order of the others stays.
///
/// # Errors
/// If there is no such layer.
pub fn without_units(
    layers: &[LayerSpec],
    network: &Network,
    weights: &Weights,
    share: f32,
) -> Result<Slimmed, SlimError> {
    let mut tensors: Tensors = network
        .params()
        .iter()
        .map(|param| {
            let values = weights.values()[param.range.clone()].to_vec();
            (param.name.clone(), (param.info.dims.clone(), values))
        })
        .collect();
    let (mut layers, mut removed) = (layers.to_vec(), Vec::new());
    slim(&mut layers, "", share, &mut tensors, &mut removed);
    if removed.is_empty() {
        return Err(SlimError::Nothing);
    }
    let input = network.input();
    let smaller = Network::new(&[Stack { name: "", prefix: "", layers: &layers, input }]);
    let weights = Weights::from_tensors(smaller.params(), tensors.len(), |name| tensors.get(name).cloned())?;
    Ok(Slimmed { layers, weights, removed })
}

/// Of the layers of a stack or a block, whose last one keeps its units.
fn slim(layers: &mut [LayerSpec], prefix: &str, share: f32, tensors: &mut Tensors, removed: &mut Vec<Removed>) {
    for at in 0..layers.len() {
        let name = name_of(layers, at, prefix);
        // All copies of a repeated layer have as many units, and it would not be the same ones that count least.
        if layers[at].repeats().is_none()
            && let Some(inside) = layers[at].inside_mut()
        {
            slim(inside, &format!("{name}."), share, tensors, removed);
        }
        let Some(reader) = reader_of(layers, at) else { continue };
        let Some((dims, kernel)) = tensors.get(&format!("{name}.kernel")) else { continue };
        let of = dims.last().copied().unwrap_or(0);
        let kept = largest(kernel, of, ((1.0 - share) * of as f32).round().max(1.0) as usize);
        // What a group of a convolution reads cannot be told apart from the whole.
        let read = tensors.get(&format!("{}.kernel", name_of(layers, reader, prefix)));
        let fits = read.is_some_and(|(dims, _)| dims.len() > 1 && dims[dims.len() - 2].is_multiple_of(of));
        if !fits || kept.len() == of || is_grouped(&layers[at]) || is_grouped(&layers[reader]) {
            continue;
        }
        for between in at..reader {
            let name = format!("{}.", name_of(layers, between, prefix));
            let params =
                tensors.iter_mut().filter(|(key, _)| key.starts_with(&name) && !key[name.len()..].contains('.'));
            params.for_each(|(_, tensor)| select(tensor, 0, &kept, of));
        }
        let key = format!("{}.kernel", name_of(layers, reader, prefix));
        if let Some(kernel) = tensors.get_mut(&key) {
            select(kernel, 1, &kept, of);
        }
        set_units(&mut layers[at], kept.len());
        removed.push(Removed { layer: name, units: of - kept.len(), of });
    }
}

fn name_of(layers: &[LayerSpec], at: usize, prefix: &str) -> String {
    format!("{prefix}{at}.{}", layers[at].tensor_key())
}

/// The layer that reads the units of another one, if all between them treat each unit alone.
fn reader_of(layers: &[LayerSpec], at: usize) -> Option<usize> {
    let is_dense = |layer: &LayerSpec| matches!(layer.about().key, "dense" | "conv2d" | "conv1d");
    let is_between = |layer: &LayerSpec| {
        let key = layer.about().key;
        matches!(
            key,
            "activation"
                | "batch_norm"
                | "p_relu"
                | "dropout"
                | "spatial_dropout"
                | "gaussian_noise"
                | "flatten"
                | "up_sample2d"
                | "global_average_pool"
        ) || key.contains("pool")
    };
    if !is_dense(&layers[at]) {
        return None;
    }
    let next = layers[at + 1..].iter().position(|layer| !is_between(layer))?;
    Some(at + 1 + next).filter(|reader| is_dense(&layers[*reader]))
}

fn is_grouped(layer: &LayerSpec) -> bool {
    matches!(layer.get("groups"), Some(Value::Whole(groups)) if groups > 1)
}

fn set_units(layer: &mut LayerSpec, units: usize) {
    for key in ["units", "filters"] {
        layer.put(key, Value::Whole(units));
    }
}

/// The positions of so many columns of a kernel, those with the largest sums of absolute values, in their order.
fn largest(kernel: &[f32], columns: usize, count: usize) -> Vec<usize> {
    let mut sums = vec![0.0f64; columns];
    for row in kernel.chunks_exact(columns.max(1)) {
        sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += f64::from(weight.abs()));
    }
    let mut order: Vec<usize> = (0..columns).collect();
    order.sort_by(|a, b| sums[*b].total_cmp(&sums[*a]).then(a.cmp(b)));
    order.truncate(count);
    order.sort_unstable();
    order
}

/// Keeps these of `of` channels along an axis, counted from the last, that holds the channels of one position or of several.
fn select((dims, values): &mut (Vec<usize>, Vec<f32>), from_last: usize, kept: &[usize], of: usize) {
    let Some(axis) = dims.len().checked_sub(from_last + 1) else { return };
    let positions = dims[axis] / of.max(1);
    let inner: usize = dims[axis + 1..].iter().product();
    let rows = values.chunks_exact((dims[axis] * inner).max(1)).flat_map(|block| {
        (0..positions).flat_map(move |position| {
            kept.iter().flat_map(move |at| {
                let first = (position * of + at) * inner;
                &block[first..first + inner]
            })
        })
    });
    *values = rows.copied().collect();
    dims[axis] = positions * kept.len();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Residual;
    use crate::{ModelSpec, Shape};

    /// Outputs of a network for one sample.
    fn outputs(layers: &[LayerSpec], input: Shape, weights: &Weights) -> Vec<f32> {
        let network = Network::new(&[Stack { name: "", prefix: "", layers, input }]);
        let mut workspace = network.inference_workspace(1);
        let sample = workspace.input_mut(1);
        sample.iter_mut().enumerate().for_each(|(at, x)| *x = ((at * 37 % 19) as f32 - 9.0) / 9.0);
        network.infer(weights, &mut workspace);
        workspace.output().to_vec()
    }

    /// Units that have no weights say nothing, so that a network without them says the same.
    #[test]
    fn without_units_that_say_nothing_the_answers_are_the_same() {
        for (text, input) in [
            (
                r#"[{"kind":"dense","units":6},{"kind":"dropout"},{"kind":"dense","units":4},{"kind":"dense","units":3}]"#,
                Shape::flat(5),
            ),
            (
                r#"[{"kind":"conv2d","filters":6},{"kind":"batch_norm"},{"kind":"activation"},{"kind":"max_pool2d"},{"kind":"conv2d","filters":4},
                    {"kind":"flatten"},{"kind":"dense","units":3}]"#,
                Shape::image(12, 10, 2),
            ),
            (
                r#"[{"kind":"conv1d","filters":6},{"kind":"p_relu"},{"kind":"global_average_pool"},{"kind":"dense","units":3}]"#,
                Shape::steps(12, 2),
            ),
        ] {
            let model: ModelSpec = serde_json::from_str(text).unwrap();
            let network = model.build(input, 3).unwrap();
            let mut weights = network.init_weights(7);
            for param in network
                .params()
                .iter()
                .filter(|param| param.info.dims.last() == Some(&6) || param.info.dims.last() == Some(&4))
            {
                let units = *param.info.dims.last().unwrap();
                let silent = |at: usize| at % units % 2 == 1;
                for (at, value) in weights.values_mut()[param.range.clone()].iter_mut().enumerate() {
                    let is_scale = param.name.ends_with("moving_variance");
                    *value = if silent(at) && !is_scale { 0.0 } else { *value + 0.01 * at as f32 };
                }
            }
            let slimmed = without_units(&model.layers, &network, &weights, 0.5).unwrap();
            assert!(slimmed.removed.iter().all(|removed| removed.units * 2 == removed.of), "{:?}", slimmed.removed);
            assert!(slimmed.weights.values().len() * 3 < weights.values().len() * 2, "{text}");
            let (before, after) =
                (outputs(&model.layers, input, &weights), outputs(&slimmed.layers, input, &slimmed.weights));
            for (before, after) in before.iter().zip(&after) {
                assert!((before - after).abs() < 1e-5, "{text}: {before} {after}");
            }
        }
    }

    #[test]
    fn a_block_keeps_what_it_gives_and_loses_what_it_hides() {
        let inside = r#"[{"kind":"conv2d","filters":8,"padding":"same"},{"kind":"batch_norm"},{"kind":"conv2d","filters":4,"padding":"same"}]"#;
        let block = Residual { layers: serde_json::from_str(inside).unwrap() };
        let layers = vec![
            block.into(),
            serde_json::from_str(r#"{"kind":"flatten"}"#).unwrap(),
            serde_json::from_str(r#"{"kind":"dense","units":2}"#).unwrap(),
        ];
        let network = ModelSpec { layers: layers.clone() }.build(Shape::image(6, 6, 4), 2).unwrap();
        let slimmed = without_units(&layers, &network, &network.init_weights(1), 0.75).unwrap();
        assert_eq!(slimmed.removed, [Removed { layer: "0.residual.0.conv2d".to_owned(), units: 6, of: 8 }]);
    }

    #[test]
    fn the_units_with_the_smallest_sums_go_and_none_goes_of_the_last_layer() {
        assert_eq!(largest(&[1.0, -3.0, 0.5, 0.1, 1.0, -2.0], 3, 2), [1, 2]);
        let layers: Vec<LayerSpec> = vec![serde_json::from_str(r#"{"kind":"dense","units":2}"#).unwrap()];
        let network = ModelSpec { layers: layers.clone() }.build(Shape::flat(3), 2).unwrap();
        let refused = without_units(&layers, &network, &network.init_weights(1), 0.5).unwrap_err();
        assert!(refused.to_string().starts_with("no layer has units"));
    }
}
