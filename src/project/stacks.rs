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
    /// The discriminator of a GAN.
    Discriminator,
}

impl Side {
    /// All stacks, the model first.
    pub const BOTH: [Self; 2] = [Self::Model, Self::Discriminator];

    /// The path of its layers in the project, as `--set` takes it.
    pub fn place(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Discriminator => "adversary.layers",
        }
    }

    /// The label of one of its layers.
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

    /// The layers of a stack to be changed, if the project has it.
    pub fn layers_mut(&mut self, side: Side) -> Option<&mut Vec<LayerSpec>> {
        match side {
            Side::Model => Some(&mut self.model.layers),
            Side::Discriminator => self.adversary.as_mut().map(|adversary| &mut adversary.discriminator.layers),
        }
    }

    /// Whether the layers and the training settings are the same.
    pub fn has_stack_of(&self, other: &Self) -> bool {
        self.model == other.model && self.adversary == other.adversary && self.training == other.training
    }

    /// The trace of a sample of this shape through the network or the generator, which has to give this number or shape of outputs.
    pub fn trace(&self, sample: Shape, outputs: impl Into<Shape>) -> Trace {
        match &self.adversary {
            Some(adversary) => adversary.trace_generator(&self.model, sample),
            None => self.model.trace(sample, outputs),
        }
    }

    /// The trace of a sample through the discriminator, if there is one.
    pub fn trace_discriminator(&self, sample: Shape) -> Option<Trace> {
        self.adversary.as_ref().map(|adversary| adversary.trace_discriminator(sample))
    }

    /// The share of the training samples that the validation set takes. A generator is not evaluated on samples, so it
    /// has no validation set.
    pub fn held_back(&self) -> f32 {
        if self.adversary.is_some() { 0.0 } else { self.data.validation }
    }
}
