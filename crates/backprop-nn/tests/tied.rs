//! Output layers that are tied to the embedding, against PyTorch and against a layer with a copy of the table.

mod common;

use backprop_nn::compress::Precision;
use backprop_nn::optim::Updater;
use backprop_nn::spec::Fix;
use backprop_nn::trace::Trace;
use backprop_nn::{Inspection, LayerSpec, LossSpec, ModelSpec, Network, OptimizerSpec, Shape, Targets, Weights};
use common::{Case, SHARD, assert_close, batch, pass};

fn cases() -> Vec<Case> {
    common::cases(include_str!("fixtures/tied.json"))
}

fn built(layers: &[LayerSpec]) -> Network {
    common::built(layers, Shape::flat(STEPS))
}

#[test]
fn outputs_losses_and_gradients_are_those_of_pytorch() {
    for case in cases() {
        let (what, gradient, (network, weights, _)) = (case.describe(), case.assert_pass(), case.start());
        assert!(what.ends_with(" tied"), "{what}");
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
        case.assert_steps();
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
    let (network, other) = (built(&tied()), built(&untied()));
    let mut weights = network.init_weights(3);
    let mut others = with_kernel(&network, &weights, &other);
    let (inputs, labels) = texts();
    let [mut own_batch, mut other_batch] = [&network, &other].map(|network| batch(network, TEXTS));
    let loss = pass(&network, &mut weights, &mut own_batch, &inputs, &labels);
    let expected = pass(&other, &mut others, &mut other_batch, &inputs, &labels);
    assert!((loss - expected).abs() < 1e-6, "{loss}, {expected}");
    let (gradient, expected) = (network.gradient(own_batch.shards()), other.gradient(other_batch.shards()));
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
            let network = built(&tied());
            let (mut weights, mut batch) = (network.init_weights(1), batch(&network, TEXTS));
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
    let (network, other) = (built(&tied()), built(&untied()));
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
            "does not begin with an Embedding of tokens alone",
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
