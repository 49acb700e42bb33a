//! The one switch between the machine's primitives and loom's.
//!
//! Under `--cfg loom` every atomic, lock and park is the model checker's, which then tries all
//! interleavings and all values that a weak memory may show. Nothing else of the crate knows of it.

#[cfg(not(loom))]
pub(crate) use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, atomic},
    thread, thread_local as thread_static,
};

#[cfg(loom)]
pub(crate) use loom::sync::{Arc, Condvar, Mutex, MutexGuard, atomic};

#[cfg(loom)]
pub(crate) mod thread;
#[cfg(loom)]
pub(crate) use thread::thread_static;

/// Locks; a poisoned lock is taken as it is, because nothing here panics while it holds one.
#[cfg(not(tsan))]
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Lets the lock go until the condition is signalled, or for no reason.
#[cfg(not(tsan))]
pub(crate) fn wait<'a, T>(
    condition: &Condvar,
    _: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
) -> MutexGuard<'a, T> {
    condition
        .wait(guard)
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(tsan)]
mod seen;
#[cfg(tsan)]
pub(crate) use seen::{lock, wait};

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
