//! THE LIST of sources: each is one file here and one line in [`SOURCES`].

mod catalog;
mod chronology;
mod cifar;
mod cmapss;
pub mod csv;
mod dates;
pub mod digits;
mod example;
mod idx;
pub mod images;
mod npz;
pub mod painted;
mod points;
pub mod series;
pub mod text;

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use backprop_nn::field::Kind;

use super::dataset::Dataset;
use super::error::{DATA_FOLDER, DataError};
use super::source::{Lookup, Request, Source, SourcePart, SourceSpec};
use super::split::Order;
use crate::data::note::{Note, counted};

/// The sources, in the order of the menu.
pub const SOURCES: &[Source] = &[
    digits::SOURCE,
    catalog::MNIST,
    catalog::FASHION_MNIST,
    catalog::KMNIST,
    catalog::EMNIST_LETTERS,
    catalog::EMNIST_BALANCED,
    cifar::SOURCE,
    idx::SOURCE,
    images::SOURCE,
    npz::SOURCE,
    csv::SOURCE,
    series::SOURCE,
    cmapss::SOURCE,
    example::SOURCE,
    points::SOURCE,
    painted::SOURCE,
    text::CHARS,
    text::WORDS,
    text::BPE,
    text::LABELED,
    text::NAMES,
    text::SUMS,
    text::REVERSE,
    text::BRACKETS,
    text::REVIEWS,
];

/// The source of a new project: samples that the program generates itself.
pub const DEFAULT_SOURCE: &str = "digits";

/// How the sources are written: "digits, idx:DIR, or several joined by +".
pub fn usage() -> String {
    let mut usage: Vec<_> = SOURCES.iter().map(|source| source.usage).collect();
    usage.push("or several joined by +");
    usage.join(", ")
}

/// What a table in a file ends in.
pub const TABLES: &[&str] = &[
    "csv", "tsv", "txt", "data", "dat", "tab", "xlsx", "xls", "xlsb", "ods", "parquet", "arff", "jsonl", "ndjson",
    "json",
];

/// The sources that a folder may be of, the one that is known by the fewest files first.
const FOLDERS: &[&str] = &["idx", "cmapss", "images", "text"];

/// The source that a file or folder is of, or that a text names; nothing if it is neither, as a project file or the name
/// of a preset. A folder is read once to know what data it is.
pub fn of_name(name: &str) -> Option<Result<SourceSpec, DataError>> {
    let path = Path::new(name);
    let spec = name.parse::<SourceSpec>().ok().filter(|spec| spec.parts.iter().all(|part| source_of(part).is_some()));
    match path {
        _ if spec.is_some() => spec.map(Ok),
        path if path.is_file() => of_file(path).map(Ok),
        path if path.is_dir() && !path.join("project.json").is_file() => Some(of_folder(path)),
        // With options, as in table.csv?target=price.
        _ => {
            let (place, options) = name.rsplit_once('?')?;
            let spec = match of_name(place).filter(|_| Path::new(place).exists())? {
                Ok(spec) => spec,
                Err(error) => return Some(Err(error)),
            };
            Some(format!("{spec}?{options}").parse::<SourceSpec>().map_err(DataError::from))
        }
    }
}

/// The source that a text names, as [`of_name`] finds it.
///
/// # Errors
/// If it is none. What looks like a file, by a separator of folders or by its ending, is one that is not there.
pub fn named(name: &str) -> Result<SourceSpec, DataError> {
    of_name(name).unwrap_or_else(|| {
        let spec: SourceSpec = name.parse()?;
        let path = Path::new(name.split('?').next().unwrap_or(name));
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
        let is_known = TABLES.contains(&&*ending) || ["npz", "gz"].contains(&&*ending);
        let is_source = spec.parts.iter().any(|part| source_of(part).is_some());
        if is_source || path.exists() || !is_known && !name.contains(['/', '\\']) {
            return Ok(spec);
        }
        let advice = format!("look at its name, or name the folder that has it in {DATA_FOLDER}");
        Err(DataError::no_file(path, "", advice))
    })
}

/// The source that reads a file; nothing if it is a project or a drawing.
pub fn of_file(path: &Path) -> Option<SourceSpec> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let ending = name.trim_end_matches(".gz").rsplit('.').next()?.to_owned();
    if let Some(prose) = text::prose::of_file(path) {
        return Some(prose);
    }
    match &*ending {
        "npz" => Some(SourceSpec::of_path(npz::SOURCE.name, path)),
        // The reader of tables says what it is.
        "ipynb" => Some(SourceSpec::of_path(csv::SOURCE.name, path)),
        "json" | "jsonl" | "ndjson" if !csv::holds_rows_of_json(path) => None,
        // Any other file is one for the reader of tables too, which names what it is, but for projects and drawings.
        ending if TABLES.contains(&ending) || !begins_as_json(path) => {
            let source = match () {
                () if csv::is_one_series(path) => &series::SOURCE,
                () if text::labeled::is_of_texts(path) => &text::LABELED,
                () => &csv::SOURCE,
            };
            Some(SourceSpec::of_path(source.name, path))
        }
        _ => None,
    }
}

fn begins_as_json(path: &Path) -> bool {
    let mut bytes = [0; 64];
    let read = File::open(path).and_then(|mut file| file.read(&mut bytes)).unwrap_or(0);
    bytes[..read].iter().find(|byte| !byte.is_ascii_whitespace()).is_some_and(|first| b"{[\xEF".contains(first))
}

/// The first source that can read a folder.
pub fn of_folder(path: &Path) -> Result<SourceSpec, DataError> {
    let mut tried = Vec::new();
    for name in FOLDERS {
        let source = SourceSpec::of_path(name, path);
        match Dataset::load(&source, &Lookup::default()) {
            Ok(_) => return Ok(source),
            Err(error) => tried.push(format!("as {name}: {error}")),
        }
    }
    Err(DataError::file(path, format!("holds no data that can be read; {}", tried.join("; "))))
}

/// The source that a part names.
pub fn source_of(part: &SourcePart) -> Option<&'static Source> {
    SOURCES.iter().find(|source| source.name == part.name)
}

/// The column names of the file of a source, read from its first lines; empty if it is not a table.
pub fn column_names(spec: &SourceSpec, lookup: &Lookup<'_>) -> Vec<String> {
    let Some((part, source)) = spec.single().and_then(|part| Some((part, source_of(part)?))) else {
        return Vec::new();
    };
    if !has_columns(source) {
        return Vec::new();
    }
    let text = if source.name == example::SOURCE.name { example::text(&part.argument) } else { None };
    Request::new(source, part, lookup).map_or_else(|_| Vec::new(), |request| csv::column_names(&request, text))
}

/// Whether the source of a part is a table of which columns can be left out.
pub fn can_ignore(part: &SourcePart) -> bool {
    source_of(part).is_some_and(|source| source.fields().any(|field| field.key == "ignore"))
}

/// Whether the options of a source name columns.
pub fn has_columns(source: &Source) -> bool {
    source.fields().any(|field| matches!(field.kind, Kind::Column | Kind::Columns))
}

impl Dataset {
    /// Reads a source by its text, `digits` or `idx:DIR+digits`.
    pub fn read(text: &str) -> Result<Self, DataError> {
        Self::load(&text.parse()?, &Lookup::default())
    }

    /// Reads or makes the samples of a source.
    pub fn load(spec: &SourceSpec, lookup: &Lookup<'_>) -> Result<Self, DataError> {
        let mut parts = spec.parts.iter().map(|part| load_part(part, lookup));
        let unknown = || DataError::UnknownSource { text: spec.to_string(), usage: usage() };
        let mut joined = parts.next().unwrap_or_else(|| Err(unknown()))?;
        for part in parts {
            joined.join(part?)?;
        }
        Ok(joined)
    }
}

fn load_part(part: &SourcePart, lookup: &Lookup<'_>) -> Result<Dataset, DataError> {
    match source_of(part) {
        Some(source) => {
            let mut dataset = (source.load)(&Request::new(source, part, lookup)?)?;
            if dataset.test.is_empty() && holds_out(source, part, lookup) && dataset.order == Order::Free {
                dataset.notes.extend(never_twice(&dataset).map(Note::from));
            }
            dataset.notes.extend(untested(&dataset).map(Note::from));
            Ok(dataset)
        }
        None => Err(DataError::UnknownSource { text: part.to_string(), usage: usage() }),
    }
}

/// Whether a share of the samples is held out for the test.
fn holds_out(source: &'static Source, part: &SourcePart, lookup: &Lookup<'_>) -> bool {
    let share = || Request::new(source, part, lookup).ok()?.real("test").ok();
    lookup.known.is_none()
        && source.fields().any(|field| field.key == "test")
        && share().is_some_and(|share| share > 0.0)
}

/// Why nothing could be held out for a test.
fn never_twice(dataset: &Dataset) -> Option<&'static str> {
    let why = "There are no test samples, since no class has a second sample: nothing tells how good a network is";
    (dataset.task.is_classification() && !dataset.train.is_empty()).then_some(why)
}

/// The classes of which the test set has no sample, as those with a single one.
fn untested(dataset: &Dataset) -> Option<String> {
    let classes = dataset.task.classes();
    if dataset.test.is_empty() || classes.is_empty() {
        return None;
    }
    let counts = dataset.test.class_counts(classes.len()).into_iter().zip(dataset.train.class_counts(classes.len()));
    let absent: Vec<_> = counts.zip(classes).filter(|((test, train), _)| *test == 0 && *train > 0).collect();
    let ((_, train), first) = absent.first()?;
    Some(match absent.len() {
        1 => format!("{first:?} has no test sample, and {} to train on", counted(*train, "sample")),
        count => format!("{count} classes have no test sample, such as {first:?}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_explained_and_its_range_is_the_one_that_is_kept() {
        for source in SOURCES {
            assert!(source.help.ends_with('.'), "{}", source.name);
            for field in source.fields() {
                assert!(field.help.ends_with('.') && !field.label.is_empty(), "{} {}", source.name, field.key);
            }
        }
        let loads = |key: &str, value: String| Dataset::read(&format!("points:xor?{key}={value}")).is_ok();
        for field in points::SOURCE.options {
            let (low, below) = match &field.kind {
                Kind::Whole { range, .. } => (range.start().to_string(), (range.start() - 1).to_string()),
                Kind::Real { range, .. } => (range.start().to_string(), (range.start() - 0.1).to_string()),
                other => panic!("{other:?}"),
            };
            assert!(loads(field.key, low) && !loads(field.key, below), "{}", field.key);
        }
    }

    #[test]
    fn what_looks_like_a_file_and_is_not_there_is_said_to_be_missing() {
        for name in ["nofile.csv", "nofile.csv?target=a", "folder/data", "x.parquet", "y.csv.gz"] {
            let error = named(name).unwrap_err().to_string();
            assert!(error.contains("there is no such file") && error.contains(DATA_FOLDER), "{name}: {error}");
        }
        assert!(named("csv:nofile.csv").is_ok(), "the source itself says that its file is missing");
        let unknown = Dataset::load(&named("digit").unwrap(), &Lookup::default()).unwrap_err().to_string();
        assert!(unknown.contains("is not a data source"), "{unknown}");
    }

    #[test]
    fn the_same_file_is_read_as_another_source() {
        let table: SourceSpec = "csv:a.csv?target=price&ignore=id&test=0.1".parse().unwrap();
        assert_eq!(table.read_as(&series::SOURCE).to_string(), "series:a.csv?target=price&test=0.1");
        let series: SourceSpec = "series:a.csv?window=9".parse().unwrap();
        assert_eq!(series.read_as(&csv::SOURCE).to_string(), "csv:a.csv");
    }
}
