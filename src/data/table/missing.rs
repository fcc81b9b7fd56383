//! What people write where they have nothing to write.

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
