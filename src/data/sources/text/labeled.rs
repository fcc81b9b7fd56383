//! Texts with a class each, `text:FILE?text=COLUMN&target=COLUMN` or a folder of text files for each class.

use std::path::{Path, PathBuf};

use super::{ENCODING, TEXT, VOCABULARY, note_unknown, read_file, tokenizer_of};
use crate::data::dataset::{Dataset, Feature, Task, TextFeature};
use crate::data::error::{DataError, Remedy, Wrong};
use crate::data::given::Given;
use crate::data::note::{Note, counted};
use crate::data::samples::{Inputs, Samples, TargetData};
use crate::data::source::{Argument, Known, Lookup, Request, Source, SourceSpec};
use crate::data::split::{Order, Split, TEST_SHARES};
use crate::data::table::{self, Column, Table};
use crate::data::tokenizer::{PADDING, TokenUnit, Tokenizer};
use backprop_nn::Shape;
use backprop_nn::field::{Field, Kind};

/// The source `text`: texts of a table or of folders, each with its class.
pub const SOURCE: Source = Source {
    name: "text",
    usage: "text:FILE?text=COLUMN&target=COLUMN, or text:FOLDER",
    argument: Argument::File,
    options: &[
        Field::of("text", "Text", Kind::Column, "The column of the texts; the one with the longest texts by default."),
        Field::of("target", "Target", Kind::Column, "The column of the classes; the last other one by default."),
        Field::of(
            "unit",
            "Tokens",
            Kind::Word(&["words", "subwords", "characters"]),
            "What a token is; words by default.",
        ),
        VOCABULARY,
        LENGTH,
        Field::real("test", "Test split", TEST_SHARES, 0.2, "Share of the texts that is held out for the test."),
    ],
    reading: &table::READING,
    help: "Texts with a class each, such as reviews: a table with a column of texts, or a folder of .txt files for each class.",
    load,
};

pub(super) const LENGTH: Field = Field::whole(
    "length",
    "Length",
    0..=4096,
    0,
    "Tokens of a sample: shorter texts are filled up at their beginning, longer ones lose it. 0 is the longest text, but 256 at most.",
);

/// Which texts are for the test.
pub(super) const TEST_SEED: u64 = 0x7E57;

/// The longest text that is read whole unless somebody says how many tokens of it to read.
const MOST: usize = 256;

/// So many files that cannot be read are named, the others counted.
const NAMED: usize = 3;

/// More classes than this are names.
const MAX_CLASSES: usize = 1000;

/// Texts and the class of each, and how they become samples.
pub(super) struct Labeled {
    /// The column of the texts, and that of the classes.
    pub column: String,
    pub target: Option<String>,
    pub classes: Vec<String>,
    pub texts: Vec<(String, u16)>,
    pub tokenizer: Tokenizer,
    pub length: Option<usize>,
}

fn load(request: &Request<'_>) -> Result<Dataset, DataError> {
    let Some(path) = request.find() else {
        let advice = format!("write {}", SOURCE.usage);
        return Err(DataError::no_file(Path::new(request.argument()), "", advice));
    };
    let mut notes = Vec::new();
    let unit = match request.text("unit").as_deref() {
        None | Some("words") => TokenUnit::Word,
        Some("subwords") => TokenUnit::Subword,
        Some("characters") => TokenUnit::Character,
        Some(other) => {
            return Err(request.wrong(format!("unit={other} is unknown; there is words, subwords, characters")));
        }
    };
    let refused = |wrong: Wrong| DataError::refused(&path, wrong);
    let Texts { column, target, classes, texts } = match path.is_dir() {
        true => of_folder(&path, request, &mut notes)?,
        false => {
            let table = Table::read(&path, &table::Options::of(request)?)?;
            of_table(table, request, &mut notes).map_err(refused)?
        }
    };
    let length = Some(request.whole(LENGTH.key)?).filter(|length| *length > 0);
    let words = texts.iter().map(|(text, _)| text.as_str());
    let tokenizer = tokenizer_of(request, unit, words, request.whole(VOCABULARY.key)?, &mut notes);
    let labeled = Labeled { column, target, classes, texts, tokenizer, length };
    let dataset = labeled.dataset(request, TEST_SEED, &mut notes).map_err(refused)?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(Dataset { name, notes, ..dataset })
}

/// Texts as a network reads them, `[texts, length]`: every line of a text file is one, and of a table every cell of its column.
///
/// # Errors
/// If the file cannot be read, or is a table without the column.
pub fn read_texts(given: Given<'_>, known: &Known<'_>) -> Result<(Vec<f64>, Vec<Note>), DataError> {
    let Some(TextFeature { tokenizer, length }) = known.text() else {
        return Err(DataError::file(given.path, "is text, and the network reads numbers"));
    };
    let mut notes = Vec::new();
    let is_plain = given.path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("txt"));
    let texts: Vec<String> = match is_plain {
        true => {
            let text = match given.contents {
                Some(contents) => String::from_utf8_lossy(contents).into_owned(),
                None => read_file(given.path, None, &mut notes)?,
            };
            text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
        }
        false => {
            let (table, name) = (table_of(given, known)?, known.features.first().map_or(TEXT, |text| &*text.column));
            notes.extend(table.notes.iter().cloned());
            let Some(column) = table.named(name) else {
                let what = format!("has no column {name:?}, which the network reads; it has {}", table.names());
                return Err(DataError::file(given.path, what));
            };
            let missing = table.columns[column].cells.iter().filter(|cell| cell.is_none()).count();
            if missing > 0 {
                notes.push(
                    format!("{} without a text; what is predicted of it means nothing", counted(missing, "row")).into(),
                );
            }
            table.columns[column].cells.iter().map(|cell| cell.clone().unwrap_or_default()).collect()
        }
    };
    let encoder = tokenizer.encoder();
    let encoded: Vec<Vec<u16>> = texts.iter().map(|text| encoder.encode(text)).collect();
    note_unknown(&encoded.concat(), tokenizer, &mut notes);
    let cut = encoded.iter().filter(|text| text.len() > *length).count();
    if cut > 0 {
        notes.push(
            format!("{} have more than {length} tokens, and their beginning is not read", counted(cut, "text")).into(),
        );
    }
    Ok((filled(&encoded, *length).into_iter().map(f64::from).collect(), notes))
}

fn table_of(given: Given<'_>, known: &Known<'_>) -> Result<Table, DataError> {
    let spec = SourceSpec::of_path(SOURCE.name, given.path);
    let lookup = Lookup { known: Some(*known), ..Lookup::default() };
    let request = Request::new(&SOURCE, &spec.parts[0], &lookup)?;
    Table::open(given, &table::Options::of(&request)?)
}

/// Words of a cell, on average, that make a column one of texts.
const WORDS: usize = 5;

/// Whether the cells of a column are texts: sentences, hardly any of which is there twice.
pub fn holds_texts(column: &Column) -> bool {
    let cells: Vec<&String> = column.cells.iter().flatten().collect();
    let words: usize = cells.iter().map(|cell| TokenUnit::Word.count(cell)).sum();
    words > WORDS * cells.len() && column.distinct().len() * 2 > cells.len()
}

/// Whether a file is a table of texts with a class each, and nothing else.
pub fn is_of_texts(path: &Path) -> bool {
    let Ok(table) = Table::beginning(path, &table::Options::default()) else { return false };
    let [first, second] = &table.columns[..] else { return false };
    let is_class = |column: &Column| column.distinct().len() * 2 <= column.cells.len();
    holds_texts(first) && is_class(second) || holds_texts(second) && is_class(first)
}

/// The column with the most letters.
fn longest(table: &Table) -> Option<usize> {
    let letters = |at: &usize| -> usize { table.columns[*at].cells.iter().flatten().map(String::len).sum() };
    (0..table.columns.len()).max_by_key(letters)
}

/// Every text as the last of its tokens, filled up before them, so that the end stands at the end.
fn filled(texts: &[Vec<u16>], length: usize) -> Vec<u16> {
    let mut rows = vec![PADDING; texts.len() * length];
    for (row, text) in rows.chunks_exact_mut(length).zip(texts) {
        let kept = &text[text.len().saturating_sub(length)..];
        row[length - kept.len()..].copy_from_slice(kept);
    }
    rows
}

/// Texts and the class of each, and the columns that they are from.
struct Texts {
    column: String,
    target: Option<String>,
    classes: Vec<String>,
    texts: Vec<(String, u16)>,
}

/// The classes of a network that the texts are read for, or those that are found, in their order.
fn classes_of(request: &Request<'_>, mut found: Vec<String>) -> Vec<String> {
    let known = request.lookup.known.map(|known| known.task.classes().to_vec()).filter(|known| !known.is_empty());
    found.sort();
    found.dedup();
    known.unwrap_or(found)
}

fn of_folder(path: &Path, request: &Request<'_>, notes: &mut Vec<Note>) -> Result<Texts, DataError> {
    let unreadable = |error: std::io::Error| DataError::file(path, error);
    let listed = |folder: &Path| -> Result<Vec<std::path::PathBuf>, std::io::Error> {
        let mut paths =
            folder.read_dir()?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
        paths.retain(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')));
        paths.sort();
        Ok(paths)
    };
    let name_of = |path: &Path| path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let (mut found, mut others, mut unread, mut empty) = (Vec::new(), 0, Vec::new(), Vec::new());
    for folder in listed(path).map_err(unreadable)?.into_iter().filter(|path| path.is_dir()) {
        let (files, class, before) = (listed(&folder).map_err(unreadable)?, name_of(&folder), found.len());
        for file in files {
            if !file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("txt")) {
                others += 1;
                continue;
            }
            match read_file(&file, request.text(ENCODING.key).as_deref(), notes) {
                Ok(text) => found.push((text, class.clone())),
                Err(error) => unread.push((file, error)),
            }
        }
        if found.len() == before {
            empty.push(class);
        }
    }
    let classes = classes_of(request, found.iter().map(|(_, class)| class.clone()).collect());
    let of = |class: &str| classes.iter().position(|known| known == class);
    let all = found.len();
    let texts: Vec<_> = found.into_iter().filter_map(|(text, class)| Some((text, of(&class)? as u16))).collect();
    let unknown = all - texts.len();
    let (unread, why) = (named(path, &unread), unread.first().map(|(_, error)| error.to_string()));
    if let Some(why) = &why {
        notes.push(format!("{unread} cannot be read, left out; the first: {why}").into());
    }
    if !empty.is_empty() && !texts.is_empty() {
        notes.push(format!("Folders without a text are no classes: {}", empty.join(", ")).into());
    }
    if others > 0 {
        notes.push(format!("{} that do not end in .txt, left out", counted(others, "file")).into());
    }
    if unknown > 0 {
        notes.push(format!("{} of classes that the network does not know, left out", counted(unknown, "file")).into());
    }
    if let (true, Some(why)) = (texts.is_empty(), why) {
        return Err(DataError::file(path, format!("has no text that can be read: {unread}; the first: {why}")));
    }
    if texts.is_empty() {
        return Err(DataError::file(path, "has no folders with .txt files in them; put those of each class into one"));
    }
    Ok(Texts { column: TEXT.to_owned(), target: None, classes, texts })
}

/// How many files, and the names of the first: "5 files (bad/a.txt, bad/b.txt, good/a.txt and 2 more)".
fn named(folder: &Path, files: &[(PathBuf, DataError)]) -> String {
    let name = |(path, _): &(PathBuf, DataError)| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    let names = files.iter().take(NAMED).map(name).collect::<Vec<_>>().join(", ");
    let more = match files.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{} ({names}{more})", counted(files.len(), "file"))
}

fn of_table(mut table: Table, request: &Request<'_>, notes: &mut Vec<Note>) -> Result<Texts, Wrong> {
    notes.append(&mut table.notes);
    if request.lookup.known.is_none() {
        notes
            .push(Note::or_as("The table is read as texts with a class each; csv:FILE reads it by its columns", "csv"));
    }
    let named = |key: &str| -> Result<Option<usize>, Wrong> {
        let Some(name) = request.text(key) else { return Ok(None) };
        let lacks = || format!("there is no column {name:?}; there is {}", table.names());
        table.find(&name).map(Some).ok_or_else(|| lacks().into())
    };
    let all = 0..table.columns.len();
    // Another file is read by the names that the run knows.
    let known = request.lookup.known;
    let known_text = known.and_then(|known| table.named(&known.features.first()?.column));
    let known_target = known.and_then(|known| table.named(known.target?));
    let text = named("text")?.or(known_text).or_else(|| longest(&table)).unwrap_or(0);
    let target = named("target")?.or(known_target).or_else(|| all.rev().find(|at| *at != text));
    let Some(target) = target else {
        return Err(Wrong::new(
            "has one column alone, and a text needs a class",
            [Remedy::new("target", "add a column")],
        ));
    };
    if text == target {
        let what = format!("{} cannot be both the texts and the classes", table.columns[text].name);
        return Err(Wrong::new(what, [Remedy::new("target", "name another column with target=COLUMN")]));
    }
    let (column, target_name) = (table.columns[text].name.clone(), table.columns[target].name.clone());
    for (key, at, what) in [("text", text, "the texts"), ("target", target, "the classes")] {
        if !request.has(key) {
            let name = &table.columns[at].name;
            notes.push(format!("{what} are in {name}; {key}=COLUMN names another").replacen("the", "The", 1).into());
        }
    }
    let rows = table.columns[text].cells.iter().zip(&table.columns[target].cells);
    let rows: Vec<(String, String)> = rows.filter_map(|(text, class)| Some((text.clone()?, class.clone()?))).collect();
    let dropped = table.rows - rows.len();
    if dropped > 0 {
        notes.push(format!("{} without a text or a class, left out", counted(dropped, "row")).into());
    }
    let classes = classes_of(request, rows.iter().map(|(_, class)| class.clone()).collect());
    let of = |class: &str| classes.iter().position(|known| known == class);
    let texts: Vec<_> = rows.into_iter().filter_map(|(text, class)| Some((text, of(&class)? as u16))).collect();
    let unknown = table.rows - dropped - texts.len();
    if unknown > 0 {
        notes.push(format!("{} of classes that the network does not know, left out", counted(unknown, "row")).into());
    }
    Ok(Texts { column, target: Some(target_name), classes, texts })
}

impl Labeled {
    /// The samples, of which a share is for the test.
    pub fn dataset(self, request: &Request<'_>, seed: u64, notes: &mut Vec<Note>) -> Result<Dataset, Wrong> {
        let Self { column, target, classes, texts, tokenizer, length } = self;
        if !(2..=MAX_CLASSES).contains(&classes.len()) {
            let what = format!("there are {} classes, and 2 to {MAX_CLASSES} can be classified", classes.len());
            return Err(Wrong::new(what, [Remedy::new("target", "name the column of the classes with target=COLUMN")]));
        }
        let encoder = tokenizer.encoder();
        let encoded: Vec<Vec<u16>> = texts.iter().map(|(text, _)| encoder.encode(text)).collect();
        note_unknown(&encoded.concat(), &tokenizer, notes);
        let longest = encoded.iter().map(Vec::len).max().unwrap_or(1);
        let known = request.lookup.known.and_then(Known::text).map(|known| known.length);
        let length = known.or(length).unwrap_or(longest.clamp(1, MOST));
        let cut = encoded.iter().filter(|text| text.len() > length).count();
        if cut > 0 {
            let what =
                format!("{} have more than {length} tokens, and their beginning is not read", counted(cut, "text"));
            notes.push(Note::or(what, "length", longest.min(4096).to_string(), "reads them whole"));
        }
        let inputs = filled(&encoded, length);
        let targets = TargetData::Classes(texts.iter().map(|(_, class)| *class).collect());
        let all = Samples { inputs: Inputs::Tokens(inputs), targets };
        let shape = Shape::flat(length);
        let share = request.real("test").unwrap_or(0.0);
        let Split { train, validation: test } = Split::new(&all, share, seed);
        Ok(Dataset {
            name: String::new(),
            shape,
            task: Task::Classification { classes },
            target,
            features: vec![Feature::text(column, TextFeature { tokenizer, length })],
            train: all.select(&train, shape),
            test: all.select(&test, shape),
            notes: Vec::new(),
            order: Order::Free,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::sources::{of_file, of_folder};

    #[test]
    fn a_table_of_texts_and_a_folder_of_texts_are_known_by_their_name_alone() {
        let folder = tempfile::tempdir().unwrap();
        let table = |header: &str, row: &dyn Fn(usize) -> String| {
            let path = folder.path().join("table.csv");
            let rows: Vec<String> = (0..40).map(row).collect();
            std::fs::write(&path, format!("{header}\n{}\n", rows.join("\n"))).unwrap();
            of_file(&path).unwrap().parts[0].name.clone()
        };
        let text = |at: usize| format!("\"the film number {at} was, to me, good\"");
        assert_eq!(table("review,label", &|at| format!("{},{}", text(at), at % 2)), "text");
        assert_eq!(table("label,review", &|at| format!("{},{}", ["yes", "no"][at % 2], text(at))), "text");
        assert_eq!(table("review,price", &|at| format!("{},{}", text(at), at)), "csv");
        assert_eq!(table("review,age,label", &|at| format!("{},{at},{}", text(at), at % 2)), "csv");
        assert_eq!(table("city,label", &|at| format!("New York,{}", at % 2)), "csv");
        let texts = folder.path().join("texts");
        for (class, at) in (0..12).map(|at| (["bad", "good"][at % 2], at)) {
            std::fs::create_dir_all(texts.join(class)).unwrap();
            std::fs::write(texts.join(class).join(format!("{at}.txt")), "so it was").unwrap();
        }
        std::fs::create_dir_all(texts.join("none")).unwrap();
        for at in 1..6 {
            std::fs::write(texts.join(format!("bad/scan{at}.txt")), b"%PDF-1.4\n").unwrap();
        }
        let spec = of_folder(&texts).unwrap();
        assert_eq!(spec.parts[0].name, "text");
        let dataset = Dataset::load(&spec, &Lookup::default()).unwrap();
        assert_eq!(dataset.task.classes(), ["bad", "good"]);
        assert_eq!(dataset.train.len() + dataset.test.len(), 12);
        let notes = dataset.notes.iter().map(|note| note.to_string()).collect::<Vec<_>>().join("; ");
        let unread =
            "5 files (bad/scan1.txt, bad/scan2.txt, bad/scan3.txt and 2 more) cannot be read, left out; the first: ";
        assert!(notes.contains(unread), "{notes}");
        assert!(notes.contains("Folders without a text are no classes: none"), "{notes}");
    }
}
