//! Words of the notes that reading a file leaves.

/// "1 row", "3 rows".
pub fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
