//! What follows from what is shown and takes too long for a frame: it is worked out on a thread of its own, again and
//! again while weights and settings change.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use eframe::egui::Context;

/// An answer that takes longer than this is slow.
const SLOW: Duration = Duration::from_millis(2);

/// An answer is shown with the next frame of a window that draws sixty a second, and is no reason for one in between.
const FRAME: Duration = Duration::from_millis(16);

/// A question about what is shown. Two that are equal have the same answer.
pub trait Query: Clone + PartialEq + Send + Sync + 'static {
    /// The result of the query.
    type Answer: Send + Sync + 'static;

    /// What the thread keeps from one query to the next, as the workspace of a network.
    type Memory: Default;

    /// What the thread does, as its name.
    const NAME: &'static str;

    /// The least time from one query to the next.
    const PAUSE: Duration = Duration::from_millis(60);

    /// A slow answer is worked out in one part of so many of the time at most.
    const SHARE: u32 = 10;

    /// The same for this query, where some are in more of a hurry.
    fn share(&self) -> u32 {
        Self::SHARE
    }

    /// Works the answer out, on the thread.
    fn answer(&self, memory: &mut Self::Memory) -> Self::Answer;

    /// Whether the answer to an older query may be shown until this one is answered.
    fn may_show(&self, older: &Self) -> bool;
}

/// An answer, and what it answers.
pub struct Latest<Q: Query> {
    /// The query that was answered.
    pub query: Q,
    /// The result.
    pub answer: Q::Answer,
    /// Tells this answer from all others to the same kind of query.
    pub version: u64,
    took: Duration,
}

/// The newest answer to one kind of query. A view asks in every frame; only the newest query is answered.
pub struct Derived<Q: Query> {
    worker: Option<Worker<Q>>,
    newest: Option<Arc<Latest<Q>>>,
    /// The query that was asked last, and the frame in which it was.
    wanted: Option<(Q, u64)>,
    /// The query whose answer is on its way.
    sent: Option<Q>,
    sent_at: Option<Instant>,
    /// A query that the thread did not survive, which is not asked again.
    fatal: Option<Q>,
}

/// Ends when its queries' sender is dropped, after the answer that it is working out.
struct Worker<Q: Query> {
    queries: Sender<Q>,
    answers: Receiver<Latest<Q>>,
}

impl<Q: Query> Default for Derived<Q> {
    fn default() -> Self {
        Self { worker: None, newest: None, wanted: None, sent: None, sent_at: None, fatal: None }
    }
}

impl<Q: Query> Derived<Q> {
    /// Asks, and gives what may be shown meanwhile. The window is drawn again when there is more.
    pub fn ask(&mut self, ctx: &Context, query: Q) -> Option<Arc<Latest<Q>>> {
        self.absorb();
        let is_answered = self.newest.as_ref().is_some_and(|newest| newest.query == query);
        if !is_answered && self.sent.is_none() && self.fatal.as_ref() != Some(&query) {
            let pause = self.pause(query.share());
            if pause.is_zero() {
                self.send(ctx, query.clone());
            } else {
                ctx.request_repaint_after(pause);
            }
        }
        let shown = self.newest.clone().filter(|newest| is_answered || query.may_show(&newest.query));
        self.wanted = Some((query, ctx.cumulative_pass_nr()));
        shown
    }

    /// The answer to the query that was asked last, when it is there.
    pub fn current(&self) -> Option<&Arc<Latest<Q>>> {
        let (wanted, _) = self.wanted.as_ref()?;
        self.newest.as_ref().filter(|newest| newest.query == *wanted)
    }

    /// Whether nobody waits: what the last frames asked is answered.
    pub fn is_settled(&self, ctx: &Context) -> bool {
        let Some((wanted, pass)) = &self.wanted else { return true };
        pass + 2 < ctx.cumulative_pass_nr() || self.current().is_some() || self.fatal.as_ref() == Some(wanted)
    }

    /// How long the next query has to wait, of which a slow answer may take this part of the time.
    fn pause(&self, share: u32) -> Duration {
        let took = self.newest.as_ref().map_or(Duration::ZERO, |newest| newest.took);
        let pause = if took > SLOW { Q::PAUSE.max(share * took) } else { Q::PAUSE };
        self.sent_at.map_or(Duration::ZERO, |sent| pause.saturating_sub(sent.elapsed()))
    }

    fn absorb(&mut self) {
        let Some(worker) = &self.worker else { return };
        match worker.answers.try_recv() {
            Ok(answered) => {
                self.sent = None;
                let version = self.newest.as_ref().map_or(0, |newest| newest.version) + 1;
                self.newest = Some(Arc::new(Latest { version, ..answered }));
            }
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => {
                tracing::warn!("the thread that was {} has ended", Q::NAME);
                (self.worker, self.fatal) = (None, self.sent.take());
            }
        }
    }

    fn send(&mut self, ctx: &Context, query: Q) {
        if self.worker.is_none() {
            self.worker = Worker::start(ctx);
        }
        if let Some(worker) = &self.worker {
            // One is on its way at most, so that there is room.
            let _ = worker.queries.try_send(query.clone());
            (self.sent, self.sent_at) = (Some(query), Some(Instant::now()));
        }
    }
}

impl<Q: Query> Worker<Q> {
    fn start(ctx: &Context) -> Option<Self> {
        let (queries, asked) = bounded::<Q>(1);
        let (sender, answers) = bounded(1);
        let wake = WakeOnDrop(ctx.clone());
        let started = thread::Builder::new().name(Q::NAME.to_owned()).spawn(move || {
            // Declared first, so that it wakes the window last, also after a panic.
            let wake = wake;
            let sender = sender;
            let mut memory = Q::Memory::default();
            for query in asked {
                let started = Instant::now();
                let answer = query.answer(&mut memory);
                let answered = Latest { query, answer, version: 0, took: started.elapsed() };
                if sender.send(answered).is_err() {
                    return;
                }
                wake.0.request_repaint_after(FRAME);
            }
        });
        match started {
            Ok(_) => Some(Self { queries, answers }),
            Err(error) => {
                tracing::warn!("no thread for {}: {error}", Q::NAME);
                None
            }
        }
    }
}

/// Asks for a frame when the thread that it belongs to ends, also by a panic.
pub(super) struct WakeOnDrop(pub Context);

impl Drop for WakeOnDrop {
    fn drop(&mut self) {
        self.0.request_repaint_after(Duration::from_millis(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often it was answered, after so many milliseconds; an odd number is no answer to an even one.
    #[derive(Clone, PartialEq)]
    struct Sleep(u64);

    impl Query for Sleep {
        type Answer = usize;
        type Memory = usize;
        const NAME: &'static str = "sleeping";
        const PAUSE: Duration = Duration::ZERO;

        fn answer(&self, count: &mut usize) -> usize {
            assert!(self.0 < 1000, "too long");
            thread::sleep(Duration::from_millis(self.0));
            *count += 1;
            *count
        }

        fn may_show(&self, older: &Self) -> bool {
            self.0 % 2 == older.0 % 2
        }
    }

    fn ask_until_settled(derived: &mut Derived<Sleep>, query: u64) -> Option<Arc<Latest<Sleep>>> {
        let ctx = Context::default();
        let started = Instant::now();
        loop {
            let shown = derived.ask(&ctx, Sleep(query));
            if derived.is_settled(&ctx) {
                return shown;
            }
            assert!(started.elapsed() < Duration::from_secs(60));
            thread::yield_now();
        }
    }

    #[test]
    fn the_newest_query_wins_and_an_answer_that_fits_is_shown_meanwhile() {
        let ctx = Context::default();
        let mut derived = Derived::default();
        assert!(derived.ask(&ctx, Sleep(20)).is_none() && !derived.is_settled(&ctx));
        // These come while the first is on its way: only the last of them is answered.
        for millis in [4, 6, 0] {
            derived.ask(&ctx, Sleep(millis));
        }
        let answered = ask_until_settled(&mut derived, 0).unwrap();
        assert_eq!((answered.query.0, answered.answer, answered.version), (0, 2, 2));
        assert!(derived.ask(&ctx, Sleep(2)).is_some_and(|old| old.query.0 == 0), "shown until the next is there");
        assert!(derived.ask(&ctx, Sleep(1)).is_none(), "an answer that does not fit is not shown");
        assert!(derived.current().is_none());
    }

    #[test]
    fn a_slow_answer_is_not_asked_for_again_at_once() {
        let mut derived = Derived::default();
        let started = Instant::now();
        ask_until_settled(&mut derived, 30);
        ask_until_settled(&mut derived, 0);
        assert!(started.elapsed() >= Duration::from_millis(300), "{:?}", started.elapsed());
    }

    #[test]
    fn a_query_that_the_thread_does_not_survive_is_asked_once() {
        let mut derived = Derived::default();
        assert!(ask_until_settled(&mut derived, 1000).is_none());
        assert!(ask_until_settled(&mut derived, 0).is_some(), "others are answered");
    }
}
