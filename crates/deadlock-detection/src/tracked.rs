//! The locks of a program: a mutex and a reader-writer lock whose waits are watched.
//!
//! What is guarded lies in the standard library's lock, which also keeps track of poison; who may take it
//! next is decided before, so that inner lock never waits. With [`Off`] nothing is before it: such
//! a lock *is* the standard library's, in size and in speed.

mod mutex;
mod rwlock;

use std::fmt;
use std::panic::Location;

use crate::error::LockError;
use crate::graph::Mode;
use crate::raw::{RawLock, Tracked};

pub use mutex::{MutexGuard, TrackedMutex};
pub use rwlock::{ReadGuard, TrackedRwLock, WriteGuard};

/// Whether a lock is watched: [`On`] or [`Off`], chosen by type.
pub trait Tracking: sealed::Sealed {
    /// What a lock carries for it.
    #[doc(hidden)]
    type Lock: fmt::Debug + Send + Sync;
    /// What a guard carries for it.
    #[doc(hidden)]
    type Hold<'a>: fmt::Debug;

    /// Takes the lock as far as its watch is concerned.
    #[doc(hidden)]
    fn acquire<'a>(
        lock: &'a Self::Lock,
        mode: Mode,
        site: &'static Location<'static>,
    ) -> Result<Self::Hold<'a>, LockError>;

    /// The lock's name.
    #[doc(hidden)]
    fn name(lock: &Self::Lock) -> String;
}

/// The lock is watched: a wait that could never end is an error.
#[derive(Clone, Copy, Debug)]
pub enum On {}

/// The lock is the standard library's; a wait that can never end doesn't.
#[derive(Clone, Copy, Debug)]
pub enum Off {}

impl Tracking for On {
    type Lock = RawLock;
    type Hold<'a> = Tracked<'a>;

    #[inline]
    fn acquire<'a>(
        lock: &'a RawLock,
        mode: Mode,
        site: &'static Location<'static>,
    ) -> Result<Tracked<'a>, LockError> {
        lock.acquire(mode, site)
    }

    fn name(lock: &RawLock) -> String {
        lock.name()
    }
}

impl Tracking for Off {
    type Lock = ();
    type Hold<'a> = ();

    #[inline]
    fn acquire((): &(), _: Mode, _: &'static Location<'static>) -> Result<(), LockError> {
        Ok(())
    }

    fn name((): &()) -> String {
        "an untracked lock".to_owned()
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::On {}
    impl Sealed for super::Off {}
}
