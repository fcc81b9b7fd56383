//! Gathers an evaluation batch by batch.

use super::job::Job;
use super::metrics::{Evaluation, Predictions};
use crate::data::{Order, Samples, TargetBuffer, TargetData};
use backprop_nn::Targets;
use backprop_nn::loss::LossSum;

/// An [`Evaluation`] to which batches are added.
pub struct Tally<'a> {
    job: &'a Job,
    samples: &'a Samples,
    sum: LossSum,
    targets: TargetBuffer,
    predictions: Predictions,
}

impl<'a> Tally<'a> {
    /// A tally of the predictions for `count` of these samples, of which at most `batch` are added at once.
    pub fn new(job: &'a Job, samples: &'a Samples, count: usize, batch: usize) -> Self {
        let predictions = job.head().predictions(job.network.output().len(), count);
        Self { job, samples, sum: LossSum::default(), targets: samples.targets.buffer(batch), predictions }
    }

    /// Counts the outputs for the samples at some positions, `[samples, outputs]`; works in `outputs`.
    pub fn add(&mut self, at: &[u32], outputs: &mut [f32]) {
        let Self { job, samples, sum, targets, predictions } = self;
        samples.gather_targets(&job.scaling, at, targets);
        *sum = sum.plus(job.loss.value(outputs, targets.first(at.len())));
        match (predictions, &samples.targets) {
            (Predictions::Classes(predictions), TargetData::Classes(classes)) => {
                predictions.add(&job.loss, at, classes, outputs);
            }
            (Predictions::Numbers(predictions), TargetData::Numbers { values, .. }) => {
                let restored = job.scaling.targets.restored(outputs);
                let Order::Time(timeline) = &job.dataset.order else { return predictions.add(at, values, restored) };
                let naive = timeline.naive_forecast(job.shape().channels());
                let naive: Vec<f64> =
                    at.iter().flat_map(|at| naive.of(samples.numbers_of(*at as usize)).collect::<Vec<_>>()).collect();
                match job.scaling.naive {
                    Some(_) => predictions.add(at, values, restored.zip(&naive).map(|(change, naive)| change + naive)),
                    None => predictions.add(at, values, restored),
                }
                predictions.naive.extend(naive);
            }
            (Predictions::Tokens(predictions), TargetData::Steps { .. }) => {
                if let Targets::Classes(classes) = targets.first(at.len()) {
                    let tokenizer = job.dataset.tokenizer();
                    let characters =
                        |token: u16| tokenizer.map_or(1, |tokenizer| tokenizer.token(token).chars().count());
                    predictions.add(at, classes, outputs, characters);
                }
            }
            (Predictions::Reconstructions(predictions), _) => {
                if let TargetBuffer::Numbers { width, values } = targets {
                    job.loss.predictions(outputs);
                    predictions.add(at, *width, values, outputs);
                }
            }
            _ => {}
        }
    }

    /// The evaluation of all samples that were added.
    pub fn finish(self) -> Evaluation {
        Evaluation { loss: self.sum.mean_loss() as f32, predictions: self.predictions }
    }
}
