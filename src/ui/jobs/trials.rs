//! Trainings beside the window that are evaluated on their validation samples, and what has come of them so far.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::{Receiver, TryRecvError, unbounded};

use super::report::Report;
use crate::data::Dataset;
use crate::project::ProjectError;
use crate::runs::store;
use crate::runs::trial::{Control, Trial, TrialError, TrialResult, TrialRunner};
use crate::train::default_threads;

/// How they stand.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// They are being trained.
    Running,
    /// All are done.
    Done,
    /// They ended early, for this reason.
    Failed(String),
}

/// Trials that are under way or done. Dropped, they end within one batch.
pub struct RunningTrials {
    /// What came of those that are done, in their order.
    pub results: Vec<TrialResult>,
    /// How they stand.
    pub state: State,
    /// Epochs of all of them.
    epochs: usize,
    control: Arc<Control>,
    news: Receiver<News>,
}

enum News {
    Result(TrialResult),
    Ended(Result<(), TrialError>),
}

/// The folder below which they are kept, and the name of their own.
pub type Place = Option<(PathBuf, String)>;

impl RunningTrials {
    /// The trials as the window sees them, and their work, which is for another thread. `wake` is called at all news.
    pub fn new(
        trials: Result<Vec<Trial>, ProjectError>,
        dataset: Arc<Dataset>,
        place: Place,
        wake: impl Fn() + Send + 'static,
    ) -> (Self, impl FnOnce() -> Report + Send + 'static) {
        let (sender, news) = unbounded();
        let epochs = trials.iter().flatten().map(Trial::epochs).sum();
        let control = Arc::new(Control::default());
        let stop = Arc::clone(&control);
        let work = move || {
            let done = trials.map_err(TrialError::from).and_then(|trials| {
                let folder = place.map(|(base, name)| store::new_group(&base, &name)).transpose()?;
                let first = trials.first().map(|trial| trial.project.clone()).unwrap_or_default();
                let runner = TrialRunner::new(&first, dataset, folder, default_threads());
                runner.train_all(trials, &stop, |result| {
                    let _ = sender.send(News::Result(result));
                    wake();
                })
            });
            // Nobody listens any more when they were cancelled.
            let _ = sender.send(News::Ended(done));
            wake();
            Report::Nothing
        };
        (Self { results: Vec::new(), state: State::Running, epochs, control, news }, work)
    }

    /// Takes what has come of them since the last frame.
    pub fn absorb(&mut self) {
        while self.state == State::Running {
            match self.news.try_recv() {
                Ok(News::Result(result)) => self.results.push(result),
                Ok(News::Ended(Ok(()))) => self.state = State::Done,
                Ok(News::Ended(Err(error))) => self.state = State::Failed(sentence(&error)),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.state = State::Failed("It ended unexpectedly. Close this and try again.".to_owned());
                }
            }
        }
    }

    /// The share of all epochs that is done, 0 to 1.
    pub fn share(&self) -> f32 {
        self.control.epochs() as f32 / self.epochs.max(1) as f32
    }
}

impl Drop for RunningTrials {
    fn drop(&mut self) {
        self.control.stop();
    }
}

/// What went wrong, as a sentence that stands alone.
fn sentence(error: &TrialError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    format!("{}{}", first.chain(letters).collect::<String>(), if text.ends_with('.') { "" } else { "." })
}
