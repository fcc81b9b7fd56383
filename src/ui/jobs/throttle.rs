//! When something that is worked out beside the window, over and over, may be asked for again.

use std::time::{Duration, Instant};

use eframe::egui::Context;

/// Nothing is asked for more often than this.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Default)]
pub struct Throttle {
    /// When it was asked for last, and whether the answer is still on its way.
    asked: Option<Instant>,
    is_waiting: bool,
    /// How long the last answer took.
    took: Duration,
}

impl Throttle {
    /// Whether to ask now. If it is only too early, the window is drawn again when it is not: a slow network is asked for a
    /// tenth of the time.
    pub fn ask(&mut self, ctx: &Context) -> bool {
        if self.is_waiting {
            return false;
        }
        let pause = PAUSE.max(10 * self.took);
        let wait = self.asked.map_or(Duration::ZERO, |asked| pause.saturating_sub(asked.elapsed()));
        if !wait.is_zero() {
            ctx.request_repaint_after(wait);
            return false;
        }
        (self.is_waiting, self.asked) = (true, Some(Instant::now()));
        true
    }

    /// To be called when what was asked for is there.
    pub fn answered(&mut self, took: Duration) {
        (self.is_waiting, self.took) = (false, took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_answer_is_on_its_way_at_a_time_and_a_slow_one_is_not_asked_for_again_at_once() {
        let ctx = Context::default();
        let mut throttle = Throttle::default();
        assert!(throttle.ask(&ctx));
        assert!(!throttle.ask(&ctx), "the answer is on its way");
        throttle.answered(Duration::from_secs(3600));
        assert!(!throttle.ask(&ctx), "it took an hour, and so the next may wait for ten");
    }
}
