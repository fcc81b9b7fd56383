//! A body as samples, and what the network says of them: exactly what `backprop predict` says of a file with these bytes.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::App;
use super::refusal::Refusal;
use crate::data::{DataError, Given};
use crate::predict::ahead::{Forecast, forecasts};
use crate::predict::{Prediction, Rows, RunPredictor, target_units};
use crate::project::RunFolder;
use crate::train::Predictor;

/// What errors call the body.
const NAME: &str = "the request";

/// Rows ahead that nobody waits for too long.
const MOST_AHEAD: usize = 10_000;

/// What is asked for beside the body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// So many rows beyond the end of a series.
    ahead: Option<usize>,
    /// Another threshold of two classes.
    threshold: Option<f32>,
    /// The body is bytes without a format: pixels.
    is_raw: bool,
}

impl Asked {
    /// Of the query of an address.
    pub fn of(query: &str, is_raw: bool) -> Result<Self, Refusal> {
        let mut asked = Self { is_raw, ..Self::default() };
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key {
                "ahead" => {
                    let rows = value.parse().ok().filter(|rows| (1..=MOST_AHEAD).contains(rows));
                    asked.ahead = Some(rows.ok_or_else(|| {
                        Refusal::bad(format!("ahead={value}: expected a number of rows from 1 to {MOST_AHEAD}"))
                    })?);
                }
                "threshold" => {
                    let share = value.parse().ok().filter(|share| (0.0..=1.0).contains(share));
                    asked.threshold = Some(share.ok_or_else(|| {
                        Refusal::bad(format!("threshold={value}: expected a probability from 0 to 1"))
                    })?);
                }
                _ => {
                    return Err(Refusal::bad(format!("{key} is unknown in the address; there is ahead and threshold")));
                }
            }
        }
        Ok(asked)
    }
}

/// What a network reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Images, and drawings where they are square and gray.
    Image,
    /// Rows with named columns.
    Table,
    /// Windows of rows with named columns.
    Series,
    /// Numbers without names.
    Numbers,
}

impl Kind {
    /// What the network of a run reads.
    pub fn of(run: &RunFolder) -> Self {
        let input = run.network.input();
        match (run.data.features.is_empty(), run.data.scaling.inputs.mean.is_empty()) {
            (true, true) if input.as_image().is_some() => Self::Image,
            (true, _) => Self::Numbers,
            (false, _) if input.as_steps().is_some() => Self::Series,
            (false, _) => Self::Table,
        }
    }
}

/// Predicts for what a body holds.
pub fn answer(app: &App, predictor: &mut Predictor, bytes: &[u8], asked: Asked) -> Result<Value, Refusal> {
    let (run, kind) = (&app.run, Kind::of(&app.run));
    if bytes.iter().all(u8::is_ascii_whitespace) && !(asked.is_raw && kind == Kind::Image) {
        return Err(Refusal::bad("the request has no body; GET /openapi.json describes what it takes"));
    }
    if asked.threshold.is_some() && run.threshold().is_none() {
        let classes = run.data.task.classes().len();
        return Err(Refusal::bad(format!("threshold is for two classes, and this network has {classes}")));
    }
    if asked.ahead.is_some() && kind != Kind::Series {
        return Err(Refusal::bad("ahead is for networks that forecast a series, which this one does not"));
    }
    let mut predictor = RunPredictor::new(run, asked.threshold.unwrap_or(app.settings.threshold), predictor);
    let given = Given { path: Path::new(NAME), contents: Some(bytes) };
    let mut said = Said { run, predictions: Vec::new(), remarks: Vec::new() };
    match kind {
        Kind::Image if asked.is_raw => {
            let len = sample_len(run, bytes.len(), "bytes")?;
            bytes.chunks_exact(len).for_each(|pixels| said.add(&predictor.pixels(pixels)));
        }
        Kind::Image if are_numbers(bytes) => {
            let numbers = numbers(bytes)?;
            let len = sample_len(run, numbers.len(), "numbers")?;
            let pixels = numbers.into_iter().map(pixel).collect::<Result<Vec<u8>, _>>()?;
            pixels.chunks_exact(len).for_each(|pixels| said.add(&predictor.pixels(pixels)));
        }
        Kind::Image => {
            let pictures = predictor.pictures(given).map_err(unfit)?;
            pictures.iter().for_each(|picture| said.add(&predictor.picture(picture)));
        }
        Kind::Series | Kind::Numbers if are_numbers(bytes) && asked.ahead.is_none() => {
            let numbers = numbers(bytes)?;
            let len = sample_len(run, numbers.len(), "numbers")?;
            numbers.chunks_exact(len).for_each(|row| said.add(&predictor.numbers(row)));
        }
        Kind::Numbers => {
            return Err(Refusal::unfit("the network reads numbers without names; send a list of them in JSON"));
        }
        Kind::Table | Kind::Series => {
            if kind == Kind::Table && are_numbers(bytes) {
                let what =
                    "a row is an object with the names of its columns, not a list; send {\"NAME\": value, …}, or CSV";
                return Err(Refusal::unfit(what));
            }
            let rows = Rows::read(run, given).map_err(unfit)?;
            said.remarks.extend(rows.notes.iter().map(ToString::to_string));
            if let Some(steps) = asked.ahead {
                let forecasts = forecasts(run, Path::new(NAME), &rows, steps).map_err(unfit)?;
                return Ok(ahead(forecasts, said.remarks));
            }
            let mut add = |row, prediction: Prediction| {
                said.add_row(row, &prediction);
                Ok::<_, Refusal>(())
            };
            predictor.rows(&rows, &mut add)?;
        }
    }
    Ok(said.into_json())
}

/// The predictions so far.
struct Said<'a> {
    run: &'a RunFolder,
    predictions: Vec<Value>,
    remarks: Vec<String>,
}

impl Said<'_> {
    fn add(&mut self, prediction: &Prediction) {
        self.predictions.push(prediction.to_json(&self.run.data).into());
    }

    fn add_row(&mut self, row: usize, prediction: &Prediction) {
        let mut told = prediction.to_json(&self.run.data);
        told.insert("row".to_owned(), row.into());
        self.predictions.push(told.into());
    }

    fn into_json(self) -> Value {
        let mut told = json!({ "predictions": self.predictions, "remarks": self.remarks });
        let classes = self.run.data.task.classes();
        if !classes.is_empty() {
            told["classes"] = json!(classes);
        }
        let units = units(self.run);
        if classes.is_empty() && !units.is_empty() {
            told["units"] = units.into();
        }
        told
    }
}

/// The unit of each column and target that has one.
pub fn units(run: &RunFolder) -> Map<String, Value> {
    let unit = |feature: &crate::data::Feature| Some((feature.column.clone(), feature.unit.clone()?.into()));
    run.data.features.iter().filter_map(unit).chain(target_units(&run.data)).collect()
}

fn ahead(forecasts: Vec<Forecast>, mut remarks: Vec<String>) -> Value {
    let mut told = Vec::new();
    for Forecast { series, remarks: of_series, rows } in forecasts {
        let place = if series.is_empty() { String::new() } else { format!("{series}: ") };
        remarks.extend(of_series.iter().map(|remark| format!("{place}{remark}")));
        let rows: Vec<_> = rows.iter().map(|row| json!({ "row": row.row, "forecast": row.to_json() })).collect();
        told.push(json!({ "series": Some(series).filter(|series| !series.is_empty()), "rows": rows }));
    }
    json!({ "forecasts": told, "remarks": remarks })
}

fn unfit(error: DataError) -> Refusal {
    Refusal::unfit(error.to_string().replace("--ahead ", "ahead="))
}

/// The numbers of a sample, if there are so many for one or several.
fn sample_len(run: &RunFolder, given: usize, what: &str) -> Result<usize, Refusal> {
    let input = run.network.input();
    let len = input.len();
    if given > 0 && len > 0 && given.is_multiple_of(len) {
        return Ok(len);
    }
    Err(Refusal::unfit(format!("{NAME} has {given} {what}, and a sample has {len} ({input})")))
}

/// Whether a text is a list of numbers, or of lists of them, in JSON.
fn are_numbers(bytes: &[u8]) -> bool {
    let mut rest = bytes.iter().skip_while(|byte| byte.is_ascii_whitespace());
    let is_list = rest.next() == Some(&b'[');
    let first = rest.find(|byte| !byte.is_ascii_whitespace() && **byte != b'[');
    is_list && first.is_some_and(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'n' | b']'))
}

/// The numbers of lists within lists, in their order; null is a missing number.
fn numbers(bytes: &[u8]) -> Result<Vec<f64>, Refusal> {
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| Refusal::bad(format!("{NAME} is not JSON: {error}")))?;
    let mut numbers = Vec::new();
    flatten(&value, &mut numbers)?;
    Ok(numbers)
}

fn flatten(value: &Value, numbers: &mut Vec<f64>) -> Result<(), Refusal> {
    match value {
        Value::Array(list) => list.iter().try_for_each(|value| flatten(value, numbers)),
        Value::Null => {
            numbers.push(f64::NAN);
            Ok(())
        }
        Value::Number(number) => {
            numbers.extend(number.as_f64());
            Ok(())
        }
        other => Err(Refusal::unfit(format!("{NAME} is a list of numbers that holds {other}"))),
    }
}

fn pixel(number: f64) -> Result<u8, Refusal> {
    let is_pixel = (0.0..=255.0).contains(&number) && number.fract() == 0.0;
    let what = || format!("{number} is no pixel; pixels are whole numbers from 0 to 255");
    if is_pixel { Ok(number as u8) } else { Err(Refusal::unfit(what())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_numbers_are_told_from_lists_of_objects() {
        for (text, expected) in [
            ("[1, 2]", true),
            (" [ [ -1.5 ] ]", true),
            ("[null]", true),
            ("[]", true),
            ("[{\"a\": 1}]", false),
            ("[[{\"x\": 1}]]", false),
            ("{\"a\": 1}", false),
            ("a,b\n1,2", false),
            ("", false),
        ] {
            assert_eq!(are_numbers(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(numbers(b"[[1, 2], [3.5, -4]]").unwrap(), [1.0, 2.0, 3.5, -4.0]);
        assert!(numbers(b"[null]").unwrap()[0].is_nan());
    }
}
