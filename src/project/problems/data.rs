//! Samples that are too few, or too unlike one another.

use super::{Case, Problem, leak};
use crate::data::note::more_classes;
use crate::data::{Modality, TargetData};
use crate::train::heads::Results;

/// How much rarer than the most frequent class a class may be before the accuracy misleads.
const RARE: usize = 20;

/// Checks the settings of the data.
pub fn check(case: &Case<'_>) -> Vec<Problem> {
    let Case { dataset, split, .. } = case;
    if dataset.train.is_empty() {
        return vec![Problem::error("data", "there are no training samples; paint some, or choose another source")];
    }
    if split.train.is_empty() {
        let problem = Problem::error("data", "no sample is left to train on; lower the validation split");
        return vec![problem.set("Set the validation split to 0.1", &[("data.validation", "0.1")])];
    }
    let mut problems = Vec::new();
    if dataset.shape.as_image().is_none() && case.project.data.augment.changes_images() {
        let what = format!(
            "augmentation changes images, and the samples are {}; set all but mix_up to 0",
            dataset.shape.described()
        );
        problems.push(without_augmentation(what));
    }
    if dataset.modality() == Modality::Text && !case.project.data.augment.is_off() {
        let what = "augmentation changes images and numbers, and the samples are texts; set its numbers to 0";
        problems.push(without_augmentation(what));
    }
    if !case.head.is_evaluated() && !case.project.data.augment.is_off() {
        let what = "augmentation changes images, and the generator would learn the changed ones; set its numbers to 0";
        problems.push(without_augmentation(what));
    }
    problems.extend(leak::check(case));
    problems.extend(if case.head.results() == Results::Classes { classes(case) } else { targets(case) });
    problems
}

fn without_augmentation(what: impl Into<String>) -> Problem {
    let off = serde_json::to_string(&crate::data::Augment::default()).unwrap_or_default();
    Problem::error("data.augment", what).set("Turn augmentation off", &[("data.augment", &off)])
}

/// Classes without samples, or with far fewer than others.
pub fn classes(case: &Case<'_>) -> Vec<Problem> {
    let names = case.dataset.task.classes();
    if names.len() == 1 {
        let what = format!("{:?} is the only class, and there is nothing to tell it from; add another", names[0]);
        return vec![Problem::warning("data", what)];
    }
    let counts = case.dataset.train.class_counts_at(names.len(), &case.split.train);
    let is_equal = case.project.training.loss.class_weights().is_none_or(|weights| *weights == Default::default());
    let (most, least) = (largest(&counts), smallest(&counts));
    let mut problems = Vec::new();
    let absent: Vec<_> = counts.iter().zip(names).filter(|(count, _)| **count == 0).map(|(_, name)| name).collect();
    if let [first, rest @ ..] = absent.as_slice() {
        let what = format!(
            "{} no training sample and will not be predicted; add samples or lower the validation split",
            have(first, rest.len())
        );
        problems.push(Problem::warning("data", what));
    }
    let held = case.dataset.train.class_counts_at(names.len(), &case.split.validation);
    let unheld: Vec<_> = (0..names.len()).filter(|at| held[*at] == 0 && counts[*at] > 0).collect();
    if let ([first, rest @ ..], false) = (unheld.as_slice(), case.split.validation.is_empty()) {
        let what = format!(
            "{} no validation sample, so that no curve tells how well it is recognized; add samples, or judge by \
             cross-validation",
            have(&names[*first], rest.len())
        );
        problems.push(Problem::warning("data", what));
    }
    if case.split.validation.is_empty() && case.project.held_back() > 0.0 && case.head.is_evaluated() {
        let what = "no class has a second sample for the validation set, so that overfitting is not noticed; add samples, or \
                    take fewer classes";
        problems.push(Problem::warning("data", what));
    }
    if let (Some((most, frequent)), Some((least, rare))) = (most, least)
        && is_equal
        && most >= RARE * least
        && case.project.training.loss.class_weights().is_some()
    {
        let what = format!(
            "there are {most} training samples of {:?} and {least} of {:?}, so that the accuracy says little about the rare \
             classes; look at macro F1, or balance the class weights",
            names[frequent], names[rare]
        );
        let problem = Problem::warning("training.loss.class_weights", what);
        problems.push(problem.set("Balance the class weights", &[("training.loss.class_weights", "balanced")]));
    }
    problems
}

/// "\"a\" has", "\"a\" and 1 more class have".
fn have(first: &str, more: usize) -> String {
    match more {
        0 => format!("{first:?} has"),
        more => format!("{first:?} and {} have", more_classes(more)),
    }
}

/// The largest count above zero and its class.
fn largest(counts: &[usize]) -> Option<(usize, usize)> {
    counts.iter().copied().zip(0..).filter(|(count, _)| *count > 0).max_by_key(|(count, _)| *count)
}

/// The smallest count above zero and its class.
fn smallest(counts: &[usize]) -> Option<(usize, usize)> {
    counts.iter().copied().zip(0..).filter(|(count, _)| *count > 0).min_by_key(|(count, _)| *count)
}

/// Target columns in which every training sample has the same number.
fn targets(case: &Case<'_>) -> Vec<Problem> {
    let TargetData::Numbers { values, width } = &case.dataset.train.targets else { return Vec::new() };
    let crate::data::Task::Regression { targets, .. } = &case.dataset.task else { return Vec::new() };
    let at = |sample: u32, column: usize| values[sample as usize * width + column];
    let is_constant = |column: usize| {
        let first = at(case.split.train[0], column);
        case.split.train.iter().all(|sample| at(*sample, column) == first)
    };
    let constant = (0..*width).filter(|column| is_constant(*column));
    let problem = |column: usize| {
        let what =
            format!("the target {:?} is the same number in every training sample; choose another", targets[column]);
        Problem::warning("data.source", what)
    };
    constant.map(problem).collect()
}
