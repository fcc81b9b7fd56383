//! Reading samples with a trained network: a whole part of a data set, or one drawing.

use std::borrow::Cow;

use rayon::prelude::*;

use super::metrics::{Evaluation, Tally};
use super::{Job, Part};
use crate::data::Samples;
use crate::data::batches::gather;
use crate::nn::{Loss, Network, Weights, Workspace};

/// Samples that one thread reads at once: as fast as more of them, in less memory.
pub(super) const CHUNK: usize = 16;

/// Samples that one thread reads before the threads meet.
const BOUT: usize = 8 * CHUNK;

/// Reads one sample at a time, for the canvas and for `predict`.
pub struct Reader {
    workspace: Workspace,
    probabilities: Vec<f32>,
}

impl Reader {
    pub fn new(network: &Network) -> Self {
        Self { workspace: Workspace::for_inference(network, 1), probabilities: vec![0.0; network.output().len()] }
    }

    /// The probability of every class for the pixels of one sample. `network` is the one the reader was made for.
    pub fn read(&mut self, network: &Network, weights: &Weights, loss: &Loss, pixels: &[u8]) -> &[f32] {
        for (input, &pixel) in self.workspace.input_mut(1).iter_mut().zip(pixels) {
            *input = f32::from(pixel) * (1.0 / 255.0);
        }
        network.infer(weights, &mut self.workspace);
        self.probabilities.copy_from_slice(self.workspace.output());
        loss.probabilities(&mut self.probabilities);
        &self.probabilities
    }
}

/// Workspaces of an evaluation, kept from one to the next.
pub struct Evaluator {
    workspaces: Vec<Workspace>,
}

impl Evaluator {
    pub fn new(network: &Network) -> Self {
        let threads = rayon::current_num_threads().max(1);
        Self { workspaces: (0..threads).map(|_| Workspace::for_inference(network, CHUNK)).collect() }
    }

    /// Reads one part of the data. `go_on` is asked before every few hundred samples; nothing comes back if it says no.
    pub fn run(
        &mut self,
        job: &Job,
        weights: &Weights,
        part: Part,
        mut go_on: impl FnMut() -> bool,
    ) -> Option<Evaluation> {
        let (samples, at) = job.part(part);
        let classes = job.network.output().len();
        let mut tally = Tally::new(classes, at.len());
        let round = BOUT * self.workspaces.len();
        let (mut labels, mut outputs) = (vec![0; round], vec![0.0; round * classes]);
        for at in at.chunks(round) {
            if !go_on() {
                return None;
            }
            let (labels, outputs) = (&mut labels[..at.len()], &mut outputs[..at.len() * classes]);
            let bouts =
                at.par_chunks(BOUT).zip(labels.par_chunks_mut(BOUT)).zip(outputs.par_chunks_mut(BOUT * classes));
            bouts.zip(&mut self.workspaces).for_each(|(((at, labels), outputs), workspace)| {
                let chunks = at.chunks(CHUNK).zip(labels.chunks_mut(CHUNK)).zip(outputs.chunks_mut(CHUNK * classes));
                for ((at, labels), outputs) in chunks {
                    gather(samples, at, workspace.input_mut(at.len()), labels);
                    job.network.infer(weights, workspace);
                    outputs.copy_from_slice(workspace.output());
                }
            });
            tally.add(&job.loss, outputs, at, labels);
        }
        Some(tally.finish())
    }
}

impl Job {
    /// The samples of a part and their positions.
    fn part(&self, part: Part) -> (&Samples, Cow<'_, [u32]>) {
        match part {
            Part::Train => (&self.dataset.train, (&self.split.train).into()),
            Part::Validation => (&self.dataset.train, (&self.split.validation).into()),
            Part::Test => (&self.dataset.test, (0..self.dataset.test.len() as u32).collect()),
        }
    }

    /// Reads one part of the data with these weights.
    pub fn evaluate(&self, weights: &Weights, part: Part) -> Evaluation {
        let done = Evaluator::new(&self.network).run(self, weights, part, || true);
        done.unwrap_or_else(|| Tally::new(self.network.output().len(), 0).finish())
    }
}
