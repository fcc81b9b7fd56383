//! A table as people export it. It is read in fixed steps, each of which looks at all rows, tells what it decided and can
//! be overruled: bytes to rows ([`rows`]: separated text by [`text`] and [`dialect`], a [`sheet`], [`mod@parquet`], [`json`], [`arff`]),
//! titles, header and units ([`header`]), and cells to numbers or words, column by column ([`column`], [`number`]).

mod arff;
mod column;
mod dialect;
mod footer;
mod foreign;
mod header;
mod json;
mod missing;
mod number;
mod options;
mod parquet;
mod repair;
mod rows;
mod sheet;
mod text;
mod titles;
mod trained;
mod units;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

pub use column::{Column, number_text};
use column::{Raw, Reading};
use dialect::{Record, width_of};
use header::Header;
use missing::is_missing;
pub use missing::marks_text;
use number::{Convention, Found};
use options::SKIP;
use options::Separator;
pub use options::{FirstOfDate, Options, READING};
use rows::Rows;
pub use sheet::UNCALCULATED;
pub use text::{kind_of, unpacked};

use super::error::{DataError, Remedy, Wrong};
use super::given::Given;
use crate::data::note::Note;

/// More bytes than this in one file are a mistake, or a trap.
const MAX_BYTES: u64 = 256 << 20;

/// A cell with more characters than this is none.
const MAX_CELL: usize = 1 << 16;

/// Bytes in which the columns of a file have shown themselves.
const BEGINNING: u64 = 1 << 18;

/// Columns of cells with their names.
#[derive(Debug)]
pub struct Table {
    /// The columns, from left to right.
    pub columns: Vec<Column>,
    /// Number of rows.
    pub rows: usize,
    /// Notes from reading the file, one sentence each.
    pub notes: Vec<Note>,
    /// What reads another sheet of a workbook, if it has one.
    pub sheets: Option<Remedy>,
}

impl Table {
    /// Reads a file, or the contents of one.
    pub fn open(given: Given<'_>, options: &Options) -> Result<Self, DataError> {
        match given.contents {
            None => Self::read(given.path, options),
            Some(bytes) => Self::parse(bytes.to_vec(), options).map_err(|wrong| DataError::refused(given.path, wrong)),
        }
    }

    /// Reads a file.
    pub fn read(path: &Path, options: &Options) -> Result<Self, DataError> {
        let mut bytes = Vec::new();
        let unreadable = |error: std::io::Error| DataError::file(path, error);
        let file = File::open(path).map_err(unreadable)?;
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(DataError::file(path, "is larger than 256 MB; take a part of it"));
        }
        Self::parse(bytes, options).map_err(|wrong| DataError::refused(path, wrong))
    }

    /// Reads the first lines of a file, which are enough to know its columns.
    pub fn beginning(path: &Path, options: &Options) -> Result<Self, DataError> {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut bytes));
        read.map_err(|error| DataError::file(path, error))?;
        if rows::is_whole(&bytes) {
            return Self::read(path, options);
        }
        if bytes.len() as u64 == BEGINNING
            && let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n')
        {
            bytes.truncate(end);
        }
        Self::parse(bytes, options).map_err(|wrong| DataError::refused(path, wrong))
    }

    /// Reads the contents of a file.
    pub fn parse(bytes: Vec<u8>, options: &Options) -> Result<Self, Wrong> {
        let mut notes = Vec::new();
        let rows = rows::of(bytes, options, MAX_BYTES, &mut notes)?;
        let sheets = rows.sheets.clone();
        Self::of_rows(rows, options, notes).map_err(|wrong| wrong.or(sheets))
    }

    fn of_rows(rows: Rows, options: &Options, mut notes: Vec<Note>) -> Result<Self, Wrong> {
        let Rows { mut records, separator, names, words, sheets } = rows;
        check_cells(&records)?;
        let header = match names {
            Some(names) => Header { names: Some(names), units: Vec::new() },
            None => {
                let header = header::take(&mut records, options, &mut notes)?;
                footer::skip(&mut records, options, &mut notes);
                header
            }
        };
        if header.names.is_none() && records.iter().all(|record| record.cells.iter().all(|cell| is_missing(cell))) {
            return Err("there is nothing in it".into());
        }
        let width = header.names.as_ref().map_or_else(|| width_of(&records), Vec::len);
        check_widths(&records, width, &mut notes)?;
        if records.is_empty() {
            return Err("has a header, and no row below it".into());
        }
        let is_nameless = header.names.is_none() && options.names.is_empty();
        let trained = options.trained.as_ref().filter(|_| is_nameless);
        let given = trained.and_then(|trained| trained.names_for(width));
        if let Some(names) = given {
            let names = names.join(", ");
            notes.push(format!("The file has no header, and its columns are taken for {names}, in this order").into());
        }
        let names = column_names(header.names, given.unwrap_or(&options.names), width)?;
        let options = &options.for_columns(&names)?;
        let rows = records.len();
        let mut units = header.units.into_iter();
        let mut words = words.into_iter();
        let mut raws: Vec<Raw> = names
            .into_iter()
            .map(|name| Raw {
                name,
                cells: Vec::with_capacity(rows),
                unit: units.next().filter(|unit| !unit.is_empty()),
                holds_words: words.next().unwrap_or(false),
                notes: Vec::new(),
            })
            .collect();
        for record in records {
            let mut cells = record.cells.into_iter();
            raws.iter_mut().for_each(|column| column.cells.push(cells.next().unwrap_or_default()));
        }
        for raw in &mut raws {
            raw.repair(options)?;
        }
        let columns = understood(raws, separator, options)?;
        Ok(Self { columns, rows, notes, sheets })
    }

    /// The column of this name, or at this position counted from 1.
    pub fn find(&self, name: &str) -> Option<usize> {
        let by_position = || name.parse::<usize>().ok()?.checked_sub(1).filter(|at| *at < self.columns.len());
        self.named(name).or_else(by_position)
    }

    /// The column of this name; capital letters do not matter where no two columns differ in them alone.
    pub fn named(&self, name: &str) -> Option<usize> {
        let by_name = self.columns.iter().position(|column| column.name == name);
        let alike = || {
            let mut alike =
                self.columns.iter().enumerate().filter(|(_, column)| column.name.eq_ignore_ascii_case(name));
            alike.next().filter(|_| alike.next().is_none()).map(|(at, _)| at)
        };
        by_name.or_else(alike)
    }

    /// The names of all columns, for a sentence.
    pub fn names(&self) -> String {
        self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Keeps the rows whose entry is true.
    pub fn retain(&mut self, keep: &[bool]) {
        self.columns.iter_mut().for_each(|column| column.retain(keep));
        self.rows = keep.iter().filter(|keep| **keep).count();
    }
}

/// Columns of numbers or of words. A column that two conventions read alike takes that of the others, which one file has
/// in common.
fn understood(raws: Vec<Raw>, separator: Separator, options: &Options) -> Result<Vec<Column>, Wrong> {
    let readings: Vec<Option<Reading>> = raws.iter().map(|raw| raw.reading(separator, options)).collect();
    let decided = |mark: char| {
        let is_such = |reading: &&Reading| match reading.found {
            Found::One(convention) => convention != Convention::PLAIN && convention.decimal == mark,
            Found::Either(..) => false,
        };
        readings.iter().flatten().filter(is_such).count()
    };
    let has_points = raws.iter().zip(&readings).any(|(raw, reading)| {
        let is_plain = reading.as_ref().is_some_and(|reading| reading.found == Found::One(Convention::PLAIN));
        is_plain && raw.cells.iter().any(|cell| cell.contains('.'))
    });
    let (points, commas) = (decided('.') + usize::from(has_points), decided(','));
    let mut columns = Vec::with_capacity(raws.len());
    for (raw, reading) in raws.into_iter().zip(readings) {
        let Some(reading) = reading else {
            columns.push(raw.words(options));
            continue;
        };
        let convention = match reading.found {
            Found::One(convention) => convention,
            Found::Either(grouped, fractional) => {
                let [by_point, by_comma] =
                    if grouped.decimal == '.' { [grouped, fractional] } else { [fractional, grouped] };
                match (points, commas) {
                    (0, 1..) => by_comma,
                    (1.., 0) => by_point,
                    // A program that separates cells with commas writes no decimal commas; a point alone is the usual mark.
                    _ if separator == Separator::Byte(b',') || separator == Separator::Space => by_point,
                    _ => return Err(ambiguous(&raw, [grouped, fractional], options)),
                }
            }
        };
        if let Some(both) = reading.unit.as_ref().and_then(|unit| raw.percents_and_shares(unit, convention)) {
            return Err(both);
        }
        columns.push(raw.numbers(convention, &reading, options));
    }
    Ok(columns)
}

/// The refusal of a column that two conventions read in different ways.
fn ambiguous(raw: &Raw, [grouped, fractional]: [Convention; 2], options: &Options) -> Wrong {
    let differs = |cell: &&String| grouped.read(cell) != fractional.read(cell);
    let cell = raw.cells.iter().find(differs).cloned().unwrap_or_default();
    let read = |convention: Convention| convention.read(&cell).map(number_text).unwrap_or_default();
    let what = format!(
        "{:?} in {} may be {} or {}, and nothing in the file decides it",
        cell,
        raw.name,
        read(grouped),
        read(fractional)
    );
    let remedy = match options.trained {
        None => format!("say decimal={} or decimal={}", grouped.decimal, fractional.decimal),
        // What is predicted takes no options of reading.
        Some(_) => "write all its numbers in one way, without marks of thousands".to_owned(),
    };
    Wrong::new(what, [Remedy::of("decimal", remedy)])
}

fn check_cells(records: &[Record]) -> Result<(), String> {
    match records.iter().find(|record| record.cells.iter().any(|cell| cell.len() > MAX_CELL)) {
        Some(record) => Err(format!("line {}: a cell has more than {MAX_CELL} bytes; look at its quotes", record.line)),
        None => Ok(()),
    }
}

fn check_widths(records: &[Record], width: usize, notes: &mut Vec<Note>) -> Result<(), Wrong> {
    if let Some(record) = records.iter().find(|record| record.cells.len() > width) {
        let (line, cells) = (record.line, record.cells.len());
        // Where most rows are wider than the header, it is no header.
        if width_of(records) > width {
            let what = format!("the first row has {width} cells, and most rows, such as line {line}, have {cells}");
            let remedy = "look at its separators, or say skip=N if N lines stand above the header";
            return Err(Wrong::new(what, [Remedy::new(SKIP.key, remedy)]));
        }
        let what = match width {
            // It may be no table at all.
            1 => format!(
                "line {line} has {cells} cells, and the first row has 1; look at its separators and quotes, or read it as a text with chars:FILE"
            ),
            _ => format!(
                "line {line} has {cells} cells, and the first row has {width}; look at its separators and quotes"
            ),
        };
        return Err(what.into());
    }
    let short = || records.iter().filter(|record| record.cells.len() < width);
    if let Some(first) = short().next() {
        notes.push(
            format!(
                "{} early, such as line {}; their last cells count as missing",
                if short().count() == 1 { "1 row ends".to_owned() } else { format!("{} rows end", short().count()) },
                first.line
            )
            .into(),
        );
    }
    if records.iter().any(|record| record.cells.iter().any(|cell| cell.contains('\n'))) {
        notes.push("Some cells go over several lines".into());
    }
    Ok(())
}

fn column_names(header: Option<Vec<String>>, given: &[String], width: usize) -> Result<Vec<String>, String> {
    if !given.is_empty() && given.len() != width {
        return Err(format!("has {width} columns, and {} names are given for them", given.len()));
    }
    let given = if given.is_empty() { header.unwrap_or_default() } else { given.to_vec() };
    let mut names: Vec<String> = Vec::with_capacity(width);
    for at in 0..width {
        let name = given.get(at).map(|name| name.trim()).filter(|name| !name.is_empty());
        let name = name.map_or_else(|| format!("column {}", at + 1), str::to_owned);
        let is_new = |name: &String| !names.contains(name);
        let spellings = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name} ({number})")));
        names.extend(spellings.take(width + 1).find(is_new));
    }
    Ok(names)
}

#[cfg(test)]
mod tests;
