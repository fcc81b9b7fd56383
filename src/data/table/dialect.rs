//! How a table is written: what separates its cells, what quotes them, and which lines are none of its rows.

use super::column::is_numeric;
use super::missing::is_missing;
use super::options::{COMMENT, LINES, Options, QUOTE, Quotes, Separator};
use crate::data::note::{Note, counted};

const SEPARATORS: [Separator; 5] =
    [Separator::Byte(b','), Separator::Byte(b';'), Separator::Byte(b'\t'), Separator::Byte(b'|'), Separator::Space];

/// What spaces count for beside another separator.
const WITHIN: f64 = 0.6;

/// Fewer rows tell nothing of their separator.
const FEW_ROWS: usize = 3;

/// Lines that are looked at to find the separator.
const LOOKED_AT: usize = 500;

/// So many lines may stand above a table.
const TITLES: usize = 20;

/// A row of cells and the line that it begins in, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub line: usize,
    pub cells: Vec<String>,
}

impl Record {
    /// Whether nothing is written in it.
    pub fn is_blank(&self) -> bool {
        self.cells.iter().all(String::is_empty)
    }

    /// Whether it is a line under or between rows: -----
    pub fn is_ruler(&self) -> bool {
        let is_line = |cell: &String| cell.bytes().all(|byte| b"-=_+:|".contains(&byte));
        self.cells.iter().all(is_line) && self.cells.iter().any(|cell| cell.len() > 2)
    }

    /// Whether it holds these cells; capital letters do not matter.
    pub fn is_again(&self, cells: &[String]) -> bool {
        self.cells.len() == cells.len()
            && self.cells.iter().zip(cells).all(|(cell, other)| cell.eq_ignore_ascii_case(other))
    }

    /// How many cells something is written in.
    pub fn filled(&self) -> usize {
        self.cells.iter().filter(|cell| !cell.is_empty()).count()
    }
}

/// The rows of a text, header and titles among them, and the separator of their cells.
pub fn records(text: &str, options: &Options, notes: &mut Vec<Note>) -> Result<(Vec<Record>, Separator), String> {
    let (said, text, named) = directive(text);
    let (text, skipped) = below(text, named, options.skip.unwrap_or(0));
    let separator = options.separator.or(said).unwrap_or_else(|| separator_of(text, options));
    if said.is_some() {
        notes.push("The first line names the separator and was skipped".into());
    }
    let quotes = options.quotes.unwrap_or_else(|| quotes_of(text, separator, notes));
    let mut records = split(text, separator, quotes, usize::MAX)?;
    if options.separator.is_none() && said.is_none() {
        unknown_separator(&records).map_or(Ok(()), Err)?;
    }
    if let (Separator::Byte(byte), Some(mark)) = (separator, quotes.mark()) {
        let marks = Marks { separator: byte, quote: mark, has_escapes: quotes == Quotes::Backslash };
        check_quotes(text, marks, width_of(&records), skipped)?;
    }
    for record in &mut records {
        record.line += skipped;
    }
    tidy(&mut records, options, notes);
    Ok((records, separator))
}

/// Leaves out rows without a cell, lines drawn with dashes, comments, and an empty cell at the end of all rows.
pub fn tidy(records: &mut Vec<Record>, options: &Options, notes: &mut Vec<Note>) {
    let blank = records.iter().filter(|record| record.is_blank() && record.cells.len() > 1).count();
    records.retain(|record| !record.is_blank());
    if blank > 0 {
        notes.push(format!("{} without any cell, skipped", counted(blank, "row")).into());
    }
    let before = records.len();
    records.retain(|record| options.keeps_lines || !record.is_ruler());
    if records.len() < before {
        let what = format!("{} of nothing but lines (---), skipped", counted(before - records.len(), "row"));
        notes.push(Note::or(what, LINES.key, "all", "reads them"));
    }
    skip_comments(records, options, notes);
    strip_last(records, notes);
}

/// The number of cells that most rows have.
pub fn width_of(records: &[Record]) -> usize {
    let mut counts = std::collections::BTreeMap::new();
    for record in records {
        *counts.entry(record.cells.len()).or_insert(0usize) += 1;
    }
    counts.into_iter().max_by_key(|(width, count)| (*count, *width)).map_or(0, |(width, _)| width)
}

/// `sep=;` in the first line, as Excel writes it; the text after it, and how many lines were taken.
fn directive(text: &str) -> (Option<Separator>, &str, usize) {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let name = first.trim_matches(['"', '\u{feff}']).trim_end_matches('\r');
    let name = name.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).and_then(|_| name.get(4..));
    match name.and_then(Separator::named) {
        Some(separator) => (Some(separator), rest, 1),
        None => (None, text, 0),
    }
}

/// The text below so many lines of the file, of which some were taken; and how many are taken then.
fn below(text: &str, taken: usize, lines: usize) -> (&str, usize) {
    let more = lines.saturating_sub(taken);
    let rest = (0..more).fold(text, |rest, _| rest.split_once('\n').map_or("", |(_, rest)| rest));
    (rest, taken + more)
}

/// The separator that gives most lines the same number of cells, of which the greatest share are numbers.
fn separator_of(text: &str, options: &Options) -> Separator {
    let mut best = (SEPARATORS[0], (0.0, 0));
    // Whether a mark separates every line, a header too, into as many cells.
    let mut is_whole = false;
    for separator in SEPARATORS {
        let Ok(mut records) = split(text, separator, options.quotes.unwrap_or(Quotes::Double), LOOKED_AT) else {
            continue;
        };
        records.retain(|record| !record.is_blank() && !is_comment(record, options));
        let width = width_of(&records);
        let alike = records.iter().filter(|record| record.cells.len() == width).count();
        let above = records.iter().take_while(|record| record.cells.len() != width).count();
        let above = if above <= TITLES && above * 3 <= alike { above } else { 0 };
        if width < 2 || alike * 5 < (records.len() - above) * 4 {
            continue;
        }
        let cells = || records.iter().flat_map(|record| &record.cells);
        let share =
            cells().filter(|cell| is_missing(cell) || is_numeric(cell)).count() as f64 / cells().count().max(1) as f64;
        // A header with another separator than the rows is none.
        let share = share * alike as f64 / records.len() as f64;
        // Spaces stand within numbers and words too.
        let share = if separator == Separator::Space { share * WITHIN } else { share };
        // Spaces that do not separate every line stand in texts where another mark does, and so they do where no cell is a number.
        let is_space = separator == Separator::Space;
        if is_space && is_whole && alike < records.len() {
            continue;
        }
        is_whole |= alike == records.len();
        let width = if is_space && share == 0.0 { 1 } else { width };
        if (share, width) > best.1 {
            best = (separator, (share, width));
        }
    }
    best.0
}

/// Marks that separate cells in some files, and stand in no number.
const RARE: &str = "^:~!#&@=*\\/_";

/// The refusal of a file whose rows have one cell each, where a rare mark stands equally often in all of them.
fn unknown_separator(records: &[Record]) -> Option<String> {
    let rows: Vec<&str> =
        records.iter().filter(|record| !record.is_blank()).map(|record| record.cells[0].as_str()).collect();
    if rows.len() < FEW_ROWS || records.iter().any(|record| record.cells.len() > 1) {
        return None;
    }
    let separates = |mark: &char| {
        let cells = |row: &str| row.split(*mark).count();
        let has_cells = |row: &&str| !row.starts_with(*mark) && !row.ends_with(*mark);
        // The parts of dates and times are no columns.
        let is_moment = |row: &&str| row.bytes().all(|byte| byte.is_ascii_digit() || b":/_. +-TZ".contains(&byte));
        let width = cells(rows[0]);
        width > 1 && rows.iter().all(|row| cells(row) == width && has_cells(row)) && !rows[1..].iter().all(is_moment)
    };
    let mark = RARE.chars().find(separates)?;
    let doubled = format!("{mark}{mark}");
    Some(match rows.iter().all(|row| row.contains(&doubled)) {
        true => format!(
            "all rows are one cell, and {doubled:?} stands equally often in each; write one character between two cells, such as ; instead of {doubled}"
        ),
        false => format!(
            "all rows are one cell, and {mark:?} stands equally often in each; say separator={mark} if it separates the cells"
        ),
    })
}

/// What encloses cells: single quotes where on every line as many cells begin with one as end with one, backslashes where one
/// stands before a quote within a cell.
fn quotes_of(text: &str, separator: Separator, notes: &mut Vec<Note>) -> Quotes {
    let Separator::Byte(byte) = separator else { return Quotes::Double };
    let mut tell = |what: &str, quotes| {
        notes.push(Note::or(what, QUOTE.key, "double", "takes it for a letter"));
        quotes
    };
    let bytes = text.as_bytes();
    let is_within = |at: usize| bytes.get(at + 2).is_some_and(|next| ![byte, b'\n', b'"'].contains(next));
    if text.match_indices("\\\"").any(|(at, _)| is_within(at)) {
        // Whether the first row is like most, and how many are.
        let fit = |quotes| {
            let records = split(text, separator, quotes, usize::MAX).unwrap_or_default();
            let width = width_of(&records);
            let alike = records.iter().filter(|record| record.cells.len() == width).count();
            (records.first().is_some_and(|first| first.cells.len() == width), alike)
        };
        if fit(Quotes::Backslash) >= fit(Quotes::Double) {
            return tell("Quotes inside cells have a backslash before them", Quotes::Backslash);
        }
    }
    let mut quoted = 0;
    let is_balanced = text.lines().all(|line| {
        let cells = || line.split(char::from(byte)).map(str::trim);
        let opened = cells().filter(|cell| cell.starts_with('\'') && cell.len() > 1).count();
        quoted += opened;
        opened == cells().filter(|cell| cell.ends_with('\'') && cell.len() > 1).count()
            && !cells().any(|cell| cell.starts_with('"'))
    });
    match is_balanced && quoted > 0 {
        true => tell("Cells are enclosed in single quotes", Quotes::Single),
        false => Quotes::Double,
    }
}

fn split(text: &str, separator: Separator, quotes: Quotes, most: usize) -> Result<Vec<Record>, String> {
    let Separator::Byte(byte) = separator else {
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).take(most);
        return Ok(lines.map(|(at, line)| Record { line: at + 1, cells: split_at_spaces(line) }).collect());
    };
    let mut reader = csv::ReaderBuilder::new();
    reader.delimiter(byte).has_headers(false).flexible(true).trim(csv::Trim::All);
    match quotes.mark() {
        Some(mark) => reader.quote(mark),
        None => reader.quoting(false),
    };
    reader.escape((quotes == Quotes::Backslash).then_some(b'\\'));
    let record = |record: Result<csv::StringRecord, csv::Error>| match record {
        Ok(record) => {
            let line = record.position().map_or(0, |position| position.line() as usize);
            Ok(Record { line, cells: record.iter().map(str::to_owned).collect() })
        }
        Err(error) => Err(error.to_string()),
    };
    reader.from_reader(text.as_bytes()).into_records().take(most).map(record).collect()
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

/// What has a meaning in a text.
#[derive(Clone, Copy)]
struct Marks {
    separator: u8,
    quote: u8,
    /// Whether a backslash stands before a quote that belongs to the text.
    has_escapes: bool,
}

/// Refuses a quote that is never closed, or that is closed by another one far below and swallows rows between them.
fn check_quotes(text: &str, marks: Marks, width: usize, skipped: usize) -> Result<(), String> {
    let bytes = text.as_bytes();
    let (mut at, mut line, mut is_start) = (0, 1 + skipped, true);
    while at < bytes.len() {
        match bytes[at] {
            byte if byte == marks.quote && is_start => {
                let from = at + 1;
                let opened = line;
                let end = closing(bytes, from, marks).ok_or_else(|| {
                    format!("line {opened}: a quote opens here and is never closed; close it, or double it if it belongs to the text")
                })?;
                let inside = &text[from..end];
                let rows = inside.split('\n').collect::<Vec<_>>();
                let is_row = |row: &&str| row.bytes().filter(|byte| *byte == marks.separator).count() + 1 == width;
                if width > 1
                    && rows.len() > 2
                    && rows[1..rows.len() - 1].iter().filter(|row| is_row(row)).count() * 2 >= rows.len() - 2
                {
                    return Err(format!(
                        "line {opened}: a quote opens here and is closed in line {} alone; what is between them looks like rows. Close it, or double it if it belongs to the text",
                        opened + rows.len() - 1
                    ));
                }
                line += rows.len() - 1;
                at = end + 1;
                is_start = false;
            }
            b'\n' => {
                line += 1;
                at += 1;
                is_start = true;
            }
            byte => {
                at += 1;
                is_start = byte == marks.separator || is_start && byte == b' ';
            }
        }
    }
    Ok(())
}

/// The position of the quote that closes one; two in a row stand for one in the text.
fn closing(bytes: &[u8], from: usize, marks: Marks) -> Option<usize> {
    let mut at = from;
    loop {
        let is_marked = |byte: &u8| *byte == marks.quote || marks.has_escapes && *byte == b'\\';
        at += bytes.get(at..)?.iter().position(is_marked)?;
        if bytes[at] == marks.quote && bytes.get(at + 1) != Some(&marks.quote) {
            return Some(at);
        }
        at += 2;
    }
}

fn is_comment(record: &Record, options: &Options) -> bool {
    let mark = options.comment.as_deref().unwrap_or("#");
    mark != "none" && record.cells.first().is_some_and(|cell| cell.starts_with(mark))
}

/// Leaves out the lines that begin with `#` and do not have the cells of a row. One right above the rows that has them is
/// their header, as NumPy writes it.
fn skip_comments(records: &mut Vec<Record>, options: &Options, notes: &mut Vec<Note>) {
    let is_comment = |record: &Record| is_comment(record, options);
    let rows: Vec<Record> = records.iter().filter(|record| !is_comment(record)).cloned().collect();
    let width = width_of(&rows);
    let before = records.len();
    let header = records.iter().position(|record| !is_comment(record)).and_then(|at| at.checked_sub(1));
    let mut at = 0;
    records.retain(|record| {
        at += 1;
        let may_be_row = options.comment.is_none() && record.cells.len() == width;
        !is_comment(record) || may_be_row && (width > 1 && (Some(at - 1) == header || at - 1 > header.unwrap_or(0)))
    });
    if let Some(first) = records.first_mut().and_then(|record| record.cells.first_mut())
        && let Some(name) = first.strip_prefix("# ")
    {
        *first = name.trim().to_owned();
    }
    if records.len() < before {
        let skipped = before - records.len();
        let mark = options.comment.as_deref().unwrap_or("#");
        let what = format!("{} with a comment ({mark}), skipped", counted(skipped, "line"));
        notes.push(Note::or(what, COMMENT.key, "none", "reads them"));
    }
}

/// Takes away separators at the end of all rows, or of all but the header.
fn strip_last(records: &mut [Record], notes: &mut Vec<Note>) {
    let mut ends = std::collections::BTreeSet::new();
    loop {
        let longest = records.iter().map(|record| record.cells.len()).max().unwrap_or(0);
        let is_longest = |record: &&Record| record.cells.len() == longest;
        let end_empty =
            records.iter().filter(is_longest).all(|record| record.cells.last().is_some_and(String::is_empty));
        if longest <= 2 || !end_empty || records.iter().filter(is_longest).count() < 2 {
            break;
        }
        for record in records.iter_mut().filter(|record| record.cells.len() == longest) {
            record.cells.pop();
            ends.insert(record.line);
        }
    }
    if !ends.is_empty() {
        let rows = if ends.len() == 1 { "1 row ends".to_owned() } else { format!("{} rows end", ends.len()) };
        notes.push(format!("{rows} with a separator, after which there is no cell").into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<Vec<String>> {
        let mut notes = Vec::new();
        let (records, _) = records(text, &Options::default(), &mut notes).unwrap();
        records.into_iter().map(|record| record.cells).collect()
    }

    #[test]
    fn lines_that_are_no_rows_are_skipped() {
        let expected = [["a", "b"], ["1", "2"], ["3", "4"]];
        for text in [
            "a,b\n1,2\n3,4\n",
            "# made by\n# logger, 3, 4\na,b\n1,2\n3,4\n",
            "# a,b\n1,2\n3,4\n",
            "sep=;\na;b\n1;2\n3;4\n",
            "a,b\n\n1,2\n,\n3,4\n\n",
            "a,b\n1,2\n# half time\n3,4\n",
        ] {
            assert_eq!(cells(text), expected, "{text:?}");
        }
        assert_eq!(cells("a,b,c,\n1,2,3,\n"), [["a", "b", "c"], ["1", "2", "3"]]);
        assert_eq!(cells("a,b,c\n1,2,3,\n4,5,6,\n")[1], ["1", "2", "3"]);
    }

    #[test]
    fn a_quote_that_swallows_rows_is_refused_with_its_line() {
        let refused = |text: &str| records(text, &Options::default(), &mut Vec::new()).unwrap_err();
        assert!(refused("a,b\n1,2\n\"3,4\n5,6\n").starts_with("line 3: a quote opens here and is never closed"));
        let middle = format!("a,b\n1,2\n\"3,4\n{}\"5,6\n7,8\n", "5,6\n".repeat(20));
        assert!(
            refused(&middle).starts_with("line 3: a quote opens here and is closed in line 24"),
            "{}",
            refused(&middle)
        );
        assert_eq!(
            cells("a,b\n\"two\nlines\",2\n\"a \"\"quote\"\"\",3\n")[1..],
            [["two\nlines", "2"], ["a \"quote\"", "3"]]
        );
        assert_eq!(cells("a,b\n5\" pipe,2\n6,3\n")[1], ["5\" pipe", "2"]);
    }
}
