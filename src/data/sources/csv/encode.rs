//! Rows of a table as a network reads them: columns found by name, cells as numbers, and what cannot be read told.

use std::collections::{HashMap, HashSet};

use super::super::dates::DateFormat;
use super::columns::{are_shares, replaced_by_mean};
use crate::data::dataset::Feature;
use crate::data::note::{Note, counted};
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

/// Refuses a table that lacks a column that the network reads, and names all that it lacks.
pub fn refuse_lacking(table: &Table, features: &[Feature]) -> Result<(), String> {
    let mut missing: Vec<&str> = features.iter().map(|feature| feature.column.as_str()).collect();
    missing.dedup();
    missing.retain(|name| table.named(name).is_none());
    match &missing[..] {
        [] => Ok(()),
        some => {
            let (columns, names) = (if some.len() == 1 { "column" } else { "columns" }, some.join(", "));
            let has = table.names();
            Err(format!("lacks {} {columns} that the network reads, {names}; there is {has}", some.len()))
        }
    }
}

/// `[rows, features]`; what is missing is NaN.
pub fn encode(table: &Table, features: &[Feature]) -> Result<Vec<f64>, String> {
    refuse_lacking(table, features)?;
    refuse_other_order(table, features)?;
    let of = |feature: &Feature| Some(encode_column(&table.columns[table.named(&feature.column)?], feature));
    let columns: Vec<Vec<f64>> = features.iter().filter_map(of).collect();
    let rows = (0..table.rows).flat_map(|row| columns.iter().map(move |column| column[row]));
    Ok(rows.collect())
}

/// Refuses dates whose day and month stand in the other order than in training.
fn refuse_other_order(table: &Table, features: &[Feature]) -> Result<(), String> {
    for feature in features {
        let Some((format, at)) = date_format(feature).zip(table.named(&feature.column)) else { continue };
        let cells = table.columns[at].cells.iter().flatten().map(String::as_str);
        if let Some(cell) = format.contradicted(cells) {
            let (name, order) = (&feature.column, format.order());
            return Err(format!(
                "{cell:?} in {name} has day and month in the other order than in training; write its dates with the {order}, as {}, or as 2020-12-31",
                format.shown()
            ));
        }
    }
    Ok(())
}

/// What a network cannot read in a table, counted: cells that are no numbers, or missing, and words that training had not.
pub fn tell_unread(table: &Table, features: &[Feature], notes: &mut Vec<Note>) {
    let mut told = "";
    for feature in features {
        if told != feature.column
            && let Some(at) = table.named(&feature.column)
        {
            let of_column: Vec<&Feature> = features.iter().filter(|other| other.column == feature.column).collect();
            let column = &table.columns[at];
            notes.extend(unread(column, &of_column).map(Note::from));
            let is_number = of_column.iter().all(|feature| feature.category.is_none() && feature.words.is_none());
            let (missing, name) = (column.missing_text(0), &column.name);
            if is_number {
                notes.extend(missing.map(|missing| replaced_by_mean(&missing, name)));
            } else if let Some(missing) = missing {
                notes.push(format!("{missing} in {name}, of no category").into());
            }
            notes.extend(unlike_unit(column, feature).map(Note::from));
            told = &feature.column;
        }
    }
}

/// What the numbers of a column are multiplied by: percents where training had shares, or shares where it had percents.
fn factor(column: &Column, feature: &Feature) -> Option<f64> {
    let numbers = || (0..column.cells.len()).filter_map(|row| column.number(row)).collect::<Vec<_>>();
    match (column.unit.as_deref(), feature.unit.as_deref()) {
        (None, Some("%")) => (!feature.is_share && are_shares(&numbers())).then_some(100.0),
        (Some("%"), None) => feature.is_share.then_some(0.01),
        _ => None,
    }
}

/// That the numbers of a column are in another unit than those of the training.
fn unlike_unit(column: &Column, feature: &Feature) -> Option<String> {
    let is_number = feature.dates.is_none() && feature.category.is_none() && feature.words.is_none();
    let name = &column.name;
    if !is_number || column.cells.iter().all(Option::is_none) {
        return None;
    }
    if column.unit == feature.unit {
        let is_beyond = |number: &f64| feature.is_share && !(0.0..=1.0).contains(number);
        let beyond = (0..column.cells.len()).filter_map(|row| column.number(row)).find(is_beyond)?;
        return Some(format!("{name} has numbers such as {beyond}, and all were from 0 to 1 in training"));
    }
    let unit = |unit: &Option<String>| unit.clone().unwrap_or_else(|| "no unit".to_owned());
    Some(match factor(column, feature) {
        Some(100.0) => format!("{name} holds shares, and was in % in training: each is multiplied by 100"),
        Some(_) => format!("{name} is in %, and held shares in training: each is divided by 100"),
        None => format!("{name} is in {}, and was in {} in training", unit(&column.unit), unit(&feature.unit)),
    })
}

/// What the features of a column do not cover: words that training had not, text where training had numbers.
fn unread(column: &Column, of_column: &[&Feature]) -> Option<String> {
    let name = &column.name;
    if let Some(format) = of_column.iter().find_map(|feature| date_format(feature)) {
        if let Some(unread) = format.unread_note(column) {
            return Some(unread);
        }
        let (open, day) = column.cells.iter().flatten().find_map(|cell| Some((cell, format.open_day(cell)?)))?;
        return Some(format!("{name} is read with the {}, as in training: {open:?} is {day}", format.order()));
    }
    if of_column.iter().all(|feature| feature.category.is_none() && feature.words.is_none()) {
        return column.stray_note();
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
        return texts.map(|text| text.and_then(|text| format.number(text)).unwrap_or(f64::NAN)).collect();
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
        (None, None) => {
            let factor = factor(column, feature);
            let number = |row| Some(column.number(row)? * factor.unwrap_or(1.0));
            (0..column.cells.len()).map(|row| number(row).unwrap_or(f64::NAN)).collect()
        }
    }
}
