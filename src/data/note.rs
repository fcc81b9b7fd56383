//! What was decided for the user while data were read.

use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};

/// A sentence that tells what was decided, and what decides otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    otherwise: Option<Otherwise>,
}

/// What decides otherwise than the program did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// An option of the source, and its value.
    Option(&'static str, String),
    /// Another kind of source, by its name, that reads the same file.
    Source(&'static str),
}

impl Note {
    /// A decision that `option=value` overrules: "row numbers the rows and was left out; keep=row reads it".
    pub fn or(decision: impl fmt::Display, option: &'static str, value: impl Into<String>, then: &str) -> Self {
        let value = value.into();
        let text = readable(format!("{decision}; {option}={value} {then}"));
        Self { text, otherwise: Some(Otherwise::Option(option, value)) }
    }

    /// A remark on a file that another kind of source may read better.
    pub fn or_as(remark: impl Into<String>, source: &'static str) -> Self {
        Self { text: readable(remark.into()), otherwise: Some(Otherwise::Source(source)) }
    }

    /// What decides otherwise.
    pub fn otherwise(&self) -> Option<&Otherwise> {
        self.otherwise.as_ref()
    }
}

impl From<String> for Note {
    fn from(text: String) -> Self {
        Self { text: readable(text), otherwise: None }
    }
}

impl From<&str> for Note {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl<Text: AsRef<str> + ?Sized> PartialEq<Text> for Note {
    fn eq(&self, text: &Text) -> bool {
        self.text == text.as_ref()
    }
}

impl Deref for Note {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Note {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// A sentence whose quoted cells show the spaces within numbers as spaces, which Rust writes as \u{202f}.
pub fn readable(text: String) -> String {
    const SPACES: [&str; 4] = ["\\u{a0}", "\\u{202f}", "\\u{2009}", "\\u{feff}"];
    if !text.contains("\\u{") {
        return text;
    }
    SPACES.iter().fold(text, |text, space| text.replace(space, " "))
}

/// "1 row", "3 rows".
pub fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// "1 more class", "3 more classes"
pub fn more_classes(count: usize) -> String {
    format!("{count} more {}", if count == 1 { "class" } else { "classes" })
}
