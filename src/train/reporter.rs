//! Sends the events of a run to its observer, without ever waiting for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, TrySendError};

use super::protocol::{Event, Outcome, Snapshot, StepStat};
use backprop_nn::Weights;

/// At most 60 flushes a second, and so at most 60 calls of `wake` for the steps.
pub const FLUSH: Duration = Duration::from_millis(16);

/// At most ten copies of the weights a second.
const SNAPSHOT: Duration = Duration::from_millis(100);

/// Copies of the weights over a whole run, however short it is, so that its time line has that many moments; and the most weights for
/// which they are made, since copies of large networks take much memory.
const COPIES: u64 = 200;
const SMALL: usize = 1 << 18;

/// Sends the events of a run without ever blocking a step.
pub struct Reporter<W> {
    events: Sender<Event>,
    wake: W,
    /// What is not sent yet. It grows while the window is slow or hidden; steps are gathered, and none is missing.
    pending: VecDeque<Event>,
    flushed: Option<Instant>,
    snapshot: Option<Instant>,
    snapshots: bool,
    /// Steps from one copy of small weights to the next.
    every: u64,
}

impl<W: Fn()> Reporter<W> {
    /// A reporter on this channel for a run of so many steps; `wake` is called after each flush.
    pub fn new(events: Sender<Event>, snapshots: bool, steps: u64, wake: W) -> Self {
        let every = (steps / COPIES).max(1);
        Self { events, wake, pending: VecDeque::new(), flushed: None, snapshot: None, snapshots, every }
    }

    /// A step has been taken; `weights` are those after it.
    pub fn step(&mut self, stat: StepStat, weights: &Weights) {
        if let Some(Event::Steps(steps)) = self.pending.back_mut() {
            steps.push(stat);
        } else {
            self.pending.push_back(Event::Steps(vec![stat]));
        }
        if self.snapshots && weights.values().len() <= SMALL && stat.step.is_multiple_of(self.every) {
            self.pending.push_back(Event::Weights(Arc::new(Snapshot { step: stat.step, weights: weights.clone() })));
        }
        if due(self.flushed, FLUSH) {
            if self.flush() && self.snapshots && due(self.snapshot, SNAPSHOT) {
                self.tell_weights(stat.step, weights);
            }
            (self.wake)();
        }
    }

    /// The weights at the end of an epoch, which are shown beside its evaluation, unless they were told a moment ago.
    pub fn tell_weights_if_due(&mut self, step: u64, weights: &Weights) {
        if due(self.snapshot, SNAPSHOT) {
            self.tell_weights(step, weights);
        }
    }

    /// Queues an event that must not be lost. It is sent as soon as the channel has space.
    pub fn tell(&mut self, event: Event) {
        self.pending.push_back(event);
        self.flush();
        (self.wake)();
    }

    /// The weights of a moment that ought to be seen: before the first step, at a pause, now and then.
    pub fn tell_weights(&mut self, step: u64, weights: &Weights) {
        if self.snapshots {
            self.snapshot = Some(Instant::now());
            self.tell(Event::Weights(Arc::new(Snapshot { step, weights: weights.clone() })));
        }
    }

    /// Sends the last two events, waiting for space: the weights, even without snapshots, and the outcome.
    pub fn done(mut self, step: u64, weights: Weights, outcome: Outcome) {
        self.pending.push_back(Event::Weights(Arc::new(Snapshot { step, weights })));
        self.pending.push_back(Event::Done(outcome));
        for event in self.pending {
            // If nobody listens any more, nobody misses it.
            if self.events.send(event).is_err() {
                break;
            }
            (self.wake)();
        }
    }

    /// Sends what the channel has space for; true if nothing is left.
    pub fn flush(&mut self) -> bool {
        self.flushed = Some(Instant::now());
        while let Some(event) = self.pending.pop_front() {
            if let Err(TrySendError::Full(event)) = self.events.try_send(event) {
                self.pending.push_front(event);
                return false;
            }
        }
        true
    }
}

fn due(since: Option<Instant>, every: Duration) -> bool {
    since.is_none_or(|since| since.elapsed() >= every)
}
