//! What looks inside a trained network, without widgets and files: how much each number of a sample matters for an answer, and
//! its weights as pictures.

pub mod kernels;
pub mod relevance;
