//! The smallest executor: one future, one thread, which sleeps until it is woken.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Runs a future on the calling thread until it is ready. Nothing else runs on it meanwhile; timers
/// and sockets need an [`Executor`](crate::Executor), whose own `block_on` brings them along.
///
/// ```
/// assert_eq!(async_futures::block_on(async { 6 * 7 }), 42);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    // BEGIN SOLUTION stage 2: poll, sleep, poll; what if the wake-up comes before the sleep?
    let mut future = pin!(future);
    let bell = Arc::new(Bell {
        rung: AtomicBool::new(false),
        thread: thread::current(),
    });
    let waker = Waker::from(Arc::clone(&bell));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        // A thread can be unparked for other reasons; the bell says whether this was meant.
        while !bell.rung.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
    // END SOLUTION
}

/// Wakes a thread.
struct Bell {
    rung: AtomicBool,
    thread: Thread,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, Ordering::Release) {
            self.thread.unpark();
        }
    }
}
