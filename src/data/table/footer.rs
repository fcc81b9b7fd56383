//! Which rows below the table are none of its samples: sums, means and remarks.

use super::column::{STRAY, is_numeric};
use super::dialect::Record;
use super::number;
use super::options::{FOOTER, Options};
use crate::data::note::{Note, counted};

/// What a row begins with that sums up the others, in small letters.
const SUMMARIES: &[&str] = &[
    "total",
    "totals",
    "subtotal",
    "grand",
    "sum",
    "sums",
    "average",
    "averages",
    "avg",
    "mean",
    "means",
    "overall",
    "sd",
    "std",
    "stdev",
    "min",
    "max",
    "median",
    "count",
    "summe",
    "gesamt",
    "mittelwert",
];

/// What a line begins with that says something of the table, in small letters.
const REMARKS: &[&str] = &["source", "sources", "note", "notes", "generated", "created", "printed", "quelle", "end"];

/// No more rows than this sum up a table.
const MOST: usize = 5;

/// A sum that was rounded differs by no more than this share.
const ROUNDED: f64 = 0.01;

/// Leaves out the rows below the table. An option says how many they are, or else their looks.
pub fn skip(records: &mut Vec<Record>, options: &Options, notes: &mut Vec<Note>) {
    if let Some(rows) = options.footer {
        records.truncate(records.len().saturating_sub(rows));
        return;
    }
    let mut samples = records.len();
    while samples > 3 && is_remark(&records[samples - 1], &records[..samples - 1]) {
        samples -= 1;
    }
    let is_summary = |record: &&Record| {
        record.cells.iter().find(|cell| !cell.is_empty()).is_some_and(|cell| begins_with(cell, SUMMARIES))
    };
    let summaries = records[..samples].iter().rev().take(MOST).take_while(is_summary).count();
    let above = &records[..samples - summaries];
    while samples > above.len().max(3) && sums_up(&records[samples - 1], above) {
        samples -= 1;
    }
    let left_out = records.split_off(samples);
    if let Some(first) = left_out.first() {
        let cells: Vec<&str> = first.cells.iter().map(String::as_str).filter(|cell| !cell.is_empty()).collect();
        let rows = counted(left_out.len(), "row");
        let what = format!("{rows} below the table, such as {:?}, left out as no sample", cells.join(", "));
        notes.push(Note::or(what, FOOTER.key, "0", "reads them"));
    }
}

/// Whether the row has one cell only, which is unlike those above it, or says that it is a remark.
fn is_remark(row: &Record, above: &[Record]) -> bool {
    let Some(cell) = row.cells.first().filter(|cell| !cell.is_empty() && row.filled() == 1) else { return false };
    above[0].cells.len() > 1
        && (is_foreign(cell, 0, above) || begins_with(cell, REMARKS) && !comes_again(cell, 0, above))
}

/// Whether the row begins with a word for a sum or mean that is unlike the cells above it, or has the sums or means of its columns.
fn sums_up(row: &Record, above: &[Record]) -> bool {
    let Some((at, cell)) = row.cells.iter().enumerate().find(|(_, cell)| !cell.is_empty()) else { return false };
    if comes_again(cell, at, above) {
        return false;
    }
    let numbers = || row.cells.iter().enumerate().skip(at + 1).filter(|(_, cell)| is_numeric(cell));
    is_foreign(cell, at, above) || numbers().next().is_some() && numbers().all(|(at, _)| is_sum_or_mean(row, at, above))
}

fn begins_with(cell: &str, words: &[&str]) -> bool {
    let word: String = cell.chars().take_while(|letter| letter.is_alphabetic()).collect();
    words.contains(&&*word.to_lowercase())
}

fn comes_again(cell: &str, at: usize, above: &[Record]) -> bool {
    above.iter().any(|record| record.cells.get(at).is_some_and(|other| other.eq_ignore_ascii_case(cell)))
}

/// Whether a cell begins with a letter where those above are numbers or dates.
fn is_foreign(cell: &str, at: usize, above: &[Record]) -> bool {
    let others = || above.iter().filter_map(|record| record.cells.get(at)).filter(|other| !other.is_empty());
    let words = others().filter(|other| other.starts_with(char::is_alphabetic)).count();
    cell.starts_with(char::is_alphabetic) && others().next().is_some() && words * STRAY <= others().count()
}

fn is_sum_or_mean(row: &Record, at: usize, above: &[Record]) -> bool {
    let cell = |record: &'_ Record| record.cells.get(at).cloned().unwrap_or_default();
    let cells: Vec<String> = above.iter().chain([row]).map(cell).filter(|cell| is_numeric(cell)).collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
    let unit = number::Unit::shared(&cells).unwrap_or_default();
    let bare: Vec<String> = cells.iter().map(|cell| unit.strip(cell)).collect();
    let bare: Vec<&str> = bare.iter().map(String::as_str).collect();
    let (number::Found::One(convention) | number::Found::Either(convention, _)) = number::find(&bare, None, None);
    let numbers: Vec<f64> = bare.iter().filter_map(|cell| convention.read(cell)).collect();
    let Some((last, others)) = numbers.split_last() else { return false };
    let sum: f64 = others.iter().sum();
    let is_near = |number: f64| (number - last).abs() <= ROUNDED * number.abs();
    is_near(sum) || is_near(sum / others.len() as f64)
}
