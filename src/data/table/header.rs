//! Which row is the header, and which rows above and below it are neither header nor sample.

use std::collections::HashSet;

use super::column::is_numeric;
use super::dialect::{Record, width_of};
use super::missing::is_missing;
use super::options::{LINES, NAMES, Options};
use super::titles;
use crate::data::error::{Remedy, Wrong};
use crate::data::note::{Note, counted};

/// In a column of numbers, one cell in so many may be something else.
const STRAY: usize = 20;

/// Numbers that are years.
const YEARS: std::ops::RangeInclusive<f64> = 1800.0..=2100.0;

/// The header that was found, and the units that stand under it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Names of the columns; none if the file has no header.
    pub names: Option<Vec<String>>,
    /// Units of the columns, where a row under the header has them.
    pub units: Vec<String>,
}

/// Takes the header and what belongs to it out of the rows. What was decided is noted.
pub fn take(records: &mut Vec<Record>, options: &Options, notes: &mut Vec<Note>) -> Result<Header, Wrong> {
    titles::skip(records, options, notes)?;
    let Some(first) = records.first().cloned() else { return Ok(Header::default()) };
    let body = Body::of(&records[1..], &first, width_of(records));
    let names_it = |names: &[String]| first.is_again(names);
    let reason = body.speaks_for(&first);
    let is_known = || options.trained.as_ref().is_some_and(|trained| trained.are_named_by(&first.cells));
    let is_alone = || records.len() == 1 && first.cells.len() > 1 && first.cells.iter().all(|cell| is_name(cell));
    let is_header =
        options.header.unwrap_or_else(|| names_it(&options.names) || reason.is_some() || is_known() || is_alone());
    if !is_header {
        return Ok(Header::default());
    }
    if let (None, Some(Reason::Weak(why))) = (options.header, reason) {
        notes.push(Note::or(
            format!("The first row is read as the header: {why}"),
            "header",
            "false",
            "makes it a sample",
        ));
    } else if !options.names.is_empty() && !names_it(&options.names) {
        let what = "The first row is a header, whose names give way to names=";
        notes.push(Note::or(what, "header", "false", "makes it a sample"));
    }
    records.remove(0);
    let units = if options.keeps_lines { Vec::new() } else { take_units(records, &body, notes) };
    let before = records.len();
    records.retain(|record| options.keeps_lines || !is_again(record, &first));
    if records.len() < before {
        let what = format!("The header comes again in {}, skipped", counted(before - records.len(), "row"));
        notes.push(Note::or(what, LINES.key, "all", "reads them"));
    }
    let mut names = first.cells;
    if names.len() + 1 == width_of(records) {
        if options.names.is_empty() && !tells_rows_apart(records) {
            return Err(one_name_less(records, names.len()));
        }
        notes.push("The header has one name less than the rows have cells; the first column has no name".into());
        names.insert(0, String::new());
    }
    Ok(Header { names: Some(names), units })
}

/// Whether the first cells are names of the rows, as programs write them under a header that does not name them.
fn tells_rows_apart(records: &[Record]) -> bool {
    let cells: HashSet<&String> = records.iter().filter_map(|record| record.cells.first()).collect();
    cells.len() == records.len()
}

/// The refusal of a table whose header has one name less than its rows have cells, though they do not begin with their names:
/// that may be a separator within a cell of every row.
fn one_name_less(records: &[Record], names: usize) -> Wrong {
    let example = records.first().map_or("", |record| record.cells.first().map_or("", String::as_str));
    let what = format!(
        "the header has {names} names and the rows have {} cells, of which the first, such as {example:?}, do not tell the rows apart",
        names + 1
    );
    let remedy = "put cells with separators in them into quotes, or name all columns with names=NAME,NAME";
    Wrong::new(what, [Remedy::new(NAMES.key, remedy)])
}

/// Whether a row is the header again; in other letters where one cell alone would not be a word.
fn is_again(record: &Record, header: &Record) -> bool {
    record.cells == header.cells || header.cells.len() > 1 && record.is_again(&header.cells)
}

pub fn is_name(cell: &str) -> bool {
    !is_missing(cell) && !is_numeric(cell)
}

/// A row right under the header that names units: no number in it, above columns of numbers.
fn take_units(records: &mut Vec<Record>, body: &Body, notes: &mut Vec<Note>) -> Vec<String> {
    let Some(first) = records.first() else { return Vec::new() };
    let numeric: Vec<&String> =
        first.cells.iter().zip(&body.columns).filter(|(_, column)| column.is_numeric).map(|(cell, _)| cell).collect();
    let is_unit = |cell: &&String| !is_numeric(cell) && cell.chars().count() <= 16;
    let is_new = |cell: &&String| is_missing(cell) || records[1..].iter().all(|row| !row.cells.contains(cell));
    let has_unit = numeric.iter().any(|cell| !is_missing(cell));
    if records.len() > 2 && has_unit && numeric.iter().all(is_unit) && numeric.iter().all(is_new) {
        let units = records.remove(0);
        let what = format!("The row under the header, {}, names units and was skipped", units.cells.join(", "));
        notes.push(Note::or(what, LINES.key, "all", "reads it as a sample"));
        return units.cells;
    }
    Vec::new()
}

/// Why the first row is a header.
pub enum Reason {
    /// It names columns of numbers.
    Strong,
    /// It may be one; in words.
    Weak(String),
}

/// What the columns hold below the first row.
pub struct Body {
    pub columns: Vec<BodyColumn>,
    rows: usize,
}

pub struct BodyColumn {
    /// Whether it holds numbers, but for a few cells.
    pub is_numeric: bool,
    /// How many different cells there are.
    distinct: usize,
    /// Whether the cell of the first row comes again.
    comes_again: bool,
    has_fractions: bool,
    smallest: f64,
    largest: f64,
}

impl Body {
    /// Of the rows below the first one.
    pub fn of(records: &[Record], first: &Record, width: usize) -> Self {
        let column = |at: usize| {
            // A header may come again, a few times.
            let again = records.iter().filter(|record| is_again(record, first)).count();
            let is_header = again <= 1 + records.len() / 50;
            let others = || records.iter().filter(move |record| !is_header || !is_again(record, first));
            let cells = || others().filter_map(move |record| record.cells.get(at)).filter(|cell| !is_missing(cell));
            let words = cells().filter(|cell| !is_numeric(cell)).count();
            // A header that comes again and a row of units are words too.
            let is_numeric =
                cells().count() > 0 && words <= (cells().count() / STRAY).max(usize::from(cells().count() > 3));
            let numbers = cells().filter_map(|cell| cell.parse::<f64>().ok());
            let (smallest, largest) = numbers
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), number| (low.min(number), high.max(number)));
            let comes_again = first.cells.get(at).is_some_and(|first| cells().any(|cell| cell == first));
            let distinct = cells().collect::<HashSet<_>>().len();
            let has_fractions = is_numeric && cells().any(|cell| cell.contains(['.', ',']));
            BodyColumn { is_numeric, distinct, comes_again, has_fractions, smallest, largest }
        };
        Self { columns: (0..width).map(column).collect(), rows: records.len() }
    }

    /// Why this row is the header above these columns; nothing if it is a row like them.
    pub fn speaks_for(&self, first: &Record) -> Option<Reason> {
        let cells = || first.cells.iter().zip(&self.columns).filter(|(cell, _)| !is_missing(cell));
        let words = || cells().filter(|(cell, _)| !is_numeric(cell));
        if words().any(|(_, column)| column.is_numeric && !column.comes_again) {
            return Some(Reason::Strong);
        }
        let is_new = words().all(|(_, column)| !column.comes_again);
        let numbers: Vec<f64> = cells().filter_map(|(cell, _)| cell.parse().ok()).collect();
        let repeats = words().any(|(_, column)| column.distinct * 2 <= self.rows);
        if !is_new || self.rows == 0 {
            return None;
        }
        if numbers.is_empty() {
            // Names over words: they are a header unless the rows are as unlike each other as it is unlike them.
            return (words().count() > 0 && !self.columns.iter().any(|column| column.is_numeric))
                .then(|| Reason::Weak("its words do not come again".to_owned()))
                .filter(|_| repeats || self.columns.len() > 1)
                .or_else(|| repeats.then_some(Reason::Strong));
        }
        let whole = numbers.iter().all(|number| number.fract() == 0.0 && *number >= 0.0);
        let counts = numbers.len() > 1 && numbers.windows(2).all(|pair| pair[1] - pair[0] == 1.0) && numbers[0] <= 1.0;
        let steps = numbers.len() > 1
            && numbers.windows(2).all(|pair| pair[1] - pair[0] == numbers[1] - numbers[0] && pair[1] > pair[0]);
        let is_all = numbers.len() == first.cells.len();
        let outside = || {
            let pairs = first.cells.iter().zip(&self.columns);
            let mut numeric = pairs.filter_map(|(cell, column)| Some((cell.parse::<f64>().ok()?, column)));
            numeric.all(|(number, column)| number < column.smallest || number > column.largest)
        };
        let why = format!("{} are names that count", first.cells.join(", "));
        match () {
            () if whole && (counts || steps && outside()) && is_all && numbers.len() > 2 && self.has_fractions() => {
                Some(Reason::Weak(why))
            }
            // Years beside a column of names that come once each.
            () if !is_all && steps && numbers.iter().all(|number| YEARS.contains(number)) && outside() => {
                Some(Reason::Weak(why))
            }
            () if whole && !is_all && repeats && (counts || steps || numbers.len() == 1 && outside()) => {
                Some(Reason::Weak(why))
            }
            () => None,
        }
    }

    /// Whether a row of whole numbers is unlike the rows below it.
    fn has_fractions(&self) -> bool {
        self.columns.iter().any(|column| column.has_fractions)
    }
}
