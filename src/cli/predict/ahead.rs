//! `backprop predict --ahead`: forecasts beyond the end of a table, each with an interval.

use std::path::Path;

use serde_json::json;

use super::super::terminal::significant;
use super::super::{CliError, note, say, shown};
use crate::data::DataError;
use crate::predict::Rows;
use crate::predict::ahead::{Forecast, ForecastRow, ForecastValue, forecasts};
use crate::project::RunFolder;

/// What was asked for.
#[derive(Clone, Copy)]
pub struct Asked {
    /// Rows beyond the end.
    pub steps: usize,
    /// Whether the answer is one JSON object a line.
    pub json: bool,
}

/// Forecasts beyond the end of each series of a table.
pub fn forecast(
    path: &Path,
    run: &RunFolder,
    rows: &Rows,
    Asked { steps, json }: Asked,
) -> Result<Result<(), DataError>, CliError> {
    let forecasts = match forecasts(run, path, rows, steps) {
        Ok(forecasts) => forecasts,
        Err(error) => return Ok(Err(error)),
    };
    for Forecast { series, remarks, rows } in forecasts {
        let place = if series.is_empty() { shown(path) } else { format!("{}, {series}", shown(path)) };
        remarks.iter().for_each(|remark| note(format_args!("{place}: {remark}")));
        for forecast in rows {
            if json {
                let mut line = json!({ "file": shown(path), "row": forecast.row, "forecast": forecast.to_json() });
                if !series.is_empty() {
                    line["series"] = json!(series);
                }
                say(line)?;
                continue;
            }
            let ForecastRow { row, values } = forecast;
            let texts = values.iter().map(|ForecastValue { column, value, bounds }| {
                let interval = bounds
                    .map_or(String::new(), |[low, high]| format!(" ({} to {})", significant(low), significant(high)));
                format!("{column} {}{interval}", significant(*value))
            });
            say(format_args!("{place}, row {row}: {}", texts.collect::<Vec<_>>().join(", ")))?;
        }
    }
    Ok(Ok(()))
}
