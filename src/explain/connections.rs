//! What connects the layers of a network: the strongest weights between two of them, and the sum that a unit makes of its inputs.

use backprop_nn::batch::inspection::Place;
use backprop_nn::layers::Function;
use backprop_nn::spec::layer_at;
use backprop_nn::weights::Param;
use backprop_nn::{Inspection, LayerSpec, Shape, Weights};

/// A weight, and what it carries for the sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Connection {
    /// The unit of the place before, or its channel, counted from zero.
    pub from: usize,
    /// The unit of this place, or its channel.
    pub to: usize,
    /// The weight; between two channels the length of the vector of their weights, with the sign of their sum.
    pub weight: f32,
    /// The weight times the value that it is given; between two channels times the mean of the channel.
    pub product: f32,
}

/// How a place is connected with the one before.
#[derive(Clone, Debug, PartialEq)]
pub enum Wiring {
    /// Unit by unit, `y = f(x·W + b)`.
    Units(Vec<Connection>),
    /// Channel by channel: each of these weights is a kernel.
    Channels(Vec<Connection>),
    /// Without weights that could be drawn: pooling, normalization, recurrence.
    Whole,
}

/// What makes a connection strong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strength {
    /// What it carries for the sample, `weight · value`.
    #[default]
    Product,
    /// The weight alone.
    Weight,
}

impl Strength {
    /// The signed strength of a connection.
    pub fn of(self, connection: &Connection) -> f32 {
        match self {
            Self::Product => connection.product,
            Self::Weight => connection.weight,
        }
    }
}

/// The strongest connections of a place with the one before, `most` of them at most, for the sample that ran forward last.
pub fn strongest(inspection: &Inspection, weights: &Weights, place: usize, by: Strength, most: usize) -> Wiring {
    let Some(before) = place.checked_sub(1) else { return Wiring::Whole };
    let Some(kernel) = inspection.params(place).iter().find(|param| param.info.name == "kernel") else {
        return Wiring::Whole;
    };
    let (from, to) = (inspection.places()[before].shape, inspection.places()[place].shape);
    let (values, weights) = (inspection.values(before), &weights.values()[kernel.range.clone()]);
    match kernel.info.dims[..] {
        [inputs, units] if inputs == from.len() && units == to.len() => {
            let connection = |at: usize| {
                let (from, weight) = (at / units, weights[at]);
                Connection { from, to: at % units, weight, product: weight * values[from] }
            };
            Wiring::Units(largest((0..weights.len()).map(connection), by, most))
        }
        [.., depth, filters] if depth == from.channels() && filters == to.channels() => {
            let mean = channel_means(values, depth);
            let connection = |at: usize| {
                let of_pair = || weights.iter().skip(at).step_by(depth * filters);
                let length = of_pair().map(|weight| weight * weight).sum::<f32>().sqrt();
                let weight = length.copysign(of_pair().sum());
                let from = at / filters;
                Connection { from, to: at % filters, weight, product: weight * mean[from] }
            };
            Wiring::Channels(largest((0..depth * filters).map(connection), by, most))
        }
        _ => Wiring::Whole,
    }
}

/// The mean of every channel over all places.
fn channel_means(values: &[f32], channels: usize) -> Vec<f32> {
    let pixels = (values.len() / channels).max(1) as f32;
    (0..channels).map(|channel| values.iter().skip(channel).step_by(channels).sum::<f32>() / pixels).collect()
}

/// The weakest first, so that the strongest are drawn last, above the others.
fn largest(connections: impl Iterator<Item = Connection>, by: Strength, most: usize) -> Vec<Connection> {
    let size = |connection: &Connection| by.of(connection).abs();
    let mut kept: Vec<Connection> = connections.filter(|connection| by.of(connection) != 0.0).collect();
    if kept.len() > most {
        kept.select_nth_unstable_by(most, |one, other| size(other).total_cmp(&size(one)));
        kept.truncate(most);
    }
    kept.sort_by(|one, other| size(one).total_cmp(&size(other)));
    kept
}

/// What a unit adds up: `value = f(Σ weight · input + bias)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sum {
    /// Every product, in the order of the inputs.
    pub terms: Vec<Term>,
    /// The bias, and where it lies in the weights.
    pub bias: (usize, f32),
    /// The sum of the products and the bias.
    pub sum: f64,
    /// The activation function.
    pub function: Function,
    /// What the unit gives.
    pub value: f32,
}

/// One product of a sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// The unit of the place before.
    pub input: usize,
    /// Its value.
    pub value: f32,
    /// Where the weight lies among those of the network.
    pub weight_at: usize,
    /// The weight.
    pub weight: f32,
}

impl Term {
    /// What it adds.
    pub fn product(&self) -> f32 {
        self.value * self.weight
    }
}

/// The sum that a unit of a dense layer or of a convolution makes of its inputs, for the sample that ran forward last; nothing
/// for other layers.
pub fn sum(inspection: &Inspection, layers: &[LayerSpec], weights: &Weights, place: usize, unit: usize) -> Option<Sum> {
    let before = place.checked_sub(1)?;
    let input = inspection.places()[before].shape;
    let Place { path, shape, .. } = &inspection.places()[place];
    let spec = layer_at(layers, path)?;
    let params = inspection.params(place);
    let find = |name: &str| params.iter().find(|param: &&Param| param.info.name == name);
    let (param, bias) = (find("kernel")?, find("bias")?.range.start);
    let kernel = param.range.start;
    let value = *inspection.values(place).get(unit)?;
    let (reads, function) = reads(spec, input, param.info.dims[0], unit)?;
    let (values, weights) = (inspection.values(before), weights.values());
    let terms: Vec<Term> = reads
        .into_iter()
        .map(|(input, at)| Term { input, value: values[input], weight_at: kernel + at, weight: weights[kernel + at] })
        .collect();
    let bias_at = bias + unit % shape.channels();
    let products: f64 = terms.iter().map(|term| f64::from(term.value) * f64::from(term.weight)).sum();
    let bias = (bias_at, weights[bias_at]);
    Some(Sum { terms, bias, sum: products + f64::from(bias.1), function, value })
}

/// Which inputs a unit reads, of which a dense layer takes so many at once, each with the place of its weight in the kernel, and what is made of the sum.
pub(super) fn reads(
    spec: &LayerSpec,
    input: Shape,
    inputs: usize,
    unit: usize,
) -> Option<(Vec<(usize, usize)>, Function)> {
    match spec {
        LayerSpec::Dense(dense) => {
            // Each step of a sequence on its own.
            let units = dense.units;
            let first = unit / units * inputs;
            Some(((0..inputs).map(|at| (first + at, at * units + unit % units)).collect(), dense.activation))
        }
        LayerSpec::Conv1d(conv) => Some((conv.reads(input, unit), conv.activation)),
        LayerSpec::Conv2d(conv) => Some((conv.reads(input, unit), conv.activation)),
        _ => None,
    }
}

/// Whether the layer at a place gives what it gets when the network predicts: dropout and noise.
pub fn is_identity(layers: &[LayerSpec], place: &Place) -> bool {
    let spec = layer_at(layers, &place.path);
    matches!(spec, Some(LayerSpec::Dropout(_) | LayerSpec::SpatialDropout(_) | LayerSpec::GaussianNoise(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use backprop_nn::ModelSpec;

    fn opened(layers: &str, input: Shape, outputs: usize) -> (ModelSpec, Inspection, Weights, Vec<f32>) {
        let model: ModelSpec = serde_json::from_str(layers).unwrap();
        let network = model.build(input, outputs).unwrap();
        let mut weights = network.init_weights(3);
        // Biases of zero would hide that one is missing.
        weights.values_mut().iter_mut().enumerate().for_each(|(at, weight)| *weight += 0.01 * (at % 7) as f32 - 0.02);
        let mut inspection = Inspection::new(&model, input, outputs).unwrap();
        let sample: Vec<f32> = (0..input.len()).map(|at| ((at * 37 % 19) as f32 - 9.0) / 10.0).collect();
        inspection.forward(&weights, &sample);
        (model, inspection, weights, sample)
    }

    #[test]
    fn the_sum_of_every_unit_is_what_its_layer_gives() {
        let image = r#"[
            {"kind":"conv2d","filters":4,"kernel":3,"padding":"same","stride":2,"activation":"tanh"},
            {"kind":"residual","layers":[
                {"kind":"conv2d","filters":4,"kernel":3,"padding":"same","dilation":2,"groups":2,"activation":"relu"}
            ]},
            {"kind":"conv2d","filters":3,"kernel":2,"activation":"linear"},
            {"kind":"flatten"},{"kind":"dense","units":5,"activation":"sigmoid"}
        ]"#;
        let steps = r#"[
            {"kind":"conv1d","filters":4,"kernel":3,"padding":"same"},{"kind":"dense","units":3,"activation":"tanh"},
            {"kind":"flatten"},{"kind":"dense","units":5,"activation":"linear"}
        ]"#;
        for (layers, input) in [(image, Shape::image(7, 6, 2)), (steps, Shape::steps(6, 2))] {
            let (model, inspection, weights, _) = opened(layers, input, 5);
            let mut seen = 0;
            for (at, place) in inspection.places().iter().enumerate() {
                for unit in 0..place.shape.len() {
                    let Some(sum) = sum(&inspection, &model.layers, &weights, at, unit) else { continue };
                    let mut given = [sum.sum as f32];
                    let mut memo = vec![0.0; sum.function.memo_len(1)];
                    sum.function.forward(&mut given, &mut memo);
                    assert!((given[0] - sum.value).abs() < 1e-5, "{place:?} {unit}: {} {}", given[0], sum.value);
                    assert_eq!(sum.value, inspection.values(at)[unit]);
                    seen += 1;
                }
            }
            let layers =
                inspection.places().iter().filter(|place| ["Conv2d", "Conv1d", "Dense"].contains(&place.label));
            assert_eq!(seen, layers.map(|place| place.shape.len()).sum::<usize>());
        }
    }

    #[test]
    fn the_strongest_connections_are_those_that_carry_most() {
        let layers = r#"[{"kind":"dense","units":4},{"kind":"dense","units":3,"activation":"linear"}]"#;
        let (_, inspection, weights, sample) = opened(layers, Shape::flat(6), 3);
        let Wiring::Units(all) = strongest(&inspection, &weights, 1, Strength::Product, 24) else { panic!("units") };
        assert_eq!(all.len(), 24);
        for connection in &all {
            let Connection { from, to, weight, product } = *connection;
            assert_eq!((weight, product), (weights.values()[from * 4 + to], weight * sample[from]));
        }
        let Wiring::Units(few) = strongest(&inspection, &weights, 1, Strength::Product, 5) else { panic!("units") };
        assert_eq!(few, all[19..], "the strongest stand last");
        let Wiring::Units(heavy) = strongest(&inspection, &weights, 1, Strength::Weight, 1) else { panic!("units") };
        let heaviest = weights.values()[..24].iter().fold(0.0f32, |most, weight| most.max(weight.abs()));
        assert_eq!(heavy[0].weight.abs(), heaviest);
        assert_eq!(
            strongest(&inspection, &weights, 0, Strength::Product, 5),
            Wiring::Whole,
            "nothing before the input"
        );
    }

    #[test]
    fn channels_are_connected_by_their_kernels() {
        let layers = r#"[{"kind":"conv2d","filters":2,"kernel":2},{"kind":"flatten"},{"kind":"dense","units":3}]"#;
        let (_, inspection, weights, sample) = opened(layers, Shape::image(3, 3, 3), 3);
        let Wiring::Channels(found) = strongest(&inspection, &weights, 1, Strength::Weight, 6) else {
            panic!("channels")
        };
        assert_eq!(found.len(), 6);
        for Connection { from, to, weight, product } in found {
            // `[height, width, channels, filters]`
            let kernel: Vec<f32> = (0..4).map(|tap| weights.values()[(tap * 3 + from) * 2 + to]).collect();
            let length = kernel.iter().map(|it| it * it).sum::<f32>().sqrt();
            assert!((weight.abs() - length).abs() < 1e-6 && weight.signum() == kernel.iter().sum::<f32>().signum());
            let mean = (0..9).map(|pixel| sample[pixel * 3 + from]).sum::<f32>() / 9.0;
            assert!((product - weight * mean).abs() < 1e-6);
        }
    }
}
