//! Columns whose numbers are in several units, which no number can be read from: $5 and €6, 90 kg and 200 lbs, 5'11".

use super::column::{Column, STRAY};
use super::number::{Unit, is_currency};

/// A column with more signs than this is one of names.
const MIXED_UNITS: usize = 4;

/// Units of quantities, in small letters. Other letters after a number may be part of a name: 1a and 1b.
const QUANTITIES: &[&str] = &[
    "kg", "g", "mg", "µg", "t", "lb", "lbs", "oz", "st", "km", "m", "cm", "mm", "µm", "nm", "mi", "mile", "miles",
    "ft", "feet", "in", "inch", "inches", "yd", "'", "\"", "l", "ml", "cl", "dl", "gal", "pt", "%", "‰", "°", "°c",
    "°f", "ms", "s", "sec", "min", "mins", "h", "hr", "hrs", "hour", "hours", "day", "days", "w", "kw", "mw", "v",
    "mv", "kv", "ma", "hz", "khz", "mhz", "ghz", "kb", "mb", "gb", "tb", "pa", "kpa", "hpa", "bar", "psi", "kcal",
    "cal", "kj", "kwh", "wh", "km/h", "mph", "m/s", "kn", "m²", "m³", "ha",
];

/// The units of a column, and what is said of them.
pub struct Mixed {
    /// "numbers in $ and in €", "numbers in two units, such as 5'11\"".
    pub what: String,
    /// Whether all are units of quantities or money, and none may be part of a name.
    pub are_known: bool,
}

impl Column {
    /// The units of its numbers, where it holds words because they have several.
    pub fn mixed_units(&self) -> Option<Mixed> {
        if !self.holds_words() {
            return None;
        }
        let cells = || self.cells.iter().flatten();
        let present = cells().count();
        let mut compound = cells().filter(|cell| is_compound(cell));
        if let Some(first) = compound.next().filter(|_| compound.count() + 1 >= share_of(present)) {
            return Some(Mixed { what: format!("numbers in two units, such as {first}"), are_known: true });
        }
        let units = self.units();
        let are_known = units.iter().all(|unit| is_currency(unit) || is_quantity(unit));
        (!units.is_empty()).then(|| Mixed { what: format!("numbers in {}", units.join(" and in ")), are_known })
    }

    /// The signs of its numbers, where they have several: $ and €, kg and lb.
    fn units(&self) -> Vec<String> {
        let present = self.cells.iter().flatten().count();
        let of = |cell: &String| Unit::shared(&[cell]).map(|unit| unit.name());
        let mut units: Vec<String> = self.cells.iter().flatten().filter_map(of).collect();
        let marked = units.len();
        units.sort();
        let mut counts: Vec<(String, usize)> =
            units.chunk_by(|one, other| one == other).map(|alike| (alike[0].clone(), alike.len())).collect();
        counts.retain(|(_, count)| count * STRAY >= present);
        let is_mixed = (2..=MIXED_UNITS).contains(&counts.len()) && marked >= share_of(present);
        if is_mixed { counts.into_iter().map(|(unit, _)| unit).collect() } else { Vec::new() }
    }
}

/// Nine in ten.
fn share_of(cells: usize) -> usize {
    (cells * 9).div_ceil(10).max(1)
}

fn is_quantity(unit: &str) -> bool {
    QUANTITIES.contains(&&*unit.to_lowercase())
}

/// Whether a cell is made of two quantities or more: 5'11", 5 ft 11 in, 2h 30m.
fn is_compound(cell: &str) -> bool {
    let mut parts: Vec<(bool, String)> = Vec::new();
    for letter in cell.chars().filter(|letter| !letter.is_whitespace()) {
        let is_digit = letter.is_ascii_digit() || letter == '.';
        match parts.last_mut().filter(|(is_number, _)| *is_number == is_digit) {
            Some((_, part)) => part.push(letter),
            None => parts.push((is_digit, letter.to_string())),
        }
    }
    let are_units = parts.iter().filter(|(is_number, _)| !is_number).all(|(_, unit)| is_quantity(unit));
    parts.len() >= 3 && parts[0].0 && are_units
}

#[cfg(test)]
mod tests {
    use crate::data::table::tests::parse;

    fn what(cells: &[&str]) -> Option<String> {
        let rows: String =
            (0..40).map(|at| format!("\"{}\";{at}\n", cells[at % cells.len()].replace('"', "\"\""))).collect();
        parse(&format!("w;y\n{rows}")).columns[0]
            .mixed_units()
            .map(|mixed| format!("{} {}", mixed.what, mixed.are_known))
    }

    #[test]
    fn numbers_in_several_units_are_told_from_names() {
        assert_eq!(what(&["$5", "€6"]).as_deref(), Some("numbers in $ and in € true"));
        assert_eq!(what(&["90 kg", "200 lbs"]).as_deref(), Some("numbers in kg and in lbs true"));
        assert_eq!(what(&["5'11\"", "4'9\"", "6'0\""]).as_deref(), Some("numbers in two units, such as 5'11\" true"));
        assert_eq!(what(&["2h 30min", "1h 5min"]).as_deref(), Some("numbers in two units, such as 2h 30min true"));
        assert_eq!(what(&["1a", "1b", "2a"]).as_deref(), Some("numbers in a and in b false"));
        assert_eq!(what(&["red", "blue"]), None);
        assert_eq!(what(&["90 kg", "91 kg"]), None);
    }
}
