//! Columns that count or name the rows, from which nothing can be learned: row numbers and the keys of a database.

use crate::data::table::Column;

/// A column of distinct whole numbers numbers the rows if its range is at most this many times the number of rows.
const ROOM: f64 = 1.5;

/// The same where they ascend from row to row, in steps of different length, as keys of which some were deleted.
const ROOM_OF_ASCENDING: f64 = 3.0;

/// With fewer rows than this, a small range may be chance.
const FEW: usize = 30;

/// Names of columns that number the rows, in small letters.
const ROW_NAMES: &[&str] =
    &["id", "index", "idx", "row", "rowid", "row id", "nr", "no", "no.", "number", "#", "unnamed: 0", "uid"];

/// Words in the names of keys, in small letters: those of English, German, French, Spanish, Italian, Portuguese and Dutch.
const KEY_WORDS: &[&str] = &[
    "id",
    "ids",
    "idx",
    "index",
    "nr",
    "no",
    "num",
    "number",
    "nummer",
    "numéro",
    "numero",
    "número",
    "code",
    "kode",
    "codice",
    "código",
    "codigo",
    "key",
    "schlüssel",
    "clé",
    "cle",
    "clave",
    "chiave",
    "chave",
    "uid",
    "rowid",
    "row",
    "kennung",
    "identifier",
    "sleutel",
];

/// What such a word ends in where it is written in one: kundennr, customerid.
const KEY_ENDINGS: &[&str] = &["nr", "nummer", "number", "schlüssel", "code", "id"];

/// Those of these words that name things and count nothing, as "number" in number_of_rooms would.
const ID_WORDS: &[&str] =
    &["id", "ids", "uid", "nr", "nummer", "kennung", "identifier", "sleutel", "schlüssel", "clé", "cle", "clave"];

/// What such a word ends in where it is written in one: patientid.
const ID_ENDINGS: &[&str] = &["nr", "nummer", "schlüssel", "id"];

/// With fewer ids than this, they may be kinds.
const FEW_IDS: usize = 10;

/// Letters before such an ending, of which fewer make another word: paid, solid.
const BEFORE_ENDING: usize = 4;

/// Whether a column counts or names the rows: whole numbers, each of them once, that count, or from a range with hardly more
/// room than there are rows, or under a name that says so.
pub fn counts_rows(column: &Column) -> bool {
    let Some(numbers) = whole_numbers(column) else { return false };
    let mut sorted = numbers.clone();
    sorted.sort_by(f64::total_cmp);
    let is_unique = sorted.windows(2).all(|pair| pair[0] < pair[1]);
    let room = sorted.last().zip(sorted.first()).map_or(0.0, |(last, first)| last - first + 1.0);
    // A dozen ages may all be different.
    let is_within = |most: f64| sorted.len() >= FEW && room <= most * sorted.len() as f64;
    let is_ascending = numbers == sorted;
    // A scale ascends too: 0, 5, 10.
    let is_scale = sorted.windows(3).all(|three| three[1] - three[0] == three[2] - three[1]);
    let is_ascending_key = is_ascending && !is_scale && is_within(ROOM_OF_ASCENDING);
    let is_key = names_rows(&column.name) || is_ascending && names_a_key(&column.name) || is_ascending_key;
    is_unique && (is_key || is_within(ROOM) || counts(&numbers))
}

/// Whether a column counts the rows one by one, or is called like that: as a target it would be learned from nothing.
pub fn is_row_count(column: &Column) -> bool {
    let is_count = |numbers: Vec<f64>| counts(&numbers) || names_rows(&column.name);
    counts_rows(column) && whole_numbers(column).is_some_and(is_count)
}

/// Whether a column names things, such as patients, of which each has several rows.
pub fn names_groups(column: &Column) -> bool {
    let ids = column.distinct();
    let are_whole = (0..column.cells.len()).filter_map(|row| column.number(row)).all(|number| number.fract() == 0.0);
    let come_again = ids.len() >= FEW_IDS && ids.len() < column.cells.iter().flatten().count();
    come_again && are_whole && has_word(&column.name, ID_WORDS, ID_ENDINGS)
}

/// Its numbers, if it has one in every row of a table that is not too short, and all are whole.
fn whole_numbers(column: &Column) -> Option<Vec<f64>> {
    let numbers: Vec<f64> = (0..column.cells.len()).map(|row| column.number(row)).collect::<Option<_>>()?;
    (numbers.len() >= 10 && numbers.iter().all(|number| number.fract() == 0.0)).then_some(numbers)
}

fn counts(numbers: &[f64]) -> bool {
    numbers.windows(2).all(|pair| pair[1] == pair[0] + 1.0)
}

fn names_rows(name: &str) -> bool {
    ROW_NAMES.contains(&&*name.trim().to_lowercase())
}

fn names_a_key(name: &str) -> bool {
    has_word(name, KEY_WORDS, KEY_ENDINGS)
}

/// Whether one of the words of a name is among these, or ends so.
fn has_word(name: &str, words: &[&str], endings: &[&str]) -> bool {
    words_of(name).iter().any(|word| {
        let is_compound =
            |ending: &&str| word.strip_suffix(ending).is_some_and(|rest| rest.chars().count() >= BEFORE_ENDING);
        words.contains(&&**word) || endings.iter().any(is_compound)
    })
}

/// The words of a name, in small letters: "order", "id" of order_id and of OrderId.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || was_small && letter.is_uppercase() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (letter.is_alphanumeric(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
        was_small = letter.is_lowercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::table::{Options, Table};

    fn column(name: &str, number: impl Fn(usize) -> usize) -> Column {
        let rows: String = (0..60).map(|at| format!("{};x\n", number(at))).collect();
        let table = Table::parse(format!("{name};y\n{rows}").into_bytes(), &Options::default()).unwrap();
        table.columns.into_iter().next().unwrap()
    }

    #[test]
    fn keys_with_gaps_are_told_from_measurements() {
        let wide = |at: usize| 1000 + 50 * at + at % 7;
        for name in
            ["kundennr", "customer_id", "OrderId", "customerid", "Bestell-Nr.", "código", "key", "Artikelnummer"]
        {
            assert!(counts_rows(&column(name, wide)), "{name}");
        }
        for name in ["mileage", "paid", "distance", "node", "hidden"] {
            assert!(!counts_rows(&column(name, wide)), "{name}");
        }
        assert!(counts_rows(&column("k", |at| 1000 + 2 * at + at % 2)), "keys of which some are gone");
        assert!(!counts_rows(&column("x", |at| 5 * at)), "a scale");
        assert!(!counts_rows(&column("order_id", |at| wide(at * 7 % 60))), "keys in no order may be read");
        assert!(!counts_rows(&column("order_id", |at| wide(at / 2))), "keys that come again");
    }

    #[test]
    fn ids_of_several_rows_each_name_groups() {
        for name in ["patient_id", "PatientID", "kundennr", "Student Id", "patientid"] {
            assert!(names_groups(&column(name, |at| 500 + at / 3)), "{name}");
            assert!(!names_groups(&column(name, |at| 500 + at)), "{name}: each once");
            assert!(!names_groups(&column(name, |at| at % 3)), "{name}: kinds");
        }
        assert!(!names_groups(&column("number_of_rooms", |at| at / 3)) && !names_groups(&column("paid", |at| at / 3)));
    }

    #[test]
    fn what_counts_the_rows_is_no_target_and_a_number_with_gaps_may_be_one() {
        assert!(is_row_count(&column("row", |at| at + 1)) && is_row_count(&column("id", |at| 3 * at + at % 2)));
        assert!(!is_row_count(&column("price", |at| 3 * at + at % 2)));
    }
}
