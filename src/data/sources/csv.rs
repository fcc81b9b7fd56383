//! A table as samples, `csv:FILE`: a row is a sample, one column the target, the others features.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

mod columns;
mod counting;
mod encode;
mod groups;
mod task;

use columns::{Chosen, count_words, features_of, series_note};
use counting::{is_row_count, names_groups};
use encode::{encode, refuse_lacking, tell_unread};
use groups::Groups;

use super::chronology::time_column;

use crate::data::dataset::{Dataset, Feature, Task};
use crate::data::error::{DATA_FOLDER, DataError, Remedy, Wrong};
use crate::data::given::Given;
use crate::data::note::{Note, counted};
use crate::data::samples::{Inputs, Samples};
use crate::data::source::{Argument, Known, Lookup, Request, Source, SourceSpec};
use crate::data::split::{Order, Split, TEST_SHARES};
use crate::data::table::{self, Column, Table};
use backprop_nn::Shape;
use backprop_nn::field::{Field, Kind};

/// The source `csv`: a table in a text file, one sample per row.
pub const SOURCE: Source = Source {
    name: "csv",
    usage: "csv:FILE[?target=NAME]",
    argument: Argument::File,
    options: &OPTIONS,
    reading: &table::READING,
    help: "A table of text, a sample a row; the last column is the target unless another is named.",
    load,
};

pub(super) const OPTIONS: [Field; 10] = [
    Field::of("target", "Target", Kind::Column, "The column that the network predicts; the last one by default."),
    Field::of(
        "task",
        "Task",
        Kind::Word(&["classification", "regression"]),
        "Whether the target is a class or a number; decided from its values by default.",
    ),
    Field::of(
        "positive",
        "Positive class",
        Kind::Text,
        "Of two classes the one that is looked for, such as a failure or an illness: precision, recall and threshold are about it.",
    ),
    Field::of(
        "ignore",
        "Ignored columns",
        Kind::Columns,
        "Columns that the network does not read, such as one that gives the target away.",
    ),
    Field::of(
        "categories",
        "Categorical",
        Kind::Columns,
        "Columns whose numbers are names, such as 1 for USA. Each value becomes an input of its own (one-hot).",
    ),
    Field::of(
        "embedded",
        "Embedded",
        Kind::Columns,
        "Columns of many words, each word a number for an Embedding. Words that do not occur in training count as one.",
    ),
    Field::of(
        "group",
        "Groups",
        Kind::Column,
        "A column, such as the patient or the machine: rows with the same value stay in one set, and it is not read.",
    ),
    Field::of(
        "keep",
        "Kept columns",
        Kind::Columns,
        "Columns that the network reads though they look like numbers of rows, such as an id.",
    ),
    Field::real("test", "Test split", TEST_SHARES, TEST_SHARE, "Share of the rows that is held out for the test."),
    Field::of(
        "test_file",
        "Test file",
        Kind::Text,
        "Another file with the same columns whose rows are the test samples; then none of this one are held out.",
    ),
];

/// A target with more classes than this is a number, or a name.
const MAX_CLASSES: usize = 1000;

const MAX_FEATURES: usize = 10_000;

const OTHER_TARGET: Remedy = Remedy::new("target", "choose another with target=NAME");
const ONE_TARGET: Remedy = Remedy::new("target", "name one with target=NAME");
const AS_CLASSES: Remedy = Remedy::new("task", "say task=classification");
const POSITIVE: Remedy = Remedy::new("positive", "name one of the two with positive=NAME");
const AS_NUMBER: Remedy = Remedy::new("task", "say task=regression if it is a number");
const KEEP: Remedy = Remedy::new("keep", "name others with keep=NAME,NAME");
const IGNORE: Remedy = Remedy::new("ignore", "leave some out with ignore=NAME,NAME");
const CATEGORIES: Remedy = Remedy::new("categories", "name others with categories=NAME,NAME");
const GROUP: Remedy = Remedy::new("group", "name another with group=NAME");
const EMBEDDED: Remedy = Remedy::new("embedded", "name others with embedded=NAME,NAME");

/// In so many bytes a project or a drawing has shown itself.
const LOOKED_AT: u64 = 1 << 16;

/// The least that can be divided into training, validation and test samples.
const MIN_ROWS: usize = 5;

/// Share of the rows that is set apart for the test.
const TEST_SHARE: f32 = 0.2;
const TEST_SEED: u64 = 0x7E57;

/// Where the files of the presets come from.
const KNOWN_FILES: &[(&str, &str)] = &[
    ("airline-passengers.csv", "https://raw.githubusercontent.com/jbrownlee/Datasets/master/airline-passengers.csv"),
    (
        "daily-min-temperatures.csv",
        "https://raw.githubusercontent.com/jbrownlee/Datasets/master/daily-min-temperatures.csv",
    ),
    ("winequality-red.csv", "https://archive.ics.uci.edu/dataset/186/wine+quality"),
    ("auto-mpg.data", "https://archive.ics.uci.edu/dataset/9/auto+mpg"),
    ("ai4i2020.csv", "https://archive.ics.uci.edu/dataset/601/ai4i+2020+predictive+maintenance+dataset"),
    ("steel-plates-faults.csv", "https://www.openml.org, where the data set is called steel-plates-fault"),
];

fn load(request: &Request<'_>) -> Result<Dataset, DataError> {
    if request.argument().is_empty() {
        return Err(request.wrong(format!("write {}", SOURCE.usage)));
    }
    let Some(path) = request.find().filter(|path| path.is_file()) else {
        return Err(no_such_file(request));
    };
    let test_share = request.real("test")?;
    match request.text("test_file") {
        None => load_file(&path, request, test_share),
        Some(_) if request.has("test") => Err(request.wrong("say test or test_file, not both")),
        Some(file) => {
            let dataset = load_without(&path, request, 0.0, &groups_of_test(&file, &path, request)?)?;
            let test = load_test(&file, &path, request, &dataset)?;
            let notes = test
                .notes
                .into_iter()
                .filter(|note| !dataset.notes.contains(note))
                .map(|note| Note::from(format!("{file}: {note}")));
            Ok(Dataset { test: test.train, notes: dataset.notes.iter().cloned().chain(notes).collect(), ..dataset })
        }
    }
}

/// A table that is no file of its own.
pub(super) fn load_text(request: &Request<'_>, text: &[u8]) -> Result<Dataset, DataError> {
    let refused = |wrong: Wrong| DataError::refused(Path::new(request.argument()), wrong);
    let table = Table::parse(text.to_vec(), &table::Options::of(request)?).map_err(refused)?;
    let name = request.argument().to_owned();
    Loader { request, table, notes: Vec::new() }.load(name, request.real("test")?).map_err(refused)
}

fn load_file(path: &Path, request: &Request<'_>, test_share: f32) -> Result<Dataset, DataError> {
    load_without(path, request, test_share, &HashSet::new())
}

/// The rows of a file but those of some groups.
fn load_without(
    path: &Path,
    request: &Request<'_>,
    test_share: f32,
    groups: &HashSet<String>,
) -> Result<Dataset, DataError> {
    let table = Table::read(path, &table::Options::of(request)?)?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let sheets = table.sheets.clone();
    let mut loader = Loader { request, table, notes: Vec::new() };
    let loaded = loader.leave_out(groups).and_then(|()| loader.load(name, test_share));
    loaded.map_err(|wrong| DataError::refused(path, wrong.or(sheets)))
}

/// The groups that have rows in the test file, which may have none in the training set.
fn groups_of_test(file: &str, beside: &Path, request: &Request<'_>) -> Result<HashSet<String>, DataError> {
    let (Some(name), Some(path)) = (request.text(GROUP.option), request.find_beside(beside, file)) else {
        return Ok(HashSet::new());
    };
    let table = Table::read(&path, &table::Options::of(request)?)?;
    let column = table.find(&name).map(|at| &table.columns[at]);
    Ok(column.into_iter().flat_map(|column| column.cells.iter().flatten().cloned()).collect())
}

/// The rows of a file of their own, read to the features and classes of those that are trained on.
fn load_test(file: &str, beside: &Path, request: &Request<'_>, dataset: &Dataset) -> Result<Dataset, DataError> {
    let Some(path) = request.find_beside(beside, file) else {
        return Err(request.wrong(format!("there is no file {file:?} for test_file")));
    };
    let Dataset { task, features, target, .. } = dataset;
    let known = Known { task, features, target: target.as_deref(), source: None };
    let lookup = Lookup { known: Some(known), ..*request.lookup };
    load_file(&path, &request.with(&lookup), 0.0)
}

/// The names of the columns of the file that is named, as far as its beginning tells them, or of a text; none if it cannot be
/// read.
pub(super) fn column_names(request: &Request<'_>, text: Option<&[u8]>) -> Vec<String> {
    let path = request.find().filter(|path| path.is_file());
    let table = table::Options::of(request).ok().and_then(|options| match (text, path) {
        (Some(text), _) => Table::parse(text.to_vec(), &options).ok(),
        (None, Some(path)) => Table::beginning(&path, &options).ok(),
        (None, None) => None,
    });
    table.map_or_else(Vec::new, |table| table.columns.into_iter().map(|column| column.name).collect())
}

/// Whether a file of JSON is a table, and neither a project nor drawings, which are JSON too. One that cannot be read is a table
/// unless it names what only those have, so that its reader tells why.
pub fn holds_rows_of_json(path: &Path) -> bool {
    match Table::beginning(path, &table::Options::default()) {
        Ok(table) => table.rows > 1 && table.named("strokes").is_none() && table.named("model").is_none(),
        Err(_) => {
            let mut bytes = Vec::new();
            let read = File::open(path).and_then(|file| file.take(LOOKED_AT).read_to_end(&mut bytes));
            let text = String::from_utf8_lossy(&bytes);
            read.is_ok() && !text.contains("\"strokes\"") && !text.contains("\"model\"")
        }
    }
}

/// Whether a table is no more than one number over time, or over the times of several things: nothing else tells that number.
pub fn is_one_series(path: &Path) -> bool {
    let Ok(table) = Table::beginning(path, &table::Options::default()) else { return false };
    let Some(time) = time_column(&table) else { return false };
    let others = table.columns.iter().filter(|column| column.name != time);
    others.filter(|column| !column.holds_words()).count() == 1
}

/// The error for a file that is not there, with the address of one that a preset reads.
pub(super) fn no_such_file(request: &Request<'_>) -> DataError {
    let from = KNOWN_FILES.iter().find(|known| known.0 == request.argument());
    let hint = from.map_or(String::new(), |known| format!("It is from {}.", known.1));
    let from = from.map_or(String::new(), |known| format!(" (it is from {})", known.1));
    let advice = format!("put it into this folder{from}, or name the folder that has it in {DATA_FOLDER}");
    DataError::no_file(Path::new(request.argument()), hint, advice)
}

/// A table on its way to be a data set. Errors are sentences about the file.
struct Loader<'a> {
    request: &'a Request<'a>,
    table: Table,
    notes: Vec<Note>,
}

impl Loader<'_> {
    fn load(mut self, name: String, test_share: f32) -> Result<Dataset, Wrong> {
        if let Some(known) = &self.request.lookup.known {
            refuse_lacking(&self.table, known.features)?;
        }
        let targets = self.target_columns()?;
        let classes = self.request.lookup.known.map_or(&[][..], |known| known.task.classes());
        self.table.columns[targets[0]].keep_marked_classes(classes);
        self.notes.append(&mut self.table.notes);
        self.notes.extend(self.table.columns.iter_mut().flat_map(|column| std::mem::take(&mut column.notes)));
        if !self.request.has("target") && self.request.lookup.known.is_none() {
            self.notes.extend(series_note(&self.table, targets[0]));
            self.tell_target(targets[0]);
        }
        self.clocks_to_hours(&targets);
        let task = self.task(&targets)?;
        self.tell_targets_unread(&targets, &task);
        let is_number = !task.is_classification();
        let has_target =
            |column: &Column, row: usize| column.cells[row].is_some() && (!is_number || column.number(row).is_some());
        self.drop_rows(|table, row| targets.iter().all(|at| has_target(&table.columns[*at], row)), "a target");
        self.enough_rows("a target")?;
        // What is said of the columns is said of the rows that are left, for which the columns have to be known.
        let said = self.notes.len();
        let used: Vec<usize> =
            self.features(&targets)?.iter().filter_map(|feature| self.table.find(&feature.column)).collect();
        self.notes.truncate(said);
        self.drop_rows(|table, row| used.iter().any(|at| table.columns[*at].cells[row].is_some()), "any feature");
        self.enough_rows("a target and a feature")?;
        let features = self.features(&targets)?;

        if self.request.lookup.known.is_some() {
            tell_unread(&self.table, &features, &mut self.notes);
        }
        let inputs = Inputs::Numbers(encode(&self.table, &features)?);
        let all = Samples { inputs, targets: self.targets(&targets, &task)? };
        let shape = Shape::flat(features.len());
        let groups = self.groups()?;
        let split = match &groups {
            None => Split::new(&all, test_share, TEST_SEED),
            Some(groups) => groups.split(&all, test_share, TEST_SEED),
        };
        let (train, test) = (all.select(&split.train, shape), all.select(&split.validation, shape));
        // A test file is divided no further.
        let is_divided = test_share > 0.0 || self.request.lookup.known.is_none();
        self.notes.extend(groups.as_ref().filter(|_| is_divided).map(|groups| groups.note(&split).into()));
        let order = groups.map_or(Order::Free, |groups| groups.order_of(&split.train));
        if train.is_empty() {
            return Err("has no row that is left to train on".into());
        }
        let target = task.is_classification().then(|| self.table.columns[targets[0]].name.clone());
        Ok(Dataset { name, shape, task, target, features, train, test, notes: self.notes, order })
    }

    fn column(&self, name: &str) -> Result<usize, String> {
        let missing = || format!("there is no column {name:?}; there is {}", self.table.names());
        self.table.find(name).ok_or_else(missing)
    }

    /// The groups of the rows, if a column names them.
    fn groups(&self) -> Result<Option<Groups>, Wrong> {
        let Some(name) = self.request.text(GROUP.option) else { return Ok(None) };
        let column = self.column(&name).map_err(|what| Wrong::new(what, [GROUP]))?;
        Groups::of(&self.table.columns[column]).map(Some).map_err(|what| Wrong::new(what, [GROUP]))
    }

    /// Leaves out the rows of these groups, and says so.
    fn leave_out(&mut self, groups: &HashSet<String>) -> Result<(), Wrong> {
        let Some(name) = self.request.text(GROUP.option).filter(|_| !groups.is_empty()) else { return Ok(()) };
        let column = self.column(&name).map_err(|what| Wrong::new(what, [GROUP]))?;
        let is_in = |cell: &Option<String>| cell.as_ref().is_some_and(|cell| groups.contains(cell));
        let keep: Vec<bool> = self.table.columns[column].cells.iter().map(|cell| !is_in(cell)).collect();
        let cells = self.table.columns[column].cells.iter().flatten();
        let shared: HashSet<&String> = cells.filter(|cell| groups.contains(*cell)).collect();
        if shared.is_empty() {
            return Ok(());
        }
        let (rows, shared) = (keep.iter().filter(|keep| !**keep).count(), counted(shared.len(), "group"));
        let what = format!(
            "{} of {shared} by {name} that the test file has too, left out of the training",
            counted(rows, "row")
        );
        self.notes.push(what.into());
        self.table.retain(&keep);
        Ok(())
    }

    fn columns(&self, remedy: Remedy) -> Result<Vec<usize>, Wrong> {
        let missing = |what| Wrong::new(what, [remedy.clone()]);
        self.request.list(remedy.option).into_iter().map(|name| self.column(name).map_err(missing)).collect()
    }

    fn target_columns(&self) -> Result<Vec<usize>, Wrong> {
        let named = self.columns(OTHER_TARGET)?;
        match self.request.lookup.known {
            _ if !named.is_empty() => Ok(named),
            Some(Known { task: Task::Regression { targets, .. }, .. }) => {
                Ok(targets.iter().map(|name| self.column(name)).collect::<Result<_, _>>()?)
            }
            Some(Known { task: Task::Classification { .. }, target: Some(target), .. }) => {
                Ok(vec![self.column(target)?])
            }
            _ => Ok(vec![self.default_target()]),
        }
    }

    /// The last column, or the last one before those that count the rows, if there is another to learn from.
    fn default_target(&self) -> usize {
        let last = self.table.columns.len() - 1;
        let counts = |at: &usize| is_row_count(&self.table.columns[*at]);
        (1..=last).rev().find(|at| !counts(at)).filter(|_| counts(&last)).unwrap_or(last)
    }

    fn tell_target(&mut self, target: usize) {
        let name = |at: usize| &self.table.columns[at].name;
        let (last, target) = (self.table.columns.len() - 1, target);
        let what = match target == last {
            true => format!("The last column, {}, is the target", name(last)),
            false => format!(
                "The last column, {}, counts the rows, and {} before it is the target",
                name(last),
                name(target)
            ),
        };
        self.notes.push(format!("{what}; target=NAME names another").into());
    }

    /// Says which cells of a target are none: rows with them are left out.
    fn tell_targets_unread(&mut self, targets: &[usize], task: &Task) {
        for column in targets.iter().map(|at| &self.table.columns[*at]) {
            let is_number = matches!(task, Task::Regression { .. });
            self.notes.extend(column.stray_note().filter(|_| is_number).map(Note::from));
            let is_marked = !column.marks.is_empty() && !column.holds_words();
            let missing = column.missing_text(0).filter(|_| is_marked);
            self.notes.extend(missing.map(|missing| Note::from(format!("{missing} in the target {}", column.name))));
        }
    }

    /// Leaves out the rows that lack something, and says so.
    fn drop_rows(&mut self, has: impl Fn(&Table, usize) -> bool, what: &str) {
        let keep: Vec<bool> = (0..self.table.rows).map(|row| has(&self.table, row)).collect();
        let lacking = keep.iter().filter(|keep| !**keep).count();
        if lacking > 0 {
            self.notes.push(format!("{} without {what}, left out", counted(lacking, "row")).into());
            self.table.retain(&keep);
        }
    }

    fn enough_rows(&self, what: &str) -> Result<(), String> {
        let rows = counted(self.table.rows, "row");
        // What is only evaluated is not divided.
        let least = if self.request.lookup.known.is_some() { 1 } else { MIN_ROWS };
        if self.table.rows < least {
            let why: String = self.notes.iter().map(|note| format!("; {note}")).collect();
            Err(format!("has {rows} with {what}, and {least} are the least{why}"))
        } else {
            Ok(())
        }
    }

    /// The numbers that the other columns become, each column by what is in it.
    fn features(&mut self, targets: &[usize]) -> Result<Vec<Feature>, Wrong> {
        if let Some(known) = self.request.lookup.known {
            return Ok(known.features.to_vec());
        }
        let (mut ignored, kept, categories) = (self.columns(IGNORE)?, self.columns(KEEP)?, self.columns(CATEGORIES)?);
        ignored.extend(self.columns(GROUP)?);
        let (mut features, mut counted) = (Vec::new(), Vec::new());
        let said = self.notes.len();
        let embedded = self.columns(EMBEDDED)?;
        let has_no_days = self.request.text("dates").as_deref() == Some("numbers");
        for (at, column) in self.table.columns.iter().enumerate() {
            if targets.contains(&at) || ignored.contains(&at) {
                continue;
            }
            if embedded.contains(&at) {
                counted.push(column);
            } else {
                let (as_words, is_kept) = (categories.contains(&at), kept.contains(&at));
                let reading = Chosen { as_words, is_kept, has_no_days };
                let found = features_of(column, reading, &mut self.notes)?;
                if !(found.is_empty() || is_kept || as_words || self.request.has(GROUP.option)) && names_groups(column)
                {
                    self.notes.push(group_note(&column.name));
                }
                features.extend(found);
            }
        }
        features.extend(count_words(&counted, features.len(), &mut self.notes)?);
        // A table of one column has nothing else to learn from, whatever its numbers count.
        if features.is_empty() && self.table.columns.len() == targets.len() + 1 {
            let columns = &self.table.columns;
            let is_other =
                |at: &usize| !targets.contains(at) && !ignored.contains(at) && columns[*at].mixed_units().is_none();
            let reading = Chosen { is_kept: true, has_no_days, ..Chosen::default() };
            if let Some(at) = (0..columns.len()).find(is_other) {
                self.notes.truncate(said);
                features.extend(features_of(&self.table.columns[at], reading, &mut self.notes)?);
            }
        }
        match features.len() {
            0 => {
                let mut why = vec!["there is no column to learn from besides the target".to_owned()];
                why.extend(self.notes.iter().map(Note::to_string));
                Err(why.join("; ").into())
            }
            count if count > MAX_FEATURES => {
                Err(Wrong::new(format!("has {count} features, and {MAX_FEATURES} are the most"), [IGNORE]))
            }
            _ => Ok(features),
        }
    }
}

/// Says that the rows of one id may stand in several sets, which makes a test easier than new ids would.
fn group_note(name: &str) -> Note {
    let what = format!("{name} names things that have several rows each, which may be trained on and tested on");
    Note::or(what, GROUP.option, name, "keeps the rows of each in one set, and does not read it")
}

/// The rows of a table as a network reads them, `[rows, features]`, and what there is to say of them.
pub fn read_rows(given: Given<'_>, known: &Known<'_>) -> Result<(Vec<f64>, Vec<Note>), DataError> {
    let path = given.path;
    let spec = SourceSpec::of_path(SOURCE.name, path);
    let lookup = Lookup { known: Some(*known), ..Lookup::default() };
    let request = Request::new(&SOURCE, &spec.parts[0], &lookup)?;
    let mut table = Table::open(given, &table::Options::of(&request)?)?;
    let mut notes = std::mem::take(&mut table.notes);
    let of_columns = table
        .columns
        .iter_mut()
        .filter(|column| known.features.iter().any(|it| it.column.eq_ignore_ascii_case(&column.name)));
    notes.extend(of_columns.flat_map(|column| std::mem::take(&mut column.notes)));
    tell_unread(&table, known.features, &mut notes);
    let rows = encode(&table, known.features).map_err(|what| DataError::file(path, what))?;
    Ok((rows, notes))
}
