//! Waiting that has an end: under a lock, parked, and between two instructions of another thread.
//!
//! A model has no clock. There, and where ThreadSanitizer has to follow a lock, a wait with an end is a turn
//! for the others.

use std::time::Duration;

use labkit::clock::Deadline;
use labkit::sync::{Condvar, Mutex, MutexGuard, thread};

/// Lets the lock go until the condition is signalled, the time is over (says which), or for no reason.
pub(crate) fn wait<'a, T>(
    condition: &Condvar,
    mutex: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
    deadline: Deadline,
) -> (MutexGuard<'a, T>, bool) {
    match deadline.remaining() {
        Duration::MAX => (labkit::sync::wait(condition, mutex, guard), false),
        remaining => wait_for(condition, mutex, guard, remaining),
    }
}

#[cfg(not(any(tsan, loom)))]
fn wait_for<'a, T>(
    condition: &Condvar,
    _: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
    time: Duration,
) -> (MutexGuard<'a, T>, bool) {
    let waited = condition.wait_timeout(guard, time);
    let (guard, timeout) = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
    (guard, timeout.timed_out())
}

#[cfg(any(tsan, loom))]
fn wait_for<'a, T>(
    _: &Condvar,
    mutex: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
    time: Duration,
) -> (MutexGuard<'a, T>, bool) {
    drop(guard);
    thread::yield_now();
    (labkit::sync::lock(mutex), cfg!(loom) || time.is_zero())
}

/// Sleeps until someone unparks this thread or the time is over (says so); may also return for no reason.
pub(crate) fn park_until(deadline: Deadline) -> bool {
    match deadline.remaining() {
        Duration::MAX => {
            thread::park();
            false
        }
        remaining => {
            thread::park_timeout(remaining);
            cfg!(loom) || deadline.expired()
        }
    }
}

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
