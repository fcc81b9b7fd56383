//! The format of Weka and OpenML: attributes with their types, then rows.
//! <https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/>

use super::dialect::Record;
use super::rows::Rows;
use crate::data::note::{Note, counted};

/// A column, as an `@attribute` declares it.
struct Attribute {
    name: String,
    /// The values of a nominal attribute; none of numbers and text.
    values: Option<Vec<String>>,
}

/// Whether a text begins as the format does.
pub fn is_arff(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('%'));
    first.is_some_and(|line| starts_with(line, "@relation") || starts_with(line, "@attribute"))
}

/// The rows below `@data`, and the columns that are declared above.
pub fn rows(text: &str, notes: &mut Vec<Note>) -> Result<Rows, String> {
    let mut attributes = Vec::new();
    let mut lines = (1..).zip(text.trim_start_matches('\u{feff}').lines().map(str::trim));
    for (line, what) in lines.by_ref() {
        if starts_with(what, "@data") {
            break;
        }
        if starts_with(what, "@attribute") {
            let attribute = attribute(what["@attribute".len()..].trim());
            attributes.push(attribute.ok_or_else(|| {
                format!("line {line}: an attribute has a name and a type, such as @attribute length numeric")
            })?);
        }
    }
    if attributes.is_empty() {
        return Err("there is no @attribute in it".to_owned());
    }
    let mut records = Vec::new();
    for (line, what) in lines.filter(|(_, what)| !what.is_empty() && !what.starts_with('%')) {
        let (what, is_weighted) = without_weight(what);
        if is_weighted && records.is_empty() {
            notes.push("The weights of the rows are not used".into());
        }
        let cells = match what.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(pairs) => sparse(pairs, &attributes).ok_or_else(|| {
                format!("line {line}: a sparse row holds the position of an attribute and its value, such as {{0 2.5}}")
            })?,
            None => cells(what),
        };
        if cells.len() != attributes.len() {
            return Err(format!(
                "line {line} has {} cells, and {} attributes are declared; look at its commas and quotes",
                cells.len(),
                attributes.len()
            ));
        }
        records.push(Record { line, cells });
    }
    notes.extend(attributes.iter().enumerate().filter_map(|(at, attribute)| undeclared(at, attribute, &records)));
    let words = attributes.iter().map(|attribute| attribute.values.is_some()).collect();
    let names = attributes.into_iter().map(|attribute| attribute.name).collect();
    Ok(Rows { words, ..Rows::named(names, records) })
}

/// That cells of a nominal attribute are none of the values that it declares.
fn undeclared(at: usize, attribute: &Attribute, records: &[Record]) -> Option<Note> {
    let values = attribute.values.as_ref()?;
    let is_declared = |cell: &String| cell == "?" || values.contains(cell);
    let mut others = records.iter().filter(|record| !is_declared(&record.cells[at]));
    let first = others.next()?;
    let (count, name, word) = (counted(others.count() + 1, "cell"), &attribute.name, &first.cells[at]);
    Some(format!("{count} of {name} with a word that its attribute does not declare, such as {word:?} in line {}, read all the same", first.line).into())
}

fn starts_with(line: &str, word: &str) -> bool {
    line.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// `length numeric`, `'petal length' {short,long}`.
fn attribute(text: &str) -> Option<Attribute> {
    let (name, kind) = match text.chars().next()? {
        quote @ ('\'' | '"') => {
            let end = closing(text, quote)?;
            (unquoted(&text[..=end]), &text[end + 1..])
        }
        _ => {
            let end = text.find(|mark: char| mark.is_whitespace() || mark == '{')?;
            (text[..end].to_owned(), &text[end..])
        }
    };
    let kind = kind.trim();
    let values =
        kind.strip_prefix('{').map(|list| cells(list.trim_end_matches(|mark: char| mark != '}').trim_end_matches('}')));
    (!kind.is_empty()).then_some(Attribute { name, values })
}

/// The position of the quote that closes the one at the beginning.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices()
        .skip(1)
        .find(|(_, mark)| {
            let is_end = *mark == quote && !is_escaped;
            is_escaped = *mark == '\\' && !is_escaped;
            is_end
        })
        .map(|(at, _)| at)
}

/// A row may end with its weight, `, {5}`.
fn without_weight(row: &str) -> (&str, bool) {
    let weight = row.rsplit_once(',').filter(|(_, end)| end.trim().starts_with('{') && end.trim().ends_with('}'));
    match weight {
        Some((cells, end)) if end.trim()[1..end.trim().len() - 1].trim().parse::<f64>().is_ok() => (cells.trim(), true),
        _ => (row, false),
    }
}

/// The cells between commas or tabs outside quotes.
fn cells(row: &str) -> Vec<String> {
    let mut cells = Vec::new();
    let (mut from, mut quote, mut is_escaped) = (0, None, false);
    for (at, mark) in row.char_indices() {
        match quote {
            Some(open) if mark == open && !is_escaped => quote = None,
            Some(_) => {}
            None if matches!(mark, '\'' | '"') && row[from..at].trim().is_empty() => quote = Some(mark),
            None if matches!(mark, ',' | '\t') => {
                cells.push(unquoted(&row[from..at]));
                from = at + 1;
            }
            None => {}
        }
        is_escaped = mark == '\\' && !is_escaped;
    }
    cells.push(unquoted(&row[from..]));
    cells
}

/// A cell without its quotes and with what they protected.
fn unquoted(cell: &str) -> String {
    let cell = cell.trim();
    let quote = cell.chars().next().filter(|mark| matches!(mark, '\'' | '"'));
    let Some(inside) = quote.and_then(|quote| cell[1..].strip_suffix(quote)) else { return cell.to_owned() };
    let mut text = String::with_capacity(inside.len());
    let mut marks = inside.chars();
    while let Some(mark) = marks.next() {
        text.push(if mark == '\\' { marks.next().unwrap_or(mark) } else { mark });
    }
    text.trim().to_owned()
}

/// A row that writes only what is not zero, or not the first of the nominal values.
fn sparse(pairs: &str, attributes: &[Attribute]) -> Option<Vec<String>> {
    let zero = |attribute: &Attribute| match &attribute.values {
        Some(values) => values.first().cloned().unwrap_or_default(),
        None => "0".to_owned(),
    };
    let mut row: Vec<String> = attributes.iter().map(zero).collect();
    for pair in cells(pairs).iter().filter(|pair| !pair.is_empty()) {
        let (at, value) = pair.split_once(char::is_whitespace)?;
        *row.get_mut(at.parse::<usize>().ok()?)? = unquoted(value);
    }
    Some(row)
}
