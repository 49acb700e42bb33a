//! A reader-writer lock whose waits are watched.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use super::mutex::poisoned;
use super::{Off, On, Tracking};
use crate::detector::Detector;
use crate::error::LockError;
use crate::graph::{LockId, Mode};
use crate::raw::RawLock;
use crate::sync::{self, RwLock};

/// A lock for many readers or one writer, whose waits fail instead of lasting for ever.
///
/// Requests are granted in the order in which they came: a reader doesn't overtake a writer who waits,
/// and so waits for it. A thread can't read twice at once: its second read could wait behind a writer that
/// waits for its first.
pub struct TrackedRwLock<T, M: Tracking = On> {
    tracking: M::Lock,
    inner: RwLock<T>,
}

/// A lock held for reading, given back on drop.
#[must_use = "the lock is free again as soon as its guard is dropped"]
pub struct ReadGuard<'a, T, M: Tracking = On> {
    inner: sync::RwLockReadGuard<'a, T>,
    _hold: M::Hold<'a>,
}

/// A lock held for writing, given back on drop.
#[must_use = "the lock is free again as soon as its guard is dropped"]
pub struct WriteGuard<'a, T, M: Tracking = On> {
    inner: sync::RwLockWriteGuard<'a, T>,
    _hold: M::Hold<'a>,
}

impl<T> TrackedRwLock<T> {
    /// A lock without a name, watched by the [global detector](Detector::global).
    pub fn new(value: T) -> Self {
        Self::made(Detector::global(), None, value)
    }

    /// A lock with a name for reports, watched by this detector.
    pub fn named(detector: &Detector, name: impl Into<String>, value: T) -> Self {
        Self::made(detector, Some(name.into()), value)
    }

    /// Its number, which is unique.
    #[must_use]
    pub fn id(&self) -> LockId {
        self.tracking.id()
    }

    fn made(detector: &Detector, name: Option<String>, value: T) -> Self {
        TrackedRwLock {
            tracking: RawLock::new(detector, name),
            inner: RwLock::new(value),
        }
    }
}

impl<T> TrackedRwLock<T, Off> {
    /// A lock that nobody watches.
    pub fn untracked(value: T) -> Self {
        TrackedRwLock {
            tracking: (),
            inner: RwLock::new(value),
        }
    }
}

impl<T, M: Tracking> TrackedRwLock<T, M> {
    /// Takes the lock for reading; waits for it, if that wait can end.
    ///
    /// # Errors
    /// As [`TrackedMutex::lock`](super::TrackedMutex::lock).
    #[inline]
    #[track_caller]
    pub fn read(&self) -> Result<ReadGuard<'_, T, M>, LockError> {
        let hold = M::acquire(&self.tracking, Mode::Shared, Location::caller())?;
        match self.inner.read() {
            Ok(inner) => Ok(ReadGuard { inner, _hold: hold }),
            Err(_) => Err(poisoned::<M>(&self.tracking)),
        }
    }

    /// Takes the lock for writing; waits for it, if that wait can end.
    ///
    /// # Errors
    /// As [`TrackedMutex::lock`](super::TrackedMutex::lock).
    #[inline]
    #[track_caller]
    pub fn write(&self) -> Result<WriteGuard<'_, T, M>, LockError> {
        let hold = M::acquire(&self.tracking, Mode::Exclusive, Location::caller())?;
        match self.inner.write() {
            Ok(inner) => Ok(WriteGuard { inner, _hold: hold }),
            Err(_) => Err(poisoned::<M>(&self.tracking)),
        }
    }

    /// Says that what a panic left behind has been mended.
    #[cfg(not(loom))]
    pub fn clear_poison(&self) {
        self.inner.clear_poison();
    }
}

impl<T, M: Tracking> fmt::Debug for TrackedRwLock<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrackedRwLock({:?})", self.tracking)
    }
}

impl<T, M: Tracking> Deref for ReadGuard<'_, T, M> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T, M: Tracking> Deref for WriteGuard<'_, T, M> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T, M: Tracking> DerefMut for WriteGuard<'_, T, M> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T: fmt::Debug, M: Tracking> fmt::Debug for ReadGuard<'_, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}

impl<T: fmt::Debug, M: Tracking> fmt::Debug for WriteGuard<'_, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}
