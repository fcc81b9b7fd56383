//! The run of the window, written into its folder by a thread of its own while it trains. The window sends the events of the run; an
//! error such as a full disk comes back as a warning, and the training goes on.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use crate::project::run_log::{best_line, change_line, done_line, epoch_line, layers_line, resume_line};
use crate::project::{Output, Project, ProjectError};
use crate::runs::{Parent, Recorder, RunState};
use crate::train::{Change, Checkpoint, Event, Job, LiveChange, Snapshot};

/// What is written down.
#[derive(Clone)]
pub struct Recorded {
    /// The project as it is trained.
    pub project: Project,
    /// Its job, with the checkpoint that it goes on from.
    pub job: Arc<Job>,
    /// What it branches off from.
    pub parent: Option<BranchPoint>,
}

/// Where it is written.
pub enum Destination {
    /// In a new folder below this one.
    NewIn(PathBuf),
    /// In the folder of a run that goes on.
    Existing {
        /// Its folder.
        folder: PathBuf,
        /// Seconds that it has trained.
        seconds: f64,
    },
}

enum Message {
    Event(Event),
    GoOn(Box<Recorded>),
    /// Says when all before it is written.
    Tell(Sender<()>),
}

/// The end of a thread that writes a run.
pub struct Recording {
    messages: Sender<Message>,
    writing: Writing,
    /// The folder that its own is in.
    base: PathBuf,
    /// The name of its folder when it has one; nothing if it cannot be written.
    name: Arc<OnceLock<Option<String>>>,
}

/// What is still being written of a run.
pub struct Writing {
    thread: JoinHandle<()>,
    /// Nothing is ever sent: it is closed when the thread ends.
    end: Receiver<Infallible>,
}

impl Writing {
    /// Whether all is written.
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the end; somebody else may wait too.
    pub fn waiter(&self) -> impl FnOnce() + Send + use<> {
        let end = self.end.clone();
        move || {
            let _ = end.recv();
        }
    }

    /// Waits until all is written.
    pub fn join(self) -> thread::Result<()> {
        self.thread.join()
    }
}

/// The moment of a run that a branch begins at.
#[derive(Clone)]
pub struct BranchPoint {
    /// The name of the run, whose folder may not be made yet; several branches may wait for it.
    pub run: Arc<OnceLock<Option<String>>>,
    /// The step.
    pub step: u64,
}

impl BranchPoint {
    /// After this step of the run in a folder.
    pub fn of(folder: &Path, step: u64) -> Self {
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        Self { run: Arc::new(OnceLock::from(name)), step }
    }
}

/// What the thread knows.
struct RunWriter<F> {
    recorded: Recorded,
    recorder: Option<Recorder>,
    folder: Option<PathBuf>,
    weights: Option<Arc<Snapshot>>,
    /// Seconds that it has trained, without pauses.
    seconds: f64,
    warn: F,
    /// Whether it was told already that something cannot be written.
    is_warned: bool,
}

impl Recording {
    /// Begins to write a run. `warn` is called with what cannot be written.
    pub fn begin(
        recorded: Recorded,
        destination: Destination,
        warn: impl Fn(String) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (messages, received) = unbounded();
        let (is_writing, end) = bounded(0);
        let base = match &destination {
            Destination::NewIn(base) => base.clone(),
            Destination::Existing { folder, .. } => folder.parent().map(Path::to_owned).unwrap_or_default(),
        };
        let name = Arc::new(OnceLock::new());
        let told = Arc::clone(&name);
        let thread = thread::Builder::new().name("writing the run".to_owned()).spawn(move || {
            let _is_writing = is_writing;
            let mut writer = RunWriter {
                recorded,
                recorder: None,
                folder: None,
                weights: None,
                seconds: 0.0,
                warn,
                is_warned: false,
            };
            let begun = writer.begin(destination);
            let folder = writer.folder.as_deref().filter(|_| begun.is_ok()).and_then(Path::file_name);
            told.get_or_init(|| folder.map(|name| name.to_string_lossy().into_owned()));
            match begun {
                Ok(()) => writer.follow(&received),
                Err(error) => writer.give_up(&error),
            }
        })?;
        Ok(Self { messages, writing: Writing { thread, end }, base, name })
    }

    /// A way to tell it what happens. When all are gone, the run is over.
    pub fn listener(&self) -> impl Fn(&Event) + Send + use<> {
        let messages = self.messages.clone();
        move |event| {
            // Single steps and pauses are only shown, not recorded.
            if !matches!(event, Event::Steps(_) | Event::Paused | Event::Resumed) {
                let _ = messages.send(Message::Event(event.clone()));
            }
        }
    }

    /// The run goes on from the checkpoint of this job.
    pub fn go_on(&self, recorded: Recorded) {
        let _ = self.messages.send(Message::GoOn(Box::new(recorded)));
    }

    /// Its folder, once it is there.
    pub fn folder(&self) -> Option<PathBuf> {
        Some(self.base.join(self.name.get()?.as_ref()?))
    }

    /// Waits until all events sent so far are written, and gives the folder; nothing if it could not be made.
    pub fn when_written(&self) -> impl FnOnce() -> Option<PathBuf> + Send + use<> {
        let (is_written, written) = bounded(1);
        let _ = self.messages.send(Message::Tell(is_written));
        let (base, name) = (self.base.clone(), Arc::clone(&self.name));
        move || {
            let _ = written.recv();
            Some(base.join(name.get()?.as_ref()?))
        }
    }

    /// Waits until its folder is there, or cannot be made.
    pub fn wait_for_folder(&self) {
        self.name.wait();
    }

    /// Where a branch of the run begins after this step.
    pub fn branch_point(&self, step: u64) -> BranchPoint {
        BranchPoint { run: Arc::clone(&self.name), step }
    }

    /// The thread alone, which ends when it has written what there is.
    pub fn retire(self) -> Writing {
        self.writing
    }
}

impl<F: Fn(String)> RunWriter<F> {
    fn begin(&mut self, destination: Destination) -> Result<(), ProjectError> {
        let base = match destination {
            Destination::NewIn(base) => base,
            Destination::Existing { folder, seconds } => {
                (self.folder, self.seconds) = (Some(folder), seconds);
                return self.go_on(self.recorded.clone());
            }
        };
        let Recorded { project, job, parent } = &self.recorded;
        let output = Output::next(&base, &project.name)?;
        self.folder = Some(output.folder().to_owned());
        let recorder = self.recorder.insert(Recorder::begin(output, project, job)?);
        // A run that is not kept has no name.
        let parent =
            parent.as_ref().and_then(|point| Some(Parent { run: point.run.wait().clone()?, step: point.step }));
        parent.map_or(Ok(()), |parent| recorder.branches_off(parent))
    }

    fn follow(&mut self, messages: &Receiver<Message>) {
        for message in messages {
            match message {
                Message::Event(event) => {
                    let written = self.write(event);
                    self.warn_of(written);
                }
                Message::Tell(is_written) => drop(is_written.send(())),
                Message::GoOn(recorded) => {
                    if let Err(error) = self.go_on(*recorded) {
                        self.give_up(&error);
                    }
                }
            }
        }
        // The window forgot the run before it was over.
        let (seconds, Recorded { job, .. }) = (self.seconds, &self.recorded);
        if let Some(recorder) = self.recorder.take() {
            let weights = self.weights.as_ref().filter(|snapshot| snapshot.step > 0);
            let ended = match weights {
                Some(snapshot) => recorder.end(job, Some(&snapshot.weights), RunState::Stopped, seconds).map(drop),
                None => recorder.discard(),
            };
            if let Err(error) = ended {
                self.give_up(&error);
            }
        }
    }

    /// Warns once of what cannot be written. Later it may be possible again, and what is missing is written then.
    fn warn_of(&mut self, written: Result<(), ProjectError>) {
        match written {
            Ok(()) => {}
            Err(error) if self.recorder.is_none() => self.give_up(&error),
            Err(error) if !self.is_warned => {
                self.is_warned = true;
                (self.warn)(format!("{error}. The training goes on, and what is missing is written when it can be."));
            }
            Err(_) => {}
        }
    }

    fn write(&mut self, event: Event) -> Result<(), ProjectError> {
        if let Event::Epoch(stat) = &event {
            self.seconds += stat.seconds;
        }
        let seconds = self.seconds;
        let Self { recorded: Recorded { job, .. }, recorder, weights, .. } = self;
        let Some(open) = recorder else { return Ok(()) };
        match event {
            Event::Epoch(stat) => open.tell(&epoch_line(&stat, job.head())),
            Event::Layers(stat) => open.tell(&layers_line(&stat, &job.network)),
            Event::Changed(change) => open.tell(&change_line(&change)),
            Event::Best(best) => open.tell(&best_line(&best)),
            Event::Checkpoint(checkpoint) => open.keep(job, &checkpoint, seconds),
            Event::Weights(snapshot) => {
                *weights = Some(snapshot);
                Ok(())
            }
            Event::Done(outcome) => {
                // A line that cannot be written is tried once more at the end.
                let _ = open.tell(&done_line(&outcome, seconds));
                let Some(recorder) = recorder.take() else { return Ok(()) };
                let weights = weights.as_ref().map(|snapshot| &snapshot.weights);
                recorder.end(job, weights, RunState::from(&outcome), seconds).map(drop)
            }
            Event::Steps(_) | Event::Paused | Event::Resumed => Ok(()),
        }
    }

    fn go_on(&mut self, recorded: Recorded) -> Result<(), ProjectError> {
        self.recorded = recorded;
        let Recorded { project, job, .. } = &self.recorded;
        if let (Some(folder), Some(checkpoint)) = (&self.folder, &job.checkpoint) {
            let mut recorder = Recorder::resume(Output::existing(folder)?, project, checkpoint)?;
            recorder.tell(&resume_line(checkpoint))?;
            self.recorder = Some(recorder);
        }
        Ok(())
    }

    fn give_up(&mut self, error: &ProjectError) {
        self.recorder = None;
        (self.warn)(format!("The run is not kept in its folder: {error}."));
    }
}

/// Epochs that a run gets that is over.
const MORE_EPOCHS: usize = 10;

/// What a run of the window goes on from, perhaps with other live numbers from the next step on. One that is over gets more epochs.
pub fn continued(
    project: &Project,
    job: &Job,
    checkpoint: Arc<Checkpoint>,
    live: Option<LiveChange>,
    threads: usize,
) -> Result<Recorded, ProjectError> {
    let mut project = project.clone();
    if u64::from(checkpoint.epochs) >= project.training.epochs as u64 {
        project.training.epochs += MORE_EPOCHS;
    }
    let mut next = project.job(Arc::clone(&job.dataset), threads)?;
    let change = live.filter(|live| *live != checkpoint.live()).map(|change| Change { step: checkpoint.step, change });
    next.changes = change.into_iter().collect();
    next.checkpoint = Some(checkpoint);
    Ok(Recorded { project, job: Arc::new(next), parent: None })
}
