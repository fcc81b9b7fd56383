pub mod cli;
pub mod data;
pub mod nn;
pub mod project;
pub mod train;
#[cfg(feature = "gui")]
pub mod ui;
