//! What looks inside a trained network, without widgets and files: how much each number of a sample matters for an answer, its
//! weights as pictures and as connections of its units, and where samples lie in the space of a layer.

pub mod connections;
pub mod kernels;
pub mod projection;
pub mod relevance;
