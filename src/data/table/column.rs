//! A column of a table: numbers or words, and which of its cells are missing.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::missing::{marks_of, marks_text, missing_values};
use super::number::{Convention, Found, Unit, is_accounting, without_remarks};
use super::options::{FirstOfDate, Options, Separator};
use crate::data::error::{Remedy, Wrong};
use crate::data::note::{Note, counted};

/// In a column of numbers, one cell in so many may be something else.
pub const STRAY: usize = 20;

/// So many letters are answers, as Y and N or M, F and X, and more may be names.
const FEW_LETTERS: usize = 3;

/// Markers that may well be words, and are told to be read as such.
const DOUBTFUL: &[&str] = &["none", "-", ".", "unknown", "missing", "nil"];

/// Whether a cell is a number in some convention, with or without a unit.
pub fn is_numeric(cell: &str) -> bool {
    let cell = without_remarks(cell);
    // As most are written.
    if cell.bytes().all(|byte| byte.is_ascii_digit() || b".-".contains(&byte)) && cell.parse::<f64>().is_ok() {
        return true;
    }
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
    /// What stood before the fraction of its numbers, where they show it.
    pub decimal: Option<char>,
    /// The numbers, NaN where there is none; nothing if the column holds words.
    numbers: Option<Vec<f64>>,
    /// What comes first in its dates, where the user has said so.
    pub first_of_date: Option<FirstOfDate>,
    /// The first cell that is no finite number, of a column of numbers.
    stray: Option<String>,
    /// How many cells are no finite number, of a column of numbers, besides those that say that it is missing.
    strays: usize,
    /// The number that stands for a missing one, of a column of numbers.
    pub code: Option<f64>,
    /// The cells of a column of words that say that they are missing, and might be words.
    marked: Vec<(usize, String)>,
    /// What stands in the cells that say that they are missing, and how often.
    pub marks: BTreeMap<String, usize>,
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
    /// What was changed in it.
    pub notes: Vec<Note>,
}

/// How the numbers of a column are written, and what stands around them.
pub struct Reading {
    pub unit: Option<Unit>,
    pub found: Found,
    /// Whether the convention is that of the training, which the cells alone do not show.
    pub is_known: bool,
}

impl Raw {
    /// How its numbers are written; none if it holds words.
    pub fn reading(&self, separator: Separator, options: &Options) -> Option<Reading> {
        if self.holds_words {
            return None;
        }
        let is_known = options.is_number(&self.name);
        let cells: Vec<&str> = self.present(options).collect();
        let with_digits: Vec<&str> =
            cells.iter().copied().filter(|cell| cell.bytes().any(|byte| byte.is_ascii_digit())).collect();
        if with_digits.is_empty() {
            return cells.iter().any(|cell| is_infinite(cell) || is_known).then_some(Reading {
                unit: None,
                found: Found::One(Convention::PLAIN),
                is_known: false,
            });
        }
        // One number is a number, and one unit a unit; a name with a number in it comes with others.
        let unit = if is_known { Unit::usual(&with_digits) } else { Unit::shared(&with_digits) };
        let bare: Vec<String>;
        let numbers: Vec<&str> = match &unit {
            Some(unit) => {
                bare = with_digits.iter().map(|cell| unit.strip(cell)).collect();
                bare.iter().map(String::as_str).collect()
            }
            None => with_digits,
        };
        let found = super::number::find(&numbers, options.decimal, options.thousands);
        let as_trained = self.found_as_trained(&numbers, &found, separator, options);
        let is_known_convention = as_trained.is_some();
        let found = as_trained.unwrap_or(found);
        let read = numbers.iter().filter(|cell| found.reads(cell)).count()
            + cells.iter().filter(|cell| is_infinite(cell)).count();
        let strays = cells.len().saturating_sub(read);
        let words: HashMap<&str, usize> =
            cells.iter().filter(|cell| !is_numeric(cell)).fold(HashMap::new(), |mut words, cell| {
                *words.entry(*cell).or_default() += 1;
                words
            });
        let distinct = numbers.iter().collect::<HashSet<_>>().len();
        let are_markers = words.len() <= 2 && words.values().sum::<usize>() == strays && distinct > 10 && read > strays;
        (is_known || (strays * STRAY <= cells.len() || are_markers) && !self.holds_codes(&numbers)).then_some(Reading {
            unit,
            found,
            is_known: is_known_convention,
        })
    }

    /// The convention of the training, where it reads as many cells as the one that was found, and others numbers.
    fn found_as_trained(
        &self,
        cells: &[&str],
        found: &Found,
        separator: Separator,
        options: &Options,
    ) -> Option<Found> {
        let decimal = options.trained.as_ref()?.decimal_of(&self.name)?;
        let is_open = matches!(found, Found::Either(..));
        if options.decimal.is_some() || options.thousands.is_some() || decimal == '.' && !is_open {
            return None;
        }
        // A program that separates cells with commas writes no decimal commas, unless it quotes them.
        let is_written = separator != Separator::Byte(b',') || cells.iter().any(|cell| cell.contains(decimal));
        let (Found::One(known) | Found::Either(known, _)) = super::number::find(cells, Some(decimal), None);
        let (Found::One(shown) | Found::Either(shown, _)) = *found;
        let read = |convention: Convention| cells.iter().filter(|cell| convention.read(cell).is_some()).count();
        let is_other =
            matches!(found, Found::Either(..)) || cells.iter().any(|cell| known.read(cell) != shown.read(cell));
        (is_written && is_other && read(known) >= read(shown)).then_some(Found::One(known))
    }

    /// Digits of one length, some of which begin with zero, are codes: 01234.
    fn holds_codes(&self, cells: &[&str]) -> bool {
        let is_digits = |cell: &&str| cell.bytes().all(|byte| byte.is_ascii_digit());
        let len = cells.first().map_or(0, |cell| cell.len());
        len > 1
            && cells.iter().all(|cell| is_digits(cell) && cell.len() == len)
            && cells.iter().any(|cell| cell.starts_with('0'))
    }

    /// The cells that are not missing in a column of numbers.
    pub fn present<'a>(&'a self, options: &'a Options) -> impl Iterator<Item = &'a str> {
        self.cells.iter().map(String::as_str).filter(|cell| !options.is_missing_number(cell))
    }

    /// The column as numbers that are written in this way.
    pub fn numbers(self, convention: Convention, reading: &Reading, options: &Options) -> Column {
        let Self { name, cells, unit: under_header, mut notes, .. } = self;
        let shows_mark = convention != Convention::PLAIN || cells.iter().any(|cell| cell.contains('.'));
        let as_trained = if reading.is_known { ", as in training" } else { "" };
        if let Some(thousands) = convention.thousands {
            let mark = if thousands == ' ' { "a space".to_owned() } else { format!("{thousands:?}") };
            let example = cells.iter().find(|cell| convention.read(cell).is_some_and(|number| number.abs() >= 1000.0));
            let example = example.map_or_else(String::new, |cell| {
                let number = convention.read(cell).unwrap_or_default();
                format!(": {cell:?} is {number}")
            });
            notes.push(format!("{name} groups thousands with {mark}{as_trained}{example}").into());
        } else if convention.decimal == ',' {
            notes.push(format!("{name} has decimal commas{as_trained}").into());
        } else if reading.is_known {
            notes.push(format!("{name} has decimal points{as_trained}").into());
        }
        if let Some(unit) = &reading.unit {
            let (sign, bare) = (unit.name(), cells.iter().filter(|cell| convention.read(cell).is_some()).count());
            notes.push(match bare {
                0 => format!("{name} is in {sign}, which was taken off its numbers").into(),
                _ => format!(
                    "{name} is in {sign}, which was taken off its numbers; {bare} have none, and count as the others"
                )
                .into(),
            });
        }
        let (mut stray, mut strays) = (None, 0);
        let read = |cell: &String| {
            let number = match &reading.unit {
                Some(unit) => convention.read(&unit.strip(cell)),
                None => convention.read(cell),
            };
            number.or_else(|| is_infinite(cell).then_some(f64::INFINITY))
        };
        let mut negative = cells.iter().filter(|cell| is_accounting(cell) && read(cell).is_some());
        if let Some(first) = negative.next() {
            let numbers = counted(negative.count() + 1, "number");
            notes.push(format!("{numbers} of {name} written as {first:?} taken for negative").into());
        }
        let marks = marks_of(&cells, |cell| options.is_missing_number(cell));
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
        let known = options.trained.as_ref().and_then(|trained| trained.code_of(&name));
        let known = known.map(|code| (code, numbers.iter().filter(|number| **number == code).count()));
        let code = known.or_else(|| sentinel(&numbers)).filter(|_| options.missing.is_none());
        if let Some((code, count)) = code.filter(|(_, count)| *count > 0) {
            let cells = counted(count, "cell");
            notes.push(match known {
                Some(_) => format!("{cells} of {name} with {code}, taken for missing as in training").into(),
                None => {
                    let what = format!("{cells} of {name} with {code}, far from all others, taken for missing");
                    Note::or(what, "missing", "?", "keeps them")
                }
            });
            for (number, text) in numbers.iter_mut().zip(&mut texts).filter(|(number, _)| **number == code) {
                (*number, *text) = (f64::NAN, None);
            }
        }
        let unit = reading.unit.as_ref().map(Unit::name).or(under_header);
        let (code, marked) = (code.map(|(code, _)| code), Vec::new());
        Column {
            name,
            cells: texts,
            unit,
            decimal: shows_mark.then_some(convention.decimal),
            numbers: Some(numbers),
            first_of_date: None,
            stray,
            strays,
            code,
            marked,
            marks,
            notes,
        }
    }

    /// The refusal of a column that has percents beside shares: 77% and 0.15 may be 77 and 0.15, or 0.77 and 0.15.
    pub fn percents_and_shares(&self, unit: &Unit, convention: Convention) -> Option<Wrong> {
        let bare = || self.cells.iter().filter_map(|cell| Some((cell, convention.read(cell)?)));
        let marked = || self.cells.iter().filter(|cell| cell.contains('%'));
        let percent = |cell: &String| convention.read(&unit.strip(cell)).unwrap_or_default();
        let are_shares = bare().next().is_some() && bare().all(|(_, number)| (0.0..=1.0).contains(&number));
        if unit.name() != "%" || !are_shares {
            return None;
        }
        let (marked, (bare, _)) = (marked().find(|cell| percent(cell) > 1.0)?, bare().next()?);
        let share = percent(marked) / 100.0;
        let name = &self.name;
        let what = format!(
            "{marked:?} in {name} may be {} or {share}, since others such as {bare:?} have no %",
            percent(marked)
        );
        Some(Wrong::new(
            what,
            [Remedy::of("ignore", format!("write all in one way, or leave the column out with ignore={name}"))],
        ))
    }

    /// The column as words.
    pub fn words(self, options: &Options) -> Column {
        let Self { name, cells, unit, holds_words, mut notes } = self;
        if holds_words && cells.iter().any(|cell| is_numeric(cell)) {
            notes.push(format!("{name} is nominal in the file: its numbers are names").into());
        }
        let doubtful = cells.iter().find(|cell| DOUBTFUL.contains(&cell.to_lowercase().as_str()));
        if let Some(word) = doubtful.filter(|_| options.missing.is_none()) {
            let what = format!("{word:?} in {name} is a word like the others");
            notes.push(Note::or(what, "missing", word, "makes it a missing one"));
        }
        let marks = marks_of(&cells, |cell| options.is_missing_word(cell));
        if let Some(marked) = marks_text(&marks).filter(|_| options.missing.is_none()) {
            let what = format!("{marked} in {name} taken for missing");
            notes.push(Note::or(what, "missing", "?", "keeps it as a word"));
        }
        let is_doubtful = |cell: &String| options.missing.is_none() && !cell.is_empty();
        let marked = cells.iter().enumerate().filter(|(_, cell)| is_doubtful(cell) && options.is_missing_word(cell));
        let marked = marked.map(|(row, cell)| (row, cell.clone())).collect();
        let cells: Vec<Option<String>> =
            cells.into_iter().map(|cell| if options.is_missing_word(&cell) { None } else { Some(cell) }).collect();
        let first_of_date = options.first_of_date;
        let mut column = Column {
            name,
            cells,
            unit,
            decimal: None,
            numbers: None,
            first_of_date,
            stray: None,
            strays: 0,
            code: None,
            marked,
            marks,
            notes,
        };
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

    /// The same column with the numbers that its texts stand for, in a unit.
    pub fn as_numbers(&self, numbers: impl Iterator<Item = Option<f64>>, unit: &str) -> Self {
        let numbers: Vec<Option<f64>> = numbers.collect();
        let unread = |(cell, number): (&Option<String>, &Option<f64>)| cell.clone().filter(|_| number.is_none());
        let strays: Vec<String> = self.cells.iter().zip(&numbers).filter_map(unread).collect();
        Self {
            name: self.name.clone(),
            cells: numbers.iter().map(|number| number.map(number_text)).collect(),
            unit: Some(unit.to_owned()),
            decimal: None,
            numbers: Some(numbers.into_iter().map(|number| number.unwrap_or(f64::NAN)).collect()),
            first_of_date: None,
            strays: strays.len(),
            stray: strays.into_iter().next(),
            code: None,
            marked: Vec::new(),
            marks: self.marks.clone(),
            notes: Vec::new(),
        }
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

    /// Of a column of classes: a word that says that it is missing is one of them, where it comes about as often as the rarest of
    /// the others, or where it is `known` as one. Called before rows are left out.
    pub fn keep_marked_classes(&mut self, known: &[String]) {
        let is_known = |word: &str| known.iter().any(|class| class.eq_ignore_ascii_case(word));
        let mut counts: HashMap<&str, usize> = HashMap::new();
        self.cells.iter().flatten().for_each(|cell| *counts.entry(cell).or_default() += 1);
        let rarest = counts.values().min().copied().unwrap_or(0);
        let is_class = |word: &str, count: usize| {
            is_known(word) || known.is_empty() && count * 3 >= rarest && count * STRAY >= self.cells.len()
        };
        let mut words: Vec<&str> = self.marked.iter().map(|(_, word)| word.as_str()).collect();
        words.sort_unstable();
        let kept: Vec<String> = words
            .chunk_by(|one, other| one == other)
            .filter(|alike| is_class(alike[0], alike.len()))
            .map(|alike| alike[0].to_owned())
            .collect();
        let Some(first) = kept.first() else { return };
        for (row, word) in self.marked.iter().filter(|(_, word)| kept.contains(word)) {
            self.cells[*row] = Some(word.clone());
        }
        let name = &self.name;
        self.marks.retain(|mark, _| !kept.contains(mark));
        self.notes.retain(|note| !note.contains("taken for missing"));
        let what = format!("{} in {name} is a class like the others", kept.join(", "));
        self.notes.push(Note::or(what, "missing", first, "makes it a missing one"));
    }

    /// "20 missing values (12 "unknown", 8 "NA")", of the cells that are missing and some that cannot be read.
    pub fn missing_text(&self, unread: usize) -> Option<String> {
        let missing = unread + self.cells.iter().filter(|cell| cell.is_none()).count();
        missing_values(missing, &self.marks)
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
    /// Letters stay what they are, unless there are as few as those of yes and no.
    fn fold_case(&mut self) {
        let mut spellings: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
        let letters: HashSet<String> = self.cells.iter().flatten().map(|word| word.to_lowercase()).collect();
        let are_few = letters.len() <= FEW_LETTERS && letters.iter().all(|word| word.chars().nth(1).is_none());
        for word in self.cells.iter().flatten().filter(|word| are_few || word.chars().nth(1).is_some()) {
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
