//! What a pool counts: one set of counters for each worker, each written by its worker alone.
//!
//! A counter that all workers share would be the most contended word of the pool. So everyone counts
//! for themselves, without read-modify-write, and whoever asks adds up. The sums are exact once the
//! pool has been shut down, and a moment old before.

use std::sync::atomic::{AtomicU64, Ordering};

use labkit::sync::CachePadded;

/// A number with one writer.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds one; only the counter's own thread may.
    #[inline]
    pub(crate) fn bump(&self) {
        let value = self.0.load(Ordering::Relaxed);
        self.0.store(value + 1, Ordering::Relaxed);
    }

    /// Adds one from any thread.
    pub(crate) fn bump_shared(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One worker's counters, or those of all threads outside.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) submitted: Counter,
    pub(crate) refused: Counter,
    pub(crate) completed: Counter,
    pub(crate) panicked: Counter,
    pub(crate) cancelled: Counter,
    pub(crate) aborted: Counter,
    pub(crate) ran_in_caller: Counter,
    pub(crate) stolen: Counter,
    pub(crate) sleeps: Counter,
}

impl Counters {
    /// Jobs that ended here, in whatever way.
    fn jobs(&self) -> u64 {
        self.completed.get() + self.panicked.get() + self.cancelled.get() + self.aborted.get()
    }
}

/// A snapshot of a pool's counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Jobs taken in by `execute`, `submit` and `scope`.
    pub submitted: u64,
    /// Jobs refused because the queue was full or the pool shut down.
    pub refused: u64,
    /// Jobs that returned.
    pub completed: u64,
    /// Jobs that panicked.
    pub panicked: u64,
    /// Jobs that were cancelled before they began.
    pub cancelled: u64,
    /// Jobs that an abort dropped.
    pub aborted: u64,
    /// Jobs that found the queue full and ran on the thread that brought them.
    pub ran_in_caller: u64,
    /// Jobs, and parts of forked jobs, that a worker took from another's deque.
    pub stolen: u64,
    /// How often a worker found nothing to do and went to sleep.
    pub sleeps: u64,
    /// Jobs that wait now.
    pub waiting: usize,
    /// Jobs that ended on each worker, in whatever way.
    pub per_worker: Vec<u64>,
}

impl Metrics {
    pub(crate) fn collect(
        workers: &[CachePadded<Counters>],
        outside: &Counters,
        waiting: usize,
    ) -> Self {
        let mut metrics = Metrics {
            waiting,
            ..Metrics::default()
        };
        for counters in workers.iter().map(|worker| &**worker).chain([outside]) {
            metrics.submitted += counters.submitted.get();
            metrics.refused += counters.refused.get();
            metrics.completed += counters.completed.get();
            metrics.panicked += counters.panicked.get();
            metrics.cancelled += counters.cancelled.get();
            metrics.aborted += counters.aborted.get();
            metrics.ran_in_caller += counters.ran_in_caller.get();
            metrics.stolen += counters.stolen.get();
            metrics.sleeps += counters.sleeps.get();
        }
        metrics.per_worker = workers.iter().map(|worker| worker.jobs()).collect();
        metrics
    }

    /// Jobs that came to an end, in whatever way; after the shutdown as many as were submitted.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.completed + self.panicked + self.cancelled + self.aborted
    }
}
