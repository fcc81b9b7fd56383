//! How much memory a run will take, told by the plan before anything is allocated.

use super::network::{Network, Stage};

/// Bytes that training takes besides the samples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// By position in the declared stack; a layer that another has absorbed is counted there, and a
    /// block with all that is in it.
    pub layers: Vec<u64>,
    /// What no single layer needs.
    pub shared: u64,
}

impl Footprint {
    /// All of it.
    pub fn total(&self) -> u64 {
        self.layers.iter().sum::<u64>() + self.shared
    }

    /// The first of the layers that need the most, and how much.
    pub fn largest(&self) -> Option<(usize, u64)> {
        self.layers.iter().copied().enumerate().rev().max_by_key(|(_, bytes)| *bytes)
    }
}

const NUMBER: u64 = size_of::<f32>() as u64;

impl Network {
    /// For a batch in `shards` shards of `samples` samples, and an optimizer that remembers `slots` numbers per weight:
    /// weights, gradient, what the optimizer remembers, transposed matrices and the workspaces of all shards.
    pub fn training_footprint(&self, shards: usize, samples: usize, slots: usize) -> Footprint {
        let mut layers = vec![0; self.last_layer().map_or(0, |last| last + 1)];
        for stage in &self.stages {
            let of_sample = stage.output_len + stage.memo_len + stage.layer.state_len();
            let kept = samples * of_sample + stage.shard_gradient.len();
            let numbers =
                stage.params.len() * (2 + slots) + stage.transposed.len() + stage.shared.len() + shards * kept;
            if let Some(bytes) = layers.get_mut(stage.index()) {
                *bytes += numbers as u64 * NUMBER;
            }
        }
        let sizes = self.stages.iter().flat_map(|stage| [stage.input_len, stage.output_len]);
        let widest = sizes.max().unwrap_or(0).max(self.output().len());
        let held: usize = self.skip_widths().iter().sum();
        let of_shard =
            samples * (self.input().len() + 2 * widest + held) + self.scratch_len(samples) + self.statistics_len();
        Footprint { layers, shared: (shards * of_shard) as u64 * NUMBER }
    }

    /// Bytes to read samples in `workspaces` workspaces for `samples` of them.
    pub fn inference_footprint(&self, workspaces: usize, samples: usize) -> u64 {
        let of_stage = |stage: &Stage| stage.output_len + stage.layer.state_len();
        let outputs: usize = self.stages.iter().map(of_stage).sum();
        let of_one = samples * (self.input().len() + outputs) + self.scratch_len(samples);
        (workspaces * of_one) as u64 * NUMBER
    }

    fn scratch_len(&self, samples: usize) -> usize {
        let of_stage = |stage: &Stage| stage.layer.scratch_len(samples);
        self.stages.iter().map(of_stage).max().unwrap_or(0)
    }
}
