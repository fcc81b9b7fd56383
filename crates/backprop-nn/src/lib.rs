//! The engine: numbers in, numbers out.
//!
//! Three things that are usually tangled are kept apart: [`Network`] is the plan and never changes,
//! [`Weights`] is every parameter in one vector, [`Workspace`] is what one worker needs to run one shard of a batch.
//!
//! *Architecture invariant:* nothing in here does I/O or knows a dataset, an epoch or a widget, and a built [`Network`]
//! cannot have a shape error, so passes return no `Result`.
//!
//! Samples are rows and images are channels-last: `[n, height, width, channels]`.

#![deny(unsafe_code)]

pub mod adversarial;
pub mod batch;
#[cfg(test)]
mod gradcheck;
pub mod init;
pub mod kernels;
pub mod knob;
pub mod layer;
pub mod layers;
pub mod loss;
pub mod memory;
pub mod model;
pub mod network;
pub mod optim;
pub mod penalty;
pub mod section;
pub mod shape;
pub mod weights;
pub mod workspace;

pub use adversarial::AdversarialSpec;
pub use batch::Batch;
pub use layer::{Layer, Plan, Spec};
pub use layers::LayerSpec;
pub use loss::{Answers, Loss};
pub use model::ModelSpec;
pub use network::Network;
pub use optim::{Optimizer, OptimizerSpec};
pub use shape::{Shape, ShapeError};
pub use weights::Weights;
pub use workspace::Workspace;
