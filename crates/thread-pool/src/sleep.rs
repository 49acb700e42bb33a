//! Who is awake: workers sleep when there is nothing to do, and no job ever waits beside a sleeper.
//!
//! A queue under a lock can keep its waiting threads under the same lock. The deques have none, so
//! going to sleep is a protocol (an event count):
//!
//! - The *giver* makes a job visible, passes a fence, then looks at the counts. If someone sleeps and
//!   nobody is searching, it wakes one.
//! - The *sleeper* counts itself as asleep, passes a fence, then looks for jobs once more. It parks
//!   only if there is none.
//!
//! Between the two fences at least one sees the other's write. The giver may skip the wake-up while
//! somebody searches, since the *last searcher* who finds a job wakes another in its place: that one
//! searches on for whatever the givers left to it. A woken sleeper counts as searching from the
//! moment of the wake-up, so that one job wakes one worker and not all.

use labkit::sync::atomic::{AtomicU64, Ordering};
use labkit::sync::{CachePadded, Mutex, lock, thread};

use crate::fence;
use crate::latch::Wait;

/// One searching worker, in the low half of the counts.
const SEARCHING: u64 = 1;
/// One sleeping worker, in the high half.
const SLEEPING: u64 = 1 << 32;

fn searching(counts: u64) -> u64 {
    counts % SLEEPING
}

fn sleeping(counts: u64) -> u64 {
    counts / SLEEPING
}

/// The crew's sleepers.
#[derive(Debug, Default)]
pub struct Sleep {
    /// Searching and sleeping workers in one word, so that a giver reads both at once.
    counts: CachePadded<AtomicU64>,
    /// Guards the list of sleepers and every change of `counts` that goes with it.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sleepers: Vec<Sleeper>,
    workers: usize,
    closed: bool,
    finished: bool,
}

#[derive(Debug)]
struct Sleeper {
    thread: thread::Thread,
    /// Whether it holds no job. A worker in this list takes none, so if all are here, all is done.
    idle: bool,
}

impl Sleep {
    /// A crew of nobody.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts a worker in.
    pub fn enter(&self) {
        lock(&self.state).workers += 1;
    }

    /// Says that a job has been made visible.
    #[inline]
    pub fn notify(&self) {
        // BEGIN SOLUTION stage 5: between the job and the look at the counts belongs a fence
        fence::light();
        let counts = self.counts.load(Ordering::Relaxed);
        if sleeping(counts) > 0 && searching(counts) == 0 {
            self.wake_one();
        }
        // END SOLUTION
    }

    /// Says that the current worker looks for a job.
    pub fn begin_search(&self) {
        self.counts.fetch_add(SEARCHING, Ordering::SeqCst);
    }

    /// Says that it has found one, or needs none any more.
    pub fn end_search(&self) {
        // BEGIN SOLUTION stage 5: givers may have relied on this searcher; who takes over?
        let counts = self.counts.fetch_sub(SEARCHING, Ordering::SeqCst);
        if sleeping(counts) > 0 && searching(counts) == 1 {
            self.wake_one();
        }
        // END SOLUTION
    }

    /// Puts a searching worker to sleep until there may be work, or `wait` is over; it searches again
    /// when this returns. False: everybody is idle in a closed pool, and there is nothing left.
    pub fn sleep(&self, wait: &Wait<'_>, work: impl Fn() -> bool) -> bool {
        // BEGIN SOLUTION stage 5: announce, fence, look again, and only then park
        self.announce(wait);
        fence::heavy();
        if !work() && wait.arm() && !self.finish() {
            while self.is_listed() && !wait.is_over() {
                wait.park();
            }
        }
        self.withdraw()
        // END SOLUTION
    }

    /// Lets workers go home as soon as all are idle and there is nothing left. No job may come from
    /// outside after this.
    pub fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        self.wake_all(&mut state);
    }

    fn announce(&self, wait: &Wait<'_>) {
        let mut state = lock(&self.state);
        state.sleepers.push(Sleeper {
            thread: thread::current(),
            idle: wait.is_idle(),
        });
        self.counts
            .fetch_add(SLEEPING - SEARCHING, Ordering::SeqCst);
    }

    /// Takes the current worker off the list, unless who woke it has; false if all is finished.
    fn withdraw(&self) -> bool {
        let me = thread::current().id();
        let mut state = lock(&self.state);
        if let Some(at) = state.sleepers.iter().position(|s| s.thread.id() == me) {
            state.sleepers.swap_remove(at);
            self.counts
                .fetch_sub(SLEEPING - SEARCHING, Ordering::SeqCst);
        }
        !state.finished
    }

    fn is_listed(&self) -> bool {
        let me = thread::current().id();
        let state = lock(&self.state);
        state.sleepers.iter().any(|s| s.thread.id() == me)
    }

    /// Ends the crew if all are idle in a closed pool. `close` wakes everyone, so whoever is listed
    /// now came after it, and has seen since that nothing is left from outside.
    fn finish(&self) -> bool {
        let mut state = lock(&self.state);
        let idle = state.sleepers.iter().filter(|s| s.idle).count();
        if state.closed && idle == state.workers {
            state.finished = true;
            self.wake_all(&mut state);
        }
        state.finished
    }

    #[cold]
    fn wake_one(&self) {
        let mut state = lock(&self.state);
        let Some(sleeper) = state.sleepers.pop() else {
            return;
        };
        self.counts
            .fetch_sub(SLEEPING - SEARCHING, Ordering::SeqCst);
        drop(state);
        sleeper.thread.unpark();
    }

    fn wake_all(&self, state: &mut State) {
        for sleeper in state.sleepers.drain(..) {
            self.counts
                .fetch_sub(SLEEPING - SEARCHING, Ordering::SeqCst);
            sleeper.thread.unpark();
        }
    }
}
