//! Runs that last: a folder that is written while a network learns, from which the training can go on.
//!
//! | file | question |
//! |---|---|
//! | [`info`] | what is known of a run: who, when, on which data, how far |
//! | [`recorder`] | how its folder is written while it runs |
//! | `line_file`, [`history`] | its lines, while they are written and when they are read |
//! | [`checkpoint_file`] | a checkpoint as a file |
//! | [`repeat`] | a run once more, to see whether the same comes of it |
//! | [`compare`] | how two runs differ |
//! | [`store`] | which runs there are |
//! | [`trial`], [`queue`] | trainings that are evaluated on their validation samples, several at a time |
//! | [`smaller`] | a run made smaller: pruned, slimmed, distilled, in fewer bits |
//! | [`rate_sweep`] | a run that looks for a learning rate |
//! | [`folds`] | cross-validation |
//! | [`search`] | search for the best settings |
//! | [`seeds`], [`statistics`] | whether a difference is larger than what the seed makes |

pub mod agreement;
pub mod checkpoint_file;
pub mod compare;
pub mod folds;
pub mod history;
pub mod info;
mod line_file;
pub mod queue;
pub mod rate_sweep;
pub mod recorder;
pub mod repeat;
pub mod search;
pub mod seeds;
pub mod smaller;
pub mod statistics;
pub mod store;
pub mod trial;

pub use info::{Parent, RunInfo, RunKind, RunState};
pub use recorder::Recorder;
