//! The five kinds of channel: how to get one, and their names where one is chosen at run time.

use std::fmt;

use labkit::sync::Arc;

use crate::channel::{Channel, Ends};
use crate::error::{Error, MAX_CAPACITY};
use crate::parked::Parked;
use crate::{Receiver, Sender, mpmc, segmented, spsc};

/// A bounded channel for one sender and one receiver.
pub type Spsc<T> = Parked<spsc::Ring<T>>;
/// A bounded channel for any number of senders and receivers.
pub type Mpmc<T> = Parked<mpmc::Ring<T>>;
/// An unbounded channel for any number of senders and receivers.
pub type Segmented<T> = Parked<segmented::Queue<T>>;

/// The two ends of a channel.
pub type Pair<T, C> = (Sender<T, C>, Receiver<T, C>);

/// A channel with room for `capacity` items and any number of senders and receivers.
///
/// ```
/// let (sender, receiver) = producer_consumer::bounded(10)?;
/// std::thread::spawn(move || (0..100).for_each(|n| sender.send(n).expect("somebody receives")));
/// assert_eq!(receiver.iter().sum::<i32>(), 4950);
/// # Ok::<(), producer_consumer::Error>(())
/// ```
///
/// # Errors
/// If `capacity` is 0 or above [`MAX_CAPACITY`].
pub fn bounded<T: Send>(capacity: usize) -> Result<Pair<T, Mpmc<T>>, Error> {
    channel(capacity)
}

/// A channel without a bound and with any number of senders and receivers. A sender never waits, so
/// nothing keeps it from filling all memory.
#[must_use]
pub fn unbounded<T: Send>() -> Pair<T, Segmented<T>> {
    open(Segmented::with_capacity(0))
}

/// A channel of any kind with room for `capacity` items; [`Segmented`] takes as many as come.
///
/// ```
/// use producer_consumer::{Spsc, channel};
///
/// let (sender, receiver) = channel::<_, Spsc<_>>(1)?;
/// sender.try_send("one")?;
/// assert!(sender.try_send("one more").is_err());
/// assert_eq!(receiver.recv()?, "one");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If `capacity` is 0 or above [`MAX_CAPACITY`].
pub fn channel<T: Send, C: Channel<Item = T>>(capacity: usize) -> Result<Pair<T, C>, Error> {
    check_capacity(capacity)?;
    Ok(open(C::with_capacity(capacity)))
}

pub(crate) fn check_capacity(capacity: usize) -> Result<(), Error> {
    if capacity == 0 || capacity > MAX_CAPACITY {
        return Err(Error::Capacity(capacity));
    }
    Ok(())
}

fn open<T: Send, C: Channel<Item = T>>(channel: C) -> Pair<T, C> {
    let ends = Ends::new(channel);
    (Sender::new(Arc::clone(&ends)), Receiver::new(ends))
}

/// The kinds by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// [`Locked`](crate::Locked): one lock and two conditions.
    Locked,
    /// [`Semaphores`](crate::Semaphores): two of them around a queue.
    Semaphores,
    /// [`Spsc`]: a ring for two.
    Spsc,
    /// [`Mpmc`]: a ring for many.
    Mpmc,
    /// [`Segmented`]: a list of blocks, without a bound.
    Segmented,
}

impl Kind {
    /// All of them, in the order of the stages.
    pub const ALL: [Kind; 5] = [
        Kind::Locked,
        Kind::Semaphores,
        Kind::Spsc,
        Kind::Mpmc,
        Kind::Segmented,
    ];

    /// Whether more than one thread may be on one side.
    #[must_use]
    pub fn is_shared(self) -> bool {
        self != Kind::Spsc
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::Locked => "locked",
            Kind::Semaphores => "semaphores",
            Kind::Spsc => "spsc",
            Kind::Mpmc => "mpmc",
            Kind::Segmented => "segmented",
        })
    }
}
