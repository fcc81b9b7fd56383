//! A search beside the window, and what has come of its trials so far.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::{Receiver, TryRecvError, unbounded};

use super::report::Report;
use super::trials::State;
use crate::data::Dataset;
use crate::runs::search::{Sweep, SweepPlan, TrialRecord};
use crate::runs::store;
use crate::runs::trial::{Control, TrialError, TrialRunner};
use crate::train::default_threads;

/// A search that is under way or done. Dropped, it ends within one batch of each trial.
pub struct RunningSweep {
    /// The trials that are done.
    pub records: Vec<TrialRecord>,
    /// How it stands.
    pub state: State,
    /// Its folder, when it has one.
    pub folder: Option<PathBuf>,
    control: Arc<Control>,
    news: Receiver<News>,
}

enum News {
    Begun(PathBuf),
    Trial(TrialRecord),
    Ended(Result<(), TrialError>),
}

impl RunningSweep {
    /// The search as the window sees it, and its work, which is for another thread. `wake` is called at all news.
    pub fn new(
        plan: SweepPlan,
        dataset: Arc<Dataset>,
        base: PathBuf,
        wake: impl Fn() + Send + 'static,
    ) -> (Self, impl FnOnce() -> Report + Send + 'static) {
        let (sender, news) = unbounded();
        let control = Arc::new(Control::default());
        let stop = Arc::clone(&control);
        let work = move || {
            let search = || -> Result<(), TrialError> {
                let folder = store::new_group(&base, &format!("{}-sweep", plan.project.name))?;
                let runner = TrialRunner::new(&plan.project, dataset, Some(folder.clone()), default_threads());
                let mut sweep = Sweep::begin(&folder, plan)?;
                let _ = sender.send(News::Begun(folder));
                sweep.run(&runner, &stop, None, |_, record| {
                    let _ = sender.send(News::Trial(record.clone()));
                    wake();
                })
            };
            // Nobody listens any more when it was cancelled.
            let _ = sender.send(News::Ended(search()));
            wake();
            Report::Nothing
        };
        (Self { records: Vec::new(), state: State::Running, folder: None, control, news }, work)
    }

    /// Takes what has come of it since the last frame.
    pub fn absorb(&mut self) {
        while self.state == State::Running {
            match self.news.try_recv() {
                Ok(News::Begun(folder)) => self.folder = Some(folder),
                Ok(News::Trial(record)) => self.records.push(record),
                Ok(News::Ended(Ok(()) | Err(TrialError::Interrupted))) => self.state = State::Done,
                Ok(News::Ended(Err(error))) => self.state = State::Failed(format!("{error}.")),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.state = State::Failed("It ended unexpectedly. Close this and try again.".to_owned());
                }
            }
        }
    }

    /// Begins no more trials, and ends those that are under way.
    pub fn stop(&self) {
        self.control.stop();
    }

    /// The best of the trials that were trained the longest.
    pub fn best(&self) -> Option<&TrialRecord> {
        TrialRecord::best(&self.records)
    }
}

impl Drop for RunningSweep {
    fn drop(&mut self) {
        self.control.stop();
    }
}
