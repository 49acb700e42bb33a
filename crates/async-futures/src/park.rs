//! Where one worker sleeps: on a condition, or in the kernel, waiting for sockets and timers.
//!
//! A wake-up that comes before the sleep leaves a token, so none is missed. The waker learns from one
//! swap where the sleeper is, and so how to reach it.

use labkit::sync::atomic::AtomicUsize;
use labkit::sync::atomic::Ordering::{AcqRel, Acquire};
use labkit::sync::{Condvar, Mutex, lock, wait};

const EMPTY: usize = 0;
/// It waits on the condition.
const PARKED: usize = 1;
/// It waits in the kernel, for the reactor.
const POLLING: usize = 2;
/// The token: it needn't sleep.
const NOTIFIED: usize = 3;

/// One worker's bed.
#[derive(Debug, Default)]
pub struct Parker {
    state: AtomicUsize,
    /// Held from the decision to wait until the wait, so that no signal falls between.
    gate: Mutex<()>,
    woken: Condvar,
}

impl Parker {
    /// Sleeps on the condition until it is unparked; returns at once if it was already.
    pub fn park(&self) {
        // BEGIN SOLUTION stage 3: the wake-up may come at any point, even before
        let mut gate = lock(&self.gate);
        if self.lie_down(PARKED) {
            while self.state.load(Acquire) != NOTIFIED {
                gate = wait(&self.woken, &self.gate, gate);
            }
        }
        self.state.swap(EMPTY, AcqRel);
        // END SOLUTION
    }

    /// Says that the worker goes to wait in the kernel. False: it was unparked already.
    #[must_use]
    pub fn begin_polling(&self) -> bool {
        self.lie_down(POLLING)
    }

    /// Says that it is back.
    pub fn end_polling(&self) {
        self.state.swap(EMPTY, AcqRel);
    }

    /// Wakes the worker, or leaves a token. True: it waits in the kernel, and the caller has to
    /// interrupt that.
    #[must_use]
    pub fn unpark(&self) -> bool {
        match self.state.swap(NOTIFIED, AcqRel) {
            PARKED => {
                // The sleeper holds the gate until it waits; passing it means that it can be signalled.
                drop(lock(&self.gate));
                self.woken.notify_one();
                false
            }
            before => before == POLLING,
        }
    }

    fn lie_down(&self, how: usize) -> bool {
        (self.state.compare_exchange(EMPTY, how, AcqRel, Acquire)).is_ok()
    }
}
