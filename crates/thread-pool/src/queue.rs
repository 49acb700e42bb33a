//! The shared queue: first in, first out, under one lock that also guards who is waiting at it.
//!
//! It is the whole of the shared scheduler, and the door (injector) of the work-stealing one. The
//! sentinel that ends the workers is `closed`: it stands behind the last item, and since nobody ever
//! takes it out, one serves them all.

use std::collections::VecDeque;

use labkit::sync::atomic::{AtomicUsize, Ordering};
use labkit::sync::{Condvar, Mutex, MutexGuard, lock, thread, wait};

use crate::error::Reason;
use crate::latch::Wait;

/// A queue with a bound, waiting workers and an end.
#[derive(Debug)]
pub struct SharedQueue<T> {
    /// Guards everything that waits, items and threads alike. A latch's watcher
    /// is the only thing that is locked under it.
    state: Mutex<State<T>>,
    /// Signalled when an item leaves a full queue, and when the queue closes.
    space: Condvar,
    /// The number of items, for looks without the lock.
    len: AtomicUsize,
    bound: usize,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    /// Threads that parked because there was no item. Whoever unparks one takes it out.
    parked: Vec<thread::Thread>,
    /// Threads that wait for space.
    blocked: usize,
    workers: usize,
    /// Workers that hold no job and wait for one.
    idle: usize,
    closed: bool,
    /// Closed, empty, and nobody left who could add something.
    finished: bool,
}

impl<T> SharedQueue<T> {
    /// An empty queue for at most `bound` items.
    #[must_use]
    pub fn new(bound: usize) -> Self {
        let state = State {
            items: VecDeque::new(),
            parked: Vec::new(),
            blocked: 0,
            workers: 0,
            idle: 0,
            closed: false,
            finished: false,
        };
        SharedQueue {
            state: Mutex::new(state),
            space: Condvar::new(),
            len: AtomicUsize::new(0),
            bound,
        }
    }

    /// Counts a worker in; the queue isn't finished before all of them have nothing left to do.
    pub fn enter(&self) {
        lock(&self.state).workers += 1;
    }

    /// Adds an item and wakes a worker.
    ///
    /// # Errors
    /// Gives the item back when the queue is full or closed.
    pub fn push(&self, item: T) -> Result<(), (Reason, T)> {
        let state = lock(&self.state);
        if state.closed {
            return Err((Reason::ShutDown, item));
        }
        if state.items.len() >= self.bound {
            return Err((Reason::Full, item));
        }
        self.add(state, item);
        Ok(())
    }

    /// Adds an item, and waits for space if there is none.
    ///
    /// # Errors
    /// Gives the item back when the queue is closed, also when that happens during the wait.
    pub fn push_waiting(&self, item: T) -> Result<(), (Reason, T)> {
        let mut state = lock(&self.state);
        // BEGIN SOLUTION stage 3: wait for space; what else can end the wait?
        while state.items.len() >= self.bound && !state.closed {
            state.blocked += 1;
            state = wait(&self.space, &self.state, state);
            state.blocked -= 1;
        }
        // END SOLUTION
        if state.closed {
            return Err((Reason::ShutDown, item));
        }
        self.add(state, item);
        Ok(())
    }

    /// Adds an item on behalf of a running job: neither the bound nor the end keeps it out.
    pub fn push_part(&self, item: T) {
        self.add(lock(&self.state), item);
    }

    /// Takes the oldest item, if there is one.
    pub fn pop(&self) -> Option<T> {
        self.take(&mut lock(&self.state))
    }

    /// Takes the oldest item and up to `limit` more, but never more than half of those left; the
    /// others go to `keep`, the youngest first.
    pub fn pop_batch(&self, limit: usize, keep: impl FnMut(T)) -> Option<T> {
        let mut state = lock(&self.state);
        let first = self.take(&mut state)?;
        let more = limit.min(state.items.len() / 2);
        state.items.drain(..more).rev().for_each(keep);
        self.shrunk(&state, more);
        Some(first)
    }

    /// Takes back the youngest item that `wanted` describes, if nobody was faster.
    pub fn reclaim(&self, wanted: impl Fn(&T) -> bool) -> Option<T> {
        let mut state = lock(&self.state);
        let at = state.items.iter().rposition(wanted)?;
        let item = state.items.remove(at);
        self.shrunk(&state, 1);
        item
    }

    /// Waits for an item. `None`: what `wait` was for has come, or the queue is finished.
    pub fn next(&self, wait: &Wait<'_>) -> Option<T> {
        // BEGIN SOLUTION stage 1: an item if there is one; else park, unless this was the end
        let mut state = lock(&self.state);
        loop {
            if wait.is_over() {
                // The wake-up that ends this wait may have been meant for an item.
                if !state.items.is_empty() {
                    wake_one(state);
                }
                return None;
            }
            if let Some(item) = self.take_for(wait, &mut state) {
                return Some(item);
            }
            if wait.is_idle() && state.ends_with(1) {
                state.finished = true;
                state.parked.drain(..).for_each(|thread| thread.unpark());
                return None;
            }
            if !wait.arm() {
                continue;
            }
            state.parked.push(thread::current());
            state.idle += usize::from(wait.is_idle());
            drop(state);
            wait.park();
            state = lock(&self.state);
            state.idle -= usize::from(wait.is_idle());
            let me = thread::current().id();
            state.parked.retain(|thread| thread.id() != me);
        }
        // END SOLUTION
    }

    /// Puts the sentinel behind the last item: nothing more comes in, and workers that find nothing
    /// left go home.
    pub fn close(&self) {
        // BEGIN SOLUTION stage 1: set the sentinel; who must hear of it?
        let mut state = lock(&self.state);
        state.closed = true;
        self.space.notify_all();
        state.parked.drain(..).for_each(|thread| thread.unpark());
        // END SOLUTION
    }

    /// Whether another item would have found no room at the moment of the look.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.bound
    }

    /// The number of items at the moment of the look.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// Whether there was no item at the moment of the look.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn add(&self, mut state: MutexGuard<'_, State<T>>, item: T) {
        // BEGIN SOLUTION stage 1: append it; who has been waiting for it?
        state.items.push_back(item);
        self.len.store(state.items.len(), Ordering::Release);
        wake_one(state);
        // END SOLUTION
    }

    fn take(&self, state: &mut State<T>) -> Option<T> {
        let item = state.items.pop_front()?;
        self.shrunk(state, 1);
        Some(item)
    }

    /// A worker between two jobs takes the oldest item. One that helps takes the youngest: more likely
    /// what it waits for, and not a whole new piece of work on top of its stack.
    fn take_for(&self, wait: &Wait<'_>, state: &mut State<T>) -> Option<T> {
        // BEGIN SOLUTION stage 1: the oldest; from stage 4 on, a worker that helps prefers the youngest
        if wait.is_idle() {
            return self.take(state);
        }
        let item = state.items.pop_back()?;
        self.shrunk(state, 1);
        Some(item)
        // END SOLUTION
    }

    /// Publishes the length, and wakes a blocked caller for each place that became free.
    fn shrunk(&self, state: &State<T>, places: usize) {
        self.len.store(state.items.len(), Ordering::Release);
        for _ in 0..places.min(state.blocked) {
            self.space.notify_one();
        }
    }
}

impl<T> State<T> {
    /// Whether all is done once `more` workers are idle besides those that are.
    fn ends_with(&self, more: usize) -> bool {
        self.finished || (self.closed && self.items.is_empty() && self.idle + more >= self.workers)
    }
}

/// Wakes a worker, if one is parked, after letting the lock go that it will need.
fn wake_one<T>(mut state: MutexGuard<'_, State<T>>) {
    let thread = state.parked.pop();
    drop(state);
    if let Some(thread) = thread {
        thread.unpark();
    }
}
