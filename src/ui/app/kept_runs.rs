//! What the window changes of kept runs: names, notes, pins, and which are deleted.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::Context;

use super::Studio;
use crate::project::{ProjectError, RunFolder};
use crate::runs::info::fingerprint;
use crate::runs::recorder::last_checkpoint;
use crate::runs::{RunInfo, store};
use crate::train::default_threads;
use crate::ui::commands::RunChange;
use crate::ui::jobs::recording::Destination;
use crate::ui::jobs::report::{Continued, Report};

/// Changes of kept runs since the window was opened.
#[derive(Default)]
pub struct KeptRuns {
    /// How many there were.
    pub changed: u64,
    /// The folder of the run that is open and was not trained in this window.
    pub opened: Option<PathBuf>,
    /// What was deleted: the folder of all runs, where it is now, and where it was.
    pub deleted: Vec<Deleted>,
}

/// A run that was deleted and can be brought back.
pub struct Deleted {
    base: PathBuf,
    aside: PathBuf,
    folder: PathBuf,
}

impl KeptRuns {
    /// Deletes for good what was put aside.
    pub fn empty_deleted(&mut self) {
        for Deleted { base, .. } in self.deleted.drain(..) {
            if let Err(error) = store::empty_deleted(&base) {
                tracing::warn!("deleted runs stay: {error}");
            }
        }
    }
}

impl Studio {
    /// Whether the run that is open can go on: its data are there, and its network is on the screen.
    pub(super) fn can_continue_opened(&self) -> bool {
        let is_its_own = |run: &RunFolder| run.project.model == self.document.project.model;
        let is_open = self.kept.opened.is_some() && self.networks.opened.as_deref().is_some_and(is_its_own);
        is_open && self.session.job.is_none() && self.session.dataset().is_some()
    }

    /// Reads the last checkpoint of the run that is open, to go on from there.
    pub(super) fn continue_opened(&mut self, ctx: &Context) {
        let (Some(folder), Some(run)) = (self.kept.opened.clone(), self.networks.opened.clone()) else { return };
        let Some(dataset) = self.session.dataset().cloned() else { return };
        self.tasks.spawn(ctx, "reading the checkpoint", move || {
            let read = || -> Result<_, ProjectError> {
                let project = run.project.clone();
                let job = project.job(dataset, default_threads())?;
                let checkpoint = last_checkpoint(&folder, &job)?;
                let info = RunInfo::read(&folder)?;
                let is_other = info.as_ref().is_some_and(|info| info.data != fingerprint(&job.dataset));
                let seconds = info.map_or(0.0, |info| info.seconds);
                Ok(Continued { folder, project, job: Arc::new(job), checkpoint, is_other, seconds })
            };
            match read() {
                Ok(continued) => Report::RunContinues(Box::new(continued)),
                Err(error) => Report::Warned(format!("{error}.")),
            }
        });
    }

    /// Goes on with a run of another sitting.
    pub(super) fn resume_run(&mut self, ctx: &Context, continued: Continued) {
        let Continued { folder, project, job, checkpoint, is_other, seconds } = continued;
        if self.kept.opened.as_ref() != Some(&folder) || self.session.job.is_some() {
            return;
        }
        let Some(recorded) = self.start_from(ctx, &project, &job, checkpoint) else { return };
        if is_other {
            self.notices.warn("The data are not those that the run began with.");
        }
        self.record(recorded, Destination::Existing { folder, seconds });
    }

    pub(super) fn change_run(&mut self, folder: &Path, change: RunChange) {
        let changed = store::change(folder, |info| match change {
            RunChange::Name(name) => info.name = Some(name.trim().to_owned()).filter(|name| !name.is_empty()),
            RunChange::Note(note) => info.note = note.trim().to_owned(),
            RunChange::Pin(is_pinned) => info.is_pinned = is_pinned,
        });
        if let Err(error) = changed {
            self.notices.warn(format!("{error}."));
        }
        self.kept.changed += 1;
    }

    pub(super) fn delete_runs(&mut self, folders: &[PathBuf]) {
        let Some(base) = self.runs_folder() else { return };
        let mut count = 0;
        for folder in folders {
            match store::put_aside(&base, folder) {
                Ok(aside) => {
                    count += 1;
                    self.kept.deleted.push(Deleted { base: base.clone(), aside, folder: folder.clone() });
                }
                Err(error) => self.notices.warn(format!("{error}.")),
            }
        }
        if count > 0 {
            let (what, they) =
                if count == 1 { ("the run".to_owned(), "It") } else { (format!("{count} runs"), "They") };
            self.notices.tell(format!("Deleted {what}. {they} can be brought back until the window closes."));
        }
        self.kept.changed += 1;
    }

    pub(super) fn bring_back_run(&mut self) {
        let Some(Deleted { aside, folder, .. }) = self.kept.deleted.pop() else { return };
        match store::bring_back(&aside, &folder) {
            Ok(()) => self.notices.tell(format!("{} is back.", folder.display())),
            Err(error) => self.notices.warn(format!("{error}.")),
        }
        self.kept.changed += 1;
    }
}
