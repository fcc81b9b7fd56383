//! What lies over the window until it is answered or closed.

pub mod board;
pub mod checks;
pub mod dialog;
pub mod export;
pub mod glossary;
pub mod help;
pub mod join_board;
pub mod lessons;
pub mod lr_finder;
pub mod new_project;
pub mod palette;
pub mod path_prompt;
pub mod profile;
pub mod race;
pub mod side_by_side;
pub mod start;
pub mod sweep;
pub mod trials;
