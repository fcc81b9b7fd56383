//! What is worked out or waited for beside the window.

pub mod drawing;
pub mod generated;
pub mod plane;
pub mod reconstructions;
pub mod tasks;
pub mod throttle;
