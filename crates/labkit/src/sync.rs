//! The one switch between the machine's primitives and the checkers' own, for code that is built on them.
//!
//! - Under `--cfg loom` every atomic, lock, cell and park is the model checker's, which then tries all
//!   interleavings and all values that a weak memory may show.
//! - Under `--cfg tsan` locks are taken in a way that ThreadSanitizer can follow.
//! - Otherwise this is the standard library under another name, and costs nothing.
//!
//! It never adds a primitive of its own: what a lab teaches is written in the lab, on these.

#[cfg(not(loom))]
mod cell;
#[cfg(loom)]
mod model;
#[cfg(tsan)]
mod seen;

#[cfg(not(loom))]
pub use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic},
    thread, thread_local as thread_static,
};

#[cfg(not(loom))]
pub use cell::UnsafeCell;

#[cfg(loom)]
pub use loom::{
    cell::UnsafeCell,
    sync::{Arc, Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic},
};

#[cfg(loom)]
pub use model::thread;

#[cfg(loom)]
#[doc(hidden)]
pub use loom;

#[cfg(loom)]
pub use crate::model_thread_static as thread_static;

#[cfg(tsan)]
pub use seen::{lock, wait};

/// Locks; a poisoned lock is taken as it is. For data that is whole between any two statements.
#[cfg(not(tsan))]
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Lets the lock go until the condition is signalled, or for no reason.
///
/// The guard has to be of the mutex that is given beside it.
#[cfg(not(tsan))]
pub fn wait<'a, T>(
    condition: &Condvar,
    _: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
) -> MutexGuard<'a, T> {
    condition
        .wait(guard)
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Keeps what is written often by one thread off the cache lines of others. 128 bytes, because the
/// usual prefetchers fetch lines in pairs.
#[repr(align(128))]
#[derive(Debug, Default)]
pub struct CachePadded<T>(pub T);

impl<T> std::ops::Deref for CachePadded<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_poisoned_lock_is_taken_as_it_is() {
        let shared = Arc::new(Mutex::new(7));
        let other = Arc::clone(&shared);
        let panicked = thread::spawn(move || {
            let _guard = other.lock();
            panic!("while it holds the lock");
        });
        assert!(panicked.join().is_err());
        assert!(shared.is_poisoned());
        assert_eq!(*lock(&shared), 7);
    }

    #[test]
    fn who_waits_sees_what_was_signalled() {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&shared);
        let signaller = thread::spawn(move || {
            *lock(&other.0) = true;
            other.1.notify_one();
        });
        let (mutex, condition) = &*shared;
        let mut seen = lock(mutex);
        while !*seen {
            seen = wait(condition, mutex, seen);
        }
        drop(seen);
        signaller.join().expect("the signaller doesn't panic");
    }

    #[test]
    fn padded_neighbours_share_no_line() {
        let pair = [CachePadded(1_u8), CachePadded(2)];
        let distance = (&raw const pair[1]).addr() - (&raw const pair[0]).addr();
        assert!(distance >= 128);
        assert_eq!(*pair[0] + *pair[1], 3);
    }
}
