//! Locks that ThreadSanitizer can follow. It sees only what it has compiled, and the standard library's
//! way of waiting for a lock isn't; trying for it again and again is.

use std::sync::{Condvar, Mutex, MutexGuard, TryLockError};
use std::thread;

/// Locks, by trying.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    loop {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => thread::yield_now(),
        }
    }
}

/// Lets the lock go for a moment: each return is one "for no reason".
pub fn wait<'a, T>(
    _: &Condvar,
    mutex: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
) -> MutexGuard<'a, T> {
    drop(guard);
    thread::yield_now();
    lock(mutex)
}
