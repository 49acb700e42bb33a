//! Rolling back and trying again, until it is done.
//!
//! A party that has to give way drops its guards, which hands its locks to those who wait for them, and
//! starts over. There is no pause before that: the locks have gone to others already. It keeps its ticket,
//! so it only gets older, and [`victim`](crate::victim) does the rest.

use crate::error::LockError;
use crate::party;
use crate::victim::Claim;

/// An error that may say "a deadlock: try again".
pub trait MayRetry {
    /// Whether another attempt can succeed.
    fn may_retry(&self) -> bool;
}

impl MayRetry for LockError {
    fn may_retry(&self) -> bool {
        matches!(self, LockError::Deadlock(_))
    }
}

/// One of the attempts at a piece of work.
#[derive(Debug)]
pub struct Attempt {
    number: u32,
}

impl Attempt {
    /// Which attempt it is, from 1.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Notes work that would be lost if the attempt had to give way; counts beside the locks it holds.
    pub fn worked(&self, units: u64) {
        party::set_claim(party::set_claim(None).map(|claim| Claim {
            work: claim.work.saturating_add(units),
            ..claim
        }));
    }
}

/// Runs `body` until it no longer fails by having to give way. All its guards must be gone when it
/// returns, and all that it changed must be undone.
///
/// `priority` counts under [`Policy::LowestPriority`](crate::victim::Policy); 0 is usual. A retry within
/// another one runs its body once and leaves trying again to the outer one, which has guards to drop as well.
///
/// # Errors
/// Whatever else `body` fails with.
pub fn retry<R, E: MayRetry>(
    priority: i32,
    mut body: impl FnMut(&Attempt) -> Result<R, E>,
) -> Result<R, E> {
    let ticket = party::next_ticket();
    for aborts in 0.. {
        let claim = Claim {
            ticket,
            priority,
            work: 0,
            aborts,
        };
        let Some(scope) = Scope::enter(claim) else {
            return body(&Attempt { number: 1 });
        };
        // BEGIN SOLUTION stage 3: run it; which errors end the loop?
        let outcome = body(&Attempt { number: aborts + 1 });
        drop(scope);
        match outcome {
            Err(error) if error.may_retry() => {}
            done => return done,
        }
        // END SOLUTION
    }
    unreachable!("who was aborted often is spared, long before the count ends")
}

/// The time in which a claim holds; ends with a panic as well.
struct Scope;

impl Scope {
    /// Enters it, unless the thread is in one already.
    fn enter(claim: Claim) -> Option<Scope> {
        let before = party::set_claim(Some(claim));
        if before.is_some() {
            party::set_claim(before);
            return None;
        }
        Some(Scope)
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        party::set_claim(None);
    }
}
