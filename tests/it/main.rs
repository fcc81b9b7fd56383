//! The one integration test binary; each module says what users rely on.

mod architecture;
#[cfg(feature = "gui")]
mod behavior;
mod bench;
#[cfg(feature = "gui")]
mod blocks;
#[cfg(feature = "gui")]
mod budget;
mod calibration;
mod carried;
mod checks;
#[cfg(feature = "gui")]
mod class_board;
#[cfg(feature = "gui")]
mod classroom;
mod cli;
mod coach;
#[cfg(feature = "gui")]
mod color_vision;
mod columns;
mod docs;
#[cfg(feature = "gui")]
mod draw;
mod encrypted;
mod explain;
mod export;
mod formats;
mod gan;
#[cfg(feature = "gui")]
mod generators;
#[cfg(feature = "gui")]
mod hidden_space;
mod import;
#[cfg(feature = "gui")]
mod ink;
#[cfg(feature = "gui")]
mod inside;
#[cfg(feature = "gui")]
mod kept_runs;
#[cfg(feature = "gui")]
mod landscape;
mod language;
#[cfg(feature = "gui")]
mod layout;
mod learning;
#[cfg(feature = "gui")]
mod lesson_editor;
#[cfg(feature = "gui")]
mod lesson_window;
mod lessons;
#[cfg(feature = "gui")]
mod listening;
mod metrics;
mod output;
#[cfg(feature = "gui")]
mod own_data;
#[cfg(feature = "gui")]
mod painting;
mod parity;
#[cfg(feature = "gui")]
mod rates;
mod reading;
mod reconstruction;
mod recorder;
mod report;
#[cfg(feature = "gui")]
mod restored;
mod run;
mod runs;
#[cfg(feature = "gui")]
mod screens;
mod serve;
mod smaller;
mod sources;
#[cfg(feature = "gui")]
mod stack;
mod step;
#[cfg(feature = "gui")]
mod step_window;
#[cfg(feature = "gui")]
mod studio;
mod support;
mod tables;
mod told;
#[cfg(feature = "gui")]
mod training;
mod translations;
mod trials;
mod units;
#[cfg(feature = "gui")]
mod views;
#[cfg(feature = "gui")]
mod why;
#[cfg(feature = "gui")]
mod write;
