//! Two semaphores: one counts the empty places, the other one the items (Dijkstra 1965).
//!
//! The lock between them guards only the queue and is held for a move in or out; nobody ever waits for
//! anything under it. A permit of `room` is taken *before* an item goes in, one of `items` is given
//! *after*, so the queue never holds more than the capacity, nor less than the receivers' permits.

use std::collections::VecDeque;
use std::time::Duration;

use labkit::sync::{Mutex, lock};

use crate::channel::{Channel, Shared, Side};
use crate::error::{Disconnected, RecvTimeoutError, SendTimeoutError, TryRecvError, TrySendError};
use crate::semaphore::{Acquired, Semaphore};

/// A buffer between two semaphores.
#[derive(Debug)]
pub struct Semaphores<T> {
    /// A permit for each empty place.
    room: Semaphore,
    /// A permit for each item.
    items: Semaphore,
    queue: Mutex<Queue<T>>,
    capacity: usize,
}

#[derive(Debug)]
struct Queue<T> {
    items: VecDeque<T>,
    receivers_gone: bool,
}

impl<T> Semaphores<T> {
    /// Puts in as many items of `batch` as there are permits for, or none if the receivers are gone.
    fn put(&self, batch: &mut VecDeque<T>, permits: usize) -> Result<(), Disconnected> {
        // BEGIN SOLUTION stage 2: into the queue, and then a permit for whoever receives
        let mut queue = lock(&self.queue);
        if queue.receivers_gone {
            return Err(Disconnected);
        }
        queue.items.extend(batch.drain(..permits));
        drop(queue);
        self.items.release(permits);
        Ok(())
        // END SOLUTION
    }

    /// Takes out as many items as there are permits for.
    fn take(&self, batch: &mut VecDeque<T>, permits: usize) {
        // BEGIN SOLUTION stage 2: out of the queue, and then a permit for whoever sends
        batch.extend(lock(&self.queue).items.drain(..permits));
        self.room.release(permits);
        // END SOLUTION
    }
}

#[expect(
    unsafe_code,
    reason = "the trait's calls are unsafe; between semaphores none of them is"
)]
impl<T: Send> Channel for Semaphores<T> {
    type Item = T;
    type Sharing = Shared;

    fn with_capacity(capacity: usize) -> Self {
        Semaphores {
            room: Semaphore::new(capacity),
            items: Semaphore::new(0),
            queue: Mutex::new(Queue {
                items: VecDeque::new(),
                receivers_gone: false,
            }),
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
        match self.room.acquire(1, patience) {
            Acquired::TimedOut => return Err(SendTimeoutError::Timeout(item)),
            Acquired::Closed => return Err(SendTimeoutError::Disconnected(item)),
            Acquired::Permits(_) => {}
        }
        let mut queue = lock(&self.queue);
        if queue.receivers_gone {
            return Err(SendTimeoutError::Disconnected(item));
        }
        queue.items.push_back(item);
        drop(queue);
        self.items.release(1);
        Ok(())
    }

    unsafe fn send_batch(&self, batch: &mut VecDeque<T>) -> Result<(), Disconnected> {
        while !batch.is_empty() {
            let Acquired::Permits(permits) = self.room.acquire(batch.len(), None) else {
                return Err(Disconnected);
            };
            self.put(batch, permits)?;
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
        match self.items.acquire(1, patience) {
            Acquired::TimedOut => return Err(RecvTimeoutError::Timeout),
            Acquired::Closed => return Err(RecvTimeoutError::Disconnected),
            Acquired::Permits(_) => {}
        }
        let item = lock(&self.queue).items.pop_front();
        self.room.release(1);
        Ok(item.expect("a permit stands for an item"))
    }

    unsafe fn recv_batch(
        &self,
        batch: &mut VecDeque<T>,
        limit: usize,
    ) -> Result<usize, Disconnected> {
        let Acquired::Permits(permits) = self.items.acquire(limit, None) else {
            return Err(Disconnected);
        };
        self.take(batch, permits);
        Ok(permits)
    }

    fn close(&self, side: Side) {
        match side {
            Side::Senders => self.items.close(),
            Side::Receivers => {
                let mut queue = lock(&self.queue);
                queue.receivers_gone = true;
                let rest = std::mem::take(&mut queue.items);
                // What an item does when it is dropped is foreign code, and may use this very channel.
                drop(queue);
                self.room.close();
                drop(rest);
            }
        }
    }

    fn depth(&self) -> usize {
        lock(&self.queue).items.len()
    }

    fn capacity(&self) -> Option<usize> {
        Some(self.capacity)
    }
}
