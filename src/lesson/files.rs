//! The files of a lesson: of a folder, of one packed file, or of the program itself.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{LessonError, PLAN, built_in};
use crate::project::whole::write_whole;

/// The ending of a lesson in one file.
pub const ENDING: &str = "lesson";

/// Bytes that all files of a lesson have together at most.
const MOST: u64 = 64 << 20;

/// The files of a lesson by their names.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The name of the lesson: that of its folder or its file.
    pub name: String,
    /// Where it was read from; nothing for one of the program.
    pub place: Option<PathBuf>,
    contents: BTreeMap<String, Cow<'static, [u8]>>,
}

/// Whether a path is a lesson: a folder with a plan, or a packed file.
pub fn is_lesson(path: &Path) -> bool {
    path.join(PLAN).is_file() || is_packed(path)
}

fn is_packed(path: &Path) -> bool {
    path.is_file() && path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(ENDING))
}

impl Files {
    /// The files of one of the program's own lessons.
    pub fn built_in(name: &str, files: &[(&str, &'static [u8])]) -> Self {
        let contents = files.iter().map(|(name, bytes)| ((*name).to_owned(), Cow::Borrowed(*bytes))).collect();
        Self { name: name.to_owned(), place: None, contents }
    }

    /// Those of a lesson of the program by its name, or of a folder or a packed file by its path.
    pub fn find(name_or_path: &str) -> Result<Self, LessonError> {
        match built_in::files(name_or_path) {
            Some(files) => Ok(files),
            None if Path::new(name_or_path).exists() => Self::read(Path::new(name_or_path)),
            None => Err(LessonError::Unknown(name_or_path.to_owned())),
        }
    }

    /// Reads a folder, or a packed file.
    pub fn read(path: &Path) -> Result<Self, LessonError> {
        let name = path.file_stem().filter(|_| !path.is_dir()).or_else(|| path.file_name());
        // `.` has no name of its own.
        let whole = || path.canonicalize().ok()?.file_name().map(ToOwned::to_owned);
        let name = name.map(ToOwned::to_owned).or_else(whole).unwrap_or_default().to_string_lossy().into_owned();
        let contents = if path.is_dir() { in_folder(path) } else { in_archive(path) }?;
        Ok(Self { name, place: Some(std::path::absolute(path).unwrap_or_else(|_| path.to_owned())), contents })
    }

    /// The contents of a file.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.contents.get(name).map(AsRef::as_ref)
    }

    /// The contents of a file of text.
    pub fn text(&self, name: &str) -> Option<Result<&str, String>> {
        self.get(name).map(|bytes| str::from_utf8(bytes).map_err(|_| "is not UTF-8; save it as that".to_owned()))
    }

    /// Puts files in the place of those of the same names.
    pub(super) fn replace(&mut self, files: impl Iterator<Item = (String, Vec<u8>)>) {
        self.contents.extend(files.map(|(name, bytes)| (name, Cow::Owned(bytes))));
    }

    /// The names of the files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.contents.keys().map(String::as_str)
    }

    /// The first digits of the SHA-256 of all files.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (name, bytes) in &self.contents {
            hash.update(name.as_bytes());
            hash.update(bytes.len().to_le_bytes());
            hash.update(bytes);
        }
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The lesson as one file.
    pub fn packed(&self) -> Result<Vec<u8>, LessonError> {
        zipped(self.contents.iter().map(|(name, bytes)| (name.as_str(), bytes.as_ref())))
            .map_err(|what| LessonError::file(Path::new(&self.name), what))
    }

    /// A folder in which files lie that the project reads, such as a table. Those of a packed lesson are unpacked for it.
    pub fn folder(&self) -> Result<Option<PathBuf>, LessonError> {
        let Some(place) = &self.place else { return Ok(None) };
        if place.is_dir() {
            return Ok(Some(place.clone()));
        }
        let folder = std::env::temp_dir().join(format!("backprop-lesson-{}", self.digest()));
        for (name, bytes) in &self.contents {
            let path = folder.join(name);
            if !path.is_file() {
                let fail = |error: std::io::Error| LessonError::file(&path, error);
                path.parent().map_or(Ok(()), fs::create_dir_all).map_err(fail)?;
                write_whole(&path, bytes).map_err(fail)?;
            }
        }
        Ok(Some(folder))
    }
}

type Contents = BTreeMap<String, Cow<'static, [u8]>>;

fn in_folder(folder: &Path) -> Result<Contents, LessonError> {
    if !folder.join(PLAN).is_file() {
        return Err(LessonError::file(folder, format!("holds no {PLAN}, so that it is no lesson")));
    }
    let fail = |error| LessonError::file(folder, error);
    let mut contents = BTreeMap::new();
    let mut total = 0;
    for entry in fs::read_dir(folder).map_err(fail)?.flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if !path.is_file() || name.starts_with('.') || is_packed(&path) {
            continue;
        }
        total += entry.metadata().map_or(0, |data| data.len());
        if total > MOST {
            return Err(LessonError::file(folder, format!("holds more than {} MB; a lesson is smaller", MOST >> 20)));
        }
        contents.insert(name, Cow::Owned(fs::read(&path).map_err(|error| LessonError::file(&path, error))?));
    }
    Ok(contents)
}

fn in_archive(path: &Path) -> Result<Contents, LessonError> {
    let bytes = fs::read(path).map_err(|error| LessonError::file(path, error))?;
    let contents = unzipped(&bytes, MOST).map_err(|what| LessonError::file(path, what))?;
    match contents.contains_key(PLAN) {
        true => Ok(contents.into_iter().map(|(name, bytes)| (name, Cow::Owned(bytes))).collect()),
        false => Err(LessonError::file(path, format!("holds no {PLAN}, so that it is no lesson"))),
    }
}

/// Files in an archive. The same files give the same bytes, whenever they are packed.
pub(super) fn zipped<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> Result<Vec<u8>, String> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    for (name, bytes) in files {
        writer.start_file(name, options).map_err(|error| error.to_string())?;
        writer.write_all(bytes).map_err(|error| error.to_string())?;
    }
    writer.finish().map(Cursor::into_inner).map_err(|error| error.to_string())
}

/// The files of an archive, which may come from anybody: each lies in the archive itself, and all together are no larger than `most`.
pub(super) fn unzipped(bytes: &[u8], most: u64) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| format!("cannot be unpacked: {error}"))?;
    let mut contents = BTreeMap::new();
    let mut left = most;
    for at in 0..archive.len() {
        let file = archive.by_index(at).map_err(|error| format!("cannot be unpacked: {error}"))?;
        // Somebody may have packed the folder and not what is in it.
        let Some(name) = file.enclosed_name().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        else {
            continue;
        };
        if file.is_dir() || name.starts_with('.') {
            continue;
        }
        let mut bytes = Vec::new();
        file.take(left + 1).read_to_end(&mut bytes).map_err(|error| format!("{name} cannot be unpacked: {error}"))?;
        left = left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| format!("holds more than {} MB, which is too much", most >> 20))?;
        contents.insert(name, bytes);
    }
    Ok(contents)
}
