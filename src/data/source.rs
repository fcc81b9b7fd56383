//! A source of data and how it is written: `digits`, `csv:FILE?target=price&ignore=id,name`, or several joined by `+`.
//!
//! An argument or value that holds what has a meaning here stands in double quotes, and a quote in it is doubled, as in
//! a table: `csv:"a+b.csv"?target="profit, net"`.

mod notation;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use backprop_nn::field::{Field, Kind};

use super::dataset::{Dataset, Feature, Task, TextFeature};
use super::error::{DATA_FOLDER, DataError};

/// A kind of data source.
pub struct Source {
    /// The name before the colon.
    pub name: &'static str,
    /// How the source is written, such as "idx:DIR".
    pub usage: &'static str,
    /// The kind of argument after the colon.
    pub argument: Argument,
    /// The options that may follow a question mark.
    pub options: &'static [Field],
    /// Further options, that say how its file is read where that is not left to the program.
    pub reading: &'static [Field],
    /// One sentence for the person who chooses.
    pub help: &'static str,
    /// Reads or makes the data that is requested.
    pub(super) load: fn(&Request<'_>) -> Result<Dataset, DataError>,
}

impl Source {
    /// All options.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.options.iter().chain(self.reading)
    }
}

/// The argument of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// No argument.
    Nothing,
    /// The path of a folder.
    Folder,
    /// The path of a file.
    File,
    /// One of these names.
    OneOf(&'static [&'static str]),
}

/// Where samples come from: one part, or several whose samples are joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceSpec {
    /// The parts, at least one.
    pub parts: Vec<SourcePart>,
}

/// One source with its argument and options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePart {
    /// The name of a [`Source`], as it was written; there may be none.
    pub name: String,
    /// A path or a name; empty if there is none.
    pub argument: String,
    /// Keys and their values, of which there may be several.
    options: Vec<(String, Vec<String>)>,
}

impl SourcePart {
    /// A source with nothing but its name.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), argument: String::new(), options: Vec::new() }
    }

    /// The values of an option; none if it is not given.
    pub fn values(&self, key: &str) -> &[String] {
        self.options.iter().find(|option| option.0 == key).map_or(&[], |option| &option.1)
    }

    /// Decides otherwise than the program did: adds a column to those that an option names, or sets what takes one value.
    pub fn overrule(&mut self, key: &str, value: &str) {
        let takes_several = ["keep", "ignore", "categories", "except"].contains(&key);
        let mut values = if takes_several { self.values(key).to_vec() } else { Vec::new() };
        values.push(value.to_owned());
        self.set(key, values);
    }

    /// Sets the values of an option, or removes it if there are none.
    pub fn set(&mut self, key: &str, values: Vec<String>) {
        match self.options.iter_mut().find(|option| option.0 == key) {
            Some(option) => option.1 = values,
            None => self.options.push((key.to_owned(), values)),
        }
        self.options.retain(|option| !option.1.is_empty());
    }
}

impl SourceSpec {
    /// A single source with an argument, such as the path of a file.
    pub fn new(name: &str, argument: impl Into<String>) -> Self {
        Self { parts: vec![SourcePart { argument: argument.into(), ..SourcePart::new(name) }] }
    }

    /// A source that reads the file or folder at a path.
    pub fn of_path(name: &str, path: &Path) -> Self {
        Self::new(name, path.to_string_lossy())
    }

    /// The part, if there is only one.
    pub fn single(&self) -> Option<&SourcePart> {
        if let [part] = &self.parts[..] { Some(part) } else { None }
    }

    /// The part to be changed, if there is only one.
    pub fn single_mut(&mut self) -> Option<&mut SourcePart> {
        if let [part] = &mut self.parts[..] { Some(part) } else { None }
    }

    /// Whether it is exactly this source.
    pub fn is(&self, source: &Source) -> bool {
        self.single().is_some_and(|part| part.name == source.name)
    }

    /// The same files by their whole paths, where they are found in this folder.
    #[must_use]
    pub fn in_folder(&self, folder: &Path) -> Self {
        let mut spec = self.clone();
        for part in spec.parts.iter_mut().filter(|part| !part.argument.is_empty()) {
            let place = folder.join(&part.argument);
            if let (true, Ok(whole)) = (place.exists(), std::path::absolute(place)) {
                part.argument = whole.to_string_lossy().into_owned();
            }
        }
        spec
    }

    /// The same, for what is not found by the path as it is written.
    #[must_use]
    pub fn found_in(&self, folder: &Path) -> Self {
        let is_found = |part: &SourcePart| Path::new(&part.argument).exists();
        let whole = self.in_folder(folder).parts.into_iter().zip(&self.parts);
        Self { parts: whole.map(|(whole, part)| if is_found(part) { part.clone() } else { whole }).collect() }
    }

    /// With what was said of how the samples of `trained` are made, size and colors of images or the window of a series, where
    /// nothing is said of it here, and with every option where the data are the same, since they are divided by them; and those
    /// options, as they are written.
    #[must_use]
    pub fn completed_by(&self, trained: &Self, is_same_data: bool) -> (Self, Vec<String>) {
        const MAKING: [&str; 17] = [
            "size",
            "grey",
            "fit",
            "background",
            "window",
            "horizon",
            "season",
            "relative",
            "column",
            "target",
            "time",
            "group",
            "transpose",
            "stride",
            "lines",
            "text",
            "unit",
        ];
        let (mut spec, mut taken) = (self.clone(), Vec::new());
        if let (Some(part), Some(trained)) = (spec.single_mut(), trained.single())
            // A table is read by the names of its columns.
            && part.name == trained.name
            && (is_same_data || part.name != "csv")
        {
            let is_held = |key: &str| is_same_data || MAKING.contains(&key);
            for (key, values) in trained.options.iter().filter(|(key, _)| is_held(key)) {
                if part.values(key).is_empty() {
                    part.set(key, values.clone());
                    taken.push(format!("{key}={}", values.join(",")));
                }
            }
        }
        (spec, taken)
    }

    /// The same file or folder read as another source; keeps the options that both sources have.
    #[must_use]
    pub fn read_as(&self, source: &Source) -> Self {
        let mut spec = self.clone();
        for part in &mut spec.parts {
            source.name.clone_into(&mut part.name);
            part.options.retain(|option| source.fields().any(|field| field.key == option.0));
        }
        spec
    }
}

/// What a network was trained on, so that other files are read in the same way, whatever the order of their columns.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The task of the network.
    pub task: &'a Task,
    /// The features that it reads.
    pub features: &'a [Feature],
    /// The column that holds the classes, if the samples were rows of a table.
    pub target: Option<&'a str>,
    /// Where its samples came from; how they were read holds for other files too.
    pub source: Option<&'a SourceSpec>,
}

impl<'a> Known<'a> {
    /// How texts become samples, if they do.
    pub fn text(self) -> Option<&'a TextFeature> {
        self.features.first()?.text.as_ref()
    }

    /// The values that an option had when the network was trained.
    pub fn values(self, key: &str) -> &'a [String] {
        self.source.and_then(SourceSpec::single).map_or(&[], |part| part.values(key))
    }
}

/// What is known of a source apart from its text.
#[derive(Clone, Copy, Default)]
pub struct Lookup<'a> {
    /// The folder of the project, in which files are looked for as well.
    pub folder: Option<&'a Path>,
    /// What a network was trained on: samples are read to the same features and classes.
    pub known: Option<Known<'a>>,
    /// Reports the progress of downloads.
    pub progress: Option<Progress<'a>>,
}

/// Called with the name of a file, the bytes that have arrived, and the total number of bytes.
pub type Progress<'a> = &'a (dyn Fn(&str, u64, u64) + Sync);

/// One part of a source, with its options and the lookup.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    source: &'static Source,
    part: &'a SourcePart,
    /// Where files are looked for, and what else is known of the data.
    pub lookup: &'a Lookup<'a>,
}

impl<'a> Request<'a> {
    /// Refuses options that the source does not have.
    pub(super) fn new(
        source: &'static Source,
        part: &'a SourcePart,
        lookup: &'a Lookup<'a>,
    ) -> Result<Self, DataError> {
        let request = Self { source, part, lookup };
        let known: Vec<_> = source.fields().map(|field| field.key).collect();
        match part.options.iter().find(|option| !known.contains(&option.0.as_str())) {
            None => Ok(request),
            Some((key, _)) => {
                let known =
                    if known.is_empty() { "it has none".to_owned() } else { format!("there is {}", known.join(", ")) };
                Err(request.wrong(format!("there is no option {key:?}; {known}")))
            }
        }
    }

    /// The text of the part.
    pub fn part(&self) -> &'a SourcePart {
        self.part
    }

    /// How the source is written.
    pub fn usage(&self) -> &'static str {
        self.source.usage
    }

    /// The text between the colon and the question mark: a path, a name, or empty.
    pub fn argument(&self) -> &'a str {
        &self.part.argument
    }

    /// The same request with another lookup.
    pub fn with(&self, lookup: &'a Lookup<'a>) -> Self {
        Self { lookup, ..*self }
    }

    /// An error about an argument or option of this source.
    pub fn wrong(&self, what: impl fmt::Display) -> DataError {
        DataError::Option { source_name: self.source.name, what: what.to_string() }
    }

    /// Whether an option is given.
    pub fn has(&self, key: &str) -> bool {
        !self.part.values(key).is_empty()
    }

    /// The value of an option that takes one, if it is given.
    pub fn text(&self, key: &str) -> Option<String> {
        self.has(key).then(|| self.part.values(key).join(","))
    }

    /// The values of an option that takes several.
    pub fn list(&self, key: &str) -> Vec<&'a str> {
        self.part.values(key).iter().map(String::as_str).collect()
    }

    /// An option that is on or off.
    pub fn flag(&self, key: &str) -> Result<bool, DataError> {
        let Some(Kind::Switch { default }) = self.kind(key) else { return Err(self.no_such(key)) };
        let Some(text) = self.text(key) else { return Ok(*default) };
        text.parse().map_err(|_| self.wrong(format!("expected {key}=true or {key}=false, and found {key}={text}")))
    }

    /// A whole number within its range.
    pub fn whole(&self, key: &str) -> Result<usize, DataError> {
        let Some(Kind::Whole { range, default, .. }) = self.kind(key) else { return Err(self.no_such(key)) };
        let Some(text) = self.text(key) else { return Ok(*default) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| self.out_of_range(key, &text, range.start(), range.end()))
    }

    /// A number within its range.
    pub fn real(&self, key: &str) -> Result<f32, DataError> {
        let Some(Kind::Real { range, default, .. }) = self.kind(key) else { return Err(self.no_such(key)) };
        let Some(text) = self.text(key) else { return Ok(*default) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| self.out_of_range(key, &text, range.start(), range.end()))
    }

    fn kind(&self, key: &str) -> Option<&'static Kind> {
        let kind = self.source.fields().find(|field| field.key == key).map(|field| &field.kind);
        debug_assert!(kind.is_some(), "{} has no option {key}", self.source.name);
        kind
    }

    fn no_such(&self, key: &str) -> DataError {
        self.wrong(format!("there is no such option as {key}"))
    }

    fn out_of_range(&self, key: &str, text: &str, low: &dyn fmt::Display, high: &dyn fmt::Display) -> DataError {
        let usage = self.source.usage;
        self.wrong(format!("expected {usage} with {key} from {low} to {high}, and found {key}={text}"))
    }

    /// The file or folder that the argument names: at that path, in the folder of the project, or in the folder that
    /// [`DATA_FOLDER`] names and its subfolders.
    pub fn find(&self) -> Option<PathBuf> {
        if self.argument().is_empty() { None } else { self.find_where(self.argument().as_ref(), Path::exists) }
    }

    /// The file that an option names: beside the file that the source names, then as other files are found.
    pub fn find_beside(&self, beside: &Path, file: &str) -> Option<PathBuf> {
        let near = beside.parent().map(|folder| folder.join(file)).filter(|path| path.is_file());
        near.or_else(|| self.find_where(file.as_ref(), Path::is_file))
    }

    /// The first place with this path for which `is_it` holds.
    pub fn find_where(&self, path: &Path, is_it: impl Fn(&Path) -> bool) -> Option<PathBuf> {
        let data = std::env::var_os(DATA_FOLDER).map(PathBuf::from);
        let inner = data.iter().flat_map(|data| data.read_dir()).flatten().flatten().map(|entry| entry.path());
        let mut inner: Vec<_> = inner.filter(|path| path.is_dir()).collect();
        inner.sort();
        let places = self.lookup.folder.map(Path::to_owned).into_iter().chain(data).chain(inner);
        std::iter::once(path.to_owned()).chain(places.map(|place| place.join(path))).find(|path| is_it(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> SourceSpec {
        text.parse().unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn the_text_of_a_source_is_read_and_written() {
        for text in [
            "digits",
            "digits?count=60000",
            "idx:mnist+digits?count=300",
            "csv:my data.csv?target=price&ignore=id,first name&test=0.1",
            "csv:C:\\data\\a=b&c.csv?target=a=b?c:d",
            "painted:x,y;blue=1 2 3 4;orange=0 0.5",
            "csv:\"a+b?c.csv\"?target=\"profit, net\",\"x&y\",\"say \"\"yes\"\"\"",
        ] {
            assert_eq!(spec(text).to_string(), text);
            let json = serde_json::to_string(&spec(text)).unwrap();
            assert_eq!(serde_json::from_str::<SourceSpec>(&json).unwrap(), spec(text));
        }
        let table = spec(" csv: a.csv ? target = price & ignore = id , name ");
        assert_eq!(table.to_string(), "csv:a.csv?target=price&ignore=id,name");
        assert_eq!(table.single().unwrap().values("ignore"), ["id", "name"]);
        assert_eq!(spec("csv:\"a\"\"b.csv\"").single().unwrap().argument, "a\"b.csv");
        assert!(spec("digits+points:xor").single().is_none());
    }

    #[test]
    fn any_path_and_any_name_is_written_so_that_it_is_read_again() {
        for name in ["a b", "a+b", "a?b", "a&b", "a,b", "a=b", "a\"b", "\"", " a ", "a:b", "名前", "a'b"] {
            let mut source = SourceSpec::of_path("csv", Path::new(name));
            source.parts[0].set("target", vec![name.to_owned(), "other".to_owned()]);
            assert_eq!(spec(&source.to_string()), source);
        }
    }

    #[test]
    fn mistakes_are_told() {
        let error = |text: &str| text.parse::<SourceSpec>().unwrap_err().to_string();
        assert_eq!(
            error("csv:\"a.csv"),
            "csv:\"a.csv: a quote is not closed; write a quote inside a quoted text twice"
        );
        assert_eq!(error("csv:a.csv?price"), "csv:a.csv?price: expected option=value, and found \"price\"");
        let twice = "csv:a.csv?target=x&target=y: target is there twice; write it once, with all of its values after it, separated by commas";
        assert_eq!(error("csv:a.csv?target=x&target=y"), twice);
    }

    #[test]
    fn an_option_is_set_changed_and_taken_away_where_it_stands() {
        let mut source = spec("csv:a.csv?target=price&ignore=id,name&test=0.1");
        let part = source.single_mut().unwrap();
        part.set("ignore", vec!["id".to_owned()]);
        part.set("target", Vec::new());
        part.set("names", vec!["a".to_owned()]);
        assert_eq!(source.to_string(), "csv:a.csv?ignore=id&test=0.1&names=a");
    }
}
