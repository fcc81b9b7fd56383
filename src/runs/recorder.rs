//! Writes a run folder while the network learns. Whatever ends the program, the folder holds the project, the lines so far, the last
//! checkpoint and its weights. A folder that was deleted meanwhile is written anew, and one that cannot be written at the end has its run
//! saved elsewhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::checkpoint_file::{decode, encode};
use super::info::{Parent, RunInfo, RunKind, RunState, fingerprint};
use super::line_file::LineFile;
use super::{history, info};
use crate::project::run_folder::{DATA, METRICS, PROJECT, START, WEIGHTS, data_record, save_weights, weights_to_bytes};
use crate::project::whole::{clean, in_words, write_whole};
use crate::project::{CheckpointSettings, Output, Project, ProjectError};
use crate::train::{Checkpoint, Job};
use backprop_nn::Weights;
use backprop_nn::compress::Precision;

/// Name of the folder with the checkpoints.
const CHECKPOINTS: &str = "checkpoints";

/// A run folder that is being written. Each function fails with what could not be written; what comes later is tried all the same.
pub struct Recorder {
    output: Output,
    /// Where it is written meanwhile: in the folder itself, or beside it where a run is to be replaced.
    folder: PathBuf,
    project: Project,
    lines: LineFile,
    info: RunInfo,
    /// The step of the checkpoint with the lowest validation loss.
    best: Option<(u64, f32)>,
    /// The last checkpoint, if it could not be written.
    unwritten: Option<(u64, Vec<u8>)>,
}

impl Recorder {
    /// Begins to write a run.
    pub fn begin(output: Output, project: &Project, job: &Job) -> Result<Self, ProjectError> {
        let folder = match output.replaces() {
            true => beside(output.folder()),
            false => output.folder().to_owned(),
        };
        let info = RunInfo::new(project, job);
        let lines = write_files(&folder, project, job, &info, b"")?;
        if let Some(weights) = &job.weights {
            save_weights(&folder.join(START), &job.network, weights, Precision::Float32)?;
        }
        Ok(Self { output, folder, project: project.clone(), lines, info, best: None, unwritten: None })
    }

    /// Notes what the run branches off from.
    pub fn branches_off(&mut self, parent: Parent) -> Result<(), ProjectError> {
        self.info.parent = Some(parent);
        self.info.write(&self.folder)
    }

    /// Notes what kind of run it is, and what came of it in a sentence.
    pub fn describe(&mut self, kind: RunKind, note: &str) -> Result<(), ProjectError> {
        (self.info.kind, self.info.note) = (kind, note.to_owned());
        self.info.write(&self.folder)
    }

    /// Goes on writing a run from a checkpoint; `project` may have more epochs than it had.
    pub fn resume(output: Output, project: &Project, checkpoint: &Checkpoint) -> Result<Self, ProjectError> {
        let folder = output.folder().to_owned();
        clean(&folder);
        clean(&folder.join(CHECKPOINTS));
        let before = history::up_to(history::read(&folder)?, checkpoint.step, checkpoint.epochs);
        write(&folder, METRICS, history::text(&before).as_bytes())?;
        write(&folder, PROJECT, project.to_text()?.as_bytes())?;
        let Some(mut info) = RunInfo::read(&folder)? else {
            return Err(ProjectError::file(&folder, "has no run.json, so that it cannot be continued; train it anew"));
        };
        (info.state, info.of_epochs) = (RunState::Running, project.training.epochs);
        (info.best_epoch, info.results) = (None, Default::default());
        before.iter().for_each(|line| info.absorb(line));
        info.write(&folder)?;
        let loss = |line: &Value| Some((line["step"].as_u64()?, line["validation_loss"].as_f64()? as f32));
        let best = before.iter().filter_map(loss).min_by(|a, b| a.1.total_cmp(&b.1));
        let lines = open(&folder)?;
        Ok(Self { output, folder, project: project.clone(), lines, info, best, unwritten: None })
    }

    /// Adds a line.
    pub fn tell(&mut self, line: &Value) -> Result<(), ProjectError> {
        self.info.absorb(line);
        let written = self.lines.push(&line.to_string());
        written.map_err(|error| ProjectError::file(&self.folder.join(METRICS), in_words(&error)))
    }

    /// Keeps a checkpoint, and the weights as they are shown at that moment.
    pub fn keep(&mut self, job: &Job, checkpoint: &Checkpoint, seconds: f64) -> Result<(), ProjectError> {
        self.info.advance(checkpoint, seconds);
        let place = self.folder.join(CHECKPOINTS);
        let path = place.join(file_name(checkpoint.step));
        let bytes = encode(checkpoint).map_err(|what| ProjectError::file(&path, what))?;
        // What was kept before has the same numbers or older ones.
        self.unwritten = Some((checkpoint.step, bytes));
        let healed = self.heal(job);
        // The weights come first: where the disk is nearly full, they are what matters and take the least room.
        self.write_weights(job, checkpoint.shown())?;
        self.write_checkpoint()?;
        self.info.write(&self.folder)?;
        if let Some(loss) = checkpoint.judged.last().copied()
            && self.best.is_none_or(|(_, best)| loss < best)
        {
            self.best = Some((checkpoint.step, loss));
        }
        let best = self.best.map(|(step, _)| step);
        thin_out(&place, checkpoint.step, best, &self.project.checkpoints);
        healed
    }

    /// Writes the folder anew if somebody has deleted it, and fails then, to tell it.
    fn heal(&mut self, job: &Job) -> Result<(), ProjectError> {
        if self.folder.join(METRICS).exists() {
            return Ok(());
        }
        let told = self.lines.contents().unwrap_or_default();
        self.lines = write_files(&self.folder, &self.project, job, &self.info, &told)?;
        self.output.hold_again()?;
        Err(ProjectError::file(&self.folder, "was deleted while its run was written, and is written anew"))
    }

    fn write_checkpoint(&mut self) -> Result<(), ProjectError> {
        if let Some((step, bytes)) = &self.unwritten {
            write(&self.folder.join(CHECKPOINTS), &file_name(*step), bytes)?;
            self.unwritten = None;
        }
        Ok(())
    }

    fn write_weights(&self, job: &Job, weights: &Weights) -> Result<(), ProjectError> {
        let bytes = weights_to_bytes(&job.network, weights, Precision::Float32);
        let bytes = bytes.map_err(|what| ProjectError::file(&self.folder.join(WEIGHTS), what))?;
        write(&self.folder, WEIGHTS, &bytes)
    }

    /// Writes how the run ended, with the weights that it gives back; the folder. One that failed replaces none that did not. A run that
    /// cannot be written is saved among the system's temporary files, and the error tells where.
    pub fn end(
        mut self,
        job: &Job,
        weights: Option<&Weights>,
        state: RunState,
        seconds: f64,
    ) -> Result<PathBuf, ProjectError> {
        (self.info.state, self.info.seconds) = (state, seconds);
        // Those of the last checkpoint stay where the last ones are no numbers.
        let weights = weights.filter(|weights| weights.values().iter().all(|weight| weight.is_finite()));
        self.finish(job, weights).map_err(|error| self.rescue(job, weights, error))
    }

    fn finish(&mut self, job: &Job, weights: Option<&Weights>) -> Result<PathBuf, ProjectError> {
        // What matters most comes first.
        if let Some(weights) = weights {
            // What it would tell is over: the folder is whole again, or what follows fails.
            let _ = self.heal(job);
            self.write_weights(job, weights)?;
        }
        self.write_checkpoint()?;
        let flushed = self.lines.flush();
        flushed.map_err(|error| ProjectError::file(&self.folder.join(METRICS), in_words(&error)))?;
        self.info.write(&self.folder)?;
        let own = self.output.folder().to_owned();
        if self.folder == own {
            return Ok(own);
        }
        match self.info.state {
            RunState::Diverged | RunState::Failed => {
                fs::remove_dir_all(&self.folder).map_err(|error| ProjectError::file(&self.folder, error))?;
            }
            _ => replace(&self.folder, &own)?,
        }
        Ok(own)
    }

    /// Writes the run where it does not belong, since it cannot be written where it does; the error with the place.
    fn rescue(&mut self, job: &Job, weights: Option<&Weights>, error: ProjectError) -> ProjectError {
        let base = std::env::temp_dir().join("backprop-studio");
        let name =
            self.output.folder().file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let rescued = Output::next(&base, &name).and_then(|output| {
            let told = self.lines.contents().unwrap_or_default();
            self.folder = output.folder().to_owned();
            self.lines = write_files(&self.folder, &self.project, job, &self.info, &told)?;
            weights.map_or(Ok(()), |weights| self.write_weights(job, weights))?;
            self.write_checkpoint()
        });
        match rescued {
            Ok(()) => {
                let place = self.folder.display();
                ProjectError::file(self.output.folder(), format!("was saved in {place} instead, since {error}"))
            }
            Err(_) => error,
        }
    }

    /// Takes the folder away again, since nothing was learned.
    pub fn discard(self) -> Result<(), ProjectError> {
        fs::remove_dir_all(&self.folder).map_err(|error| ProjectError::file(&self.folder, error))
    }

    /// Whether the run that was in the folder is kept if this one ends so.
    pub fn spares(&self, state: RunState) -> bool {
        self.folder != self.output.folder() && matches!(state, RunState::Diverged | RunState::Failed)
    }
}

/// Writes what a run folder begins with, and the lines so far.
fn write_files(
    folder: &Path,
    project: &Project,
    job: &Job,
    info: &RunInfo,
    lines: &[u8],
) -> Result<LineFile, ProjectError> {
    let make = |place: &Path| fs::create_dir_all(place).map_err(|error| ProjectError::file(folder, in_words(&error)));
    make(folder)?;
    // The project comes first: by it a folder is known as that of a run, whenever the program is killed.
    write(folder, PROJECT, project.to_text()?.as_bytes())?;
    make(&folder.join(CHECKPOINTS))?;
    write(folder, DATA, data_record(job, None)?.as_bytes())?;
    info.write(folder)?;
    write(folder, METRICS, lines)?;
    open(folder)
}

/// The newest checkpoint of a run folder that can be read and is of this job.
pub fn last_checkpoint(folder: &Path, job: &Job) -> Result<Arc<Checkpoint>, ProjectError> {
    let place = folder.join(CHECKPOINTS);
    let mut why = "has no checkpoint to go on from; train it anew".to_owned();
    for (_, path) in steps_in(&place).into_iter().rev() {
        match fs::read(&path).map_err(|error| error.to_string()).and_then(|bytes| decode(&bytes, job)) {
            Ok(checkpoint) => return Ok(Arc::new(checkpoint)),
            Err(what) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                why = format!("its checkpoint {name} {what}");
            }
        }
    }
    let info = RunInfo::read(folder).ok().flatten();
    if info.is_some_and(|info| info.data != fingerprint(&job.dataset)) {
        why = format!(
            "{why}: the data are no longer those that the run was trained on; put those back, or train the project anew"
        );
    }
    Err(ProjectError::file(folder, why))
}

/// How many checkpoints a run folder holds, and their bytes.
pub fn checkpoint_room(folder: &Path) -> (usize, u64) {
    let kept = steps_in(&folder.join(CHECKPOINTS));
    let bytes = kept.iter().map(|(_, path)| fs::metadata(path).map_or(0, |file| file.len())).sum();
    (kept.len(), bytes)
}

/// All checkpoints of a run folder that can be read and are of this job, by their steps.
pub fn checkpoints(folder: &Path, job: &Job) -> Vec<Checkpoint> {
    let read = |(_, path): (u64, PathBuf)| decode(&fs::read(path).ok()?, job).ok();
    steps_in(&folder.join(CHECKPOINTS)).into_iter().filter_map(read).collect()
}

fn file_name(step: u64) -> String {
    format!("{step:010}.safetensors")
}

/// The checkpoints in a folder by their steps.
fn steps_in(place: &Path) -> Vec<(u64, PathBuf)> {
    let entries = fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.path());
    let step = |path: &Path| path.file_name()?.to_str()?.strip_suffix(".safetensors")?.parse::<u64>().ok();
    let mut found: Vec<_> = entries.filter_map(|path| Some((step(&path)?, path))).collect();
    found.sort();
    found
}

/// Which of several moments in the order of their steps goes first if there are too many: the one whose neighbours are the nearest to
/// each other, so that the others stay spread evenly. What comes before the first counts as step 0.
pub fn most_crowded(len: usize, step: impl Fn(usize) -> u64, may_go: impl Fn(usize) -> bool) -> Option<usize> {
    let gap = |at: &usize| {
        let before = at.checked_sub(1).map_or(0, &step);
        if at + 1 < len { step(at + 1) - before } else { u64::MAX }
    };
    (0..len).filter(|at| may_go(*at)).min_by_key(gap)
}

/// Takes away checkpoints until few enough are left; the last and the best are kept in any case.
fn thin_out(place: &Path, last: u64, best: Option<u64>, most: &CheckpointSettings) {
    let mut kept = steps_in(place);
    let size = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    loop {
        let bytes: u64 = kept.iter().map(|(_, path)| size(path)).sum();
        if kept.len() <= most.count && bytes <= most.bytes() {
            return;
        }
        let may_go = |at: usize| kept[at].0 != last && Some(kept[at].0) != best;
        let Some(at) = most_crowded(kept.len(), |at| kept[at].0, may_go) else { return };
        let (_, path) = kept.remove(at);
        if fs::remove_file(path).is_err() {
            return;
        }
    }
}

/// Where a run is written that is to replace another.
fn beside(folder: &Path) -> PathBuf {
    let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    folder.with_file_name(format!("{name}.new"))
}

/// Puts the files of a run in the place of another's. What else lies in that folder stays.
fn replace(from: &Path, to: &Path) -> Result<(), ProjectError> {
    let fail = |error: std::io::Error| ProjectError::file(to, in_words(&error));
    let _ = fs::remove_dir_all(to.join(CHECKPOINTS));
    for name in [PROJECT, DATA, METRICS, WEIGHTS, info::FILE, CHECKPOINTS] {
        match fs::rename(from.join(name), to.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(fail(error)),
            _ => {}
        }
    }
    fs::remove_dir_all(from).map_err(fail)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), ProjectError> {
    let path = folder.join(name);
    write_whole(&path, bytes).map_err(|error| ProjectError::file(&path, error))
}

fn open(folder: &Path) -> Result<LineFile, ProjectError> {
    let path = folder.join(METRICS);
    LineFile::open(&path).map_err(|error| ProjectError::file(&path, error))
}
