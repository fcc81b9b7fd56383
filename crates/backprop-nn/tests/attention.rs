//! Small text models compared with PyTorch: outputs, losses, every gradient, and the losses along 20 optimizer steps.

mod common;

use backprop_nn::optim::Updater;
use backprop_nn::trace::Trace;
use backprop_nn::{Inspection, LayerSpec, ModelSpec, OptimizerSpec, Shape};
use common::Case;

fn cases() -> Vec<Case> {
    common::cases(include_str!("fixtures/attention.json"))
}

#[test]
fn outputs_losses_and_gradients_are_those_of_pytorch() {
    for case in cases() {
        case.assert_pass();
    }
}

#[test]
fn twenty_steps_go_as_in_pytorch() {
    for case in cases() {
        case.assert_steps();
    }
}

/// The weights of each row add up to one, none falls on padding or on what comes later, and together with the values they make the
/// context.
#[test]
fn attention_weights_can_be_looked_at() {
    let mut looked = 0;
    for case in cases() {
        let (network, weights, _) = case.start();
        let model = ModelSpec { layers: case.layers.clone() };
        let mut inspection = Inspection::new(&model, Shape::flat(case.steps), network.output()).unwrap();
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
                let (network, mut weights, mut batch) = case.start();
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
        let (network, mut weights, mut batch) = case.start();
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

#[test]
fn padding_needs_the_tokens_that_enter_the_network() {
    let attention = r#"{"kind":"multi_head_attention","padding":true}"#;
    let mean = r#"{"kind":"global_average_pool","padding":true}"#;
    let (steps, row) = (Shape::steps(6, 8), Shape::flat(6));
    for (layers, input) in [
        (format!("[{attention}]"), steps),
        (
            format!(r#"["layer_norm",{{"kind":"repeat","layers":[{{"kind":"residual","layers":[{attention}]}}]}}]"#),
            steps,
        ),
        (format!(r#"["dense",{mean}]"#), steps),
        (format!(r#"[{{"kind":"embedding","numbers":2}},{{"kind":"reshape","steps":2}},{mean}]"#), row),
    ] {
        let mut layers: Vec<LayerSpec> = serde_json::from_str(&layers).unwrap();
        let misfit = Trace::of(&layers, input).misfit.unwrap();
        assert_eq!(misfit.index + 1, layers.len());
        assert!(misfit.error.message.ends_with("Begin with one, or turn padding off."), "{misfit}");
        misfit.error.fix.unwrap().apply(&mut layers, misfit.index);
        assert_eq!(Trace::of(&layers, input).misfit, None);
    }
    // Behind these layers the steps are no longer the tokens, even where they are as many.
    let embedding = r#"{"kind":"embedding","units":8}"#;
    let reshape = |steps: usize| format!(r#"{{"kind":"reshape","steps":{steps}}}"#);
    let within = format!(r#"{{"kind":"residual","layers":[{},{attention},{}]}}"#, reshape(12), reshape(6));
    let mixed = format!(r#""flatten",{{"kind":"dense","units":48}},{}"#, reshape(6));
    for (between, padded, name) in [
        (&*reshape(4), mean, "Reshape"),
        (r#""max_pool1d","layer_norm""#, mean, "MaxPool1d"),
        (&*mixed, attention, "Flatten"),
        (r#""layer_norm""#, &*within, "Reshape"),
    ] {
        let mut layers: Vec<LayerSpec> = serde_json::from_str(&format!("[{embedding},{between},{padded}]")).unwrap();
        let misfit = Trace::of(&layers, row).misfit.unwrap();
        assert_eq!(misfit.index + 1, layers.len());
        assert!(misfit.error.message.contains(&format!("after {name}")), "{misfit}");
        misfit.error.fix.unwrap().apply(&mut layers, misfit.index);
        assert_eq!(Trace::of(&layers, row).misfit, None);
    }
    for (layers, input) in [
        (format!(r#"["embedding",{{"kind":"residual","layers":[{attention}]}},{mean}]"#), row),
        (
            format!(
                r#"["embedding",{{"kind":"conv1d","padding":"same"}},{{"kind":"lstm","returns":"all_steps"}},{mean}]"#
            ),
            row,
        ),
        (format!("[{mean}]"), Shape::image(4, 4, 3)),
    ] {
        let layers: Vec<LayerSpec> = serde_json::from_str(&layers).unwrap();
        assert_eq!(Trace::of(&layers, input).misfit, None);
    }
}
