//! Texts with a class each, `text:FILE?text=COLUMN&target=COLUMN` or a folder of text files for each class.

use std::path::Path;

use super::{TEXT, VOCABULARY, note_unknown, read_text, tokenizer_of};
use crate::data::dataset::{Dataset, Feature, Task, TextFeature};
use crate::data::error::{DataError, Remedy, Wrong};
use crate::data::note::{Note, counted};
use crate::data::samples::{Inputs, Samples, TargetData};
use crate::data::source::{Argument, Known, Request, Source};
use crate::data::split::{Order, Split, TEST_SHARES};
use crate::data::table::{self, Table};
use crate::data::tokenizer::{PADDING, TokenUnit};
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
        Field::of("unit", "Tokens", Kind::Word(&["words", "characters"]), "What a token is; words by default."),
        VOCABULARY,
        Field::whole(
            "length",
            "Length",
            0..=4096,
            0,
            "Tokens of a sample: shorter texts are filled up at their beginning, longer ones lose it. 0 is the longest text, but 256 at most.",
        ),
        Field::real("test", "Test split", TEST_SHARES, 0.2, "Share of the texts that is held out for the test."),
    ],
    reading: &table::READING,
    help: "Texts with a class each, such as reviews: a table with a column of texts, or a folder of .txt files for each class.",
    load,
};

/// Which texts are for the test.
pub const TEST_SEED: u64 = 0x7E57;

/// The longest text that is read whole unless somebody says how many tokens of it to read.
const MOST: usize = 256;

/// More classes than this are names.
const MAX_CLASSES: usize = 1000;

/// Texts and the class of each, and how they become samples.
pub struct Labeled {
    pub classes: Vec<String>,
    pub texts: Vec<(String, u16)>,
    pub unit: TokenUnit,
    pub vocabulary: usize,
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
        Some("characters") => TokenUnit::Character,
        Some(other) => return Err(request.wrong(format!("unit={other} is unknown; there is words, characters"))),
    };
    let refused = |wrong: Wrong| DataError::refused(&path, wrong);
    let (classes, texts) = match path.is_dir() {
        true => of_folder(&path, request, &mut notes)?,
        false => {
            let table = Table::read(&path, &table::Options::of(request)?)?;
            of_table(table, request, &mut notes).map_err(refused)?
        }
    };
    let length = Some(request.whole("length")?).filter(|length| *length > 0);
    let labeled = Labeled { classes, texts, unit, vocabulary: request.whole(VOCABULARY.key)?, length };
    let dataset = labeled.dataset(request, TEST_SEED, &mut notes).map_err(refused)?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(Dataset { name, notes, ..dataset })
}

type Texts = (Vec<String>, Vec<(String, u16)>);

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
    let folders: Vec<_> = listed(path).map_err(unreadable)?.into_iter().filter(|path| path.is_dir()).collect();
    let classes = classes_of(request, folders.iter().map(|folder| name_of(folder)).collect());
    let (mut texts, mut others, mut unknown) = (Vec::new(), 0, 0);
    for folder in &folders {
        for file in listed(folder).map_err(unreadable)? {
            let is_text = file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("txt"));
            match classes.iter().position(|class| *class == name_of(folder)) {
                Some(class) if is_text => texts.push((read_text(&file, request, notes)?, class as u16)),
                Some(_) => others += 1,
                None => unknown += 1,
            }
        }
    }
    if others > 0 {
        notes.push(format!("{} that do not end in .txt, left out", counted(others, "file")).into());
    }
    if unknown > 0 {
        notes.push(format!("{} of classes that the network does not know, left out", counted(unknown, "file")).into());
    }
    if texts.is_empty() {
        return Err(DataError::file(path, "has no folders with .txt files in them; put those of each class into one"));
    }
    Ok((classes, texts))
}

fn of_table(mut table: Table, request: &Request<'_>, notes: &mut Vec<Note>) -> Result<Texts, Wrong> {
    notes.append(&mut table.notes);
    let named = |key: &str| -> Result<Option<usize>, Wrong> {
        let Some(name) = request.text(key) else { return Ok(None) };
        let lacks = || format!("there is no column {name:?}; there is {}", table.names());
        table.find(&name).map(Some).ok_or_else(|| lacks().into())
    };
    let letters = |at: &usize| -> usize { table.columns[*at].cells.iter().flatten().map(String::len).sum() };
    let all = 0..table.columns.len();
    let text = named("text")?.or_else(|| all.clone().max_by_key(letters)).unwrap_or(0);
    let Some(target) = named("target")?.or_else(|| all.rev().find(|at| *at != text)) else {
        return Err(Wrong::new(
            "has one column alone, and a text needs a class",
            [Remedy::new("target", "add a column")],
        ));
    };
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
    Ok((classes, texts))
}

impl Labeled {
    /// Every text as the last of its tokens, filled up before them, so that the end stands at the end.
    pub fn dataset(self, request: &Request<'_>, seed: u64, notes: &mut Vec<Note>) -> Result<Dataset, Wrong> {
        let Self { classes, texts, unit, vocabulary, length } = self;
        if !(2..=MAX_CLASSES).contains(&classes.len()) {
            let what = format!("there are {} classes, and 2 to {MAX_CLASSES} can be told apart", classes.len());
            return Err(Wrong::new(what, [Remedy::new("target", "name the column of the classes with target=COLUMN")]));
        }
        let tokenizer = tokenizer_of(request, unit, texts.iter().map(|text| text.0.as_str()), vocabulary, notes);
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
        let mut inputs = vec![PADDING; encoded.len() * length];
        for (row, text) in inputs.chunks_exact_mut(length).zip(&encoded) {
            let kept = &text[text.len().saturating_sub(length)..];
            row[length - kept.len()..].copy_from_slice(kept);
        }
        let targets = TargetData::Classes(texts.iter().map(|(_, class)| *class).collect());
        let all = Samples { inputs: Inputs::Tokens(inputs), targets };
        let shape = Shape::flat(length);
        let share = request.real("test").unwrap_or(0.0);
        let Split { train, validation: test } = Split::new(&all, share, seed);
        Ok(Dataset {
            name: String::new(),
            shape,
            task: Task::Classification { classes },
            target: None,
            features: vec![Feature::text(TEXT, TextFeature { tokenizer, length })],
            train: all.select(&train, shape),
            test: all.select(&test, shape),
            notes: Vec::new(),
            order: Order::Free,
        })
    }
}
