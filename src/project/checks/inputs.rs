//! Networks learn best from inputs around zero that spread by about one.

use super::plain::spread;
use super::{Case, Finding, number};
use crate::data::{Inputs, Modality};
use crate::train::Job;

/// Samples that are looked at.
const LOOKED_AT: usize = 1000;

/// A mean or a standard deviation beyond this is another unit, not another spread.
const LARGEST: f64 = 10.0;

/// Mean and standard deviation of one number of the last axis, over samples and places.
struct Column {
    at: usize,
    mean: f64,
    deviation: f64,
}

/// Checks the samples as the network reads them.
pub fn check(case: &Case<'_>) -> Finding {
    let job = case.job;
    if job.dataset.modality() == Modality::Text {
        return Finding::not_applicable("The inputs are tokens, which an embedding turns into numbers.");
    }
    let columns = columns(job);
    if columns.is_empty() {
        return Finding::not_applicable("All inputs are words, which an embedding turns into numbers.");
    }
    let count = columns.len() as f64;
    let mean = columns.iter().map(|column| column.mean).sum::<f64>() / count;
    let square = columns.iter().map(|column| column.deviation.powi(2) + column.mean.powi(2)).sum::<f64>() / count;
    let deviation = (square - mean * mean).max(0.0).sqrt();
    let numbers = format!("The inputs have mean {} and standard deviation {}", number(mean), number(deviation));
    let far = columns.iter().find(|column| !(column.mean.abs() <= LARGEST && column.deviation <= LARGEST));
    let constant = columns.iter().filter(|column| is_constant(job, column)).collect::<Vec<_>>();
    let fault = match (far, &constant[..]) {
        (Some(column), _) => Some(format!(
            "{} has mean {} and standard deviation {}, where about 0 and 1 are learned well; standardize it",
            name(job, column.at),
            number(column.mean),
            number(column.deviation)
        )),
        (None, [first, rest @ ..]) => {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            Some(format!("{}{more} never changes and says nothing; leave it out", name(job, first.at)))
        }
        (None, []) => None,
    };
    Finding::of(&numbers, fault)
}

/// All that are numbers; those of words are places in a list.
fn columns(job: &Job) -> Vec<Column> {
    let (dataset, at) = (&job.dataset, spread(&job.split.train, LOOKED_AT));
    let channels = dataset.shape.channels();
    let mut sums = vec![[0.0f64; 2]; channels];
    let mut input = vec![0.0; dataset.shape.len()];
    for at in &at {
        dataset.train.gather(&job.scaling, &[*at], &mut input);
        for values in input.chunks_exact(channels) {
            for ([sum, squares], value) in sums.iter_mut().zip(values) {
                (*sum, *squares) = (*sum + f64::from(*value), *squares + f64::from(*value).powi(2));
            }
        }
    }
    let count = (at.len() * dataset.shape.len() / channels).max(1) as f64;
    let of = |(at, [sum, squares]): (usize, [f64; 2])| {
        let mean = sum / count;
        Column { at, mean, deviation: (squares / count - mean * mean).max(0.0).sqrt() }
    };
    let is_word = |at: usize| dataset.features.get(at).is_some_and(|feature| feature.words.is_some());
    sums.into_iter().enumerate().filter(|(at, _)| !is_word(*at)).map(of).collect()
}

/// Whether no training sample differs from the first. A category may be a rare one.
fn is_constant(job: &Job, column: &Column) -> bool {
    let (dataset, channels) = (&job.dataset, job.shape().channels());
    let is_category = dataset.features.get(column.at).is_some_and(|feature| feature.category.is_some());
    if is_category || column.deviation > 1e-3 || !matches!(dataset.train.inputs, Inputs::Numbers(_)) {
        return !is_category && column.deviation == 0.0;
    }
    let values = |at: &u32| dataset.train.numbers_of(*at as usize).iter().skip(column.at).step_by(channels);
    let mut all = job.split.train.iter().flat_map(values).filter(|value| !value.is_nan());
    let first = all.next();
    all.all(|value| Some(value) == first)
}

fn name(job: &Job, at: usize) -> String {
    match job.dataset.features.get(at) {
        Some(feature) => format!("{:?}", feature.to_string()),
        None if job.dataset.train.inputs.are_pixels() => format!("channel {}", at + 1),
        None => format!("input {}", at + 1),
    }
}
