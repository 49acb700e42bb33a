//! One lock and two conditions: the bounded buffer as every textbook has it (Hoare 1974).
//!
//! The lock guards all there is. Who finds the buffer full waits for `not_full`, who finds it empty for
//! `not_empty`, and looks again after every wake-up, for another may have been faster.

use std::collections::VecDeque;
use std::time::Duration;

use labkit::clock::Deadline;
use labkit::sync::{Condvar, Mutex, MutexGuard, lock};

use crate::channel::{Channel, Shared, Side};
use crate::error::{Disconnected, RecvTimeoutError, SendTimeoutError, TryRecvError, TrySendError};
use crate::patience::wait;

/// A buffer under one lock.
#[derive(Debug)]
pub struct Locked<T> {
    state: Mutex<State<T>>,
    /// Signalled when an item came in, and to all when the senders are gone.
    not_empty: Condvar,
    /// Signalled when an item went out, and to all when the receivers are gone.
    not_full: Condvar,
    capacity: usize,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<T>,
    /// How many wait for `not_empty`, so that nobody is signalled who isn't there.
    hungry: usize,
    /// How many wait for `not_full`.
    blocked: usize,
    senders_gone: bool,
    receivers_gone: bool,
}

impl<T> Locked<T> {
    /// The state, as soon as there is room in it or no receiver any more; none when the time is over.
    fn wait_for_room(&self, patience: Option<Duration>) -> Option<MutexGuard<'_, State<T>>> {
        // BEGIN SOLUTION stage 1: wait while it is full; what else can end the wait?
        let mut state = lock(&self.state);
        let mut deadline = None;
        let mut over = false;
        while state.items.len() >= self.capacity && !state.receivers_gone {
            if over {
                return None;
            }
            let deadline = *deadline.get_or_insert_with(|| from_now(patience));
            state.blocked += 1;
            (state, over) = wait(&self.not_full, &self.state, state, deadline);
            state.blocked -= 1;
        }
        Some(state)
        // END SOLUTION
    }

    /// The state, as soon as there is an item in it or no sender any more; none when the time is over.
    fn wait_for_item(&self, patience: Option<Duration>) -> Option<MutexGuard<'_, State<T>>> {
        // BEGIN SOLUTION stage 1: the mirror image of waiting for room
        let mut state = lock(&self.state);
        let mut deadline = None;
        let mut over = false;
        while state.items.is_empty() && !state.senders_gone {
            if over {
                return None;
            }
            let deadline = *deadline.get_or_insert_with(|| from_now(patience));
            state.hungry += 1;
            (state, over) = wait(&self.not_empty, &self.state, state, deadline);
            state.hungry -= 1;
        }
        Some(state)
        // END SOLUTION
    }

    /// Wakes as many receivers as there is something for.
    fn came(&self, state: MutexGuard<'_, State<T>>, items: usize) {
        // BEGIN SOLUTION stage 1: whom does an item that came in concern?
        let wake = state.hungry.min(items);
        drop(state);
        (0..wake).for_each(|_| self.not_empty.notify_one());
        // END SOLUTION
    }

    /// Wakes as many senders as there is room for.
    fn went(&self, state: MutexGuard<'_, State<T>>, items: usize) {
        // BEGIN SOLUTION stage 1: whom does an item that went out concern?
        let wake = state.blocked.min(items);
        drop(state);
        (0..wake).for_each(|_| self.not_full.notify_one());
        // END SOLUTION
    }
}

/// A deadline for a patience that begins now.
pub(crate) fn from_now(patience: Option<Duration>) -> Deadline {
    patience.map_or_else(Deadline::never, Deadline::after)
}

#[expect(
    unsafe_code,
    reason = "the trait's calls are unsafe; under a lock none of them is"
)]
impl<T: Send> Channel for Locked<T> {
    type Item = T;
    type Sharing = Shared;

    fn with_capacity(capacity: usize) -> Self {
        let state = State {
            items: VecDeque::new(),
            hungry: 0,
            blocked: 0,
            senders_gone: false,
            receivers_gone: false,
        };
        Locked {
            state: Mutex::new(state),
            not_empty: Condvar::new(),
            not_full: Condvar::new(),
            capacity,
        }
    }

    unsafe fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        // SAFETY: nothing here relies on how many threads call.
        unsafe { self.send(item, Some(Duration::ZERO)) }.map_err(|error| match error {
            SendTimeoutError::Timeout(item) => TrySendError::Full(item),
            SendTimeoutError::Disconnected(item) => TrySendError::Disconnected(item),
        })
    }

    unsafe fn send(&self, item: T, patience: Option<Duration>) -> Result<(), SendTimeoutError<T>> {
        let Some(mut state) = self.wait_for_room(patience) else {
            return Err(SendTimeoutError::Timeout(item));
        };
        if state.receivers_gone {
            return Err(SendTimeoutError::Disconnected(item));
        }
        state.items.push_back(item);
        self.came(state, 1);
        Ok(())
    }

    unsafe fn send_batch(&self, batch: &mut VecDeque<T>) -> Result<(), Disconnected> {
        while !batch.is_empty() {
            let mut state = self
                .wait_for_room(None)
                .expect("a wait without end ends with room");
            if state.receivers_gone {
                return Err(Disconnected);
            }
            let fit = batch.len().min(self.capacity - state.items.len());
            state.items.extend(batch.drain(..fit));
            self.came(state, fit);
        }
        Ok(())
    }

    unsafe fn try_recv(&self) -> Result<T, TryRecvError> {
        // SAFETY: nothing here relies on how many threads call.
        unsafe { self.recv(Some(Duration::ZERO)) }.map_err(|error| match error {
            RecvTimeoutError::Timeout => TryRecvError::Empty,
            RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
        })
    }

    unsafe fn recv(&self, patience: Option<Duration>) -> Result<T, RecvTimeoutError> {
        let mut state = self
            .wait_for_item(patience)
            .ok_or(RecvTimeoutError::Timeout)?;
        let item = state.items.pop_front();
        let item = item.ok_or(RecvTimeoutError::Disconnected)?;
        self.went(state, 1);
        Ok(item)
    }

    unsafe fn recv_batch(
        &self,
        batch: &mut VecDeque<T>,
        limit: usize,
    ) -> Result<usize, Disconnected> {
        let mut state = self
            .wait_for_item(None)
            .expect("a wait without end ends with an item");
        let taken = state.items.len().min(limit);
        if taken == 0 {
            return Err(Disconnected);
        }
        batch.extend(state.items.drain(..taken));
        self.went(state, taken);
        Ok(taken)
    }

    fn close(&self, side: Side) {
        // BEGIN SOLUTION stage 1: say that a side is gone; who has to hear of it?
        let mut state = lock(&self.state);
        match side {
            Side::Senders => {
                state.senders_gone = true;
                self.not_empty.notify_all();
            }
            Side::Receivers => {
                state.receivers_gone = true;
                self.not_full.notify_all();
                let rest = std::mem::take(&mut state.items);
                // What an item does when it is dropped is foreign code, and may use this very channel.
                drop(state);
                drop(rest);
            }
        }
        // END SOLUTION
    }

    fn depth(&self) -> usize {
        lock(&self.state).items.len()
    }

    fn capacity(&self) -> Option<usize> {
        Some(self.capacity)
    }
}
