//! A worker's life: take a task, poll it, and when there is none, search, then sleep.

#![expect(unsafe_code, reason = "queues hold runnables as pointers")]

use std::cell::Cell;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::budget;
use crate::context;
use crate::executor::{Shared, cancel};
use crate::queue::Owner;
use crate::task::{Header, Runnable};

/// Every so many tasks a worker looks at the injector and at the sockets before its own ring: what
/// comes from outside mustn't wait for ever behind tasks that wake each other. A prime, so that it
/// falls into no rhythm with them (Go's number, and tokio's).
const LOOK_OUTSIDE: u32 = 61;

/// So many hot tasks may go first in a row. Two that always wake each other would starve the rest.
const MOST_HOT: u32 = 3;

/// How often a worker looks everywhere before it sleeps: a wake-up costs far more than a look.
const SEARCHES: u32 = 4;

/// A worker's own things; its thread alone touches them.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) index: usize,
    ring: Owner<Header>,
    /// The task that was woken last. It goes first: what it waits for is in this core's cache.
    hot: Cell<Option<NonNull<Header>>>,
    hot_in_a_row: Cell<u32>,
    tick: Cell<u32>,
}

impl Worker {
    pub(crate) fn new(index: usize, ring: Owner<Header>) -> Self {
        Worker {
            index,
            ring,
            hot: Cell::new(None),
            hot_in_a_row: Cell::new(0),
            tick: Cell::new(0),
        }
    }

    /// Works until the executor closes.
    pub(crate) fn work(self, shared: &Arc<Shared>) {
        context::work(shared, &self, || {
            while let Some(task) = self.next(shared) {
                // SAFETY: what lies in a queue came from `into_raw`, and was taken out once.
                let task = unsafe { Runnable::from_raw(task) };
                budget::with_fresh(|| task.run());
            }
            self.hot.take().into_iter().for_each(cancel);
            std::iter::from_fn(|| self.ring.pop()).for_each(cancel);
        });
        // What is cancelled may wake others, which are pushed to the ring; without the context they
        // go to the injector.
        self.hot.take().into_iter().for_each(cancel);
        std::iter::from_fn(|| self.ring.pop()).for_each(cancel);
        shared.leave(1);
    }

    /// Takes a task that was woken: it goes first, and whom it pushes aside is an ordinary task.
    #[inline]
    pub(crate) fn push_hot(&self, shared: &Shared, task: Runnable) {
        if self.hot_in_a_row.get() >= MOST_HOT {
            return self.push(shared, task);
        }
        if let Some(before) = self.hot.replace(Some(task.into_raw())) {
            self.push_raw(shared, before);
        }
    }

    /// Takes a task in at the end of the ring, where others can steal it.
    #[inline]
    pub(crate) fn push(&self, shared: &Shared, task: Runnable) {
        self.push_raw(shared, task.into_raw());
    }

    fn push_raw(&self, shared: &Shared, task: NonNull<Header>) {
        // BEGIN SOLUTION stage 3: a full ring sheds half; who must hear of the task?
        if let Err(task) = self.ring.push(task) {
            let shed = self.ring.shed().into_iter().chain([task]);
            if let Err(refused) = shared.injector.push(shed) {
                refused.into_iter().for_each(cancel);
            }
        }
        shared.idle.notify();
        // END SOLUTION
    }

    /// The next task; none when the executor closes.
    #[inline]
    fn next(&self, shared: &Shared) -> Option<NonNull<Header>> {
        // BEGIN SOLUTION stage 3: the hot one, the own ring, the injector, the others; nobody starves
        self.tick.set(self.tick.get().wrapping_add(1));
        if self.tick.get().is_multiple_of(LOOK_OUTSIDE) {
            if shared.idle.is_closed() {
                return None;
            }
            self.look_outside(shared);
            if let Some(task) = shared.injector.take(&self.ring, shared.stealers.len()) {
                return Some(task);
            }
        }
        if self.hot_in_a_row.get() < MOST_HOT
            && let Some(task) = self.hot.take()
        {
            self.hot_in_a_row.set(self.hot_in_a_row.get() + 1);
            return Some(task);
        }
        self.hot_in_a_row.set(0);
        self.ring
            .pop()
            .or_else(|| self.hot.take())
            .or_else(|| self.search(shared))
        // END SOLUTION
    }

    /// Lets the driver have a look at the clock and the sockets, unless somebody watches them.
    fn look_outside(&self, shared: &Shared) {
        if let Some(mut turn) = shared.driver.try_turn() {
            turn.wait(Some(Duration::ZERO));
            turn.dispatch();
            // It was nobody's turn: if somebody sleeps, that one should watch.
            shared.idle.notify();
        }
    }

    /// Looks everywhere until there is a task; sleeps when there is none.
    fn search(&self, shared: &Shared) -> Option<NonNull<Header>> {
        // BEGIN SOLUTION stage 3: when does a search end, and who watches the sockets meanwhile?
        shared.idle.begin_search();
        let mut open = !shared.idle.is_closed();
        while open {
            for _ in 0..SEARCHES {
                if let Some(task) = self.find(shared) {
                    shared.idle.end_search();
                    return Some(task);
                }
                std::hint::spin_loop();
            }
            open = self.sleep(shared);
        }
        shared.idle.end_search();
        None
        // END SOLUTION
    }

    fn find(&self, shared: &Shared) -> Option<NonNull<Header>> {
        if let Some(task) = self.hot.take().or_else(|| self.ring.pop()) {
            return Some(task);
        }
        let workers = shared.stealers.len();
        if let Some(task) = shared.injector.take(&self.ring, workers) {
            return Some(task);
        }
        let mut others = (1..workers).map(|step| (self.index + step) % workers);
        let stolen = others.find_map(|other| shared.stealers[other].steal_into(&self.ring));
        if stolen.is_some() {
            shared.stolen.fetch_add(1, Ordering::Relaxed);
        }
        stolen
    }

    /// Sleeps until there may be something; false when the executor closes. The first to lie down
    /// waits for sockets and timers, and wakes their tasks when it is up again.
    fn sleep(&self, shared: &Shared) -> bool {
        let work =
            || !shared.injector.is_empty() || shared.stealers.iter().any(|other| !other.is_empty());
        let mut watched = None;
        let open = shared.idle.sleep(self.index, work, |bed| {
            shared.slept.fetch_add(1, Ordering::Relaxed);
            match shared.driver.try_turn() {
                Some(mut turn) => {
                    if bed.begin_polling() {
                        turn.wait(None);
                    }
                    bed.end_polling();
                    watched = Some(turn);
                }
                None => bed.park(),
            }
        });
        if let Some(turn) = watched {
            turn.dispatch();
        }
        open
    }
}
