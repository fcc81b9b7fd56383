//! The weights of one network in another whose layers were changed: a layer was widened, added or taken away.

use super::Network;
use crate::weights::{Param, Weights};

/// What a layer has got from the other network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Position of the layer in the declared stack.
    pub layer: usize,
    /// Weights that are those of the other network.
    pub kept: usize,
    /// Weights of the layer.
    pub of: usize,
}

/// The parameters of a layer, or of a block that counts as one.
struct Unit<'a> {
    layer: usize,
    params: Vec<&'a Param>,
}

impl Network {
    /// Puts the weights of another network where this one has the same layers, into `own`; what each layer with weights has got.
    ///
    /// Layers of a kind are matched in their order, those of equal size before others. Of a layer that was widened, the units that there
    /// were keep their weights, and those of a layer behind it that read them; a kernel of another size is not kept.
    pub fn carry_over(&self, other: &Self, weights: &Weights, own: &mut Weights) -> Vec<Carried> {
        let (from, to) = (units(other.params()), units(self.params()));
        let matches = matched(&from, &to);
        let mut carried = Vec::with_capacity(to.len());
        for (at, unit) in to.iter().enumerate() {
            let before = at.checked_sub(1);
            let mut kept = 0;
            for param in &unit.params {
                let old = matches[at].and_then(|old| from[old].params.iter().find(|old| suffix(old) == suffix(param)));
                // What a unit of the layer before is called here only counts if that layer was matched with the one before there.
                let widened = matches[at].and_then(|old| {
                    let (old, new) = (old.checked_sub(1)?, before?);
                    (matches[new] == Some(old)).then(|| (from[old].width(), to[new].width()))
                });
                if let Some((old, at)) =
                    old.and_then(|old| Some((old, blocks(&old.info.dims, &param.info.dims, unit, param, widened)?)))
                {
                    kept += copy(weights.values(), old, own.values_mut(), param, &at);
                }
            }
            let of = unit.params.iter().map(|param| param.info.len()).sum();
            carried.push(Carried { layer: unit.layer, kept, of });
        }
        carried
    }
}

impl Unit<'_> {
    /// Outputs of the layer that the next one tells apart.
    fn width(&self) -> usize {
        let last = self.params.iter().find(|param| suffix(param).ends_with("recurrent_kernel"));
        match last.or(self.params.last()) {
            Some(param) if suffix(param).ends_with("recurrent_kernel") => param.info.dims[0],
            Some(param) => param.info.dims.last().copied().unwrap_or(1),
            None => 1,
        }
    }

    fn kind(&self) -> &str {
        self.params.first().and_then(|param| param.name.split('.').nth(1)).unwrap_or_default()
    }
}

/// The name of a parameter without the position of its layer.
fn suffix(param: &Param) -> &str {
    param.name.split_once('.').map_or(&*param.name, |(_, rest)| rest)
}

fn units(params: &[Param]) -> Vec<Unit<'_>> {
    let mut units: Vec<Unit<'_>> = Vec::new();
    for param in params {
        match units.last_mut().filter(|unit| unit.layer == param.layer) {
            Some(unit) => unit.params.push(param),
            None => units.push(Unit { layer: param.layer, params: vec![param] }),
        }
    }
    units
}

/// For each layer of `to` the one of `from` that it goes on from: in order, of the same kind, with as many equal sizes as can be.
fn matched(from: &[Unit<'_>], to: &[Unit<'_>]) -> Vec<Option<usize>> {
    let score = |i: usize, j: usize| -> usize {
        if from[i].kind() != to[j].kind() {
            return 0;
        }
        let equal = |param: &&&Param| {
            from[i].params.iter().any(|old| suffix(old) == suffix(param) && old.info.dims == param.info.dims)
        };
        1 + 2 * to[j].params.iter().filter(equal).count()
    };
    let mut best = vec![vec![0; to.len() + 1]; from.len() + 1];
    for i in (0..from.len()).rev() {
        for j in (0..to.len()).rev() {
            let both = match score(i, j) {
                0 => 0,
                score => score + best[i + 1][j + 1],
            };
            best[i][j] = both.max(best[i + 1][j]).max(best[i][j + 1]);
        }
    }
    let (mut i, mut j, mut found) = (0, 0, vec![None; to.len()]);
    while i < from.len() && j < to.len() {
        let score = score(i, j);
        if score > 0 && best[i][j] == score + best[i + 1][j + 1] {
            found[j] = Some(i);
            (i, j) = (i + 1, j + 1);
        } else if best[i][j] == best[i + 1][j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    found
}

/// Both tensors with as many axes, along each of which the first numbers of one are those of the other; nothing if what is where cannot
/// be told. `widened` has the outputs of the layer before, there and here.
fn blocks(
    old: &[usize],
    new: &[usize],
    unit: &Unit<'_>,
    param: &Param,
    widened: Option<(usize, usize)>,
) -> Option<[Vec<usize>; 2]> {
    if old == new {
        return Some([old.to_vec(), new.to_vec()]);
    }
    // The features of a wider attention are those of other heads.
    if old.len() != new.len() || suffix(param).split('.').count() > 2 || unit.kind() == "multiheadattention" {
        return None;
    }
    let last = old.len() - 1;
    let name = suffix(param).rsplit('.').next().unwrap_or_default();
    // A bias and the like have outputs alone; a kernel reads the outputs of the layer before along the axis before the last.
    let has_inputs = name.ends_with("kernel") && name != "depthwise_kernel";
    let is_recurrent = unit.params.iter().any(|param| suffix(param).ends_with("recurrent_kernel"));
    let (inputs, outputs) = match unit.kind().starts_with("conv_transpose") && last > 0 {
        true => (last, last - 1),
        false => (last.wrapping_sub(1), last),
    };
    let of_inputs = |axis: usize| has_inputs && axis == inputs && !name.ends_with("recurrent_kernel");
    let is_bias = last == 0;
    let (mut from, mut to) = (Vec::new(), Vec::new());
    for axis in 0..old.len() {
        let [had, has] = [old[axis], new[axis]];
        let parts = match () {
            () if axis == last && is_recurrent => {
                // Gate after gate, each with the units.
                let gates = has / unit.width().max(1);
                Some((gates, had / gates.max(1), unit.width()))
            }
            () if had == has => Some((1, had, has)),
            () if of_inputs(axis) => widened.and_then(|(before, after)| {
                let fits =
                    before > 0 && after > 0 && had % before == 0 && has % after == 0 && had / before == has / after;
                fits.then(|| (had / before, before, after))
            }),
            // What has no inputs of its own, as a normalization, has those of the layer before.
            () if axis == outputs || is_bias => Some((1, had, has)),
            () => (name.ends_with("recurrent_kernel")).then_some((1, had, has)),
        };
        let (outer, had, has) = parts?;
        from.extend([outer, had]);
        to.extend([outer, has]);
    }
    Some([from, to])
}

/// Copies the numbers that both tensors have; how many there are.
fn copy(values: &[f32], old: &Param, own: &mut [f32], new: &Param, [from, to]: &[Vec<usize>; 2]) -> usize {
    let (values, own) = (&values[old.range.clone()], &mut own[new.range.clone()]);
    let common: Vec<usize> = from.iter().zip(to).map(|(a, b)| *a.min(b)).collect();
    let count: usize = common.iter().product();
    for at in 0..count {
        let (mut rest, mut read, mut write, mut step_read, mut step_write) = (at, 0, 0, 1, 1);
        for axis in (0..common.len()).rev() {
            let index = rest % common[axis];
            rest /= common[axis];
            read += index * step_read;
            write += index * step_write;
            step_read *= from[axis];
            step_write *= to[axis];
        }
        own[write] = values[read];
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ModelSpec;
    use crate::shape::Shape;

    fn network(layers: &str) -> Network {
        let model: ModelSpec = serde_json::from_str(layers).unwrap();
        model.build(Shape::image(6, 6, 1), 3).unwrap()
    }

    fn tensor<'a>(network: &Network, weights: &'a Weights, name: &str) -> &'a [f32] {
        let param = network.params().iter().find(|param| param.name.ends_with(name)).unwrap();
        &weights.values()[param.range.clone()]
    }

    const BEFORE: &str = r#"[{"kind":"conv2d","filters":2,"kernel":3},{"kind":"flatten"},{"kind":"dense","units":5},{"kind":"dense","units":3}]"#;

    #[test]
    fn a_network_that_is_the_same_is_kept_whole() {
        let network = network(BEFORE);
        let (old, mut own) = (network.init_weights(1), network.init_weights(2));
        let carried = network.carry_over(&network, &old, &mut own);
        assert_eq!(own, old);
        assert!(carried.iter().all(|layer| layer.kept == layer.of) && carried.len() == 3, "{carried:?}");
    }

    #[test]
    fn the_units_of_a_wider_layer_and_what_reads_them_stay() {
        let before = network(BEFORE);
        let after =
            network(&BEFORE.replace(r#""filters":2"#, r#""filters":4"#).replace(r#""units":5"#, r#""units":7"#));
        let (old, fresh) = (before.init_weights(1), after.init_weights(2));
        let mut own = fresh.clone();
        let carried = after.carry_over(&before, &old, &mut own);
        let (read, has, new) = (
            tensor(&before, &old, "2.dense.kernel"),
            tensor(&after, &own, "2.dense.kernel"),
            tensor(&after, &fresh, "2.dense.kernel"),
        );
        for place in 0..16 {
            for channel in 0..4 {
                for unit in 0..7 {
                    let at = (place * 4 + channel) * 7 + unit;
                    let expected =
                        if channel < 2 && unit < 5 { read[(place * 2 + channel) * 5 + unit] } else { new[at] };
                    assert_eq!(has[at], expected, "place {place}, channel {channel}, unit {unit}");
                }
            }
        }
        assert_eq!(carried[1], Carried { layer: 2, kept: 16 * 2 * 5 + 5, of: 16 * 4 * 7 + 7 });
        assert_eq!(carried[2], Carried { layer: 3, kept: 5 * 3 + 3, of: 7 * 3 + 3 });
    }

    #[test]
    fn layers_around_one_that_was_added_stay_and_a_kernel_of_another_size_does_not() {
        let before = network(BEFORE);
        let added =
            BEFORE.replace(r#"{"kind":"dense","units":3}"#, r#"{"kind":"dense","units":5},{"kind":"dense","units":3}"#);
        let after = network(&added.replace(r#""kernel":3"#, r#""kernel":5"#));
        let mut own = after.init_weights(2);
        let carried = after.carry_over(&before, &before.init_weights(1), &mut own);
        let kept: Vec<_> = carried.iter().map(|layer| (layer.kept, layer.of)).collect();
        // Of the convolution only the biases; the dense layer behind it has fewer places, and its own biases.
        assert_eq!(kept, [(2, 52), (5, 45), (0, 30), (18, 18)], "{carried:?}");
    }

    #[test]
    fn the_gates_of_a_wider_recurrent_layer_stay_apart() {
        let model = |units: usize| -> Network {
            let text = format!(r#"[{{"kind":"lstm","units":{units}}},{{"kind":"dense","units":2}}]"#);
            serde_json::from_str::<ModelSpec>(&text).unwrap().build(Shape::steps(4, 3), 2).unwrap()
        };
        let (before, after) = (model(2), model(3));
        let old = before.init_weights(1);
        let mut own = after.init_weights(2);
        after.carry_over(&before, &old, &mut own);
        let (read, has) = (tensor(&before, &old, "0.lstm.kernel"), tensor(&after, &own, "0.lstm.kernel"));
        for feature in 0..3 {
            for gate in 0..4 {
                for unit in 0..2 {
                    assert_eq!(has[feature * 12 + gate * 3 + unit], read[feature * 8 + gate * 2 + unit]);
                }
            }
        }
    }
}
