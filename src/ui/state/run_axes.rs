//! The columns of the table of runs as axes, so that a setting can be held against a result.

use std::ops::Range;

use super::run_table::RunTable;
use crate::ui::widgets::numbers::significant;

/// Positive numbers that differ by more than this factor are laid out by their logarithms.
const MOST_UNEQUAL: f64 = 30.0;

/// More values than these that are no numbers have no room on an axis.
const MOST_WORDS: usize = 12;

/// A column as an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct RunAxis {
    /// The name of the column.
    pub column: String,
    /// The name, and how it is laid out where that is not plain.
    pub name: String,
    /// What the lower end is.
    pub low: String,
    /// What the upper end is.
    pub high: String,
    /// The ends, in the units that the places are scaled from: numbers, their logarithms, or the positions of words.
    pub ends: [f64; 2],
    /// The place of each row between the ends, from 0 to 1; nothing where the cell is empty.
    pub places: Vec<Option<f32>>,
}

impl RunTable {
    /// A column as an axis of these rows; nothing if all of them are alike there, or there is no room.
    pub fn axis(&self, column: usize, rows: &[usize]) -> Option<RunAxis> {
        let name = self.heads().get(column)?.name.clone();
        let numbers: Vec<Option<f64>> = rows.iter().map(|row| self.number(*row, column)).collect();
        let is_empty = |row: &&usize| self.cell(**row, column).is_empty();
        let given = || numbers.iter().flatten().copied();
        if given().count() + rows.iter().filter(is_empty).count() < rows.len() {
            return self.words_axis(&name, column, rows);
        }
        let (low, high) = (given().fold(f64::INFINITY, f64::min), given().fold(f64::NEG_INFINITY, f64::max));
        if low >= high || !(low.is_finite() && high.is_finite()) {
            return None;
        }
        let is_logarithmic = low > 0.0 && high / low > MOST_UNEQUAL;
        let on_axis = |number: f64| if is_logarithmic { number.log10() } else { number };
        let ends = [on_axis(low), on_axis(high)];
        let place = |number: f64| ((on_axis(number) - ends[0]) / (ends[1] - ends[0])) as f32;
        Some(RunAxis {
            name: if is_logarithmic { format!("log10 {name}") } else { name.clone() },
            column: name,
            low: significant(low),
            high: significant(high),
            ends,
            places: numbers.into_iter().map(|number| number.map(place)).collect(),
        })
    }

    fn words_axis(&self, name: &str, column: usize, rows: &[usize]) -> Option<RunAxis> {
        let cells: Vec<String> = rows.iter().map(|row| self.cell(*row, column)).collect();
        let mut words: Vec<&String> = cells.iter().filter(|cell| !cell.is_empty()).collect();
        words.sort();
        words.dedup();
        let last = words.len().checked_sub(1).filter(|last| (1..MOST_WORDS).contains(last))?;
        let place = |cell: &String| words.binary_search(&cell).ok().map(|at| at as f32 / last as f32);
        let told: Vec<_> = words.iter().enumerate().map(|(at, word)| format!("{at} {word}")).collect();
        Some(RunAxis {
            column: name.to_owned(),
            name: format!("{name}: {}", told.join(", ")),
            low: words[0].clone(),
            high: words[last].clone(),
            ends: [0.0, last as f64],
            places: cells.iter().map(place).collect(),
        })
    }

    /// The columns of the settings in which the runs differ.
    pub fn settings_columns(&self) -> Range<usize> {
        self.columns().0
    }

    /// The columns of results.
    pub fn results_columns(&self) -> Range<usize> {
        self.columns().1
    }
}
