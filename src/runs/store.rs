//! Which runs there are: the folders are the truth.

use std::fs;
use std::path::{Path, PathBuf};

use super::history;
use super::info::{RunInfo, RunState};
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
    /// The last values of its metrics, by their keys, in the order of the file.
    pub results: Vec<(String, f64)>,
}

impl StoredRun {
    /// Reads a run folder.
    pub fn read(folder: &Path) -> Result<Self, ProjectError> {
        let project = Project::open(&folder.join(PROJECT))?;
        let info = RunInfo::read(folder)?;
        let is_live = Output::is_held(folder);
        let mut results: Vec<(String, f64)> = Vec::new();
        for line in history::read(folder)? {
            if !matches!(line["event"].as_str(), Some("epoch" | "done")) {
                continue;
            }
            for (key, value) in line.as_object().into_iter().flatten() {
                let is_metric = ["train_", "validation_", "test_"].iter().any(|part| key.starts_with(part));
                let Some(value) = value.as_f64().filter(|_| is_metric) else { continue };
                match results.iter_mut().find(|(known, _)| known == key) {
                    Some((_, known)) => *known = value,
                    None => results.push((key.clone(), value)),
                }
            }
        }
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
    GROUPS.iter().any(|kind| has(kind))
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
pub fn list(base: &Path) -> Result<(Vec<StoredRun>, Vec<ProjectError>), ProjectError> {
    let entries = fs::read_dir(base).map_err(|error| ProjectError::file(base, error))?;
    let below = |folder: &Path| {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect::<Vec<_>>()
    };
    // A folder that is no run may hold those of a search or of several seeds.
    let is_run = |path: &Path| path.join(PROJECT).is_file();
    let runs_of = |path: PathBuf| -> Vec<PathBuf> { if is_run(&path) { vec![path] } else { below(&path) } };
    let folders = entries.flatten().flat_map(|entry| runs_of(entry.path())).filter(|path| is_run(path));
    let (mut runs, mut unread) = (Vec::new(), Vec::new());
    for folder in folders {
        match StoredRun::read(&folder) {
            Ok(run) => runs.push(run),
            Err(error) => unread.push(error),
        }
    }
    let started = |run: &StoredRun| run.info.as_ref().map_or(0, |info| info.started);
    runs.sort_by(|a, b| started(b).cmp(&started(a)).then_with(|| a.folder.cmp(&b.folder)));
    Ok((runs, unread))
}
