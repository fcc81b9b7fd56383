//! The one integration test binary; each module says what users rely on.

mod architecture;
mod cli;
mod learning;
mod metrics;
mod parity;
mod run;
#[cfg(feature = "gui")]
mod screens;
#[cfg(feature = "gui")]
mod studio;
mod support;
mod tables;
