//! A mutex whose waits are watched.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;

use super::{Off, On, Tracking};
use crate::detector::Detector;
use crate::error::LockError;
use crate::graph::{LockId, Mode};
use crate::raw::RawLock;
use crate::sync::{self, Mutex};

/// A mutex whose [`lock`](Self::lock) fails instead of waiting for ever.
///
/// Waiting threads get it in the order in which they came. A guard stays with the thread that took it
/// (it isn't `Send`); several may be dropped in any order.
pub struct TrackedMutex<T, M: Tracking = On> {
    tracking: M::Lock,
    inner: Mutex<T>,
}

/// A held mutex, given back on drop.
#[must_use = "the mutex is free again as soon as its guard is dropped"]
pub struct MutexGuard<'a, T, M: Tracking = On> {
    // In this order: whoever is let in next must find the inner lock free.
    inner: sync::MutexGuard<'a, T>,
    _hold: M::Hold<'a>,
}

impl<T> TrackedMutex<T> {
    /// A mutex without a name, watched by the [global detector](Detector::global).
    pub fn new(value: T) -> Self {
        Self::made(Detector::global(), None, value)
    }

    /// A mutex with a name for reports, watched by this detector.
    pub fn named(detector: &Detector, name: impl Into<String>, value: T) -> Self {
        Self::made(detector, Some(name.into()), value)
    }

    /// Its number: unique, and the place in the order of [`lock_all`](crate::ordered::lock_all).
    #[must_use]
    pub fn id(&self) -> LockId {
        self.tracking.id()
    }

    fn made(detector: &Detector, name: Option<String>, value: T) -> Self {
        TrackedMutex {
            tracking: RawLock::new(detector, name),
            inner: Mutex::new(value),
        }
    }
}

impl<T> TrackedMutex<T, Off> {
    /// A mutex that nobody watches.
    pub fn untracked(value: T) -> Self {
        TrackedMutex {
            tracking: (),
            inner: Mutex::new(value),
        }
    }
}

impl<T, M: Tracking> TrackedMutex<T, M> {
    /// Takes the mutex; waits for it, if that wait can end.
    ///
    /// # Errors
    /// [`LockError::Deadlock`] if the wait is in a cycle and this thread has to give way (now or later
    /// in its wait), [`LockError::Relock`] if the thread holds the mutex already, [`LockError::Poisoned`]
    /// if a thread panicked while it held it. The mutex isn't held then.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> Result<MutexGuard<'_, T, M>, LockError> {
        let hold = M::acquire(&self.tracking, Mode::Exclusive, Location::caller())?;
        match self.inner.lock() {
            Ok(inner) => Ok(MutexGuard { inner, _hold: hold }),
            Err(_) => Err(poisoned::<M>(&self.tracking)),
        }
    }

    /// Says that what a panic left behind has been mended.
    #[cfg(not(loom))]
    pub fn clear_poison(&self) {
        self.inner.clear_poison();
    }

    /// What the mutex guarded.
    ///
    /// # Errors
    /// [`LockError::Poisoned`] if a thread panicked while it held it.
    pub fn into_inner(self) -> Result<T, LockError> {
        let TrackedMutex { tracking, inner } = self;
        inner.into_inner().map_err(|_| poisoned::<M>(&tracking))
    }
}

#[cold]
pub(super) fn poisoned<M: Tracking>(tracking: &M::Lock) -> LockError {
    LockError::Poisoned {
        lock: M::name(tracking),
    }
}

impl<T, M: Tracking> fmt::Debug for TrackedMutex<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrackedMutex({:?})", self.tracking)
    }
}

impl<T, M: Tracking> Deref for MutexGuard<'_, T, M> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T, M: Tracking> DerefMut for MutexGuard<'_, T, M> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

impl<T: fmt::Debug, M: Tracking> fmt::Debug for MutexGuard<'_, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        T::fmt(self, f)
    }
}
