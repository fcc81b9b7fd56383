//! Images whose classes stand in a table, `labels=FILE`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::folders::{files_of, name_of};
use super::{Labeled, note_left_out};
use crate::data::error::DataError;
use crate::data::note::{Note, counted};
use crate::data::source::Request;
use crate::data::table::{Options, Table};

/// The images that a table gives classes to.
pub fn labeled(
    folder: &Path,
    file: &str,
    request: &Request<'_>,
    notes: &mut Vec<Note>,
) -> Result<(Vec<String>, Labeled), DataError> {
    let path = [folder.join(file)].into_iter().find(|path| path.is_file());
    let Some(path) = path.or_else(|| request.find_where(Path::new(file), Path::is_file)) else {
        return Err(request.wrong(format!("there is no file {file:?} for labels")));
    };
    let table = Table::read(&path, &Options::default())?;
    let [names, .., labels] = &table.columns[..] else {
        return Err(DataError::file(&path, "needs a column with the names of the images and one with their classes"));
    };
    let classes = labels.distinct();
    let position: HashMap<&str, usize> = classes.iter().map(String::as_str).zip(0..).collect();
    // Names are often written without their ending, and images may lie in folders.
    let mut places = HashMap::new();
    let is_table = |file: &PathBuf| file.canonicalize().ok() == path.canonicalize().ok();
    let images: Vec<PathBuf> = files_of(folder)?.into_iter().filter(|file| !is_table(file)).collect();
    for file in images.iter().cloned() {
        let stem = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let inside =
            file.strip_prefix(folder).map_or_else(|_| name_of(&file), |inside| inside.to_string_lossy().into_owned());
        places.entry(stem).or_insert_with(|| file.clone());
        places.insert(name_of(&file), file.clone());
        places.insert(inside, file);
    }
    let (mut files, mut missing) = (Vec::<(PathBuf, usize)>::new(), Vec::new());
    let mut classes_of: HashMap<PathBuf, usize> = HashMap::new();
    let (mut again, mut torn) = (0, Vec::new());
    for (name, label) in names.cells.iter().zip(&labels.cells) {
        let (Some(name), Some(class)) = (name, label.as_deref().and_then(|label| position.get(label))) else {
            continue;
        };
        match places.get(name) {
            Some(place) => match classes_of.insert(place.clone(), *class) {
                None => files.push((place.clone(), *class)),
                Some(before) if before == *class => again += 1,
                Some(_) => torn.push((place.clone(), "has two classes".to_owned())),
            },
            None => missing.push((PathBuf::from(name), "has a class and no image".to_owned())),
        }
    }
    note_left_out(missing, notes);
    if again > 0 {
        notes.push(format!("{} named once more with the same class, read once", counted(again, "image")).into());
    }
    files.retain(|(place, _)| torn.iter().all(|(other, _)| other != place));
    torn.sort();
    torn.dedup();
    note_left_out(torn, notes);
    let unnamed = images.iter().filter(|place| !classes_of.contains_key(*place)).count();
    if unnamed > 0 {
        let name = name_of(&path);
        notes.push(format!("{} without a class in {name}, left out", counted(unnamed, "image")).into());
    }
    Ok((classes, files))
}
