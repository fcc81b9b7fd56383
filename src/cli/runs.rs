use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::terminal::{grouped, significant};
use super::{CliError, note, say};
use crate::project::{Output, presets, run_folder};
use crate::runs::RunInfo;
use crate::runs::compare::{difference, settings, that_differ};
use crate::runs::store::{self, StoredRun};

/// List runs, show and compare them, name or delete them
#[derive(Debug, Args)]
pub struct Runs {
    #[command(subcommand)]
    command: Option<Action>,
    /// The folder with the runs
    #[arg(long = "in", value_name = "DIR", default_value = run_folder::RUNS, global = true)]
    base: PathBuf,
    /// One JSON object a line
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// All runs, the newest first, with the settings in which they differ; what is done without a word
    List,
    /// Everything that is known of a run
    Show {
        /// A run folder, or the name of one
        run: String,
    },
    /// Give a run a name
    Rename {
        /// A run folder, or the name of one
        run: String,
        /// The name
        name: String,
    },
    /// Note something about a run; an empty text takes the note away
    Note {
        /// A run folder, or the name of one
        run: String,
        /// The note
        text: String,
    },
    /// Delete runs
    Delete {
        /// Run folders, or their names
        #[arg(required = true)]
        runs: Vec<String>,
    },
    /// What turns a run into another: settings and layers
    Diff {
        /// The one run
        from: String,
        /// The other
        to: String,
    },
}

/// What stands for how good a run is, the first that it has.
const RESULTS: &[&str] = &[
    "test_accuracy",
    "validation_accuracy",
    "test_rmse",
    "validation_rmse",
    "test_loss",
    "validation_loss",
    "train_loss",
];

/// Settings in which runs differ, of which so many have room in a line.
const SHOWN: usize = 4;

impl Runs {
    pub fn run(&self) -> Result<(), CliError> {
        match &self.command {
            None | Some(Action::List) => self.list(),
            Some(Action::Show { run }) => self.show(&self.find(run)?),
            Some(Action::Rename { run, name }) => self.change(run, |info| info.name = Some(name.clone())),
            Some(Action::Note { run, text }) => self.change(run, |info| info.note.clone_from(text)),
            Some(Action::Delete { runs }) => runs.iter().try_for_each(|run| self.delete(run)),
            Some(Action::Diff { from, to }) => {
                let told = difference(&self.find(from)?.project, &self.find(to)?.project);
                if self.json {
                    return say(json!(told));
                }
                match told.is_empty() {
                    true => say("the settings and layers are the same"),
                    false => told.iter().try_for_each(say),
                }
            }
        }
    }

    fn list(&self) -> Result<(), CliError> {
        if !self.base.is_dir() {
            note(format_args!("there are no runs in {}; `backprop train` makes some", self.base.display()));
            return Ok(());
        }
        let (runs, unread) = store::list(&self.base)?;
        unread.iter().for_each(|error| note(format_args!("left out: {error}")));
        let projects: Vec<_> = runs.iter().map(|run| &run.project).collect();
        let differ = that_differ(&projects);
        for run in &runs {
            if self.json {
                say(to_json(run))?;
                continue;
            }
            let own = settings(&run.project);
            let value = |name: &String| own.iter().find(|it| it.0 == *name).map(|it| format!("{name} {}", it.1));
            let shown: Vec<_> = differ.iter().filter_map(value).take(SHOWN).collect();
            say(format_args!(
                "{:32} {:11} {:>9}  {:28} {}",
                run.name(),
                run.state(),
                epochs_of(run),
                result_of(run).unwrap_or_default(),
                shown.join(", ")
            ))?;
        }
        Ok(())
    }

    fn show(&self, run: &StoredRun) -> Result<(), CliError> {
        if self.json {
            return say(to_json(run));
        }
        say(format_args!("{}, {} after {} epochs", run.name(), run.state(), epochs_of(run)))?;
        if let Some(info) = &run.info {
            say(format_args!("step {}, {:.1} s on {}", grouped(info.step as usize), info.seconds, info.processor))?;
            say(format_args!("seed {}, data {}, program {}", info.seed, info.data, info.program))?;
            if !info.note.is_empty() {
                say(&info.note)?;
            }
        }
        if let Some(epoch) = run.info.as_ref().and_then(|info| info.best_epoch) {
            say(format_args!("early stopping restored the weights of epoch {epoch}, which have these results:"))?;
        }
        for (key, value) in &run.results {
            say(format_args!("{key:28} {}", significant(*value)))?;
        }
        for (name, value) in settings(&run.project) {
            say(format_args!("{name:28} {value}"))?;
        }
        run.project.model.layers.iter().try_for_each(say)
    }

    /// Changes what is noted about a run that no program writes to.
    fn change(&self, run: &str, change: impl FnOnce(&mut RunInfo)) -> Result<(), CliError> {
        Ok(store::change(&self.find(run)?.folder, change)?)
    }

    fn delete(&self, run: &str) -> Result<(), CliError> {
        let run = self.find(run)?;
        drop(Output::existing(&run.folder)?);
        std::fs::remove_dir_all(&run.folder)
            .map_err(|error| CliError::Failed(format!("{}: {error}", run.folder.display())))
    }

    fn find(&self, name: &str) -> Result<StoredRun, CliError> {
        let missing = || CliError::Failed(format!("{name}: there is no such run; `backprop runs` lists them"));
        find(&self.base, name)?.ok_or_else(missing)
    }
}

/// A run by its folder, the name of its folder below this one, or the name that somebody gave it.
fn find(base: &Path, name: &str) -> Result<Option<StoredRun>, CliError> {
    let is_run = |folder: &Path| folder.join(run_folder::PROJECT).is_file();
    let folders = [PathBuf::from(name), base.join(name)];
    if let Some(folder) = folders.iter().find(|folder| is_run(folder)) {
        return Ok(Some(StoredRun::read(folder)?));
    }
    let (runs, _) = if base.is_dir() { store::list(base)? } else { Default::default() };
    let named: Vec<_> = runs.into_iter().filter(|run| run.name() == name).collect();
    match &named[..] {
        [] => Ok(None),
        [run] => Ok(Some(StoredRun::clone(run))),
        several => {
            let folders: Vec<_> = several.iter().map(|run| run.folder.display().to_string()).collect();
            Err(CliError::Failed(format!("{name}: several runs have this name; say which: {}", folders.join(", "))))
        }
    }
}

/// What a command takes for a run or a project: the folder of the run that is listed under this word, where nothing else has that name,
/// and otherwise the word itself.
pub fn run_or_word(word: &str) -> Result<String, String> {
    if word == run_folder::PRETRAINED || presets::find(word).is_some() || Path::new(word).exists() {
        return Ok(word.to_owned());
    }
    let run = find(Path::new(run_folder::RUNS), word).map_err(|error| error.to_string())?;
    Ok(run.map_or_else(|| word.to_owned(), |run| run.folder.to_string_lossy().into_owned()))
}

/// "7/20"
fn epochs_of(run: &StoredRun) -> String {
    let of = run.project.training.epochs;
    run.info.as_ref().map_or_else(|| of.to_string(), |info| format!("{}/{of}", info.epochs))
}

fn result_of(run: &StoredRun) -> Option<String> {
    let (key, value) = RESULTS.iter().find_map(|key| run.results.get_key_value(*key))?;
    Some(format!("{} {}", key.replace('_', " "), significant(*value)))
}

fn to_json(run: &StoredRun) -> serde_json::Value {
    json!({
        "folder": run.folder,
        "name": run.name(),
        "state": run.state(),
        "info": run.info,
        "results": run.results,
        "project": run.project,
    })
}
