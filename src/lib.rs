//! Backprop Studio: assemble a neural network out of layers, train it with an engine written from scratch, watch it
//! learn, and draw digits that it reads at once. The binary `backprop` does the same from the command line.
//!
//! # The map
//!
//! | part | what lives there | start reading at |
//! |---|---|---|
//! | [`backprop_nn`] | the engine, a package of its own: layers, losses, optimisers, kernels | [`backprop_nn::layer`], the two contracts |
//! | [`data`] | samples: sources, tables, split, scaling, batches, augmentation, drawings | [`data::Dataset`] |
//! | [`train`] | one thread per run, and the two enums between it and whoever watches | [`train::protocol`] |
//! | [`project`] | the project file, presets, run folders, cross-validation | [`project::Project`] |
//! | [`cli`] | one file per command | [`cli::main`] |
//! | `ui` | the window: views, commands, jobs, widgets (feature `gui`) | `ui::Studio` |
//!
//! Who may name whom (`tests/it/architecture.rs` reads the sources and holds it):
//!
//! ```text
//! ui, cli ─► project ─► train ─► data ─► the engine's shapes, answers, knobs, random numbers and vector loops
//!    └──────────┴─────────┴────────────► backprop_nn ─► nothing of ours
//! ```
//!
//! # How a training step goes
//!
//! A [`train::step::Trainer`] cuts the batch into shards whose size does not depend on the number of threads. Each
//! shard has a [`backprop_nn::Workspace`], allocated once, in which the shared, unchanging [`backprop_nn::Network`] runs forward and
//! backward over the one vector of [`backprop_nn::Weights`]. Then the threads share out the weights in blocks: the gradient of a
//! block is added up over the shards in their order (a convolution, whose shards each have a gradient of their few
//! weights) or computed from what they left (a dense layer, whose many weights each sample uses once), and the optimiser
//! moves the block at once, while it is in that core's cache. So a step waits for its threads
//! twice; three times if the norm of the gradient is clipped, which has to be known before any weight moves; and twice
//! more for each batch normalisation, before whose passes the shards of a batch meet ([`backprop_nn::layer::Joint`]). Its moving
//! numbers are weights that no gradient moves, so that they are saved, shown and averaged with the others.
//!
//! A residual block is no graph: the network runs the layers inside as stages of its own, then one that adds what
//! entered the block, and on the way back keeps the gradient for that until it gets there.
//!
//! A generator and its discriminator are one network with a seam ([`backprop_nn::section`]) and two optimisers. In a turn
//! ([`train::Duel`]) a batch runs through the one section, what it gives and samples of the data through the other, and
//! the second learns; then a batch runs through both and back, and the first learns. What is held still costs no gradient
//! where that is computed block by block.
//!
//! # Architecture invariants
//!
//! - `backprop_nn` does no I/O and knows no dataset, no epoch and no widget. A built [`backprop_nn::Network`] cannot have a shape error.
//! - `data` knows samples, not layers. `train` knows neither widgets nor files.
//! - Only `project`, `data` and `cli` touch the file system; only `train` and `ui/jobs` start threads of their own
//!   (rayon's pools divide the work of both; `backprop train` lets the crate `ctrlc` listen for Ctrl+C on one).
//! - Only `data/download.rs` reaches the network, for a set that is asked for by its name and is not at hand.
//! - Same project, same seed, same machine: the same curve to the last bit, whatever the number of threads. (Another
//!   processor may have wider vectors, which add in another order.)
//! - No panic reaches the user: input that is not ours (files, drawings, numbers) ends in one clear sentence.
//! - Every random number comes from [`backprop_nn::init::stream`], a named generator with a seed and a purpose.
//!
//! # Where to add something
//!
//! One file and one line in a list; editors, menus, saving, shape tracing and the gradient check walk the lists.
//!
//! | new | write | list it in |
//! |---|---|---|
//! | layer | `crates/backprop-nn/src/layers/foo.rs` | `crates/backprop-nn/src/layers/mod.rs` |
//! | optimiser | `crates/backprop-nn/src/optim/foo.rs` | `crates/backprop-nn/src/optim/mod.rs` |
//! | loss | `crates/backprop-nn/src/loss/foo.rs` | `crates/backprop-nn/src/loss/mod.rs` |
//! | schedule | a struct in `crates/backprop-nn/src/optim/schedule.rs` | the same |
//! | data source | `data/foo.rs` | `data/mod.rs`, its options as rows of the window in `data/setting.rs` |
//! | world of points | a function in `data/points.rs` | the same |
//! | view (a tab, a panel, a bar) | `ui/views/foo.rs` | `ui/views/mod.rs` |
//! | command of the window | what it does in `ui/app/perform.rs` | `ui/commands/mod.rs` |
//! | command | `cli/foo.rs` | `cli/mod.rs` |
//! | figure of `backprop bench` | `cli/bench/foo.rs` | `cli/bench/mod.rs` |
//! | preset | `assets/presets/foo.json` | `project/presets.rs` |

#![deny(unsafe_code)]

pub mod cli;
pub mod data;
pub mod project;
pub mod train;
#[cfg(feature = "gui")]
pub mod ui;
