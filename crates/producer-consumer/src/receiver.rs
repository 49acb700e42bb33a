//! The receiving handle: what is left in a channel is dropped with the last one.

#![expect(
    unsafe_code,
    reason = "a channel's calls rely on who holds its handles"
)]

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use labkit::sync::Arc;
use labkit::sync::atomic::Ordering;

use crate::channel::{Channel, Ends, Shared, Side};
use crate::error::{Disconnected, RecvTimeoutError, TryRecvError};
use crate::kind::Mpmc;

/// Receives items of type `T`. Without a second parameter it is the bounded channel's for many threads.
///
/// It is `Clone` and `Sync` if the channel is for more than two threads; each item goes to one receiver.
pub struct Receiver<T: Send, C: Channel<Item = T> = Mpmc<T>> {
    ends: Arc<Ends<C>>,
    /// Takes `Clone` and `Sync` away from the handles of a channel for two threads.
    sharing: PhantomData<C::Sharing>,
}

impl<T: Send, C: Channel<Item = T>> Receiver<T, C> {
    pub(crate) fn new(ends: Arc<Ends<C>>) -> Self {
        Receiver {
            ends,
            sharing: PhantomData,
        }
    }

    /// Receives the oldest item, and waits for one if there is none.
    ///
    /// # Errors
    /// If the channel is empty and all senders are gone, also when that happens during the wait.
    #[inline]
    pub fn recv(&self) -> Result<T, Disconnected> {
        // SAFETY: an exclusive channel's only receiver is neither `Clone` nor `Sync`, and it isn't
        // closed before the last receiver is dropped.
        unsafe { self.ends.channel.recv(None) }.map_err(|_| Disconnected)
    }

    /// Receives the oldest item if there is one at once.
    ///
    /// # Errors
    /// If the channel is empty, or all senders are gone as well.
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        // SAFETY: as in `recv`.
        unsafe { self.ends.channel.try_recv() }
    }

    /// Receives the oldest item, and waits for one until the time is over. Zero is once and now,
    /// `Duration::MAX` is for ever.
    ///
    /// # Errors
    /// If nothing came in time, or the channel is empty and all senders are gone.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        // SAFETY: as in `recv`.
        unsafe { self.ends.channel.recv(Some(timeout)) }
    }

    /// Receives what is there, at most `limit` items, to the back of `batch`, and says how many. Waits
    /// for one if there is none; a `limit` of 0 receives nothing and never waits.
    ///
    /// # Errors
    /// If the channel is empty and all senders are gone.
    pub fn recv_batch(&self, batch: &mut VecDeque<T>, limit: usize) -> Result<usize, Disconnected> {
        if limit == 0 {
            return Ok(0);
        }
        // SAFETY: as in `recv`.
        unsafe { self.ends.channel.recv_batch(batch, limit) }
    }

    /// All items until the senders are gone, waiting for each.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        std::iter::from_fn(|| self.recv().ok())
    }

    /// How many items wait in the channel at about this moment.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.channel.depth()
    }

    /// Whether no item waits in the channel at about this moment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many items the channel has room for; none if it has no bound.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        self.ends.channel.capacity()
    }
}

impl<T: Send, C: Channel<Item = T, Sharing = Shared>> Clone for Receiver<T, C> {
    fn clone(&self) -> Self {
        // A count needs no order: whoever clones holds a handle.
        self.ends.receivers.fetch_add(1, Ordering::Relaxed);
        Receiver::new(Arc::clone(&self.ends))
    }
}

impl<T: Send, C: Channel<Item = T>> Drop for Receiver<T, C> {
    fn drop(&mut self) {
        // What each receiver did comes before what the last one's drop does.
        if self.ends.receivers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.ends.channel.close(Side::Receivers);
        }
    }
}

impl<T: Send, C: Channel<Item = T>> fmt::Debug for Receiver<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
