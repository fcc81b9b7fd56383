//! What the window knows: of the data, of the run, of what is tried, and of itself. Nothing here draws.

pub mod board;
pub mod class_counts;
pub mod coach;
pub mod coaching;
pub mod curves;
pub mod ending_run;
pub mod lesson;
pub mod lesson_editor;
pub mod lines;
pub mod pace;
pub mod painting;
pub mod playground;
pub mod problems;
pub mod progress;
pub mod put_aside;
pub mod revisit;
pub mod run_axes;
pub mod run_table;
pub mod score;
pub mod session;
pub mod shapes;
pub mod subject;
pub mod table;
pub mod timeline;
pub mod trained_network;
pub mod window_state;
