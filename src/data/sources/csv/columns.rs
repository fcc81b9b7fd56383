//! What the columns of a table become: numbers, categories, words of an embedding, or nothing.

use super::super::chronology::time_column;
use super::super::dates::DateFormat;
use super::super::series;
use super::super::text::LABELED;
use super::super::text::labeled::holds_texts;
use super::counting::counts_rows;
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
#[derive(Clone, Copy, Default)]
pub struct Chosen {
    /// Its numbers are names.
    pub as_words: bool,
    /// It is read whatever it looks like.
    pub is_kept: bool,
    /// Its numbers are no days, even if all of them look like 20240131.
    pub has_no_days: bool,
}

/// What a column becomes; nothing if nothing can be learned from it. What is remarkable about it is noted.
pub fn features_of(column: &Column, chosen: Chosen, notes: &mut Vec<Note>) -> Result<Vec<Feature>, Wrong> {
    let name = &column.name;
    if column.cells.iter().all(Option::is_none) {
        notes.push(format!("{name} is empty and was left out").into());
        return Ok(Vec::new());
    }
    let said = notes.len();
    if !chosen.as_words
        && let Some(format) = date_format_of(column, chosen, notes)?
    {
        notes.extend(format.unread_note(column).map(Note::from));
        let unread = column.cells.iter().flatten().filter(|cell| format.number(cell).is_none()).count();
        notes.extend(column.missing_text(unread).map(|missing| replaced_by_mean(&missing, name)));
        return Ok(vec![Feature {
            unit: Some(format.unit().to_owned()),
            dates: Some(format.name().to_owned()),
            ..Feature::number(name)
        }]);
    }
    if chosen.as_words || column.holds_words() {
        // What was said of its dates tells why they are not read.
        let almost = if notes.len() == said { DateFormat::of_mostly(column) } else { None };
        return Ok(categories_of(column, chosen, almost, notes));
    }
    Ok(numbers_of(column, chosen, notes))
}

/// How the times of a column are written, which is noted; nothing if it has none.
fn date_format_of(column: &Column, chosen: Chosen, notes: &mut Vec<Note>) -> Result<Option<DateFormat>, Wrong> {
    let name = &column.name;
    if let Some(format) = DateFormat::of_day_numbers(column).filter(|_| !chosen.has_no_days) {
        let what = format!("{name} holds dates written as {} and is read as {}", format.shown(), format.unit());
        notes.push(Note::or(what, "dates", "numbers", "keeps the numbers"));
        return Ok(Some(format));
    }
    let Some(format) = DateFormat::of(column, notes)?.or_else(|| DateFormat::of_clock(column)) else { return Ok(None) };
    let what = format!("{name} holds times written as {} and is read as {}", format.shown(), format.unit());
    notes.push(Note::or(what, "categories", name, "reads each as a category"));
    Ok(Some(format))
}

/// "3 missing values in a, replaced by the mean of the training samples"
pub fn replaced_by_mean(missing: &str, name: &str) -> Note {
    format!("{missing} in {name}, replaced by the mean of the training samples").into()
}

/// One input for each word; `almost` tells of dates that are not read.
fn categories_of(column: &Column, chosen: Chosen, almost: Option<String>, notes: &mut Vec<Note>) -> Vec<Feature> {
    let name = &column.name;
    let present = column.cells.iter().flatten().count();
    let categories = column.distinct();
    let is_decided = chosen.is_kept || chosen.as_words;
    if !is_decided && holds_texts(column) {
        notes.push(Note::or_as(format!("{name} holds texts; text:FILE lets a network read their words"), LABELED.name));
    }
    let units = column.mixed_units().filter(|_| !is_decided);
    if let Some(units) = units.as_ref().filter(|_| categories.len() > SOME_CATEGORIES) {
        let what =
            format!("{name} has {}, and was left out; write all in one unit, or divide them into columns", units.what);
        notes.push(Note::or(what, "categories", name, "reads each as a category"));
        return Vec::new();
    }
    let tells_rows_apart = categories.len() > SOME_CATEGORIES && categories.len() * 2 > present;
    if !is_decided && (categories.len() > MAX_CATEGORIES || tells_rows_apart) {
        let what = match almost {
            Some(almost) => format!("{name} {almost}, and was left out; correct or empty those cells to read dates"),
            None => format!(
                "{name} has {} different texts in {} and was left out, since it tells rows apart, not kinds",
                categories.len(),
                counted(present, "row")
            ),
        };
        notes.push(Note::or(what, "keep", name, "reads it"));
        return Vec::new();
    }
    if let Some(units) = units.filter(|units| units.are_known) {
        let what =
            format!("{name} has {}, and each is read as a category; write all in one unit to read numbers", units.what);
        notes.push(what.into());
    }
    if let Some(almost) = almost.filter(|_| !is_decided) {
        notes.push(
            format!("{name} {almost}, and each is read as a category; correct or empty those cells to read dates")
                .into(),
        );
    }
    notes.extend(column.missing_text(0).map(|missing| Note::from(format!("{missing} in {name}, of no category"))));
    note_constant(name, categories.len() == 1, notes);
    let feature = |category| Feature { category: Some(category), ..Feature::number(name) };
    categories.into_iter().map(feature).collect()
}

fn numbers_of(column: &Column, chosen: Chosen, notes: &mut Vec<Note>) -> Vec<Feature> {
    let name = &column.name;
    let rows = column.cells.len();
    let numbers: Vec<f64> = (0..rows).filter_map(|row| column.number(row)).collect();
    if numbers.is_empty() {
        notes.push(format!("{name} holds no finite number and was left out").into());
        return Vec::new();
    }
    if !chosen.is_kept && counts_rows(column) {
        notes.push(Note::or(format!("{name} numbers the rows and was left out"), "keep", name, "reads it"));
        return Vec::new();
    }
    notes.extend(column.stray_note().map(Note::from));
    let unread = column.cells.iter().flatten().count() - numbers.len();
    notes.extend(column.missing_text(unread).map(|missing| replaced_by_mean(&missing, name)));
    note_constant(name, numbers.iter().all(|number| *number == numbers[0]), notes);
    let missing = column.code.map(number_text);
    let is_share = are_shares(&numbers);
    vec![Feature { unit: column.unit.clone(), missing, is_share, decimal: column.decimal, ..Feature::number(name) }]
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
        for (cells, (format, shown)) in [
            (["06:30", "23:59"], ("%H:%M", "HH:MM")),
            (["161:14:24", "0:00:36"], ("%H:%M:%S", "HH:MM:SS")),
            (["3:30 PM", "5:00 am"], ("%I:%M %p", "HH:MM AM/PM")),
        ] {
            let rows: String = (0..40).map(|at| format!("{},{at}\n", cells[at % 2])).collect();
            let table = Table::parse(format!("p,y\n{rows}").into_bytes(), &Options::default()).unwrap();
            let mut notes = Vec::new();
            let features = features_of(&table.columns[0], Chosen::default(), &mut notes).unwrap();
            assert_eq!((features[0].dates.as_deref(), features[0].unit.as_deref()), (Some(format), Some("hours")));
            assert_eq!(
                notes[0],
                format!("p holds times written as {shown} and is read as hours; categories=p reads each as a category")
            );
            let words = Chosen { as_words: true, ..Chosen::default() };
            assert_eq!(features_of(&table.columns[0], words, &mut notes).unwrap().len(), 2);
        }
    }
}
