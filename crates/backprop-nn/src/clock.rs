//! How long the layers take in a step, measured where they run. Without a clock, nothing is measured.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::network::Network;

/// Adds up the time of each layer over the threads that share a step. Given to a [`crate::Batch`] and an
/// [`crate::optim::Updater`], which leave it alone otherwise.
pub struct Clock {
    /// Nanoseconds of each stage, by phase.
    stages: Vec<[AtomicU64; 3]>,
}

/// A part of a step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Phase {
    Forward,
    Backward,
    Update,
}

/// What a layer took, added up over all threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerTime {
    /// Position of the layer in the stack, inside a block of that the position in the block, and so on.
    pub path: Vec<usize>,
    /// Its forward pass.
    pub forward: Duration,
    /// Its backward pass, with what is prepared for it.
    pub backward: Duration,
    /// The optimizer's work on its weights, and their gradient where that is computed from the whole batch.
    pub update: Duration,
}

impl LayerTime {
    /// All of it.
    pub fn total(&self) -> Duration {
        self.forward + self.backward + self.update
    }
}

impl Clock {
    /// For this network.
    pub fn new(network: &Network) -> Self {
        Self { stages: network.stages.iter().map(|_| Default::default()).collect() }
    }

    /// Does some work of a stage, and measures it if there is a clock.
    #[inline]
    pub(crate) fn time<T>(clock: Option<&Self>, stage: usize, phase: Phase, work: impl FnOnce() -> T) -> T {
        let Some(clock) = clock else { return work() };
        let began = Instant::now();
        let done = work();
        clock.add(stage, phase, began.elapsed());
        done
    }

    pub(crate) fn add(&self, stage: usize, phase: Phase, time: Duration) {
        if let Some(stage) = self.stages.get(stage) {
            stage[phase as usize].fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
        }
    }

    /// What each layer has taken since this was last asked, in the order in which they run. A layer that only reshapes has nothing to
    /// run, and one that another has absorbed is part of that.
    pub fn take(&self, network: &Network) -> Vec<LayerTime> {
        let times = self.stages.iter().zip(&network.stages).map(|(times, stage)| {
            let [forward, backward, update] =
                times.each_ref().map(|time| Duration::from_nanos(time.swap(0, Ordering::Relaxed)));
            LayerTime { path: stage.path.clone(), forward, backward, update }
        });
        times.collect()
    }
}
