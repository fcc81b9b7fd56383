//! What a slow answer is asked of while a run goes on.

/// A question about one moment of a run. While the run goes on, an answer that takes longer than a step is worked out to its end
/// before the next one begins.
pub struct Pinned<T> {
    asked: Option<T>,
    /// Whether the answer is there.
    pub is_done: bool,
}

impl<T> Default for Pinned<T> {
    fn default() -> Self {
        Self { asked: None, is_done: false }
    }
}

impl<T: Clone + PartialEq> Pinned<T> {
    /// What to ask: the newest, or where that `may_wait` what was asked before and is not answered yet, if both are of the same run.
    pub fn of(&mut self, newest: T, may_wait: bool, is_of_same_run: impl Fn(&T, &T) -> bool) -> T {
        let waits = |asked: &T| *asked == newest || (may_wait && !self.is_done && is_of_same_run(asked, &newest));
        if !self.asked.as_ref().is_some_and(waits) {
            (self.asked, self.is_done) = (Some(newest.clone()), false);
        }
        self.asked.clone().unwrap_or(newest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_of_a_run_waits_until_it_is_answered() {
        let is_of_same_run = |one: &(u32, u32), other: &(u32, u32)| one.0 == other.0;
        let mut pinned = Pinned::default();
        let mut ask = |newest, may_wait| pinned.of(newest, may_wait, is_of_same_run);
        assert_eq!((ask((1, 1), true), ask((1, 2), true)), ((1, 1), (1, 1)));
        assert_eq!((ask((2, 1), true), ask((2, 2), false), ask((2, 3), true)), ((2, 1), (2, 2), (2, 2)));
        pinned.is_done = true;
        assert_eq!(pinned.of((2, 4), true, is_of_same_run), (2, 4));
        assert!(!pinned.is_done);
    }
}
