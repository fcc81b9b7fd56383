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

// The derive macros name the package by its name, here as in other packages.
extern crate self as backprop_nn;

pub mod activation;
pub mod batch;
pub mod field;
pub mod gan;
#[cfg(test)]
mod gradcheck;
pub mod init;
pub mod kernels;
pub mod layer;
pub mod layers;
pub mod loss;
pub mod memory;
pub mod network;
pub mod optim;
pub mod patience;
pub mod registry;
pub mod regularizer;
pub mod schedule;
pub mod shape;
pub mod spec;
pub mod trace;
pub mod training;
pub mod weights;
pub mod workspace;

pub use batch::Batch;
pub use layer::Layer;
pub use layers::LayerSpec;
pub use loss::{LossSpec, Targets};
pub use network::Network;
pub use optim::OptimizerSpec;
pub use schedule::ScheduleSpec;
pub use shape::Shape;
pub use spec::{Plan, Spec};
pub use trace::ModelSpec;
pub use training::Training;
pub use weights::Weights;
pub use workspace::Workspace;
