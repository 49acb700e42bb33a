//! The one switch between the machine's primitives and loom's.
//!
//! Under `--cfg loom` every atomic, cell, lock and park is the model checker's, which then tries all
//! interleavings and all values that a weak memory may show. Nothing else of the crate knows of it.

use labkit::clock::Deadline;

#[cfg(not(loom))]
mod machine;
#[cfg(not(loom))]
pub(crate) use machine::{
    Arc, Condvar, Link, Mutex, MutexGuard, UnsafeCell, atomic, ordered, thread,
};

#[cfg(loom)]
pub(crate) mod model;
#[cfg(loom)]
pub(crate) use model::{
    Arc, Condvar, Link, Mutex, MutexGuard, UnsafeCell, atomic, ordered, thread,
};

/// Locks; a poisoned lock is taken as it is, because what it guards is whole between two statements.
#[cfg(not(tsan))]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Lets the lock go until the condition is signalled, the time is over (says which), or for no reason.
#[cfg(not(any(tsan, loom)))]
pub(crate) fn wait<'a, T>(
    condition: &Condvar,
    _: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
    deadline: Deadline,
) -> (MutexGuard<'a, T>, bool) {
    use std::sync::PoisonError;
    match deadline.remaining() {
        std::time::Duration::MAX => {
            let guard = condition.wait(guard);
            (guard.unwrap_or_else(PoisonError::into_inner), false)
        }
        remaining => {
            let waited = condition.wait_timeout(guard, remaining);
            let (guard, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            (guard, timeout.timed_out())
        }
    }
}

/// A model has no clock: a wait with an end is over as soon as others have had their turn.
#[cfg(loom)]
pub(crate) fn wait<'a, T>(
    condition: &Condvar,
    mutex: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
    deadline: Deadline,
) -> (MutexGuard<'a, T>, bool) {
    if deadline.remaining() == std::time::Duration::MAX {
        return (condition.wait(guard).expect("no panic under a lock"), false);
    }
    drop(guard);
    thread::yield_now();
    (lock(mutex), true)
}

#[cfg(tsan)]
mod seen;
#[cfg(tsan)]
pub(crate) use seen::{lock, wait};

/// Waits for another thread that is between two instructions: a little longer every round.
#[cold]
pub(crate) fn snooze(round: &mut u32) {
    if *round < 6 && !cfg!(loom) {
        (0..1_u32 << *round).for_each(|_| std::hint::spin_loop());
    } else {
        thread::yield_now();
    }
    *round += 1;
}

/// Keeps what is written often by one thread off the cache lines of others. 128 bytes, because the
/// usual prefetchers fetch lines in pairs.
#[repr(align(128))]
#[derive(Debug, Default)]
pub(crate) struct CachePadded<T>(pub(crate) T);

impl<T> std::ops::Deref for CachePadded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
