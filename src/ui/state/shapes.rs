//! The shapes on the way through the stacks of the project, and what the layers cost.

use super::session::{DataState, Session};
use crate::project::{Project, Side};
use backprop_nn::trace::Trace;

/// A trace for each stack that the project has.
pub struct Shapes {
    /// Of the network, or of the generator if there is an adversary.
    pub model: Trace,
    pub discriminator: Option<Trace>,
}

impl Shapes {
    /// With the data there is, or with that of the default source until it is known.
    pub fn of(project: &Project, session: &Session) -> Self {
        let (shape, outputs) = session.shape(project);
        Self { model: project.trace(shape, outputs), discriminator: project.trace_discriminator(shape) }
    }

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

    /// Why training cannot begin, if it cannot.
    pub fn obstacle(&self, project: &Project, session: &Session) -> Option<String> {
        match &session.data {
            DataState::Loading { .. } => return Some("The data is not there yet.".to_owned()),
            DataState::Failed { .. } => return Some("There is no data. Choose another source.".to_owned()),
            DataState::Ready { .. } => {}
        }
        let misfit_of = |side| Some((side, self.of_side(side)?.misfit.as_ref()?));
        let (side, misfit) = Side::BOTH.into_iter().find_map(misfit_of)?;
        if project.layers(side).is_some_and(Vec::is_empty) {
            return Some(misfit.error.message.clone());
        }
        Some(format!("{} {} does not fit. {}", side.layer(), misfit.index + 1, misfit.error))
    }
}
