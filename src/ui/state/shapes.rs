//! The shapes on the way through the stacks of the project, and what the layers cost.

use super::session::Session;
use crate::project::{Project, Side};
use backprop_nn::trace::Trace;

/// A trace for each stack that the project has.
pub struct Shapes {
    /// Of the network, or of the generator if there is an adversary.
    pub model: Trace,
    /// Of the discriminator, if the project has an adversary.
    pub discriminator: Option<Trace>,
}

impl Shapes {
    /// With the data there is, or with that of the default source until it is known.
    pub fn of(project: &Project, session: &Session) -> Self {
        let (shape, outputs) = session.shape(project);
        Self { model: project.trace(shape, outputs), discriminator: project.trace_discriminator(shape) }
    }

    /// The trace of one stack.
    pub fn of_side(&self, side: Side) -> Option<&Trace> {
        match side {
            Side::Model => Some(&self.model),
            Side::Discriminator => self.discriminator.as_ref(),
        }
    }

    fn traces(&self) -> impl Iterator<Item = &Trace> {
        Side::BOTH.into_iter().filter_map(|side| self.of_side(side))
    }

    /// Parameters and multiply-adds a sample of all stacks, as far as they fit.
    pub fn totals(&self) -> (usize, u64) {
        (self.traces().map(Trace::params).sum(), self.traces().map(Trace::multiply_adds).sum())
    }

    /// Whether every layer of every stack fits.
    pub fn is_whole(&self) -> bool {
        self.traces().all(|trace| trace.misfit.is_none())
    }
}
