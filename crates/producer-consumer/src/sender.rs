//! The sending handle: a channel ends, for its receivers, when the last one is dropped.

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
use crate::error::{Disconnected, SendError, SendTimeoutError, TrySendError};
use crate::kind::Mpmc;

/// Sends items of type `T`. Without a second parameter it is the bounded channel's for many threads.
///
/// It is `Clone` and `Sync` if the channel is for more than two threads.
pub struct Sender<T: Send, C: Channel<Item = T> = Mpmc<T>> {
    ends: Arc<Ends<C>>,
    /// Takes `Clone` and `Sync` away from the handles of a channel for two threads.
    sharing: PhantomData<C::Sharing>,
}

impl<T: Send, C: Channel<Item = T>> Sender<T, C> {
    pub(crate) fn new(ends: Arc<Ends<C>>) -> Self {
        Sender {
            ends,
            sharing: PhantomData,
        }
    }

    /// Sends an item, and waits for room if there is none.
    ///
    /// # Errors
    /// Gives the item back if all receivers are gone, also when that happens during the wait.
    #[inline]
    pub fn send(&self, item: T) -> Result<(), SendError<T>> {
        // SAFETY: an exclusive channel's only sender is neither `Clone` nor `Sync`, and it isn't closed
        // before the last sender is dropped.
        let sent = unsafe { self.ends.channel.send(item, None) };
        sent.map_err(|error| SendError(error.into_inner()))
    }

    /// Sends an item if there is room at once.
    ///
    /// # Errors
    /// Gives the item back if the channel is full, or all receivers are gone.
    #[inline]
    pub fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        // SAFETY: as in `send`.
        unsafe { self.ends.channel.try_send(item) }
    }

    /// Sends an item, and waits for room until the time is over. Zero is once and now,
    /// `Duration::MAX` is for ever.
    ///
    /// # Errors
    /// Gives the item back if there was no room in time, or all receivers are gone.
    pub fn send_timeout(&self, item: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        // SAFETY: as in `send`.
        unsafe { self.ends.channel.send(item, Some(timeout)) }
    }

    /// Sends all of `batch`, from its front on and in order, and waits for room as often as there is
    /// none. Other senders' items may come between.
    ///
    /// # Errors
    /// If all receivers are gone; what wasn't sent stays in `batch`.
    pub fn send_batch(&self, batch: &mut VecDeque<T>) -> Result<(), Disconnected> {
        // SAFETY: as in `send`.
        unsafe { self.ends.channel.send_batch(batch) }
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

impl<T: Send, C: Channel<Item = T, Sharing = Shared>> Clone for Sender<T, C> {
    fn clone(&self) -> Self {
        // A count needs no order: whoever clones holds a handle.
        self.ends.senders.fetch_add(1, Ordering::Relaxed);
        Sender::new(Arc::clone(&self.ends))
    }
}

impl<T: Send, C: Channel<Item = T>> Drop for Sender<T, C> {
    fn drop(&mut self) {
        // What each sender did comes before what the last one's drop does.
        if self.ends.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.ends.channel.close(Side::Senders);
        }
    }
}

impl<T: Send, C: Channel<Item = T>> fmt::Debug for Sender<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
