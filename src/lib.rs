//! Backprop Studio: assemble a neural network out of layers, train it with an engine written from scratch, watch it
//! learn, and draw digits that it classifies at once. The binary `backprop` does the same from the command line.
//!
//! | part | what lives there | start reading at |
//! |---|---|---|
//! | [`backprop_nn`] | the engine, a package of its own: layers, losses, optimizers, kernels | [`backprop_nn::Model`], then [`backprop_nn::layer`] |
//! | [`data`] | samples: sources, tables, split, scaling, batches, augmentation, drawings | [`data::Dataset`] |
//! | [`train`] | one thread per run, heads, metrics, and the two enums between a run and who watches it | [`train::protocol`] |
//! | [`project`] | the project file, its problems, presets, run folders | [`project::Project`] |
//! | [`runs`] | runs that last: written, continued, listed; cross-validation, seeds, searches | [`runs::Recorder`] |
//! | [`explain`] | what looks inside a trained network, and what a run shows to be wrong | [`explain::relevance`], [`explain::coach`] |
//! | [`export`] | a trained network for other programs, a file for each format | [`export::FORMATS`] |
//! | [`import`] | a network from an ONNX file as a run, read node by node | [`import::open`], then `nodes` |
//! | [`predict`] | what a run says of samples from outside its data | [`predict::RunPredictor`] |
//! | [`report`] | a run as one page to read, or for TensorBoard | [`report::Material`] |
//! | [`serve`] | a run as an HTTP server | [`serve::Server`] |
//! | [`lesson`] | lessons: cards, steps with questions and goals, hand-ins | [`lesson::Lesson`] |
//! | [`glossary`] | the terms of the field, as the window and the command line explain them | [`glossary::terms`] |
//! | [`cli`] | one file per command | [`cli::main`] |
//! | `ui` | the window: app, commands, state, jobs, views, widgets (feature `gui`) | `ui::Studio` |
//!
//! Who may name whom (`tests/it/architecture.rs` reads the sources and holds it):
//!
//! ```text
//! ui, cli ─► report, serve, import ─► predict, explain, export, runs ─► project ─► train ─► data ─► backprop_nn ─► nothing of ours
//! ```
//!
//! `docs/architecture.md` tells how a training step goes, what always holds, and where to add something.

pub mod cli;
pub mod data;
pub mod explain;
pub mod export;
pub mod glossary;
pub mod import;
pub mod language;
pub mod lesson;
pub mod predict;
pub mod project;
pub mod report;
pub mod runs;
pub mod serve;
pub mod train;
#[cfg(feature = "gui")]
pub mod ui;
