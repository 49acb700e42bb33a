//! Never making a cycle: whoever takes all locks in one order waits only "upwards".
//!
//! The order is that of the locks' numbers. In a cycle of waits somebody would hold a lock and wait for
//! one with a smaller number; nobody does (Havender, 1968).

use crate::error::LockError;
use crate::tracked::{MutexGuard, TrackedMutex};

/// Takes several mutexes, in the order of their numbers; the guards come in the order of the arguments.
///
/// # Errors
/// As [`TrackedMutex::lock`]; a mutex that is named twice is a [`LockError::Relock`]. None is held then.
#[track_caller]
pub fn lock_all<'a, T>(
    mutexes: &[&'a TrackedMutex<T>],
) -> Result<Vec<MutexGuard<'a, T>>, LockError> {
    // BEGIN SOLUTION stage 4: take them in one order, give the guards back in the other
    let mut places: Vec<usize> = (0..mutexes.len()).collect();
    places.sort_by_key(|place| mutexes[*place].id());
    let mut guards: Vec<Option<MutexGuard<'a, T>>> = mutexes.iter().map(|_| None).collect();
    for place in places {
        guards[place] = Some(mutexes[place].lock()?);
    }
    Ok(guards.into_iter().flatten().collect())
    // END SOLUTION
}

/// Takes two mutexes of whatever they guard, in the order of their numbers.
///
/// # Errors
/// As [`lock_all`].
#[track_caller]
pub fn lock_both<'a, A, B>(
    a: &'a TrackedMutex<A>,
    b: &'a TrackedMutex<B>,
) -> Result<(MutexGuard<'a, A>, MutexGuard<'a, B>), LockError> {
    // BEGIN SOLUTION stage 4: the smaller number first
    if a.id() <= b.id() {
        let first = a.lock()?;
        Ok((first, b.lock()?))
    } else {
        let first = b.lock()?;
        Ok((a.lock()?, first))
    }
    // END SOLUTION
}
