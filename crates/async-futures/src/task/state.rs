//! The life of a task in one word: who may poll it, who may read its result, who still knows it.
//!
//! ```text
//!              wake, abort                start
//!   (idle) ─────────────────▶ SCHEDULED ─────────▶ RUNNING ──────────▶ COMPLETE
//!      ▲                          ▲                   │  │   complete
//!      └──────────────────────────┼───────────────────┘  │
//!               pause             └──────────────────────┘
//!                                   pause, if it was woken meanwhile (RUNNING and SCHEDULED)
//! ```
//!
//! Each transition is one read-modify-write without a loop, because each bit is changed by one party
//! only: whoever turns SCHEDULED on first owns the entry in the run queue, only the owner of that
//! entry turns RUNNING on, and only the one who runs turns it off.

use labkit::sync::atomic::AtomicUsize;
use labkit::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// It waits in a run queue, or will as soon as its poll has ended.
const SCHEDULED: usize = 1;
/// It is being polled.
const RUNNING: usize = 2;
/// Its result is there, its future is gone. For good.
const COMPLETE: usize = 4;
/// The next one to run it shall drop it instead. For good.
const ABORTED: usize = 8;
/// The join handle lives; the result is its.
const INTEREST: usize = 16;
/// The joiner's waker is in its place, and nobody may write there.
const JOINER: usize = 32;
/// One reference, in the high bits.
const REFERENCE: usize = 64;

/// Beyond this, references could overflow into nothing; only a leak in a loop gets there.
const MOST_REFERENCES: usize = usize::MAX / 2;

/// The state word.
#[derive(Debug)]
pub(crate) struct State(AtomicUsize);

/// What the end of a task finds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Completed {
    /// Somebody holds the join handle, and owns the result from now on.
    pub(crate) wanted: bool,
    /// The joiner has left its waker.
    pub(crate) awaited: bool,
}

impl State {
    /// A task that is scheduled, and known to itself (until it completes) and to its join handle.
    pub(crate) fn new() -> Self {
        State(AtomicUsize::new(SCHEDULED | INTEREST | (2 * REFERENCE)))
    }

    /// Asks for a poll. True: the caller has to put the task into a run queue.
    ///
    /// Even if the task is scheduled already, the write publishes what the caller did before: the poll
    /// that is to come must see it.
    #[inline]
    #[must_use]
    pub(crate) fn wake(&self) -> bool {
        // BEGIN SOLUTION stage 2: who puts it into the queue if two wake it, or while it runs?
        let before = self.0.fetch_or(SCHEDULED, AcqRel);
        before & (SCHEDULED | RUNNING | COMPLETE) == 0
        // END SOLUTION
    }

    /// Asks for its end. True: the caller has to put the task into a run queue, where it is dropped.
    #[must_use]
    pub(crate) fn abort(&self) -> bool {
        // BEGIN SOLUTION stage 2: as a wake that also says what to do
        let before = self.0.fetch_or(SCHEDULED | ABORTED, AcqRel);
        before & (SCHEDULED | RUNNING | COMPLETE) == 0
        // END SOLUTION
    }

    /// Begins a poll. True: it was aborted, so it is dropped instead.
    #[inline]
    #[must_use]
    pub(crate) fn start(&self) -> bool {
        // BEGIN SOLUTION stage 2: a wake from now on must lead to another poll
        let before = self.0.fetch_xor(SCHEDULED | RUNNING, AcqRel);
        debug_assert_eq!(before & (SCHEDULED | RUNNING | COMPLETE), SCHEDULED);
        before & ABORTED != 0
        // END SOLUTION
    }

    /// Ends a poll that left it pending. True: it was woken meanwhile, and the caller has to schedule
    /// it. False: it may be gone already.
    #[inline]
    #[must_use]
    pub(crate) fn pause(&self) -> bool {
        // BEGIN SOLUTION stage 2: who schedules what was woken while it ran?
        self.0.fetch_and(!RUNNING, AcqRel) & SCHEDULED != 0
        // END SOLUTION
    }

    /// Ends the last poll; the result is in its place.
    #[inline]
    pub(crate) fn complete(&self) -> Completed {
        // BEGIN SOLUTION stage 2: publish the result, and learn who waits for it, in one step
        let before = self.0.fetch_xor(RUNNING | COMPLETE, AcqRel);
        Completed {
            wanted: before & INTEREST != 0,
            awaited: before & JOINER != 0,
        }
        // END SOLUTION
    }

    /// Whether the result is there.
    #[inline]
    #[must_use]
    pub(crate) fn is_complete(&self) -> bool {
        self.0.load(Acquire) & COMPLETE != 0
    }

    /// Whether the joiner's waker is in its place.
    #[inline]
    #[must_use]
    pub(crate) fn is_awaited(&self) -> bool {
        self.0.load(Acquire) & JOINER != 0
    }

    /// Shows the joiner's waker, which is in its place. False: too late, the task is complete.
    #[inline]
    #[must_use]
    pub(crate) fn show_joiner(&self) -> bool {
        self.0.fetch_or(JOINER, AcqRel) & COMPLETE == 0
    }

    /// Hides the joiner's waker, so that it can be replaced. False: too late, the task is complete and
    /// may be waking it.
    #[must_use]
    pub(crate) fn hide_joiner(&self) -> bool {
        self.0.fetch_and(!JOINER, AcqRel) & COMPLETE == 0
    }

    /// The join handle goes. True: the result is there, and the handle has to drop it.
    #[must_use]
    pub(crate) fn lose_interest(&self) -> bool {
        self.0.fetch_and(!(INTEREST | JOINER), AcqRel) & COMPLETE != 0
    }

    /// One more knows the task.
    #[inline]
    pub(crate) fn add_reference(&self) {
        // Whoever clones a reference has one, so there is nothing to order.
        let before = self.0.fetch_add(REFERENCE, Relaxed);
        assert!(before < MOST_REFERENCES, "wakers are leaked in a loop");
    }

    /// One less knows the task. True: it was the last, and the caller frees the memory.
    #[inline]
    #[must_use]
    pub(crate) fn drop_reference(&self) -> bool {
        self.0.fetch_sub(REFERENCE, AcqRel) < 2 * REFERENCE
    }
}
