//! Producers and consumers: bounded buffers between threads, from one lock to lock-free rings.
//!
//! Whoever makes things and whoever uses them are never equally fast. A buffer between them evens out
//! what is short, and a *bound* on it makes the faster one wait for what isn't. Five buffers by hand stand
//! behind one interface here, and all of them keep this:
//!
//! - **Nothing is lost and nothing comes twice.** An item that was sent is received once, or dropped once
//!   with the channel, or handed back in the error.
//! - **First in, first out**, for each sender as each receiver sees it.
//! - **The bound holds**: never are more items in the buffer than it has room for.
//! - **Nobody sleeps beside what it waits for**: no interleaving loses a wake-up.
//! - **Ends are seen.** Without senders the rest is received, then the answer is "disconnected"; without
//!   receivers a send gives its item back.
//!
//! In reading order: [`kind`] makes channels, [`Sender`] and [`Receiver`] are what a user holds, and
//! [`channel`](mod@channel) is what lies between. [`locked`] is the textbook's buffer; [`semaphore`] and
//! [`semaphores`] the other textbook's. The lock-free ones are pure buffers, [`spsc`], [`mpmc`] and
//! [`segmented`], which `parked` makes channels of with the sleep protocol of [`parking`] and the two fences
//! of `fence`. [`load`] runs producers and consumers on any of them, [`audit`] checks what arrives, and
//! [`labkit::sync`] lets the model checker in.

pub mod audit;
pub mod channel;
pub mod kind;
pub mod load;
pub mod locked;
pub mod mpmc;
pub mod parking;
pub mod segmented;
pub mod semaphore;
pub mod semaphores;
pub mod spsc;

mod error;
mod fence;
mod link;
mod parked;
mod patience;
mod receiver;
mod sender;

pub use error::{
    Disconnected, Error, MAX_CAPACITY, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError,
    TrySendError,
};
pub use kind::{Kind, Mpmc, Pair, Segmented, Spsc, bounded, channel, unbounded};
#[cfg(loom)]
pub use link::{Link, weaken};
pub use locked::Locked;
pub use parked::{Buffer, Parked};
pub use receiver::Receiver;
pub use semaphores::Semaphores;
pub use sender::Sender;
