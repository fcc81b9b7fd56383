//! Which runs there are: the folders are the truth.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rayon::prelude::*;

use super::history;
use super::info::{self, RunInfo, RunKind, RunState};
use crate::project::run_folder::{PROJECT, RUNS, names_in};
use crate::project::{Output, Project, ProjectError};

/// A run in a folder.
#[derive(Clone, Debug)]
pub struct StoredRun {
    /// Its folder.
    pub folder: PathBuf,
    /// What it trained.
    pub project: Project,
    /// What is known of it; nothing where an older program wrote it.
    pub info: Option<RunInfo>,
    /// Whether a program writes to it at this moment.
    pub is_live: bool,
    /// The last values of its metrics, by their keys.
    pub results: BTreeMap<String, f64>,
}

impl StoredRun {
    /// Reads a run folder.
    pub fn read(folder: &Path) -> Result<Self, ProjectError> {
        let project = Project::open(&folder.join(PROJECT))?;
        let info = RunInfo::read(folder)?;
        let is_live = Output::is_held(folder);
        let results = match &info {
            Some(info) if !info.results.is_empty() => info.results.clone(),
            // Older programs did not write them there.
            _ => {
                let mut found = RunInfo { results: BTreeMap::new(), ..info.clone().unwrap_or_default() };
                history::read(folder)?.iter().for_each(|line| found.absorb(line));
                found.results
            }
        };
        Ok(Self { folder: folder.to_owned(), project, info, is_live, results })
    }

    /// The name that somebody gave it, or that of its folder, with the one above it where it is one of several.
    pub fn name(&self) -> String {
        let name =
            |folder: &Path| folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let folder = || match self.folder.parent().filter(|group| is_group(group)) {
            Some(group) => format!("{}/{}", name(group), name(&self.folder)),
            None => name(&self.folder),
        };
        self.info.as_ref().and_then(|info| info.name.clone()).unwrap_or_else(folder)
    }

    /// The number of its color in plots: the one that somebody gave it, or else this one.
    pub fn color(&self, otherwise: usize) -> usize {
        self.info.as_ref().and_then(|info| info.color).map_or(otherwise, usize::from)
    }

    /// Whether it is one of a search, of several seeds or folds, or looked for a learning rate.
    pub fn is_trial(&self) -> bool {
        let is_sweep = self.info.as_ref().is_some_and(|info| info.kind == RunKind::RateSweep);
        is_sweep || self.folder.parent().is_some_and(is_group)
    }

    /// How it stands, in a word.
    pub fn state(&self) -> &'static str {
        match self.info.as_ref().map(|info| info.state) {
            _ if self.is_live => "running",
            Some(RunState::Running) => "interrupted",
            Some(RunState::Finished) => "finished",
            Some(RunState::Stopped) => "stopped",
            Some(RunState::Diverged) => "diverged",
            Some(RunState::Failed) => "failed",
            None => "saved",
        }
    }
}

/// The folder for the runs of projects that have no file: among what the programs of this user keep for good.
pub fn user_folder() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let programs = if cfg!(target_os = "windows") {
        variable("APPDATA")
    } else {
        let at_home = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
        variable("XDG_DATA_HOME").or_else(|| Some(std::env::home_dir()?.join(at_home)))
    };
    Some(programs?.join("backprop-studio").join(RUNS))
}

/// Whether the runs in a folder belong together: it is no place for all runs, but one of a search or of several seeds.
fn is_group(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let has =
        |kind: &&str| name.rsplit_once(&format!("-{kind}-")).is_some_and(|(_, number)| number.parse::<u32>().is_ok());
    GROUPS.iter().any(has)
}

/// Kinds of runs that belong together, as the names of their folders tell.
const GROUPS: &[&str] = &["folds", "seeds", "compare", "sweep"];

/// Makes a folder for several runs that belong together, `<name>-<number>` with the first number that is free.
pub fn new_group(base: &Path, name: &str) -> Result<PathBuf, ProjectError> {
    fs::create_dir_all(base).map_err(|error| ProjectError::file(base, error))?;
    for folder in names_in(base, name) {
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| folder.clone()).map_err(|error| ProjectError::file(&folder, error)),
        }
    }
    Err(ProjectError::file(base, "holds too many runs; name another folder"))
}

/// The runs in a folder, the newest first, and why others could not be read.
pub fn list(base: &Path) -> Result<RunList, ProjectError> {
    KnownRuns::default().list(base)
}

/// Runs, the newest first, and why others could not be read.
pub type RunList = (Vec<Arc<StoredRun>>, Vec<ProjectError>);

/// Runs that were read before, of which only those are read again that have changed.
#[derive(Default)]
pub struct KnownRuns {
    runs: HashMap<PathBuf, (Option<SystemTime>, Arc<StoredRun>)>,
}

impl KnownRuns {
    /// The runs in a folder as they are now.
    pub fn list(&mut self, base: &Path) -> Result<RunList, ProjectError> {
        let folders = folders_in(base)?;
        let read: Vec<_> = folders.into_par_iter().map(|folder| self.read(folder)).collect();
        let (mut runs, mut unread, mut known) = (Vec::new(), Vec::new(), HashMap::new());
        for (folder, changed, run) in read {
            match run {
                Ok(run) => {
                    runs.push(Arc::clone(&run));
                    known.insert(folder, (changed, run));
                }
                Err(error) => unread.push(error),
            }
        }
        self.runs = known;
        let started = |run: &StoredRun| run.info.as_ref().map_or(0, |info| info.started);
        runs.sort_by(|a, b| started(b).cmp(&started(a)).then_with(|| a.folder.cmp(&b.folder)));
        Ok((runs, unread))
    }

    fn read(&self, folder: PathBuf) -> (PathBuf, Option<SystemTime>, Result<Arc<StoredRun>, ProjectError>) {
        let changed = |name: &str| fs::metadata(folder.join(name)).and_then(|file| file.modified()).ok();
        let changed = changed(info::FILE).or_else(|| changed(PROJECT));
        let known = self
            .runs
            .get(&folder)
            .filter(|(before, run)| changed.is_some() && *before == changed && run.is_live == Output::is_held(&folder));
        let run = known.map_or_else(|| StoredRun::read(&folder).map(Arc::new), |(_, run)| Ok(Arc::clone(run)));
        (folder, changed, run)
    }
}

/// The run folders in a folder, and in those of its folders that hold several runs that belong together.
fn folders_in(base: &Path) -> Result<Vec<PathBuf>, ProjectError> {
    let is_run = |path: &Path| path.join(PROJECT).is_file();
    let is_hidden = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let entries = fs::read_dir(base).map_err(|error| ProjectError::file(base, error))?;
    let mut found = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| !is_hidden(path)) {
        if is_run(&path) {
            found.push(path);
        } else if path.is_dir() {
            let below = fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path());
            found.extend(below.filter(|path| is_run(path)));
        }
    }
    Ok(found)
}

/// The folder below that of the runs, in which those wait that were deleted and may still be wanted back.
const DELETED: &str = ".deleted";

/// Puts a run aside, from where [`bring_back`] takes it; the folder that it is in now. One that is being written stays.
pub fn put_aside(base: &Path, folder: &Path) -> Result<PathBuf, ProjectError> {
    drop(Output::existing(folder)?);
    let name = folder.strip_prefix(base).unwrap_or(folder).to_string_lossy().replace(['/', '\\'], "-");
    let aside = base.join(DELETED);
    fs::create_dir_all(&aside).map_err(|error| ProjectError::file(&aside, error))?;
    let free = names_in(&aside, &name).find(|path| !path.exists());
    let target = free.ok_or_else(|| ProjectError::file(&aside, "holds too many runs; empty it"))?;
    fs::rename(folder, &target).map_err(|error| ProjectError::file(folder, error))?;
    Ok(target)
}

/// Puts a run back where it was.
pub fn bring_back(aside: &Path, folder: &Path) -> Result<(), ProjectError> {
    let fail = |error: std::io::Error| ProjectError::file(folder, error);
    folder.parent().map_or(Ok(()), fs::create_dir_all).map_err(fail)?;
    fs::rename(aside, folder).map_err(fail)
}

/// Deletes for good what was put aside.
pub fn empty_deleted(base: &Path) -> Result<(), ProjectError> {
    let aside = base.join(DELETED);
    match fs::remove_dir_all(&aside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(ProjectError::file(&aside, error)),
        _ => Ok(()),
    }
}

/// Changes what is noted of a run that no program writes to.
pub fn change(folder: &Path, change: impl FnOnce(&mut RunInfo)) -> Result<(), ProjectError> {
    let _held = Output::existing(folder)?;
    let Some(mut info) = RunInfo::read(folder)? else {
        return Err(ProjectError::file(folder, "was written before runs had names and notes"));
    };
    change(&mut info);
    info.write(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(folder: &Path, text: &str) {
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(PROJECT), Project::find("xor").unwrap().to_text().unwrap()).unwrap();
        RunInfo { note: text.to_owned(), version: 1, ..RunInfo::default() }.write(folder).unwrap();
    }

    #[test]
    fn runs_are_found_read_again_when_they_change_and_put_aside_and_back() {
        let base = tempfile::tempdir().unwrap();
        let (one, two) = (base.path().join("xor-1"), base.path().join("xor-seeds-1").join("seed-42"));
        run(&one, "first");
        run(&two, "second");
        let mut known = KnownRuns::default();
        let names = |known: &mut KnownRuns| -> Vec<String> {
            known.list(base.path()).unwrap().0.iter().map(|run| run.name()).collect()
        };
        assert_eq!(names(&mut known), ["xor-1", "xor-seeds-1/seed-42"]);
        let before = known.list(base.path()).unwrap().0;
        assert!(Arc::ptr_eq(&before[0], &known.list(base.path()).unwrap().0[0]), "what has not changed is not read");
        change(&one, |info| info.name = Some("mine".to_owned())).unwrap();
        let later = SystemTime::now() + std::time::Duration::from_secs(5);
        fs::File::open(one.join(info::FILE)).unwrap().set_modified(later).unwrap();
        assert_eq!(names(&mut known), ["mine", "xor-seeds-1/seed-42"]);

        let aside = put_aside(base.path(), &two).unwrap();
        assert_eq!(names(&mut known), ["mine"]);
        bring_back(&aside, &two).unwrap();
        assert_eq!(names(&mut known).len(), 2);
        put_aside(base.path(), &one).unwrap();
        empty_deleted(base.path()).unwrap();
        empty_deleted(base.path()).unwrap();
        assert_eq!(names(&mut known), ["xor-seeds-1/seed-42"]);
        let held = Output::existing(&two).unwrap();
        assert!(put_aside(base.path(), &two).unwrap_err().to_string().contains("another training writes to it"));
        drop(held);
    }
}
