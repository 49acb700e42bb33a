//! What the test files share: a deadline for everything, pools, and a gate that jobs wait at.

#![expect(dead_code, reason = "no test file uses all of it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use labkit::wait::until;
use thread_pool::{Builder, Reason, SchedulerKind, ThreadPool};

/// Far beyond what any test needs, so that only a hang reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) const BOTH: [SchedulerKind; 2] =
    [SchedulerKind::SharedQueue, SchedulerKind::WorkStealing];

/// Runs a test that may not hang.
pub(crate) fn in_time<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    labkit::wait::within(PATIENCE, test)
}

/// A pool with the scheduler that the first four stages build.
pub(crate) fn shared(threads: usize) -> Builder {
    of(SchedulerKind::SharedQueue, threads)
}

pub(crate) fn of(kind: SchedulerKind, threads: usize) -> Builder {
    ThreadPool::builder().threads(threads).scheduler(kind)
}

/// Waits until another thread's shutdown has begun.
pub(crate) fn wait_until_closed(pool: &ThreadPool) {
    let closed =
        || matches!(pool.execute(|| ()), Err(refused) if refused.reason == Reason::ShutDown);
    assert!(until(PATIENCE, closed));
}

/// A door that is closed until someone opens it, and that tells how many stand before it. Without
/// locks, which ThreadSanitizer can't follow.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(AtomicUsize, AtomicBool)>);

impl Gate {
    /// Arrives, and waits until the gate is open.
    pub(crate) fn pass(&self) {
        self.0.0.fetch_add(1, Ordering::AcqRel);
        assert!(until(PATIENCE, || self.0.1.load(Ordering::Acquire)));
    }

    /// Waits until so many have arrived.
    pub(crate) fn wait_for(&self, arrivals: usize) {
        assert!(until(PATIENCE, || self.0.0.load(Ordering::Acquire) >= arrivals));
    }

    pub(crate) fn open(&self) {
        self.0.1.store(true, Ordering::Release);
    }
}

/// Says when it is dropped.
pub(crate) struct Dropped(pub(crate) Gate);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.open();
        self.0.pass();
    }
}

/// Panics without a word on stderr: the hook isn't called for a resumed panic.
pub(crate) fn panic_silently(message: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(message))
}
