//! Several trainings at a time: threads take tasks from a queue, which may wait for results before it has more.

use std::thread;

use crossbeam_channel::unbounded;

/// Gives out tasks and takes what came of them.
pub trait Queue {
    /// Something to do.
    type Task: Send;
    /// What came of it.
    type Done: Send;

    /// The next task; nothing while it waits for results, or when all is done.
    fn next(&mut self) -> Option<Self::Task>;

    /// Takes the result of a task.
    fn take(&mut self, done: Self::Done);
}

/// Works a queue off with so many threads, until it has no more tasks and none is under way.
pub fn work_off<Q: Queue>(queue: &mut Q, threads: usize, work: impl Fn(Q::Task) -> Q::Done + Sync) {
    let (tasks, open) = unbounded::<Q::Task>();
    let (results, done) = unbounded();
    let work = &work;
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let (open, results) = (open.clone(), results.clone());
            scope.spawn(move || open.into_iter().map(work).try_for_each(|result| results.send(result)));
        }
        drop(results);
        let mut under_way = 0;
        loop {
            while under_way < threads.max(1)
                && let Some(task) = queue.next()
            {
                under_way += usize::from(tasks.send(task).is_ok());
            }
            if under_way == 0 {
                break;
            }
            // A thread that has panicked sends nothing; the panic goes on at the end of the scope.
            let Ok(result) = done.recv() else { break };
            under_way -= 1;
            queue.take(result);
        }
        drop(tasks);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each number from 1 on waits for the sum of those before it.
    struct Sums {
        sent: usize,
        back: Vec<usize>,
        is_waiting: bool,
    }

    impl Queue for Sums {
        type Task = usize;
        type Done = usize;

        fn next(&mut self) -> Option<usize> {
            if self.sent == 6 || (self.sent == 3 && self.back.len() < 3) {
                self.is_waiting |= self.sent == 3;
                return None;
            }
            self.sent += 1;
            Some(self.sent)
        }

        fn take(&mut self, done: usize) {
            self.back.push(done);
        }
    }

    #[test]
    fn all_tasks_are_done_though_some_wait_for_results() {
        for threads in [0, 1, 4] {
            let mut sums = Sums { sent: 0, back: Vec::new(), is_waiting: false };
            work_off(&mut sums, threads, |task| task * task);
            sums.back.sort_unstable();
            assert_eq!(sums.back, [1, 4, 9, 16, 25, 36]);
        }
    }
}
