//! What one worker needs to run one shard of a batch, allocated once per run.

use std::ops::Range;

use super::network::Network;
use super::section::Section;

pub struct Workspace {
    /// Samples of the shard that is in work.
    pub(super) samples: usize,
    /// The stages that a shard runs through.
    pub(super) section: Range<usize>,
    /// The input of the first stage, then the output of each.
    pub(super) activations: Vec<Vec<f32>>,
    /// What each stage remembers for its backward pass.
    pub(super) memos: Vec<Vec<f32>>,
    /// Gradients of a stage's output and input; they change places from stage to stage.
    pub(super) grads: [Vec<f32>; 2],
    /// Gradients for what entered residual blocks, for each depth of a block in others.
    pub(super) held: Vec<Vec<f32>>,
    pub(super) scratch: Vec<f32>,
    /// The gradient of the parameters of those layers that compute it shard by shard.
    pub(super) gradient: Vec<f32>,
    /// What the shard tells the layer in work that has to know the whole batch.
    pub(super) statistics: Vec<f32>,
    capacity: usize,
}

impl Workspace {
    /// Room for forward passes of up to `samples` samples.
    pub fn for_inference(network: &Network, samples: usize) -> Self {
        let stages = &network.stages;
        let buffer = |len: usize| vec![0.0; samples * len];
        let outputs = stages.iter().map(|stage| buffer(stage.output_len));
        Self {
            samples: 0,
            section: 0..stages.len(),
            activations: std::iter::once(buffer(network.input().len())).chain(outputs).collect(),
            memos: Vec::new(),
            grads: [Vec::new(), Vec::new()],
            held: Vec::new(),
            scratch: vec![0.0; stages.iter().map(|stage| stage.layer.scratch_len(samples)).max().unwrap_or(0)],
            gradient: Vec::new(),
            statistics: Vec::new(),
            capacity: samples,
        }
    }

    /// Room for forward and backward passes of up to `samples` samples.
    pub fn for_training(network: &Network, samples: usize) -> Self {
        let stages = &network.stages;
        let widest = stages.iter().flat_map(|stage| [stage.input_len, stage.output_len]).max().unwrap_or(0);
        let grads = || vec![0.0; samples * widest.max(network.output().len())];
        Self {
            memos: stages.iter().map(|stage| vec![0.0; samples * stage.memo_len]).collect(),
            grads: [grads(), grads()],
            held: network.skip_widths().into_iter().map(|width| vec![0.0; samples * width]).collect(),
            gradient: vec![0.0; network.shard_gradient_len()],
            statistics: vec![0.0; network.statistics_len()],
            ..Self::for_inference(network, samples)
        }
    }

    /// For a section of the network instead of all of it: its first stage reads `input_mut`, its last one gives `output`.
    #[must_use]
    pub fn through(mut self, section: &Section) -> Self {
        self.section = section.stages.clone();
        self
    }

    /// The most samples that one shard may have.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Begins a shard of `samples` samples and lends the place to write them to, `[samples, input]`.
    pub fn input_mut(&mut self, samples: usize) -> &mut [f32] {
        self.samples = samples.min(self.capacity);
        let (at, len) = (self.section.start, self.len_at(self.section.start));
        &mut self.activations[at][..len]
    }

    /// The network's outputs for the shard, `[samples, output]`.
    pub fn output(&self) -> &[f32] {
        let at = self.section.end;
        &self.activations[at][..self.len_at(at)]
    }

    /// How many numbers lie between two stages for the shard that is in work.
    fn len_at(&self, at: usize) -> usize {
        self.activations[at].len() / self.capacity.max(1) * self.samples
    }

    /// The outputs, and the place for their gradient, both `[samples, output]`.
    pub fn output_and_grad_mut(&mut self) -> (&[f32], &mut [f32]) {
        let (at, len) = (self.section.end, self.len_at(self.section.end));
        (&self.activations[at][..len], &mut self.grads[0][..len])
    }
}
