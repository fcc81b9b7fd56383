//! Small text models compared with PyTorch: outputs, losses, every gradient, and the losses along 20 optimizer steps.

use std::collections::BTreeMap;

use backprop_nn::loss::LossSum;
use backprop_nn::optim::Updater;
use backprop_nn::{
    Batch, Inspection, LayerSpec, LossSpec, ModelSpec, Network, OptimizerSpec, Shape, Targets, Weights, Workspace,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixtures {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    steps: usize,
    layers: Vec<LayerSpec>,
    inputs: Vec<f32>,
    /// One for each step, or one for each text.
    labels: Vec<u16>,
    outputs: Vec<f32>,
    loss: f64,
    params: Vec<Param>,
    optimizers: BTreeMap<String, Vec<f64>>,
}

#[derive(Deserialize)]
struct Param {
    name: String,
    dims: Vec<usize>,
    values: Vec<f32>,
    grad: Vec<f32>,
}

/// Texts of a shard.
const SHARD: usize = 2;

const RATES: [(&str, &str, f32); 2] =
    [("adamw", r#"{"kind":"adamw","weight_decay":0.01}"#, 0.01), ("sgd", r#"{"kind":"sgd"}"#, 0.1)];

impl Case {
    fn samples(&self) -> usize {
        self.inputs.len() / self.steps
    }

    /// Labels of a text.
    fn labels_of_one(&self) -> usize {
        self.labels.len() / self.samples()
    }

    fn model(&self) -> ModelSpec {
        // The outputs of all steps in a row, which is what a network may end with.
        let flatten = serde_json::from_str(r#"{"kind":"flatten"}"#).unwrap();
        ModelSpec { layers: self.layers.iter().cloned().chain([flatten]).collect() }
    }

    fn network(&self) -> Network {
        self.model().build(Shape::flat(self.steps), self.outputs.len() / self.samples()).unwrap()
    }

    fn weights(&self, network: &Network) -> Weights {
        let find = |name: &str| {
            let param = self.params.iter().find(|param| param.name == name)?;
            Some((param.dims.clone(), param.values.clone()))
        };
        Weights::from_tensors(network.params(), self.params.len(), find).unwrap()
    }

    fn batch(&self, network: &Network) -> Batch {
        Batch::new(network, self.samples().div_ceil(SHARD), SHARD)
    }

    /// One forward and backward pass; the mean loss.
    fn pass(&self, network: &Network, weights: &mut Weights, batch: &mut Batch) -> f64 {
        let (loss, scale) = (LossSpec::default(), 1.0 / self.labels.len() as f32);
        let shards = self.labels.chunks(SHARD * self.labels_of_one());
        let mut lanes: Vec<_> = shards.map(|labels| (labels, LossSum::default())).collect();
        let fill = |index: usize, (labels, _): &mut (&[u16], LossSum), shard: &mut Workspace| {
            let samples = labels.len() / self.labels_of_one();
            let inputs = &self.inputs[index * SHARD * self.steps..][..samples * self.steps];
            shard.input_mut(samples).copy_from_slice(inputs);
        };
        let judge = |(labels, sum): &mut (&[u16], LossSum), outputs: &[f32], grad: &mut [f32]| {
            *sum = loss.value_and_grad(outputs, Targets::Classes(labels), scale, grad);
        };
        network.learn(weights, batch, &mut lanes, 0, fill, judge);
        lanes.iter().map(|(_, sum)| *sum).fold(LossSum::default(), LossSum::plus).mean_loss()
    }

    fn describe(&self) -> String {
        self.layers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

fn cases() -> Vec<Case> {
    let fixtures: Fixtures = serde_json::from_str(include_str!("fixtures/attention.json")).unwrap();
    fixtures.cases
}

/// Relative to the largest number of the expected ones, since single numbers may be close to zero.
fn assert_close(what: &str, got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-3f32, |largest, value| largest.max(value.abs()));
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!((got - expected).abs() <= tolerance * largest, "{what}, number {at}: {got}, PyTorch {expected}");
    }
}

#[test]
fn outputs_losses_and_gradients_are_those_of_pytorch() {
    for case in cases() {
        let (network, what) = (case.network(), case.describe());
        let (mut weights, mut batch) = (case.weights(&network), case.batch(&network));
        let loss = case.pass(&network, &mut weights, &mut batch);
        let outputs: Vec<f32> = batch.shards().iter().flat_map(Workspace::output).copied().collect();
        assert_close(&what, &outputs, &case.outputs, 1e-5);
        assert!((loss - case.loss).abs() <= 1e-5 * case.loss, "{what}: loss {loss}, PyTorch {}", case.loss);
        let gradient = network.gradient(batch.shards());
        for (param, expected) in network.params().iter().zip(&case.params) {
            let (what, got) = (format!("{what}, gradient of {}", param.name), &gradient[param.range.clone()]);
            assert_close(&what, got, &expected.grad, 1e-4);
        }
        let mut workspace = network.inference_workspace(case.samples());
        workspace.input_mut(case.samples()).copy_from_slice(&case.inputs);
        network.infer(&weights, &mut workspace);
        assert_close(&format!("{what}, inferred"), workspace.output(), &case.outputs, 1e-5);
    }
}

#[test]
fn twenty_steps_go_as_in_pytorch() {
    for case in cases() {
        for (name, optimizer, rate) in RATES {
            let network = case.network();
            let (mut weights, mut batch) = (case.weights(&network), case.batch(&network));
            let optimizer: OptimizerSpec = serde_json::from_str(optimizer).unwrap();
            let mut updater = Updater::new(optimizer, &network);
            for (step, expected) in case.optimizers[name].iter().enumerate() {
                let loss = case.pass(&network, &mut weights, &mut batch);
                let what = case.describe();
                assert!(
                    (loss - expected).abs() <= 1e-4 * expected.max(0.1),
                    "{what}, {name}, step {step}: {loss}, PyTorch {expected}"
                );
                updater.step(rate, &network, &mut weights, batch.shards());
            }
        }
    }
}

/// The weights of each row add up to one, none falls on padding or on what comes later, and together with the values they make the
/// context.
#[test]
fn attention_weights_can_be_looked_at() {
    let mut looked = 0;
    for case in cases() {
        let network = case.network();
        let weights = case.weights(&network);
        let mut inspection = Inspection::new(&case.model(), Shape::flat(case.steps), network.output().len()).unwrap();
        let text = &case.inputs[..case.steps];
        inspection.forward(&weights, text);
        for place in 0..inspection.places().len() {
            let inside = inspection.inside(place);
            let Some(LayerSpec::MultiHeadAttention(attention)) =
                layer_at(&case.layers, &inspection.places()[place].path)
            else {
                continue;
            };
            assert_eq!(inside.len(), attention.heads + 3);
            assert_eq!(inside[0].name, "attention weights, head 1");
            for head in &inside[..attention.heads] {
                assert_eq!(head.shape, Shape::steps(case.steps, case.steps));
                for (row, weights) in head.values.chunks(case.steps).enumerate() {
                    assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{}: {weights:?}", case.describe());
                    for (key, weight) in weights.iter().enumerate() {
                        let hidden = attention.causal && key > row || attention.padding && text[key] == 0.0;
                        assert_eq!(hidden, *weight == 0.0, "{}: {row} to {key}", case.describe());
                    }
                }
            }
            looked += 1;
        }
    }
    assert_eq!(looked, 8);
}

fn layer_at<'a>(layers: &'a [LayerSpec], path: &[usize]) -> Option<&'a LayerSpec> {
    match path {
        [] => None,
        [at] => layers.get(*at),
        [at, rest @ ..] => layer_at(layers.get(*at)?.inside()?, rest),
    }
}

/// One thread or four: the same weights to the bit, with dropout of the attention weights.
#[test]
fn the_number_of_threads_changes_nothing() {
    for mut case in cases() {
        set_dropout(&mut case.layers, 0.3);
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let network = case.network();
                let (mut weights, mut batch) = (case.weights(&network), case.batch(&network));
                let mut updater = Updater::new(OptimizerSpec::default(), &network);
                for _ in 0..3 {
                    case.pass(&network, &mut weights, &mut batch);
                    updater.step(0.01, &network, &mut weights, batch.shards());
                }
                weights
            })
        };
        assert_eq!(run(1), run(4), "{}", case.describe());
    }
}

fn set_dropout(layers: &mut [LayerSpec], rate: f32) {
    for layer in layers {
        match layer {
            LayerSpec::MultiHeadAttention(attention) => attention.dropout = rate,
            layer => set_dropout(layer.inside_mut().map_or(&mut [], |inside| inside), rate),
        }
    }
}

/// A text that is nothing but padding has no key to attend to.
#[test]
fn a_text_of_padding_alone_gives_numbers() {
    for case in cases() {
        let network = case.network();
        let (mut weights, mut batch) = (case.weights(&network), case.batch(&network));
        let padding = Case { inputs: vec![0.0; case.inputs.len()], ..case };
        assert!(padding.pass(&network, &mut weights, &mut batch).is_finite());
        assert!(network.gradient(batch.shards()).iter().all(|slope| slope.is_finite()), "{}", padding.describe());
    }
}

#[test]
fn heads_that_do_not_divide_are_repaired() {
    let spec = |text: &str| serde_json::from_str::<LayerSpec>(text).unwrap();
    for (text, features, fixed) in [
        (r#"{"kind":"multi_head_attention","heads":5}"#, 32, "MultiHeadAttention 4 heads causal"),
        (r#"{"kind":"multi_head_attention","heads":7,"causal":false}"#, 6, "MultiHeadAttention 6 heads"),
        (r#"{"kind":"multi_head_attention","heads":4,"rotary":true}"#, 4, "MultiHeadAttention 2 heads causal rotary"),
        (r#"{"kind":"multi_head_attention","heads":1,"rotary":true}"#, 7, "MultiHeadAttention 1 head causal"),
    ] {
        let error = spec(text).plan(Shape::steps(10, features)).unwrap_err();
        let Some(backprop_nn::spec::Fix::Replace(repaired)) = error.fix else { panic!("{}", error.message) };
        assert_eq!(repaired.to_string(), fixed);
        assert!(repaired.plan(Shape::steps(10, features)).is_ok());
    }
}
