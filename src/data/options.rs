//! What stands behind the name of a source: `ARGUMENT?option=value&option=value`, the same for all of them.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::download::Tell;
use super::setting::{Kind, settings, source_of};
use super::{DataError, Feature, Source, Task, csv};

/// What the text of a source says, and what is known besides it.
pub struct Options<'a> {
    source: &'static Source,
    /// What stands between the colon and the question mark: a path, a name, or nothing.
    pub argument: &'a str,
    pairs: Vec<(&'a str, &'a str)>,
    pub lookup: &'a Lookup<'a>,
}

/// What is known of a source besides its text.
#[derive(Clone, Copy, Default)]
pub struct Lookup<'a> {
    /// A folder in which files are looked for as well, that of the project.
    pub folder: Option<&'a Path>,
    /// What a network was trained on: samples are read to the same features and classes, whatever else is in the file.
    pub known: Option<(&'a Task, &'a [Feature])>,
    /// Hears of what is downloaded.
    pub tell: Option<Tell<'a>>,
}

/// The variable that names a folder with data; files are found in it and in the folders that it holds.
pub const DATA_FOLDER: &str = "BACKPROP_DATA";

impl<'a> Options<'a> {
    /// Reads what follows the name of a source.
    pub(super) fn parse(source: &'static Source, text: &'a str, lookup: &'a Lookup<'a>) -> Result<Self, DataError> {
        let (argument, list) = text.split_once('?').unwrap_or((text, ""));
        let mut options = Self { source, argument: argument.trim(), pairs: Vec::new(), lookup };
        for pair in list.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !source.options.contains(&name) {
                let known = match source.options {
                    [] => "it has none".to_owned(),
                    options => format!("there is {}", options.join(", ")),
                };
                return Err(options.wrong(format!("there is no option {name:?}; {known}")));
            }
            options.pairs.push((name, value));
        }
        Ok(options)
    }

    /// The names of the columns of the file that the text of a source names; none where there is no table.
    #[must_use]
    pub fn column_names(text: &str, lookup: &Lookup<'_>) -> Vec<String> {
        let Some(source) = source_of(text).filter(|source| settings(source).iter().any(|it| it.kind == Kind::Column))
        else {
            return Vec::new();
        };
        let rest = text.trim().split_once(':').map_or("", |(_, rest)| rest);
        Options::parse(source, rest, lookup).map_or_else(|_| Vec::new(), |options| csv::column_names(&options))
    }

    /// The same text, and other knowledge besides it.
    pub fn with(&self, lookup: &'a Lookup<'a>) -> Self {
        Self { lookup, pairs: self.pairs.clone(), ..*self }
    }

    /// The error for something that the text says wrongly.
    pub fn wrong(&self, what: impl Display) -> DataError {
        DataError::Option { source_name: self.source.name, what: what.to_string() }
    }

    /// The value of an option, if it is given.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1)
    }

    /// The values of an option that takes several, joined by commas.
    pub fn list(&self, name: &str) -> Vec<&'a str> {
        self.text(name)
            .into_iter()
            .flat_map(|list| list.split(','))
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .collect()
    }

    /// An option that is on or off.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, DataError> {
        let Some(text) = self.text(name) else { return Ok(default) };
        text.trim()
            .parse()
            .map_err(|_| self.wrong(format!("expected {name}=true or {name}=false, and found {name}={text}")))
    }

    /// A number within its range.
    pub fn number<T>(&self, name: &str, default: T, range: RangeInclusive<T>) -> Result<T, DataError>
    where
        T: FromStr + PartialOrd + Display,
    {
        let Some(text) = self.text(name) else { return Ok(default) };
        text.trim().parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            let (usage, from, to) = (self.source.usage, range.start(), range.end());
            self.wrong(format!("expected {usage} with {name} from {from} to {to}, and found {name}={text}"))
        })
    }

    /// The file or folder that the argument names: where it says, in the folder of the project, or among the data that
    /// [`DATA_FOLDER`] names.
    pub fn find(&self) -> Option<PathBuf> {
        if self.argument.is_empty() { None } else { self.find_where(self.argument.as_ref(), Path::exists) }
    }

    /// The same for any path, where it is what is asked for.
    pub fn find_where(&self, path: &Path, is_it: impl Fn(&Path) -> bool) -> Option<PathBuf> {
        let data = std::env::var_os(DATA_FOLDER).map(PathBuf::from);
        let inner = data.iter().flat_map(|data| data.read_dir()).flatten().flatten().map(|entry| entry.path());
        let mut inner: Vec<_> = inner.filter(|path| path.is_dir()).collect();
        inner.sort();
        let places = self.lookup.folder.map(Path::to_owned).into_iter().chain(data).chain(inner);
        std::iter::once(path.to_owned()).chain(places.map(|place| place.join(path))).find(|path| is_it(path))
    }
}
