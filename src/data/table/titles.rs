//! Which rows above the header are titles.

use std::collections::HashSet;

use super::column::is_numeric;
use super::dialect::{Record, width_of};
use super::header::{Body, Reason, is_name};
use super::missing::is_missing;
use super::options::{Options, SKIP};
use crate::data::error::{Remedy, Wrong};
use crate::data::note::{Note, counted};

/// Titles are looked for in so many rows.
const LOOKED_AT: usize = 20;

/// A name is no longer than this.
const MAX_NAME: usize = 40;

/// Units that are words; others show themselves by their signs.
const UNITS: &[&str] = &[
    "mm", "cm", "dm", "m", "km", "in", "ft", "yd", "mi", "mg", "g", "kg", "t", "lb", "lbs", "oz", "ms", "s", "sec",
    "min", "h", "hr", "d", "day", "days", "yr", "year", "years", "k", "c", "f", "degc", "degf", "deg", "rad", "v",
    "mv", "kv", "a", "ma", "w", "kw", "mw", "kwh", "wh", "j", "kj", "hz", "khz", "mhz", "ghz", "pa", "hpa", "kpa",
    "mpa", "bar", "mbar", "psi", "n", "kn", "nm", "ml", "l", "mol", "mmol", "ppm", "ppb", "db", "mph", "kmh", "kph",
    "rpm", "usd", "eur", "gbp", "chf", "unit", "units", "count", "number", "numeric", "integer", "int", "float",
    "double", "real", "percent", "none",
];

/// Leaves out the rows above the header. An option says how many lines that are, or else their looks.
pub fn skip(records: &mut Vec<Record>, options: &Options, notes: &mut Vec<Note>) -> Result<(), Wrong> {
    if let Some(lines) = options.skip {
        records.retain(|record| record.line > lines);
        return Ok(());
    }
    let titles = Top::of(records, options).titles()?;
    if let Some(first) = records.first().filter(|_| titles > 0) {
        let title = first.cells.iter().filter(|cell| !cell.is_empty()).cloned().collect::<Vec<_>>().join(", ");
        let what = format!("{} above the table, such as {title:?}, skipped", counted(titles, "line"));
        notes.push(Note::or(what, SKIP.key, "0", "reads them"));
    }
    records.drain(..titles);
    Ok(())
}

/// The rows at the beginning of a file, and what is known of those below them.
struct Top<'a> {
    records: &'a [Record],
    options: &'a Options,
    width: usize,
    body: Body,
}

impl<'a> Top<'a> {
    fn of(records: &'a [Record], options: &'a Options) -> Self {
        let width = width_of(records);
        let from = LOOKED_AT.min(records.len() / 2);
        let nothing = Record { line: 0, cells: Vec::new() };
        Self { records, options, width, body: Body::of(&records[from..], &nothing, width) }
    }

    /// How many rows stand above the header.
    fn titles(&self) -> Result<usize, Wrong> {
        if self.width < 2 {
            return Ok(0);
        }
        let is_top = |record: &&Record| self.is_loose(record) || self.names_numbers(record);
        let most = LOOKED_AT.min(self.records.len().saturating_sub(2));
        let top = self.records[..most].iter().take_while(is_top).count();
        let loose = |at: &usize| self.is_loose(&self.records[*at]);
        // A row of units may be loose, and stands below the header.
        let last = (0..top).rev().skip_while(loose).find(loose);
        match last {
            Some(last) => self.header_from(last + 1, top),
            None => match (0..top).take_while(loose).count() {
                0 => self.header_from(0, top),
                loose => Ok(self.alone(loose)),
            },
        }
    }

    /// Of loose rows right above rows that name no column of numbers: those that are titles.
    fn alone(&self, loose: usize) -> usize {
        let rows = &self.records[..loose];
        let is_alone = |record: &Record| record.filled() == 1 && !record.cells[0].is_empty();
        let alone = rows.iter().take_while(|record| is_alone(record) && !is_numeric(&record.cells[0])).count();
        let next = &self.records[loose];
        let reason = Body::of(&self.records[loose + 1..], next, self.width).speaks_for(next);
        match reason {
            _ if self.options.header == Some(false) => self.narrow(alone),
            Some(Reason::Strong) => loose,
            Some(Reason::Weak(_)) if alone == loose && next.filled() > 2.min(self.width - 1) => loose,
            _ => self.narrow(alone),
        }
    }

    /// Of so many rows with one cell, those that are no rows of the table with nothing but missing cells.
    fn narrow(&self, alone: usize) -> usize {
        self.records[..alone].iter().take_while(|record| record.cells.len() < self.width).count()
    }

    /// Which of the rows from here on that name columns of numbers is the header.
    fn header_from(&self, from: usize, to: usize) -> Result<usize, Wrong> {
        let to = (from..to).take_while(|at| !self.is_loose(&self.records[*at])).last().map_or(from, |last| last + 1);
        let rows = &self.records[from..to];
        let [first, .., last] = rows else { return Ok(from) };
        let is_known = |record: &Record| {
            let trained = self.options.trained.as_ref().is_some_and(|trained| trained.are_named_by(&record.cells));
            trained || record.is_again(&self.options.names)
        };
        if let Some(known) = rows.iter().position(is_known) {
            return Ok(from + known);
        }
        let names: Vec<usize> = (0..rows.len()).filter(|at| self.is_header(&rows[*at])).collect();
        match names[..] {
            _ if self.options.header.is_some() || last.is_again(&first.cells) => Ok(from),
            _ if self.names_units(last) => Ok(to - 2),
            [] => Ok(from),
            [only] => Ok(from + only),
            _ => {
                let rows: Vec<&Record> = names.iter().map(|at| &rows[*at]).collect();
                let list = |text: &dyn Fn(&Record) -> String| {
                    rows.iter().map(|row| text(row)).collect::<Vec<_>>().join(" or ")
                };
                let what = list(&|row| format!("line {} ({})", row.line, row.cells.join(", ")));
                let what = format!("{what} may be the header, and nothing in the file decides it");
                let remedy = format!("say {}", list(&|row| format!("skip={}", row.line - 1)));
                Err(Wrong::new(what, [Remedy::of(SKIP.key, remedy)]))
            }
        }
    }

    /// Whether a row is narrower or wider than most, or mostly empty.
    fn is_loose(&self, record: &Record) -> bool {
        let end = record.cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
        record.cells.len() > self.width || end < self.width || record.filled() * 2 <= self.width
    }

    /// The cells that stand in columns of numbers.
    fn over_numbers<'b>(&'b self, record: &'b Record) -> impl Iterator<Item = &'b String> {
        let pairs = record.cells.iter().zip(&self.body.columns);
        pairs.filter(|(cell, column)| column.is_numeric && !is_missing(cell)).map(|(cell, _)| cell)
    }

    fn names_numbers(&self, record: &Record) -> bool {
        self.over_numbers(record).any(|cell| !is_numeric(cell))
    }

    fn names_units(&self, record: &Record) -> bool {
        self.over_numbers(record).next().is_some() && self.over_numbers(record).all(|cell| is_unit(cell))
    }

    /// Whether the cells are names, no two of which are alike.
    fn is_header(&self, record: &Record) -> bool {
        let distinct = record.cells.iter().map(|cell| cell.to_lowercase()).collect::<HashSet<_>>().len();
        distinct == self.width && record.cells.iter().all(|cell| is_name(cell) && cell.chars().count() <= MAX_NAME)
    }
}

/// Whether a cell under a header is a unit: in brackets, with the sign of one, or one of those that are words.
fn is_unit(cell: &str) -> bool {
    let is_within = |open, close| cell.starts_with(open) && cell.ends_with(close);
    let is_short = cell.chars().count() <= 16;
    let has_sign = is_short && cell.contains(['/', '%', '°', '²', '³', '€', '$', '£', 'µ', '^']);
    is_within('[', ']') || is_within('(', ')') || has_sign || UNITS.contains(&&*cell.to_lowercase())
}
