//! What the test files share: a deadline for everything, executors, and wakers that can be counted.

#![expect(dead_code, reason = "no test file uses all of it")]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use async_futures::Executor;
use labkit::wait;

/// Far beyond what any test needs, so that only a hang reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a test that may not hang.
pub(crate) fn in_time<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    wait::within(PATIENCE, test)
}

pub(crate) fn executor(workers: usize) -> Executor {
    Executor::builder()
        .workers(workers)
        .build()
        .expect("an executor can be started")
}

/// Whether a sanitizer runs the test, which makes it some ten times slower.
pub(crate) fn sanitized() -> bool {
    std::env::var_os("LAB_SANITIZED").is_some()
}

/// A waker that counts how often it was woken.
#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn waker() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (Arc::clone(&count), Waker::from(count))
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A gate for tasks and threads, without locks, which ThreadSanitizer can't follow.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(AtomicUsize, AtomicBool)>);

impl Gate {
    pub(crate) fn arrive(&self) {
        self.0.0.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn arrived(&self) -> usize {
        self.0.0.load(Ordering::Acquire)
    }

    /// Waits until so many have arrived.
    pub(crate) fn wait_for(&self, arrivals: usize) {
        assert!(wait::until(PATIENCE, || self.arrived() >= arrivals));
    }

    pub(crate) fn open(&self) {
        self.0.1.store(true, Ordering::Release);
    }

    pub(crate) fn is_open(&self) -> bool {
        self.0.1.load(Ordering::Acquire)
    }

    /// Blocks the thread until the gate is open.
    pub(crate) fn pass(&self) {
        self.arrive();
        assert!(wait::until(PATIENCE, || self.is_open()));
    }
}

/// Says when it is dropped.
pub(crate) struct Dropped(pub(crate) Gate);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.arrive();
    }
}

/// A future that is never ready, and says when it is dropped.
pub(crate) struct Never(pub(crate) Dropped);

impl Future for Never {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

/// Panics without a word on stderr: the hook isn't called for a resumed panic.
pub(crate) fn panic_silently(message: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(message))
}

/// A place for one waker.
#[derive(Default)]
pub(crate) struct Slot(std::sync::Mutex<Option<Waker>>);

impl Slot {
    pub(crate) fn leave(&self, waker: &Waker) {
        *self.0.lock().unwrap() = Some(waker.clone());
    }

    /// Wakes who has left its waker, if anybody has.
    pub(crate) fn wake(&self) {
        let waker = self.0.lock().unwrap().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
