//! What people write where they have nothing to write.

use std::collections::BTreeMap;

use crate::data::note::counted;

/// What people write for a missing number, in small letters.
const MISSING_NUMBER: &[&str] = &[
    "", "?", "-", "--", ".", "..", "na", "n/a", "n.a.", "nan", "<na>", "null", "nil", "none", "#n/a", "#na", "unknown",
    "missing",
];

/// What people write for a missing word. What may be a word itself, such as None, stays one.
const MISSING_WORD: &[&str] = &["", "?", "na", "n/a", "nan", "<na>", "null", "#n/a", "#na"];

/// Whether a cell says that a number is missing.
pub fn is_missing(cell: &str) -> bool {
    cell.len() <= 8 && MISSING_NUMBER.contains(&cell.to_lowercase().as_str())
}

/// Whether a cell says that a word is missing.
pub fn is_missing_word(cell: &str) -> bool {
    cell.len() <= 4 && MISSING_WORD.contains(&cell.to_lowercase().as_str())
}

/// What stands in the cells that are missing, and how often.
pub fn marks_of(cells: &[String], is_missing: impl Fn(&str) -> bool) -> BTreeMap<String, usize> {
    let mut marks = BTreeMap::new();
    for cell in cells.iter().filter(|cell| !cell.is_empty() && is_missing(cell)) {
        *marks.entry(cell.clone()).or_insert(0) += 1;
    }
    marks
}

/// `12 "unknown", 8 "NA"`
pub fn marks_text(marks: &BTreeMap<String, usize>) -> Option<String> {
    let marks: Vec<String> = marks.iter().map(|(mark, count)| format!("{count} {mark:?}")).collect();
    (!marks.is_empty()).then(|| marks.join(", "))
}

/// `20 missing values (12 "unknown", 8 "NA")`, or `8 missing values ("NA")` where all of them are one mark.
pub fn missing_values(missing: usize, marks: &BTreeMap<String, usize>) -> Option<String> {
    let values = counted(missing, "missing value");
    // Rows that were left out had marks too.
    let are_left = marks.values().sum::<usize>() <= missing;
    let marks = match marks.iter().next() {
        Some((mark, count)) if *count == missing => format!(" ({mark:?})"),
        _ => marks_text(marks).filter(|_| are_left).map_or_else(String::new, |marks| format!(" ({marks})")),
    };
    (missing > 0).then(|| format!("{values}{marks}"))
}
