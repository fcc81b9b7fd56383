//! A trained network that another one learns from: it reads the samples of each batch as they are learned, augmented and
//! blended, and what it says of them is part of the loss (Beyer et al. 2022, *Knowledge distillation: A good teacher is patient
//! and consistent*).

use backprop_nn::loss::{Distillation, LossSum};
use backprop_nn::{LossSpec, Network, Weights, Workspace};

/// The trained network, and how much it counts.
pub struct Teacher {
    /// Its network, which reads the same samples and tells the same classes.
    pub network: Network,
    /// Its trained weights.
    pub weights: Weights,
    /// The loss that it was trained with, which turns its outputs into probabilities.
    pub loss: LossSpec,
    /// How much what it says counts.
    pub distillation: Distillation,
}

/// What a teacher says of the samples of a shard.
pub(super) struct Answers {
    workspace: Workspace,
    /// `[samples, classes]`
    soft: Vec<f32>,
}

impl Answers {
    /// Room for the answers to up to so many samples.
    pub fn new(teacher: &Teacher, samples: usize) -> Self {
        Self { workspace: teacher.network.inference_workspace(samples), soft: Vec::new() }
    }

    /// Asks the teacher about samples as the network reads them.
    pub fn ask(&mut self, teacher: &Teacher, samples: usize, inputs: &[f32]) {
        let Teacher { network, weights, loss, distillation } = teacher;
        self.workspace.input_mut(samples).copy_from_slice(inputs);
        network.infer(weights, &mut self.workspace);
        self.soft.clear();
        self.soft.extend_from_slice(self.workspace.output());
        let classes = network.output().len().max(1);
        self.soft.chunks_exact_mut(classes).for_each(|outputs| loss.probabilities(outputs));
        distillation.soften(&mut self.soft, classes);
    }

    /// Blends the loss of the shard with the divergence from the answers.
    pub fn blend(&self, teacher: &Teacher, outputs: &[f32], scale: f32, sum: &mut LossSum, grad: &mut [f32]) {
        teacher.distillation.blend(outputs, &self.soft, scale, sum, grad);
    }
}
