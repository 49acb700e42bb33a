//! A lock of the standard library behind its watch, and the guard that gives both back.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::LockResult;

use labkit::sync::{self, Mutex, RwLock};

use super::{Inner, Off, On, Tracking};
use crate::deadlock::Site;
use crate::detector::Detector;
use crate::error::LockError;
use crate::graph::{LockId, Mode};
use crate::raw::RawLock;

/// A lock that may be watched; used as [`TrackedMutex`] or [`TrackedRwLock`].
pub struct TrackedLock<L, M: Tracking = On> {
    tracking: M::Lock,
    inner: L,
}

/// A mutex whose [`lock`](TrackedLock::lock) fails instead of waiting for ever.
///
/// Waiting threads get it in the order in which they came. A guard stays with the thread that took it
/// (it isn't `Send`); several may be dropped in any order.
pub type TrackedMutex<T, M = On> = TrackedLock<Mutex<T>, M>;

/// A lock for many readers or one writer, whose waits fail instead of lasting for ever.
///
/// Requests are granted in the order in which they came: a reader doesn't overtake a writer who waits,
/// and so waits for it. A thread can't read twice at once: its second read could wait behind a writer that
/// waits for its first.
pub type TrackedRwLock<T, M = On> = TrackedLock<RwLock<T>, M>;

/// A held lock, given back on drop.
#[must_use = "the lock is free again as soon as its guard is dropped"]
pub struct Guard<'a, G, M: Tracking = On> {
    // In this order: whoever is let in next must find the inner lock free.
    inner: G,
    _hold: M::Hold<'a>,
}

/// A held mutex.
pub type MutexGuard<'a, T, M = On> = Guard<'a, sync::MutexGuard<'a, T>, M>;

/// A lock held for reading.
pub type ReadGuard<'a, T, M = On> = Guard<'a, sync::RwLockReadGuard<'a, T>, M>;

/// A lock held for writing.
pub type WriteGuard<'a, T, M = On> = Guard<'a, sync::RwLockWriteGuard<'a, T>, M>;

impl<L: Inner> TrackedLock<L> {
    /// A lock without a name, watched by the [global detector](Detector::global).
    pub fn new(value: L::Value) -> Self {
        Self::watched(Detector::global(), None, value)
    }

    /// A lock with a name for reports, watched by this detector.
    pub fn named(detector: &Detector, name: impl Into<String>, value: L::Value) -> Self {
        Self::watched(detector, Some(name.into()), value)
    }

    /// Its number: unique, and the place in the order of [`lock_all`](crate::ordered::lock_all).
    #[must_use]
    pub fn id(&self) -> LockId {
        self.tracking.id()
    }

    fn watched(detector: &Detector, name: Option<String>, value: L::Value) -> Self {
        TrackedLock {
            tracking: RawLock::new(detector, name),
            inner: L::around(value),
        }
    }
}

impl<L: Inner> TrackedLock<L, Off> {
    /// A lock that nobody watches.
    pub fn untracked(value: L::Value) -> Self {
        TrackedLock {
            tracking: (),
            inner: L::around(value),
        }
    }
}

impl<L: Inner, M: Tracking> TrackedLock<L, M> {
    /// Says that what a panic left behind has been mended.
    #[cfg(not(loom))]
    pub fn clear_poison(&self) {
        self.inner.clear_poison();
    }

    /// What the lock guarded.
    ///
    /// # Errors
    /// [`LockError::Poisoned`] if a thread panicked while it held it.
    pub fn into_inner(self) -> Result<L::Value, LockError> {
        let TrackedLock { tracking, inner } = self;
        inner.into_value().map_err(|_| poisoned::<M>(&tracking))
    }

    /// Takes the lock as far as its watch is concerned, and then the inner one, which is free by then.
    #[inline(always)]
    fn acquire<'a, G>(
        &'a self,
        mode: Mode,
        site: Site,
        take: impl FnOnce(&'a L) -> LockResult<G>,
    ) -> Result<Guard<'a, G, M>, LockError> {
        let hold = M::acquire(&self.tracking, mode, site)?;
        match take(&self.inner) {
            Ok(inner) => Ok(Guard { inner, _hold: hold }),
            Err(_) => Err(poisoned::<M>(&self.tracking)),
        }
    }
}

impl<T, M: Tracking> TrackedMutex<T, M> {
    /// Takes the mutex; waits for it, if that wait can end.
    ///
    /// # Errors
    /// [`LockError::Deadlock`] if the wait is in a cycle and this thread has to give way (now or later
    /// in its wait), [`LockError::Relock`] if the thread holds the lock already, [`LockError::Poisoned`]
    /// if a thread panicked while it held it. The lock isn't held then.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> Result<MutexGuard<'_, T, M>, LockError> {
        self.acquire(Mode::Exclusive, Location::caller(), Mutex::lock)
    }
}

impl<T, M: Tracking> TrackedRwLock<T, M> {
    /// Takes the lock for reading; waits for it, if that wait can end.
    ///
    /// # Errors
    /// As [`TrackedMutex::lock`].
    #[inline]
    #[track_caller]
    pub fn read(&self) -> Result<ReadGuard<'_, T, M>, LockError> {
        self.acquire(Mode::Shared, Location::caller(), RwLock::read)
    }

    /// Takes the lock for writing; waits for it, if that wait can end.
    ///
    /// # Errors
    /// As [`TrackedMutex::lock`].
    #[inline]
    #[track_caller]
    pub fn write(&self) -> Result<WriteGuard<'_, T, M>, LockError> {
        self.acquire(Mode::Exclusive, Location::caller(), RwLock::write)
    }
}

#[cold]
fn poisoned<M: Tracking>(tracking: &M::Lock) -> LockError {
    LockError::Poisoned {
        lock: M::name(tracking),
    }
}

impl<L, M: Tracking> fmt::Debug for TrackedLock<L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrackedLock({:?})", self.tracking)
    }
}

impl<G: Deref, M: Tracking> Deref for Guard<'_, G, M> {
    type Target = G::Target;

    #[inline]
    fn deref(&self) -> &G::Target {
        &self.inner
    }
}

impl<G: DerefMut, M: Tracking> DerefMut for Guard<'_, G, M> {
    #[inline]
    fn deref_mut(&mut self) -> &mut G::Target {
        &mut self.inner
    }
}

impl<G: Deref<Target: fmt::Debug>, M: Tracking> fmt::Debug for Guard<'_, G, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
