//! Prediction and evaluation with a trained network: a whole subset of a data set, or one drawing.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::heads::Goal;
use super::job::{CHUNK, Job, Subset};
use super::metrics::{Evaluation, distance};
use super::tally::Tally;
use crate::data::batches::side_by_side;
use crate::data::samples::scale_bytes;
use crate::data::{Samples, Scaling, Task};
use backprop_nn::{LossSpec, Network, Weights, Workspace};

/// Samples that each thread evaluates between two synchronizations.
const BOUT: usize = 8 * CHUNK;

/// Parts of a text that a stateful network reads side by side, at most, and the fewest windows of each: whatever the number of
/// threads, so that the result is the same.
const SEQUENCES: usize = 8 * CHUNK;
const WINDOWS: usize = 32;

/// Predicts one sample at a time, for the canvas and for `predict`.
pub struct Predictor {
    workspace: Workspace,
    outputs: Vec<f32>,
    numbers: Vec<f64>,
}

impl Predictor {
    /// A predictor with buffers for one sample of this network.
    pub fn new(network: &Network) -> Self {
        let outputs = network.output().len();
        Self { workspace: network.inference_workspace(1), outputs: vec![0.0; outputs], numbers: vec![0.0; outputs] }
    }

    /// The prediction for the pixels of one sample. `run` has to hold the network that the predictor was made for.
    pub fn read(&mut self, run: TrainedModel<'_>, pixels: &[u8]) -> &[f32] {
        scale_bytes(pixels, self.workspace.input_mut(1));
        self.answer(run)
    }

    /// The prediction for pixels that are left as they are, from 0 to 255, as no network has learned them.
    pub fn read_unscaled(&mut self, run: TrainedModel<'_>, pixels: &[u8]) -> &[f32] {
        let input = self.workspace.input_mut(1);
        input.iter_mut().zip(pixels).for_each(|(input, pixel)| *input = f32::from(*pixel));
        self.answer(run)
    }

    /// The prediction for one row of numbers. Target numbers keep their digits: an `f32` has seven.
    pub fn read_row(&mut self, run: TrainedModel<'_>, row: &[f64]) -> &[f64] {
        run.scaling.scale(row, self.workspace.input_mut(1));
        let outputs = self.answer(run);
        let wide: Vec<f64> = outputs.iter().copied().map(f64::from).collect();
        self.numbers = match run.task {
            Task::Regression { .. } => run.scaling.targets.restored(self.workspace.output()).collect(),
            Task::Classification { .. } | Task::Reconstruction { .. } | Task::NextToken { .. } => wide,
        };
        if let Some(naive) = &run.scaling.naive {
            self.numbers.iter_mut().zip(naive.of(row)).for_each(|(change, naive)| *change += naive);
        }
        &self.numbers
    }

    fn answer(&mut self, run: TrainedModel<'_>) -> &[f32] {
        run.network.infer(run.weights, &mut self.workspace);
        self.outputs.copy_from_slice(self.workspace.output());
        run.interpret(&mut self.outputs);
        &self.outputs
    }
}

/// The predictions for many rows of numbers, `[rows, outputs]`, as [`Predictor::read_row`] gives for one.
pub fn read_rows(run: TrainedModel<'_>, rows: &[f64]) -> Vec<f32> {
    let TrainedModel { network, weights, scaling, .. } = run;
    let (inputs, outputs) = (network.input().len().max(1), network.output().len().max(1));
    let mut workspace = network.inference_workspace(CHUNK);
    let mut predictions = Vec::with_capacity(rows.len() / inputs * outputs);
    for rows in rows.chunks(CHUNK * inputs) {
        scaling.inputs.apply(rows, workspace.input_mut(rows.len() / inputs));
        network.infer(weights, &mut workspace);
        predictions.extend_from_slice(workspace.output());
    }
    run.interpret(&mut predictions);
    predictions
}

/// The reconstructions of the samples at these positions, `[positions, shape]`, in the scale of the network's inputs,
/// and the root mean squared error of each. For autoencoders.
pub fn reconstruct(run: TrainedModel<'_>, samples: &Samples, at: &[u32]) -> (Vec<f32>, Vec<f32>) {
    let TrainedModel { network, weights, loss, scaling, .. } = run;
    let width = network.output().len().max(1);
    let mut workspace = network.inference_workspace(CHUNK);
    let (mut given, mut errors) = (Vec::with_capacity(at.len() * width), Vec::with_capacity(at.len()));
    for at in at.chunks(CHUNK) {
        samples.gather(scaling, at, workspace.input_mut(at.len()));
        network.infer(weights, &mut workspace);
        let from = given.len();
        given.extend_from_slice(workspace.output());
        loss.predictions(&mut given[from..]);
        let inputs = workspace.input_mut(at.len()).chunks_exact(width);
        errors.extend(given[from..].chunks_exact(width).zip(inputs).map(|(given, input)| distance(given, input)));
    }
    (given, errors)
}

/// A trained network with everything that is needed to predict with it.
#[derive(Clone, Copy)]
pub struct TrainedModel<'a> {
    /// The network.
    pub network: &'a Network,
    /// Its trained weights.
    pub weights: &'a Weights,
    /// The loss of the training, which turns outputs into predictions.
    pub loss: &'a LossSpec,
    /// The task that the network was trained for.
    pub task: &'a Task,
    /// The scaling of inputs and targets.
    pub scaling: &'a Scaling,
}

impl TrainedModel<'_> {
    /// Turns the outputs for any number of samples into what they say: the probability of every class, target numbers
    /// in their own unit, or the numbers of the sample in theirs, pixels from 0 to 1.
    fn interpret(&self, outputs: &mut [f32]) {
        let Self { network, loss, task, scaling, .. } = self;
        let goal = Goal { task, is_series: false, is_generator: false };
        goal.head().interpret(outputs, network.output().channels(), loss, scaling);
    }
}

/// Workspaces of an evaluation, kept from one to the next.
pub struct Evaluator {
    workspaces: Vec<Workspace>,
}

impl Evaluator {
    /// An evaluator with one workspace for each thread of the current rayon pool.
    pub fn new(network: &Network) -> Self {
        let threads = rayon::current_num_threads().max(1);
        Self { workspaces: (0..threads).map(|_| network.inference_workspace(CHUNK)).collect() }
    }

    /// Evaluates one subset of the data. Calls `go_on` before every few hundred samples, and returns nothing if it is
    /// false.
    pub fn run(
        &mut self,
        job: &Job,
        weights: &Weights,
        part: Subset,
        go_on: impl FnMut() -> bool,
    ) -> Option<Evaluation> {
        let (evaluation, is_whole) = self.run_while(job, weights, part, BOUT, go_on);
        is_whole.then_some(evaluation)
    }

    /// Evaluates the samples of a subset in their order for as long as `go_on` is true, which is asked whenever each thread has
    /// evaluated `bout` samples. The evaluation of those, and whether they are all.
    fn run_while(
        &mut self,
        job: &Job,
        weights: &Weights,
        part: Subset,
        bout: usize,
        mut go_on: impl FnMut() -> bool,
    ) -> (Evaluation, bool) {
        let (samples, at) = job.part(part);
        let width = job.network.output().len();
        let (at, bout, round) = match job.network.is_stateful() {
            // Every place of a workspace reads a part of the text, one window after the other.
            true => {
                let sequences = (at.len() / WINDOWS).clamp(1, SEQUENCES);
                let more = || job.network.inference_workspace(CHUNK);
                self.workspaces.resize_with(self.workspaces.len().max(sequences.div_ceil(CHUNK)), more);
                (side_by_side(&at, sequences).into(), CHUNK, sequences)
            }
            false => (at, bout, bout * self.workspaces.len()),
        };
        self.workspaces.iter_mut().for_each(Workspace::reset_states);
        let mut tally = Tally::new(job, samples, at.len(), round);
        let mut outputs = vec![0.0; round * width];
        samples.prefetch(&at[..round.min(at.len())]);
        for (at, next) in at.chunks(round).zip(at.chunks(round).skip(1).chain([&[][..]])) {
            if !go_on() {
                return (tally.finish(), false);
            }
            samples.prefetch(next);
            let outputs = &mut outputs[..at.len() * width];
            let bouts = at.par_chunks(bout).zip(outputs.par_chunks_mut(bout * width));
            bouts.zip(&mut self.workspaces).for_each(|((at, outputs), workspace)| {
                for (at, outputs) in at.chunks(CHUNK).zip(outputs.chunks_mut(CHUNK * width)) {
                    samples.gather(&job.scaling, at, workspace.input_mut(at.len()));
                    job.network.infer_next(weights, workspace);
                    outputs.copy_from_slice(workspace.output());
                }
            });
            tally.add(at, outputs);
        }
        (tally.finish(), true)
    }
}

impl Job {
    /// The network of the job with these weights.
    pub fn trained<'a>(&'a self, weights: &'a Weights) -> TrainedModel<'a> {
        let Self { network, loss, dataset, scaling, .. } = self;
        TrainedModel { network, weights, loss, task: &dataset.task, scaling }
    }

    /// The samples of a part and their positions; none for a generator, which reads none.
    pub fn part(&self, part: Subset) -> (&Samples, Cow<'_, [u32]>) {
        match part {
            _ if !self.head().is_evaluated() => (&self.dataset.train, Cow::default()),
            Subset::Train => (&self.dataset.train, (&self.split.train).into()),
            Subset::Validation => (&self.dataset.train, (&self.split.validation).into()),
            Subset::Test => (&self.dataset.test, (0..self.dataset.test.len() as u32).collect()),
        }
    }

    /// Evaluates one subset of the data with these weights.
    pub fn evaluate(&self, weights: &Weights, part: Subset) -> Evaluation {
        let done = Evaluator::new(&self.network).run(self, weights, part, || true);
        done.unwrap_or_else(|| Tally::new(self, &self.dataset.train, 0, 0).finish())
    }

    /// Evaluates the first samples of a subset, as many as there is time for, but a few at least; and whether these are all.
    pub fn glance(&self, weights: &Weights, part: Subset, time: Duration) -> (Evaluation, bool) {
        let (began, mut is_first) = (Instant::now(), true);
        let go_on = || std::mem::take(&mut is_first) || began.elapsed() < time;
        Evaluator::new(&self.network).run_while(self, weights, part, CHUNK, go_on)
    }
}
