//! The one interface of all channels, and the two handles' view of it.
//!
//! A [`Channel`] is what both sides share: a buffer and a way to wait at it. Users never call it; they
//! hold a [`Sender`](crate::Sender) or a [`Receiver`](crate::Receiver), which know that a side is gone
//! when its last handle is.

use std::cell::Cell;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::time::Duration;

use labkit::sync::Arc;
use labkit::sync::atomic::AtomicUsize;

use crate::error::{Disconnected, RecvTimeoutError, SendTimeoutError, TryRecvError, TrySendError};

/// How many threads may use one side of a channel at once.
pub trait Sharing: Send + 'static {}

/// Any number: handles can be cloned, and used by several threads.
#[derive(Debug)]
pub struct Shared;

/// One at a time: handles can be sent to another thread, but neither cloned nor shared.
#[derive(Debug)]
pub struct Exclusive(PhantomData<Cell<()>>);

impl Sharing for Shared {}
impl Sharing for Exclusive {}

/// The two sides of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who sends.
    Senders,
    /// Who receives.
    Receivers,
}

/// A buffer between two sides, with a way to wait at it.
///
/// A `patience` of `None` is for ever, one of zero never waits, and any other is measured from the moment
/// at which there is something to wait for.
///
/// # Safety of its calls
/// If `Sharing` is [`Exclusive`], at most one thread at a time calls the three sending methods, and at
/// most one the three receiving ones; each call happens before the next of its side. After
/// [`close`](Self::close) of a side nothing of that side is called any more. The handles see to both.
#[expect(
    unsafe_code,
    reason = "a ring for two threads is only right with two threads"
)]
pub trait Channel: Send + Sync + Sized {
    /// What goes through.
    type Item: Send;
    /// How many threads may use one side at once.
    type Sharing: Sharing;

    /// A channel with room for `capacity` items, which has been checked; unbounded ones ignore it.
    #[doc(hidden)]
    fn with_capacity(capacity: usize) -> Self;

    /// Sends if there is room.
    ///
    /// # Errors
    /// Gives the item back if the channel is full, or all receivers are gone.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn try_send(&self, item: Self::Item) -> Result<(), TrySendError<Self::Item>>;

    /// Sends as soon as there is room.
    ///
    /// # Errors
    /// Gives the item back when the patience is at its end, or all receivers are gone.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn send(
        &self,
        item: Self::Item,
        patience: Option<Duration>,
    ) -> Result<(), SendTimeoutError<Self::Item>>;

    /// Sends all of `batch` from its front on, as room comes.
    ///
    /// # Errors
    /// If all receivers are gone; what wasn't sent stays in `batch`.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn send_batch(&self, batch: &mut VecDeque<Self::Item>) -> Result<(), Disconnected>;

    /// Receives if there is something.
    ///
    /// # Errors
    /// If the channel is empty, or all senders are gone as well.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn try_recv(&self) -> Result<Self::Item, TryRecvError>;

    /// Receives as soon as there is something.
    ///
    /// # Errors
    /// When the patience is at its end, or the channel is empty and all senders are gone.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn recv(&self, patience: Option<Duration>) -> Result<Self::Item, RecvTimeoutError>;

    /// Receives at least one item and at most `limit`, to the back of `batch`; says how many.
    ///
    /// # Errors
    /// If the channel is empty and all senders are gone.
    ///
    /// # Safety
    /// See the trait.
    unsafe fn recv_batch(
        &self,
        batch: &mut VecDeque<Self::Item>,
        limit: usize,
    ) -> Result<usize, Disconnected>;

    /// Says that nobody of this side is left. Without senders, the receivers get the rest; without
    /// receivers, the rest is dropped.
    fn close(&self, side: Side);

    /// How many items are in the buffer at about this moment.
    fn depth(&self) -> usize;

    /// How many items it has room for; none if there is no bound.
    fn capacity(&self) -> Option<usize>;
}

/// What all handles of a channel point to.
#[derive(Debug)]
pub(crate) struct Ends<C> {
    pub(crate) channel: C,
    pub(crate) senders: AtomicUsize,
    pub(crate) receivers: AtomicUsize,
}

impl<C: Channel> Ends<C> {
    /// A channel with one handle on each side.
    pub(crate) fn new(channel: C) -> Arc<Self> {
        Arc::new(Ends {
            channel,
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
        })
    }
}
