//! What looks inside a trained network, without widgets and files: how much each number of a sample matters for an answer, its
//! weights as pictures, and where samples lie in the space of a layer; and what its run shows to be wrong.

pub mod coach;
pub mod kernels;
pub mod projection;
pub mod relevance;
