//! What stands before and behind the network in the graph, so that a program gives raw numbers and gets final answers:
//! encoding, standardization and the naive forecast, the class, and the numbers in their own units.

use std::collections::HashSet;
use std::ops::Range;

use super::operations::cast;
use super::proto::DataType;
use super::writer::{ML, Writer, float, floats, int, texts};
use crate::data::scaling::{Naive, Standard};
use crate::data::{Feature, Vocabulary, column_ranges};
use crate::export::model::{Input, Model, Output};

/// An input as it is read, and as the network reads it.
pub struct Prepared {
    /// Numbers in their own units, or pixels.
    pub raw: String,
    /// `float`, the channels last.
    pub ready: String,
}

/// Declares the inputs of the graph, and prepares them.
pub fn input(writer: &mut Writer, model: &Model<'_>) -> Prepared {
    let shape = model.shape();
    writer.scope = "input".to_owned();
    match model.input {
        Input::Pixels => {
            let raw = writer.input("pixels", DataType::Float, shape.dims(), "from 0 to 255, the channels last");
            let most = writer.constant("most", &[], &[255f32]);
            Prepared { ready: writer.node("Div", &[&raw, &most], vec![]), raw }
        }
        Input::Tokens(text) => {
            let about = text.described().join(" ");
            let raw = writer.input("tokens", DataType::Int64, shape.dims(), &about);
            Prepared { ready: writer.node("Cast", &[&raw], vec![cast(DataType::Float)]), raw }
        }
        Input::Noise => {
            let about = "numbers from the standard normal distribution";
            let raw = writer.input("noise", DataType::Float, shape.dims(), about);
            Prepared { ready: raw.clone(), raw }
        }
        Input::Numbers { features, standard } => {
            let raw = match columns(model) {
                Some(columns) => table(writer, features, &columns),
                None => writer.input("numbers", DataType::Double, shape.dims(), "in their own units, NaN if missing"),
            };
            writer.scope = "input".to_owned();
            let numbers =
                if model.naive.is_some() { less_last_row(writer, &raw, shape.dims()[0]) } else { raw.clone() };
            let numbers = standardized(writer, numbers, standard);
            let known = known(writer, &numbers, 0.0);
            Prepared { raw, ready: writer.node("Cast", &[&known], vec![cast(DataType::Float)]) }
        }
    }
}

/// The columns of a table by their places in a row, where each is an input of its own: if they have names, of which none is
/// given twice.
pub fn columns(model: &Model<'_>) -> Option<Vec<Range<usize>>> {
    let Input::Numbers { features, .. } = model.input else { return None };
    let columns = column_ranges(features, features.len());
    let names: HashSet<&str> = columns.iter().map(|column| features[column.start].column.as_str()).collect();
    let are_named = names.len() == columns.len() && !names.contains("");
    (are_named && model.shape().is_flat() && features.len() == model.shape().len()).then_some(columns)
}

/// An input for each column, `[N, 1]` of numbers or of words, and the row of numbers that they are together.
fn table(writer: &mut Writer, features: &[Feature], columns: &[Range<usize>]) -> String {
    let inputs: Vec<String> = columns
        .iter()
        .map(|column| {
            let feature = &features[column.start];
            let of = if is_text(feature) { DataType::String } else { DataType::Double };
            writer.input(&feature.column, of, &[1], &about(feature))
        })
        .collect();
    let encoded: Vec<String> = inputs
        .iter()
        .zip(columns)
        .map(|(input, column)| {
            writer.scope = format!("input.{input}");
            encoded(writer, input, &features[column.clone()])
        })
        .collect();
    writer.scope = "input".to_owned();
    match &encoded[..] {
        [only] => only.clone(),
        several => writer.node("Concat", &several.iter().map(String::as_str).collect::<Vec<_>>(), vec![int("axis", 1)]),
    }
}

fn is_text(feature: &Feature) -> bool {
    feature.category.is_some() || feature.words.is_some()
}

/// What a column holds, for readers of the file.
fn about(feature: &Feature) -> String {
    let unit = feature.unit.as_deref();
    match (&feature.dates, is_text(feature)) {
        (Some(format), _) => format!("{}, from times written as {format}", unit.unwrap_or("days since 1970")),
        (None, true) => "a word; one that training had not, or none, is of no category".to_owned(),
        (None, false) => unit.unwrap_or_default().to_owned(),
    }
}

/// The numbers of a column, `double [N, features]`.
fn encoded(writer: &mut Writer, input: &str, features: &[Feature]) -> String {
    let first = features.first();
    if let Some(Vocabulary { first, list }) = first.and_then(|feature| feature.words.as_ref()) {
        let numbers = (first + 1..).take(list.len()).map(|number| number as f32).collect();
        let attributes =
            vec![texts("keys_strings", list), floats("values_floats", numbers), float("default_float", *first as f32)];
        let numbers = writer.node_of(ML, "LabelEncoder", &[input], attributes);
        return writer.node("Cast", &[&numbers], vec![cast(DataType::Double)]);
    }
    let categories: Vec<String> = features.iter().filter_map(|feature| feature.category.clone()).collect();
    if !categories.is_empty() {
        let attributes = vec![texts("cats_strings", &categories), int("zeros", 1)];
        let one_hot = writer.node_of(ML, "OneHotEncoder", &[input], attributes);
        let shape = writer.integers("shape", &[0, categories.len()]);
        let row = writer.node("Reshape", &[&one_hot, &shape], vec![]);
        return writer.node("Cast", &[&row], vec![cast(DataType::Double)]);
    }
    let code = first.and_then(|feature| feature.missing.as_deref()).and_then(|code| code.parse::<f64>().ok());
    let Some(code) = code else { return input.to_owned() };
    let (code, nan) = (writer.constant("missing", &[], &[code]), writer.constant("nan", &[], &[f64::NAN]));
    let is_missing = writer.node("Equal", &[input, &code], vec![]);
    writer.node("Where", &[&is_missing, &nan, input], vec![])
}

/// A window less the last of its rows.
fn less_last_row(writer: &mut Writer, window: &str, rows: usize) -> String {
    let last = writer.integers("last_row", &[rows.saturating_sub(1)]);
    let last = writer.node("Gather", &[window, &last], vec![int("axis", 1)]);
    writer.node("Sub", &[window, &last], vec![])
}

/// `(x - mean) / deviation` of the last axis.
fn standardized(writer: &mut Writer, numbers: String, standard: &Standard) -> String {
    if standard.mean.is_empty() {
        return numbers;
    }
    let [mean, deviation] = constants(writer, standard);
    let centered = writer.node("Sub", &[&numbers, &mean], vec![]);
    writer.node("Div", &[&centered, &deviation], vec![])
}

/// `y · deviation + mean` of the last axis, in double precision.
fn restored(writer: &mut Writer, numbers: &str, standard: &Standard) -> String {
    let numbers = writer.node("Cast", &[numbers], vec![cast(DataType::Double)]);
    if standard.mean.is_empty() {
        return numbers;
    }
    let [mean, deviation] = constants(writer, standard);
    let scaled = writer.node("Mul", &[&numbers, &deviation], vec![]);
    writer.node("Add", &[&scaled, &mean], vec![])
}

fn constants(writer: &mut Writer, standard: &Standard) -> [String; 2] {
    [("mean", &standard.mean), ("deviation", &standard.deviation)]
        .map(|(name, values)| writer.constant(name, &[values.len()], values))
}

/// The numbers with this one in place of those that are missing.
fn known(writer: &mut Writer, numbers: &str, otherwise: f64) -> String {
    let is_missing = writer.node("IsNaN", &[numbers], vec![]);
    let otherwise = writer.constant("otherwise", &[], &[otherwise]);
    writer.node("Where", &[&is_missing, &otherwise, numbers], vec![])
}

/// Declares the outputs of the graph: the last array of the network as a final answer, and of classes also which one
/// is predicted.
pub fn output(writer: &mut Writer, model: &Model<'_>, raw: &str, last: &str) {
    let dims = model.graph.output();
    writer.scope = "output".to_owned();
    match model.output {
        Output::Probabilities { classes, threshold } => {
            let position = position(writer, last, threshold);
            writer.output(last, "probabilities", DataType::Float, dims.dims(), &classes.join(", "));
            // OpenCV reads no strings, so for images the class is given by its position.
            if model.input == Input::Pixels {
                writer.output(&position, "class", DataType::Int64, &[], "the position of the predicted class, from 0");
                return;
            }
            let names = writer.constant("classes", &[classes.len()], classes);
            let label = writer.node("Gather", &[&names, &position], vec![int("axis", 0)]);
            writer.output(&label, "label", DataType::String, &[], "the predicted class");
        }
        Output::NextToken => {
            let about = "at each step the probability of every token to be the next";
            writer.output(last, "probabilities", DataType::Float, dims.dims(), about);
        }
        Output::Numbers { targets, standard, .. } => {
            let mut numbers = restored(writer, last, standard);
            if let Some(naive) = model.naive {
                let forecast = forecast(writer, naive, raw);
                numbers = writer.node("Add", &[&numbers, &forecast], vec![]);
            }
            writer.output(&numbers, "prediction", DataType::Double, dims.dims(), &targets.join(", "));
        }
        Output::Sample { standard } if standard.mean.is_empty() => {
            writer.output(last, "sample", DataType::Float, dims.dims(), "");
        }
        Output::Sample { standard } => {
            let numbers = restored(writer, last, standard);
            writer.output(&numbers, "sample", DataType::Double, dims.dims(), "in their own units");
        }
    }
}

/// The place of the class that is predicted: of the largest probability, or the second of two from the threshold on.
fn position(writer: &mut Writer, probabilities: &str, threshold: Option<f32>) -> String {
    let Some(threshold) = threshold else {
        return writer.node("ArgMax", &[probabilities], vec![int("axis", 1), int("keepdims", 0)]);
    };
    let second = writer.constant("second", &[], &[1i64]);
    let probability = writer.node("Gather", &[probabilities, &second], vec![int("axis", 1)]);
    let threshold = writer.constant("threshold", &[], &[threshold]);
    let is_second = writer.node("GreaterOrEqual", &[&probability, &threshold], vec![]);
    writer.node("Cast", &[&is_second], vec![cast(DataType::Int64)])
}

/// The naive forecast: the targets in one row of the window.
fn forecast(writer: &mut Writer, naive: &Naive, window: &str) -> String {
    let row = writer.constant("naive_row", &[], &[naive.row as i64]);
    let row = writer.node("Gather", &[window, &row], vec![int("axis", 1)]);
    let targets = writer.integers("targets", &naive.targets);
    writer.node("Gather", &[&row, &targets], vec![int("axis", 1)])
}
