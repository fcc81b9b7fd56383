//! The hot loops. Each has a plain reference twin in its tests.

pub mod matmul;
pub mod patches;
