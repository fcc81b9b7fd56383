//! The built plan: layers with proven shapes and no numbers that change. Shared by all threads.

mod build;
mod carry_over;
mod subnetwork;

use std::ops::Range;
use std::time::Instant;

pub(crate) use build::Stack;
pub use carry_over::Carried;
use subnetwork::Beginning;
pub use subnetwork::Subnetwork;

use crate::activation::Function;
use crate::clock::{Clock, Phase};
use crate::kernels::transpose::transpose;
use crate::kernels::vector::add;
use crate::layer::{BatchStatistics, Gradients, Layer, MAX_SHARDS, SavedForBackward, Transposed};
use crate::regularizer::Regularizer;
use crate::shape::Shape;
use crate::weights::{Param, Weights};
use crate::workspace::Workspace;

/// The built plan: layers with proven shapes, and where their numbers lie. Made by [`crate::ModelSpec::build`].
pub struct Network {
    pub(crate) stages: Vec<Stage>,
    params: Vec<Param>,
    blocks: Vec<Block>,
    /// The stages that have to know the whole batch.
    batch_stages: Vec<usize>,
    skips: Vec<Skip>,
    /// Where each of its stacks begins.
    beginnings: Vec<Beginning>,
    /// The kernels with a penalty of their own, by their place in the weights.
    penalties: Vec<(Range<usize>, Regularizer)>,
    labels: Vec<&'static str>,
    input: Shape,
    output: Shape,
    weights_len: usize,
    /// Whether every layer is a stage of its own, see [`crate::Inspection`].
    opened: Option<Opened>,
}

/// How a network that is opened up computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// As outside of training.
    Settled,
    /// As in training, with a stage of its own for each activation function.
    Training,
}

/// A layer that has something to run, and where it lies.
pub(crate) struct Stage {
    pub layer: Box<dyn Layer>,
    /// Position in the declared stack, and inside a block of that the position in the block, and so on.
    pub path: Vec<usize>,
    pub params: Range<usize>,
    /// Where the table lies that it is tied to, among the parameters of the first layer of its stack; empty if it is not.
    pub tied: Range<usize>,
    /// How many of them a gradient moves, which come first.
    pub trained: usize,
    /// Where its gradient lies in that of a shard; empty if it is computed out of the whole batch.
    pub shard_gradient: Range<usize>,
    /// The matrix that its backward pass reads transposed, and where that lies among those of all stages.
    matrix: Option<Transposed>,
    pub transposed: Range<usize>,
    /// Where its batch statistics lie, and after them the gradient of its parameters.
    pub shared: Range<usize>,
    pub label: &'static str,
    /// The activation function of its layer, if it is that alone.
    pub function: Option<Function>,
    /// The shape that it gives.
    pub output: Shape,
    pub input_len: usize,
    pub output_len: usize,
    pub memo_len: usize,
}

impl Stage {
    /// Position in the declared stack.
    pub fn index(&self) -> usize {
        self.path.first().copied().unwrap_or(0)
    }

    /// Whether its layer stands just before the one at `path`, in the same block.
    fn is_just_before(&self, path: &[usize]) -> bool {
        match (self.path.split_last(), path.split_last()) {
            (Some((at, block)), Some((next, same))) => block == same && at + 1 == *next,
            _ => false,
        }
    }

    /// Whether its layer is the last of so many in the block at `path`.
    fn is_last_of(&self, layers: usize, path: &[usize]) -> bool {
        self.path.split_last().is_some_and(|(at, block)| block == path && at + 1 == layers)
    }
}

/// A skip connection: the input of a residual block is added to its output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Skip {
    /// The stage whose input enters the block.
    pub fork: usize,
    /// The stage that adds.
    pub end: usize,
    /// Whether that is the last layer of the block, which does so besides its own work.
    pub is_absorbed: bool,
    /// How many blocks the block stands in.
    pub depth: usize,
    /// Numbers per sample.
    pub len: usize,
}

/// Parameters of one stage whose gradient is computed, and which are then moved, by one thread.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Block {
    pub stage: usize,
    /// In the parameters of the stage.
    part: Range<usize>,
    /// In the weights.
    pub range: Range<usize>,
}

impl Network {
    /// Adds the gradients of the layers' own penalties to the gradient of a block.
    pub(crate) fn add_penalties(&self, block: &Block, weights: &[f32], gradient: &mut [f32]) {
        for (kernel, penalty) in &self.penalties {
            let (from, to) = (kernel.start.max(block.range.start), kernel.end.min(block.range.end));
            if from < to {
                let part = from - block.range.start..to - block.range.start;
                penalty.add(&weights[part.clone()], &mut gradient[part]);
            }
        }
    }

    /// The shape of a sample.
    pub fn input(&self) -> Shape {
        self.input
    }

    /// The shape that the last layer gives.
    pub fn output(&self) -> Shape {
        self.output
    }

    /// How many trainable numbers there are.
    pub fn param_count(&self) -> usize {
        self.stages.iter().map(|stage| stage.trained).sum()
    }

    /// How many numbers the weights hold, with those that no gradient moves.
    pub fn weights_len(&self) -> usize {
        self.weights_len
    }

    /// Whether a layer carries its state from one batch to the next, see [`Workspace::reset_states`].
    pub fn is_stateful(&self) -> bool {
        self.stages.iter().any(|stage| stage.layer.state_len() > 0)
    }

    /// The name of the layer at a position in the declared stack.
    pub fn label(&self, layer: usize) -> &'static str {
        self.labels.get(layer).copied().unwrap_or("layer")
    }

    /// Position in the declared stack of the last layer, if there is one.
    pub fn last_layer(&self) -> Option<usize> {
        self.labels.len().checked_sub(1)
    }

    /// Numbers of the gradient that each shard has for itself.
    pub(crate) fn shard_gradient_len(&self) -> usize {
        self.stages.last().map_or(0, |stage| stage.shard_gradient.end)
    }

    pub(crate) fn transposed_len(&self) -> usize {
        self.stages.last().map_or(0, |stage| stage.transposed.end)
    }

    /// Numbers that are to be known of a whole batch.
    pub(crate) fn batch_statistics_len(&self) -> usize {
        self.stages.last().map_or(0, |stage| stage.shared.end)
    }

    pub(crate) fn statistics_len(&self) -> usize {
        let batch_stages = self.stages.iter().filter_map(|stage| stage.layer.batch_statistics());
        batch_stages.map(BatchStatistics::statistics_len).max().unwrap_or(0)
    }

    /// The stages that have to know the whole batch.
    pub(crate) fn batch_stages(&self) -> &[usize] {
        &self.batch_stages
    }

    pub(crate) fn skips(&self) -> &[Skip] {
        &self.skips
    }

    /// For each nesting depth of residual blocks, the numbers per sample of the widest skip connection.
    pub(crate) fn skip_widths(&self) -> Vec<usize> {
        let mut widths = vec![0; self.skips.iter().map(|skip| skip.depth + 1).max().unwrap_or(0)];
        for Skip { depth, len, .. } in &self.skips {
            widths[*depth] = widths[*depth].max(*len);
        }
        widths
    }

    /// The matrices that backward passes read transposed, made anew from the weights. Runs on all threads.
    pub(crate) fn transpose(
        &self,
        stages: Range<usize>,
        weights: &Weights,
        transposed: &mut [f32],
        clock: Option<&Clock>,
    ) {
        for at in stages {
            let stage = &self.stages[at];
            if let Some(Transposed { offset, rows, columns, panel }) = stage.matrix {
                let began = clock.map(|clock| (clock, Instant::now()));
                let matrix = &weights.values()[stage.params.start + offset..][..rows * columns];
                transpose(matrix, &mut transposed[stage.transposed.clone()], columns, panel);
                if let Some((clock, began)) = began {
                    clock.add(at, Phase::Backward, began.elapsed() * rayon::current_num_threads() as u32);
                }
            }
        }
    }

    pub(crate) fn blocks(&self, subnetwork: &Subnetwork) -> &[Block] {
        &self.blocks[subnetwork.blocks.clone()]
    }

    /// Every parameter tensor, in the order of the weights.
    pub fn params(&self) -> &[Param] {
        &self.params
    }

    /// The gradient of every parameter for the shards of a batch, whose backward passes are done.
    pub fn gradient(&self, shards: &[Workspace]) -> Vec<f32> {
        let mut gradient = vec![0.0; self.weights_len];
        for block in &self.blocks {
            self.gradient_of(block, shards, &mut gradient[block.range.clone()]);
        }
        gradient
    }

    /// The gradient of one block, written to `grad`; shards are added in their order.
    pub(crate) fn gradient_of(&self, block: &Block, shards: &[Workspace], grad: &mut [f32]) {
        let Stage { layer, params, shard_gradient, .. } = &self.stages[block.stage];
        match layer.gradients() {
            Gradients::PerShard { .. } => {
                let part = shard_gradient.start + block.part.start..shard_gradient.start + block.part.end;
                let mut shards = shards.iter().map(|shard| &shard.gradient[part.clone()]);
                match shards.next() {
                    Some(first) => grad.copy_from_slice(first),
                    None => grad.fill(0.0),
                }
                shards.for_each(|shard| add(grad, shard));
            }
            Gradients::PerBlock { .. } => {
                let saved = self.saved(block.stage, shards);
                layer.gradient(block.part.clone(), &saved[..shards.len()], grad);
                let tied = |stage: &&Stage| !stage.tied.is_empty() && stage.tied == *params;
                for (at, stage) in self.stages.iter().enumerate().filter(|(_, stage)| tied(stage)) {
                    let saved = self.saved(at, shards);
                    stage.layer.add_tied_gradient(block.part.clone(), &saved[..shards.len()], grad);
                }
            }
        }
    }

    /// What is left of each shard at a stage after the backward passes.
    fn saved<'a>(&self, stage: usize, shards: &'a [Workspace]) -> [SavedForBackward<'a>; MAX_SHARDS] {
        let Stage { input_len, memo_len, .. } = &self.stages[stage];
        let mut saved = [SavedForBackward::default(); MAX_SHARDS];
        for (saved, shard) in saved.iter_mut().zip(shards) {
            *saved = SavedForBackward {
                samples: shard.samples,
                input: &shard.activations[stage][..shard.samples * input_len],
                memo: &shard.memos[stage][..shard.samples * memo_len],
            };
        }
        saved
    }

    /// The first tensor on the way forward that is not finite, for the shards that ran last in these workspaces with these
    /// weights; nothing if all outputs are numbers.
    pub fn first_not_finite(&self, weights: &Weights, shards: &[Workspace]) -> Option<NotFinite> {
        let is_broken = |values: &[f32]| values.iter().any(|value| !value.is_finite());
        let is_param_broken = |param: &&Param| is_broken(&weights.values()[param.range.clone()]);
        self.stages.iter().enumerate().find_map(|(at, stage)| {
            let mut params = self.params.iter().filter(|param| stage.params.contains(&param.range.start));
            let param = params.find(is_param_broken).map(|param| param.info.name);
            let outputs = |shard: &Workspace| is_broken(&shard.activations[at + 1][..shard.samples * stage.output_len]);
            let tensor = param.or_else(|| shards.iter().any(outputs).then_some(OUTPUTS))?;
            Some(NotFinite { layer: stage.index(), tensor })
        })
    }
}

/// What the outputs of a layer are called where a tensor is named.
pub const OUTPUTS: &str = "outputs";

/// The first tensor of a network that is not finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotFinite {
    /// Position of its layer in the declared stack.
    pub layer: usize,
    /// The name of a parameter, such as `kernel`, or [`OUTPUTS`].
    pub tensor: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ModelSpec;

    #[test]
    fn the_first_tensor_that_is_not_finite_is_named() {
        let layers = r#"[{"kind":"dense","units":3},{"kind":"dense","units":2}]"#;
        let model: ModelSpec = serde_json::from_str(layers).unwrap();
        let network = model.build(Shape::flat(2), 2).unwrap();
        let mut shard = network.training_workspace(1);
        let mut look = |weights: &Weights, input: f32| {
            shard.input_mut(1).fill(input);
            network.infer(weights, &mut shard);
            let found = network.first_not_finite(weights, std::slice::from_ref(&shard));
            found.map(|NotFinite { layer, tensor }| (layer, tensor))
        };
        let mut weights = network.init_weights(1);
        assert_eq!(look(&weights, 1.0), None);
        assert_eq!(look(&weights, f32::INFINITY), Some((0, OUTPUTS)));
        let bias = network.params().iter().find(|param| param.name == "1.dense.bias").unwrap().range.start;
        weights.values_mut()[bias] = f32::NAN;
        assert_eq!(look(&weights, 1.0), Some((1, "bias")));
    }
}
