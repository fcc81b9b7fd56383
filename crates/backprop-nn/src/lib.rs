//! Neural networks from scratch: layers, losses, optimizers and the kernels under them.
//!
//! A [`Model`] is fitted to arrays, predicts and is saved, as in Keras:
//!
//! ```
//! use backprop_nn::layers::{Dense, Function};
//! use backprop_nn::{Model, Training};
//! use ndarray::array;
//!
//! let x = array![[0.0, 1.0], [1.0, 0.0], [0.2, 0.9], [0.7, 0.1]];
//! let classes = array![0_usize, 1, 0, 1];
//!
//! let mut model = Model::new([Dense::new(8, Function::Relu), Dense::new(2, Function::Linear)]);
//! model.fit(&x, &classes, &Training { epochs: 200, learning_rate: 0.1, ..Training::default() })?;
//! assert_eq!(model.classify(&x)?, classes);
//! # Ok::<(), backprop_nn::ModelError>(())
//! ```
//!
//! # Below the model
//!
//! Three things that are usually tangled are kept apart: [`Network`] is the plan and never changes, [`Weights`] is every
//! parameter in one vector, [`Workspace`] is what one thread needs to run one shard of a batch. A [`Batch`] runs forward
//! and back in shards side by side, and an [`optim::Updater`] moves the weights; see there for a step written out.
//!
//! | part | what lives there |
//! |---|---|
//! | [`mod@layers`], [`loss`], [`optim`], [`schedule`] | what a user chooses from: a file each, and a line in the list of its folder |
//! | [`field`], [`registry`] | the one description of a setting, and the one kind of list |
//! | [`spec`], [`layer`] | a layer as it is declared, and as it runs |
//! | [`trace`] | the shapes along a stack, and what repairs a layer that does not fit |
//! | [`network`], [`weights`], [`workspace`], [`batch`], [`memory`], [`clock`] | a built network at work, a look into it ([`batch::inspection`]), step by step ([`decoder`]), and what it takes |
//! | [`training`], [`patience`], [`regularizer`] | how it is trained |
//! | [`gan`] | a generator and its discriminator |
//! | [`graph`] | a trained network as few operations, to be written in other languages |
//! | [`kernels`] | the loops that take the time |
//!
//! *Architecture invariants:* nothing in here knows a data set, a thread pool of its own or a widget, and [`Model::save`] and
//! [`Model::load`] alone touch files. A built [`Network`] cannot have a shape error, so passes return no `Result`; misuse of
//! them panics where it is made. The result does not depend on the number of threads, and every random number comes from
//! [`init::stream`].
//!
//! Samples are rows and images are channels-last: `[n, height, width, channels]`.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

// The derive macros name the package by its name, here as in other packages.
extern crate self as backprop_nn;

pub mod activation;
pub mod batch;
pub mod clock;
pub mod compress;
pub mod decoder;
pub mod field;
pub mod gan;
#[cfg(test)]
mod gradcheck;
pub mod graph;
pub mod init;
pub mod kernels;
pub mod layer;
pub mod layers;
pub mod loss;
pub mod memory;
pub mod model;
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
pub use batch::inspection::Inspection;
pub use clock::Clock;
pub use decoder::Decoder;
pub use graph::Graph;
pub use layer::Layer;
pub use layers::LayerSpec;
pub use loss::{LossSpec, MASKED, Targets};
pub use model::{Model, ModelError, TargetArray};
pub use network::{Carried, Network};
pub use optim::OptimizerSpec;
pub use schedule::ScheduleSpec;
pub use shape::Shape;
pub use spec::{Plan, Spec};
pub use trace::ModelSpec;
pub use training::Training;
pub use weights::Weights;
pub use workspace::Workspace;
