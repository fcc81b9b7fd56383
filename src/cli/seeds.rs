//! `backprop train PROJECT --seeds K`: the same training with several seeds.

use serde_json::{Map, json};

use super::terminal::{figure_text, named};
use super::trials::headline;
use super::{CliError, say};
use crate::runs::seeds::ranges;
use crate::runs::statistics::Range;
use crate::runs::trial::TrialResult;
use crate::train::Metric;
use crate::train::metrics::Figure;

/// The line of a seed.
pub fn tell_seed(result: &TrialResult, seed: u64, json: bool) -> Result<(), CliError> {
    if json {
        let mut line = json!({ "event": "seed", "seed": seed, "validation_samples": result.validation });
        result.figures.iter().for_each(|figure| line[figure.metric.key] = figure.value.into());
        return say(line);
    }
    say(format_args!("seed {seed}: {} on {} samples", headline(result), result.validation))
}

/// Median and range of every figure over the seeds.
pub fn tell(found: &[TrialResult], json: bool) -> Result<(), CliError> {
    let ranges = ranges(found);
    if json {
        let of = |value: fn(&Range) -> f64| -> Map<_, _> {
            ranges.iter().map(|(metric, range)| (metric.key.to_owned(), range.as_ref().map(value).into())).collect()
        };
        return say(json!({
            "event": "seeds", "seeds": found.len(),
            "median": of(|range| range.median), "low": of(|range| range.low), "high": of(|range| range.high),
        }));
    }
    say(format_args!("{:28} {:>10}  range over {} seeds", "", "median", found.len()))?;
    ranges
        .iter()
        .try_for_each(|(metric, range)| say(format_args!("{:28} {}", named(metric), range_text(metric, *range))))
}

/// "    97.2 %  94.4 % to 100 %"
pub fn range_text(metric: &'static Metric, range: Option<Range>) -> String {
    let text = |value| figure_text(Figure { metric, value: Some(value) }).unwrap_or_default();
    range.map_or_else(
        || format!("{:>10}", "-"),
        |Range { median, low, high }| format!("{:>10}  {} to {}", text(median), text(low), text(high)),
    )
}
