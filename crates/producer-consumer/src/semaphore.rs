//! A counting semaphore by hand: so many permits, and who finds none waits (Dijkstra 1965).

use std::time::Duration;

use labkit::sync::{Condvar, Mutex, lock};

use crate::locked::from_now;
use crate::patience::wait;

/// So many permits of something.
#[derive(Debug)]
pub struct Semaphore {
    state: Mutex<State>,
    /// Signalled when permits come back, and to all when no more will.
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    permits: usize,
    waiting: usize,
    closed: bool,
}

/// How an attempt to get permits ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acquired {
    /// So many of them, one at least.
    Permits(usize),
    /// None in time.
    TimedOut,
    /// None, and there won't be any more.
    Closed,
}

impl Semaphore {
    /// A semaphore with so many permits.
    #[must_use]
    pub fn new(permits: usize) -> Self {
        Semaphore {
            state: Mutex::new(State {
                permits,
                waiting: 0,
                closed: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Takes what is there, at most `limit` permits; waits for one if there is none (Dijkstra's P). A
    /// patience of `None` is for ever, one of zero never waits.
    pub fn acquire(&self, limit: usize, patience: Option<Duration>) -> Acquired {
        // BEGIN SOLUTION stage 2: wait for a permit, but not for one that will never come
        let mut state = lock(&self.state);
        let mut deadline = None;
        let mut over = false;
        while state.permits == 0 {
            if state.closed {
                return Acquired::Closed;
            }
            if over {
                return Acquired::TimedOut;
            }
            let deadline = *deadline.get_or_insert_with(|| from_now(patience));
            state.waiting += 1;
            (state, over) = wait(&self.changed, &self.state, state, deadline);
            state.waiting -= 1;
        }
        let taken = state.permits.min(limit);
        state.permits -= taken;
        Acquired::Permits(taken)
        // END SOLUTION
    }

    /// Gives permits back, or new ones (Dijkstra's V).
    pub fn release(&self, permits: usize) {
        // BEGIN SOLUTION stage 2: add them, and wake as many as they are enough for
        let mut state = lock(&self.state);
        state.permits += permits;
        let wake = state.waiting.min(permits);
        drop(state);
        (0..wake).for_each(|_| self.changed.notify_one());
        // END SOLUTION
    }

    /// Says that no more permits will come: who waits, or will, gets those that are left, and then the
    /// answer that there are none.
    pub fn close(&self) {
        // BEGIN SOLUTION stage 2: say so; who has to hear of it?
        lock(&self.state).closed = true;
        self.changed.notify_all();
        // END SOLUTION
    }
}
