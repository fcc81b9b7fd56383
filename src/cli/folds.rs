//! `backprop train PROJECT --folds K`: cross-validation.

use serde_json::{Map, Value, json};

use super::terminal::{figure_text, named};
use super::trials::headline;
use super::{CliError, say};
use crate::runs::folds::spreads;
use crate::runs::trial::TrialResult;
use crate::train::metrics::Figure;

/// The line of a fold.
pub fn tell_fold(fold: &TrialResult, number: usize, count: usize, json: bool) -> Result<(), CliError> {
    let TrialResult { train, validation, .. } = fold;
    if json {
        let mut line = json!({
            "event": "fold", "fold": number, "folds": count, "train_samples": train, "validation_samples": validation,
        });
        fold.figures.iter().for_each(|figure| line[figure.metric.key] = figure.value.into());
        return say(line);
    }
    let headline = headline(fold);
    say(format_args!("fold {number} of {count}: {headline} on {validation} samples, trained on {train}"))
}

/// Mean and standard deviation of every figure over the folds.
pub fn tell(found: &[TrialResult], json: bool) -> Result<(), CliError> {
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
