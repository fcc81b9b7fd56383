//! Images whose classes stand in a table, `labels=FILE`.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use super::folders::{self, files_of, name_of};
use super::{Asked, Labeled, MAX_CLASSES, note_left_out};
use crate::data::error::DataError;
use crate::data::note::{Note, counted};
use crate::data::source::Request;
use crate::data::table::{Column, Options, Table};

/// The images that a table gives classes to.
pub fn labeled(
    folder: &Path,
    file: &str,
    asked: &Asked,
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
    if classes.len() > MAX_CLASSES {
        let what = format!("{} has {} classes, and {MAX_CLASSES} are the most", labels.name, classes.len());
        return Err(DataError::file(&path, what));
    }
    let images = Images::of(folder, &path, asked)?;
    let files = images.with_classes(names, labels, &classes, notes);
    if files.is_empty() {
        return Err(DataError::file(&path, images.named_otherwise(names)));
    }
    note_numbers(labels, &classes, files.len(), notes);
    Ok((classes, files))
}

/// Numbers of which nearly every image has another are no classes.
fn note_numbers(labels: &Column, classes: &[String], images: usize, notes: &mut Vec<Note>) {
    let are_numbers = classes.iter().all(|class| class.parse::<f64>().is_ok());
    if are_numbers && classes.len() > 2 && classes.len() * 2 > images {
        let (name, count) = (&labels.name, classes.len());
        notes.push(
            format!(
                "{name} looks like a number to predict, with {count} values for {}, and each value is read as a class of its own; \
                 numbers are predicted from tables and series alone, so write a few classes into the table, such as low and high",
                counted(images, "image")
            )
            .into(),
        );
    }
}

/// The images that a table may name.
struct Images<'a> {
    folder: &'a Path,
    table: &'a Path,
    all: Vec<PathBuf>,
    /// By their paths below the folder.
    by_path: HashMap<String, PathBuf>,
    /// By their names, and by those without the ending; nothing where several have it.
    by_name: HashMap<String, Option<PathBuf>>,
    /// How many are left out by their names.
    left_out: usize,
}

impl<'a> Images<'a> {
    fn of(folder: &'a Path, table: &'a Path, asked: &Asked) -> Result<Self, DataError> {
        let files = files_of(folder)?.into_iter().filter(|file| folders::is_image(file));
        let (all, others): (Vec<_>, Vec<_>) = files.partition(|file| asked.patterns.are_met(file));
        let (mut by_path, mut by_name) = (HashMap::new(), HashMap::<String, Option<PathBuf>>::new());
        for file in &all {
            let inside = file.strip_prefix(folder).unwrap_or(file);
            by_path.insert(inside.to_string_lossy().into_owned(), file.clone());
            let stem = file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
            for name in [name_of(file), stem] {
                by_name.entry(name).and_modify(|place| *place = None).or_insert_with(|| Some(file.clone()));
            }
        }
        Ok(Self { folder, table, all, by_path, by_name, left_out: others.len() })
    }

    /// The image that is meant: by its path below the folder, or below where the table is, or with folders before it that lead
    /// there; where no folder is named, by its name, with or without the ending.
    fn find(&self, name: &str) -> Result<&PathBuf, &'static str> {
        let parts: Vec<String> = Path::new(name)
            .components()
            .filter(|part| matches!(part, Component::Normal(_)))
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        let below = |from: usize| self.by_path.get(&parts[from..].join(std::path::MAIN_SEPARATOR_STR));
        if let Some(place) = (0..parts.len()).find_map(below) {
            return Ok(place);
        }
        let by_name = if parts.len() == 1 { self.by_name.get(name) } else { None };
        match by_name {
            Some(Some(place)) => Ok(place),
            Some(None) => Err("is the name of several images; write the folder before it"),
            None => Err("has a class and no image"),
        }
    }

    /// Each image with its class, in the order of the table.
    fn with_classes(&self, names: &Column, labels: &Column, classes: &[String], notes: &mut Vec<Note>) -> Labeled {
        let position: HashMap<&str, usize> = classes.iter().map(String::as_str).zip(0..).collect();
        let (mut files, mut unknown) = (Labeled::new(), Vec::new());
        let mut classes_of: HashMap<&PathBuf, usize> = HashMap::new();
        let (mut again, mut torn) = (0, Vec::new());
        for (name, label) in names.cells.iter().zip(&labels.cells) {
            let (Some(name), Some(class)) = (name, label.as_deref().and_then(|label| position.get(label))) else {
                continue;
            };
            match self.find(name) {
                Ok(place) => match classes_of.insert(place, *class) {
                    None => files.push((place.clone(), *class)),
                    Some(before) if before == *class => again += 1,
                    Some(_) => torn.push((place.clone(), "has two classes".to_owned())),
                },
                Err(why) => unknown.push((PathBuf::from(name), why.to_owned())),
            }
        }
        if files.is_empty() {
            return files;
        }
        note_left_out(unknown, notes);
        if again > 0 {
            notes.push(format!("{} named once more with the same class, read once", counted(again, "image")).into());
        }
        files.retain(|(place, _)| torn.iter().all(|(other, _)| other != place));
        torn.sort();
        torn.dedup();
        note_left_out(torn, notes);
        let unnamed = self.all.iter().filter(|place| !classes_of.contains_key(place)).count();
        if unnamed > 0 {
            let (images, name) = (counted(unnamed, "image"), name_of(self.table));
            notes.push(format!("{images} without a class in {name}, left out").into());
        }
        if self.left_out > 0 {
            notes.push(format!("{} left out by only= or except=", counted(self.left_out, "image")).into());
        }
        files
    }

    /// Why no name is that of an image, with one of either.
    fn named_otherwise(&self, names: &Column) -> String {
        let named = names.cells.iter().flatten().next().map_or("", String::as_str);
        let folder = self.folder.display();
        let inside = |file: &PathBuf| file.strip_prefix(self.folder).unwrap_or(file).display().to_string();
        match self.all.first() {
            Some(first) => format!(
                "names no image in {folder}: the first name in its column {} is {named:?}, and the first of {} there {:?}",
                names.name,
                counted(self.all.len(), "image"),
                inside(first)
            ),
            None => format!("names images in {folder}, in which there are none"),
        }
    }
}
