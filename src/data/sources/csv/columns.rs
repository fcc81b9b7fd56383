//! What the columns of a table become: numbers, categories, words of an embedding, or nothing.

use super::super::chronology::time_column;
use super::super::dates::DateFormat;
use super::super::series;
use crate::data::dataset::{Feature, Vocabulary};
use crate::data::error::Wrong;
use crate::data::note::{Note, counted};
use crate::data::table::{Column, Table, number_text};

/// A column of words with more of them than this tells rows apart, not kinds.
const MAX_CATEGORIES: usize = 50;

/// So does one with more than this if most of them are written once.
pub const SOME_CATEGORIES: usize = 10;

/// An embedding counts no more words than this.
const MAX_WORDS: usize = 100_000;

/// A target of whole numbers is taken for classes if it has no more values than this, each of them several times.
const MAX_NUMBERED_CLASSES: usize = 20;

/// A column of distinct whole numbers numbers the rows if its range is at most this many times the number of rows.
const ROOM: f64 = 1.5;

/// With fewer rows than this, a small range may be chance.
const FEW: usize = 30;

/// Names of columns that number the rows, in small letters.
const ROW_NAMES: &[&str] =
    &["id", "index", "idx", "row", "rowid", "row id", "nr", "no", "no.", "number", "#", "unnamed: 0", "uid"];

/// One number each for columns of words, which stand behind the others.
pub fn count_words(columns: &[&Column], numbers: usize, notes: &mut Vec<Note>) -> Result<Vec<Feature>, String> {
    let (mut features, mut first) = (Vec::new(), 0);
    for column in columns {
        let words = Vocabulary { first, list: column.distinct() };
        first = words.end();
        notes.push(
            format!("{} has {}, counted for an embedding", column.name, counted(words.list.len(), "word")).into(),
        );
        features.push(Feature { words: Some(words), ..Feature::number(&column.name) });
    }
    if first > MAX_WORDS {
        return Err(format!(
            "has {first} words to embed, and {MAX_WORDS} are the most; leave a column out of embedded"
        ));
    }
    if !features.is_empty() {
        notes.push(format!(
            "The network has to begin with an Embedding of vocabulary {first} and {numbers} numbers before the words"
        ).into());
    }
    Ok(features)
}

/// What was asked for a column.
#[derive(Clone, Copy)]
pub struct Chosen {
    /// Its numbers are names.
    pub as_words: bool,
    /// It is read whatever it looks like.
    pub is_kept: bool,
}

/// What a column becomes; nothing if nothing can be learned from it. What is remarkable about it is noted.
pub fn features_of(column: &Column, chosen: Chosen, notes: &mut Vec<Note>) -> Result<Vec<Feature>, Wrong> {
    let name = &column.name;
    let rows = column.cells.len();
    let present = column.cells.iter().flatten().count();
    let numbers: Vec<f64> = (0..rows).filter_map(|row| column.number(row)).collect();
    if present == 0 {
        notes.push(format!("{name} is empty and was left out").into());
        return Ok(Vec::new());
    }
    if !chosen.as_words
        && let Some(format) = DateFormat::of(column, notes)?.or_else(|| DateFormat::of_clock(column))
    {
        let what = format!("{name} holds times written as {} and is read as {}", format.name(), format.unit());
        notes.push(Note::or(what, "categories", name, "reads each as a category"));
        if present < rows {
            let missing = counted(rows - present, "missing value");
            notes.push(format!("{missing} in {name}, replaced by the mean of the training samples").into());
        }
        return Ok(vec![Feature {
            unit: Some(format.unit().to_owned()),
            dates: Some(format.name().to_owned()),
            ..Feature::number(name)
        }]);
    }
    if chosen.as_words || column.holds_words() {
        let categories = column.distinct();
        let units = column.units();
        if !chosen.is_kept && !chosen.as_words && !units.is_empty() && categories.len() > SOME_CATEGORIES {
            let what = format!(
                "{name} has numbers in {}, and was left out; write all in one, or divide them into columns",
                units.join(" and in ")
            );
            notes.push(Note::or(what, "categories", name, "reads each as a category"));
            return Ok(Vec::new());
        }
        let tells_rows_apart = categories.len() > SOME_CATEGORIES && categories.len() * 2 > present;
        if !chosen.is_kept && !chosen.as_words && (categories.len() > MAX_CATEGORIES || tells_rows_apart) {
            let what = format!(
                "{name} has {} different texts in {} and was left out, since it tells rows apart, not kinds",
                categories.len(),
                counted(present, "row")
            );
            notes.push(Note::or(what, "keep", name, "reads it"));
            return Ok(Vec::new());
        }
        if present < rows {
            notes.push(format!("{} in {name}, of no category", counted(rows - present, "missing value")).into());
        }
        note_constant(name, categories.len() == 1, notes);
        let feature = |category| Feature { category: Some(category), ..Feature::number(name) };
        return Ok(categories.into_iter().map(feature).collect());
    }
    if numbers.is_empty() {
        notes.push(format!("{name} holds no finite number and was left out").into());
        return Ok(Vec::new());
    }
    if !chosen.is_kept && numbers.len() == rows && numbers_rows(name, &numbers) {
        notes.push(Note::or(format!("{name} numbers the rows and was left out"), "keep", name, "reads it"));
        return Ok(Vec::new());
    }
    notes.extend(column.stray_note().map(Note::from));
    if numbers.len() < rows {
        let missing = counted(rows - numbers.len(), "missing value");
        notes.push(format!("{missing} in {name}, replaced by the mean of the training samples").into());
    }
    note_constant(name, numbers.iter().all(|number| *number == numbers[0]), notes);
    let missing = column.code.map(number_text);
    let is_share = are_shares(&numbers);
    Ok(vec![Feature { unit: column.unit.clone(), missing, is_share, decimal: column.decimal, ..Feature::number(name) }])
}

/// Whether numbers are from 0 to 1, and not 0 and 1 alone.
pub fn are_shares(numbers: &[f64]) -> bool {
    numbers.iter().all(|number| (0.0..=1.0).contains(number)) && numbers.iter().any(|number| number.fract() != 0.0)
}

/// Says that rows with a number as the target seem to follow one another in time, which a table does not know.
pub fn series_note(table: &Table, target: usize) -> Option<Note> {
    let time = time_column(table).filter(|_| !table.columns[target].holds_words())?;
    let series = series::SOURCE.name;
    Some(Note::or_as(
        format!(
            "The rows follow one another by {time}, but are read as independent; as a series ({series}:FILE), what comes \
             next is predicted from the rows before"
        ),
        series,
    ))
}

/// Whether a column counts or names the rows: whole numbers, each of them once, from a range with hardly more room than
/// there are rows, or under a name that says so.
fn numbers_rows(name: &str, numbers: &[f64]) -> bool {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let is_unique = || sorted.windows(2).all(|pair| pair[0] < pair[1]);
    let room = || sorted.last().zip(sorted.first()).map_or(0.0, |(last, first)| last - first + 1.0);
    // A dozen ages may all be different.
    let is_dense = || sorted.len() >= FEW && room() <= ROOM * sorted.len() as f64;
    let is_whole = sorted.iter().all(|number| number.fract() == 0.0);
    let counts = || numbers.windows(2).all(|pair| pair[1] == pair[0] + 1.0);
    sorted.len() >= 10
        && is_whole
        && is_unique()
        && (counts() || is_dense() || ROW_NAMES.contains(&&*name.trim().to_lowercase()))
}

fn note_constant(name: &str, is_constant: bool, notes: &mut Vec<Note>) {
    if is_constant {
        notes.push(format!("{name} is always the same; nothing can be learned from it").into());
    }
}

/// Whether a target is a number rather than a class: cells are numbers, and not a few whole ones again and again.
pub fn is_number(column: &Column) -> bool {
    if column.holds_words() {
        return false;
    }
    let values = column.distinct();
    let is_whole = (0..column.cells.len()).filter_map(|row| column.number(row)).all(|number| number.fract() == 0.0);
    !(is_whole && values.len() <= MAX_NUMBERED_CLASSES && values.len() * 3 <= column.cells.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::table::Options;

    #[test]
    fn times_of_the_day_and_durations_are_hours() {
        for (cells, format) in [
            (["06:30", "23:59"], "%H:%M"),
            (["161:14:24", "0:00:36"], "%H:%M:%S"),
            (["3:30 PM", "5:00 am"], "%I:%M %p"),
        ] {
            let rows: String = (0..40).map(|at| format!("{},{at}\n", cells[at % 2])).collect();
            let table = Table::parse(format!("p,y\n{rows}").into_bytes(), &Options::default()).unwrap();
            let mut notes = Vec::new();
            let features =
                features_of(&table.columns[0], Chosen { as_words: false, is_kept: false }, &mut notes).unwrap();
            assert_eq!((features[0].dates.as_deref(), features[0].unit.as_deref()), (Some(format), Some("hours")));
            assert_eq!(
                notes[0],
                format!(
                    "p holds times written as {format} and is read as hours; categories=p reads each as a category"
                )
            );
            let words = Chosen { as_words: true, is_kept: false };
            assert_eq!(features_of(&table.columns[0], words, &mut notes).unwrap().len(), 2);
        }
    }
}
