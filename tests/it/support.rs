//! What several modules need: small jobs, and real data where it is there.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, OnceLock};

use backprop_nn::Shape;
use backprop_studio::data::{Dataset, Samples, handwriting, numbered_classes};
use backprop_studio::project::Project;
use backprop_studio::train::{Event, Outcome, StepStat};
use backprop_studio::train::{Job, Run};
use serde_json::Value;

/// A few hundred written digits, made once.
pub fn small_digits() -> Arc<Dataset> {
    static DIGITS: OnceLock<Arc<Dataset>> = OnceLock::new();
    let made = DIGITS.get_or_init(|| {
        let samples = |count, seed| {
            let (pixels, labels) = handwriting::generate(count, seed);
            Samples::images(pixels, labels)
        };
        let (shape, classes) = (Shape::image(28, 28, 1), numbered_classes(10));
        Arc::new(Dataset::images("small digits", shape, classes, samples(600, 1), samples(200, 2)))
    });
    Arc::clone(made)
}

/// A preset with some settings changed, by their path in the file.
pub fn project(preset: &str, settings: &[(&str, &str)]) -> Project {
    let mut project = Project::find(preset).unwrap();
    settings.iter().for_each(|(path, value)| project.set(path, value).unwrap());
    project
}

/// The same as a job on a few hundred digits.
pub fn small_job(preset: &str, settings: &[(&str, &str)], threads: usize) -> Arc<Job> {
    Arc::new(project(preset, settings).job(small_digits(), threads).unwrap())
}

/// Everything a run says, to its end.
pub fn follow(run: &Run) -> (Vec<StepStat>, Vec<Event>, Outcome) {
    let (mut steps, mut others) = (Vec::new(), Vec::new());
    loop {
        match run.event() {
            Event::Steps(more) => steps.extend(more),
            Event::Done(outcome) => return (steps, others, outcome),
            other => others.push(other),
        }
    }
}

/// The folder of a real data set, or nothing and a line that says so. Where `BACKPROP_STRICT` is set, as in CI, a set that
/// is missing from the folder that `BACKPROP_DATA` names fails.
pub fn real_data(name: &str) -> Option<PathBuf> {
    let place = std::env::var_os("BACKPROP_DATA").map(|place| PathBuf::from(place).join(name));
    let found = place.clone().filter(|place| place.is_dir());
    let is_strict = std::env::var_os("BACKPROP_STRICT").is_some();
    assert!(found.is_some() || place.is_none() || !is_strict, "{name} is missing from BACKPROP_DATA");
    if found.is_none() {
        eprintln!("skipped: {name} is not in the folder that BACKPROP_DATA names");
    }
    found
}

pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs the program in a folder of its own, as on a machine without a display.
pub fn backprop(folder: &Path, arguments: &[&str]) -> Done {
    let program = Command::new(env!("CARGO_BIN_EXE_backprop"))
        .args(arguments)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output();
    let Output { status, stdout, stderr } = program.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
}

pub fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}
