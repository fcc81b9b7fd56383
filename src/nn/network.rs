//! The built plan: layers with proven shapes and no numbers that change. Shared by all threads.

use std::ops::Range;

use super::init::mix;
use super::layer::{Backward, Forward, Layer, Mode, ParamInfo};
use super::layers::LayerSpec;
use super::shape::Shape;
use super::weights::Weights;
use super::workspace::Workspace;

pub struct Network {
    pub(super) stages: Vec<Stage>,
    params: Vec<Param>,
    labels: Vec<&'static str>,
    input: Shape,
    output: Shape,
    param_count: usize,
}

/// A layer that has something to run, and where it lies.
pub(super) struct Stage {
    pub layer: Box<dyn Layer>,
    /// Position in the declared stack.
    pub index: usize,
    pub params: Range<usize>,
    pub input_len: usize,
    pub output_len: usize,
    pub memo_len: usize,
}

/// One parameter tensor of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// `<layer index>.<layer>.<parameter>`, as in the file of weights: `1.dense.kernel`.
    pub name: String,
    /// Position of its layer in the declared stack.
    pub layer: usize,
    pub info: ParamInfo,
    pub range: Range<usize>,
}

impl Network {
    /// Called by [`super::ModelSpec::build`] alone, after the shapes were traced.
    pub(super) fn new(layers: &[LayerSpec], input: Shape) -> Self {
        let mut network =
            Self { stages: Vec::new(), params: Vec::new(), labels: Vec::new(), input, output: input, param_count: 0 };
        for (index, spec) in layers.iter().enumerate() {
            network.push(index, spec);
        }
        network
    }

    fn push(&mut self, index: usize, spec: &LayerSpec) {
        let (spec, input) = (spec.as_spec(), self.output);
        let Ok(plan) = spec.plan(input) else { return };
        let layer = spec.build(input);
        let start = self.param_count;
        for info in layer.params() {
            let range = self.param_count..self.param_count + info.len();
            self.param_count = range.end;
            let name = format!("{index}.{}.{}", spec.label().to_lowercase(), info.name);
            self.params.push(Param { name, layer: index, info, range });
        }
        self.output = plan.output;
        self.labels.push(spec.label());
        if !layer.is_reshape() {
            self.stages.push(Stage {
                index,
                params: start..self.param_count,
                input_len: input.len(),
                output_len: plan.output.len(),
                memo_len: layer.memo_len(),
                layer,
            });
        }
    }

    pub fn input(&self) -> Shape {
        self.input
    }

    pub fn output(&self) -> Shape {
        self.output
    }

    /// How many trainable numbers there are.
    pub fn param_count(&self) -> usize {
        self.param_count
    }

    /// The name of the layer at a position in the declared stack.
    pub fn label(&self, layer: usize) -> &'static str {
        self.labels.get(layer).copied().unwrap_or("layer")
    }

    /// Position in the declared stack of the last layer, if there is one.
    pub fn last_layer(&self) -> Option<usize> {
        self.labels.len().checked_sub(1)
    }

    /// Every parameter tensor, in the order of the weights.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// Runs the shard that lies in `workspace.input_mut(samples)`; the outputs are then in `workspace.output()`.
    pub fn forward(&self, weights: &Weights, workspace: &mut Workspace, mode: Mode) {
        let samples = workspace.samples;
        for (at, stage) in self.stages.iter().enumerate() {
            let (before, after) = workspace.activations.split_at_mut(at + 1);
            stage.layer.forward(Forward {
                samples,
                params: &weights.values()[stage.params.clone()],
                input: &before[at][..samples * stage.input_len],
                output: &mut after[0][..samples * stage.output_len],
                memo: &mut workspace.memos[at][..samples * stage.memo_len],
                scratch: &mut workspace.scratch,
                mode: match mode {
                    Mode::Infer => Mode::Infer,
                    Mode::Train { seed } => Mode::Train { seed: mix(seed, stage.index as u64) },
                },
            });
        }
    }

    /// Adds the gradient of every parameter to `workspace.gradient`, for the gradient of the outputs that the loss has
    /// left in `workspace.grad_output_mut()`. The input itself gets no gradient, since nothing would learn from it.
    pub fn backward(&self, weights: &Weights, workspace: &mut Workspace) {
        let samples = workspace.samples;
        for (at, stage) in self.stages.iter().enumerate().rev() {
            let (before, after) = workspace.activations.split_at(at + 1);
            let [grad_output, grad_input] = &mut workspace.grads;
            stage.layer.backward(Backward {
                samples,
                params: &weights.values()[stage.params.clone()],
                input: &before[at][..samples * stage.input_len],
                output: &after[0][..samples * stage.output_len],
                memo: &workspace.memos[at][..samples * stage.memo_len],
                scratch: &mut workspace.scratch,
                grad_output: &mut grad_output[..samples * stage.output_len],
                grad_params: &mut workspace.gradient[stage.params.clone()],
                grad_input: (at > 0).then_some(&mut grad_input[..samples * stage.input_len]),
            });
            workspace.grads.swap(0, 1);
        }
    }

    /// Position in the declared stack of the first layer whose weights or outputs are not finite, for the shard that
    /// ran last in `workspace`.
    pub fn first_not_finite(&self, weights: &Weights, workspace: &Workspace) -> Option<usize> {
        let finite = |values: &[f32]| values.iter().all(|value| value.is_finite());
        let broken = self.stages.iter().enumerate().find(|(at, stage)| {
            !finite(&weights.values()[stage.params.clone()])
                || !finite(&workspace.activations[at + 1][..workspace.samples * stage.output_len])
        });
        broken.map(|(_, stage)| stage.index)
    }
}
