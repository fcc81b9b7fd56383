//! A trained network as few operations on arrays, for whoever writes it in another language: what each layer computes
//! outside of training, with its numbers.
//!
//! A layer says in [`Spec::operations`](crate::Spec::operations) which operations it is; what is random in training is
//! none, and batch normalization is an [`Operation::Affine`]. So a writer knows these operations and no layer, and a new
//! layer is written by all of them.

mod operation;
#[cfg(test)]
mod reference;

use std::borrow::Cow;

pub use operation::{Attention, Convolution, ConvolutionTranspose, Direction, Operation, rows};

use crate::layers::{Dense, LayerSpec};
use crate::network::Network;
use crate::shape::Shape;
use crate::weights::Weights;

/// The operations of a network, in the order in which they run.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph<'a> {
    /// The shape of a sample, the value 0.
    pub input: Shape,
    /// Node `n` makes the value `n + 1`.
    pub nodes: Vec<Node<'a>>,
}

/// An operation at its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node<'a> {
    /// The layer that it belongs to, as in the names of tensors: `1.conv2d`, `3.residual.0.dense`.
    pub name: String,
    /// What it computes.
    pub operation: Operation<'a>,
    /// The value that it reads.
    pub input: usize,
    /// The shape of the value that it makes.
    pub output: Shape,
}

/// An array of numbers, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor<'a> {
    /// As in the file of weights: `1.conv2d.kernel`.
    pub name: String,
    /// The sizes of its axes.
    pub dims: Vec<usize>,
    /// Its numbers.
    pub values: Cow<'a, [f32]>,
}

/// A layer that does not say in these operations what it computes: one that is defined elsewhere, or that leaves out padding where
/// the network does not begin with a token for each step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "layer {place}, {label}, cannot be written in the operations that an export knows; export the network without it"
)]
pub struct Unwritable {
    /// Its position in the stack, from one: "3", and within a block "3.2".
    pub place: String,
    /// What it is called.
    pub label: String,
}

impl<'a> Graph<'a> {
    /// The graph of a stack of layers with the first of these weights, which are those of a network of this stack, or of
    /// several of which it is the first.
    ///
    /// # Errors
    /// If one of the layers does not say what it computes.
    pub fn new(layers: &[LayerSpec], network: &Network, weights: &'a Weights) -> Result<Self, Unwritable> {
        let mut tensors = network.params().iter().map(|param| Tensor {
            name: param.name.clone(),
            dims: param.info.dims.clone(),
            values: Cow::Borrowed(&weights.values()[param.range.clone()]),
        });
        let mut graph = Self { input: network.input(), nodes: Vec::new() };
        graph.push_all(layers, ["", ""], 0, &mut tensors)?;
        Ok(graph)
    }

    /// `prefix` is what stands before the names and before the places of the layers of a block, and `first` how many layers of it came
    /// before these.
    fn push_all(
        &mut self,
        layers: &[LayerSpec],
        prefix: [&str; 2],
        first: usize,
        tensors: &mut dyn Iterator<Item = Tensor<'a>>,
    ) -> Result<(), Unwritable> {
        for (index, layer) in layers.iter().enumerate() {
            let name = format!("{}{}.{}", prefix[0], first + index, layer.tensor_key());
            let place = format!("{}{}", prefix[1], index + 1);
            let (fork, input) = (self.nodes.len(), self.output());
            if let Some(inside) = layer.inside() {
                let (names, places) = (format!("{name}."), format!("{place}."));
                for copy in 0..layer.repeats().unwrap_or(1) {
                    self.push_all(inside, [&names, &places], copy * inside.len(), tensors)?;
                }
                if layer.repeats().is_none() {
                    self.push(&name, Operation::Add { value: fork });
                }
                continue;
            }
            let mut params: Vec<Tensor<'a>> = tensors.take(layer.build(input).params().len()).collect();
            if let (LayerSpec::Dense(Dense { tied: true, .. }), Some(table)) = (layer, self.table()) {
                params.insert(0, table.clone());
            }
            let operations = layer.operations(input, &params).filter(|all| self.has_tokens_for(all, input));
            let label = || layer.about().label.to_owned();
            for mut operation in operations.ok_or_else(|| Unwritable { place, label: label() })? {
                // What a layer computes without parameters does not know where it stands.
                if let Operation::Positions { table } = &mut operation
                    && table.name.starts_with('.')
                {
                    table.name.insert_str(0, &name);
                }
                self.push(&name, operation);
            }
        }
        Ok(())
    }

    /// Whether the graph begins with a token for each step of `input`, if one of the operations has to know which are padding.
    fn has_tokens_for(&self, operations: &[Operation<'_>], input: Shape) -> bool {
        let steps = self.table().map(|_| self.input.len());
        !operations.iter().any(Operation::reads_tokens)
            || steps.is_some_and(|steps| input.as_steps().is_some_and(|of| of[0] == steps))
    }

    /// The table of the embedding of tokens at the beginning.
    fn table(&self) -> Option<&Tensor<'a>> {
        match &self.nodes.first()?.operation {
            Operation::Embedding { table, numbers: 0 } => Some(table),
            _ => None,
        }
    }

    /// Adds an operation on the value that was made last.
    pub fn push(&mut self, name: &str, operation: Operation<'a>) {
        let output = operation.output(self.output());
        let input = self.nodes.len();
        self.nodes.push(Node { name: name.to_owned(), operation, input, output });
    }

    /// The shape of the value that is made last.
    pub fn output(&self) -> Shape {
        self.shape(self.nodes.len())
    }

    /// The shape of a value.
    pub fn shape(&self, value: usize) -> Shape {
        value.checked_sub(1).and_then(|node| self.nodes.get(node)).map_or(self.input, |node| node.output)
    }

    /// Every array of numbers, in the order of the operations.
    pub fn tensors(&self) -> impl Iterator<Item = &Tensor<'a>> {
        self.nodes.iter().flat_map(|node| node.operation.tensors())
    }
}

impl<'a> Tensor<'a> {
    /// Numbers that are computed of it, under another last name.
    pub fn with(&self, name: &str, values: Vec<f32>) -> Self {
        debug_assert_eq!(self.values.len(), values.len(), "{}", self.name);
        let layer = self.name.rsplit_once('.').map_or("", |(layer, _)| layer);
        Self { name: format!("{layer}.{name}"), dims: self.dims.clone(), values: Cow::Owned(values) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ModelSpec;
    use crate::init::stream;
    use rand::RngExt as _;

    /// What the graph of a stack gives for samples, against the network itself.
    fn compare(layers: &[LayerSpec], input: Shape) {
        let model = ModelSpec { layers: layers.to_vec() };
        let trace = model.trace(input, 1);
        assert!(trace.plans.len() == layers.len(), "{layers:?}: {:?}", trace.misfit);
        let network = Network::new(&[crate::network::Stack { name: "", prefix: "", layers, input }]);
        let mut weights = network.init_weights(3);
        let mut random = stream(5, 77);
        // As after a training, where no bias is 0 and no variance 1; all variances are above 0.
        weights.values_mut().iter_mut().for_each(|weight| *weight += random.random_range(0.0..0.2));
        let graph = Graph::new(layers, &network, &weights).unwrap();
        assert_eq!(graph.output(), network.output(), "{layers:?}");
        let mut workspace = network.inference_workspace(3);
        let sample = |at: usize| if at.is_multiple_of(2) { 0.0 } else { -2.0 };
        let numbers: Vec<f32> = (0..3 * input.len()).map(|at| random.random_range(-1.0..3.0) + sample(at)).collect();
        workspace.input_mut(3).copy_from_slice(&numbers);
        network.infer(&weights, &mut workspace);
        let expected = workspace.output().chunks_exact(network.output().len());
        for (sample, expected) in numbers.chunks_exact(input.len()).zip(expected) {
            for (got, expected) in reference::run(&graph, sample).iter().zip(expected) {
                let scale = expected.abs().max(1.0);
                assert!((got - expected).abs() <= 2e-5 * scale, "{layers:?} on {input}: {got}, and {expected}");
            }
        }
    }

    fn layer(text: &str) -> LayerSpec {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn every_layer_of_the_list_gives_as_operations_what_it_gives_itself() {
        let inputs = [Shape::flat(12), Shape::steps(6, 5), Shape::steps(6, 8), Shape::image(28, 28, 2)];
        for spec in LayerSpec::all() {
            let fits: Vec<Shape> = inputs.into_iter().filter(|input| spec.plan(*input).is_ok()).collect();
            let fits = if fits.is_empty() { vec![Shape::image(28, 28, 1)] } else { fits };
            fits.into_iter().for_each(|input| compare(std::slice::from_ref(&spec), input));
        }
    }

    #[test]
    fn settings_of_layers_are_kept() {
        let image = Shape::image(9, 7, 4);
        for text in [
            r#"{"kind":"conv2d","filters":6,"kernel":3,"stride":2,"padding":"same","groups":2,"activation":"gelu"}"#,
            r#"{"kind":"conv2d","filters":8,"kernel":2,"dilation":3,"groups":4,"activation":"silu"}"#,
            r#"{"kind":"separable_conv2d","filters":5,"kernel":3,"stride":2,"dilation":2,"padding":"same"}"#,
            r#"{"kind":"conv_transpose2d","filters":3,"kernel":4,"stride":3,"padding":"same","activation":"tanh"}"#,
            r#"{"kind":"conv_transpose2d","filters":3,"kernel":2,"stride":3,"padding":"valid"}"#,
            r#"{"kind":"max_pool2d","size":3}"#,
            r#"{"kind":"average_pool2d","size":2}"#,
            r#"{"kind":"up_sample2d","size":3}"#,
            r#"{"kind":"repeat","times":3,"layers":["p_relu",{"kind":"residual","layers":["batch_norm"]}]}"#,
            r#"{"kind":"residual","layers":[{"kind":"conv2d","filters":4,"padding":"same","activation":"elu"},
                {"kind":"residual","layers":[{"kind":"p_relu"},{"kind":"batch_norm"}]},{"kind":"dropout"}]}"#,
        ] {
            compare(&[layer(text)], image);
        }
        let steps = Shape::steps(7, 4);
        for kind in ["rnn", "lstm", "gru"] {
            for returns in ["last_step", "all_steps"] {
                for bidirectional in [false, true] {
                    let text = format!(
                        r#"{{"kind":"{kind}","units":3,"returns":"{returns}","bidirectional":{bidirectional}}}"#
                    );
                    compare(&[layer(&text)], steps);
                }
            }
        }
        compare(
            &[layer(r#"{"kind":"conv1d","filters":6,"kernel":3,"stride":2,"padding":"same","dilation":2}"#)],
            steps,
        );
        compare(&[layer(r#"{"kind":"max_pool1d","size":3}"#)], steps);
        compare(&[layer(r#"{"kind":"positional_embedding","positions":"sinusoidal"}"#)], steps);
        let row = Shape::flat(7);
        compare(
            &[
                layer(r#"{"kind":"embedding","vocabulary":9,"units":4}"#),
                layer("\"layer_norm\""),
                layer(r#"{"kind":"dense","units":9,"tied":true,"activation":"tanh"}"#),
            ],
            row,
        );
        let embedding = layer(r#"{"kind":"embedding","vocabulary":9,"units":8}"#);
        for settings in ["", r#","rotary":true"#, r#","padding":true"#, r#","padding":true,"rotary":true"#] {
            for causal in [false, true] {
                let attention = format!(r#"{{"kind":"multi_head_attention","heads":2,"causal":{causal}{settings}}}"#);
                compare(&[embedding.clone(), layer("\"rms_norm\""), layer(&attention)], row);
            }
        }
        compare(&[embedding, layer(r#"{"kind":"global_average_pool","padding":true}"#)], row);
        compare(&[layer(r#"{"kind":"embedding","vocabulary":3,"units":2,"numbers":3}"#)], row);
        compare(&[layer(r#"{"kind":"numeric_embedding","units":2,"waves":5,"numbers":3}"#)], row);
        compare(
            &[
                layer(r#"{"kind":"batch_ensemble","members":3}"#),
                layer(r#"{"kind":"dense","units":4,"activation":"sigmoid"}"#),
                layer(r#"{"kind":"batch_ensemble","members":3}"#),
                layer(r#"{"kind":"ensemble_mean"}"#),
            ],
            row,
        );
    }

    #[test]
    fn padding_is_left_out_only_where_the_network_begins_with_a_token_for_each_step() {
        let attention = r#"{"kind":"multi_head_attention","padding":true}"#;
        for (before, input) in [
            (r#"{"kind":"dense","units":8}"#, Shape::steps(6, 5)),
            (r#"{"kind":"reshape","form":"steps","steps":3}"#, Shape::flat(24)),
        ] {
            let layers = [layer(before), layer(attention)];
            let network = Network::new(&[crate::network::Stack { name: "", prefix: "", layers: &layers, input }]);
            let weights = network.init_weights(3);
            let error = Graph::new(&layers, &network, &weights).unwrap_err();
            assert_eq!(error.place, "2", "{error}");
        }
    }
}
