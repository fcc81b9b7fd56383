//! What looks inside a trained network, without widgets and files: how much each number of a sample matters for an answer, its
//! weights as pictures, where samples lie in the space of a layer, and what each layer does over a run.

pub mod kernels;
pub mod layer_statistics;
pub mod projection;
pub mod relevance;
