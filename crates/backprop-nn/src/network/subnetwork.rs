//! Parts of a network that run, and learn, on their own: a generator, and the discriminator behind it.

use std::ops::Range;

use super::Network;
use crate::shape::Shape;

/// Stages that follow one another, and where what belongs to them lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Subnetwork {
    pub(crate) stages: Range<usize>,
    pub(crate) blocks: Range<usize>,
    /// In the weights.
    pub(crate) weights: Range<usize>,
}

/// Where a stack of layers begins in a network that several make up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Beginning {
    /// What the stack is called; nothing if there is but one.
    pub name: &'static str,
    pub stage: usize,
    pub layer: usize,
    pub weights: usize,
    /// The shape that the stack takes.
    pub input: Shape,
}

impl Network {
    /// All of it.
    pub fn whole(&self) -> Subnetwork {
        Subnetwork { stages: 0..self.stages.len(), blocks: 0..self.blocks.len(), weights: 0..self.weights_len() }
    }

    /// What became of the stack at `at`, counted from zero; empty if there are not as many.
    pub fn subnetwork(&self, at: usize) -> Subnetwork {
        let begin = |at: usize| match self.beginnings.get(at) {
            Some(beginning) => (beginning.stage, beginning.weights),
            None => (self.stages.len(), self.weights_len()),
        };
        let block = |stage: usize| self.blocks.partition_point(|block| block.stage < stage);
        let ((stage, weights), (next_stage, next_weights)) = (begin(at), begin(at + 1));
        Subnetwork {
            stages: stage..next_stage,
            blocks: block(stage)..block(next_stage),
            weights: weights..next_weights,
        }
    }

    /// The shape that the last of its stacks takes: that of the network's input, or what a discriminator reads.
    pub fn last_input(&self) -> Shape {
        self.beginnings.last().map_or(self.input(), |beginning| beginning.input)
    }

    /// The stack of a layer, and its position in that. Counted over all stacks, the layers of one follow those of the other.
    pub fn place_of(&self, layer: usize) -> (&'static str, usize) {
        let stack = self.beginnings.iter().rev().find(|beginning| beginning.layer <= layer);
        stack.map_or(("", layer), |stack| (stack.name, layer - stack.layer))
    }
}
