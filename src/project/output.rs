//! The folder that a run is written to: found, tried and held before the first step, since nobody wants to learn after an
//! hour that it cannot be written, or that two trainings have written into one.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::ProjectError;
use super::run_folder::{PROJECT, WEIGHTS, names_in};
use super::whole::{in_words, is_part};

/// Name of the file that is locked while a run writes into its folder.
const LOCK: &str = ".lock";

/// A folder that nobody else writes a run to, as long as this lives.
#[derive(Debug)]
pub struct Output {
    folder: PathBuf,
    /// Whether a run with weights is in it, which is to be replaced.
    replaces: bool,
    /// Whether the folder was made for this run.
    is_new: bool,
    /// Locked by the system until it is closed, even if the program is killed.
    lock: Option<File>,
}

impl Output {
    /// Makes a new folder in `base`, `<project>-<number>` with the first number that is free.
    pub fn next(base: &Path, project: &str) -> Result<Self, ProjectError> {
        fs::create_dir_all(base).map_err(|error| ProjectError::file(base, in_words(&error)))?;
        for folder in names_in(base, project) {
            match fs::create_dir(&folder) {
                // Two runs that begin at once do not find the same number.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(ProjectError::file(&folder, in_words(&error))),
                Ok(()) => return Self::held(folder, false, true),
            }
        }
        Err(ProjectError::file(base, "holds too many runs; name another folder"))
    }

    /// Takes a folder that is named. One that holds a run is only taken to `overwrite` it, one with other files never.
    pub fn named(folder: &Path, overwrite: bool) -> Result<Self, ProjectError> {
        let fail = |what: String| ProjectError::file(folder, what);
        if folder.exists() && !folder.is_dir() {
            let what = if folder.is_file() { "a file" } else { "a device" };
            return Err(fail(format!("is {what}; name a folder")));
        }
        if folder.is_symlink() && !folder.exists() {
            return Err(fail("is a link to a place that is not there; make that folder, or name another".to_owned()));
        }
        let mut names = Vec::new();
        if let Ok(entries) = fs::read_dir(folder) {
            let all = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
            // What a program that was killed has left half written is nobody's.
            names.extend(all.filter(|name| name != LOCK && !is_part(name)));
        }
        let holds_run = names.iter().any(|name| name == PROJECT);
        if !names.is_empty() && !holds_run {
            return Err(fail(format!("holds other files, such as {}; name another folder", names[0])));
        }
        if holds_run && !overwrite {
            return Err(fail("holds a run; name another folder, or replace it with --overwrite".to_owned()));
        }
        let is_new = !folder.exists();
        fs::create_dir_all(folder).map_err(|error| fail(in_words(&error)))?;
        Self::held(folder.to_owned(), holds_run && folder.join(WEIGHTS).is_file(), is_new)
    }

    /// Takes the folder of a run to go on writing it.
    pub fn existing(folder: &Path) -> Result<Self, ProjectError> {
        Self::held(folder.to_owned(), false, false)
    }

    /// Whether somebody writes a run into this folder at this moment.
    pub fn is_held(folder: &Path) -> bool {
        let lock = File::open(folder.join(LOCK)).map(|file| file.try_lock_shared());
        matches!(lock, Ok(Err(TryLockError::WouldBlock)))
    }

    fn held(folder: PathBuf, replaces: bool, is_new: bool) -> Result<Self, ProjectError> {
        let lock = lock(&folder)?;
        Ok(Self { folder, replaces, is_new, lock })
    }

    /// Holds the folder once more, after it was deleted and made anew.
    pub fn hold_again(&mut self) -> Result<(), ProjectError> {
        self.lock = lock(&self.folder)?;
        Ok(())
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether a run with weights would be replaced.
    pub fn replaces(&self) -> bool {
        self.replaces
    }
}

/// Locks a folder, which shows that it can be written; nothing where the file system has no locks.
fn lock(folder: &Path) -> Result<Option<File>, ProjectError> {
    let path = folder.join(LOCK);
    let lock = File::create(&path).map_err(|error| ProjectError::file(&path, in_words(&error)))?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => {
            Err(ProjectError::file(folder, "another training writes to it; wait until it ends, or name another folder"))
        }
        // The folder can be written all the same.
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        // The file is taken away before the lock is let go, so that nobody locks a file that is about to vanish.
        let _ = fs::remove_file(self.folder.join(LOCK));
        drop(self.lock.take());
        if self.is_new {
            // Only a folder in which nothing was written can be removed.
            let _ = fs::remove_dir(&self.folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_by_one_and_nothing_foreign_is_written_over() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("run");
        let held = Output::named(&folder, false).unwrap();
        let other = Output::named(&folder, false).unwrap_err().to_string();
        assert!(other.contains("another training writes to it"), "{other}");
        drop(held);
        assert!(!folder.exists(), "an empty folder does not stay");

        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(".a7.part"), "").unwrap();
        drop(Output::named(&folder, false).unwrap());
        fs::write(folder.join("thesis.txt"), "years").unwrap();
        for overwrite in [false, true] {
            let foreign = Output::named(&folder, overwrite).unwrap_err().to_string();
            assert!(foreign.contains("holds other files, such as thesis.txt"), "{foreign}");
        }
        for name in [PROJECT, WEIGHTS] {
            fs::write(folder.join(name), "").unwrap();
        }
        assert!(Output::named(&folder, false).unwrap_err().to_string().contains("--overwrite"));
        assert!(Output::named(&folder, true).unwrap().replaces());
        assert!(folder.join("thesis.txt").is_file());
        let refused = |name: &str| Output::named(&folder.join(name), true).unwrap_err().to_string();
        assert!(refused("thesis.txt").contains("is a file; name a folder"));
        assert!(refused("thesis.txt/run").contains("a part of its path is a file"), "{}", refused("thesis.txt/run"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.join("nowhere"), folder.join("link")).unwrap();
            assert!(refused("link").contains("is a link to a place that is not there"));
            let device = Output::named(Path::new("/dev/null"), false).unwrap_err().to_string();
            assert!(device.contains("is a device; name a folder"), "{device}");
        }
    }

    #[test]
    fn runs_that_begin_at_once_get_folders_of_their_own() {
        let base = tempfile::tempdir().unwrap();
        let [first, second] = [(); 2].map(|()| Output::next(base.path(), "a b").unwrap());
        assert_eq!([first.folder(), second.folder()], [base.path().join("a-b-1"), base.path().join("a-b-2")]);
        assert!(!first.replaces());
    }
}
