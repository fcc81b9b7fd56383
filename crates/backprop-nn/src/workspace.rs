//! What one worker needs to run one shard of a batch, allocated once per run.

use std::ops::Range;

use crate::network::Subnetwork;

/// Activations, gradients and scratch memory of one shard. Made by [`crate::Network::inference_workspace`] or [`crate::Network::training_workspace`].
pub struct Workspace {
    /// Samples of the shard that is in work.
    pub(super) samples: usize,
    /// The stages that a shard runs through.
    pub(super) stages: Range<usize>,
    /// Those whose parameters learn.
    pub(super) learning: Range<usize>,
    /// The input of the first stage, then the output of each.
    pub(super) activations: Vec<Vec<f32>>,
    /// What each stage remembers for its backward pass.
    pub(super) memos: Vec<Vec<f32>>,
    /// What each stage carries from one batch to the next, a row for each place in a shard.
    pub(super) states: Vec<Vec<f32>>,
    /// Gradients of a stage's output and input; they change places from stage to stage.
    pub(super) grads: [Vec<f32>; 2],
    /// Gradients of the skip connections, for each nesting depth of residual blocks.
    pub(super) held: Vec<Vec<f32>>,
    pub(super) scratch: Vec<f32>,
    /// The gradient of the parameters of those layers that compute it shard by shard.
    pub(super) gradient: Vec<f32>,
    /// What the shard tells the layer in work that has to know the whole batch.
    pub(super) statistics: Vec<f32>,
    pub(super) capacity: usize,
}

impl Workspace {
    /// For a part of the network instead of all of it: its first stage reads `input_mut`, its last one gives `output`.
    #[must_use]
    pub fn through(mut self, subnetwork: &Subnetwork) -> Self {
        self.stages = subnetwork.stages.clone();
        self
    }

    /// The most samples that one shard may have.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Begins a shard of `samples` samples and lends the place to write them to, `[samples, input]`.
    ///
    /// # Panics
    /// If there are more samples than the workspace has room for.
    pub fn input_mut(&mut self, samples: usize) -> &mut [f32] {
        assert!(samples <= self.capacity, "a shard of {samples} samples in a workspace for {}", self.capacity);
        self.samples = samples;
        let (at, len) = (self.stages.start, self.len_at(self.stages.start));
        &mut self.activations[at][..len]
    }

    /// The network's outputs for the shard, `[samples, output]`.
    pub fn output(&self) -> &[f32] {
        let at = self.stages.end;
        &self.activations[at][..self.len_at(at)]
    }

    /// Sets the states that stateful layers carry from one batch to the next to zero, for sequences that begin anew.
    pub fn reset_states(&mut self) {
        self.states.iter_mut().for_each(|state| state.fill(0.0));
    }

    /// How many numbers lie between two stages for the shard that is in work.
    fn len_at(&self, at: usize) -> usize {
        self.activations[at].len() / self.capacity.max(1) * self.samples
    }

    /// The outputs, and the place for their gradient, both `[samples, output]`.
    pub fn output_and_grad_mut(&mut self) -> (&[f32], &mut [f32]) {
        let (at, len) = (self.stages.end, self.len_at(self.stages.end));
        (&self.activations[at][..len], &mut self.grads[0][..len])
    }

    /// Where the last stage gives the mean of members, asks for the gradient of each member's outputs and leaves that of the
    /// mean of their losses, `[samples, members, output]`. Asks last for the mean itself, so that its loss is what is kept.
    pub(super) fn judge_members(&mut self, members: usize, mut judge: impl FnMut(&[f32], &mut [f32])) {
        let (at, len) = (self.stages.end, self.len_at(self.stages.end));
        let width = len / self.samples;
        let (before, mean) = self.activations.split_at(at);
        let given = &before[at - 1][..members * len];
        let (outputs, scratch) = self.scratch.split_at_mut(len);
        let grad = &mut scratch[..len];
        for member in 0..members {
            let places = || (member * width..).step_by(members * width);
            for (place, output) in places().zip(outputs.chunks_exact_mut(width)) {
                output.copy_from_slice(&given[place..][..width]);
            }
            judge(outputs, grad);
            for (place, grad) in places().zip(grad.chunks_exact(width)) {
                let share = grad.iter().map(|grad| grad / members as f32);
                self.grads[0][place..][..width].iter_mut().zip(share).for_each(|(to, share)| *to = share);
            }
        }
        judge(&mean[0][..len], grad);
    }
}
