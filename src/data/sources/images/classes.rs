//! The folders of the classes, and the images in them.

use std::path::{Path, PathBuf};

use super::folders::{self, entries, files_of, is_class_folder, name_of};
use super::{Asked, Labeled, MAX_CLASSES, note_left_out};
use crate::data::error::DataError;
use crate::data::note::{Note, counted};

/// A folder for each class.
pub struct ClassFolders {
    /// What errors name.
    pub place: PathBuf,
    /// The name of each class and the folder of its images.
    pub folders: Vec<(String, PathBuf)>,
}

impl ClassFolders {
    /// The folders in a folder, in the order of their names.
    pub fn of(folder: &Path, notes: &mut Vec<Note>) -> Result<Self, DataError> {
        let (folders, strays): (Vec<_>, Vec<_>) = entries(folder)?.into_iter().partition(|path| is_class_folder(path));
        note_left_out(strays.into_iter().map(|path| (path, "is no folder of a class".to_owned())).collect(), notes);
        let folders = folders.into_iter().map(|path| (name_of(&path), path)).collect();
        Ok(Self { place: folder.to_owned(), folders })
    }

    /// The images, class by class, each in the order of the names. Those of a test are of the classes that are `known` from the
    /// training.
    pub fn files(
        &self,
        known: Option<&[String]>,
        asked: &Asked,
        notes: &mut Vec<Note>,
    ) -> Result<(Vec<String>, Labeled), DataError> {
        let known = known.or(asked.trained.as_deref());
        let (filled, left_out) = self.filled(asked, notes)?;
        let names = || filled.iter().map(|(name, ..)| name.clone()).collect();
        let classes: Vec<String> = known.map_or_else(names, <[_]>::to_vec);
        if !(2..=MAX_CLASSES).contains(&classes.len()) {
            return Err(DataError::file(&self.place, self.wrong_count(classes.len(), left_out)));
        }
        let mut labeled = Vec::new();
        for (name, folder, files) in filled {
            let alike = || classes.iter().position(|class| class.eq_ignore_ascii_case(&name));
            match classes.iter().position(|class| *class == name).or_else(alike) {
                Some(class) => labeled.extend(files.into_iter().map(|file| (file, class))),
                None if asked.trained.is_some() => {
                    let files = counted(files.len(), "file");
                    notes.push(format!("{files} of {name}, a class that the network does not know, left out").into());
                }
                None => {
                    let what = "is a class that has no training images; put some into a folder of this name in train";
                    return Err(DataError::file(&folder, what));
                }
            }
        }
        if labeled.is_empty() && asked.trained.is_some() {
            let what = format!("has no folder of a class that the network knows; it knows {}", classes.join(", "));
            return Err(DataError::file(&self.place, what));
        }
        Ok((classes, labeled))
    }

    /// The classes that have images, with those, and how many files were left out by their names.
    fn filled(&self, asked: &Asked, notes: &mut Vec<Note>) -> Result<(Vec<Filled>, usize), DataError> {
        let (mut filled, mut left_out) = (Vec::new(), 0);
        for (name, folder) in &self.folders {
            let all = files_of(folder)?;
            let (files, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|path| asked.patterns.are_met(path));
            left_out += others.len();
            if files.is_empty() {
                note_left_out(vec![(folder.clone(), "has no image in it".to_owned())], notes);
            } else {
                filled.push((name.clone(), folder.clone(), files));
            }
        }
        if left_out > 0 {
            let (files, folder) = (counted(left_out, "file"), name_of(&self.place));
            notes.push(format!("{files} in {folder} left out by only= or except=").into());
        }
        Ok((filled, left_out))
    }

    fn wrong_count(&self, found: usize, left_out: usize) -> String {
        let patterns = if left_out > 0 { ", since only= or except= leaves every file of the others out" } else { "" };
        // Images beside one another have their classes elsewhere.
        let beside = entries(&self.place).unwrap_or_default().iter().filter(|path| folders::is_image(path)).count();
        let labels = match beside {
            0 => String::new(),
            count => format!(
                "; {} beside them: labels=FILE names a table with the name of an image in its first column and the class in its last",
                counted(count, "image")
            ),
        };
        format!("expected a folder for each of 2 to {MAX_CLASSES} classes in it, and found {found}{patterns}{labels}")
    }
}

/// A class, its folder and its files.
type Filled = (String, PathBuf, Vec<PathBuf>);

/// Folders that are all called as those of splits are no classes.
pub fn refuse_split_names(folder: &Path) -> Result<(), DataError> {
    let folders: Vec<PathBuf> = entries(folder)?.into_iter().filter(|path| is_class_folder(path)).collect();
    if folders.len() < 2 || !folders.iter().all(|path| folders::is_of_split(path)) {
        return Ok(());
    }
    let names: Vec<String> = folders.iter().map(|path| name_of(path)).collect();
    let what = format!("has {}, and no folder of training images beside them; call it train", names.join(" and "));
    Err(DataError::file(folder, what))
}
