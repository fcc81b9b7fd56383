//! Pieces that several views are made of.

pub mod attention;
pub mod band;
pub mod coach;
pub mod data_problem;
pub mod drawing;
pub mod figures;
pub mod images;
pub mod outdated;
pub mod plane;
pub mod plot_grid;
pub mod problems;
pub mod reconstructions;
pub mod row_form;
pub mod rows;
pub mod source_menu;
pub mod try_panel;
pub mod write;
