//! Recurrent layers that carry their state from batch to batch: the windows of a sequence against the whole of it, and truncated
//! backpropagation against PyTorch.

mod common;

use backprop_nn::field::Value;
use backprop_nn::layers::{Gru, Lstm, Returns, Rnn};
use backprop_nn::optim::Updater;
use backprop_nn::spec::Fix;
use backprop_nn::{Inspection, LayerSpec, ModelSpec, Network, OptimizerSpec, Shape, Weights, Workspace};
use common::{Param, assert_close, batch, built, outputs, pass};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixtures {
    steps: usize,
    features: usize,
    rate: f32,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    layers: Vec<LayerSpec>,
    params: Vec<Param>,
    windows: Vec<Window>,
}

/// A part of every sequence, and what is found in it before a step of SGD.
#[derive(Deserialize)]
struct Window {
    inputs: Vec<f32>,
    /// One for each step, or one for each sequence.
    labels: Vec<u16>,
    outputs: Vec<f32>,
    loss: f64,
    grads: Vec<Vec<f32>>,
}

fn fixtures() -> Fixtures {
    serde_json::from_str(include_str!("fixtures/stateful.json")).unwrap()
}

fn infer(network: &Network, weights: &Weights, workspace: &mut Workspace, inputs: &[f32]) -> Vec<f32> {
    workspace.input_mut(inputs.len() / network.input().len()).copy_from_slice(inputs);
    network.infer_next(weights, workspace);
    workspace.output().to_vec()
}

#[test]
fn windows_learn_as_in_pytorch() {
    let Fixtures { steps, features, rate, cases } = fixtures();
    for Case { layers, params, windows } in cases {
        let network = built(&layers, Shape::steps(steps, features));
        let mut weights = common::weights(&network, &params);
        let mut updater = Updater::new(OptimizerSpec::named("sgd").unwrap(), &network);
        let samples = windows[0].inputs.len() / (steps * features);
        let mut batch = batch(&network, samples);
        for (at, window) in windows.iter().enumerate() {
            let what = format!("{layers:?}, window {at}");
            let loss = pass(&network, &mut weights, &mut batch, &window.inputs, &window.labels);
            assert_close(&what, &outputs(&batch), &window.outputs, 1e-5);
            assert!((loss - window.loss).abs() <= 1e-5 * window.loss, "{what}: loss {loss}, PyTorch {}", window.loss);
            let gradient = network.gradient(batch.shards());
            for (param, expected) in network.params().iter().zip(&window.grads) {
                let what = format!("{what}, gradient of {}", param.name);
                assert_close(&what, &gradient[param.range.clone()], expected, 1e-4);
            }
            updater.step(rate, &network, &mut weights, batch.shards());
        }
    }
}

const SAMPLES: usize = 5;
const FEATURES: usize = 3;
const WINDOW: usize = 4;
const STEPS: usize = 12;

fn numbers(len: usize) -> Vec<f32> {
    (0..len).map(|at| (at as f32 * 0.731).sin()).collect()
}

/// Layers that give all steps, and carry their state if they are to.
fn layers(stateful: bool) -> Vec<LayerSpec> {
    let (units, returns) = (6, Returns::AllSteps);
    vec![
        Rnn { units, returns, stateful, ..Rnn::default() }.into(),
        Lstm { units, returns, stateful, ..Lstm::default() }.into(),
        Gru { units, returns, stateful, ..Gru::default() }.into(),
    ]
}

/// The steps of a window of `[samples, STEPS, width]`.
fn window(numbers: &[f32], at: usize, width: usize) -> Vec<f32> {
    let rows = numbers.chunks(STEPS * width);
    rows.flat_map(|row| &row[at * WINDOW * width..][..WINDOW * width]).copied().collect()
}

#[test]
fn three_windows_give_what_the_whole_sequence_gives() {
    let (carrying, whole) = (layers(true), layers(false));
    let stacks = carrying.iter().zip(&whole).map(|(carrying, whole)| (vec![carrying.clone()], vec![whole.clone()]));
    for (carrying, whole) in stacks.chain([(carrying.clone(), whole.clone())]) {
        let network = built(&whole, Shape::steps(STEPS, FEATURES));
        let width = network.output().channels();
        let mut weights = network.init_weights(3);
        let noise = numbers(weights.values().len());
        weights.values_mut().iter_mut().zip(noise).for_each(|(weight, noise)| *weight += 0.1 * noise);
        let inputs = numbers(SAMPLES * STEPS * FEATURES);
        let expected = infer(&network, &weights, &mut network.inference_workspace(SAMPLES), &inputs);

        let network = built(&carrying, Shape::steps(WINDOW, FEATURES));
        assert!(network.is_stateful());
        let mut workspace = network.inference_workspace(SAMPLES);
        let mut batch = batch(&network, SAMPLES);
        for _ in 0..2 {
            for at in 0..STEPS / WINDOW {
                let (inputs, expected) = (window(&inputs, at, FEATURES), window(&expected, at, width));
                let what = format!("{carrying:?}, window {at}");
                let inferred = infer(&network, &weights, &mut workspace, &inputs);
                assert_close(&format!("{what}, inferred"), &inferred, &expected, 1e-6);
                pass(&network, &mut weights, &mut batch, &inputs, &[1; SAMPLES * WINDOW]);
                assert_close(&format!("{what}, trained"), &outputs(&batch), &expected, 1e-6);
            }
            workspace.reset_states();
            batch.reset_states();
        }
        let mut decoder = network.decoder().unwrap();
        for (step, expected) in inputs.chunks(FEATURES).zip(expected.chunks(width)).take(STEPS) {
            assert_close("decoder", decoder.step(&weights, step), expected, 1e-5);
        }
    }
}

/// A batch with fewer samples leaves the places that it does not fill as they are.
#[test]
fn states_stay_with_their_place_in_the_batch() {
    for layer in layers(true) {
        let network = built(&[layer], Shape::steps(WINDOW, FEATURES));
        let weights = network.init_weights(1);
        let (first, second) = (numbers(SAMPLES * WINDOW * FEATURES), numbers(SAMPLES * WINDOW * FEATURES + 1));
        let second = &second[1..];
        let (mut all, mut some) = (network.inference_workspace(SAMPLES), network.inference_workspace(SAMPLES));
        infer(&network, &weights, &mut all, &first);
        infer(&network, &weights, &mut some, &first);
        let fewer = 2 * WINDOW * FEATURES;
        infer(&network, &weights, &mut some, &second[..fewer]);
        let expected = infer(&network, &weights, &mut all, second);
        let got = infer(&network, &weights, &mut some, second);
        let two = 2 * network.output().len();
        assert_eq!(got[two..], expected[two..]);
        assert_ne!(got[..two], expected[..two]);
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let network = built(&layers(true), Shape::steps(WINDOW, FEATURES));
            let mut weights = network.init_weights(1);
            let mut batch = batch(&network, SAMPLES);
            let mut updater = Updater::new(OptimizerSpec::default(), &network);
            for at in 0..3 {
                let inputs = window(&numbers(SAMPLES * STEPS * FEATURES), at, FEATURES);
                pass(&network, &mut weights, &mut batch, &inputs, &[1; SAMPLES * WINDOW]);
                updater.step(0.01, &network, &mut weights, batch.shards());
            }
            weights
        })
    };
    assert_eq!(run(1), run(4));
}

#[test]
fn an_inspection_begins_at_zero_each_time() {
    let (model, input) = (ModelSpec { layers: layers(true) }, Shape::steps(WINDOW, FEATURES));
    let network = built(&model.layers, input);
    let weights = network.init_weights(1);
    let mut inspection = Inspection::new(&model, input, network.output()).unwrap();
    let sample = numbers(input.len());
    let expected = infer(&network, &weights, &mut network.inference_workspace(1), &sample);
    for _ in 0..2 {
        inspection.forward(&weights, &sample);
        assert_close("inspection", inspection.outputs(), &expected, 1e-6);
    }
}

#[test]
fn a_block_with_a_stateful_layer_is_stateful() {
    for (text, expected) in [
        (r#"["lstm"]"#, false),
        (r#"["dense", {"kind":"gru","stateful":true}]"#, true),
        (r#"[{"kind":"residual","layers":[{"kind":"repeat","layers":[{"kind":"rnn","stateful":true}]}]}]"#, true),
        (r#"[{"kind":"residual","layers":[{"kind":"repeat","layers":["rnn"]}]}]"#, false),
    ] {
        let model: ModelSpec = serde_json::from_str(text).unwrap();
        assert_eq!(model.is_stateful(), expected, "{text}");
    }
    let network = built(&layers(false), Shape::steps(WINDOW, FEATURES));
    assert!(!network.is_stateful());
}

#[test]
fn the_setting_is_written_where_it_is_on_and_excludes_both_directions() {
    for mut layer in layers(false) {
        assert!(!serde_json::to_string(&layer).unwrap().contains("stateful"));
        layer.set("stateful", Value::Switch(true)).unwrap();
        let text = serde_json::to_string(&layer).unwrap();
        assert!(text.contains(r#""stateful":true"#), "{text}");
        assert_eq!(serde_json::from_str::<LayerSpec>(&text).unwrap(), layer);
        assert!(layer.to_string().ends_with("6 stateful all steps"), "{layer}");
        layer.set("bidirectional", Value::Switch(true)).unwrap();
        let error = layer.plan(Shape::steps(WINDOW, FEATURES)).unwrap_err();
        assert!(error.message.contains("Turn bidirectional off."), "{}", error.message);
        let Some(Fix::Replace(fixed)) = error.fix else { panic!("{}", error.message) };
        assert_eq!(fixed.get("bidirectional"), Some(Value::Switch(false)));
        assert!(fixed.is_stateful() && fixed.plan(Shape::steps(WINDOW, FEATURES)).is_ok());
    }
}
