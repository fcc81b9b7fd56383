//! The text of a source, from left to right and back.

use std::fmt;
use std::str::FromStr;

use super::{SourcePart, SourceSpec};
use crate::data::error::SourceError;

impl FromStr for SourceSpec {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let mut scanner = Scanner { text, rest: text.trim() };
        let mut parts = vec![scanner.part()?];
        while scanner.take('+') {
            parts.push(scanner.part()?);
        }
        Ok(Self { parts })
    }
}

impl TryFrom<String> for SourceSpec {
    type Error = SourceError;

    fn try_from(text: String) -> Result<Self, SourceError> {
        text.parse()
    }
}

impl From<SourceSpec> for String {
    fn from(spec: SourceSpec) -> Self {
        spec.to_string()
    }
}

impl fmt::Display for SourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.parts.iter().enumerate() {
            f.write_str(if at > 0 { "+" } else { "" })?;
            write!(f, "{part}")?;
        }
        Ok(())
    }
}

impl fmt::Display for SourcePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if !self.argument.is_empty() {
            write!(f, ":{}", quoted(&self.argument, &['?', '+']))?;
        }
        for (at, (key, values)) in self.options.iter().enumerate() {
            let values: Vec<_> = values.iter().map(|value| quoted(value, &['&', '+', ','])).collect();
            write!(f, "{}{key}={}", if at > 0 { "&" } else { "?" }, values.join(","))?;
        }
        Ok(())
    }
}

/// A text in quotes if it would be read otherwise without them.
fn quoted(text: &str, ends: &[char]) -> String {
    let is_plain = !text.is_empty() && !text.contains(ends) && !text.contains('"') && text.trim() == text;
    if is_plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

/// Reads the text of a source from left to right.
struct Scanner<'a> {
    text: &'a str,
    rest: &'a str,
}

impl Scanner<'_> {
    fn part(&mut self) -> Result<SourcePart, SourceError> {
        let mut part = SourcePart::new(&self.until(&[':', '?', '+'])?);
        if self.take(':') {
            part.argument = self.until(&['?', '+'])?;
        }
        if self.take('?') {
            loop {
                self.option(&mut part)?;
                if !self.take('&') {
                    break;
                }
            }
        }
        Ok(part)
    }

    fn option(&mut self, part: &mut SourcePart) -> Result<(), SourceError> {
        let key = self.until(&['=', '&', '+'])?;
        if key.is_empty() {
            return Ok(());
        }
        if !self.take('=') {
            return Err(SourceError::Option { text: self.text.to_owned(), found: key });
        }
        let mut values = Vec::new();
        loop {
            values.push(self.until(&[',', '&', '+'])?);
            if !self.take(',') {
                break;
            }
        }
        // A comma that separates nothing is itself the value, as in decimal=,
        let is_comma = values.len() == 2 && values.iter().all(String::is_empty);
        values.retain(|value| !value.is_empty());
        if values.is_empty() && !is_comma {
            return Err(SourceError::Value { text: self.text.to_owned(), key });
        }
        if !part.values(&key).is_empty() {
            return Err(SourceError::Twice { text: self.text.to_owned(), key });
        }
        part.set(&key, if is_comma { vec![",".to_owned()] } else { values });
        Ok(())
    }

    fn take(&mut self, mark: char) -> bool {
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// What stands before the next of these marks, without its quotes.
    fn until(&mut self, ends: &[char]) -> Result<String, SourceError> {
        self.rest = self.rest.trim_start();
        let mut text = String::new();
        if self.take('"') {
            loop {
                let end = self.rest.find('"').ok_or_else(|| SourceError::Quote(self.text.to_owned()))?;
                text += &self.rest[..end];
                self.rest = &self.rest[end + 1..];
                if !self.take('"') {
                    break;
                }
                text.push('"');
            }
            self.rest = self.rest.trim_start();
            return Ok(text);
        }
        let end = self.rest.find(ends).unwrap_or(self.rest.len());
        text += self.rest[..end].trim();
        self.rest = &self.rest[end..];
        Ok(text)
    }
}
