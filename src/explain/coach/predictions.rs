//! Faults of the data that show in what is predicted.

use super::{Case, Evidence};
use crate::train::Evaluation;

/// A class with fewer validation samples than this may be missed by chance.
const LEAST: u32 = 5;

/// Epochs after which a class should have been predicted, and the share of the run.
const EPOCHS: usize = 3;
const SHARE: f64 = 0.5;

/// A column of the table alone tells the target.
pub fn leakage(case: &Case<'_>) -> Option<Evidence> {
    let (problem, first) = (case.leaks.first()?, case.history.epochs.first()?);
    let fix = problem.fix.as_ref()?;
    let label = fix.label();
    let mut letters = label.chars();
    let label = letters.next().map(|first| format!("Try to {}{}", first.to_lowercase(), letters.as_str()))?;
    case.at(first, problem.sentence(), case.experiment(label, None, |project| fix.apply(project)))
}

/// A class that has validation samples is predicted for none.
pub fn class_never_predicted(case: &Case<'_>) -> Option<Evidence> {
    let (epochs, training) = (&case.history.epochs, &case.project.training);
    let last = epochs.last()?;
    let is_late = epochs.len() >= EPOCHS && epochs.len() as f64 >= SHARE * training.epochs as f64;
    let predictions = case.validation.and_then(Evaluation::classes).filter(|_| is_late || case.is_finished)?;
    let names = case.job.dataset.task.classes();
    let support = |class: usize| predictions.confusion.row(class).sum();
    let is_missed = |class: &usize| predictions.confusion.column(*class).sum() == 0 && support(*class) >= LEAST;
    let missed: Vec<usize> = (0..predictions.confusion.nrows()).filter(is_missed).collect();
    let class = *missed.first()?;
    let (others, are) = match missed.len() - 1 {
        0 => (String::new(), "is"),
        1 => (" and another class".to_owned(), "are"),
        others => (format!(" and {others} other classes"), "are"),
    };
    let name = names.get(class)?;
    let sentence = format!(
        "{name:?}{others} {are} never predicted after epoch {}; {} validation samples are {name:?}.",
        last.epoch,
        support(class)
    );
    let is_balanced = training.loss.class_weights().is_some_and(|weights| *weights != Default::default());
    let experiment = match is_balanced {
        false => case.experiment("Try balanced class weights", Some(last.step), |project| {
            project.set("training.loss.class_weights", "balanced")
        }),
        true => {
            let more = 2 * training.epochs;
            case.experiment(format!("Try {more} epochs"), None, |project| {
                project.training.epochs = more;
                Ok(())
            })
        }
    };
    case.at(last, sentence, experiment)
}
