//! Numbers that are written unlike the others of their column, brought to one way of writing before they are read.

use super::column::{Raw, STRAY, is_numeric, number_text};
use super::number::without_remarks;
use super::options::{DECIMAL, Options, SUFFIXES};
use crate::data::error::{Remedy, Wrong};
use crate::data::note::{Note, counted};

/// Between numbers of one column there is no gap of more than this factor, at which their digits all change their meaning.
const GAP: f64 = 10.0;

impl Raw {
    /// Brings the numbers to one way of writing. What was changed is noted.
    pub fn repair(&mut self, options: &Options) -> Result<(), Wrong> {
        if self.holds_words {
            return Ok(());
        }
        self.take_remarks(options);
        self.multiply(options);
        if let Some(note) = self.unlike_decimals(options)? {
            self.notes.push(note);
            for cell in self.cells.iter_mut().filter(|cell| is_numeric(cell)) {
                *cell = cell.replace(',', ".");
            }
        }
        Ok(())
    }

    /// The cells with a number, if all but a few of those with a digit have one.
    fn numeric<'a>(&'a self, options: &'a Options) -> Vec<&'a str> {
        let with_digits: Vec<&str> =
            self.present(options).filter(|cell| cell.bytes().any(|byte| byte.is_ascii_digit())).collect();
        let numeric: Vec<&str> = with_digits.iter().copied().filter(|cell| is_numeric(cell)).collect();
        let are_few = options.is_number(&self.name) || (with_digits.len() - numeric.len()) * STRAY <= with_digits.len();
        if are_few { numeric } else { Vec::new() }
    }

    /// Takes ~ and * off the numbers, which they do not change.
    fn take_remarks(&mut self, options: &Options) {
        let numeric = self.numeric(options);
        let mut marked = numeric.iter().filter(|cell| without_remarks(cell) != **cell);
        let Some(first) = marked.next() else { return };
        let (count, name) = (counted(1 + marked.count(), "number"), &self.name);
        let what = format!("{count} of {name} with a remark such as {first:?}, whose sign was taken off");
        let note = Note::or(what, "ignore", name, "leaves the column out");
        self.notes.push(note);
        for cell in self.cells.iter_mut().filter(|cell| is_numeric(cell)) {
            *cell = without_remarks(cell).to_owned();
        }
    }

    /// K, M and B after some numbers are factors where other numbers have none, or another: 5.3K beside 640.
    fn multiply(&mut self, options: &Options) {
        let unit = options.trained.as_ref().and_then(|trained| trained.unit_of(&self.name));
        let numeric = self.numeric(options);
        let factors: Vec<(&str, Factor)> = numeric.iter().filter_map(|cell| Some((*cell, Factor::of(cell)?))).collect();
        let Some((first, factor)) = factors.first() else { return };
        let is_bare = |cell: &&str| Factor::of(cell).is_none() && cell.ends_with(|last: char| last.is_ascii_digit());
        let is_mixed = factors.iter().any(|(_, other)| other.exponent != factor.exponent);
        // 300 K is a temperature.
        let is_kelvin = factors.iter().all(|(cell, factor)| factor.exponent == 3 && cell.ends_with(" K"));
        let is_bare = !is_kelvin && numeric.iter().any(is_bare);
        let is_known = options.trained.as_ref().is_some_and(|trained| trained.is_number(&self.name));
        let is_unit = unit.is_some_and(|unit| unit.ends_with(factor.letter));
        if options.keeps_suffixes || is_unit || !(is_mixed || is_bare || is_known && !is_kelvin) {
            return;
        }
        let count = counted(factors.len(), "number");
        let number = factor.text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        let read = number.parse().map_or_else(|_| factor.text.clone(), number_text);
        let what = format!("K, M or B multiplies {count} of {}: {first:?} is {read}", self.name);
        let note = Note::or(what, SUFFIXES.key, "unit", "takes it for a unit");
        self.notes.push(note);
        for cell in &mut self.cells {
            if let Some(factor) = Factor::of(cell) {
                *cell = factor.text;
            }
        }
    }

    /// Where some cells have a comma and others a point, both may begin the decimals, 5.289 and 5,289, which is told here.
    fn unlike_decimals(&self, options: &Options) -> Result<Option<Note>, Wrong> {
        if options.decimal.is_some() || options.thousands.is_some() {
            return Ok(None);
        }
        let cells: Vec<&str> = self.numeric(options).into_iter().map(digits_of).collect();
        let Some(marked) = Marked::of(&cells) else { return Ok(None) };
        let (grouped, fractional) = match (groups(&marked.commas), groups(&marked.points)) {
            (false, false) => return Ok(Some(self.decimals_note(&marked))),
            (true, true) if marked.is_one_range() => return Ok(Some(self.decimals_note(&marked))),
            (true, _) => (&marked.commas, &marked.points),
            (false, true) => (&marked.points, &marked.commas),
        };
        let smallest = grouped.iter().map(|cell| 1000.0 * decimal(cell)).fold(f64::INFINITY, f64::min);
        let largest = fractional.iter().chain(&marked.whole).map(|cell| decimal(cell)).fold(0.0, f64::max);
        if smallest <= GAP * largest {
            return Ok(None);
        }
        let (one, other) = (grouped[0], fractional[0]);
        let (name, read) = (&self.name, decimal(one));
        let what = format!("{one:?} in {name} may be {} or {read}, beside others such as {other:?}", 1000.0 * read);
        let mark = if other.contains('.') { '.' } else { ',' };
        let remedy = format!("write all in one way, or say decimal={mark} if the other mark groups thousands");
        Err(Wrong::new(what, [Remedy::of(DECIMAL.key, remedy)]))
    }

    fn decimals_note(&self, marked: &Marked<'_>) -> Note {
        let (commas, points, first) = (marked.commas.len(), marked.points.len(), marked.commas[0]);
        let read = decimal(first);
        let name = &self.name;
        let what =
            format!("{name} has {commas} numbers with a decimal comma and {points} with a point: {first:?} is {read}");
        Note::or(what, DECIMAL.key, ".", "reads no decimal commas")
    }
}

/// A letter after a number that multiplies it.
struct Factor {
    letter: char,
    exponent: u8,
    /// The number with an exponent in its place: 5.3e3.
    text: String,
}

impl Factor {
    /// The factor of a cell, which is a number but for it and a currency.
    fn of(cell: &str) -> Option<Self> {
        let (inside, close) = cell.strip_suffix(')').map_or((cell, ""), |inside| (inside, ")"));
        let letter = inside.chars().last()?;
        let exponent = match letter {
            'K' | 'k' => 3,
            'M' => 6,
            'B' => 9,
            _ => return None,
        };
        let number = inside[..inside.len() - 1].trim_end();
        let text = format!("{number}e{exponent}{close}");
        (number.ends_with(|last: char| last.is_ascii_digit()) && is_numeric(&text)).then_some(Self {
            letter,
            exponent,
            text,
        })
    }
}

/// The numbers of a column by the mark that they have, where they have one at most.
struct Marked<'a> {
    commas: Vec<&'a str>,
    points: Vec<&'a str>,
    whole: Vec<&'a str>,
}

impl<'a> Marked<'a> {
    /// Nothing where the cells are no such numbers, or where all have the same mark.
    fn of(cells: &[&'a str]) -> Option<Self> {
        let is_number = |cell: &&str| cell.bytes().all(|byte| byte.is_ascii_digit() || b",.".contains(&byte));
        if !cells.iter().all(|cell| is_number(cell) && cell.matches([',', '.']).count() <= 1) {
            return None;
        }
        let with = |mark: char| cells.iter().copied().filter(|cell| cell.contains(mark)).collect::<Vec<_>>();
        let whole = cells.iter().copied().filter(|cell| !cell.contains([',', '.'])).collect();
        let marked = Self { commas: with(','), points: with('.'), whole };
        (!marked.commas.is_empty() && !marked.points.is_empty()).then_some(marked)
    }

    /// Whether the numbers with commas, read as decimals, are within the range of the others, and a gap is between them
    /// else.
    fn is_one_range(&self) -> bool {
        let range = |cells: &[&str]| {
            let numbers = cells.iter().map(|cell| decimal(cell));
            numbers.fold((f64::INFINITY, 0.0f64), |(low, high), number| (low.min(number), high.max(number)))
        };
        let ((low, high), (lowest, highest)) = (range(&self.commas), range(&self.points));
        let room = highest - lowest;
        1000.0 * low > GAP * highest && 1000.0 * lowest > GAP * high && low >= lowest - room && high <= highest + room
    }
}

/// From the first digit of a cell to the last.
fn digits_of(cell: &str) -> &str {
    cell.trim_matches(|letter: char| !letter.is_ascii_digit())
}

/// Whether a mark may group thousands in all of these numbers: 5,289.
fn groups(cells: &[&str]) -> bool {
    cells.iter().all(|cell| {
        cell.split_once([',', '.'])
            .is_some_and(|(whole, rest)| rest.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0'))
    })
}

/// A number whose mark begins the decimals.
fn decimal(cell: &str) -> f64 {
    cell.replace(',', ".").parse().unwrap_or(f64::NAN)
}
