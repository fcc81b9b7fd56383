//! Runs that last: a folder that is written while a network learns, from which the training can go on.
//!
//! | file | question |
//! |---|---|
//! | [`info`] | what is known of a run: who, when, on which data, how far |
//! | [`recorder`] | how its folder is written while it runs |
//! | [`history`] | its lines so far, up to a checkpoint |
//! | [`checkpoint_file`] | a checkpoint as a file |
//! | [`compare`] | how two runs differ |
//! | [`store`] | which runs there are |

pub mod checkpoint_file;
pub mod compare;
pub mod history;
pub mod info;
pub mod recorder;
pub mod store;

pub use info::{RunInfo, RunState};
pub use recorder::Recorder;
