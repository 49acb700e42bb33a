//! Who is awake: workers sleep when there is nothing to do, and no task ever waits beside a sleeper.
//!
//! The rings have no lock to sleep under, so going to sleep is a protocol (an event count):
//!
//! - The *giver* makes a task visible, passes a fence, then looks at the counts. If someone sleeps and
//!   nobody is searching, it wakes one.
//! - The *sleeper* counts itself as asleep, passes a fence, then looks for tasks once more. It goes to
//!   bed only if there is none.
//!
//! Between the two fences at least one sees the other's write. The giver may skip the wake-up while
//! somebody searches, because the *last searcher* who finds a task wakes another in its place: that
//! one searches on, or lies down where the searcher watched the sockets. A woken sleeper counts as
//! searching from the moment of the wake-up, so that one task wakes one worker and not all.

use labkit::sync::atomic::Ordering::{Relaxed, SeqCst};
use labkit::sync::atomic::{AtomicU64, fence};
use labkit::sync::{CachePadded, Mutex, lock};

use crate::park::Parker;

/// One searching worker, in the low half of the counts.
const SEARCHING: u64 = 1;
/// One sleeping worker, in the high half.
const SLEEPING: u64 = 1 << 32;

/// The crew's beds, and who lies in them.
pub struct Idle {
    /// Searching and sleeping workers in one word, so that a giver reads both at once.
    counts: CachePadded<AtomicU64>,
    /// Guards the list and every change of `counts` that goes with it.
    state: Mutex<State>,
    beds: Box<[Parker]>,
    /// Interrupts a worker that waits in the kernel.
    alarm: Box<dyn Fn() + Send + Sync>,
}

#[derive(Debug, Default)]
struct State {
    sleepers: Vec<usize>,
    closed: bool,
}

impl std::fmt::Debug for Idle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Idle").finish_non_exhaustive()
    }
}

impl Idle {
    /// Beds for so many workers. `alarm` interrupts the one who waits in the kernel.
    #[must_use]
    pub fn new(workers: usize, alarm: impl Fn() + Send + Sync + 'static) -> Self {
        Idle {
            counts: CachePadded::default(),
            state: Mutex::default(),
            beds: (0..workers).map(|_| Parker::default()).collect(),
            alarm: Box::new(alarm),
        }
    }

    /// Says that a task has been made visible, or that nobody watches the sockets any more.
    #[inline]
    pub fn notify(&self) {
        // BEGIN SOLUTION stage 3: between the task and the look at the counts belongs a fence
        fence(SeqCst);
        let counts = self.counts.load(Relaxed);
        if counts >= SLEEPING && counts.is_multiple_of(SLEEPING) {
            self.wake_one();
        }
        // END SOLUTION
    }

    /// Says that a worker looks for a task.
    pub fn begin_search(&self) {
        self.counts.fetch_add(SEARCHING, SeqCst);
    }

    /// Says that it has found one, or goes home.
    pub fn end_search(&self) {
        // BEGIN SOLUTION stage 3: givers may have relied on this searcher; who takes over?
        let before = self.counts.fetch_sub(SEARCHING, SeqCst);
        if before >= SLEEPING && before % SLEEPING == SEARCHING {
            self.wake_one();
        }
        // END SOLUTION
    }

    /// Puts a searching worker to bed with `lie`, unless there is work; afterwards it searches again.
    /// False: the executor is closed, and the worker goes home.
    pub fn sleep(&self, me: usize, work: impl Fn() -> bool, lie: impl FnOnce(&Parker)) -> bool {
        // BEGIN SOLUTION stage 3: announce, fence, look again, and only then lie down
        if self.announce(me) {
            fence(SeqCst);
            if !work() {
                lie(&self.beds[me]);
            }
        }
        self.withdraw(me)
        // END SOLUTION
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }

    /// Wakes everybody for good.
    pub fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        let sleepers = std::mem::take(&mut state.sleepers);
        for worker in sleepers {
            self.counts.fetch_sub(SLEEPING - SEARCHING, SeqCst);
            self.rouse(worker);
        }
    }

    /// False: it is closed, and nobody lies down any more.
    fn announce(&self, me: usize) -> bool {
        let mut state = lock(&self.state);
        if !state.closed {
            state.sleepers.push(me);
            self.counts.fetch_add(SLEEPING - SEARCHING, SeqCst);
        }
        !state.closed
    }

    /// Takes a worker off the list, unless who woke it has. False: it is closed.
    fn withdraw(&self, me: usize) -> bool {
        let mut state = lock(&self.state);
        if let Some(at) = state.sleepers.iter().position(|sleeper| *sleeper == me) {
            state.sleepers.swap_remove(at);
            self.counts.fetch_sub(SLEEPING - SEARCHING, SeqCst);
        }
        !state.closed
    }

    #[cold]
    fn wake_one(&self) {
        let mut state = lock(&self.state);
        if let Some(sleeper) = state.sleepers.pop() {
            self.counts.fetch_sub(SLEEPING - SEARCHING, SeqCst);
            drop(state);
            self.rouse(sleeper);
        }
    }

    /// Wakes one who is off the list and counted as searching.
    fn rouse(&self, sleeper: usize) {
        if self.beds[sleeper].unpark() {
            (self.alarm)();
        }
    }
}
