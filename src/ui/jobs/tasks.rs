//! What somebody asked for and takes longer than a frame: loading, saving, file dialogs. Each runs on a thread of its own and
//! ends in a [`Report`], so that a test can report instead.

use std::future::Future;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Select, TryRecvError, bounded};
use eframe::egui::Context;
use rfd::FileHandle;

use super::derived::WakeOnDrop;
use super::report::Report;
use crate::ui::commands::PathFor;
use crate::ui::state::ending_run::EndingRun;

/// A person needs longer than this to close a dialog; one that answers faster was never shown.
const UNSEEN: Duration = Duration::from_millis(250);

/// The tasks that are under way.
#[derive(Default)]
pub struct Tasks {
    running: Vec<Task>,
}

struct Task {
    /// What it does, for the message if it fails: "reading the data".
    what: &'static str,
    is_dialog: bool,
    result: Receiver<Report>,
}

impl Tasks {
    /// Starts a task. `wake` is an egui context, which is asked for a frame when the task has ended.
    pub fn spawn(&mut self, ctx: &Context, what: &'static str, work: impl FnOnce() -> Report + Send + 'static) {
        self.start(ctx, what, false, work);
    }

    /// Waits for a file dialog that has been opened on this thread. The caller has asked [`Self::has_dialog`] before.
    pub fn dialog(
        &mut self,
        ctx: &Context,
        dialog: impl Future<Output = Option<FileHandle>> + Send + 'static,
        wanted: PathFor,
    ) {
        self.start(ctx, "the file dialog", true, move || {
            let opened = Instant::now();
            match pollster::block_on(dialog) {
                Some(file) => Report::Asked(wanted.request(file.path().to_owned())),
                None if opened.elapsed() < UNSEEN => Report::NoDialog(wanted),
                None => Report::Nothing,
            }
        });
    }

    /// How many tasks do this at the moment.
    pub fn count(&self, what: &str) -> usize {
        self.running.iter().filter(|task| task.what == what).count()
    }

    /// Waits until no task does this any more. What they report comes with the rest.
    pub fn wait_for(&self, what: &str) {
        for task in self.running.iter().filter(|task| task.what == what) {
            let mut select = Select::new();
            select.recv(&task.result);
            select.ready();
        }
    }

    /// A second click must not open a second dialog.
    pub fn has_dialog(&self) -> bool {
        self.running.iter().any(|task| task.is_dialog)
    }

    /// What has ended since.
    pub fn finished(&mut self) -> Vec<Report> {
        let mut reports = Vec::new();
        self.running.retain(|task| match task.result.try_recv() {
            Ok(report) => {
                reports.push(report);
                false
            }
            Err(TryRecvError::Empty) => true,
            Err(TryRecvError::Disconnected) => {
                reports.push(Report::Warned(format!("Something went wrong with {}.", task.what)));
                false
            }
        });
        reports
    }

    fn start(
        &mut self,
        ctx: &Context,
        what: &'static str,
        is_dialog: bool,
        work: impl FnOnce() -> Report + Send + 'static,
    ) {
        let (sender, result) = bounded(1);
        let waker = WakeOnDrop(ctx.clone());
        let spawned = thread::Builder::new().name(what.to_owned()).spawn(move || {
            // Declared first, so that it wakes the window last, also after a panic.
            let _waker = waker;
            let sender = sender;
            // Nobody listens any more if the window has closed.
            let _ = sender.send(work());
        });
        if let Err(error) = spawned {
            tracing::warn!("no thread for {what}: {error}");
        }
        self.running.push(Task { what, is_dialog, result });
    }
}

/// Ends a run without making the frame wait for its last batch.
pub fn end(run: EndingRun) {
    let ending = thread::Builder::new().name("ending a run".to_owned()).spawn(move || run.wait());
    if let Err(error) = ending {
        tracing::warn!("no thread to end a run: {error}");
    }
}
