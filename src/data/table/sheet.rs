//! A sheet of a workbook of Excel or LibreOffice as rows of cells.

use std::io::Cursor;

use calamine::{Cell, Data, DataRef, Range, Reader as _, Sheets, open_workbook_auto_from_rs};

use super::column::number_text;
use super::dialect::Record;
use super::foreign;
use super::options::{Options, SHEET};
use crate::data::error::{Remedy, Wrong};
use crate::data::note::{Note, counted};

/// A sheet with more cells than this holds one far from all others.
const MAX_CELLS: usize = 50_000_000;

/// What an .xls begins with.
const COMPOUND_FILE: &[u8] = b"\xD0\xCF\x11\xE0";

/// Whether the bytes are those of a workbook, or of another archive.
pub fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(COMPOUND_FILE)
}

/// What a note says of formulas whose results are not in the file.
pub const UNCALCULATED: &str = "a formula whose result was never calculated";

/// The rows of a sheet.
pub struct Sheet {
    pub records: Vec<Record>,
    /// What reads another sheet, if there is one.
    pub others: Option<Remedy>,
}

/// The rows of the sheet that the options name, or of the first one with a cell.
pub fn read_sheet(bytes: &[u8], options: &Options, notes: &mut Vec<Note>) -> Result<Sheet, Wrong> {
    let damaged = || Wrong::from("this workbook is damaged; open it, and save the table as CSV".to_owned());
    // The reader of workbooks follows chains of sectors that go round in a circle until the memory is full.
    let is_sound = || !bytes.starts_with(COMPOUND_FILE) || cfb::CompoundFile::open(Cursor::new(bytes)).is_ok();
    if foreign::read(is_sound) != Some(true) {
        return Err(damaged());
    }
    foreign::read(|| read(bytes, options, notes)).unwrap_or_else(|| Err(damaged()))
}

fn read(bytes: &[u8], options: &Options, notes: &mut Vec<Note>) -> Result<Sheet, Wrong> {
    let mut book = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(|_| {
        "this is an archive or a document, and no workbook that can be read; unpack it, or save the table as CSV"
            .to_owned()
    })?;
    let names = book.sheet_names();
    let (name, range) = match &options.sheet {
        Some(wanted) => {
            let name = names.iter().find(|name| *name == wanted);
            let name = name.or_else(|| names.get(wanted.parse::<usize>().ok()?.checked_sub(1)?)).ok_or_else(|| {
                Wrong::new(
                    format!("has no sheet {wanted:?}; its sheets are {}", names.join(", ")),
                    [Remedy::new(SHEET.key, "name one with sheet=NAME")],
                )
            })?;
            (name.clone(), range_of(&mut book, name)?)
        }
        None => first_with_cells(&mut book, &names)?,
    };
    notes.extend(uncalculated(&mut book, &name, &range));
    notes.extend(merged(&mut book, &name));
    let another = names.iter().find(|other| **other != name);
    if names.len() > 1 {
        let others = names.join(", ");
        notes.push(
            format!("The sheet {name:?} of {} ({others}) was read; sheet=NAME reads another", names.len()).into(),
        );
    }
    let first = range.start().map_or(0, |(row, _)| row as usize);
    let mut errors = Vec::new();
    let records: Vec<Record> = range
        .rows()
        .zip(first + 1..)
        .map(|(row, line)| Record { line, cells: row.iter().map(|cell| text_of(cell, &mut errors)).collect() })
        .collect();
    if let Some(error) = errors.first() {
        notes.push(
            format!("{} with an error, such as {error}, taken for missing", counted(errors.len(), "cell")).into(),
        );
    }
    let others = another.map(|other| {
        let advice = format!("read another sheet than {name:?}, such as sheet={other}");
        Remedy::of(SHEET.key, advice)
    });
    Ok(Sheet { records, others })
}

/// That cells have a formula and no value, as a program leaves them that writes a workbook and calculates nothing.
fn uncalculated(book: &mut Book<'_>, name: &str, range: &Range<Data>) -> Option<Note> {
    let is_empty = |cell: &Data| matches!(cell, Data::Empty) || matches!(cell, Data::String(text) if text.is_empty());
    let mut lacking = formulas(book, name);
    lacking.retain(|place| range.get_value(*place).is_none_or(is_empty));
    let (row, column) = *lacking.first()?;
    let place = place_of(row, column);
    let cells = counted(lacking.len(), "cell");
    Some(
        format!("{cells}, such as {place}, with {UNCALCULATED}, taken for missing; open the workbook and save it")
            .into(),
    )
}

/// Rows and columns of the cells with a formula.
fn formulas(book: &mut Book<'_>, name: &str) -> Vec<(u32, u32)> {
    let Sheets::Xlsx(book) = book else {
        let Ok(range) = book.worksheet_formula(name) else { return Vec::new() };
        let (row, column) = range.start().unwrap_or_default();
        let written = range.used_cells().filter(|(_, _, formula)| !formula.is_empty());
        return written.map(|(down, right, _)| (row + down as u32, column + right as u32)).collect();
    };
    let Ok(mut reader) = book.worksheet_cells_reader(name) else { return Vec::new() };
    let mut places = Vec::new();
    while let Ok(Some(formula)) = reader.next_formula() {
        if !formula.get_value().is_empty() {
            places.push(formula.get_position());
        }
    }
    places
}

/// That cells are merged, of which the first alone has the value.
fn merged(book: &mut Book<'_>, name: &str) -> Option<Note> {
    let areas = match book {
        Sheets::Xlsx(book) => book.merge_cells_by_sheet_name(name).ok()?,
        Sheets::Xls(book) => book.merge_cells_by_sheet_name(name).ok()?,
        _ => return None,
    };
    let first = areas.first()?;
    let (from, to) = (place_of(first.start.0, first.start.1), place_of(first.end.0, first.end.1));
    let count = counted(areas.len(), "area");
    Some(
        format!(
            "{count} of merged cells, such as {from}:{to}: the first cell of each has the value, the others are empty"
        )
        .into(),
    )
}

/// "C2", of a row and a column counted from 0.
fn place_of(row: u32, column: u32) -> String {
    let (mut letters, mut rest) = (String::new(), column + 1);
    while rest > 0 {
        letters.insert(0, char::from(b'A' + ((rest - 1) % 26) as u8));
        rest = (rest - 1) / 26;
    }
    format!("{letters}{}", row + 1)
}

type Book<'a> = Sheets<Cursor<&'a [u8]>>;

fn first_with_cells(book: &mut Book<'_>, names: &[String]) -> Result<(String, Range<Data>), String> {
    for name in names {
        let range = range_of(book, name)?;
        if !range.is_empty() {
            return Ok((name.clone(), range));
        }
    }
    Err("there is nothing in it".to_owned())
}

/// The cells of a sheet. Those of .xlsx are looked at first: one cell in the last row would fill the memory.
fn range_of(book: &mut Book<'_>, name: &str) -> Result<Range<Data>, String> {
    let unreadable = |error: &dyn std::fmt::Display| format!("the sheet {name:?} cannot be read: {error}");
    let Sheets::Xlsx(book) = book else {
        return book.worksheet_range(name).map_err(|error| unreadable(&error));
    };
    let mut reader = book.worksheet_cells_reader(name).map_err(|error| unreadable(&error))?;
    let mut cells: Vec<Cell<Data>> = Vec::new();
    let (mut rows, mut columns) = (0, 0);
    while let Some(cell) = reader.next_cell().map_err(|error| unreadable(&error))? {
        if *cell.get_value() == DataRef::Empty {
            continue;
        }
        let (row, column) = cell.get_position();
        (rows, columns) = (rows.max(row as usize + 1), columns.max(column as usize + 1));
        if rows * columns > MAX_CELLS {
            return Err(format!(
                "the sheet {name:?} has a cell in row {rows} or column {columns}, far from the others; delete it, or save the table as CSV"
            ));
        }
        cells.push(Cell::new((row, column), cell.get_value().clone().into()));
    }
    Ok(Range::from_sparse(cells))
}

/// A cell as a file of text would have it.
fn text_of(cell: &Data, errors: &mut Vec<String>) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) => number_text(*number),
        Data::Bool(is_true) => is_true.to_string(),
        Data::String(text) | Data::DurationIso(text) => text.trim().to_owned(),
        // As the dates of .xlsx are written.
        Data::DateTimeIso(text) => text.trim().trim_end_matches("T00:00:00").replace('T', " "),
        Data::DateTime(time) if time.is_duration() => number_text(time.as_f64() * 86_400.0),
        Data::DateTime(time) => match time.as_datetime() {
            // A time of the day has no date, which is written as zero.
            Some(moment) if time.as_f64() < 1.0 => moment.format("%H:%M:%S").to_string(),
            Some(moment) if time.as_f64().fract() == 0.0 => moment.format("%Y-%m-%d").to_string(),
            Some(moment) => moment.format("%Y-%m-%d %H:%M:%S").to_string(),
            None => number_text(time.as_f64()),
        },
        Data::Error(error) => {
            errors.push(error.to_string());
            String::new()
        }
    }
}
