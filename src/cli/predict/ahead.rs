//! `backprop predict --ahead`: forecasts beyond the end of a table, each with an interval.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::terminal::{percent, significant};
use super::super::{CliError, note, say, shown};
use crate::data::note::counted;
use crate::data::sources::series::{Forecasting, Part};
use crate::data::{DataError, Known};
use crate::project::RunFolder;
use crate::train::ahead::{COVERAGE, Past};

/// What was asked for.
#[derive(Clone, Copy)]
pub struct Asked {
    /// Rows beyond the end.
    pub steps: usize,
    /// Whether the answer is one JSON object a line.
    pub json: bool,
}

/// Forecasts beyond the end of each series of a table, which is that of its last part.
pub fn forecast(
    path: &Path,
    run: &RunFolder,
    known: &Known<'_>,
    parts: &[Part],
    asked: Asked,
) -> Result<Result<(), DataError>, CliError> {
    if parts.is_empty() {
        return Ok(Err(DataError::File { path: path.to_owned(), what: "has no rows".to_owned() }));
    }
    for parts in parts.chunk_by(|one, other| one.series == other.series) {
        if let Err(error) = forecast_series(path, run, known, parts, asked)? {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

fn forecast_series(
    path: &Path,
    run: &RunFolder,
    known: &Known<'_>,
    parts: &[Part],
    Asked { steps, json }: Asked,
) -> Result<Result<(), DataError>, CliError> {
    let fail = |what: &str| Ok(Err(DataError::File { path: path.to_owned(), what: what.to_owned() }));
    let Forecasting { targets, horizon, test_share } = match Forecasting::of(known) {
        Ok(forecasting) => forecasting,
        Err(error) => return Ok(Err(error)),
    };
    let columns = run.network.input().channels();
    let Some(Part { series, rows }) = parts.last() else { return fail("has no rows") };
    let place = if series.is_empty() { shown(path) } else { format!("{}, {series}", shown(path)) };
    let held_out = (rows.len() / columns) as f32 * (1.0 - test_share);
    let past = Past { rows, columns, targets: &targets, horizon, held_out: held_out as usize };
    if let Some(furthest) = past.furthest().filter(|furthest| *furthest < steps) {
        return fail(&format!(
            "can be forecast {} ahead, since the network reads columns that it does not forecast; say --ahead {furthest}",
            counted(furthest, "row")
        ));
    }
    let Some(ahead) = past.ahead(run.trained(), steps) else {
        return fail("is shorter than the window of the network, or ends in missing numbers");
    };
    let say_of = |what: String| note(format_args!("{place}: {what}"));
    if parts.len() > 1 {
        say_of(format!("the last of {} parts is forecast", parts.len()));
    }
    let (coverage, held) = (percent(COVERAGE as f32), percent(test_share));
    say_of(match ahead.interval {
        Some(_) => format!(
            "the intervals reach as far as {coverage} of the errors of {} that begin in the last {held} of its rows",
            counted(ahead.origins, "forecast"),
        ),
        None => format!("too few forecasts as far as this fit into the last {held} of its rows to give intervals"),
    });
    let before: usize = parts.iter().map(|part| part.rows.len() / columns).sum();
    for (step, values) in ahead.values.chunks_exact(targets.len()).enumerate() {
        let row = before + step + 1;
        let column = |at: usize| run.data.features.get(targets[at]).map_or("", |feature| &feature.column);
        let bounds = |at: usize| {
            ahead.interval.as_ref().map(|interval| [0, 1].map(|end| interval[end][step * targets.len() + at]))
        };
        let said = (0..values.len()).map(|at| (column(at), values[at], bounds(at)));
        if json {
            let told: Map<_, _> = said
                .map(|(column, value, bounds)| {
                    let [low, high] = bounds.map_or([Value::Null, Value::Null], |bounds| bounds.map(Value::from));
                    (column.to_owned(), json!({ "value": value, "low": low, "high": high }))
                })
                .collect();
            let mut line = json!({ "file": shown(path), "row": row, "forecast": told });
            if !series.is_empty() {
                line["series"] = json!(series);
            }
            say(line)?;
            continue;
        }
        let texts = said.map(|(column, value, bounds)| {
            let interval =
                bounds.map_or(String::new(), |[low, high]| format!(" ({} to {})", significant(low), significant(high)));
            format!("{column} {}{interval}", significant(value))
        });
        say(format_args!("{place}, row {row}: {}", texts.collect::<Vec<_>>().join(", ")))?;
    }
    Ok(Ok(()))
}
