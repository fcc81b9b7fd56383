//! Forecasts beyond the end of a table, each with an interval.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::Rows;
use crate::data::note::counted;
use crate::data::sources::series::{Forecasting, Part};
use crate::data::{DataError, Known};
use crate::project::RunFolder;
use crate::train::ahead::{COVERAGE, Past};
use crate::train::metrics::percent;

/// The forecast of a series, which is that of its last part.
pub struct Forecast {
    /// The name of the series; empty where there is one alone.
    pub series: String,
    /// What there is to say of it.
    pub remarks: Vec<String>,
    /// The rows beyond its end.
    pub rows: Vec<ForecastRow>,
}

/// A row beyond the end of a series.
pub struct ForecastRow {
    /// Its number, counted from the first row of the table.
    pub row: usize,
    /// The forecast of each column.
    pub values: Vec<ForecastValue>,
}

/// The forecast of a column.
pub struct ForecastValue {
    /// Its name.
    pub column: String,
    /// The forecast.
    pub value: f64,
    /// The lower and upper bound of the interval; nothing where too little of the series was held out.
    pub bounds: Option<[f64; 2]>,
}

impl ForecastRow {
    /// The columns by their names.
    pub fn to_json(&self) -> Value {
        let of = |ForecastValue { column, value, bounds }: &ForecastValue| {
            let [low, high] = bounds.map_or([Value::Null, Value::Null], |bounds| bounds.map(Value::from));
            (column.clone(), json!({ "value": value, "low": low, "high": high }))
        };
        self.values.iter().map(of).collect::<Map<_, _>>().into()
    }
}

/// Forecasts so many rows beyond the end of each series of a table; errors call it by this name.
///
/// # Errors
/// If it has no rows, is too short, or the network cannot forecast so far.
pub fn forecasts(run: &RunFolder, path: &Path, rows: &Rows, steps: usize) -> Result<Vec<Forecast>, DataError> {
    let refuse = |what: &str| DataError::File { path: path.to_owned(), what: what.to_owned() };
    let known = run.known().ok_or_else(|| refuse("is a table, and the network does not read named columns"))?;
    if rows.parts.is_empty() {
        return Err(refuse("has no rows"));
    }
    let series = rows.parts.chunk_by(|one, other| one.series == other.series);
    series.map(|parts| forecast(run, path, &known, parts, steps)).collect()
}

fn forecast(
    run: &RunFolder,
    path: &Path,
    known: &Known<'_>,
    parts: &[Part],
    steps: usize,
) -> Result<Forecast, DataError> {
    let refuse = |what: &str| DataError::File { path: path.to_owned(), what: what.to_owned() };
    let Forecasting { targets, horizon, test_share } = Forecasting::of(known)?;
    let columns = run.network.input().channels();
    let Some(Part { series, rows, .. }) = parts.last() else { return Err(refuse("has no rows")) };
    let held_out = (rows.len() / columns) as f32 * (1.0 - test_share);
    let past = Past { rows, columns, targets: &targets, horizon, held_out: held_out as usize };
    if let Some(furthest) = past.furthest().filter(|furthest| *furthest < steps) {
        return Err(refuse(&format!(
            "can be forecast {} ahead, since the network reads columns that it does not forecast; say --ahead {furthest}",
            counted(furthest, "row")
        )));
    }
    let Some(ahead) = past.ahead(run.trained(), steps) else {
        return Err(refuse("is shorter than the window of the network, or ends in missing numbers"));
    };
    let mut remarks = Vec::new();
    if parts.len() > 1 {
        remarks.push(format!("the last of {} parts is forecast", parts.len()));
    }
    let (coverage, held) = (percent(COVERAGE as f32), percent(test_share));
    remarks.push(match ahead.interval {
        Some(_) => format!(
            "the intervals reach as far as {coverage} of the errors of {} that begin in the last {held} of its rows",
            counted(ahead.origins, "forecast"),
        ),
        None => format!("too few forecasts as far as this fit into the last {held} of its rows to give intervals"),
    });
    let before: usize = parts.iter().map(Part::count).sum();
    let column = |at: usize| run.data.features.get(targets[at]).map_or("", |feature| &feature.column).to_owned();
    let row = |(step, values): (usize, &[f64])| {
        let bounds = |at: usize| {
            ahead.interval.as_ref().map(|interval| [0, 1].map(|end| interval[end][step * targets.len() + at]))
        };
        let value =
            |(at, value): (usize, &f64)| ForecastValue { column: column(at), value: *value, bounds: bounds(at) };
        ForecastRow { row: before + step + 1, values: values.iter().enumerate().map(value).collect() }
    };
    let rows = ahead.values.chunks_exact(targets.len()).enumerate().map(row).collect();
    Ok(Forecast { series: series.clone(), remarks, rows })
}
