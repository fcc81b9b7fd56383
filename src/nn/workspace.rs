//! What one worker needs to run one shard of a batch, allocated once per run.

use super::network::Network;

pub struct Workspace {
    /// Samples of the shard that is in work.
    pub(super) samples: usize,
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
    output_len: usize,
}

impl Workspace {
    /// Room for forward passes of up to `samples` samples.
    pub fn for_inference(network: &Network, samples: usize) -> Self {
        let stages = &network.stages;
        let buffer = |len: usize| vec![0.0; samples * len];
        let outputs = stages.iter().map(|stage| buffer(stage.output_len));
        Self {
            samples: 0,
            activations: std::iter::once(buffer(network.input().len())).chain(outputs).collect(),
            memos: Vec::new(),
            grads: [Vec::new(), Vec::new()],
            held: Vec::new(),
            scratch: vec![0.0; stages.iter().map(|stage| stage.layer.scratch_len(samples)).max().unwrap_or(0)],
            gradient: Vec::new(),
            statistics: Vec::new(),
            capacity: samples,
            output_len: network.output().len(),
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

    /// The most samples that one shard may have.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Begins a shard of `samples` samples and lends the place to write them to, `[samples, input]`.
    pub fn input_mut(&mut self, samples: usize) -> &mut [f32] {
        self.samples = samples.min(self.capacity);
        let len = self.activations[0].len() / self.capacity.max(1) * self.samples;
        &mut self.activations[0][..len]
    }

    /// The network's outputs for the shard, `[samples, output]`.
    pub fn output(&self) -> &[f32] {
        let last = &self.activations[self.activations.len() - 1];
        &last[..self.samples * self.output_len]
    }

    /// The outputs, and the place for their gradient, both `[samples, output]`.
    pub fn output_and_grad_mut(&mut self) -> (&[f32], &mut [f32]) {
        let len = self.samples * self.output_len;
        (&self.activations[self.activations.len() - 1][..len], &mut self.grads[0][..len])
    }
}
