//! The language of the window and of the command line.

/// The code of the language.
pub fn code() -> &'static str {
    "en"
}
