//! Output layers that are tied to the embedding, against PyTorch and against a layer with a copy of the table.

use std::collections::BTreeMap;

use backprop_nn::compress::Precision;
use backprop_nn::loss::LossSum;
use backprop_nn::optim::Updater;
use backprop_nn::spec::Fix;
use backprop_nn::trace::Trace;
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

fn built(layers: &[LayerSpec], steps: usize) -> Network {
    let output = Trace::of(layers, Shape::flat(steps)).output();
    ModelSpec { layers: layers.to_vec() }.build(Shape::flat(steps), output).unwrap()
}

/// Forward and back through texts of so many steps as `network` takes; the mean loss.
fn pass(network: &Network, weights: &mut Weights, batch: &mut Batch, inputs: &[f32], labels: &[u16]) -> f64 {
    let steps = network.input().len();
    let each = labels.len() / (inputs.len() / steps);
    let (loss, scale) = (LossSpec::default(), 1.0 / labels.len() as f32);
    let shards = inputs.chunks(SHARD * steps).zip(labels.chunks(SHARD * each));
    let mut lanes: Vec<_> = shards.map(|(inputs, labels)| (inputs, labels, LossSum::default())).collect();
    let fill = |_: usize, (inputs, ..): &mut (&[f32], &[u16], LossSum), shard: &mut Workspace| {
        shard.input_mut(inputs.len() / steps).copy_from_slice(inputs);
    };
    let judge = |(_, labels, sum): &mut (&[f32], &[u16], LossSum), outputs: &[f32], grad: &mut [f32]| {
        *sum = loss.value_and_grad(outputs, Targets::Classes(labels), scale, grad);
    };
    network.learn(weights, batch, &mut lanes, 0, fill, judge);
    lanes.iter().map(|lane| lane.2).fold(LossSum::default(), LossSum::plus).mean_loss()
}

impl Case {
    fn start(&self) -> (Network, Weights, Batch) {
        let network = built(&self.layers, self.steps);
        let find = |name: &str| {
            let param = self.params.iter().find(|param| param.name == name)?;
            Some((param.dims.clone(), param.values.clone()))
        };
        let weights = Weights::from_tensors(network.params(), self.params.len(), find).unwrap();
        let batch = Batch::new(&network, (self.inputs.len() / self.steps).div_ceil(SHARD), SHARD);
        (network, weights, batch)
    }

    fn describe(&self) -> String {
        self.layers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

fn cases() -> Vec<Case> {
    let fixtures: Fixtures = serde_json::from_str(include_str!("fixtures/tied.json")).unwrap();
    fixtures.cases
}

/// Relative to the largest number of the expected ones, since single numbers may be close to zero.
fn assert_close(what: &str, got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(1e-3f32, |largest, value| largest.max(value.abs()));
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!((got - expected).abs() <= tolerance * largest, "{what}, number {at}: {got}, not {expected}");
    }
}

#[test]
fn outputs_losses_and_gradients_are_those_of_pytorch() {
    for case in cases() {
        let (what, (network, mut weights, mut batch)) = (case.describe(), case.start());
        assert!(what.ends_with(" tied"), "{what}");
        let loss = pass(&network, &mut weights, &mut batch, &case.inputs, &case.labels);
        let outputs: Vec<f32> = batch.shards().iter().flat_map(Workspace::output).copied().collect();
        assert_close(&what, &outputs, &case.outputs, 1e-5);
        assert!((loss - case.loss).abs() <= 1e-5 * case.loss, "{what}: loss {loss}, PyTorch {}", case.loss);
        let gradient = network.gradient(batch.shards());
        for (param, expected) in network.params().iter().zip(&case.params) {
            let (what, got) = (format!("{what}, gradient of {}", param.name), &gradient[param.range.clone()]);
            assert_close(&what, got, &expected.grad, 1e-4);
        }
        let samples = case.inputs.len() / case.steps;
        let mut workspace = network.inference_workspace(samples);
        workspace.input_mut(samples).copy_from_slice(&case.inputs);
        network.infer(&weights, &mut workspace);
        assert_close(&format!("{what}, inferred"), workspace.output(), &case.outputs, 1e-5);

        let model = ModelSpec { layers: case.layers.clone() };
        let of = |how: fn(&ModelSpec, Shape, Shape) -> _| how(&model, network.input(), network.output());
        for inspection in [of(Inspection::new), of(Inspection::training)] {
            let mut inspection: Inspection = inspection.unwrap();
            inspection.forward(&weights, &case.inputs);
            assert_close(&format!("{what}, inspected"), inspection.outputs(), &case.outputs, 1e-5);
            let found = inspection.learn(&weights, |outputs, grad| {
                let scale = 1.0 / case.labels.len() as f32;
                LossSpec::default().value_and_grad(outputs, Targets::Classes(&case.labels), scale, grad);
            });
            assert_close(&format!("{what}, gradient of an inspection"), &found, &gradient, 1e-5);
        }
        if case.labels.len() == case.inputs.len() {
            let mut decoder = network.decoder().unwrap();
            let rows = case.outputs.chunks(network.output().channels()).take(case.steps);
            for (token, expected) in case.inputs.iter().zip(rows) {
                assert_close(&format!("{what}, decoded"), decoder.step(&weights, &[*token]), expected, 1e-5);
            }
        }
    }
}

#[test]
fn twenty_steps_go_as_in_pytorch() {
    for case in cases() {
        for (name, optimizer, rate) in RATES {
            let (what, (network, mut weights, mut batch)) = (case.describe(), case.start());
            let optimizer: OptimizerSpec = serde_json::from_str(optimizer).unwrap();
            let mut updater = Updater::new(optimizer, &network);
            for (step, expected) in case.optimizers[name].iter().enumerate() {
                let loss = pass(&network, &mut weights, &mut batch, &case.inputs, &case.labels);
                assert!(
                    (loss - expected).abs() <= 1e-4 * expected.max(0.1),
                    "{what}, {name}, step {step}: {loss}, PyTorch {expected}"
                );
                updater.step(rate, &network, &mut weights, batch.shards());
            }
        }
    }
}

const WORDS: usize = 700;
const WIDTH: usize = 24;
const STEPS: usize = 9;
const TEXTS: usize = 7;

/// A language model whose table is cut into several blocks; `head` is the last layer.
fn model(head: &str) -> Vec<LayerSpec> {
    let layers = format!(
        r#"[{{"kind":"embedding","vocabulary":{WORDS},"units":{WIDTH}}},"positional_embedding",
        {{"kind":"residual","layers":["layer_norm",{{"kind":"multi_head_attention","heads":2}}]}},{head}]"#
    );
    serde_json::from_str(&layers).unwrap()
}

fn tied() -> Vec<LayerSpec> {
    model(&format!(r#"{{"kind":"dense","units":{WORDS},"activation":"linear","tied":true}}"#))
}

fn untied() -> Vec<LayerSpec> {
    model(&format!(r#"{{"kind":"dense","units":{WORDS},"activation":"linear"}}"#))
}

fn texts() -> (Vec<f32>, Vec<u16>) {
    let word = |at: usize| (at * at * 31 + 7 * at) % WORDS;
    let words = 0..TEXTS * STEPS;
    (words.clone().map(|at| word(at) as f32).collect(), words.map(|at| word(at + 1) as u16).collect())
}

fn tensor<'a>(network: &Network, values: &'a [f32], name: &str) -> &'a [f32] {
    let param = network.params().iter().find(|param| param.name.ends_with(name)).unwrap();
    &values[param.range.clone()]
}

/// Weights of the untied network that has the table of the other one as its kernel.
fn with_kernel(network: &Network, weights: &Weights, other: &Network) -> Weights {
    let find = |name: &str| {
        let dims = other.params().iter().find(|param| param.name == name)?.info.dims.clone();
        if name.ends_with("dense.kernel") {
            let table = tensor(network, weights.values(), "embeddings");
            let kernel = (0..WORDS * WIDTH).map(|at| table[at % WORDS * WIDTH + at / WORDS]).collect();
            return Some((dims, kernel));
        }
        let param = network.params().iter().find(|param| param.name == name)?;
        Some((dims, weights.values()[param.range.clone()].to_vec()))
    };
    Weights::from_tensors(other.params(), other.params().len(), find).unwrap()
}

/// The gradient of a table in many blocks, out of several shards, is the sum of what an untied network finds for table and kernel.
#[test]
fn a_tied_table_has_the_gradients_of_table_and_kernel() {
    let (network, other) = (built(&tied(), STEPS), built(&untied(), STEPS));
    let mut weights = network.init_weights(3);
    let mut others = with_kernel(&network, &weights, &other);
    let (inputs, labels) = texts();
    let [mut batch, mut other_batch] =
        [&network, &other].map(|network| Batch::new(network, TEXTS.div_ceil(SHARD), SHARD));
    let loss = pass(&network, &mut weights, &mut batch, &inputs, &labels);
    let expected = pass(&other, &mut others, &mut other_batch, &inputs, &labels);
    assert!((loss - expected).abs() < 1e-6, "{loss}, {expected}");
    let (gradient, expected) = (network.gradient(batch.shards()), other.gradient(other_batch.shards()));
    let kernel = tensor(&other, &expected, "dense.kernel");
    let sum: Vec<f32> = tensor(&other, &expected, "embeddings")
        .iter()
        .enumerate()
        .map(|(at, table)| table + kernel[at % WIDTH * WORDS + at / WIDTH])
        .collect();
    // The first table is small, and the softmax nearly flat: without the kernel's part the numbers would be others by far.
    assert_close("table", tensor(&network, &gradient, "embeddings"), &sum, 1e-5);
    for param in network.params().iter().filter(|param| !param.name.ends_with("0.embedding.embeddings")) {
        let expected = tensor(&other, &expected, &param.name);
        assert_close(&param.name, &gradient[param.range.clone()], expected, 1e-5);
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let (inputs, labels) = texts();
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let network = built(&tied(), STEPS);
            let (mut weights, mut batch) =
                (network.init_weights(1), Batch::new(&network, TEXTS.div_ceil(SHARD), SHARD));
            let mut updater = Updater::new(OptimizerSpec::default(), &network);
            for _ in 0..3 {
                pass(&network, &mut weights, &mut batch, &inputs, &labels);
                updater.step(0.01, &network, &mut weights, batch.shards());
            }
            weights
        })
    };
    assert_eq!(run(1), run(4));
}

#[test]
fn the_table_is_counted_and_stored_once() {
    let (network, other) = (built(&tied(), STEPS), built(&untied(), STEPS));
    assert_eq!(network.weights_len() + WORDS * WIDTH, other.weights_len());
    let trace = Trace::of(&tied(), Shape::flat(STEPS));
    assert_eq!(trace.plans.last().unwrap().params, WORDS);
    assert_eq!(trace.params(), network.param_count());
    assert_eq!(trace.multiply_adds(), Trace::of(&untied(), Shape::flat(STEPS)).multiply_adds());
    let bytes = |network: &Network| network.training_footprint(4, SHARD, 2).total();
    assert!(bytes(&network) < bytes(&other));

    let weights = network.init_weights(2);
    for precision in [Precision::Float32, Precision::Float16, Precision::Int8] {
        let bytes = weights.to_safetensors(network.params(), "key", String::new(), precision).unwrap();
        let read = Weights::from_safetensors(network.params(), &bytes).unwrap();
        assert_eq!(read, network.stored(&weights, precision), "{precision:?}");
        assert!(bytes.len() < network.stored_bytes(precision) + 4000);
    }
    let mut own = network.init_weights(3);
    let carried = network.carry_over(&network, &weights, &mut own);
    assert!(carried.iter().all(|layer| layer.kept == layer.of), "{carried:?}");
    assert_eq!(own, weights);
    let mut own = other.init_weights(3);
    other.carry_over(&network, &weights, &mut own);
    assert_eq!(tensor(&other, own.values(), "embeddings"), tensor(&network, weights.values(), "embeddings"));
}

/// Where another number of outputs is wanted, the vocabulary follows, and the layer stays tied.
#[test]
fn the_vocabulary_is_set_to_what_the_task_needs() {
    let embedding = r#"{"kind":"embedding","vocabulary":9,"units":4}"#;
    let tied = r#"{"kind":"dense","units":9,"tied":true,"activation":"linear"}"#;
    for (layers, outputs) in [
        (format!("[{embedding},{tied}]"), Shape::steps(6, 12)),
        (format!(r#"[{embedding},"global_average_pool",{tied}]"#), Shape::flat(12)),
    ] {
        let mut model: ModelSpec = serde_json::from_str(&layers).unwrap();
        let mut found = Vec::new();
        while let Some(misfit) = model.trace(Shape::flat(6), outputs).misfit {
            assert!(found.len() < 3, "{found:?}");
            misfit.error.fix.unwrap().apply(&mut model.layers, misfit.index);
            found.push(misfit.error.message);
        }
        assert!(found[0].contains("set the vocabulary to 12"), "{found:?}");
        let ends: Vec<_> = [model.layers.first(), model.layers.last()].map(|layer| layer.unwrap().to_string()).into();
        assert_eq!(ends, ["Embedding 4 of 12", "Dense 12 tied"]);
    }
}

#[test]
fn a_layer_that_finds_no_table_says_why_and_is_repaired() {
    let embedding = r#"{"kind":"embedding","vocabulary":9,"units":4}"#;
    let tied = r#"{"kind":"dense","units":9,"tied":true,"activation":"linear"}"#;
    for (layers, index, says, fixed) in [
        (format!(r#"[{embedding},{}]"#, tied.replace('9', "8")), 1, "Set its units to 9.", "Dense 9 tied"),
        (format!(r#"[{embedding},{{"kind":"dense","units":5}},{tied}]"#), 2, "and 5 features arrive", "Dense 9"),
        (format!(r#"["dense",{tied}]"#), 1, "does not begin with an Embedding", "Dense 9"),
        (format!("[{tied}]"), 0, "does not begin with an Embedding", "Dense 9"),
        (
            format!(r#"[{},{tied}]"#, embedding.replace("4}", r#"4,"numbers":2}"#)),
            1,
            "does not begin with an Embedding of words alone",
            "Dense 9",
        ),
        (format!(r#"[{embedding},{{"kind":"residual","layers":[{tied}]}}]"#), 1, "In the block, layer 1: A Dense", ""),
        (
            format!(r#"[{{"kind":"residual","layers":[{embedding},{tied},"flatten"]}}]"#),
            0,
            "In the block, layer 2: A Dense layer in a block cannot be tied",
            "",
        ),
        (format!(r#"[{embedding},{{"kind":"repeat","layers":[{tied}]}}]"#), 1, "cannot be tied", ""),
    ] {
        let mut layers: Vec<LayerSpec> = serde_json::from_str(&layers).unwrap();
        let misfit = Trace::of(&layers, Shape::flat(6)).misfit.unwrap();
        assert_eq!(misfit.index, index, "{misfit}");
        assert!(misfit.error.message.contains(says), "{misfit}");
        let fix = misfit.error.fix.unwrap();
        if let (Fix::Replace(layer), false) = (&fix, fixed.is_empty()) {
            assert_eq!(layer.to_string(), fixed);
        }
        fix.apply(&mut layers, index);
        let next = Trace::of(&layers, Shape::flat(6)).misfit.map(|misfit| misfit.to_string());
        assert!(next.as_ref().is_none_or(|next| !next.contains("tied")), "{next:?}");
    }
    assert!(!serde_json::to_string(&untied()).unwrap().contains("tied"));
    assert!(serde_json::to_string(&model(tied)).unwrap().contains(r#""tied":true"#));
}
