//! What it costs to store weights in fewer bits: bytes, and what the network reaches before and after.

use std::sync::Arc;

use crate::data::Dataset;
use crate::project::RunFolder;
use crate::train::{Evaluation, Subset};
use backprop_nn::Weights;
use backprop_nn::compress::Precision;

/// What the weights take and what the network reaches before and after they are stored so, class by class where one changes.
pub fn of(run: &RunFolder, stored: &Weights, precision: Precision, data: Result<&Dataset, String>) -> Option<String> {
    let bytes = [Precision::Float32, precision].map(|precision| run.network.stored_bytes(precision));
    let size = format!("The weights take {} bytes in the place of {}", bytes[1], bytes[0]);
    let dataset = data.ok().filter(|dataset| !dataset.test.is_empty() && run.project.adversary.is_none());
    let job = dataset
        .and_then(|dataset| Some(run.stored(Precision::Float32).ok()?.into_job(Arc::new(dataset.clone())).ok()?.0));
    let Some(job) = job else { return Some(size) };
    let [before, after] = [&run.weights, stored].map(|weights| job.evaluate(weights, Subset::Test));
    let figure = |evaluation: &Evaluation| {
        let figure = evaluation.figures().into_iter().find(|figure| job.head().headline().contains(&figure.metric));
        figure.and_then(|figure| Some((figure.metric.label, figure.value?)))
    };
    let Some(((name, one), (_, other))) = figure(&before).zip(figure(&after)) else { return Some(size) };
    let recall =
        |evaluation: &Evaluation| evaluation.classes().map(|classes| classes.class_scores()).unwrap_or_default();
    let names = job.dataset.task.classes();
    let recalls = [recall(&before), recall(&after)];
    let pairs = names
        .iter()
        .zip(recalls[0].iter().zip(&recalls[1]))
        .map(|(name, (one, other))| (name, one.recall, other.recall));
    let changed: Vec<String> = pairs
        .filter(|(_, one, other)| one != other)
        .map(|(name, one, other)| format!("{name} {one:.4} to {other:.4}"))
        .collect();
    let classes = if changed.is_empty() { String::new() } else { format!("; recall of {}", changed.join(", ")) };
    Some(format!("{size}; {name} {one:.4} becomes {other:.4} on {} test samples{classes}", after.len()))
}
