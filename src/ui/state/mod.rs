//! What the window knows: of the data, of the run, of what is tried, and of itself. Nothing here draws.

pub mod pace;
pub mod playground;
pub mod session;
pub mod table;
pub mod window_state;
