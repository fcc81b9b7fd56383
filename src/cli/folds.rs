//! `backprop train PROJECT --folds K`: cross-validation.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Map, Value, json};

use super::terminal::{figure_text, named};
use super::{CliError, say};
use crate::data::Dataset;
use crate::project::Project;
use crate::project::folds::{Fold, FoldNews, FoldsError, spreads};
use crate::train::metrics::Figure;

/// How a cross-validation is done and told.
pub struct Folds {
    pub count: usize,
    pub threads: usize,
    pub json: bool,
}

impl From<FoldsError> for CliError {
    fn from(error: FoldsError) -> Self {
        match error {
            FoldsError::Diverged(what) => Self::Diverged(what),
            error => Self::Failed(error.to_string()),
        }
    }
}

/// Trains for every fold, tells each as it is done, and at the end mean and spread.
pub fn run(project: &Project, dataset: &Dataset, folds: &Folds, interrupted: &AtomicBool) -> Result<(), CliError> {
    let Folds { count, threads, json } = *folds;
    let (mut found, mut said) = (Vec::new(), Ok(()));
    let done = project.cross_validate(dataset, count, threads, |news| {
        if let FoldNews::Fold(fold) = news {
            said = tell_fold(&fold, found.len() + 1, folds);
            found.push(fold);
        }
        said.is_ok() && !interrupted.load(Ordering::Relaxed)
    });
    said?;
    done?;
    tell(&found, json)
}

fn tell_fold(fold: &Fold, number: usize, folds: &Folds) -> Result<(), CliError> {
    let (Fold { train, validation, figures, headline }, count) = (fold, folds.count);
    if folds.json {
        let mut line = json!({
            "event": "fold", "fold": number, "folds": count, "train_samples": train, "validation_samples": validation,
        });
        figures.iter().for_each(|figure| line[figure.metric.key] = figure.value.into());
        return say(line);
    }
    let figures = figures.iter().filter(|figure| headline.contains(&figure.metric));
    let headline = figures.filter_map(in_words).collect::<Vec<_>>().join(", ");
    say(format_args!("fold {number} of {count}: {headline} on {validation} samples, trained on {train}"))
}

fn in_words(figure: &Figure) -> Option<String> {
    Some(format!("{} {}", named(figure.metric), figure_text(*figure)?))
}

/// Mean and standard deviation of every figure over the folds.
fn tell(found: &[Fold], json: bool) -> Result<(), CliError> {
    let (mut means, mut deviations, mut lines) = (Map::new(), Map::new(), Vec::new());
    for spread in spreads(found) {
        let metric = spread.metric;
        let text = |value| figure_text(Figure { metric, value }).unwrap_or_else(|| "-".to_owned());
        let name = named(metric);
        lines.push(format!("{name:28} {:>10}  ± {}", text(spread.mean), text(spread.deviation)));
        means.insert(metric.key.to_owned(), spread.mean.into());
        deviations.insert(metric.key.to_owned(), spread.deviation.into());
    }
    if json {
        let (mean, spread) = (Value::Object(means), Value::Object(deviations));
        return say(json!({ "event": "folds", "folds": found.len(), "mean": mean, "spread": spread }));
    }
    say(format_args!("{:28} {:>10}  ± standard deviation over {} folds", "", "mean", found.len()))?;
    lines.iter().try_for_each(say)
}
