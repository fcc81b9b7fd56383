//! The description of the server for programs, OpenAPI 3.1, made from what the run knows of its data.

use std::fmt::Write as _;

use chrono::{NaiveDate, NaiveTime};
use serde_json::{Map, Value, json};

use super::App;
use super::answer::Kind;
use crate::data::{Feature, column_ranges};
use crate::project::RunFolder;

/// Words of a column that are listed.
const LISTED: usize = 50;

/// The description.
pub fn description(app: &App) -> Value {
    let run = &app.run;
    let refusals = [
        ("400", "The request is wrong: no body, or an unknown parameter."),
        ("408", "The request took too long to arrive."),
        ("413", "The request is too large."),
        ("415", "The body is wrapped in a way that is not read."),
        ("422", "The body is not what the network reads, such as a table that lacks a column."),
    ];
    let mut responses: Map<String, Value> = refusals
        .into_iter()
        .map(|(status, what)| {
            let schema = json!({ "$ref": "#/components/schemas/Refusal" });
            (status.to_owned(), json!({ "description": what, "content": json_content(schema) }))
        })
        .collect();
    let answered = json!({ "$ref": "#/components/schemas/Answer" });
    responses.insert(
        "200".to_owned(),
        json!({ "description": "What the network says.", "content": json_content(answered) }),
    );
    let text = |about: &str| json!({ "200": { "description": about } });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": app.name,
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!("The network {} of Backprop Studio: {}.", run.project.name, run.head().name()),
        },
        "servers": [{ "url": format!("http://{}", app.address) }],
        "paths": {
            "/predict": { "post": {
                "summary": "Predict",
                "operationId": "predict",
                "parameters": parameters(run),
                "requestBody": { "required": true, "content": content(run) },
                "responses": responses,
            } },
            "/health": { "get": { "summary": "Whether the server answers", "responses": text("It does.") } },
            "/openapi.json": { "get": { "summary": "This description", "responses": text("OpenAPI 3.1.") } },
            "/": { "get": { "summary": "A page for people", "responses": text("HTML.") } },
        },
        "components": { "schemas": schemas(run) },
    })
}

fn json_content(schema: Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

fn parameters(run: &RunFolder) -> Value {
    let parameter = |name: &str, about: &str, schema: Value| json!({ "name": name, "in": "query", "required": false, "description": about, "schema": schema });
    let mut parameters = Vec::new();
    if run.threshold().is_some() {
        let schema = json!({ "type": "number", "minimum": 0, "maximum": 1 });
        parameters.push(parameter("threshold", "The probability from which the second class is predicted.", schema));
    }
    if Kind::of(run) == Kind::Series {
        let schema = json!({ "type": "integer", "minimum": 1 });
        parameters.push(parameter("ahead", "Forecasts so many rows beyond the end, with intervals.", schema));
    }
    parameters.into()
}

/// What the body may be.
fn content(run: &RunFolder) -> Value {
    let numbers = json!({ "$ref": "#/components/schemas/Numbers" });
    let row = json!({ "$ref": "#/components/schemas/Row" });
    match Kind::of(run) {
        Kind::Image => {
            let mut content = json!({
                "image/png": {}, "image/jpeg": {}, "image/bmp": {}, "image/gif": {}, "image/tiff": {}, "image/webp": {},
                "application/octet-stream": {},
            });
            let drawings = json!({ "type": "object", "required": ["strokes"], "properties": { "strokes": {
                "type": "array",
                "description": "Strokes of [x, y], x to the right, y down, in any unit.",
                "items": { "type": "array", "items": { "type": "array", "items": { "type": "number" } } },
            } } });
            let takes_drawings = takes_drawings(run);
            let schema = if takes_drawings { json!({ "anyOf": [numbers, drawings] }) } else { numbers };
            content["application/json"] = json!({ "schema": schema });
            content
        }
        Kind::Table => json!({
            "application/json": {
                "schema": { "anyOf": [row, { "type": "array", "items": row, "minItems": 1 }] },
                "example": example(run),
            },
            "text/csv": { "schema": { "type": "string" } },
        }),
        Kind::Series => {
            let steps = run.network.input().as_steps().map_or(1, |[steps, _]| steps);
            json!({
                "application/json": {
                    "schema": { "anyOf": [{ "type": "array", "items": row, "minItems": steps }, numbers] },
                    "example": example(run),
                },
                "text/csv": { "schema": { "type": "string" } },
            })
        }
        Kind::Numbers => json!({ "application/json": { "schema": numbers, "example": example(run) } }),
    }
}

/// Whether drawings are read as well as images.
pub fn takes_drawings(run: &RunFolder) -> bool {
    let is_square = matches!(run.network.input().as_image(), Some([height, width, 1]) if height == width);
    is_square && crate::data::sources::images::reading_for(&run.project.data.source).is_none()
}

fn schemas(run: &RunFolder) -> Value {
    let input = run.network.input();
    let (what, unit) = match Kind::of(run) {
        Kind::Image => ("Pixels, whole numbers from 0 to 255", "[height, width, channels]"),
        Kind::Series => ("Rows of a window in their own units, null where one is missing", "[rows, columns]"),
        Kind::Table | Kind::Numbers => ("Numbers in their own units, null where one is missing", "[numbers]"),
    };
    let numbers = json!({
        "type": "array",
        "description": format!("{what}: {} for a sample, {input} as {unit}, in lists of any depth.", input.len()),
    });
    let mut schemas = json!({
        "Numbers": numbers,
        "Answer": answer(run),
        "Refusal": {
            "type": "object",
            "required": ["error"],
            "properties": { "error": { "type": "string", "description": "What is wrong, and what to do." } },
        },
    });
    if !run.data.features.is_empty() {
        schemas["Row"] = row(run);
    }
    schemas
}

fn columns(run: &RunFolder) -> impl Iterator<Item = (usize, &[Feature])> {
    let features = &run.data.features;
    column_ranges(features, features.len()).into_iter().map(|range| (range.start, &features[range]))
}

/// A row with its columns.
fn row(run: &RunFolder) -> Value {
    let column = |(_, features): (usize, &[Feature])| Some((features.first()?.column.clone(), schema_of(features)));
    let properties: Map<String, Value> = columns(run).filter_map(column).collect();
    let required: Vec<_> = properties.keys().cloned().collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn schema_of(features: &[Feature]) -> Value {
    let Some(first) = features.first() else { return json!({}) };
    let words: Vec<&String> = match &first.words {
        Some(words) => words.list.iter().collect(),
        None => features.iter().filter_map(|feature| feature.category.as_ref()).collect(),
    };
    if let Some(format) = &first.dates {
        return json!({ "type": ["string", "null"], "description": format!("Written as {format}.") });
    }
    if !words.is_empty() {
        let listed: Vec<_> = words.iter().take(LISTED).collect();
        return json!({
            "type": ["string", "number", "boolean", "null"],
            "description": format!("One of {} categories; another is read as none of them.", words.len()),
            "examples": listed,
        });
    }
    let mut schema = json!({ "type": ["number", "null"] });
    if let Some(unit) = &first.unit {
        schema["description"] = format!("In {unit}.").into();
    }
    schema
}

/// A body that is answered.
pub fn example(run: &RunFolder) -> Value {
    let mean = |at: usize| run.data.scaling.inputs.mean.get(at).copied().unwrap_or_default();
    let number = |at: usize| {
        let mean = mean(at);
        // Four digits that count.
        let digits = if mean == 0.0 { 0 } else { (3 - mean.abs().log10().floor() as i32).clamp(0, 12) };
        json!(format!("{mean:.*}", digits as usize).parse::<f64>().unwrap_or(mean))
    };
    let cell = |(at, features): (usize, &[Feature])| {
        let first = features.first()?;
        let value = match (&first.words, &first.category, &first.dates) {
            (Some(words), ..) => json!(words.list.first()),
            (_, Some(category), _) => json!(category),
            (_, _, Some(format)) => json!(date(format)),
            _ => number(at),
        };
        Some((first.column.clone(), value))
    };
    let row: Map<String, Value> = columns(run).filter_map(cell).collect();
    let input = run.network.input();
    match Kind::of(run) {
        Kind::Table => row.into(),
        Kind::Series => {
            let steps = input.as_steps().map_or(1, |[steps, _]| steps);
            vec![Value::from(row); steps].into()
        }
        Kind::Numbers => (0..input.len()).map(|at| number(at % input.channels().max(1))).collect(),
        Kind::Image => vec![0; input.len()].into(),
    }
}

/// A date as a column has it.
fn date(format: &str) -> Option<String> {
    let day = NaiveDate::from_ymd_opt(2024, 5, 17)?.and_time(NaiveTime::from_hms_opt(12, 30, 0)?);
    let mut text = String::new();
    // A format from a file that somebody has changed may be none.
    write!(text, "{}", day.format(format)).ok().map(|()| text)
}

/// What a prediction is.
fn answer(run: &RunFolder) -> Value {
    let number = json!({ "type": "number" });
    let mut prediction = Map::new();
    let classes = run.data.task.classes();
    if !classes.is_empty() {
        prediction.insert("label".to_owned(), json!({ "type": ["string", "null"], "enum": labels(classes) }));
        let shares = json!({
            "type": ["array", "null"],
            "description": "The probability of each class, in the order of classes.",
            "items": number,
        });
        prediction.insert("probabilities".to_owned(), shares);
    } else {
        let names = run.data.task.output_names();
        let named: Map<String, Value> = names.iter().map(|name| (name.clone(), number.clone())).collect();
        let about = "Numbers in their own units, by name; those of an image in a list, from 0 to 1.";
        prediction.insert("values".to_owned(), json!({ "description": about, "properties": named }));
        if names.is_empty() {
            let about = "Root mean squared error of the reconstruction, in the scale of the training.";
            prediction.insert("rmse".to_owned(), json!({ "type": "number", "description": about }));
        }
    }
    if matches!(Kind::of(run), Kind::Table | Kind::Series) {
        let about = "The row of the body, counted from 1.";
        prediction.insert("row".to_owned(), json!({ "type": "integer", "description": about }));
    }
    let remarks = json!({
        "type": "array",
        "description": "What was remarkable about the input, such as a category that training had not.",
        "items": { "type": "string" },
    });
    let mut properties = json!({
        "predictions": { "type": "array", "items": { "type": "object", "properties": prediction } },
        "remarks": remarks,
    });
    if !classes.is_empty() {
        properties["classes"] = json!({ "type": "array", "items": { "type": "string" } });
    }
    json!({ "type": "object", "required": ["remarks"], "properties": properties })
}

/// The names of classes, and nothing for an empty image.
fn labels(classes: &[String]) -> Vec<Value> {
    classes.iter().map(|class| json!(class)).chain([Value::Null]).collect()
}
