//! The one integration test binary; each module says what users rely on.

mod parity;
#[cfg(feature = "gui")]
mod studio;
