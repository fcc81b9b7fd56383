//! The built plan: layers with proven shapes and no numbers that change. Shared by all threads.

use std::ops::Range;

use super::kernels::transpose::transpose;
use super::kernels::vector::add;
use super::layer::{BatchStatistics, Gradients, Layer, MAX_SHARDS, ParamInfo, SavedForBackward, Transposed};
use super::layers::LayerSpec;
use super::regularizer::Regularizer;
use super::section::{Seam, Section};
use super::shape::Shape;
use super::weights::Weights;
use super::workspace::Workspace;

pub struct Network {
    pub(super) stages: Vec<Stage>,
    params: Vec<Param>,
    pub(super) blocks: Vec<Block>,
    /// The stages that have to know the whole batch.
    joints: Vec<usize>,
    skips: Vec<Skip>,
    /// Where the discriminator begins, if there is one behind a generator.
    pub(super) seam: Option<Seam>,
    /// Where kernels lie in the weights that pay more than others, and what.
    penalties: Vec<(Range<usize>, Regularizer)>,
    labels: Vec<&'static str>,
    input: Shape,
    output: Shape,
    weights_len: usize,
}

/// A layer that has something to run, and where it lies.
pub(super) struct Stage {
    pub layer: Box<dyn Layer>,
    /// Position in the declared stack, and inside a block of that the position in the block, and so on.
    pub path: Vec<usize>,
    pub params: Range<usize>,
    /// How many of them a gradient moves, which come first.
    pub trained: usize,
    /// Where its gradient lies in that of a shard; empty if it is computed out of the whole batch.
    pub shard_gradient: Range<usize>,
    /// The matrix that its backward pass reads transposed, and where that lies among those of all stages.
    matrix: Option<Transposed>,
    pub transposed: Range<usize>,
    /// Where that lies which it has to know of the whole batch.
    pub joint: Range<usize>,
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
}

/// Where what enters a residual block is added to what leaves it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Skip {
    /// The stage whose input enters the block.
    pub fork: usize,
    /// The stage that adds.
    pub end: usize,
    /// How many blocks the block stands in.
    pub depth: usize,
    /// Numbers per sample.
    pub len: usize,
}

/// Parameters of one stage whose gradient is computed, and which are then moved, by one thread.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Block {
    pub stage: usize,
    /// In the parameters of the stage.
    part: Range<usize>,
    /// In the weights.
    pub range: Range<usize>,
}

/// Numbers of a block, about: small enough to stay in a core's own cache with weights, gradient and optimiser state.
const BLOCK: usize = 16_384;

/// Blocks come in multiples of this, so that threads get equal shares.
const BLOCKS: usize = 8;

/// One parameter tensor of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    /// `<layer index>.<layer>.<parameter>`, as in the file of weights: `1.dense.kernel`, `3.residual.0.conv2d.kernel`.
    pub name: String,
    /// Position of its layer, or of the block that holds it, in the declared stack.
    pub layer: usize,
    pub info: ParamInfo,
    pub range: Range<usize>,
}

impl Network {
    /// Called by [`super::ModelSpec::build`] alone, after the shapes were traced.
    pub(super) fn new(layers: &[LayerSpec], input: Shape) -> Self {
        let mut network = Self::empty(input);
        network.push_all(layers, &[], "");
        network.finished()
    }

    /// A generator and behind it a discriminator of such samples. Called by [`super::AdversarialSpec::build`] alone.
    pub(super) fn adversarial(
        generator: &[LayerSpec],
        discriminator: &[LayerSpec],
        [input, sample]: [Shape; 2],
    ) -> Self {
        let mut network = Self::empty(input);
        network.push_all(generator, &[], "");
        let (stage, layer, weights) = (network.stages.len(), network.labels.len(), network.weights_len);
        network.seam = Some(Seam { stage, layer, weights, sample });
        network.output = sample;
        network.push_all(discriminator, &[], "discriminator.");
        network.finished()
    }

    fn empty(input: Shape) -> Self {
        Self {
            stages: Vec::new(),
            params: Vec::new(),
            blocks: Vec::new(),
            joints: Vec::new(),
            skips: Vec::new(),
            seam: None,
            penalties: Vec::new(),
            labels: Vec::new(),
            input,
            output: input,
            weights_len: 0,
        }
    }

    fn finished(mut self) -> Self {
        self.blocks = (0..self.stages.len()).flat_map(|stage| self.blocks_of(stage)).collect();
        self.joints = (0..self.stages.len()).filter(|at| self.stages[*at].layer.joint().is_some()).collect();
        self
    }

    /// `path` and `place` are those of the block that the layers stand in.
    fn push_all(&mut self, layers: &[LayerSpec], path: &[usize], place: &str) {
        for (index, spec) in layers.iter().enumerate() {
            let place = format!("{place}{index}.{}.", spec.tensor_key());
            // In the stack itself, layers are counted on from those before a seam.
            let at = if path.is_empty() { self.labels.len() } else { index };
            if path.is_empty() {
                self.labels.push(spec.about().label);
            }
            self.push(spec, [path, &[at]].concat(), &place);
        }
    }

    fn push(&mut self, declared: &LayerSpec, path: Vec<usize>, place: &str) {
        let (spec, input) = (declared, self.output);
        let Ok(plan) = spec.plan(input) else { return };
        let layer = spec.build(input);
        if let Some(inside) = spec.inside() {
            let fork = self.stages.len();
            self.push_all(inside, &path, place);
            self.skips.push(Skip { fork, end: self.stages.len(), depth: path.len() - 1, len: input.len() });
        }
        let params = self.name_params(&path, place, &layer.params());
        if !spec.regularizer().is_none() {
            let kernels =
                self.params.iter().filter(|param| param.range.start >= params.start && param.info.is_kernel());
            self.penalties.extend(kernels.map(|kernel| (kernel.range.clone(), spec.regularizer())));
        }
        self.output = plan.output;
        let begins = self.seam.is_some_and(|seam| seam.stage == self.stages.len());
        if let Some(stage) = self.stages.last_mut()
            && !begins
            && stage.is_just_before(&path)
            && stage.layer.absorb(declared)
        {
            (stage.output_len, stage.memo_len) = (plan.output.len(), stage.layer.memo_len());
        } else if !layer.is_reshape() {
            let stage = self.stage(path, layer, params, [input.len(), plan.output.len()]);
            self.stages.push(stage);
        }
    }

    /// Lists the parameters of a layer after those before it; where they lie in the weights.
    fn name_params(&mut self, path: &[usize], place: &str, infos: &[ParamInfo]) -> Range<usize> {
        let (start, layer) = (self.weights_len, path.first().copied().unwrap_or(0));
        for info in infos {
            let range = self.weights_len..self.weights_len + info.len();
            self.weights_len = range.end;
            self.params.push(Param { name: format!("{place}{}", info.name), layer, info: info.clone(), range });
        }
        start..self.weights_len
    }

    fn stage(
        &self,
        path: Vec<usize>,
        layer: Box<dyn Layer>,
        params: Range<usize>,
        [input, output]: [usize; 2],
    ) -> Stage {
        let after = |start: usize, len: usize| start..start + len;
        let trained = layer.params().iter().filter(|info| info.is_trained).map(ParamInfo::len).sum();
        let own = if layer.gradients() == Gradients::PerShard { trained } else { 0 };
        let matrix = layer.transposed(self.stages.is_empty());
        let matrix_len = matrix.map_or(0, |matrix| matrix.rows * matrix.columns);
        let joint_len = layer.joint().map_or(0, |joint| joint.statistics_len() + trained);
        Stage {
            path,
            params,
            trained,
            shard_gradient: after(self.shard_gradient_len(), own),
            matrix,
            transposed: after(self.transposed_len(), matrix_len),
            joint: after(self.joint_len(), joint_len),
            input_len: input,
            output_len: output,
            memo_len: layer.memo_len(),
            layer,
        }
    }

    /// Equal parts of whole rows; what follows the last row (a bias) goes with it.
    fn blocks_of(&self, stage: usize) -> impl Iterator<Item = Block> + use<> {
        let Stage { params, trained, layer, .. } = &self.stages[stage];
        let row = match layer.gradients() {
            Gradients::PerShard => 1,
            Gradients::PerBlock { row } => row.max(1),
        };
        let (start, len, rows) = (params.start, *trained, trained / row);
        let wanted = if len <= BLOCK / 2 { 1 } else { len.div_ceil(BLOCK).next_multiple_of(BLOCKS) };
        let rows_of_block = rows.div_ceil(wanted).max(1);
        let count = rows.div_ceil(rows_of_block);
        (0..count).map(move |at| {
            let end = if at + 1 == count { len } else { (at + 1) * rows_of_block * row };
            let part = at * rows_of_block * row..end;
            Block { stage, range: start + part.start..start + part.end, part }
        })
    }

    /// Adds what the kernels of some layers pay to the gradient of a block.
    pub(super) fn add_penalties(&self, block: &Block, weights: &[f32], gradient: &mut [f32]) {
        for (kernel, penalty) in &self.penalties {
            let (from, to) = (kernel.start.max(block.range.start), kernel.end.min(block.range.end));
            if from < to {
                let part = from - block.range.start..to - block.range.start;
                penalty.add(&weights[part.clone()], &mut gradient[part]);
            }
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
        self.stages.iter().map(|stage| stage.trained).sum()
    }

    /// How many numbers the weights hold, with those that no gradient moves.
    pub fn weights_len(&self) -> usize {
        self.weights_len
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
    pub(super) fn shard_gradient_len(&self) -> usize {
        self.stages.last().map_or(0, |stage| stage.shard_gradient.end)
    }

    pub(super) fn transposed_len(&self) -> usize {
        self.stages.last().map_or(0, |stage| stage.transposed.end)
    }

    /// Numbers that are to be known of a whole batch.
    pub(super) fn joint_len(&self) -> usize {
        self.stages.last().map_or(0, |stage| stage.joint.end)
    }

    pub(super) fn statistics_len(&self) -> usize {
        let joints = self.stages.iter().filter_map(|stage| stage.layer.joint());
        joints.map(BatchStatistics::statistics_len).max().unwrap_or(0)
    }

    /// The stages that have to know the whole batch.
    pub(super) fn joints(&self) -> &[usize] {
        &self.joints
    }

    pub(super) fn skips(&self) -> &[Skip] {
        &self.skips
    }

    /// For blocks that stand in 0, 1, 2, … others, the numbers per sample of the widest.
    pub(super) fn skip_widths(&self) -> Vec<usize> {
        let mut widths = vec![0; self.skips.iter().map(|skip| skip.depth + 1).max().unwrap_or(0)];
        for Skip { depth, len, .. } in &self.skips {
            widths[*depth] = widths[*depth].max(*len);
        }
        widths
    }

    /// The matrices that backward passes read transposed, made anew from the weights. Runs on all threads.
    pub(super) fn transpose(&self, stages: Range<usize>, weights: &Weights, transposed: &mut [f32]) {
        for stage in &self.stages[stages] {
            if let Some(Transposed { offset, rows, columns, panel }) = stage.matrix {
                let matrix = &weights.values()[stage.params.start + offset..][..rows * columns];
                transpose(matrix, &mut transposed[stage.transposed.clone()], columns, panel);
            }
        }
    }

    pub(super) fn blocks(&self, section: &Section) -> &[Block] {
        &self.blocks[section.blocks.clone()]
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
    pub(super) fn gradient_of(&self, block: &Block, shards: &[Workspace], grad: &mut [f32]) {
        let Stage { layer, shard_gradient, input_len, memo_len, .. } = &self.stages[block.stage];
        match layer.gradients() {
            Gradients::PerShard => {
                let part = shard_gradient.start + block.part.start..shard_gradient.start + block.part.end;
                let mut shards = shards.iter().map(|shard| &shard.gradient[part.clone()]);
                match shards.next() {
                    Some(first) => grad.copy_from_slice(first),
                    None => grad.fill(0.0),
                }
                shards.for_each(|shard| add(grad, shard));
            }
            Gradients::PerBlock { .. } => {
                let mut kept = [SavedForBackward::default(); MAX_SHARDS];
                for (kept, shard) in kept.iter_mut().zip(shards) {
                    *kept = SavedForBackward {
                        samples: shard.samples,
                        input: &shard.activations[block.stage][..shard.samples * input_len],
                        memo: &shard.memos[block.stage][..shard.samples * memo_len],
                    };
                }
                layer.gradient(block.part.clone(), &kept[..shards.len()], grad);
            }
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
        broken.map(|(_, stage)| stage.index())
    }
}
