//! A network that takes a sequence step by step, as it is used to continue a text: what was computed of the steps before is
//! kept, so that each further step costs as much as one and not as all.

use crate::kernels::denormals::flush_denormals;
use crate::layer::{DecodeStep, Decoding};
use crate::network::Network;
use crate::weights::Weights;

/// A network on its way along one sequence. Attention keeps keys and values, recurrent layers their state.
///
/// ```
/// use backprop_nn::layers::{Dense, Function, Gru, Returns};
/// use backprop_nn::{ModelSpec, Shape};
///
/// let layers = vec![
///     Gru { units: 4, returns: Returns::AllSteps, ..Gru::default() }.into(),
///     Dense::new(2, Function::Linear).into(),
///     backprop_nn::layers::Flatten {}.into(),
/// ];
/// let network = ModelSpec { layers }.build(Shape::steps(3, 1), 6)?;
/// let weights = network.init_weights(42);
/// let mut decoder = network.decoder().unwrap();
/// let outputs: Vec<f32> = [0.1, 0.2, 0.3].iter().flat_map(|x| decoder.step(&weights, &[*x]).to_vec()).collect();
///
/// let mut workspace = network.inference_workspace(1);
/// workspace.input_mut(1).copy_from_slice(&[0.1, 0.2, 0.3]);
/// network.infer(&weights, &mut workspace);
/// assert!(outputs.iter().zip(workspace.output()).all(|(step, whole)| (step - whole).abs() < 1e-5));
/// # Ok::<(), backprop_nn::spec::Misfit>(())
/// ```
pub struct Decoder<'a> {
    network: &'a Network,
    /// The numbers of the step that enters, and what each stage makes of them.
    activations: Vec<Vec<f32>>,
    /// Of each stage.
    states: Vec<Vec<f32>>,
    scratch: Vec<f32>,
    context: Option<usize>,
    len: usize,
}

impl Network {
    /// The network step by step; nothing if one of its layers needs all steps at once: attention that is not causal, a
    /// convolution, pooling, a recurrent layer that returns the last step alone or reads both ways.
    pub fn decoder(&self) -> Option<Decoder<'_>> {
        let first = self.stages.first()?;
        let steps = match self.input().as_steps() {
            Some([steps, _]) => steps,
            // A row of words, of which each becomes a step.
            None => first.output.as_steps().map(|[steps, _]| steps).filter(|steps| *steps == self.input().len())?,
        };
        // A sequence that was put into another shape on the way is none of steps that arrive one after the other.
        let per_step = |len: usize| len.is_multiple_of(steps).then(|| len / steps);
        let mut activations = vec![vec![0.0; per_step(self.input().len())?]];
        let (mut states, mut context) = (Vec::new(), None::<usize>);
        for stage in &self.stages {
            let Decoding { width, state, context: own } = stage.layer.decoding()?;
            let input = per_step(stage.input_len)?;
            if width.is_some_and(|width| width != input) {
                return None;
            }
            activations.push(vec![0.0; per_step(stage.output_len)?]);
            states.push(vec![0.0; state]);
            context = [context, own].into_iter().flatten().min();
        }
        let scratch = vec![0.0; self.stages.iter().map(|stage| stage.layer.scratch_len(1)).max().unwrap_or(0)];
        Some(Decoder { network: self, activations, states, scratch, context, len: 0 })
    }
}

impl Decoder<'_> {
    /// The most steps that it can take before it has to be reset; none if any number.
    pub fn context(&self) -> Option<usize> {
        self.context
    }

    /// How many steps it has taken.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has taken none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets the steps so far.
    pub fn reset(&mut self) {
        self.states.iter_mut().for_each(|state| state.fill(0.0));
        self.len = 0;
    }

    /// Takes one step of the network's input, and gives the outputs of that step: those that [`Network::infer`] gives for it in a
    /// sequence that begins with the same steps. For a network that begins with an embedding the step is one word.
    ///
    /// # Panics
    /// If it has taken as many steps as its [`Self::context`] has room for, if `input` has not as many numbers as a step, or if the
    /// weights are those of another network.
    pub fn step(&mut self, weights: &Weights, input: &[f32]) -> &[f32] {
        assert_eq!(weights.values().len(), self.network.weights_len(), "weights of another network");
        assert!(self.context.is_none_or(|context| self.len < context), "a step after the {}. and last", self.len);
        let _flushing = flush_denormals();
        self.activations[0].copy_from_slice(input);
        for (at, stage) in self.network.stages.iter().enumerate() {
            let (before, after) = self.activations.split_at_mut(at + 1);
            let skip = self.network.skips().iter().find(|skip| skip.end == at);
            stage.layer.decode(DecodeStep {
                at: self.len,
                params: &weights.values()[stage.params.clone()],
                tied: &weights.values()[stage.tied.clone()],
                input: &before[at],
                output: &mut after[0],
                state: &mut self.states[at],
                scratch: &mut self.scratch,
                entry: input,
                skip: skip.map_or(&[], |skip| &before[skip.fork]),
            });
        }
        self.len += 1;
        &self.activations[self.network.stages.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::gradcheck::numbers;
    use crate::{LayerSpec, ModelSpec, Shape};

    fn network(layers: &str, input: Shape) -> Network {
        let layers: Vec<LayerSpec> = serde_json::from_str(layers).unwrap();
        let output = layers.iter().fold(input, |shape, layer| layer.plan(shape).unwrap().output);
        let flatten = serde_json::from_str(r#""flatten""#).unwrap();
        let layers = layers.into_iter().chain([flatten]).collect();
        ModelSpec { layers }.build(input, output.len()).unwrap()
    }

    const TRANSFORMER: &str = r#"[{"kind":"embedding","vocabulary":5,"units":8},{"kind":"positional_embedding"},
        {"kind":"residual","layers":[{"kind":"layer_norm"},{"kind":"multi_head_attention","heads":2,"dropout":0.5}]},
        {"kind":"residual","layers":[{"kind":"rms_norm"},{"kind":"dense","units":17,"activation":"gelu"},{"kind":"dropout"},
        {"kind":"dense","units":8,"activation":"linear"}]},{"kind":"layer_norm"},{"kind":"dense","units":5,"activation":"linear"}]"#;

    /// Stacks that can be run step by step, and the most steps.
    fn stacks() -> Vec<(String, Shape, Option<usize>)> {
        let (words, steps) = (Shape::flat(9), Shape::steps(9, 3));
        let recurrent = |kind: &str| {
            let layer = format!(r#"{{"kind":"{kind}","units":5,"returns":"all_steps"}}"#);
            format!(r#"[{layer},{{"kind":"residual","layers":[{layer},"batch_norm"]}},"spatial_dropout","softmax"]"#)
        };
        vec![
            (TRANSFORMER.to_owned(), words, Some(9)),
            (TRANSFORMER.replace(r#""heads":2"#, r#""heads":4,"padding":true"#), words, Some(9)),
            (TRANSFORMER.replace(r#""heads":2"#, r#""heads":2,"rotary":true"#), words, Some(9)),
            (TRANSFORMER.replace(r#"ding"},"#, r#"ding","positions":"sinusoidal"},"#), words, Some(9)),
            (r#"[{"kind":"embedding","units":8},{"kind":"repeat","times":3,"layers":[{"kind":"residual","layers":["multi_head_attention"]},"rms_norm"]}]"#.into(), words, Some(9)),
            (recurrent("rnn"), steps, None),
            (recurrent("lstm"), steps, None),
            (recurrent("gru"), steps, None),
            (
                r#"[{"kind":"dense","units":6},"p_relu","gaussian_noise",{"kind":"activation","function":"gelu"}]"#
                    .into(),
                steps,
                None,
            ),
            (
                r#"[{"kind":"multi_head_attention","heads":3},{"kind":"gru","returns":"all_steps"}]"#.into(),
                steps,
                Some(9),
            ),
            (
                r#"[{"kind":"multi_head_attention","heads":1},"flatten",{"kind":"reshape","form":"steps","steps":9}]"#
                    .into(),
                steps,
                Some(9),
            ),
        ]
    }

    #[test]
    fn step_by_step_gives_what_the_whole_sequence_gives() {
        for (layers, input, context) in stacks() {
            let network = network(&layers, input);
            let weights = network.init_weights(3);
            let mut decoder = network.decoder().unwrap_or_else(|| panic!("{layers}"));
            assert_eq!(decoder.context(), context, "{layers}");
            let mut workspace = network.inference_workspace(1);
            for purpose in 0..2 {
                let is_words = input.is_flat();
                let number = |number: f32| if is_words { ((number + 1.0) * 2.5).floor() } else { number };
                let sequence: Vec<f32> = numbers(input.len(), purpose).into_iter().map(number).collect();
                workspace.input_mut(1).copy_from_slice(&sequence);
                network.infer(&weights, &mut workspace);
                let whole = workspace.output().chunks(network.output().len() / 9);
                for (step, expected) in sequence.chunks(input.len() / 9).zip(whole) {
                    let got = decoder.step(&weights, step);
                    assert_eq!(got.len(), expected.len());
                    let close = got.iter().zip(expected).all(|(got, expected)| (got - expected).abs() < 1e-5);
                    assert!(close, "{layers}: {got:?}, not {expected:?}");
                }
                assert_eq!((decoder.len(), decoder.is_empty()), (9, false));
                decoder.reset();
                assert!(decoder.is_empty());
            }
        }
    }

    #[test]
    fn what_needs_all_steps_at_once_has_no_decoder() {
        let steps = Shape::steps(6, 4);
        for (layers, input) in [
            (r#"[{"kind":"multi_head_attention","causal":false}]"#, steps),
            (r#"[{"kind":"conv1d"}]"#, steps),
            (r#"[{"kind":"max_pool1d","size":2}]"#, steps),
            (r#"["global_average_pool"]"#, steps),
            (r#"["gru"]"#, steps),
            (r#"[{"kind":"lstm","returns":"all_steps","bidirectional":true}]"#, steps),
            (r#"["flatten","dense"]"#, steps),
            (r#"["flatten","layer_norm"]"#, steps),
            (r#"[{"kind":"reshape","form":"steps","steps":12},{"kind":"gru","returns":"all_steps"}]"#, steps),
            (r#"["dense"]"#, Shape::flat(6)),
            (r#"["activation"]"#, Shape::flat(6)),
            (r#"[{"kind":"embedding","numbers":2}]"#, Shape::flat(6)),
            (r#"[{"kind":"conv2d"},"activation"]"#, Shape::image(6, 6, 1)),
        ] {
            assert!(network(layers, input).decoder().is_none(), "{layers}");
        }
    }

    #[test]
    #[should_panic(expected = "a step after the 2. and last")]
    fn a_step_beyond_the_context_panics() {
        let network = network(r#"["multi_head_attention"]"#, Shape::steps(2, 4));
        let (weights, mut decoder) = (network.init_weights(1), network.decoder().unwrap());
        for _ in 0..3 {
            decoder.step(&weights, &[0.5; 4]);
        }
    }
}
