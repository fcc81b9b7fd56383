//! The class board: each pupil's window writes one small file into a shared folder, and a teacher's window reads them all. There is no
//! server and no account; whoever may read the folder may read the files.

use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::LessonError;
use super::progress::now;
use crate::project::whole::{is_part, write_whole};
use crate::runs::RunState;

/// How the name of a file ends, behind that of the pupil.
pub const ENDING: &str = ".board.json";

/// The format that is written.
const VERSION: u32 = 1;

/// Bytes that a file has at most.
const MOST: u64 = 64 << 10;

/// Letters that a text of a file has at most.
pub const LONGEST: usize = 60;

/// Files that are read of a folder at most.
const MOST_FILES: usize = 500;

/// A file that was not written for so many milliseconds belongs to no machine any more: those of a school forget who sat there.
const FORGOTTEN: u64 = 12 * 60 * 60 * 1000;

/// How a pupil stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// The format of the file.
    pub version: u32,
    /// The name that the pupil has typed.
    pub name: String,
    /// A random word that the window has made up: another machine does not write over the file.
    pub machine: String,
    /// The version of the program.
    pub program: String,
    /// When it was written, in milliseconds since 1970 by the clock of that machine.
    pub written: u64,
    /// The name of the project that is trained.
    pub project: String,
    /// The name of its data set.
    pub data: String,
    /// The lesson that is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lesson: Option<LessonStanding>,
    /// How the run stands; nothing before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<RunState>,
    /// Epochs that are done.
    pub epoch: u32,
    /// Epochs that the run is to have.
    pub of_epochs: u32,
    /// What the run is judged by, on the validation samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<Score>,
    /// The same on the training samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training: Option<Score>,
}

/// How far a pupil is in a lesson.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LessonStanding {
    /// The title in the pupil's language.
    pub title: String,
    /// The furthest step, counted from 1.
    pub step: usize,
    /// How many steps there are.
    pub of_steps: usize,
    /// Goals that are reached.
    pub goals: usize,
    /// How many goals there are.
    pub of_goals: usize,
}

/// A metric of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Score {
    /// Subset and metric, as in the lines of a run: `validation_accuracy`.
    pub key: String,
    /// The newest value.
    pub value: f64,
    /// The best value of the run, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best: Option<f64>,
}

/// A word that tells this machine from others.
pub fn new_machine() -> String {
    // Seeded by the system, and of no meaning.
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

/// What the file of a pupil is called.
pub fn file_name(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '_' | ' ') { c } else { '-' };
    let stem: String = name.trim().chars().take(LONGEST).map(plain).collect();
    format!("{}{ENDING}", stem.trim())
}

impl Standing {
    /// Writes it into the folder, whole or not at all. A file of the same name that another machine writes stays.
    pub fn write(&self, folder: &Path) -> Result<(), LessonError> {
        let path = folder.join(file_name(&self.name));
        if !folder.is_dir() {
            return Err(LessonError::file(folder, "is no folder that can be reached from here"));
        }
        if owner(&path, self.written).is_some_and(|owner| owner != self.machine) {
            let what = "is written by another machine under the same name; leave the class board, and join it again with another name";
            return Err(LessonError::file(&path, what));
        }
        let standing = Self { version: VERSION, ..self.clone() };
        let text = serde_json::to_string_pretty(&standing).map_err(|error| LessonError::file(&path, error))?;
        write_whole(&path, (text + "\n").as_bytes()).map_err(|error| LessonError::file(&path, error))
    }

    /// Reads what a file holds, or tells what is wrong with it.
    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let fields: Value = serde_json::from_slice(bytes)
            .map_err(|error| format!("is no line of a class board, or only a part of one: {error}"))?;
        let version = fields["version"].as_u64().ok_or("is no line of a class board: it has no version")?;
        if version > VERSION.into() {
            let what = format!("is of version {version}, and this program reads up to {VERSION}; take a newer program");
            return Err(what);
        }
        let mut read: Self =
            serde_json::from_value(fields).map_err(|error| format!("is no line of a class board: {error}"))?;
        let Self { name, program, project, data, lesson, validation, training, .. } = &mut read;
        let keys = validation.iter_mut().chain(training).map(|score| &mut score.key);
        let titles = lesson.iter_mut().map(|lesson| &mut lesson.title);
        [name, program, project, data].into_iter().chain(titles).chain(keys).for_each(shorten);
        if read.name.is_empty() {
            return Err("is no line of a class board: it has no name".to_owned());
        }
        Ok(read)
    }

    /// What the pupil is compared by: the validation score, or the training score where nothing is validated.
    pub fn score(&self) -> Option<&Score> {
        self.validation.as_ref().or(self.training.as_ref())
    }
}

/// Takes away what would spoil a line of a table.
fn shorten(text: &mut String) {
    let one_line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    *text = one_line.trim().chars().take(LONGEST).collect();
}

/// The machine that a file belongs to; nothing where there is no such file, or it was written long ago.
fn owner(path: &Path, now: u64) -> Option<String> {
    let fields: Value = serde_json::from_slice(&read(path).ok()?).ok()?;
    let written = fields["written"].as_u64().unwrap_or_default();
    // Either clock may be wrong.
    (now.abs_diff(written) < FORGOTTEN).then(|| fields["machine"].as_str().map(str::to_owned))?
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // To open a pipe would wait for whoever writes into it.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("is no file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Takes the line of a pupil off the board, unless it is that of another machine.
pub fn leave(folder: &Path, name: &str, machine: &str) -> Result<(), LessonError> {
    let path = folder.join(file_name(name));
    if owner(&path, now()).is_none_or(|owner| owner != machine) {
        return Ok(());
    }
    fs::remove_file(&path).map_err(|error| LessonError::file(&path, error))
}

/// The board of a class.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Board {
    /// Everybody whose file can be read, by their files' names.
    pub pupils: Vec<Pupil>,
    /// The files that cannot be read.
    pub unread: Vec<Unread>,
}

/// A line of the board.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pupil {
    /// The name of the file.
    pub file: String,
    /// What it holds.
    pub standing: Standing,
    /// Seconds since it was written.
    pub age: u64,
}

/// A file of the board that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Its name.
    pub file: String,
    /// What is wrong with it; it follows the name.
    pub why: String,
}

/// Reads a board again and again. It finds out by its own clock how old a line is that changes meanwhile, because those of the pupils'
/// machines may be wrong.
#[derive(Debug, Default)]
pub struct Watch {
    folder: PathBuf,
    seen: BTreeMap<String, Seen>,
}

/// When a line was found.
#[derive(Debug)]
struct Seen {
    written: u64,
    /// How many seconds old it was then.
    age: u64,
    at: Instant,
}

impl Watch {
    /// Reads the files of a folder as they are now.
    pub fn read(&mut self, folder: &Path) -> Result<Board, LessonError> {
        if self.folder != folder {
            *self = Self { folder: folder.to_owned(), seen: BTreeMap::new() };
        }
        let entries = fs::read_dir(folder).map_err(|error| LessonError::file(folder, error))?;
        let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(ENDING) && !is_part(name)).collect();
        names.sort();
        names.truncate(MOST_FILES);
        let mut board = Board::default();
        for file in names {
            match read(&folder.join(&file)).map_err(|error| error.to_string()).and_then(|bytes| Standing::parse(&bytes))
            {
                Ok(standing) => {
                    let age = self.age(&file, standing.written);
                    board.pupils.push(Pupil { file, standing, age });
                }
                Err(why) => board.unread.push(Unread { file, why }),
            }
        }
        Ok(board)
    }

    fn age(&mut self, file: &str, written: u64) -> u64 {
        let at = Instant::now();
        match self.seen.get(file) {
            Some(seen) if seen.written == written => return seen.age + seen.at.elapsed().as_secs(),
            // It was written since the last look.
            Some(_) => self.seen.insert(file.to_owned(), Seen { written, age: 0, at }),
            None => {
                let age = now().saturating_sub(written) / 1000;
                self.seen.insert(file.to_owned(), Seen { written, age, at })
            }
        };
        self.seen.get(file).map_or(0, |seen| seen.age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(name: &str, machine: &str) -> Standing {
        Standing {
            version: VERSION,
            name: name.to_owned(),
            machine: machine.to_owned(),
            program: "0.1.0".to_owned(),
            written: now(),
            project: "spiral".to_owned(),
            data: "spiral".to_owned(),
            lesson: Some(LessonStanding { title: "Moons".to_owned(), step: 2, of_steps: 5, goals: 1, of_goals: 3 }),
            state: Some(RunState::Running),
            epoch: 3,
            of_epochs: 30,
            validation: Some(Score { key: "validation_accuracy".to_owned(), value: 0.875, best: Some(0.9) }),
            training: Some(Score { key: "train_accuracy".to_owned(), value: 0.9, best: None }),
        }
    }

    #[test]
    fn what_is_written_is_read_and_no_other_file_is() {
        let folder = tempfile::tempdir().unwrap();
        let ada = standing("Ada", "a");
        ada.write(folder.path()).unwrap();
        let before = Standing { lesson: None, state: None, validation: None, training: None, ..standing("Bo Li", "b") };
        before.write(folder.path()).unwrap();
        fs::write(folder.path().join("notes.json"), "{}").unwrap();
        let mut watch = Watch::default();
        let board = watch.read(folder.path()).unwrap();
        assert_eq!(board.pupils.iter().map(|pupil| &pupil.standing).collect::<Vec<_>>(), [&ada, &before]);
        assert_eq!(board.pupils[0].file, "Ada.board.json");
        assert!(board.unread.is_empty() && board.pupils[0].age < 60);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing temporary is left");
    }

    #[test]
    fn two_machines_with_one_name_do_not_write_over_each_other() {
        let folder = tempfile::tempdir().unwrap();
        standing("Ada", "a").write(folder.path()).unwrap();
        let refused = standing("Ada", "b").write(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("Ada.board.json: is written by another machine under the same name"), "{refused}");
        leave(folder.path(), "Ada", "b").unwrap();
        let first = Standing { epoch: 4, ..standing("Ada", "a") };
        first.write(folder.path()).unwrap();
        assert_eq!(Watch::default().read(folder.path()).unwrap().pupils[0].standing.epoch, 4);

        // Once the first has left, or was not seen for a day, the name is free.
        leave(folder.path(), "Ada", "a").unwrap();
        let old = Standing { written: now() - 24 * 3_600_000, ..standing("Ada", "b") };
        old.write(folder.path()).unwrap();
        standing("Ada", "a").write(folder.path()).unwrap();
        assert_eq!(Watch::default().read(folder.path()).unwrap().pupils[0].standing.machine, "a");
    }

    #[test]
    fn files_that_cannot_be_read_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let whole = serde_json::to_string(&standing("Ada", "a")).unwrap();
        let newer = whole.replace("\"version\":1", "\"version\":2");
        let cases = [
            ("half", &whole[..whole.len() / 2], "or only a part of one"),
            ("newer", &newer, "is of version 2, and this program reads up to 1"),
            ("other", "{}", "it has no version"),
            ("nobody", "{\"version\": 1, \"name\": \" \"}", "it has no name"),
            ("wrong", "{\"version\": 1, \"name\": \"Eve\", \"epoch\": \"many\"}", "is no line of a class board"),
        ];
        for (name, text, _) in cases {
            fs::write(folder.path().join(format!("{name}{ENDING}")), text).unwrap();
        }
        let board = Watch::default().read(folder.path()).unwrap();
        assert!(board.pupils.is_empty());
        for (name, _, why) in cases {
            let found = board.unread.iter().find(|unread| unread.file == format!("{name}{ENDING}")).unwrap();
            assert!(found.why.contains(why), "{found:?}");
        }
        let gone = Watch::default().read(&folder.path().join("gone")).unwrap_err().to_string();
        assert!(gone.contains("gone: "), "{gone}");
        let gone = standing("Ada", "a").write(&folder.path().join("gone")).unwrap_err().to_string();
        assert!(gone.ends_with("gone: is no folder that can be reached from here"), "{gone}");
    }

    #[test]
    fn names_are_file_names_and_stay_in_their_line() {
        assert_eq!(file_name(" Ada B. "), "Ada B-.board.json");
        assert_eq!(file_name("../../王芳"), "------王芳.board.json");
        assert_ne!(new_machine(), new_machine());
        let mut text = format!("two\nlines {}", "x".repeat(100));
        shorten(&mut text);
        assert!(text.starts_with("two lines x") && text.chars().count() == LONGEST);
    }

    #[test]
    fn a_line_that_changes_is_new_whatever_its_clock_says() {
        let mut watch = Watch::default();
        let hour = now() - 3_600_000;
        assert!((3600..3660).contains(&watch.age("Ada", hour)) && (3600..3660).contains(&watch.age("Ada", hour)));
        assert!(watch.age("Ada", hour + 1) < 60);
        assert_eq!(watch.age("Bo", now() + 3_600_000), 0);
    }
}
