//! A column of a table: numbers or words, and which of its cells are missing.

use std::collections::{BTreeMap, HashMap};

use super::number::{Convention, Found, Unit};
use super::options::{FirstOfDate, Options};
use crate::data::note::{Note, counted};

/// In a column of numbers, one cell in so many may be something else.
const STRAY: usize = 20;

/// Markers that may well be words, and are told to be read as such.
const DOUBTFUL: &[&str] = &["none", "-", ".", "unknown", "missing", "nil"];

/// Whether a cell is a number in some convention, with or without a unit.
pub fn is_numeric(cell: &str) -> bool {
    let Some(first) = cell.bytes().find(|byte| byte.is_ascii_digit()) else { return is_infinite(cell) };
    let is_read = |cell: &str| super::number::find(&[cell], None, None).reads(cell);
    first.is_ascii_digit() && (is_read(cell) || Unit::shared(&[cell]).is_some_and(|unit| is_read(&unit.strip(cell))))
}

/// "inf" and "-Infinity", as programs write them.
fn is_infinite(cell: &str) -> bool {
    cell.len() <= 9
        && !cell.bytes().any(|byte| byte.is_ascii_digit())
        && cell.parse::<f64>().is_ok_and(f64::is_infinite)
}

impl Found {
    fn reads(&self, cell: &str) -> bool {
        match self {
            Self::One(convention) | Self::Either(convention, _) => convention.read(cell).is_some(),
        }
    }
}

/// A column of cells.
#[derive(Debug)]
pub struct Column {
    /// Name in the header, or the position counted from 1.
    pub name: String,
    /// A cell is `None` where it is missing. Numbers are written in one way, so that 1 and 1.0 are one text.
    pub cells: Vec<Option<String>>,
    /// The unit that its numbers had, "%".
    pub unit: Option<String>,
    /// The numbers, NaN where there is none; nothing if the column holds words.
    numbers: Option<Vec<f64>>,
    /// What comes first in its dates, where the user has said so.
    pub first_of_date: Option<FirstOfDate>,
    /// The first cell that is no finite number, of a column of numbers.
    stray: Option<String>,
    /// How many cells are no finite number, of a column of numbers, besides those that say that it is missing.
    strays: usize,
    /// What was decided about it, one sentence each.
    pub notes: Vec<Note>,
}

/// A column whose cells have not been understood yet.
pub struct Raw {
    pub name: String,
    pub cells: Vec<String>,
    pub unit: Option<String>,
    /// Whether the file declares that it holds words, whatever they look like.
    pub holds_words: bool,
}

/// How the numbers of a column are written, and what stands around them.
pub struct Reading {
    unit: Option<Unit>,
    pub found: Found,
}

impl Raw {
    /// How its numbers are written; none if it holds words.
    pub fn reading(&self, options: &Options) -> Option<Reading> {
        if self.holds_words {
            return None;
        }
        let cells: Vec<&str> = self.present(options).collect();
        let with_digits: Vec<&str> =
            cells.iter().copied().filter(|cell| cell.bytes().any(|byte| byte.is_ascii_digit())).collect();
        if with_digits.is_empty() {
            return cells
                .iter()
                .any(|cell| is_infinite(cell))
                .then_some(Reading { unit: None, found: Found::One(Convention::PLAIN) });
        }
        // One number is a number, and one unit a unit; a name with a number in it comes with others.
        let unit = Unit::shared(&with_digits);
        let bare: Vec<String>;
        let numbers: Vec<&str> = match &unit {
            Some(unit) => {
                bare = with_digits.iter().map(|cell| unit.strip(cell)).collect();
                bare.iter().map(String::as_str).collect()
            }
            None => with_digits,
        };
        let found = super::number::find(&numbers, options.decimal, options.thousands);
        let read = numbers.iter().filter(|cell| found.reads(cell)).count()
            + cells.iter().filter(|cell| is_infinite(cell)).count();
        let strays = cells.len().saturating_sub(read);
        let words: HashMap<&str, usize> =
            cells.iter().filter(|cell| !is_numeric(cell)).fold(HashMap::new(), |mut words, cell| {
                *words.entry(*cell).or_default() += 1;
                words
            });
        let distinct = numbers.iter().collect::<std::collections::HashSet<_>>().len();
        let are_markers = words.len() <= 2 && words.values().sum::<usize>() == strays && distinct > 10 && read > strays;
        (strays * STRAY <= cells.len() || are_markers)
            .then_some(Reading { unit, found })
            .filter(|_| !self.holds_codes(&numbers))
    }

    /// Digits of one length, some of which begin with zero, are codes: 01234.
    fn holds_codes(&self, cells: &[&str]) -> bool {
        let is_digits = |cell: &&str| cell.bytes().all(|byte| byte.is_ascii_digit());
        let len = cells.first().map_or(0, |cell| cell.len());
        len > 1
            && cells.iter().all(|cell| is_digits(cell) && cell.len() == len)
            && cells.iter().any(|cell| cell.starts_with('0'))
    }

    fn present<'a>(&'a self, options: &'a Options) -> impl Iterator<Item = &'a str> {
        self.cells.iter().map(String::as_str).filter(|cell| !options.is_missing_number(cell))
    }

    /// The column as numbers that are written in this way.
    pub fn numbers(self, convention: Convention, reading: &Reading, options: &Options) -> Column {
        let Self { name, cells, unit: under_header, .. } = self;
        let mut notes = Vec::new();
        if let Some(thousands) = convention.thousands {
            let mark = if thousands == ' ' { "a space".to_owned() } else { format!("{thousands:?}") };
            let example = cells.iter().find(|cell| convention.read(cell).is_some_and(|number| number.abs() >= 1000.0));
            let example = example.map_or_else(String::new, |cell| {
                let number = convention.read(cell).unwrap_or_default();
                format!(": {cell:?} is {number}")
            });
            notes.push(format!("{name} groups thousands with {mark}{example}").into());
        } else if convention.decimal == ',' {
            notes.push(format!("{name} has decimal commas").into());
        }
        if let Some(unit) = &reading.unit {
            notes.push(format!("{name} is in {}, which was taken off its numbers", unit.name()).into());
        }
        let (mut stray, mut strays) = (None, 0);
        let read = |cell: &String| {
            let number = match &reading.unit {
                Some(unit) => convention.read(&unit.strip(cell)),
                None => convention.read(cell),
            };
            number.or_else(|| is_infinite(cell).then_some(f64::INFINITY))
        };
        let (mut texts, mut numbers) = (Vec::with_capacity(cells.len()), Vec::with_capacity(cells.len()));
        for cell in &cells {
            let is_missing = options.is_missing_number(cell);
            let number = if is_missing { None } else { read(cell) };
            let finite = number.filter(|number| number.is_finite());
            if finite.is_none() && !is_missing {
                strays += 1;
                stray.get_or_insert_with(|| cell.clone());
            }
            numbers.push(finite.unwrap_or(f64::NAN));
            texts.push(match finite {
                Some(number) => Some(number_text(number)),
                None if is_missing => None,
                None => Some(cell.clone()),
            });
        }
        if options.missing.is_none()
            && let Some((code, count)) = sentinel(&numbers)
        {
            let cells = counted(count, "cell");
            let what = format!("{cells} of {name} with {code}, far from all others, taken for missing");
            notes.push(Note::or(what, "missing", "?", "keeps them"));
            for (number, text) in numbers.iter_mut().zip(&mut texts).filter(|(number, _)| **number == code) {
                (*number, *text) = (f64::NAN, None);
            }
        }
        let unit = reading.unit.as_ref().map(Unit::name).or(under_header);
        Column { name, cells: texts, unit, numbers: Some(numbers), first_of_date: None, stray, strays, notes }
    }

    /// The column as words.
    pub fn words(self, options: &Options) -> Column {
        let Self { name, cells, unit, holds_words } = self;
        let mut notes = Vec::new();
        if holds_words && cells.iter().any(|cell| is_numeric(cell)) {
            notes.push(format!("{name} is nominal in the file: its numbers are names").into());
        }
        let doubtful = cells.iter().find(|cell| DOUBTFUL.contains(&cell.to_lowercase().as_str()));
        if let Some(word) = doubtful.filter(|_| options.missing.is_none()) {
            let what = format!("{word:?} in {name} is a word like the others");
            notes.push(Note::or(what, "missing", word, "makes it a missing one"));
        }
        let marker = cells.iter().find(|cell| !cell.is_empty() && options.is_missing_word(cell));
        if let Some(marker) = marker.filter(|_| options.missing.is_none()) {
            let what = format!("{marker:?} in {name} counts as missing");
            notes.push(Note::or(what, "missing", "?", "keeps it as a word"));
        }
        let cells: Vec<Option<String>> =
            cells.into_iter().map(|cell| if options.is_missing_word(&cell) { None } else { Some(cell) }).collect();
        let first_of_date = options.first_of_date;
        let mut column = Column { name, cells, unit, numbers: None, first_of_date, stray: None, strays: 0, notes };
        if !options.keep_case {
            column.fold_case();
        }
        column
    }
}

impl Column {
    /// The number in a cell; nothing if the cell is missing or does not hold a number.
    pub fn number(&self, row: usize) -> Option<f64> {
        self.numbers.as_ref()?.get(row).copied().filter(|number| !number.is_nan())
    }

    /// Whether the column is text.
    pub fn holds_words(&self) -> bool {
        self.numbers.is_none()
    }

    /// The first cell that is not a finite number.
    pub fn first_word(&self) -> Option<&str> {
        match &self.numbers {
            Some(_) => self.stray.as_deref(),
            None => self.cells.iter().flatten().map(String::as_str).next(),
        }
    }

    /// The distinct cells, in alphabetical order, or in numeric order if all are numbers.
    pub fn distinct(&self) -> Vec<String> {
        let mut distinct: Vec<String> = self.cells.iter().flatten().cloned().collect();
        distinct.sort();
        distinct.dedup();
        if self.numbers.is_some() {
            let of = |text: &String| text.parse::<f64>().unwrap_or(f64::INFINITY);
            distinct.sort_by(|a, b| of(a).total_cmp(&of(b)));
        }
        distinct
    }

    /// Keeps the rows whose entry is true.
    pub fn retain(&mut self, keep: &[bool]) {
        let mut kept = keep.iter().copied();
        self.cells.retain(|_| kept.next().unwrap_or(true));
        if let Some(numbers) = &mut self.numbers {
            let mut kept = keep.iter().copied();
            numbers.retain(|_| kept.next().unwrap_or(true));
        }
    }

    /// Words that differ in nothing but small and capital letters or spaces are one word, written as most cells have it.
    /// Letters stay what they are.
    fn fold_case(&mut self) {
        let mut spellings: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
        for word in self.cells.iter().flatten().filter(|word| word.chars().nth(1).is_some()) {
            *spellings.entry(folded(word)).or_default().entry(word).or_default() += 1;
        }
        spellings.retain(|_, spellings| spellings.len() > 1);
        let Some((_, first)) = spellings.first_key_value() else { return };
        let examples = first.keys().copied().collect::<Vec<_>>().join(", ");
        let what = format!("{} writes one word in several ways ({examples})", self.name);
        self.notes.push(Note::or(what, "case", "keep", "tells them apart"));
        let most = |spellings: &BTreeMap<&str, usize>| {
            spellings.iter().max_by_key(|(_, count)| **count).map(|(word, _)| (*word).to_owned()).unwrap_or_default()
        };
        let one: HashMap<String, String> =
            spellings.iter().map(|(key, spellings)| (key.clone(), most(spellings))).collect();
        for word in self.cells.iter_mut().flatten() {
            if let Some(spelling) = one.get(&folded(word)) {
                word.clone_from(spelling);
            }
        }
    }

    /// "3 cells of age are not numbers, such as "old", and count as missing", if that is so.
    pub fn stray_note(&self) -> Option<String> {
        let word = self.stray.as_ref()?;
        Some(format!(
            "{} of {} not a number, such as {word:?}, taken for missing",
            counted(self.strays, "cell"),
            self.name
        ))
    }
}

/// What instruments and surveys write for a missing number.
const SENTINELS: &[f64] = &[-9.0, -99.0, -999.0, -9999.0, -99999.0, 999.0, 9999.0, 99999.0, 999_999.0, -999.9, -9999.9];

/// A number that comes several times, further from all others than they are from one another.
fn sentinel(numbers: &[f64]) -> Option<(f64, usize)> {
    SENTINELS.iter().find_map(|&code| {
        let count = numbers.iter().filter(|number| **number == code).count();
        if count < 2 || count * 2 > numbers.len() {
            return None;
        }
        let others = numbers.iter().filter(|number| !number.is_nan() && **number != code);
        let (low, high) = others
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), number| (low.min(*number), high.max(*number)));
        let is_far = low.is_finite() && (code < low - (high - low) || code > high + (high - low)) && high > low;
        is_far.then_some((code, count))
    })
}

fn folded(word: &str) -> String {
    word.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A number in its shortest form, whatever it was written as.
pub fn number_text(number: f64) -> String {
    if number == 0.0 { "0".to_owned() } else { number.to_string() }
}
