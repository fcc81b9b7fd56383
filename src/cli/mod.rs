//! The command line. Each command is one file, and a line in the list below.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::error::ErrorKind;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::data::{DataError, Dataset, Lookup, sources};
use crate::language::{self, LANGUAGES, Language, tr};
use crate::lesson::files::is_lesson;
use crate::project::run_folder::PROJECT;
use crate::project::{Project, ProjectError, RunFolder};
use crate::train::metrics::THRESHOLD;
use backprop_nn::kernels::without_vectors;

mod bench;
mod check;
mod compare;
mod compress;
mod data;
mod encrypt;
mod evaluate;
mod export;
mod find_rate;
mod folds;
mod generate;
mod glossary;
mod help;
mod import;
mod importance;
mod init;
mod lesson;
mod new;
mod output;
mod predict;
mod presets;
mod repeat;
mod report;
mod runs;
mod seeds;
mod serve;
mod sweep;
mod terminal;
mod train;
mod trials;

/// Assemble neural networks, train them, watch them learn, and draw digits that they read.
#[derive(Debug, Parser)]
#[command(name = "backprop", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The language of the program, en or zh; otherwise that of the environment (LANG)
    #[arg(long, global = true, value_name = "CODE", value_parser = language)]
    lang: Option<&'static Language>,

    /// A preset's name, a project file, a run folder or data, to open in the studio
    project: Option<String>,
}

/// The commands: a variant for each, named as its arguments are, and what carries it out.
macro_rules! commands {
    ($($module:ident::$name:ident,)+) => {
        #[derive(Debug, Subcommand)]
        enum Command {
            $($name($module::$name),)+
        }

        impl Command {
            fn run(&self) -> Result<(), CliError> {
                match self {
                    $(Self::$name(command) => command.run(),)+
                }
            }
        }
    };
}

// THE LIST of commands, in the order of the help. What each does is said where its arguments are.
commands! {
    presets::Presets,
    data::Data,
    check::Check,
    new::New,
    init::Init,
    find_rate::FindRate,
    train::Train,
    compare::Compare,
    sweep::Sweep,
    runs::Runs,
    evaluate::Evaluate,
    predict::Predict,
    serve::Serve,
    generate::Generate,
    compress::Compress,
    export::Export,
    import::Import,
    report::Report,
    encrypt::Encrypt,
    encrypt::Decrypt,
    lesson::Lesson,
    glossary::Glossary,
    bench::Bench,
}

/// Why a command ended early; decides the exit code.
#[derive(Debug, thiserror::Error)]
enum CliError {
    /// What was asked for makes no sense: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// What was asked for could not be done: exit code 1.
    #[error("{0}")]
    Failed(String),
    /// The loss stopped being a number: exit code 3.
    #[error("{0}")]
    Diverged(String),
    /// Standard output is closed, or its disk is full: exit code 1.
    #[error("a result could not be written to standard output: {0}")]
    Output(io::Error),
}

impl CliError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(_) | Self::Output(_) => 1,
            Self::Usage(_) => 2,
            Self::Diverged(_) => 3,
        }
    }
}

impl From<ProjectError> for CliError {
    fn from(error: ProjectError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<DataError> for CliError {
    fn from(error: DataError) -> Self {
        match error {
            DataError::UnknownSource { .. } | DataError::Text(_) | DataError::Option { .. } => {
                Self::Usage(error.to_string())
            }
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// Reads the arguments, carries them out and says how it went.
pub fn main() -> ExitCode {
    language::speak(asked_language().unwrap_or_else(Language::of_the_user));
    let Arguments { command, project, .. } = parse().unwrap_or_else(|error| refuse(&error));
    log_to_standard_error();
    if std::env::var_os("BACKPROP_VECTORS").is_some_and(|vectors| vectors == "none") {
        without_vectors();
    }
    let done = match command {
        None => open(project.as_deref()),
        Some(command) => command.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// The language that the arguments name. The help and what is wrong with the arguments are told in it as well, so that it is
/// looked for before they are read.
fn asked_language() -> Option<&'static Language> {
    let arguments: Vec<String> = std::env::args_os().filter_map(|argument| argument.into_string().ok()).collect();
    let value = |at: usize| match arguments[at].strip_prefix("--lang")? {
        "" => arguments.get(at + 1).cloned(),
        value => value.strip_prefix('=').map(str::to_owned),
    };
    (1..arguments.len()).find_map(value).and_then(|name| Language::find(&name))
}

fn language(name: &str) -> Result<&'static Language, String> {
    let codes: Vec<&str> = LANGUAGES.iter().map(|language| language.code).collect();
    Language::find(name).ok_or_else(|| format!("the languages are {}", codes.join(", ")))
}

fn parse() -> Result<Arguments, clap::Error> {
    let mut command = Arguments::command();
    if language::current().catalog().is_some() {
        // The parser adds its own options when it is built.
        command.build();
        command = help::translated(command);
    }
    let arguments = Arguments::from_arg_matches(&command.try_get_matches_from_mut(std::env::args_os())?)?;
    match (&arguments.command, &arguments.project) {
        (Some(_), Some(project)) => {
            let what = format!("{project} is neither a command nor an option of one");
            Err(command.error(ErrorKind::ArgumentConflict, tr(what)))
        }
        _ => Ok(arguments),
    }
}

fn complain(error: &CliError) {
    // Standard error may be closed too, and then there is nobody left to tell.
    let _ = writeln!(io::stderr(), "backprop: {}", tr(error.to_string()));
}

/// Says what is wrong with the arguments, or the help that was asked for, and ends the program.
fn refuse(error: &clap::Error) -> ! {
    let broken = std::env::args_os().find(|argument| argument.to_str().is_none());
    if let (ErrorKind::InvalidUtf8, Some(argument)) = (error.kind(), broken) {
        let remedy = "a name of a run or of a source is text; rename the file, or name the folder that it is in";
        let _ = writeln!(io::stderr(), "backprop: {argument:?} is not UTF-8: {remedy}");
        std::process::exit(CliError::Usage(String::new()).exit_code().into());
    }
    if error.use_stderr() {
        if language::current().catalog().is_some() {
            let _ = write!(io::stderr(), "{}", help::refusal(error));
            std::process::exit(error.exit_code());
        }
        error.exit();
    }
    if let Err(error) = output::into_open(|| error.print()).map_err(CliError::Output) {
        complain(&error);
        std::process::exit(error.exit_code().into());
    }
    std::process::exit(0)
}

/// A path for people and for scripts: bytes that are not UTF-8 are written out, so that two paths never look alike.
fn shown(path: &Path) -> String {
    path.to_str().map_or_else(|| format!("{path:?}").trim_matches('"').to_owned(), str::to_owned)
}

/// `BACKPROP_LOG=debug` tells more; standard output stays for results.
fn log_to_standard_error() {
    let filter =
        EnvFilter::try_from_env("BACKPROP_LOG").unwrap_or_else(|_| EnvFilter::new("error,backprop_studio=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
}

/// Opens the studio, or does its main job in the terminal where no window can be shown.
fn open(name_or_path: Option<&str>) -> Result<(), CliError> {
    if let Some(lesson) = name_or_path.filter(|path| is_lesson(Path::new(path))) {
        return lesson::open(lesson);
    }
    let mut project = name_or_path.map(new::find).transpose()?;
    // The window may be opened from another folder the next time.
    if let (Some(project), Ok(folder)) = (&mut project, std::env::current_dir()) {
        project.data.source = project.data.source.in_folder(&folder);
    }
    // Data have no project file yet.
    let path = name_or_path.filter(|name| sources::of_name(name).is_none()).map(PathBuf::from);
    let path = path.filter(|path| path.is_file());
    // A run is shown with its weights.
    let run = name_or_path.filter(|path| Path::new(path).join(PROJECT).is_file());
    let reason = match show(project.clone().map(|project| (project, path)), run) {
        Ok(()) => return Ok(()),
        Err(reason) => reason,
    };
    let project = project.unwrap_or_default();
    say(format_args!("{reason}: training {} in the terminal (backprop --help lists the commands).", project.name))?;
    train::train_in_terminal(&project)
}

#[cfg(feature = "gui")]
fn show(project: Option<(Project, Option<PathBuf>)>, first: Option<&str>) -> Result<(), String> {
    let has_display =
        ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|v| !v.is_empty()));
    if cfg!(target_os = "linux") && !has_display {
        return Err("There is no display".to_owned());
    }
    crate::ui::run(project, first, asked_language()).map_err(|error| {
        tracing::debug!("no window: {error}");
        "No window can be opened here".to_owned()
    })
}

#[cfg(not(feature = "gui"))]
fn show(_: Option<(Project, Option<PathBuf>)>, _: Option<&str>) -> Result<(), String> {
    Err("This is the build without a window".to_owned())
}

/// The data of a project that was found by its name or path.
fn load_data(project: &Project, name_or_path: &str) -> Result<Arc<Dataset>, DataError> {
    let lookup = Lookup { folder: Project::folder_of(name_or_path), ..Lookup::default() };
    project.data.load(&lookup).map(Arc::new)
}

/// Puts values into a project by their paths, `training.optimizer.momentum=0.9`.
fn set_all(project: &mut Project, pairs: &[String]) -> Result<(), CliError> {
    pairs.iter().try_for_each(|pair| {
        let usage = || CliError::Usage(format!("--set {pair}: expected KEY=VALUE"));
        let (path, value) = pair.split_once('=').ok_or_else(usage)?;
        project.set(path, value).map_err(|error| CliError::Usage(error.to_string()))
    })
}

/// Ctrl+C ends what is trained after its batch, and what there is of it is kept; a second one ends the program.
fn on_interrupt() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        tracing::warn!("Ctrl+C will end the run without saving it: {error}");
    }
    interrupted
}

/// The probability from which the second of two classes is predicted: what was asked for, or what the run has.
fn threshold_of(asked: Option<f32>, run: &RunFolder) -> Result<f32, CliError> {
    let known = run.threshold();
    match (asked, known) {
        (Some(_), None) => {
            let what = format!("--threshold is for two classes, and this run has {}", run.data.task.classes().len());
            Err(CliError::Usage(what))
        }
        (Some(asked), Some(_)) => Ok(asked),
        (None, _) => Ok(known.unwrap_or(THRESHOLD)),
    }
}

/// A probability.
fn probability(text: &str) -> Result<f32, String> {
    let number = text.parse::<f32>().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "a probability lies between 0 and 1".to_owned())
}

/// The help of every option that takes a source.
fn source_help() -> String {
    format!("Where the samples come from: {}", sources::usage())
}

/// One line beside the results, on standard error.
fn note(line: impl std::fmt::Display) {
    // Results do not depend on whether somebody reads the notes.
    let _ = writeln!(io::stderr(), "{}", output::translated(&line.to_string()));
}

/// One line on standard output.
fn say(line: impl std::fmt::Display) -> Result<(), CliError> {
    output::print(line).map_err(CliError::Output)
}
