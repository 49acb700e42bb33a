//! The locks of a program: a mutex and a reader-writer lock whose waits are watched.
//!
//! What is guarded lies in the standard library's lock, which also keeps track of poison; who may take it
//! next is decided before, so that inner lock never waits. With [`Off`] nothing is before it: such
//! a lock *is* the standard library's, in size and in speed.

mod lock;

use std::fmt;
use std::sync::LockResult;

use labkit::sync::{Mutex, RwLock};

use crate::deadlock::Site;
use crate::error::LockError;
use crate::graph::Mode;
use crate::raw::{RawLock, Tracked};

pub use lock::{
    Guard, MutexGuard, ReadGuard, TrackedLock, TrackedMutex, TrackedRwLock, WriteGuard,
};

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
        site: Site,
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

    #[inline(always)]
    fn acquire<'a>(lock: &'a RawLock, mode: Mode, site: Site) -> Result<Tracked<'a>, LockError> {
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
    fn acquire((): &(), _: Mode, _: Site) -> Result<(), LockError> {
        Ok(())
    }

    fn name((): &()) -> String {
        "an untracked lock".to_owned()
    }
}

/// What the standard library's locks have in common.
pub trait Inner: sealed::Sealed + Sized {
    /// What is guarded.
    type Value;

    /// A lock around a value.
    #[doc(hidden)]
    fn around(value: Self::Value) -> Self;

    /// What was guarded, if nobody panicked over it.
    #[doc(hidden)]
    fn into_value(self) -> LockResult<Self::Value>;

    /// Forgets that somebody panicked over it.
    #[doc(hidden)]
    #[cfg(not(loom))]
    fn clear_poison(&self);
}

impl<T> Inner for Mutex<T> {
    type Value = T;

    fn around(value: T) -> Self {
        Mutex::new(value)
    }

    fn into_value(self) -> LockResult<T> {
        self.into_inner()
    }

    #[cfg(not(loom))]
    fn clear_poison(&self) {
        Mutex::clear_poison(self);
    }
}

impl<T> Inner for RwLock<T> {
    type Value = T;

    fn around(value: T) -> Self {
        RwLock::new(value)
    }

    fn into_value(self) -> LockResult<T> {
        self.into_inner()
    }

    #[cfg(not(loom))]
    fn clear_poison(&self) {
        RwLock::clear_poison(self);
    }
}

mod sealed {
    use labkit::sync::{Mutex, RwLock};

    pub trait Sealed {}
    impl Sealed for super::On {}
    impl Sealed for super::Off {}
    impl<T> Sealed for Mutex<T> {}
    impl<T> Sealed for RwLock<T> {}
}
