//! A run on its own thread, and the ends of its two channels.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::job::Job;
use super::protocol::{Event, Outcome, Reports, RunCommand, Start};
use super::worker;

/// Events that may wait before the reporter gathers instead of sending.
const EVENTS: usize = 64;

/// Commands that may wait; a person cannot press faster than a batch.
const COMMANDS: usize = 64;

/// A training in progress. Dropping it stops it and waits for at most one batch.
pub struct Run {
    /// The job that is trained.
    pub job: Arc<Job>,
    // The order matters: both channels hang up before the thread is joined.
    commands: Option<Sender<RunCommand>>,
    events: Receiver<Event>,
    _thread: JoinOnDrop,
}

struct JoinOnDrop(Option<JoinHandle<()>>);

impl Drop for JoinOnDrop {
    fn drop(&mut self) {
        // A worker that panicked has already told so by closing its channel without `Done`.
        if let Some(thread) = self.0.take() {
            let _ = thread.join();
        }
    }
}

impl Run {
    /// Starts a run. `wake` is called once per flush of events, at most 60 times a second.
    pub fn start(
        job: Arc<Job>,
        start: Start,
        reports: Reports,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (commands, command_receiver) = bounded(COMMANDS);
        let (event_sender, events) = bounded(EVENTS);
        let thread = thread::Builder::new().name("training".to_owned()).spawn({
            let job = Arc::clone(&job);
            move || worker::run(&job, start, reports, &command_receiver, event_sender, wake)
        })?;
        Ok(Self { job, commands: Some(commands), events, _thread: JoinOnDrop(Some(thread)) })
    }

    /// Sends a command; a run that has ended ignores it.
    pub fn send(&self, command: RunCommand) {
        if self.commands.as_ref().is_none_or(|commands| commands.send(command).is_err()) {
            tracing::debug!("a command came after the run had ended");
        }
    }

    /// Closes the command channel, which stops the run after at most one batch. Its last weights and `Done` still
    /// arrive.
    pub fn stop(&mut self) {
        self.commands = None;
    }

    /// The next event, without waiting for one. `Done` is always last; a channel that closes without it means that the
    /// worker failed, and `Done(Failed)` stands in for it.
    pub fn try_event(&self) -> Option<Event> {
        match self.events.try_recv() {
            Ok(event) => Some(event),
            Err(crossbeam_channel::TryRecvError::Empty) => None,
            Err(crossbeam_channel::TryRecvError::Disconnected) => Some(failed()),
        }
    }

    /// The next event, waiting for it. After `Done` there is none.
    pub fn event(&self) -> Event {
        self.events.recv().unwrap_or_else(|_| failed())
    }
}

fn failed() -> Event {
    Event::Done(Outcome::Failed("The training thread ended unexpectedly. Reset and train again.".to_owned()))
}
