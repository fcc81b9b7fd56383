//! How a table is to be read: the options of a source, for what is not left to the program.

use encoding_rs::Encoding;

use super::missing::{is_missing, is_missing_word};
use super::trained::Trained;
use crate::data::error::{DataError, Remedy, Wrong};
use crate::data::source::Request;
use backprop_nn::field::{Field, Kind};

/// What stands between two cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// One character.
    Byte(u8),
    /// Any number of spaces and tabs.
    Space,
}

impl Separator {
    /// The separator that a word stands for: a character, "tab" or "space".
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "tab" | "\\t" | "\t" => Some(Self::Byte(b'\t')),
            "space" | " " => Some(Self::Space),
            "comma" => Some(Self::Byte(b',')),
            "semicolon" => Some(Self::Byte(b';')),
            _ => name.bytes().next().filter(|byte| name.len() == 1 && byte.is_ascii_punctuation()).map(Self::Byte),
        }
    }
}

/// What encloses the text of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quotes {
    /// `"`, of which two in a row stand for one in the text.
    Double,
    /// `'`, likewise.
    Single,
    /// `"`, before which a backslash stands in the text.
    Backslash,
    /// Nothing: every quote is a letter.
    None,
}

impl Quotes {
    /// Their names in an option.
    const NAMES: [&str; 4] = ["double", "single", "backslash", "none"];

    fn named(name: &str) -> Option<Self> {
        match name {
            "double" | "\"" => Some(Self::Double),
            "single" | "'" => Some(Self::Single),
            "backslash" | "\\" => Some(Self::Backslash),
            "none" => Some(Self::None),
            _ => None,
        }
    }

    /// The character, if there is one.
    pub fn mark(self) -> Option<u8> {
        match self {
            Self::Double | Self::Backslash => Some(b'"'),
            Self::Single => Some(b'\''),
            Self::None => None,
        }
    }
}

/// What comes first in a date such as 01/02/2020.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstOfDate {
    /// The 1st of February.
    Day,
    /// The 2nd of January.
    Month,
}

/// How a table is to be read, where that is not left to the program.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Names of the columns; of a file without a header, or in the place of its own.
    pub names: Vec<String>,
    /// Whether the first row is a header.
    pub header: Option<bool>,
    /// How many lines stand above the header.
    pub skip: Option<usize>,
    /// How many rows stand below the table.
    pub footer: Option<usize>,
    /// Whether rows among the samples that look like none are read.
    pub keeps_lines: bool,
    /// The sheet of a workbook, by its name or its position counted from 1.
    pub sheet: Option<String>,
    /// What separates cells.
    pub separator: Option<Separator>,
    /// What encloses the text of a cell.
    pub quotes: Option<Quotes>,
    /// What begins a line that is a comment; `none` for nothing.
    pub comment: Option<String>,
    /// The columns that are read as numbers.
    pub numbers: Vec<String>,
    /// How characters are stored.
    pub encoding: Option<&'static Encoding>,
    /// What stands before the fraction of a number.
    pub decimal: Option<char>,
    /// What groups thousands.
    pub thousands: Option<char>,
    /// Whether K, M and B after numbers are units and multiply nothing.
    pub keeps_suffixes: bool,
    /// What comes first in its dates.
    pub first_of_date: Option<FirstOfDate>,
    /// What stands for a missing cell, besides nothing.
    pub missing: Option<Vec<String>>,
    /// Whether words that differ in small and capital letters are different words.
    pub keep_case: bool,
    /// The columns of the network that the table is read for, if there is one.
    pub trained: Option<Trained>,
}

/// THE LIST of options that say how a table is read, for the sources that read one.
pub const READING: [Field; 17] = [
    NAMES, HEADER, SKIP, FOOTER, LINES, SHEET, SEPARATOR, QUOTE, COMMENT, NUMBERS, DECIMAL, THOUSANDS, SUFFIXES, DATES,
    MISSING, CASE, ENCODING,
];

/// The option `names` of a source that reads tables.
pub const NAMES: Field =
    Field::of("names", "Column names", Kind::Columns, "The names of the columns, for a file without a header.");
/// The option `header`.
pub const HEADER: Field = Field::of(
    "header",
    "Header",
    Kind::Word(&["true", "false"]),
    "Whether the first row holds the names of the columns; decided from the rows below it by default.",
);
/// The option `skip`.
pub const SKIP: Field = Field::of(
    "skip",
    "Lines above",
    Kind::Text,
    "How many lines stand above the header, or above the rows where there is none; titles are found by default.",
);
/// The option `footer`.
pub const FOOTER: Field = Field::of(
    "footer",
    "Rows below",
    Kind::Text,
    "How many rows below the table are none of its rows, such as a line of sums; found by default.",
);
/// The option `lines`.
pub const LINES: Field = Field::of(
    "lines",
    "Rows among",
    Kind::Word(&["samples", "all"]),
    "Whether rows that look like no samples are left out: lines of dashes, the header again, units under it (samples, the default).",
);
/// The option `sheet`.
pub const SHEET: Field = Field::of(
    "sheet",
    "Sheet",
    Kind::Text,
    "The sheet of a workbook, by name or position; the first with a cell by default.",
);
/// The option `separator`.
pub const SEPARATOR: Field = Field::of(
    "separator",
    "Separator",
    Kind::Text,
    "What stands between two cells: a character, tab or space; by default the one that gives all rows the same number of cells.",
);
/// The option `quote`.
pub const QUOTE: Field = Field::of(
    "quote",
    "Quotes",
    Kind::Word(&Quotes::NAMES),
    "What encloses a cell with a separator in it: double or single quotes, double ones with a backslash before those in the text, or none; found by default.",
);
/// The option `comment`.
pub const COMMENT: Field = Field::of(
    "comment",
    "Comments",
    Kind::Text,
    "What begins a line that is a comment, # by default, where the line has not the cells of a row; none reads all lines.",
);
/// The option `numbers`.
pub const NUMBERS: Field = Field::of(
    "numbers",
    "Numeric",
    Kind::Columns,
    "Columns that are read as numbers whatever they hold; a cell that is none is missing.",
);
/// The option `encoding`.
pub const ENCODING: Field = Field::of(
    "encoding",
    "Encoding",
    Kind::Text,
    "How characters are stored, such as utf-8, windows-1252, gbk or shift_jis.",
);
/// The option `decimal`.
pub const DECIMAL: Field = Field::of(
    "decimal",
    "Decimal mark",
    Kind::Word(&[".", ","]),
    "What stands before the fraction of a number; decided per column by default.",
);
/// The option `thousands`.
pub const THOUSANDS: Field = Field::of(
    "thousands",
    "Thousands mark",
    Kind::Word(&[",", ".", "'", " ", "_"]),
    "What groups the thousands of a number; decided per column by default.",
);
/// The option `suffixes`.
pub const SUFFIXES: Field = Field::of(
    "suffixes",
    "Suffixes",
    Kind::Word(&["factor", "unit"]),
    "Whether K, M and B after a number multiply it (5.3K is 5300) or are its unit; by default they multiply it where some numbers of the column have none, or another.",
);
/// The option `dates`.
pub const DATES: Field = Field::of(
    "dates",
    "Dates",
    Kind::Word(&["day-first", "month-first", "numbers"]),
    "Whether 01/02/2020 is the 1st of February or the 2nd of January, decided by the other dates and their steps by default; numbers keeps 20240131 a number, which is a day by default.",
);
/// The option `missing`.
pub const MISSING: Field = Field::of(
    "missing",
    "Missing marks",
    Kind::Text,
    "What stands for a missing cell, such as -999,unknown. By default ?, NA, NaN and null, and in a column of numbers also -, none and unknown.",
);
/// The option `case`.
pub const CASE: Field = Field::of(
    "case",
    "Letter case",
    Kind::Word(&["fold", "keep"]),
    "Whether no, No and NO are one word (fold, the default) or three.",
);

impl Options {
    /// The options that a request gives. Those of a run that is known hold where the request is silent, but for what
    /// belongs to one file: its header, separator and encoding.
    pub fn of(request: &Request<'_>) -> Result<Self, DataError> {
        let known = |key: &str| {
            request.lookup.known.map_or(&[][..], |known| match key {
                "decimal" | "thousands" | "suffixes" | "dates" | "missing" | "case" | "numbers" => known.values(key),
                _ => &[],
            })
        };
        let list = |key: &str| match request.list(key) {
            list if list.is_empty() => known(key).iter().map(String::as_str).collect(),
            list => list,
        };
        let text = |field: &Field| Some(list(field.key).join(",")).filter(|text| !text.is_empty());
        let refuse = |field: &Field, found: &str, known: &str| {
            request.wrong(format!("{}={found} is unknown; {known}", field.key))
        };
        let mark = |field: &Field| match (text(field), &field.kind) {
            (None, _) => Ok(None),
            (Some(found), Kind::Word(marks)) if marks.contains(&&*found) => Ok(found.chars().next()),
            (Some(found), Kind::Word(marks)) => Err(refuse(field, &found, &format!("there is {}", marks.join("  ")))),
            (Some(_), _) => Ok(None),
        };
        let separator = text(&SEPARATOR).map(|name| {
            Separator::named(&name).ok_or_else(|| refuse(&SEPARATOR, &name, "write one character, tab or space"))
        });
        let encoding = text(&ENCODING).map(|name| {
            Encoding::for_label(name.as_bytes())
                .ok_or_else(|| refuse(&ENCODING, &name, "there is utf-8, windows-1252, gbk and others"))
        });
        let header = text(&HEADER).map(|header| match &*header {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(refuse(&HEADER, other, "there is true and false")),
        });
        let quotes = text(&QUOTE).map(|name| {
            let known = format!("there is {}", Quotes::NAMES.join(", "));
            Quotes::named(&name).ok_or_else(|| refuse(&QUOTE, &name, &known))
        });
        let count = |field: &Field| {
            let parse = |count: String| count.parse().map_err(|_| refuse(field, &count, "write how many there are"));
            text(field).map(parse).transpose()
        };
        let first_of_date = text(&DATES).and_then(|first| match &*first {
            "day-first" => Some(Ok(FirstOfDate::Day)),
            "month-first" => Some(Ok(FirstOfDate::Month)),
            "numbers" => None,
            other => Some(Err(refuse(&DATES, other, "there is day-first, month-first and numbers"))),
        });
        Ok(Self {
            first_of_date: first_of_date.transpose()?,
            names: request.list("names").into_iter().map(str::to_owned).collect(),
            header: header.transpose()?,
            skip: count(&SKIP)?,
            footer: count(&FOOTER)?,
            keeps_lines: match text(&LINES).as_deref() {
                None | Some("samples") => false,
                Some("all") => true,
                Some(other) => return Err(refuse(&LINES, other, "there is samples and all")),
            },
            sheet: text(&SHEET),
            separator: separator.transpose()?,
            quotes: quotes.transpose()?,
            comment: text(&COMMENT),
            numbers: list(NUMBERS.key).into_iter().map(str::to_owned).collect(),
            encoding: encoding.transpose()?,
            decimal: mark(&DECIMAL)?,
            thousands: mark(&THOUSANDS)?,
            missing: Some(list("missing"))
                .filter(|marks| !marks.is_empty())
                .map(|marks| marks.iter().flat_map(|mark| mark.split(',')).map(str::to_owned).collect()),
            keeps_suffixes: text(&SUFFIXES).is_some_and(|suffixes| suffixes == "unit"),
            keep_case: text(&CASE).is_some_and(|case| case == "keep"),
            trained: request.lookup.known.as_ref().map(Trained::of),
        })
    }

    /// The names of the columns of a file without a header.
    pub fn named<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// The same for columns of these names: those of numbers are called by their names, where they are by their position.
    pub fn for_columns(&self, names: &[String]) -> Result<Self, Wrong> {
        let name_of = |wanted: &String| {
            let at = || wanted.parse::<usize>().ok()?.checked_sub(1);
            let named = names.iter().find(|name| name.eq_ignore_ascii_case(wanted));
            named.or_else(|| names.get(at()?)).cloned().ok_or_else(|| {
                let what = format!("there is no column {wanted:?}; there is {}", names.join(", "));
                Wrong::new(what, [Remedy::new(NUMBERS.key, "name others with numbers=NAME,NAME")])
            })
        };
        // A run's columns need not all be in another file.
        let numbers = match self.trained {
            None => self.numbers.iter().map(name_of).collect::<Result<_, _>>()?,
            Some(_) => self.numbers.iter().filter_map(|name| name_of(name).ok()).collect(),
        };
        Ok(Self { numbers, ..self.clone() })
    }

    /// Whether a column is one of numbers, whatever its cells look like.
    pub fn is_number(&self, name: &str) -> bool {
        self.trained.as_ref().is_some_and(|trained| trained.is_number(name))
            || self.numbers.iter().any(|number| number.eq_ignore_ascii_case(name))
    }

    /// Whether a cell of a column of numbers is missing.
    pub fn is_missing_number(&self, cell: &str) -> bool {
        match &self.missing {
            None => is_missing(cell),
            Some(_) => self.is_missing_word(cell),
        }
    }

    /// Whether a cell of a column of words is missing.
    pub fn is_missing_word(&self, cell: &str) -> bool {
        match &self.missing {
            None => is_missing_word(cell),
            Some(marks) => cell.is_empty() || marks.iter().any(|mark| mark.eq_ignore_ascii_case(cell)),
        }
    }
}
