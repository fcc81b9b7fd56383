//! What looks inside a trained network, without widgets and files: how much each number of a sample matters for an answer, what
//! would change it, which samples are like it, how much the columns of a table matter, the weights as pictures and as connections
//! of units, where samples lie in the space of a layer, the loss around the weights, what each layer does over a run, whether its
//! probabilities are right, whether a sample is like any that it has learned from, one step of training taken apart, what each layer
//! costs, and what its run shows to be wrong.

pub mod budget;
pub mod calibration;
pub mod coach;
pub mod connections;
pub mod counterfactual;
pub mod importance;
pub mod kernels;
pub mod landscape;
pub mod layer_statistics;
pub mod neighbors;
pub mod novelty;
pub mod projection;
pub mod relevance;
pub mod step;
pub mod tsne;
