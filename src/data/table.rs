//! A table of text as people export it: separator, quotes, header, decimal comma and missing cells are found by themselves.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::error::DataError;

/// More bytes than this in one file are a mistake, or a trap.
const MAX_BYTES: u64 = 256 << 20;

/// Bytes in which the columns of a file have shown themselves.
const BEGINNING: u64 = 1 << 18;

/// Lines that are looked at to find the separator.
const LOOKED_AT: usize = 200;

/// In a column of numbers, one cell in so many may be something else.
const STRAY: usize = 20;

/// What people write where they have nothing to write, in small letters.
const MISSING: &[&str] = &["", "?", "-", ".", "na", "n/a", "nan", "null", "none", "#n/a"];

/// Columns of cells with their names.
pub struct Table {
    /// The columns, from left to right.
    pub columns: Vec<Column>,
    /// Whether the first line was a header; if not, the columns are called by their position.
    pub has_header: bool,
    /// Number of rows.
    pub rows: usize,
    /// Notes from reading the file, one sentence each.
    pub notes: Vec<String>,
}

/// A column of cells.
pub struct Column {
    /// Name in the header, or the position counted from 1.
    pub name: String,
    /// A cell is `None` where nothing is written.
    pub cells: Vec<Option<String>>,
    decimal_comma: bool,
}

/// What stands between two cells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Separator {
    Byte(u8),
    /// Any number of spaces and tabs.
    Space,
}

const SEPARATORS: [Separator; 5] =
    [Separator::Byte(b','), Separator::Byte(b';'), Separator::Byte(b'\t'), Separator::Byte(b'|'), Separator::Space];

impl Table {
    /// Reads a file. `names` are those of the columns of a file that has no header.
    pub fn read(path: &Path, names: &[&str]) -> Result<Self, DataError> {
        let mut bytes = Vec::new();
        let unreadable = |error: std::io::Error| DataError::file(path, error);
        let file = File::open(path).map_err(unreadable)?;
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(DataError::file(path, "is larger than 256 MB; take a part of it"));
        }
        Self::parse(bytes, names).map_err(|what| DataError::file(path, what))
    }

    /// Reads the first lines of a file, which are enough to know its columns.
    pub fn beginning(path: &Path, names: &[&str]) -> Result<Self, DataError> {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut bytes));
        read.map_err(|error| DataError::file(path, error))?;
        if bytes.len() as u64 == BEGINNING
            && let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n')
        {
            bytes.truncate(end);
        }
        Self::parse(bytes, names).map_err(|what| DataError::file(path, what))
    }

    fn parse(bytes: Vec<u8>, names: &[&str]) -> Result<Self, String> {
        let mut notes = Vec::new();
        let text = decode(bytes, &mut notes)?;
        let separator = separator_of(&text);
        let mut records = records(&text, separator, usize::MAX)?;
        records.retain(|record| record.iter().any(|cell| !is_missing(cell)));
        let Some(first) = records.first() else { return Err("there is nothing in it".to_owned()) };
        let width = first.len();
        if let Some(row) = records.iter().position(|record| record.len() > width) {
            let cells = records[row].len();
            return Err(format!(
                "row {} has {cells} cells, and the first has {width}; look at its separators and quotes",
                row + 1
            ));
        }
        let short = records.iter().filter(|record| record.len() < width).count();
        if short > 0 {
            notes.push(format!("{short} rows end early; their last cells count as missing"));
        }
        if records.iter().flatten().any(|cell| cell.contains('\n')) {
            notes.push("Some cells go over several lines; a quote may not be closed".to_owned());
        }
        let decimal_comma = has_decimal_comma(&records);
        let has_header = names.is_empty() && is_header(&records, decimal_comma);
        let names = column_names(has_header.then(|| records.remove(0)), names, width)?;
        let rows = records.len();
        let mut columns: Vec<Column> =
            names.into_iter().map(|name| Column { name, cells: Vec::with_capacity(rows), decimal_comma }).collect();
        for record in records {
            let mut cells = record.into_iter().map(|cell| if is_missing(&cell) { None } else { Some(cell) });
            columns.iter_mut().for_each(|column| column.cells.push(cells.next().flatten()));
        }
        Ok(Self { columns, has_header, rows, notes })
    }

    /// The column of this name, or at this position counted from 1.
    pub fn find(&self, name: &str) -> Option<usize> {
        let by_name = self.columns.iter().position(|column| column.name == name);
        let by_position = || name.parse::<usize>().ok()?.checked_sub(1).filter(|at| *at < self.columns.len());
        by_name.or_else(by_position)
    }

    /// The names of all columns, for a sentence.
    pub fn names(&self) -> String {
        self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Keeps the rows whose entry is true.
    pub fn retain(&mut self, keep: &[bool]) {
        for column in &mut self.columns {
            let mut keep = keep.iter().copied();
            column.cells.retain(|_| keep.next().unwrap_or(true));
        }
        self.rows = keep.iter().filter(|keep| **keep).count();
    }
}

impl Column {
    /// The number in a cell; nothing if the cell is empty or does not hold a number.
    pub fn number(&self, row: usize) -> Option<f32> {
        number(self.cells.get(row)?.as_deref()?, self.decimal_comma)
    }

    /// Whether the column is text: more than one cell in `STRAY` is not a number.
    pub fn holds_words(&self) -> bool {
        let words = self.cells.iter().flatten().filter(|cell| !is_numeric(cell, self.decimal_comma)).count();
        words * STRAY > self.cells.iter().flatten().count()
    }

    /// The first cell that is not a finite number.
    pub fn first_word(&self) -> Option<&str> {
        self.cells.iter().flatten().map(String::as_str).find(|cell| number(cell, self.decimal_comma).is_none())
    }

    /// The distinct cells, in alphabetical order, or in numeric order if all are numbers.
    pub fn distinct(&self) -> Vec<String> {
        let mut distinct: Vec<String> = self.cells.iter().flatten().cloned().collect();
        distinct.sort();
        distinct.dedup();
        let of = |text: &String| number(text, self.decimal_comma);
        if distinct.iter().all(|text| of(text).is_some()) {
            distinct.sort_by(|a, b| of(a).unwrap_or_default().total_cmp(&of(b).unwrap_or_default()));
        }
        distinct
    }
}

fn decode(bytes: Vec<u8>, notes: &mut Vec<String>) -> Result<String, String> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) || bytes.contains(&0) {
        return Err("is not a table of text in UTF-8; save it as CSV in UTF-8".to_owned());
    }
    let text = String::from_utf8(bytes).unwrap_or_else(|error| {
        notes.push("The file is not UTF-8 and was read as Latin-1".to_owned());
        error.into_bytes().into_iter().map(char::from).collect()
    });
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// The separator that gives most lines the same number of cells, of which the greatest share are numbers.
fn separator_of(text: &str) -> Separator {
    let mut best = (SEPARATORS[0], (0.0, 1));
    for separator in SEPARATORS {
        let Ok(records) = records(text, separator, LOOKED_AT) else { continue };
        let width = records.iter().map(Vec::len).max().unwrap_or(0);
        let alike = records.iter().filter(|record| record.len() == width).count();
        if width < 2 || alike * 10 < records.len() * 9 {
            continue;
        }
        let cells = || records.iter().flatten();
        let is_number =
            |cell: &&String| number(cell, false).or_else(|| number(cell, true)).is_some() || is_missing(cell);
        let share = cells().filter(is_number).count() as f64 / cells().count().max(1) as f64;
        if (share, width) > best.1 {
            best = (separator, (share, width));
        }
    }
    best.0
}

fn records(text: &str, separator: Separator, most: usize) -> Result<Vec<Vec<String>>, String> {
    let Separator::Byte(byte) = separator else {
        return Ok(text.lines().filter(|line| !line.trim().is_empty()).take(most).map(split_at_spaces).collect());
    };
    let mut reader = csv::ReaderBuilder::new();
    let reader =
        reader.delimiter(byte).has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let record = |record: Result<csv::StringRecord, csv::Error>| match record {
        Ok(record) => Ok(record.iter().map(str::to_owned).collect()),
        Err(error) => Err(error.to_string()),
    };
    reader.into_records().take(most).map(record).collect()
}

/// The cells of a line between which there is any number of spaces; what is quoted may have some.
fn split_at_spaces(line: &str) -> Vec<String> {
    let (mut cells, mut rest) = (Vec::new(), line.trim());
    while !rest.is_empty() {
        let (cell, after) = match rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
            Some((quoted, after)) => (quoted, after),
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        cells.push(cell.trim().to_owned());
        rest = after.trim_start();
    }
    cells
}

fn is_missing(cell: &str) -> bool {
    cell.len() <= 4 && MISSING.contains(&cell.to_lowercase().as_str())
}

/// Whether a cell is meant as a number, though it may be infinite or larger than the program counts.
fn is_numeric(cell: &str, decimal_comma: bool) -> bool {
    number(cell, decimal_comma).is_some() || cell.parse::<f64>().is_ok()
}

/// A finite number; with a decimal comma, points stand between thousands.
fn number(cell: &str, decimal_comma: bool) -> Option<f32> {
    let parsed = match decimal_comma && cell.contains(',') {
        true => cell.replace('.', "").replace(',', ".").parse::<f32>(),
        false => cell.parse(),
    };
    parsed.ok().filter(|number| number.is_finite())
}

/// Whether more cells are numbers with a comma only than with a point only.
fn has_decimal_comma(records: &[Vec<String>]) -> bool {
    let count = |mark: char, decimal_comma: bool| {
        let is_such = |cell: &&String| cell.contains(mark) && number(cell, decimal_comma).is_some();
        records.iter().take(LOOKED_AT).flatten().filter(is_such).count()
    };
    count(',', true) > count('.', false)
}

/// A first line without any number, over lines that have some or that say something else, is a header.
fn is_header(records: &[Vec<String>], decimal_comma: bool) -> bool {
    let has_number = |record: &Vec<String>| record.iter().any(|cell| number(cell, decimal_comma).is_some());
    let [first, others @ ..] = records else { return false };
    let is_repeated = || others.iter().any(|other| other.iter().zip(first).any(|(a, b)| a == b && !is_missing(a)));
    !has_number(first) && (others.iter().any(has_number) || !is_repeated())
}

fn column_names(header: Option<Vec<String>>, given: &[&str], width: usize) -> Result<Vec<String>, String> {
    if !given.is_empty() && given.len() != width {
        return Err(format!("has {width} columns, and {} names are given for them", given.len()));
    }
    let given = header.unwrap_or_else(|| given.iter().map(|name| (*name).to_owned()).collect());
    let mut names: Vec<String> = Vec::with_capacity(width);
    for at in 0..width {
        let name = given.get(at).map(|name| name.trim()).filter(|name| !name.is_empty());
        let name = name.map_or_else(|| format!("column {}", at + 1), str::to_owned);
        let is_new = |name: &String| !names.contains(name);
        let spellings = std::iter::once(name.clone()).chain((2..).map(|number| format!("{name} ({number})")));
        names.extend(spellings.take(width + 1).find(is_new));
    }
    Ok(names)
}

/// "1 row", "3 rows".
pub fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Table {
        Table::parse(text.as_bytes().to_vec(), &[]).unwrap()
    }

    fn row(table: &Table, row: usize) -> Vec<Option<&str>> {
        table.columns.iter().map(|column| column.cells[row].as_deref()).collect()
    }

    #[test]
    fn separators_quotes_and_headers_are_found() {
        for (text, names, first) in [
            ("a,b,c\n1,2,x\n3,4,y\n", "a, b, c", ["1", "2", "x"]),
            ("\u{feff}\"a\";\"b\";\"c\"\n1;2,5;x\n3;4,5;\"y;z\"\n", "a, b, c", ["1", "2,5", "x"]),
            ("1\t2\tgreen apple\n3\t4\tgreen pear\n", "column 1, column 2, column 3", ["1", "2", "green apple"]),
            (
                "  1   2.5\t\"chevrolet chevelle\"\n  3   14.\t\"fiat  124\"\n",
                "column 1, column 2, column 3",
                ["1", "2.5", "chevrolet chevelle"],
            ),
            ("a|b|a\r\n1|2|3\r\n", "a, b, a (2)", ["1", "2", "3"]),
            ("kind,colour,size\nfruit,red,big\nfruit,green,big\n", "kind, colour, size", ["fruit", "red", "big"]),
            ("x,,y\n1,2,3\n", "x, column 2, y", ["1", "2", "3"]),
        ] {
            let table = parse(text);
            assert_eq!((table.names().as_str(), row(&table, 0)), (names, first.map(Some).to_vec()), "{text:?}");
        }
        let named = Table::parse(b"1,2\n3,4".to_vec(), &["x", "y"]).unwrap();
        assert_eq!((named.names().as_str(), named.rows, named.has_header), ("x, y", 2, false));
        assert!(
            Table::parse(b"1,2\n3,4".to_vec(), &["x"]).is_err_and(|what| what.contains("has 2 columns, and 1 names"))
        );
    }

    #[test]
    fn commas_points_and_nothing_are_understood_as_numbers() {
        let table = parse("a;b\n1,5;?\n-2,25;NA\n1.234,5;7\n;8\n\n");
        let numbers: Vec<_> = (0..4).map(|row| table.columns[0].number(row)).collect();
        assert_eq!(numbers, [Some(1.5), Some(-2.25), Some(1234.5), None]);
        assert_eq!((row(&table, 0)[1], row(&table, 1)[1], table.rows), (None, None, 4));
        let table = parse("a,b\n1e3,inf\n\"2.5\",1e300\n");
        assert_eq!([table.columns[0].number(0), table.columns[0].number(1)], [Some(1000.0), Some(2.5)]);
        assert_eq!([table.columns[1].number(0), table.columns[1].number(1)], [None, None]);
        assert_eq!((table.columns[1].holds_words(), table.columns[1].first_word()), (false, Some("inf")));
        assert_eq!(parse("a,b\n10,x\n9,x\n10,y").columns[0].distinct(), ["9", "10"]);
    }

    #[test]
    fn what_is_no_table_is_refused_in_one_sentence() {
        for (bytes, expected) in [
            (&b""[..], "there is nothing in it"),
            (b"\n \n", "there is nothing in it"),
            (b"?,NA\n,\n", "there is nothing in it"),
            (b"\xFF\xFEa\0,\0", "save it as CSV in UTF-8"),
            (
                b"a,b\n1,2\n3,4\n5,6\n1,2\n3,4\n5,6\n1,2\n3,4\n5,6\n1,2\n3,4\n5,6\n1,2,3\n",
                "row 14 has 3 cells, and the first has 2",
            ),
        ] {
            let problem = Table::parse(bytes.to_vec(), &[]).err().unwrap();
            assert!(problem.contains(expected), "{problem}");
        }
        let latin = Table::parse(b"M\xFCller,1\nMeier,2\n".to_vec(), &[]).unwrap();
        assert_eq!((row(&latin, 0)[0], latin.notes.len()), (Some("Müller"), 1));
        assert_eq!(parse("a,b\n1\n2,3").notes, ["1 rows end early; their last cells count as missing"]);
    }
}
