//! What can go wrong, and whose turn it is then. Whatever wasn't sent comes back in the error.

use std::fmt;

use labkit::run::Failure;
use thiserror::Error;

/// The most items that a bounded channel takes; its memory is reserved when it is made.
pub const MAX_CAPACITY: usize = 1 << 24;

/// Why a channel couldn't be made, or a load couldn't be run on it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// The caller asked for a channel without room, or for more than a machine should give.
    #[error("a channel needs room for 1 to {MAX_CAPACITY} items, not {0}")]
    Capacity(usize),
    /// The caller asked for a load that this buffer can't carry.
    #[error("{0}")]
    Load(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::usage(error)
    }
}

/// The other side is gone for good; trying again is pointless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the other side of the channel is gone")]
pub struct Disconnected;

/// All receivers are gone. The item comes back.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
#[error("the item wasn't sent: all receivers are gone")]
pub struct SendError<T>(pub T);

/// Why an item wasn't sent at once. The item comes back.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
pub enum TrySendError<T> {
    /// There is no room now; trying again later may work.
    #[error("the item wasn't sent: the channel is full")]
    Full(T),
    /// All receivers are gone; trying again is pointless.
    #[error("the item wasn't sent: all receivers are gone")]
    Disconnected(T),
}

/// Why an item wasn't sent in time. The item comes back.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
pub enum SendTimeoutError<T> {
    /// There was no room until the time was over; trying again may work.
    #[error("the item wasn't sent: the channel was full until the time was over")]
    Timeout(T),
    /// All receivers are gone; trying again is pointless.
    #[error("the item wasn't sent: all receivers are gone")]
    Disconnected(T),
}

/// Why nothing was received at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TryRecvError {
    /// There is nothing now; trying again later may work.
    #[error("the channel is empty")]
    Empty,
    /// All senders are gone and all that they sent has been received; trying again is pointless.
    #[error("the channel is empty and all senders are gone")]
    Disconnected,
}

/// Why nothing was received in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RecvTimeoutError {
    /// Nothing came until the time was over; trying again may work.
    #[error("the channel was empty until the time was over")]
    Timeout,
    /// All senders are gone and all that they sent has been received; trying again is pointless.
    #[error("the channel is empty and all senders are gone")]
    Disconnected,
}

impl<T> SendError<T> {
    /// What wasn't sent.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> TrySendError<T> {
    /// What wasn't sent.
    pub fn into_inner(self) -> T {
        let (TrySendError::Full(item) | TrySendError::Disconnected(item)) = self;
        item
    }
}

impl<T> SendTimeoutError<T> {
    /// What wasn't sent.
    pub fn into_inner(self) -> T {
        let (SendTimeoutError::Timeout(item) | SendTimeoutError::Disconnected(item)) = self;
        item
    }
}

// By hand, because an error should be printable whatever the item is.
impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SendError(..)")
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySendError::Full(_) => "Full(..)",
            TrySendError::Disconnected(_) => "Disconnected(..)",
        })
    }
}

impl<T> fmt::Debug for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendTimeoutError::Timeout(_) => "Timeout(..)",
            SendTimeoutError::Disconnected(_) => "Disconnected(..)",
        })
    }
}
