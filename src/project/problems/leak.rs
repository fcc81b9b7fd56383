//! Target leakage: a column of a table that alone predicts nearly every target, as the code of an outcome does or a sum
//! that the target is a part of. Networks that learn from it fail where it is not known yet.

use std::collections::HashMap;

use super::{Case, Problem};
use crate::data::dataset::Modality;
use crate::data::sources::can_ignore;
use crate::data::{Dataset, TargetData, pearson};

/// A column that alone is right for this share of the samples gives the answer away.
const TELLS: f64 = 0.995;

/// The same for numbers: the share of their variance.
const EXPLAINS: f64 = 0.9999;

/// Where one class is this frequent, every column is right for most samples.
const FREQUENT: f64 = 0.9;

/// Cells that are looked at, since problems are looked for at every change of a setting.
const LOOKED_AT: usize = 100_000;

/// Fewer samples than this may be told apart by chance.
const LEAST: usize = 50;

/// Parts into which the numbers of a column are divided, each with as many samples.
const PARTS: usize = 20;

/// Checks the columns of a table.
pub fn check(case: &Case<'_>) -> Vec<Problem> {
    let Case { dataset, project, .. } = case;
    let Some(rows) = looked_at(case) else { return Vec::new() };
    let columns = columns(dataset);
    let tells = |features: &[usize]| match &dataset.train.targets {
        TargetData::Classes(_) => {
            recognized(dataset, &rows, &parts(dataset, &rows, features)).filter(|share| *share >= TELLS)
        }
        TargetData::Numbers { width: 1, .. } => explained(dataset, &rows, features).filter(|share| *share >= EXPLAINS),
        TargetData::Numbers { .. } | TargetData::Itself { .. } | TargetData::Steps { .. } => None,
    };
    let tells_missing = |features: &[usize]| match &dataset.train.targets {
        TargetData::Classes(_) => recognized(dataset, &rows, &missing(dataset, &rows, features)?),
        TargetData::Numbers { .. } | TargetData::Itself { .. } | TargetData::Steps { .. } => None,
    };
    let problem = |(name, features): &(&str, Vec<usize>)| {
        let (subject, share) = match tells_missing(features).filter(|share| *share >= TELLS) {
            Some(share) => (format!("whether {name:?} is missing"), share),
            None => (format!("the column {name:?}"), tells(features)?),
        };
        let what = format!(
            "{subject} alone tells the target in {:.1} %; if it is not known before the answer is, leave the column out",
            100.0 * share
        );
        let mut source = project.data.source.clone();
        source.single_mut()?.overrule("ignore", name);
        let label = format!("Leave {name} out");
        Some(Problem::warning("data.source", what).set(label, &[("data.source", &source.to_string())]))
    };
    columns.iter().filter_map(problem).collect()
}

/// The rows that are looked at; none where a column cannot be left out, or where there are few rows.
pub fn looked_at(case: &Case<'_>) -> Option<Vec<usize>> {
    let Case { dataset, split, project, .. } = case;
    project.data.source.single().filter(|part| can_ignore(part))?;
    // A table of one column has nothing else to learn from.
    if dataset.modality() != Modality::Table || columns(dataset).len() < 2 {
        return None;
    }
    let most = (LOOKED_AT / dataset.features.len().max(1)).max(LEAST);
    let step = split.train.len().div_ceil(most).max(1);
    let rows: Vec<usize> = split.train.iter().step_by(step).map(|row| *row as usize).collect();
    (rows.len() >= LEAST).then_some(rows)
}

/// The features of each column.
fn columns(dataset: &Dataset) -> Vec<(&str, Vec<usize>)> {
    let mut columns: Vec<(&str, Vec<usize>)> = Vec::new();
    for (at, feature) in dataset.features.iter().enumerate() {
        match columns.last_mut().filter(|last| last.0 == feature.column) {
            Some((_, features)) => features.push(at),
            None => columns.push((&feature.column, vec![at])),
        }
    }
    columns
}

/// The share of the samples whose class is the most frequent one among those with a like value; none where guessing is
/// nearly as good.
fn recognized(dataset: &Dataset, rows: &[usize], parts: &[usize]) -> Option<f64> {
    let class_of = |row: usize| dataset.train.class_of(row);
    let guessed = most_frequent(rows.iter().map(|row| (0, class_of(*row)))) as f64 / rows.len() as f64;
    let right = most_frequent(parts.iter().zip(rows).map(|(part, row)| (*part, class_of(*row))));
    (guessed < FREQUENT).then_some(right as f64 / rows.len() as f64)
}

/// How many are of the most frequent class of their part.
fn most_frequent<Class: std::hash::Hash + Eq>(samples: impl Iterator<Item = (usize, Class)>) -> usize {
    let mut counts: HashMap<usize, HashMap<Class, usize>> = HashMap::new();
    for (part, class) in samples {
        *counts.entry(part).or_default().entry(class).or_default() += 1;
    }
    // A value that comes once tells its sample from all others, and nothing of its class.
    counts.values().filter_map(|classes| classes.values().max()).filter(|count| **count > 1).sum()
}

/// Whether the number of each sample is missing; none where all numbers are there, or the column has categories.
fn missing(dataset: &Dataset, rows: &[usize], features: &[usize]) -> Option<Vec<usize>> {
    let [feature] = features else { return None };
    let is_missing = |row: &usize| usize::from(dataset.train.numbers_of(*row)[*feature].is_nan());
    let parts: Vec<usize> = rows.iter().map(is_missing).collect();
    parts.contains(&1).then_some(parts)
}

/// The part of each sample: its category, or one of a few parts of equal size in the order of the numbers.
fn parts(dataset: &Dataset, rows: &[usize], features: &[usize]) -> Vec<usize> {
    let numbers = |row: usize| dataset.train.numbers_of(row);
    if dataset.features[features[0]].category.is_some() {
        let category = |row: &usize| features.iter().position(|at| numbers(*row)[*at] == 1.0).map_or(0, |at| at + 1);
        return rows.iter().map(category).collect();
    }
    let at = features[0];
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|a, b| numbers(rows[*a])[at].total_cmp(&numbers(rows[*b])[at]));
    let mut parts = vec![0; rows.len()];
    let (mut part, mut size) = (0, 0);
    for (rank, place) in order.iter().enumerate() {
        let [before, number] = [order[rank.saturating_sub(1)], *place].map(|place| numbers(rows[place])[at]);
        let (is_new, is_first_missing) = (before < number, number.is_nan() && !before.is_nan());
        if is_new && size >= rows.len() / PARTS || is_first_missing {
            (part, size) = (part + 1, 0);
        }
        parts[*place] = part;
        size += 1;
    }
    parts
}

/// The share of the variance of the target that a straight line on the column explains, r², or of the variance of its ranks that
/// those of the column explain, where the target rises or falls with the column along a curve.
fn explained(dataset: &Dataset, rows: &[usize], features: &[usize]) -> Option<f64> {
    let [feature] = features else { return None };
    let TargetData::Numbers { values, width } = &dataset.train.targets else { return None };
    let column: Vec<f64> = rows.iter().map(|row| dataset.train.numbers_of(*row)[*feature]).collect();
    let target: Vec<f64> = rows.iter().map(|row| values[*row * width]).collect();
    let of = |column: &[f64], target: &[f64]| pearson(column, target).map(|r| r * r);
    let line = of(&column, &target)?;
    // Ranks of numbers that come several times are alike by chance.
    let curve = if is_fine(&column) && is_fine(&target) { of(&ranks(&column), &ranks(&target)) } else { None };
    Some(line.max(curve.unwrap_or(0.0)))
}

/// Whether most numbers are different.
fn is_fine(numbers: &[f64]) -> bool {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    sorted.len() * 2 > numbers.len()
}

/// The place of each number in the order of all; NaN where there is none.
fn ranks(numbers: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|a, b| numbers[*a].total_cmp(&numbers[*b]));
    let mut ranks = vec![f64::NAN; numbers.len()];
    let mut before = 0;
    for alike in order.chunk_by(|a, b| numbers[*a] == numbers[*b]) {
        // Those that are alike share the middle of their places.
        let rank = before as f64 + (alike.len() - 1) as f64 / 2.0;
        before += alike.len();
        alike.iter().filter(|at| !numbers[**at].is_nan()).for_each(|at| ranks[*at] = rank);
    }
    ranks
}
