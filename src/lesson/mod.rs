//! Lessons: cards in several languages, a project, and steps with a question, a goal and hints.
//!
//! | file | question |
//! |---|---|
//! | [`files`] | where a lesson lies: a folder, a packed file, or the program |
//! | [`cards`], [`markdown`], [`formula`] | what its cards say |
//! | [`plan`], [`condition`] | what its steps do, and when a goal is reached |
//! | [`built_in`] | the lessons that come with the program |
//! | [`check`], [`solve`] | what is wrong with one, and whether its solutions reach its goals |
//! | [`progress`] | how far a pupil is |
//! | [`handin`], [`grade`] | what a pupil hands in, and what comes of it |
//! | [`draft`] | a lesson that is being written |
//! | [`board`], [`class`] | how each pupil of a class stands, from files in a shared folder |

pub mod board;
pub mod built_in;
pub mod cards;
pub mod check;
pub mod class;
pub mod condition;
pub mod draft;
pub mod files;
pub mod formula;
pub mod grade;
pub mod handin;
pub mod markdown;
pub mod plan;
pub mod progress;
pub mod solve;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use crate::project::Project;

pub use cards::{Card, Cards, Question};
pub use condition::{Condition, Figures};
pub use files::Files;
pub use plan::{Plan, StepPlan};

/// The file of what a lesson does.
pub const PLAN: &str = "lesson.json";
/// The file of its cards in English.
pub const CARDS: &str = "lesson.md";

/// The language that a lesson has in any case.
pub const ENGLISH: &str = "en";

/// Endings of pictures that a card may show.
pub const PICTURES: [&str; 5] = ["png", "jpg", "jpeg", "gif", "webp"];

/// Something that is wrong with a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong, and the remedy; it follows file and line.
    pub what: String,
}

impl Fault {
    fn at(file: &str, line: usize, what: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// Why a lesson cannot be opened or written.
#[derive(Debug, thiserror::Error)]
pub enum LessonError {
    /// A file or folder cannot be read or written.
    #[error("{}: {what}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The lesson itself is wrong.
    #[error("the lesson {name} cannot be used: {fault}; `backprop lesson check` tells all that is wrong with it")]
    Wrong {
        /// Its name.
        name: String,
        /// The first thing that is wrong.
        fault: Fault,
    },
    /// There is no such lesson.
    #[error(
        "there is no lesson {0:?}; `backprop lesson list` shows those of the program, and a folder or a file holds another"
    )]
    Unknown(String),
}

impl LessonError {
    fn file(path: &Path, what: impl ToString) -> Self {
        Self::File { path: path.to_owned(), what: what.to_string() }
    }
}

/// A lesson that can be used.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// The name of its folder or file.
    pub name: String,
    /// Where it was read from; nothing for one of the program.
    pub place: Option<PathBuf>,
    /// A digest of its files, which tells it from another version.
    pub digest: String,
    /// How long it takes.
    pub minutes: u32,
    /// The project that it begins with.
    pub project: Project,
    /// What its steps do.
    pub steps: Vec<StepPlan>,
    /// The cards by the code of their language; there is a card for each step.
    cards: BTreeMap<String, Cards>,
    pictures: BTreeMap<String, Vec<u8>>,
}

impl Lesson {
    /// One of the program by its name, or a folder or a packed file by its path.
    pub fn find(name_or_path: &str) -> Result<Self, LessonError> {
        Self::of(&Files::find(name_or_path)?)
    }

    /// Opens a folder or a packed file.
    pub fn open(path: &Path) -> Result<Self, LessonError> {
        Self::of(&Files::read(path)?)
    }

    /// Reads the files of a lesson, in which nothing may be wrong that would keep a pupil from a step.
    pub fn of(files: &Files) -> Result<Self, LessonError> {
        let read = check::read(files);
        if let Some(fault) = read.faults.into_iter().next() {
            return Err(LessonError::Wrong { name: files.name.clone(), fault });
        }
        let (Some(plan), Some(mut project)) = (read.plan, read.project) else {
            return Err(LessonError::Unknown(files.name.clone()));
        };
        if let Some(folder) = files.folder()? {
            project.data.source = project.data.source.found_in(&folder);
        }
        let is_picture =
            |name: &&str| PICTURES.iter().any(|ending| name.to_lowercase().ends_with(&format!(".{ending}")));
        let picture = |name: &str| Some((name.to_owned(), files.get(name)?.to_vec()));
        Ok(Self {
            name: files.name.clone(),
            place: files.place.clone(),
            digest: files.digest(),
            minutes: plan.minutes,
            project,
            steps: plan.steps,
            cards: read.cards,
            pictures: files.names().filter(is_picture).filter_map(picture).collect(),
        })
    }

    /// By what [`Self::find`] finds it again.
    pub fn address(&self) -> String {
        self.place.as_ref().map_or_else(|| self.name.clone(), |place| place.to_string_lossy().into_owned())
    }

    /// The cards in a language, or in English, or in the one that there is.
    pub fn cards(&self, language: &str) -> &Cards {
        static NONE: Cards = Cards { title: String::new(), about: String::new(), cards: Vec::new() };
        let found = self.cards.get(language).or_else(|| self.cards.get(ENGLISH));
        found.or_else(|| self.cards.values().next()).unwrap_or(&NONE)
    }

    /// The card of a step in a language.
    pub fn card(&self, language: &str, step: usize) -> Option<&Card> {
        self.cards(language).cards.get(step)
    }

    /// The codes of its languages.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.cards.keys().map(String::as_str)
    }

    /// The right choice of a step's question, if it has one.
    pub fn right_choice(&self, step: usize) -> Option<usize> {
        Some(self.cards(ENGLISH).cards.get(step)?.question.as_ref()?.right)
    }

    /// A picture of its cards.
    pub fn picture(&self, name: &str) -> Option<&[u8]> {
        self.pictures.get(name).map(Vec::as_slice)
    }

    /// The project as it is when every step up to this one has begun, and each before it was solved as its solution says.
    pub fn project_at(&self, step: usize) -> Result<Project, String> {
        plan::project_at(&self.project, &self.steps, step)
    }
}
