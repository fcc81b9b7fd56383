//! The folders that images lie in: their files, the usual names of split folders, and which files are read.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use wildmatch::WildMatch;

use crate::data::error::DataError;
use crate::data::note::Note;
use crate::data::source::Request;

/// Folders are read to this depth; links that lead back end there at the latest.
const MAX_DEPTH: usize = 16;

/// What folders of training, validation and test images are called, in small letters.
const TRAIN: &[&str] = &["train", "training", "train_images"];
const VALIDATION: &[&str] = &["val", "valid", "validation", "dev"];
const TEST: &[&str] = &["test", "testing", "test_images"];

/// Which files are read, by their names.
pub struct Patterns {
    only: Vec<WildMatch>,
    except: Vec<WildMatch>,
}

impl Patterns {
    /// Those that the options `only` and `except` name, several separated by commas.
    pub fn of(request: &Request<'_>) -> Self {
        let patterns = |key| {
            let said = request.list(key).into_iter().flat_map(|said| said.split(',')).map(str::trim);
            said.filter(|pattern| !pattern.is_empty()).map(WildMatch::new_case_insensitive).collect()
        };
        Self { only: patterns("only"), except: patterns("except") }
    }

    /// Whether the file is read.
    pub fn are_met(&self, path: &Path) -> bool {
        let name = name_of(path);
        let is_any = |patterns: &[WildMatch]| patterns.iter().any(|pattern| pattern.matches(&name));
        (self.only.is_empty() || is_any(&self.only)) && !is_any(&self.except)
    }
}

/// The folders of training, validation and test images that are there.
pub fn split_folders(folder: &Path) -> Result<[Option<PathBuf>; 3], DataError> {
    let folders: Vec<PathBuf> = entries(folder)?.into_iter().filter(|path| path.is_dir()).collect();
    let find = |names: &[&str]| folders.iter().find(|path| names.contains(&&*name_of(path).to_lowercase())).cloned();
    Ok([TRAIN, VALIDATION, TEST].map(find))
}

/// The folder inside of one that holds nothing else, as archives have it, where that has a folder for each class; the folder
/// itself where it is not so. A single folder that is called as a class of the network is that class.
pub fn unwrapped(folder: PathBuf, known: Option<&[String]>, notes: &mut Vec<Note>) -> Result<PathBuf, DataError> {
    let [inner] = &entries(&folder)?.into_iter().filter(|path| !name_of(path).starts_with('.')).collect::<Vec<_>>()[..]
    else {
        return Ok(folder);
    };
    let is_class = known.is_some_and(|known| known.contains(&name_of(inner)));
    if is_class || !inner.is_dir() || entries(inner)?.iter().filter(|path| is_class_folder(path)).count() < 2 {
        return Ok(folder);
    }
    notes.push(
        format!("{} holds one folder alone, {}, which is read in its place", name_of(&folder), name_of(inner)).into(),
    );
    unwrapped(inner.clone(), known, notes)
}

/// Whether a folder is called as those of training, validation or test images are.
pub fn is_of_split(path: &Path) -> bool {
    let name = name_of(path).to_lowercase();
    [TRAIN, VALIDATION, TEST].concat().contains(&&*name)
}

/// What is in a folder, in the order of the names; without what archives of macOS leave behind.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>, DataError> {
    let unreadable = |error: std::io::Error| DataError::file(folder, error);
    let entries = folder.read_dir().map_err(unreadable)?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    paths.retain(|path| !(path.is_dir() && path.file_name().is_some_and(|name| name == "__MACOSX")));
    paths.sort();
    Ok(paths)
}

/// All files in a folder and its subfolders, sorted by name, without hidden files; for a file, the file itself.
pub fn files_of(path: &Path) -> Result<Vec<PathBuf>, DataError> {
    fn add(path: &Path, depth: usize, seen: &mut Vec<PathBuf>, files: &mut Vec<PathBuf>) -> Result<(), DataError> {
        if !path.is_dir() {
            files.push(path.to_owned());
            return Ok(());
        }
        // What lies where a link leads back to is read at its own place.
        let place = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if depth == 0 || seen.contains(&place) || leads_back(path) {
            return Ok(());
        }
        seen.push(place);
        for path in entries(path)?.into_iter().filter(|path| !name_of(path).starts_with('.')) {
            add(&path, depth - 1, seen, files)?;
        }
        Ok(())
    }
    let mut files = Vec::new();
    add(path, MAX_DEPTH, &mut Vec::new(), &mut files)?;
    Ok(files)
}

/// Whether it is a link to a folder that it stands in, so that everything in there would be found once more below it.
fn leads_back(path: &Path) -> bool {
    let parent = || path.parent().and_then(|parent| parent.canonicalize().ok());
    path.is_symlink()
        && parent().zip(path.canonicalize().ok()).is_some_and(|(parent, target)| parent.starts_with(target))
}

/// What is below a folder and is not read.
#[derive(Debug, Default)]
pub struct Unread {
    /// How many hidden files and folders there are.
    pub hidden: usize,
    /// The folders in folders in which nothing is.
    pub empty: Vec<PathBuf>,
    /// The links to a folder that they stand in.
    pub loops: Vec<PathBuf>,
}

/// What is below a folder and is not read.
pub fn unread_in(folder: &Path) -> Result<Unread, DataError> {
    fn look(path: &Path, depth: usize, unread: &mut Unread) -> Result<(), DataError> {
        let unreadable = |error: std::io::Error| DataError::file(path, error);
        for entry in path.read_dir().map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let (path, is_folder) = (entry.path(), entry.file_type().is_ok_and(|kind| kind.is_dir()));
            let name = name_of(&path);
            if name.starts_with('.') || name == "__MACOSX" && is_folder {
                unread.hidden += 1;
            } else if leads_back(&path) {
                unread.loops.push(path);
            } else if is_folder && depth > 0 {
                look(&path, depth - 1, unread)?;
                // A class without an image is told by its name.
                if depth < MAX_DEPTH && path.read_dir().map_err(unreadable)?.next().is_none() {
                    unread.empty.push(path);
                }
            }
        }
        Ok(())
    }
    let mut unread = Unread::default();
    look(folder, MAX_DEPTH, &mut unread)?;
    unread.empty.sort();
    unread.loops.sort();
    Ok(unread)
}

/// Whether a file is an image by the ending of its name, or by its first bytes where that says nothing.
pub fn is_image(path: &Path) -> bool {
    let first_bytes = || {
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(64).read_to_end(&mut bytes));
        read.is_ok() && image::guess_format(&bytes).is_ok()
    };
    path.is_file() && (image::ImageFormat::from_path(path).is_ok() || first_bytes())
}

/// Folders that begin with a dot belong to programs.
pub fn is_class_folder(path: &Path) -> bool {
    path.is_dir() && !name_of(path).starts_with('.')
}

/// The name of a file; bytes that are no UTF-8 are written out, so that two names never become one.
pub fn name_of(path: &Path) -> String {
    let Some(name) = path.file_name() else { return String::new() };
    name.to_str().map_or_else(|| format!("{name:?}").trim_matches('"').to_owned(), str::to_owned)
}
