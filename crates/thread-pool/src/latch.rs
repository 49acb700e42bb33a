//! One-shot events: set once by whoever finishes something, awaited by one thread.
//!
//! A latch often lies in the stack frame of the thread that waits for it, which may return, and take
//! the latch away, as soon as it reads [`SET`](Latch::is_set). So setting must touch nothing after
//! the store that says so, and must not pay for a waiter that isn't there: nearly all latches of a
//! fork-join program are set (or found needless) before anyone waits.

#![expect(unsafe_code, reason = "a latch may be gone as soon as it has been set")]

use labkit::clock::Deadline;
use labkit::sync::atomic::AtomicU8;
use labkit::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use labkit::sync::{Mutex, lock, thread};

/// Neither set nor watched.
const UNSET: u8 = 0;
/// Not set, and a thread that is named in `watcher` may park until it is.
const WATCHED: u8 = 1;
/// About to be set by a thread that is reading `watcher`.
const SETTING: u8 = 2;
/// Set for good.
const SET: u8 = 3;

/// A one-shot event. At most one thread waits for it at a time.
#[derive(Debug)]
pub struct Latch {
    state: AtomicU8,
    /// Guards the handle of the waiting thread; held for a move in or out only.
    watcher: Mutex<Option<thread::Thread>>,
}

impl Latch {
    /// A latch that isn't set.
    #[must_use]
    pub fn new() -> Self {
        Latch {
            state: AtomicU8::new(UNSET),
            watcher: Mutex::new(None),
        }
    }

    /// Whether it has been set; what the setter wrote before is visible then.
    #[inline]
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.state.load(Acquire) == SET
    }

    /// Sets the latch and wakes its watcher.
    pub fn set(&self) {
        // SAFETY: the borrow keeps the latch alive.
        unsafe { Self::set_last(self) }
    }

    /// Sets a latch that its watcher may take away as soon as it is set.
    ///
    /// # Safety
    /// `this` points to a latch that lives until it is set.
    pub(crate) unsafe fn set_last(this: *const Self) {
        // SAFETY: by contract the latch lives until the store of SET, and each reference below ends
        // with or before it.
        unsafe {
            // BEGIN SOLUTION stage 2: set it, and wake whoever watches; what may you touch after that?
            let state = &raw const (*this).state;
            while (*state)
                .compare_exchange(UNSET, SET, AcqRel, Acquire)
                .is_err()
            {
                if (*state)
                    .compare_exchange(WATCHED, SETTING, AcqRel, Acquire)
                    .is_ok()
                {
                    let watcher = lock(&(*this).watcher).take();
                    (*state).store(SET, Release);
                    if let Some(thread) = watcher {
                        thread.unpark();
                    }
                    return;
                }
            }
            // END SOLUTION
        }
    }

    /// Names the current thread as the one to wake. False: no need to wait, it has been set.
    fn arm(&self) -> bool {
        // BEGIN SOLUTION stage 2: leave your name first, then say that someone watches
        *lock(&self.watcher) = Some(thread::current());
        match self.state.compare_exchange(UNSET, WATCHED, AcqRel, Acquire) {
            Ok(_) | Err(WATCHED) => true,
            Err(_) => {
                self.let_setter_finish();
                false
            }
        }
        // END SOLUTION
    }

    /// Takes the name back, so that another thread can wait another time.
    fn disarm(&self) {
        let unwatched = self.state.compare_exchange(WATCHED, UNSET, AcqRel, Acquire);
        if unwatched == Err(SETTING) {
            self.let_setter_finish();
        }
    }

    /// The setter is between two instructions; there is nothing to sleep for.
    fn let_setter_finish(&self) {
        while !self.is_set() {
            thread::yield_now();
        }
    }
}

impl Default for Latch {
    fn default() -> Self {
        Self::new()
    }
}

/// What a thread waits for: a latch, a deadline, both, or only for the next job.
#[derive(Debug)]
pub struct Wait<'a> {
    latch: Option<&'a Latch>,
    deadline: Deadline,
}

impl<'a> Wait<'a> {
    /// A worker between two jobs: nothing but the end of the pool ends its wait for the next one.
    #[must_use]
    pub fn for_work() -> Self {
        Wait {
            latch: None,
            deadline: Deadline::never(),
        }
    }

    /// Until `latch` is set.
    #[must_use]
    pub fn for_latch(latch: &'a Latch) -> Self {
        Self::for_latch_until(latch, Deadline::never())
    }

    /// Until `latch` is set or `deadline` has expired.
    #[must_use]
    pub fn for_latch_until(latch: &'a Latch, deadline: Deadline) -> Self {
        Wait {
            latch: Some(latch),
            deadline,
        }
    }

    /// Whether the thread is in no job: it may be sent home when the pool ends.
    pub(crate) fn is_idle(&self) -> bool {
        self.latch.is_none()
    }

    /// Whether what was waited for has come, or the time is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.latch.is_some_and(Latch::is_set) || self.deadline.expired()
    }

    /// Makes sure that the latch will unpark this thread. False: it is set already.
    #[must_use]
    pub fn arm(&self) -> bool {
        self.latch.is_none_or(Latch::arm)
    }

    /// Sleeps until someone unparks this thread or the time is over; may also return for no reason.
    pub(crate) fn park(&self) {
        match self.deadline.remaining() {
            std::time::Duration::MAX => thread::park(),
            remaining => thread::park_timeout(remaining),
        }
    }

    /// Blocks the thread until the wait is over. A worker has better things to do: it helps.
    pub fn block(&self) {
        while !self.is_over() && self.arm() {
            self.park();
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if let Some(latch) = self.latch.filter(|latch| !latch.is_set()) {
            latch.disarm();
        }
    }
}
