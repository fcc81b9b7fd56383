//! `backprop evaluate RUN --importance`: how much each column of a table matters.

use serde_json::{Value, json};

use super::{CliError, say};
use crate::data::{Modality, column_ranges};
use crate::explain::importance::{Importance, REPEATS, Trial};
use crate::train::metrics::{Metric, Unit};
use crate::train::{Job, Subset};
use backprop_nn::Weights;

/// Decides how columns are shuffled.
const SEED: u64 = 1;

/// How far a score falls without each column, the most important first.
pub struct Columns {
    metric: &'static Metric,
    falls: Vec<(String, Importance)>,
}

impl Columns {
    /// Of the samples of a subset.
    pub fn of(job: &Job, weights: &Weights, part: Subset) -> Result<Self, CliError> {
        let dataset = &job.dataset;
        let (samples, at) = job.part(part);
        let trial = Trial::new(job.trained(weights), samples, &at).filter(|_| dataset.modality() == Modality::Table);
        let Some(trial) = trial else {
            let what = "--importance is for a table with a target and at least two rows; without it, the rest is told";
            return Err(CliError::Usage(what.to_owned()));
        };
        let width = dataset.shape.len();
        let ranges = column_ranges(&dataset.features, width);
        let name = |at: usize| dataset.features.get(at).map_or_else(|| (at + 1).to_string(), |it| it.column.clone());
        let names = ranges.iter().map(|range| name(range.start));
        let mut falls: Vec<_> = names.zip(trial.importances(trial.score(), &ranges, SEED)).collect();
        falls.sort_by(|(_, one), (_, other)| other.mean.total_cmp(&one.mean));
        Ok(Self { metric: trial.metric(), falls })
    }

    /// A line for each column.
    pub fn tell(&self) -> Result<(), CliError> {
        let what = match self.metric.unit {
            Unit::Percent => format!("{} falls by %", self.metric.label),
            Unit::Number => format!("{} falls by", self.metric.label),
        };
        say(format_args!("{:28} {what}, mean and std of {REPEATS} shuffles", "column"))?;
        self.falls.iter().try_for_each(|(name, Importance { mean, deviation })| match self.metric.unit {
            Unit::Percent => say(format_args!("{name:28} {:>10.1} ± {:.1}", 100.0 * mean, 100.0 * deviation)),
            Unit::Number => say(format_args!("{name:28} {mean:>10.4} ± {deviation:.4}")),
        })
    }

    /// `[{"column": "weight", "mean": 0.12, "std": 0.01}, …]`.
    pub fn to_json(&self) -> Value {
        let of =
            |(name, fall): &(String, Importance)| json!({ "column": name, "mean": fall.mean, "std": fall.deviation });
        self.falls.iter().map(of).collect()
    }
}
