//! Rows of a table as a network reads them: columns found by name, cells as numbers, and what cannot be read told.

use std::collections::{HashMap, HashSet};

use super::super::dates::DateFormat;
use crate::data::dataset::Feature;
use crate::data::note::{Note, counted};
use crate::data::source::Known;
use crate::data::table::{self, Column, Table};

/// Classes by their names. A number is the same class however it is written, and a word in small and capital letters.
pub struct Classes(HashMap<String, u16>);

impl Classes {
    /// The classes of these names.
    pub fn of(classes: &[String]) -> Self {
        let mut positions = HashMap::new();
        for (name, at) in classes.iter().zip(0..) {
            positions.insert(name.clone(), at);
        }
        for (name, at) in classes.iter().zip(0..) {
            positions.entry(plain(name)).or_insert(at);
        }
        Self(positions)
    }

    /// The index of the class of this name.
    pub fn position(&self, name: &str) -> Option<u16> {
        self.0.get(name).or_else(|| self.0.get(&plain(name))).copied()
    }
}

/// A word without what people write differently: its capital letters, and the zeros of a number.
fn plain(word: &str) -> String {
    word.parse::<f64>().map_or_else(|_| word.to_lowercase(), table::number_text)
}

/// `[rows, features]`; what is missing is NaN. Cells that a network cannot read are counted and told.
pub fn encode(table: &Table, features: &[Feature], notes: &mut Vec<Note>) -> Result<Vec<f64>, String> {
    let mut columns = Vec::with_capacity(features.len());
    let mut told = "";
    for feature in features {
        let name = &feature.column;
        let Some(at) = table.named(name) else {
            return Err(format!("there is no column {name:?}, which the network reads; there is {}", table.names()));
        };
        let column = &table.columns[at];
        if told != name {
            notes.extend(unread(column, features).map(Note::from));
            told = name;
        }
        columns.push(encode_column(column, feature));
    }
    let rows = (0..table.rows).flat_map(|row| columns.iter().map(move |column| column[row]));
    Ok(rows.collect())
}

/// What the features of a column do not cover: words that training had not, text where training had numbers.
fn unread(column: &Column, features: &[Feature]) -> Option<String> {
    let of_column: Vec<&Feature> = features.iter().filter(|feature| feature.column == column.name).collect();
    let name = &column.name;
    if let Some(format) = of_column.iter().find_map(|feature| date_format(feature)) {
        let read = |cell: &&String| format.days(cell).is_none();
        let others: Vec<&String> = column.cells.iter().flatten().filter(read).collect();
        let first = others.first()?;
        let cells = counted(others.len(), "cell");
        return Some(format!(
            "{cells} of {name} not written as {}, such as {first:?}, taken for missing",
            format.name()
        ));
    }
    if of_column.iter().all(|feature| feature.category.is_none() && feature.words.is_none()) {
        let texts = if column.holds_words() { column.cells.iter().flatten().count() } else { 0 };
        let example = column.first_word().unwrap_or_default();
        let note =
            || format!("{} of {name} not a number, such as {example:?}, taken for missing", counted(texts, "cell"));
        return (texts > 0).then(note);
    }
    let words = of_column.iter().filter_map(|feature| feature.words.as_ref()).flat_map(|words| &words.list);
    let known: HashSet<String> =
        of_column.iter().filter_map(|feature| feature.category.as_ref()).chain(words).map(|word| plain(word)).collect();
    let unseen: Vec<&String> = column.cells.iter().flatten().filter(|cell| !known.contains(&plain(cell))).collect();
    let first = unseen.first()?;
    let cells = counted(unseen.len(), "cell");
    Some(format!(
        "{cells} of {name} with a word that training had not, such as {first:?}, read as none of its categories"
    ))
}

/// How the times of a feature are written, if it has times.
fn date_format(feature: &Feature) -> Option<DateFormat> {
    feature.dates.as_deref().and_then(DateFormat::named)
}

/// The number that a feature has in every row.
fn encode_column(column: &Column, feature: &Feature) -> Vec<f64> {
    let Feature { category, words, .. } = feature;
    let texts = column.cells.iter().map(Option::as_deref);
    if let Some(format) = date_format(feature) {
        return texts.map(|text| text.and_then(|text| format.days(text)).unwrap_or(f64::NAN)).collect();
    }
    match (category, words) {
        (Some(category), _) => {
            let wanted = plain(category);
            texts
                .map(|text| f64::from(u8::from(text.is_some_and(|text| text == category || plain(text) == wanted))))
                .collect()
        }
        (None, Some(words)) => {
            let numbers: HashMap<&str, usize> = words.list.iter().map(String::as_str).zip(words.first + 1..).collect();
            let number = |text: Option<&str>| text.and_then(|text| numbers.get(text)).copied().unwrap_or(words.first);
            texts.map(|text| number(text) as f64).collect()
        }
        (None, None) => (0..column.cells.len()).map(|row| column.number(row).unwrap_or(f64::NAN)).collect(),
    }
}

/// Names that a table without a header may have: those that the run was told, or those of the features alone.
pub fn names_of<'a>(known: &Known<'a>) -> [Vec<&'a str>; 2] {
    let given = known.source.and_then(|source| source.single()).map_or(&[][..], |part| part.values("names"));
    let mut own: Vec<&str> = known.features.iter().map(|feature| feature.column.as_str()).collect();
    own.dedup();
    [given.iter().map(String::as_str).collect(), own]
}
