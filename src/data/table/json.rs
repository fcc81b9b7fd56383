//! Objects of JSON as rows: one a line, or a list of them.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::dialect::Record;
use super::rows::Rows;
use crate::data::note::Note;

/// More columns than this are another kind of file.
const MAX_COLUMNS: usize = 20_000;

/// Whether a text is made of objects of JSON.
pub fn is_json(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let is_object = |text: &str| text.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with(['"', '}']));
    is_object(text) || text.strip_prefix('[').is_some_and(|rest| is_object(rest.trim_start()))
}

/// Refuses one object that holds a whole table, as pandas writes it by columns, by rows of lists or split.
fn refuse_by_columns(objects: &[Object]) -> Result<(), String> {
    let [Object(fields)] = objects else { return Ok(()) };
    let len = |value: &Value| match value {
        Value::Object(fields) => Some(fields.len()),
        Value::Array(list) => Some(list.len()),
        _ => None,
    };
    let lens: Vec<usize> = fields.iter().filter_map(|(_, value)| len(value)).collect();
    let are_columns =
        lens.len() == fields.len() && lens.len() > 1 && lens.iter().all(|len| *len > 1 && *len == lens[0]);
    let is_split = fields.iter().any(|(name, value)| name == "data" && matches!(value, Value::Array(_)));
    if are_columns || is_split {
        let names = fields.iter().take(3).map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(format!(
            "is one object ({names}, …) that holds a whole table; write a list of objects, one a row, in pandas to_json(orient=\"records\")"
        ));
    }
    Ok(())
}

/// The rows of a text of objects. A column is a name that occurs in any of them; an object within one is named `a.b`.
pub fn rows(text: &str, notes: &mut Vec<Note>) -> Result<Rows, String> {
    let mut table = Objects::default();
    let text = text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('[') {
        let objects: Vec<Object> = serde_json::from_str(text).map_err(|error| in_line(&error))?;
        refuse_by_columns(&objects)?;
        for (line, object) in (1..).zip(objects) {
            table.add(line, object);
        }
    } else {
        let mut read = 0;
        let mut line = 1;
        let mut objects = serde_json::Deserializer::from_str(text).into_iter::<Object>();
        while let Some(object) = objects.next() {
            // The error counts its lines from where the text begins.
            let object = object.map_err(|error| in_line(&error))?;
            let end = objects.byte_offset();
            if text[end..].trim().is_empty() && read == 0 {
                refuse_by_columns(std::slice::from_ref(&object))?;
            }
            table.add(line, object);
            line += text.as_bytes()[read..end].iter().filter(|byte| **byte == b'\n').count();
            read = end;
        }
    }
    table.rows(notes)
}

fn in_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    format!("line {} is not the JSON of an object: {what}", error.line())
}

/// The names and values of an object, in their order.
pub struct Object(pub Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object, {\"name\": value}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Objects as rows under the names of their fields.
#[derive(Default)]
pub struct Objects {
    names: Vec<String>,
    positions: HashMap<String, usize>,
    records: Vec<Record>,
    list: Option<String>,
}

impl Objects {
    /// The rows, each with a cell for every name.
    pub fn rows(mut self, notes: &mut Vec<Note>) -> Result<Rows, String> {
        let width = self.names.len();
        if width > MAX_COLUMNS {
            return Err(format!("its objects have {width} names, and {MAX_COLUMNS} columns are the most"));
        }
        if let Some(list) = self.list {
            notes.push(format!("{list} holds lists, each read as one word").into());
        }
        for record in &mut self.records {
            record.cells.resize(width, String::new());
        }
        Ok(Rows::named(self.names, self.records))
    }

    /// Adds an object that begins in this line.
    pub fn add(&mut self, line: usize, object: Object) {
        let mut cells = Vec::with_capacity(self.names.len());
        for (name, value) in object.0 {
            self.set(&mut cells, name, value);
        }
        self.records.push(Record { line, cells });
    }

    fn set(&mut self, cells: &mut Vec<String>, name: String, value: Value) {
        let text = match value {
            Value::Object(fields) => {
                for (field, value) in fields {
                    self.set(cells, format!("{name}.{field}"), value);
                }
                return;
            }
            Value::Array(list) => {
                self.list.get_or_insert_with(|| name.clone());
                Value::Array(list).to_string()
            }
            Value::Null => String::new(),
            Value::String(text) => text.trim().to_owned(),
            Value::Bool(is_true) => is_true.to_string(),
            Value::Number(number) => number.to_string(),
        };
        let next = self.names.len();
        let at = *self.positions.entry(name).or_insert_with_key(|name| {
            self.names.push(name.clone());
            next
        });
        if cells.len() <= at {
            cells.resize(at + 1, String::new());
        }
        cells[at] = text;
    }
}
