use std::collections::HashMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{CliError, note, say};
use crate::language;
use crate::lesson::board::Watch;
use crate::lesson::class::{self, Order, age_text, key_text, score_text, state_text, value_text};
use crate::lesson::files::ENDING;
use crate::lesson::grade::{Proof, grade};
use crate::lesson::handin::HandIn;
use crate::lesson::solve::Solver;
use crate::lesson::{self as lessons, Files, LessonError, built_in, check};
use crate::project::whole::write_whole;

/// List, check, pack and open lessons, and grade what pupils hand in
#[derive(Debug, Args)]
pub struct Lesson {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The lessons that come with the program
    List,
    /// Tell what is wrong with lessons, train their solutions and tell whether each reaches its goal
    Check {
        /// Folders, packed files, or names of the program's lessons; all of those where none is named
        lessons: Vec<String>,
        /// Train no solution
        #[arg(long)]
        no_training: bool,
        /// Seeds to train each solution with, beginning with that of the project
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100))]
        seeds: u64,
    },
    /// A table of what pupils have handed in, each network evaluated again
    Grade {
        /// Files that the window has written with Hand in
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The folder or packed file of the lesson, where it is none of the program's
        #[arg(long, value_name = "LESSON")]
        lesson: Option<String>,
    },
    /// A table of how each pupil of a class stands, from the files that their windows write into a shared folder
    Board {
        /// The shared folder
        folder: PathBuf,
        /// Sort by value, the best first
        #[arg(long)]
        by_value: bool,
    },
    /// Pack a lesson into one file
    Pack {
        /// The folder of the lesson
        folder: PathBuf,
        /// The file [default: the folder's name with the ending .lesson]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Open a lesson in the window
    Open {
        /// A folder, a packed file, or the name or number of one of the program's lessons
        lesson: String,
    },
}

impl From<LessonError> for CliError {
    fn from(error: LessonError) -> Self {
        match error {
            LessonError::Unknown(_) => Self::Usage(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl Lesson {
    pub fn run(&self) -> Result<(), CliError> {
        match &self.action {
            Action::List => list(),
            Action::Check { lessons, no_training, seeds } => check_all(lessons, if *no_training { 0 } else { *seeds }),
            Action::Grade { files, lesson } => grade_all(files, lesson.as_deref()),
            Action::Board { folder, by_value } => board(folder, *by_value),
            Action::Pack { folder, out } => pack(folder, out.as_ref()),
            Action::Open { lesson } => open(lesson),
        }
    }
}

fn list() -> Result<(), CliError> {
    for name in built_in::names() {
        let lesson = lessons::Lesson::find(name)?;
        let cards = lesson.cards(language::code());
        say(format_args!("{name}  {} min  {}\n    {}", lesson.minutes, cards.title, cards.about.replace('\n', " ")))?;
    }
    Ok(())
}

fn check_all(lessons: &[String], seeds: u64) -> Result<(), CliError> {
    let names: Vec<String> =
        if lessons.is_empty() { built_in::names().map(str::to_owned).collect() } else { lessons.to_vec() };
    let (mut wrong, mut solver) = (0, Solver::default());
    for name in &names {
        wrong += check_one(name, seeds, &mut solver)?;
    }
    match wrong {
        0 => Ok(()),
        1 => Err(CliError::Failed("1 error, see above".to_owned())),
        count => Err(CliError::Failed(format!("{count} errors, see above"))),
    }
}

/// Tells what is wrong with a lesson, and what its solutions reach; how much is wrong.
fn check_one(name: &str, seeds: u64, solver: &mut Solver) -> Result<usize, CliError> {
    let files = Files::find(name)?;
    let read = check::read(&files);
    let place = files.place.as_ref().map_or(files.name.clone(), |place| super::shown(place));
    for fault in &read.faults {
        say(format_args!("{place}/{fault}"))?;
    }
    let Ok(lesson) = lessons::Lesson::of(&files) else { return Ok(read.faults.len()) };
    let languages: Vec<&str> = lesson.languages().collect();
    say(format_args!("{place}: {} steps in {}, nothing wrong in the files", lesson.steps.len(), languages.join(", ")))?;
    let mut wrong = 0;
    for (at, step) in lesson.steps.iter().enumerate().filter(|(_, step)| step.solution.is_some()) {
        for seed in 0..seeds {
            let seed = lesson.project.training.seed.wrapping_add(seed);
            let told = match solver.solve(&lesson, at, Some(seed)) {
                Ok(solved) => {
                    wrong += usize::from(!solved.is_reached);
                    let is_reached = if solved.is_reached { "reached" } else { "NOT reached" };
                    format!("goal {is_reached}: {}", solved.told(&step.goal).join(", "))
                }
                Err(why) => {
                    wrong += 1;
                    format!("the solution cannot be trained: {why}")
                }
            };
            let seed = if seeds > 1 { format!(", seed {seed}") } else { String::new() };
            say(format_args!("{place}: step {}{seed}, {told}", at + 1))?;
        }
    }
    Ok(wrong)
}

fn grade_all(files: &[PathBuf], lesson: Option<&str>) -> Result<(), CliError> {
    let given = lesson.map(lessons::Lesson::find).transpose()?;
    let mut lessons: HashMap<String, lessons::Lesson> = HashMap::new();
    let (mut solver, mut rows, mut copies) = (Solver::default(), Vec::new(), HashMap::<String, Vec<String>>::new());
    let mut unread = 0;
    for path in files {
        let handin = match HandIn::read(path) {
            Ok(handin) => handin,
            Err(error) => {
                unread += 1;
                note(error);
                continue;
            }
        };
        let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        copies.entry(handin.fingerprint()).or_default().push(file.clone());
        let name = &handin.progress.lesson;
        if given.is_none() && !lessons.contains_key(name) {
            lessons.insert(name.clone(), lessons::Lesson::find(name)?);
        }
        let Some(lesson) = given.as_ref().or_else(|| lessons.get(name)) else { continue };
        let is_version = lesson.digest == handin.progress.digest;
        let found = grade(&handin, lesson, &mut solver);
        let proof = match found.proof {
            Proof::Holds(what) => format!("confirmed: {what}"),
            Proof::Fails(what) => format!("DOES NOT HOLD: {what}"),
            Proof::None(why) => why,
        };
        let skipped: Vec<String> = handin.progress.skipped().iter().map(usize::to_string).collect();
        let of = |(part, all): (usize, usize)| format!("{part}/{all}");
        rows.push(vec![
            handin.name.clone(),
            if is_version { name.clone() } else { format!("{name} (another version)") },
            of(found.answers),
            of(found.goals),
            if skipped.is_empty() { "–".to_owned() } else { skipped.join(",") },
            handin.progress.hints().to_string(),
            format!("{} min", found.minutes),
            proof,
        ]);
    }
    let head = ["name", "lesson", "answers right", "goals reached", "skipped", "hints", "time", "network"];
    for line in aligned(&head, &rows) {
        say(line)?;
    }
    for same in copies.values().filter(|files| files.len() > 1) {
        say(format_args!("identical: {}", same.join(", ")))?;
    }
    if unread > 0 { Err(CliError::Failed(format!("{unread} of the files could not be read"))) } else { Ok(()) }
}

fn board(folder: &std::path::Path, by_value: bool) -> Result<(), CliError> {
    let mut board = Watch::default().read(folder)?;
    class::sort(&mut board.pupils, if by_value { Order::Value } else { Order::Name });
    let key = class::summary(&board.pupils).map_or_else(String::new, |summary| summary.key);
    let of = |part: usize, all: usize| if all == 0 { "–".to_owned() } else { format!("{part}/{all}") };
    let rows = board.pupils.iter().map(|pupil| {
        let standing = &pupil.standing;
        let (lesson, score) = (standing.lesson.clone().unwrap_or_default(), standing.score());
        let best = score.and_then(|score| Some(value_text(&score.key, score.best?)));
        let nothing = || "–".to_owned();
        vec![
            standing.name.clone(),
            of(lesson.step, lesson.of_steps),
            of(lesson.goals, lesson.of_goals),
            of(standing.epoch as usize, standing.of_epochs as usize),
            score.map_or_else(nothing, |score| score_text(score, &key)),
            best.unwrap_or_else(nothing),
            state_text(standing.state).to_owned(),
            age_text(pupil.age),
        ]
    });
    let what = if key.is_empty() { "value".to_owned() } else { key_text(&key) };
    let head = ["name", "lesson step", "goals reached", "epoch", &what, "best", "state", "written"];
    for line in aligned(&head, &rows.collect::<Vec<_>>()) {
        say(line)?;
    }
    say(class::sentence(&board.pupils, |pupil| pupil.standing.name.clone()))?;
    board.unread.iter().for_each(|unread| note(format_args!("{}: {}", unread.file, unread.why)));
    match board.unread.len() {
        0 => Ok(()),
        unread => Err(CliError::Failed(format!("{unread} of the files could not be read"))),
    }
}

/// Lines of a table whose columns stand one below the other.
fn aligned(head: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let count = |text: &str| text.chars().count();
    let width = |at: usize| rows.iter().map(|row| count(&row[at])).chain([count(head[at])]).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| -> String {
        let cells = cells.zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let first = line(&mut head.iter().copied());
    std::iter::once(first).chain(rows.iter().map(|row| line(&mut row.iter().map(String::as_str)))).collect()
}

fn pack(folder: &std::path::Path, out: Option<&PathBuf>) -> Result<(), CliError> {
    let files = Files::read(folder)?;
    // What nobody can open must not be handed out.
    lessons::Lesson::of(&files)?;
    let path = out.cloned().unwrap_or_else(|| PathBuf::from(format!("{}.{ENDING}", files.name)));
    let bytes = files.packed()?;
    write_whole(&path, &bytes).map_err(|error| CliError::Failed(format!("{}: {error}", super::shown(&path))))?;
    say(format_args!("packed {} files as {}", files.names().count(), super::shown(&path)))
}

/// Opens the window with a lesson. Its errors are printed in the terminal, before the window opens.
pub(super) fn open(name: &str) -> Result<(), CliError> {
    lessons::Lesson::find(name)?;
    super::show(None, Some(name)).map_err(|why| CliError::Failed(format!("{why}: a lesson needs one")))
}
