//! What runs through the stages of a network: one shard, forward and back.

use std::ops::Range;

use crate::clock::{Clock, Phase};
use crate::init::mix;
use crate::kernels::vector::add;
use crate::layer::{Backward, Forward, Mode};
use crate::network::{Network, Skip};
use crate::weights::Weights;
use crate::workspace::Workspace;

/// What every shard reads on its way through some stages.
pub(super) struct Pass<'a> {
    pub network: &'a Network,
    pub weights: &'a Weights,
    pub transposed: &'a [f32],
    pub shared: &'a [f32],
    pub clock: Option<&'a Clock>,
}

impl Pass<'_> {
    pub fn forward(&self, stages: Range<usize>, shard: &mut Workspace, mode: Mode) {
        let samples = shard.samples;
        for at in stages {
            let stage = &self.network.stages[at];
            let (before, after) = shard.activations.split_at_mut(at + 1);
            let (memo, shared, mode) = match mode {
                Mode::Infer => (&mut [][..], &[][..], mode),
                Mode::Train { seed } => (
                    &mut shard.memos[at][..samples * stage.memo_len],
                    &self.shared[stage.shared.clone()],
                    Mode::Train { seed: stage.path.iter().fold(seed, |seed, at| mix(seed, *at as u64)) },
                ),
            };
            let skip = self.network.skips().iter().find(|skip| skip.end == at);
            let forward = Forward {
                samples,
                params: &self.weights.values()[stage.params.clone()],
                tied: &self.weights.values()[stage.tied.clone()],
                input: &before[at][..samples * stage.input_len],
                output: &mut after[0][..samples * stage.output_len],
                memo,
                state: &mut shard.states[at][..samples * stage.layer.state_len()],
                scratch: &mut shard.scratch,
                shared,
                entry: &before[shard.stages.start][..samples * self.entry_len(shard.stages.start)],
                skip: skip.map_or(&[], |skip| &before[skip.fork][..samples * skip.len]),
                mode,
            };
            Clock::time(self.clock, at, Phase::Forward, || stage.layer.forward(forward));
        }
    }

    /// Counts what arrives at a layer that has to know the whole batch.
    pub fn count(&self, at: usize, shard: &mut Workspace) {
        let stage = &self.network.stages[at];
        if let Some(shared) = stage.layer.batch_statistics() {
            let input = &shard.activations[at][..shard.samples * stage.input_len];
            let statistics = &mut shard.statistics[..shared.statistics_len()];
            Clock::time(self.clock, at, Phase::Forward, || shared.count(input, &mut shard.scratch, statistics));
        }
    }

    /// Runs back from the stage before `end` to the one after `shared`, which then tells its gradient.
    pub fn backward(&self, shared: Option<usize>, end: usize, shard: &mut Workspace) {
        for at in (shared.map_or(shard.stages.start, |shared| shared + 1)..end).rev() {
            self.backward_through(at, shard);
        }
        if let Some(at) = shared
            && let Some(shared) = self.network.stages[at].layer.batch_statistics()
        {
            Clock::time(self.clock, at, Phase::Backward, || shared.gradient(self.backward_at(at, shard)));
        }
    }

    /// Runs back through one stage. An addition at the end of a residual block leaves the gradient where it is.
    pub fn backward_through(&self, at: usize, shard: &mut Workspace) {
        if !self.hold(at, shard) {
            let layer = &self.network.stages[at].layer;
            Clock::time(self.clock, at, Phase::Backward, || layer.backward(self.backward_at(at, shard)));
            shard.grads.swap(0, 1);
        }
        self.release(at, shard);
    }

    /// At the end of a residual block, keeps the gradient of its skip connection. Tells whether the stage does no more than add that.
    fn hold(&self, at: usize, shard: &mut Workspace) -> bool {
        let Some(Skip { depth, len, is_absorbed, .. }) = self.network.skips().iter().find(|skip| skip.end == at) else {
            return false;
        };
        let len = shard.samples * len;
        shard.held[*depth][..len].copy_from_slice(&shard.grads[0][..len]);
        !is_absorbed
    }

    /// Where residual blocks begin, adds the gradient of their skip connections.
    fn release(&self, at: usize, shard: &mut Workspace) {
        let begins = at == shard.stages.start;
        for Skip { depth, len, .. } in self.network.skips().iter().filter(|skip| skip.fork == at && !begins) {
            let len = shard.samples * len;
            add(&mut shard.grads[0][..len], &shard.held[*depth][..len]);
        }
    }

    pub fn backward_at<'a>(&'a self, at: usize, shard: &'a mut Workspace) -> Backward<'a> {
        let (samples, stage) = (shard.samples, &self.network.stages[at]);
        let (before, after) = shard.activations.split_at(at + 1);
        let [grad_output, grad_input] = &mut shard.grads;
        Backward {
            samples,
            params: &self.weights.values()[stage.params.clone()],
            tied: &self.weights.values()[stage.tied.clone()],
            transposed: &self.transposed[stage.transposed.clone()],
            input: &before[at][..samples * stage.input_len],
            output: &after[0][..samples * stage.output_len],
            entry: &before[shard.stages.start][..samples * self.entry_len(shard.stages.start)],
            memo: &mut shard.memos[at][..samples * stage.memo_len],
            scratch: &mut shard.scratch,
            shared: &self.shared[stage.shared.clone()],
            grad_output: &mut grad_output[..samples * stage.output_len],
            grad_params: &mut shard.gradient[stage.shard_gradient.clone()],
            is_frozen: !shard.learning.contains(&at),
            grad_input: (at > shard.stages.start).then_some(&mut grad_input[..samples * stage.input_len]),
        }
    }

    /// Numbers per sample of what enters the part of the network that begins with this stage.
    fn entry_len(&self, start: usize) -> usize {
        self.network.stages[start].input_len
    }
}
