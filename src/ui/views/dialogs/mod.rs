//! What lies over the window until it is answered.

pub mod cross_validation;
pub mod lr_finder;
pub mod path_prompt;
