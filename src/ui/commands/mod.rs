//! What can be asked for: actions, and the keys that ask for some of them.

pub mod action;
pub mod keys;

pub use action::Action;
