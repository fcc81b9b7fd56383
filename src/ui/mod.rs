//! The studio: one window in which a network is assembled, trained, watched and tried.
//!
//! | part | what lives there |
//! |---|---|
//! | [`app`] | the studio itself: how a frame goes, and the only place that carries out what is asked for |
//! | [`views`] | the parts of the window, the tabs of its center among them, and the dialogs over it |
//! | [`jobs`] | what is worked out or waited for beside the window |
//! | [`commands`] | what can be asked for, and the keys |
//! | [`state`] | what the window knows: of the data, of the run, of what is tried, and of itself |
//! | [`widgets`] | what the views are made of; each draws plain data |
//! | [`theme`] | all color, measure and type |
//!
//! *Architecture invariant:* nothing here waits. What may take longer than a frame is a job.

pub mod app;
pub mod commands;
pub mod jobs;
pub mod state;
pub mod theme;
pub mod views;
pub mod widgets;

pub use app::{Document, Studio, run};
pub use commands::{Command, Request, RunChange};
pub use jobs::report::Report;
