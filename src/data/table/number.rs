//! Numbers as people write them: decimal points and commas, thousands, signs of currencies and units.

/// Which marks a column uses in its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convention {
    /// What stands before the fraction.
    pub decimal: char,
    /// What groups the thousands, if something does.
    pub thousands: Option<char>,
}

impl Convention {
    /// 1234.5
    pub const PLAIN: Self = Self { decimal: '.', thousands: None };

    /// All that are tried, the likeliest first.
    const ALL: [Self; 9] = [
        Self::PLAIN,
        Self { decimal: '.', thousands: Some(',') },
        Self { decimal: ',', thousands: None },
        Self { decimal: ',', thousands: Some('.') },
        Self { decimal: '.', thousands: Some('\'') },
        Self { decimal: ',', thousands: Some('\'') },
        Self { decimal: '.', thousands: Some(' ') },
        Self { decimal: ',', thousands: Some(' ') },
        Self { decimal: '.', thousands: Some('_') },
    ];

    /// The number that a cell stands for; it may be infinite.
    pub fn read(self, cell: &str) -> Option<f64> {
        let cell = cell.trim();
        // As most are written, and all that a program has written.
        if self == Self::PLAIN && cell.bytes().all(|byte| byte.is_ascii_digit() || b".-eE+".contains(&byte)) {
            return cell.parse().ok().or_else(|| self.read_marked(cell));
        }
        self.read_marked(cell)
    }

    fn read_marked(self, cell: &str) -> Option<f64> {
        let (is_negative, rest) = match cell.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
            Some(inner) => (true, inner.trim()),
            None => sign_of(cell),
        };
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(at) => (&rest[..at], rest[at + 1..].parse::<i32>().ok()?),
            None => (rest, 0),
        };
        if mantissa.is_empty() || mantissa.starts_with(['+', '-']) {
            return None;
        }
        let (whole, fraction) = mantissa.split_once(self.decimal).unwrap_or((mantissa, ""));
        if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let whole = self.ungrouped(whole)?;
        let sign = if is_negative { "-" } else { "" };
        format!("{sign}{whole}.{fraction}0e{exponent}").parse().ok()
    }

    /// The digits before the fraction; none if they are not grouped as the convention has it.
    fn ungrouped(self, whole: &str) -> Option<String> {
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let groups: Vec<String> = match self.thousands {
            None => return is_digits(whole).then(|| if whole.is_empty() { "0".to_owned() } else { whole.to_owned() }),
            Some(' ') => whole.split([' ', '\u{a0}', '\u{202f}', '\u{2009}']).map(str::to_owned).collect(),
            Some('\'') => whole.split(['\'', '\u{2019}']).map(str::to_owned).collect(),
            Some(mark) => whole.split(mark).map(str::to_owned).collect(),
        };
        let [first, rest @ ..] = &groups[..] else { return None };
        let Some((last, middle)) = rest.split_last() else { return Self { thousands: None, ..self }.ungrouped(first) };
        // India groups two digits above the thousands: 12,34,567.
        let in_two = middle.iter().all(|group| group.len() == 2) && first.len() <= 2;
        let in_three = middle.iter().all(|group| group.len() == 3) && first.len() <= 3;
        let is_grouped = last.len() == 3 && (in_two || in_three) && !first.is_empty() && !first.starts_with('0');
        (is_grouped && groups.iter().all(|group| is_digits(group))).then(|| groups.concat())
    }

    fn is_used_in(self, cell: &str) -> bool {
        self.thousands.is_none_or(|mark| match mark {
            ' ' => cell.trim().contains([' ', '\u{a0}', '\u{202f}', '\u{2009}']),
            '\'' => cell.contains(['\'', '\u{2019}']),
            mark => cell.contains(mark),
        })
    }
}

fn sign_of(cell: &str) -> (bool, &str) {
    for minus in ['-', '\u{2212}'] {
        if let Some(rest) = cell.strip_prefix(minus) {
            return (true, rest.trim_start());
        }
        // Accounting programs write 12.50-
        if let Some(rest) = cell.strip_suffix(minus).filter(|rest| rest.ends_with(|last: char| last.is_ascii_digit())) {
            return (true, rest);
        }
    }
    (false, cell.strip_prefix('+').unwrap_or(cell))
}

/// Whether a cell is a negative number without a minus before it, as accounts write it: (12.5) or 12.5-
pub fn is_accounting(cell: &str) -> bool {
    let is_digit = |letter: char| letter.is_ascii_digit();
    let is_in_brackets = cell.starts_with('(') && cell.ends_with(')');
    let has_minus_behind = cell.strip_suffix(['-', '\u{2212}']).is_some_and(|rest| rest.ends_with(is_digit));
    is_in_brackets || has_minus_behind
}

/// What the cells of a column say about their convention.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// One convention reads the most cells, or all that do give the same numbers.
    One(Convention),
    /// Two conventions read the same cells, and give different numbers.
    Either(Convention, Convention),
}

/// The convention of the numbers among these cells. The caller may fix the `decimal` and the `thousands` mark.
pub fn find(cells: &[&str], decimal: Option<char>, thousands: Option<char>) -> Found {
    let fits = |convention: &Convention| {
        decimal.is_none_or(|mark| convention.decimal == mark)
            && thousands.is_none_or(|_| convention.thousands == thousands)
    };
    let mut tried: Vec<Convention> = Convention::ALL.into_iter().filter(fits).collect();
    if let (Some(decimal), Some(_)) = (decimal, thousands)
        && tried.is_empty()
    {
        tried.push(Convention { decimal, thousands });
    }
    let is_used = |convention: &Convention| cells.iter().any(|cell| convention.is_used_in(cell));
    tried.retain(|convention| thousands.is_some() || is_used(convention));
    let readable = |convention: &Convention| cells.iter().filter(|cell| convention.read(cell).is_some()).count();
    let most = tried.iter().map(readable).max().unwrap_or(0);
    tried.retain(|convention| readable(convention) == most);
    let Some(&first) = tried.first() else { return Found::One(Convention::PLAIN) };
    let differs = |other: &&Convention| cells.iter().any(|cell| first.read(cell) != other.read(cell));
    match tried.iter().find(differs) {
        Some(&second) => more_likely(cells, first, second),
        None => Found::One(first),
    }
}

/// Decides whether a mark groups thousands or begins the decimals, from the cells without it: a number of 1000 or more
/// without the mark shows that it does not group.
fn more_likely(cells: &[&str], first: Convention, second: Convention) -> Found {
    let (grouped, fractional) = if first.thousands.is_some() { (first, second) } else { (second, first) };
    let Some(mark) = grouped.thousands else { return Found::One(first) };
    let plain: Vec<f64> =
        cells.iter().filter(|cell| !cell.contains([mark, 'e', 'E'])).filter_map(|cell| grouped.read(cell)).collect();
    match plain.iter().any(|number| number.abs() >= 1000.0) {
        true => Found::One(fractional),
        false if !plain.is_empty() && mark == ',' => Found::One(grouped),
        false => Found::Either(grouped, fractional),
    }
}

/// Signs that say something of a number, that it is about so or that there is a footnote, and do not change it.
const REMARKS: [char; 5] = ['~', '≈', '*', '†', '‡'];

/// The cell without what remarks on its number: 61.47 of ~61.47, 54.38 of 54.38*.
pub fn without_remarks(cell: &str) -> &str {
    if cell.contains(REMARKS) { cell.trim_matches(|letter| REMARKS.contains(&letter) || letter == ' ') } else { cell }
}

/// What stands around the number in a cell: "$", "%", " kg".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    before: String,
    after: String,
}

const CURRENCIES: &[&str] = &[
    "$", "€", "£", "¥", "₹", "₽", "₩", "₺", "₫", "฿", "USD", "EUR", "GBP", "CHF", "JPY", "CNY", "RMB", "US$", "Fr.",
    "R$",
];

/// Whether a text is the sign of a currency.
pub fn is_currency(text: &str) -> bool {
    CURRENCIES.contains(&text)
}

/// No unit is longer than this.
const MAX_UNIT: usize = 10;

impl Unit {
    /// The unit of a cell that holds a number with something around it.
    fn of(cell: &str) -> Option<Self> {
        let is_number = |letter: char| letter.is_ascii_digit();
        let (start, end) = (cell.find(is_number)?, cell.rfind(is_number)? + 1);
        // 001.png is the name of a file.
        if cell[end..].strip_prefix('.').is_some_and(|rest| rest.starts_with(char::is_alphabetic)) {
            return None;
        }
        // The sign of the number, its decimal mark and its brackets are none of the unit.
        let before = cell[..start].trim_end_matches(['.', ',', '-', '+', '\u{2212}', '(', ' ', '\u{a0}']);
        let before = before.trim_start_matches(['-', '+', '\u{2212}', '(', ' ']);
        let after = cell[end..].trim_matches(['.', ',', ')', ' ', '\u{a0}', '-']);
        let is_sign = |text: &str| text.is_empty() || CURRENCIES.contains(&text);
        let is_letter = |letter: char| letter.is_alphabetic() || "%‰°²³/·^\"'".contains(letter);
        let is_unit = is_sign(after) || after.chars().count() <= MAX_UNIT && after.chars().all(is_letter);
        let has_any = !before.is_empty() || !after.is_empty();
        (is_sign(before) && is_unit && has_any).then(|| Self { before: before.to_owned(), after: after.to_owned() })
    }

    /// The unit that the cells of a column share: those with a number in them have it, or nothing.
    pub fn shared(cells: &[&str]) -> Option<Self> {
        let is_bare = |cell: &str| Convention::ALL.iter().any(|convention| convention.read(cell).is_some());
        let mut unit: Option<Self> = None;
        for cell in cells.iter().filter(|cell| !is_bare(cell)) {
            let own = Self::of(cell)?;
            match &unit {
                None => unit = Some(own),
                Some(unit) if *unit == own => {}
                Some(_) => return None,
            }
        }
        unit
    }

    /// The unit that most cells with one have.
    pub fn usual(cells: &[&str]) -> Option<Self> {
        let mut units: Vec<(Self, usize)> = Vec::new();
        for unit in cells.iter().filter_map(|cell| Self::of(cell)) {
            match units.iter_mut().find(|(known, _)| *known == unit) {
                Some((_, count)) => *count += 1,
                None => units.push((unit, 1)),
            }
        }
        units.into_iter().max_by_key(|(_, count)| *count).map(|(unit, _)| unit)
    }

    /// The cell without its unit.
    pub fn strip(&self, cell: &str) -> String {
        let rest = cell.trim();
        let rest =
            if self.after.is_empty() { rest } else { rest.strip_suffix(&*self.after).unwrap_or(rest).trim_end() };
        if self.before.is_empty() {
            rest.to_owned()
        } else {
            rest.replacen(&*self.before, "", 1).replace("- ", "-").trim().to_owned()
        }
    }

    /// "%", "$", "kg"
    pub fn name(&self) -> String {
        format!("{}{}", self.before, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(cells: &[&str]) -> Found {
        find(cells, None, None)
    }

    #[test]
    fn a_column_has_one_convention_and_two_that_are_as_likely_are_both_named() {
        let (comma, point) = (Convention { decimal: ',', thousands: None }, Convention::PLAIN);
        let english = Convention { decimal: '.', thousands: Some(',') };
        let german = Convention { decimal: ',', thousands: Some('.') };
        for (cells, expected) in [
            (&["1", "2.5", "1e3", "-3"][..], Found::One(point)),
            (&["8,623", "936", "4,141"], Found::One(english)),
            (&["1,234,567", "12"], Found::One(english)),
            (&["12,34,567", "1"], Found::One(english)),
            (&["0,123", "8,623"], Found::One(comma)),
            (&["8,623", "4141"], Found::One(comma)),
            (&["8,6", "936"], Found::One(comma)),
            (&["1.234,5", "7"], Found::One(german)),
            (&["1,234.5", "7"], Found::One(english)),
            (&["1.234.567"], Found::One(german)),
            (&["8,623", "4,141"], Found::Either(english, comma)),
            (&["1.234", "5.678"], Found::Either(german, point)),
            (&["0.123", "5.678"], Found::One(point)),
            (&["2'399", "450"], Found::One(Convention { decimal: '.', thousands: Some('\'') })),
            (&["2\u{202f}399", "450"], Found::One(Convention { decimal: '.', thousands: Some(' ') })),
        ] {
            assert_eq!(found(cells), expected, "{cells:?}");
        }
        assert_eq!(find(&["8,623"], Some(','), None), Found::One(comma));
        assert_eq!(find(&["8,623"], None, Some(',')), Found::One(english));
    }

    #[test]
    fn numbers_are_read_to_the_last_digit() {
        let read = |cell, decimal, thousands| Convention { decimal, thousands }.read(cell);
        assert_eq!(read("123456789.83", '.', None), Some(123_456_789.83));
        assert_eq!(read("(1,234.50)", '.', Some(',')), Some(-1234.5));
        assert_eq!(read("\u{2212}3", '.', None), Some(-3.0));
        assert_eq!(read("12.5-", '.', None), Some(-12.5));
        assert_eq!(read(".5", '.', None), Some(0.5));
        assert_eq!(read("5.", '.', None), Some(5.0));
        assert_eq!(read("1e400", '.', None), Some(f64::INFINITY));
        for no_number in ["", "-", ".", "1-2", "12a", "1,23", "e5", "--3", "1.2.3"] {
            assert_eq!(read(no_number, '.', Some(',')), None, "{no_number:?}");
        }
    }

    #[test]
    fn a_unit_that_all_cells_share_is_told_from_names_with_numbers() {
        let unit = |cells: &[&str]| Unit::shared(cells).map(|unit| unit.name());
        assert_eq!(unit(&["29%", "42 %"]), Some("%".to_owned()));
        assert_eq!(unit(&["$88.40", "-$5", "7"]), Some("$".to_owned()));
        assert_eq!(unit(&["12 kg", "13kg"]), Some("kg".to_owned()));
        assert_eq!(unit(&["A12", "A13"]), None);
        assert_eq!(unit(&["12 kg", "300 g"]), None);
        assert_eq!(unit(&["1", "2"]), None);
        assert_eq!(Unit::shared(&["€620.90"]).unwrap().strip("€620.90"), "620.90");
        assert_eq!(Unit::shared(&["-$5"]).unwrap().strip("-$5"), "-5");
        assert_eq!(Unit::shared(&["29 %"]).unwrap().strip("29 %"), "29");
    }
}
