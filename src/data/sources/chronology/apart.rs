//! Which column tells several series in one file apart: those with the same times, and those that stand one under another.

use std::collections::BTreeMap;

use super::TIME_NAMES;
use super::clock::is_part_of_time;
use crate::data::error::{Remedy, Wrong};
use crate::data::table::{Column, Table};

/// So many pairs of columns are tried to tell series apart.
const PAIRS: usize = 20;

/// The fewest rows of a series that stands above or below another.
const MIN_BLOCK: usize = 4;

/// Names of columns whose words follow from the time, in small letters.
const PERIODS: &[&str] = &["season", "weekday", "era", "decade", "jahreszeit", "monat", "quartal", "mois", "mes"];

/// The rows of each series, told apart by the cells of one column or of several.
pub fn members(table: &Table, columns: &[usize]) -> BTreeMap<Vec<String>, Vec<usize>> {
    let mut members: BTreeMap<Vec<String>, Vec<usize>> = BTreeMap::new();
    for row in 0..table.rows {
        let key = columns.iter().map(|at| table.columns[*at].cells[row].clone().unwrap_or_default()).collect();
        members.entry(key).or_default().push(row);
    }
    members
}

/// The column, or the two, that tell series with the same times apart: few different cells, under each of which no time comes
/// twice.
pub fn telling_apart(table: &Table, times: &[f64], read: &[usize], time: &[usize]) -> Option<Vec<usize>> {
    let is_unique = |rows: &[usize]| {
        let mut of: Vec<f64> = rows.iter().map(|row| times[*row]).filter(|time| !time.is_nan()).collect();
        of.sort_by(f64::total_cmp);
        of.windows(2).all(|pair| pair[0] < pair[1])
    };
    let all: Vec<usize> = (0..table.rows).collect();
    if is_unique(&all) {
        return None;
    }
    let others = || (0..table.columns.len()).filter(|at| !read.contains(at) && !time.contains(at));
    let tells_apart = |columns: &Vec<usize>| {
        let members = members(table, columns);
        members.len() > 1 && members.len() * 3 <= table.rows && members.values().all(|rows| is_unique(rows))
    };
    let pairs =
        || others().flat_map(|one| others().filter(move |other| *other > one).map(move |other| vec![one, other]));
    others().map(|at| vec![at]).find(tells_apart).or_else(|| pairs().take(PAIRS).find(tells_apart))
}

/// A column of words, each of which stands in one block of several rows, as series do that were put one under another.
pub fn in_blocks(table: &Table, read: &[usize], time: &[usize]) -> Option<usize> {
    let is_other = |at: &usize| !read.contains(at) && !time.contains(at);
    (0..table.columns.len()).filter(is_other).find(|at| stands_in_blocks(&table.columns[*at]))
}

fn stands_in_blocks(column: &Column) -> bool {
    let name = column.name.trim().to_lowercase();
    let follows_from_time = TIME_NAMES.contains(&&*name) || PERIODS.contains(&&*name) || is_part_of_time(column);
    if !column.holds_words() || follows_from_time || column.cells.iter().any(Option::is_none) {
        return false;
    }
    let blocks: Vec<usize> = column.cells.chunk_by(|one, other| one == other).map(<[_]>::len).collect();
    blocks.len() > 1 && blocks.iter().all(|rows| *rows >= MIN_BLOCK) && column.distinct().len() == blocks.len()
}

/// The question whether a column tells series apart that stand one under another.
pub fn ask_for_blocks(column: &Column) -> Wrong {
    let name = &column.name;
    let words = column.distinct();
    let some = words.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if words.len() > 3 { ", …" } else { "" };
    let what = format!(
        "each of the {} words of {name} ({some}{more}) stands in one block of rows, as several series one under another do",
        words.len()
    );
    let remedies = [
        Remedy::of("group", format!("read each for itself with group={name}")),
        Remedy::new("group", "read the rows as one series with group=none"),
    ];
    Wrong::new(what, remedies)
}
