//! What the problems know of classes and columns, with the numbers also where all is well.

use super::{Case, Finding, percent};
use crate::project::problems::{self, Problem, data, leak};
use backprop_nn::loss::ClassWeights;

/// Checks how many samples each class has.
pub fn balance(case: &Case<'_>) -> Finding {
    let (dataset, split) = (&case.job.dataset, &case.job.split);
    let names = dataset.task.classes();
    if names.is_empty() || case.job.adversary.is_some() {
        return Finding::not_applicable("There are no classes to predict.");
    }
    let counts = dataset.train.class_counts_at(names.len(), &split.train);
    let extreme = |(at, count): (usize, &usize)| {
        format!("{:?}, has {}", names[at], percent(*count as f64 / split.train.len() as f64))
    };
    let ranked = || counts.iter().enumerate();
    let (most, least) = (ranked().max_by_key(|(_, count)| **count), ranked().min_by_key(|(_, count)| **count));
    let (Some(most), Some(least)) = (most, least) else { return Finding::not_applicable("There are no classes.") };
    let weighted = match case.project.training.loss.class_weights() {
        Some(weights) if *weights != ClassWeights::Equal => ", and the loss weighs the classes",
        _ => "",
    };
    match data::classes(&problem_case(case)).first() {
        Some(problem) => Finding::failed(problem.sentence()),
        None => Finding::passed(format!(
            "Of the training samples the largest class, {}, the smallest, {}{weighted}.",
            extreme(most),
            extreme(least)
        )),
    }
}

/// Checks whether a column alone tells the target.
pub fn leak(case: &Case<'_>) -> Finding {
    let case = problem_case(case);
    match (leak::looked_at(&case), leak::check(&case).as_slice()) {
        (None, _) => {
            Finding::not_applicable("The samples are not the rows of a table with several columns, or too few.")
        }
        (Some(rows), []) => Finding::passed(format!("No column alone tells the target in {} rows.", rows.len())),
        (Some(_), problems) => Finding::failed(problems.iter().map(Problem::sentence).collect::<Vec<_>>().join(" ")),
    }
}

fn problem_case<'a>(case: &Case<'a>) -> problems::Case<'a> {
    case.project.case(&case.job.dataset, &case.job.split, case.job.threads)
}
