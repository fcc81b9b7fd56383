//! Parts of a network that run, and learn, on their own: a generator, and the discriminator behind it.

use std::fmt;
use std::ops::Range;

use super::network::Network;
use super::shape::Shape;

/// Where a generator ends and its discriminator begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Seam {
    pub stage: usize,
    pub layer: usize,
    pub weights: usize,
    /// What a sample looks like, which the one gives and the other reads.
    pub sample: Shape,
}

/// Stages that follow one another, and where what belongs to them lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    pub(super) stages: Range<usize>,
    pub(super) blocks: Range<usize>,
    /// In the weights.
    pub(super) weights: Range<usize>,
}

/// In which of the declared stacks a layer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stack {
    /// There is but one.
    Only,
    Generator,
    Discriminator,
}

/// " of the discriminator", to be said behind a layer.
impl fmt::Display for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Only => "",
            Self::Generator => " of the generator",
            Self::Discriminator => " of the discriminator",
        })
    }
}

impl Network {
    /// All of it.
    pub fn whole(&self) -> Section {
        Section { stages: 0..self.stages.len(), blocks: 0..self.blocks.len(), weights: 0..self.weights_len() }
    }

    /// What makes samples out of noise; the whole network if no discriminator follows.
    pub fn generator(&self) -> Section {
        match self.seam {
            Some(seam) => {
                Section { stages: 0..seam.stage, blocks: 0..self.first_block(seam), weights: 0..seam.weights }
            }
            None => self.whole(),
        }
    }

    /// What tells samples of the data from generated ones; nothing if there is no generator before it.
    pub fn discriminator(&self) -> Section {
        let (Section { stages, blocks, weights }, end) = (self.whole(), self.stages.len());
        match self.seam {
            Some(seam) => Section {
                stages: seam.stage..stages.end,
                blocks: self.first_block(seam)..blocks.end,
                weights: seam.weights..weights.end,
            },
            None => Section { stages: end..end, blocks: 0..0, weights: 0..0 },
        }
    }

    fn first_block(&self, seam: Seam) -> usize {
        self.blocks.partition_point(|block| block.stage < seam.stage)
    }

    /// What a sample of the data looks like: what a discriminator reads if there is one, else the input.
    pub fn sample(&self) -> Shape {
        self.seam.map_or(self.input(), |seam| seam.sample)
    }

    /// The stack of a layer, and its position in that; counted over both, the discriminator's follow the generator's.
    pub fn stack_of(&self, layer: usize) -> (Stack, usize) {
        match self.seam {
            Some(seam) if layer >= seam.layer => (Stack::Discriminator, layer - seam.layer),
            Some(_) => (Stack::Generator, layer),
            None => (Stack::Only, layer),
        }
    }
}
