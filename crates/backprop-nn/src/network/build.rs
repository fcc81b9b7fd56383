//! From declared stacks to the plan: stages, and where their numbers lie.

use std::ops::Range;

use super::subnetwork::Beginning;
use super::{Block, Network, Opened, Skip, Stage};
use crate::init::stream;
use crate::layer::{Gradients, Identity, Layer, ParamInfo};
use crate::layers::{Activation, LayerSpec};
use crate::shape::Shape;
use crate::spec::Spec as _;
use crate::weights::{Param, Weights};
use crate::workspace::Workspace;

/// Numbers of a block, about: small enough to stay in a core's own cache with weights, gradient and optimizer state.
const BLOCK: usize = 16_384;

/// Rows of a block at least, where a layer has enough of them: of long rows, as of the words of a text, a few would fill a block, and
/// every block reads all that the batch has for its gradient.
const ROWS: usize = 16;

/// Blocks come in multiples of this, so that threads get equal shares.
const BLOCKS: usize = 8;

/// A stack that becomes a part of a network.
#[derive(Clone, Copy)]
pub(crate) struct Stack<'a> {
    /// What it is called; nothing if there is but one.
    pub name: &'static str,
    /// What stands before the names of its tensors.
    pub prefix: &'static str,
    pub layers: &'a [LayerSpec],
    pub input: Shape,
}

impl Network {
    /// One network of several stacks, each of which takes what the one before it gives. Called after their shapes were
    /// traced.
    pub(crate) fn new(stacks: &[Stack<'_>]) -> Self {
        let mut network = Self::empty(stacks.first().map_or(Shape::flat(1), |stack| stack.input));
        for Stack { name, prefix, layers, input } in stacks.iter().copied() {
            let (stage, layer, weights) = (network.stages.len(), network.labels.len(), network.weights_len);
            network.beginnings.push(Beginning { name, stage, layer, weights, input });
            network.output = input;
            network.push_all(layers, &[], prefix, 0);
        }
        network.finished()
    }

    /// With a look at every layer: none absorbs another, and before them stands one that changes nothing, so that a gradient
    /// comes as far as the input. The weights are those of the usual network.
    pub(crate) fn opened(layers: &[LayerSpec], input: Shape, how: Opened) -> Self {
        let mut network = Self { opened: Some(how), ..Self::empty(input) };
        network.beginnings.push(Beginning { name: "", stage: 0, layer: 0, weights: 0, input });
        let first = network.stage(Vec::new(), "Input", Box::new(Identity), 0..0, [input, input]);
        network.stages.push(first);
        network.push_all(layers, &[], "", 0);
        network.finished()
    }

    fn empty(input: Shape) -> Self {
        Self {
            stages: Vec::new(),
            params: Vec::new(),
            blocks: Vec::new(),
            batch_stages: Vec::new(),
            skips: Vec::new(),
            beginnings: Vec::new(),
            penalties: Vec::new(),
            labels: Vec::new(),
            input,
            output: input,
            weights_len: 0,
            opened: None,
        }
    }

    fn finished(mut self) -> Self {
        self.blocks = (0..self.stages.len()).flat_map(|stage| self.blocks_of(stage)).collect();
        self.batch_stages =
            (0..self.stages.len()).filter(|at| self.stages[*at].layer.batch_statistics().is_some()).collect();
        self
    }

    /// `path` and `place` are those of the block that the layers stand in, and `first` how many layers of it came before these.
    fn push_all(&mut self, layers: &[LayerSpec], path: &[usize], place: &str, first: usize) {
        for (index, spec) in layers.iter().enumerate().map(|(index, spec)| (first + index, spec)) {
            let place = format!("{place}{index}.{}.", spec.tensor_key());
            // In the stack itself, layers are counted on from those of the stacks before it.
            let at = if path.is_empty() { self.labels.len() } else { index };
            if path.is_empty() {
                self.labels.push(spec.about().label);
            }
            self.push(spec, [path, &[at]].concat(), &place);
        }
    }

    fn push(&mut self, declared: &LayerSpec, path: Vec<usize>, place: &str) {
        let (spec, input) = (declared, self.output);
        let plan = spec.plan(input);
        debug_assert!(plan.is_ok(), "{declared} was traced, and does not fit {input}");
        let Ok(plan) = plan else { return };
        let apart = if self.opened == Some(Opened::Training) { spec.apart() } else { None };
        let layer = apart.as_ref().map_or(spec, |(sums, _)| sums).build(input);
        if let Some(inside) = spec.inside() {
            let fork = self.stages.len();
            for copy in 0..spec.repeats().unwrap_or(1) {
                self.push_all(inside, &path, place, copy * inside.len());
            }
            if spec.repeats().is_none() {
                let (end, depth, len) = (self.stages.len(), path.len() - 1, input.len());
                self.skips.push(Skip { fork, end, is_absorbed: false, depth, len });
            }
        }
        let params = self.name_params(&path, place, &layer.params());
        let trained: usize = layer.params().iter().filter(|info| info.is_trained).map(ParamInfo::len).sum();
        debug_assert!(
            spec.inside().is_some() || plan.params == trained,
            "{declared} has other parameters than planned"
        );
        if !spec.regularizer().is_none() {
            let kernels =
                self.params.iter().filter(|param| param.range.start >= params.start && param.info.is_kernel());
            self.penalties.extend(kernels.map(|kernel| (kernel.range.clone(), spec.regularizer())));
        }
        self.output = plan.output;
        let begins = self.beginnings.iter().any(|beginning| beginning.stage == self.stages.len());
        let layer = match self.opened {
            Some(Opened::Settled) => layer.settled().unwrap_or(layer),
            Some(Opened::Training) | None => layer,
        };
        if let Some(stage) = self.stages.last_mut()
            && !begins
            && self.opened.is_none()
            && spec.inside().map_or(stage.is_just_before(&path), |inside| stage.is_last_of(inside.len(), &path))
            && stage.layer.absorb(declared.fusible())
        {
            (stage.output, stage.output_len) = (plan.output, plan.output.len());
            stage.memo_len = stage.layer.memo_len();
            if let Some(skip) = self.skips.last_mut().filter(|skip| skip.end == self.stages.len()) {
                (skip.end, skip.is_absorbed) = (skip.end - 1, true);
            }
        } else if !layer.is_reshape() {
            let end = params.end;
            let stage = self.stage(path.clone(), declared.about().label, layer, params, [input, plan.output]);
            self.stages.push(stage);
            if let Some((_, function)) = apart {
                let layer = Activation { function }.build(plan.output);
                let label = function.about().label;
                let stage = self.stage(path, label, layer, end..end, [plan.output, plan.output]);
                self.stages.push(Stage { function: Some(function), ..stage });
            }
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

    /// The first tensor of the stack that is built, for a layer that is tied to it.
    fn first_tensor(&self) -> Range<usize> {
        let start = self.beginnings.last().map_or(0, |beginning| beginning.weights);
        let first = self.params.iter().find(|param| param.range.start == start);
        first.map_or(0..0, |param| param.range.clone())
    }

    fn stage(
        &self,
        path: Vec<usize>,
        label: &'static str,
        layer: Box<dyn Layer>,
        params: Range<usize>,
        [input, output]: [Shape; 2],
    ) -> Stage {
        let after = |start: usize, len: usize| start..start + len;
        let trained = layer.params().iter().filter(|info| info.is_trained).map(ParamInfo::len).sum();
        let own = if matches!(layer.gradients(), Gradients::PerShard { .. }) { trained } else { 0 };
        let matrix = layer.transposed(self.stages.is_empty());
        let matrix_len = matrix.map_or(0, |matrix| matrix.rows * matrix.columns);
        let batch_statistics_len = layer.batch_statistics().map_or(0, |shared| shared.statistics_len() + trained);
        let tied = layer.tied().map_or(0..0, |_| self.first_tensor());
        debug_assert_eq!(
            tied.len(),
            layer.tied().map_or(0, |dims| dims.iter().product()),
            "{label} is tied to no table"
        );
        Stage {
            path,
            params,
            tied,
            trained,
            shard_gradient: after(self.shard_gradient_len(), own),
            matrix,
            transposed: after(self.transposed_len(), matrix_len),
            shared: after(self.batch_statistics_len(), batch_statistics_len),
            label,
            function: None,
            output,
            input_len: input.len(),
            output_len: output.len(),
            memo_len: layer.memo_len(),
            layer,
        }
    }

    /// Equal parts of whole rows; what follows the last row (a bias) goes with it.
    fn blocks_of(&self, stage: usize) -> impl Iterator<Item = Block> + use<> {
        let Stage { params, trained, layer, .. } = &self.stages[stage];
        let row = match layer.gradients() {
            Gradients::PerShard { row } | Gradients::PerBlock { row } => row.max(1),
        };
        let (start, len, rows) = (params.start, *trained, trained / row);
        let wanted = if len <= BLOCK / 2 { 1 } else { len.div_ceil(BLOCK).next_multiple_of(BLOCKS) };
        let rows_of_block = rows.div_ceil(wanted).max(ROWS.min(rows / BLOCKS)).max(1);
        let count = rows.div_ceil(rows_of_block);
        (0..count).map(move |at| {
            let end = if at + 1 == count { len } else { (at + 1) * rows_of_block * row };
            let part = at * rows_of_block * row..end;
            Block { stage, range: start + part.start..start + part.end, part }
        })
    }

    /// Initial weights, drawn as each layer asks. The same seed gives the same weights; each tensor has its own stream, so
    /// that adding a layer leaves the tensors before it as they were.
    pub fn init_weights(&self, seed: u64) -> Weights {
        let mut weights = Weights::zeros(&self.params);
        for (at, param) in self.params.iter().enumerate() {
            param.info.init.fill(&mut weights.values_mut()[param.range.clone()], &mut stream(seed, at as u64));
        }
        weights
    }

    /// Room for forward passes of up to `samples` samples.
    pub fn inference_workspace(&self, samples: usize) -> Workspace {
        let stages = &self.stages;
        let buffer = |len: usize| vec![0.0; samples * len];
        let outputs = stages.iter().map(|stage| buffer(stage.output_len));
        Workspace {
            samples: 0,
            stages: 0..stages.len(),
            learning: 0..stages.len(),
            activations: std::iter::once(buffer(self.input().len())).chain(outputs).collect(),
            memos: Vec::new(),
            states: stages.iter().map(|stage| buffer(stage.layer.state_len())).collect(),
            grads: [Vec::new(), Vec::new()],
            held: Vec::new(),
            scratch: vec![0.0; stages.iter().map(|stage| stage.layer.scratch_len(samples)).max().unwrap_or(0)],
            gradient: Vec::new(),
            statistics: Vec::new(),
            capacity: samples,
        }
    }

    /// Room for forward and backward passes of up to `samples` samples.
    pub fn training_workspace(&self, samples: usize) -> Workspace {
        let stages = &self.stages;
        let widest = stages.iter().flat_map(|stage| [stage.input_len, stage.output_len]).max().unwrap_or(0);
        let grads = || vec![0.0; samples * widest.max(self.output().len())];
        Workspace {
            memos: stages.iter().map(|stage| vec![0.0; samples * stage.memo_len]).collect(),
            grads: [grads(), grads()],
            held: self.skip_widths().into_iter().map(|width| vec![0.0; samples * width]).collect(),
            gradient: vec![0.0; self.shard_gradient_len()],
            statistics: vec![0.0; self.statistics_len()],
            ..self.inference_workspace(samples)
        }
    }
}
