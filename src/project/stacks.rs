//! The stacks of layers of a project: that of the network, or those of a generator and its discriminator.

use super::Project;
use backprop_nn::trace::Trace;
use backprop_nn::{LayerSpec, Shape};

/// One of the stacks that a project may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Side {
    /// The network, or the generator if there is an adversary.
    #[default]
    Model,
    Discriminator,
}

impl Side {
    pub const BOTH: [Self; 2] = [Self::Model, Self::Discriminator];

    /// Where its layers stand in the project, as `--set` names it.
    pub fn place(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Discriminator => "adversary.layers",
        }
    }

    /// What one of its layers is called.
    pub fn layer(self) -> &'static str {
        match self {
            Self::Model => "Layer",
            Self::Discriminator => "Discriminator layer",
        }
    }
}

impl Project {
    /// The layers of a stack, if the project has it.
    pub fn layers(&self, side: Side) -> Option<&Vec<LayerSpec>> {
        match side {
            Side::Model => Some(&self.model.layers),
            Side::Discriminator => self.adversary.as_ref().map(|adversary| &adversary.discriminator.layers),
        }
    }

    pub fn layers_mut(&mut self, side: Side) -> Option<&mut Vec<LayerSpec>> {
        match side {
            Side::Model => Some(&mut self.model.layers),
            Side::Discriminator => self.adversary.as_mut().map(|adversary| &mut adversary.discriminator.layers),
        }
    }

    /// The way through the network or the generator, for samples of this shape of which so many outputs are asked.
    pub fn trace(&self, sample: Shape, outputs: usize) -> Trace {
        match &self.adversary {
            Some(adversary) => adversary.trace_generator(&self.model, sample),
            None => self.model.trace(sample, outputs),
        }
    }

    /// The way of a sample through the discriminator, if there is one.
    pub fn trace_discriminator(&self, sample: Shape) -> Option<Trace> {
        self.adversary.as_ref().map(|adversary| adversary.trace_discriminator(sample))
    }

    /// The share of the training samples that is held back to judge the run by. Nobody judges a generator by samples that it
    /// was not shown, so none are held back from it.
    pub fn held_back(&self) -> f32 {
        if self.adversary.is_some() { 0.0 } else { self.data.validation }
    }
}
