//! How fast a run goes: measured over the last half seconds, so that the number can be read while it changes.

use std::time::{Duration, Instant};

/// The least time over which a pace is measured.
const WINDOW: Duration = Duration::from_millis(500);

/// How much of the old pace stays in the new one.
const MEMORY: f64 = 0.5;

/// The training speed, as a moving average.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    since: Option<Instant>,
    /// Since the last measurement, without rests.
    steps: u64,
    elapsed: Duration,
    per_s: Option<f64>,
}

impl Pace {
    /// Steps were taken until `now`. The first call after a rest only starts the clock.
    pub fn steps(&mut self, steps: u64, now: Instant) {
        let Some(since) = self.since.replace(now) else { return };
        self.steps += steps;
        self.elapsed += now.duration_since(since);
        // The first measurement comes sooner, because nothing is worse than no number.
        let window = if self.per_s.is_none() { WINDOW / 4 } else { WINDOW };
        if self.elapsed < window {
            return;
        }
        let measured = self.steps as f64 / self.elapsed.as_secs_f64();
        self.per_s = Some(self.per_s.map_or(measured, |old| MEMORY * old + (1.0 - MEMORY) * measured));
        self.steps = 0;
        self.elapsed = Duration::ZERO;
    }

    /// The run pauses, or evaluates: that time does not count.
    pub fn rest(&mut self) {
        self.since = None;
    }

    /// Optimizer steps per second; `None` before the first measurement.
    pub fn steps_per_s(&self) -> Option<f64> {
        self.per_s.filter(|pace| *pace > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_does_not_slow_the_pace_down() {
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.steps(1, start);
        for tenth in 1..=10 {
            pace.steps(10, start + Duration::from_millis(100 * tenth));
        }
        assert_eq!(pace.steps_per_s(), Some(100.0));
        pace.rest();
        let later = start + Duration::from_secs(100);
        pace.steps(10, later);
        pace.steps(100, later + Duration::from_secs(1));
        assert_eq!(pace.steps_per_s(), Some(100.0));
    }
}
