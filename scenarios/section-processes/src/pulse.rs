//! The pulse: a task of the executor wakes at every beat of its timer and notes how things stand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_futures::{Executor, JoinHandle, TaskError, sleep};
use labkit::clock::Stopwatch;

/// From one look to the next.
const BEAT: Duration = Duration::from_millis(2);

/// How things stood at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gauges {
    /// Questions that have arrived and aren't answered.
    pub(crate) open: usize,
    /// Jobs in the bounded buffer.
    pub(crate) buffered: usize,
    /// Threads that wait for a lock.
    pub(crate) waiting: usize,
}

/// One look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// When, in seconds since the scenario's start.
    pub(crate) at: f64,
    /// How much later than its timer was set for, in seconds.
    pub(crate) late: f64,
    pub(crate) gauges: Gauges,
}

/// The running task.
pub(crate) struct Pulse {
    over: Arc<AtomicBool>,
    task: JoinHandle<Vec<Sample>>,
}

impl Pulse {
    /// Starts to look, until it is told that it is over.
    pub(crate) fn start(
        executor: &Executor,
        watch: Stopwatch,
        look: impl Fn() -> Gauges + Send + 'static,
    ) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&over);
        let task = executor.spawn(async move {
            let mut samples = Vec::new();
            while !told.load(Ordering::Acquire) {
                let due = watch.elapsed() + BEAT;
                sleep(BEAT).await;
                let now = watch.elapsed();
                samples.push(Sample {
                    at: now.as_secs_f64(),
                    late: now.saturating_sub(due).as_secs_f64(),
                    gauges: look(),
                });
            }
            samples
        });
        Pulse { over, task }
    }

    /// Ends it; what it looked at is dropped, and what it saw is returned.
    ///
    /// # Errors
    /// If the task has panicked.
    pub(crate) fn end(self, executor: &Executor) -> Result<Vec<Sample>, TaskError> {
        self.over.store(true, Ordering::Release);
        executor.block_on(self.task)
    }
}
