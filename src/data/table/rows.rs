//! From the bytes of a file to rows of cells, by what the bytes are: a workbook, Parquet, JSON, ARFF or separated text.

use super::dialect::{self, Record};
use super::options::{Options, Separator};
use super::{arff, json, parquet, sheet, text};
use crate::data::error::{Remedy, Wrong};
use crate::data::note::Note;

/// The rows of a file, and what its format says of them.
pub struct Rows {
    /// The rows; titles and header are among them unless `names` are known.
    pub records: Vec<Record>,
    /// What separates the cells of text.
    pub separator: Separator,
    /// The names of the columns, where the format has them.
    pub names: Option<Vec<String>>,
    /// Whether a column is declared to hold words, whatever its cells look like; empty where nothing is declared.
    pub words: Vec<bool>,
    /// What reads another sheet of a workbook, if it has one.
    pub sheets: Option<Remedy>,
}

impl Rows {
    /// Rows under names that the format itself holds.
    pub fn named(names: Vec<String>, records: Vec<Record>) -> Self {
        Self { records, separator: Separator::Byte(b','), names: Some(names), words: Vec::new(), sheets: None }
    }
}

/// Reads the rows of a file of any format that is known.
pub fn of(bytes: Vec<u8>, options: &Options, most: u64, notes: &mut Vec<Note>) -> Result<Rows, Wrong> {
    let bytes = text::unpacked(bytes, most)?;
    if sheet::is_workbook(&bytes) {
        let sheet::Sheet { mut records, others } = sheet::read_sheet(&bytes, options, notes)?;
        dialect::tidy(&mut records, options, notes);
        return Ok(Rows { records, separator: Separator::Byte(b','), names: None, words: Vec::new(), sheets: others });
    }
    if bytes.starts_with(parquet::MAGIC) {
        return Ok(parquet::rows(bytes, notes)?);
    }
    let text = text::decode(&bytes, options.encoding, notes)?;
    if json::is_json(&text) {
        return Ok(json::rows(&text, notes)?);
    }
    if arff::is_arff(&text) {
        return Ok(arff::rows(&text, notes)?);
    }
    let (records, separator) = dialect::records(&text, options, notes)?;
    Ok(Rows { records, separator, names: None, words: Vec::new(), sheets: None })
}

/// Whether a file has to be read to its end to know its columns.
pub fn is_whole(beginning: &[u8]) -> bool {
    let first = beginning.iter().find(|byte| !byte.is_ascii_whitespace());
    let is_packed = beginning.starts_with(text::GZIP) || beginning.starts_with(parquet::MAGIC);
    is_packed || sheet::is_workbook(beginning) || first == Some(&b'[')
}
