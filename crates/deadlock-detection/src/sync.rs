//! The one switch between the machine's primitives and the model checker's.
//!
//! Under `--cfg loom` every lock and atomic is loom's, which tries all interleavings. Under `--cfg tsan`
//! locks are taken in a way that ThreadSanitizer can follow: it sees only what it has compiled, and the
//! standard library's waiting isn't. Nothing else of the crate knows of either.

#[cfg(not(loom))]
pub(crate) use std::{
    sync::{Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic},
    thread_local as thread_static,
};

#[cfg(loom)]
pub(crate) use loom::sync::{
    Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic,
};

/// loom's thread-locals know no constant initializers.
#[cfg(loom)]
macro_rules! thread_static {
    ($($(#[$doc:meta])* static $name:ident: $type:ty = const { $start:expr };)*) => {
        $(loom::thread_local! { $(#[$doc])* static $name: $type = $start; })*
    };
}
#[cfg(loom)]
pub(crate) use thread_static;

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
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    use std::sync::TryLockError;
    loop {
        match mutex.try_lock() {
            Ok(guard) => return guard,
            Err(TryLockError::Poisoned(poisoned)) => return poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => std::thread::yield_now(),
        }
    }
}

#[cfg(tsan)]
pub(crate) fn wait<'a, T>(
    _: &Condvar,
    mutex: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
) -> MutexGuard<'a, T> {
    drop(guard);
    std::thread::yield_now();
    lock(mutex)
}
