//! What the panels are made of: each draws plain data and answers with a `Response`, and none knows the studio.

pub mod about;
pub mod axes;
pub mod bar;
pub mod button;
pub mod cell;
pub mod class_table;
pub mod confusion_heatmap;
pub mod curve_plot;
pub mod cut_text;
pub mod data_table;
pub mod digit_canvas;
pub mod field;
pub mod image_grid;
pub mod image_sheet;
pub mod line_plot;
pub mod numbers;
pub mod pixels;
pub mod plane;
pub mod probability_bars;
pub mod scale;
pub mod scroll;
pub mod slider;
pub mod text;
