//! A channel out of a lock-free buffer: what the buffer can't do at once, threads wait for by parking.

#![expect(unsafe_code, reason = "a buffer's calls rely on who holds the handles")]

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use labkit::sync::{Mutex, lock};

use crate::channel::{Channel, Sharing, Side};
use crate::error::{Disconnected, RecvTimeoutError, SendTimeoutError, TryRecvError, TrySendError};
use crate::fence;
use crate::parking::Waiters;

/// A buffer that never waits for the other side.
///
/// # Safety of its calls
/// If `Sharing` is [`Exclusive`](crate::channel::Exclusive), at most one thread at a time pushes and at
/// most one pops, and each of these calls happens before the next of its kind.
pub trait Buffer: Send + Sync {
    /// What is in it.
    type Item: Send;
    /// How many threads may push, or pop, at once.
    type Sharing: Sharing;

    /// An empty buffer for so many items.
    fn with_capacity(capacity: usize) -> Self;

    /// Puts an item in, or gives it back if there is no room.
    ///
    /// # Errors
    /// The item, if there is no room.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn push(&self, item: Self::Item) -> Result<(), Self::Item>;

    /// Takes the oldest item.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn pop(&self) -> Option<Self::Item>;

    /// Puts in what there is room for, from the front of `batch` on; says how many.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn push_batch(&self, batch: &mut VecDeque<Self::Item>) -> usize;

    /// Takes what is there, at most `limit` items, to the back of `batch`; says how many.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn pop_batch(&self, batch: &mut VecDeque<Self::Item>, limit: usize) -> usize;

    /// How many items are in it at about this moment.
    fn depth(&self) -> usize;

    /// How many items it has room for; none if there is no bound.
    fn capacity(&self) -> Option<usize>;
}

/// A lock-free buffer with threads that park beside it.
#[derive(Debug)]
pub struct Parked<B> {
    buffer: B,
    /// Senders that wait for room.
    senders: Waiters,
    /// Receivers that wait for an item.
    receivers: Waiters,
    /// Held by whoever drops what is left when the receivers are gone.
    draining: Mutex<()>,
}

impl<B: Buffer> Parked<B> {
    fn has_room(&self) -> bool {
        self.buffer
            .capacity()
            .is_none_or(|capacity| self.buffer.depth() < capacity)
    }

    /// Says that something has been pushed. If nobody is left to receive it, it goes the way of all that
    /// was left.
    #[inline]
    fn pushed(&self) {
        if self.receivers.notify() {
            self.drain();
        }
    }

    /// Drops what nobody will receive. Called by the last receiver when it goes, and by every sender
    /// that pushed without having seen that yet: one of the two fences sees the other, so nothing stays.
    #[cold]
    fn drain(&self) {
        let _alone = lock(&self.draining);
        drop(Rest(&self.buffer));
    }

    /// # Safety
    /// See [`Channel`].
    unsafe fn send_waiting(
        &self,
        item: B::Item,
        patience: Option<Duration>,
    ) -> Result<(), SendTimeoutError<B::Item>> {
        let mut unsent = Some(item);
        let attempt = || {
            let item = unsent.take()?;
            if self.receivers.are_gone() {
                return Some(Err(SendTimeoutError::Disconnected(item)));
            }
            // SAFETY: as the caller promised.
            match unsafe { self.buffer.push(item) } {
                Ok(()) => Some(Ok(())),
                Err(item) => {
                    unsent = Some(item);
                    None
                }
            }
        };
        let outcome = self.senders.wait(patience, || self.has_room(), attempt);
        match (outcome, unsent) {
            (Some(Ok(())), _) => {
                self.pushed();
                Ok(())
            }
            (Some(Err(error)), _) => Err(error),
            (None, Some(item)) => Err(SendTimeoutError::Timeout(item)),
            (None, None) => unreachable!("what wasn't sent is still there"),
        }
    }
}

impl<B: Buffer> Channel for Parked<B> {
    type Item = B::Item;
    type Sharing = B::Sharing;

    fn with_capacity(capacity: usize) -> Self {
        fence::prepare();
        Parked {
            buffer: B::with_capacity(capacity),
            senders: Waiters::default(),
            receivers: Waiters::default(),
            draining: Mutex::new(()),
        }
    }

    #[inline]
    unsafe fn try_send(&self, item: B::Item) -> Result<(), TrySendError<B::Item>> {
        if self.receivers.are_gone() {
            return Err(TrySendError::Disconnected(item));
        }
        // SAFETY: as the caller promised.
        unsafe { self.buffer.push(item) }.map_err(TrySendError::Full)?;
        self.pushed();
        Ok(())
    }

    #[inline]
    unsafe fn send(
        &self,
        item: B::Item,
        patience: Option<Duration>,
    ) -> Result<(), SendTimeoutError<B::Item>> {
        // SAFETY: as the caller promised.
        unsafe {
            match self.try_send(item) {
                Ok(()) => Ok(()),
                Err(TrySendError::Full(item)) => self.send_waiting(item, patience),
                Err(TrySendError::Disconnected(item)) => Err(SendTimeoutError::Disconnected(item)),
            }
        }
    }

    unsafe fn send_batch(&self, batch: &mut VecDeque<B::Item>) -> Result<(), Disconnected> {
        while !batch.is_empty() {
            let mut attempt = || {
                if self.receivers.are_gone() {
                    return Some(Err(Disconnected));
                }
                // SAFETY: as the caller promised.
                let pushed = unsafe { self.buffer.push_batch(batch) };
                (pushed > 0).then_some(Ok(()))
            };
            attempt()
                .or_else(|| self.senders.wait(None, || self.has_room(), attempt))
                .expect("a wait without end has an outcome")?;
            self.pushed();
        }
        Ok(())
    }

    #[inline]
    unsafe fn try_recv(&self) -> Result<B::Item, TryRecvError> {
        // First the look at the senders: what they sent before they went is visible to the pop then.
        let gone = self.senders.are_gone();
        // SAFETY: as the caller promised.
        match unsafe { self.buffer.pop() } {
            Some(item) => {
                self.senders.notify();
                Ok(item)
            }
            None if gone => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        }
    }

    #[inline]
    unsafe fn recv(&self, patience: Option<Duration>) -> Result<B::Item, RecvTimeoutError> {
        // SAFETY: as the caller promised.
        let attempt = || match unsafe { self.try_recv() } {
            Ok(item) => Some(Ok(item)),
            Err(TryRecvError::Disconnected) => Some(Err(RecvTimeoutError::Disconnected)),
            Err(TryRecvError::Empty) => None,
        };
        attempt()
            .or_else(|| {
                let ready = || self.buffer.depth() > 0;
                self.receivers.wait(patience, ready, attempt)
            })
            .unwrap_or(Err(RecvTimeoutError::Timeout))
    }

    unsafe fn recv_batch(
        &self,
        batch: &mut VecDeque<B::Item>,
        limit: usize,
    ) -> Result<usize, Disconnected> {
        let mut attempt = || {
            let gone = self.senders.are_gone();
            // SAFETY: as the caller promised.
            let popped = unsafe { self.buffer.pop_batch(batch, limit) };
            match popped {
                0 if gone => Some(Err(Disconnected)),
                0 => None,
                popped => Some(Ok(popped)),
            }
        };
        let popped = attempt()
            .or_else(|| {
                let ready = || self.buffer.depth() > 0;
                self.receivers.wait(None, ready, attempt)
            })
            .expect("a wait without end has an outcome")?;
        self.senders.notify();
        Ok(popped)
    }

    fn close(&self, side: Side) {
        match side {
            Side::Senders => {
                self.senders.leave();
                self.receivers.wake_all();
            }
            Side::Receivers => {
                self.receivers.leave();
                self.senders.wake_all();
                fence::heavy();
                self.drain();
            }
        }
    }

    fn depth(&self) -> usize {
        self.buffer.depth()
    }

    fn capacity(&self) -> Option<usize> {
        self.buffer.capacity()
    }
}

/// What is left in a buffer without receivers. If one item's drop panics, the others' are still done.
struct Rest<'a, B: Buffer>(&'a B);

impl<B: Buffer> Drop for Rest<'_, B> {
    fn drop(&mut self) {
        // SAFETY: the receivers are gone, what they did is visible to whoever saw that, and the lock
        // around every drain keeps it the only one that pops.
        while let Some(item) = unsafe { self.0.pop() } {
            let rest = Rest(self.0);
            drop(item);
            mem::forget(rest);
        }
    }
}
