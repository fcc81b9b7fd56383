//! A run that nobody looks at any more.

use crate::train::{Event, Run};

/// Called with every event of the run.
pub type Listener = Box<dyn Fn(&Event) + Send>;

/// A run that is forgotten and still has a batch to end, whose last events somebody wants to know.
pub struct EndingRun {
    pub(super) run: Run,
    pub(super) listener: Option<Listener>,
}

impl EndingRun {
    /// Stops the run and waits for its end.
    pub fn wait(mut self) {
        self.run.stop();
        let Some(listener) = self.listener else { return };
        loop {
            let event = self.run.event();
            listener(&event);
            if matches!(event, Event::Done(_)) {
                return;
            }
        }
    }
}
