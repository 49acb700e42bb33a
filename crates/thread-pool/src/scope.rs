//! Jobs that borrow: a scope doesn't end before all jobs that were spawned in it have.

#![expect(
    unsafe_code,
    reason = "the queue forgets lifetimes; the scope's wait restores what they promised"
)]

use std::marker::PhantomData;
use std::panic::resume_unwind;

use labkit::sync::atomic::{AtomicUsize, Ordering};
use labkit::sync::{Mutex, lock};

use crate::crew::Crew;
use crate::job::{AbortedMark, Ended, Fate, HeapJob, Payload, Work, contain, discard};
use crate::latch::{Latch, Wait};
use crate::pool::ThreadPool;
use crate::worker;

/// A place to spawn jobs that borrow from around it; see [`ThreadPool::scope`].
///
/// `'env` is what lives longer than the scope and may be borrowed, `'scope` the scope itself. Both
/// are invariant: a job must not be able to smuggle in a shorter borrow, nor a longer scope.
#[derive(Debug)]
pub struct Scope<'scope, 'env: 'scope> {
    crew: &'scope Crew,
    /// The scope's own body, and every job that hasn't ended.
    pending: AtomicUsize,
    /// Set when `pending` comes down to zero, by whoever brings it there.
    finished: Latch,
    /// Guards one of the panics; the others are dropped.
    panic: Mutex<Option<Payload>>,
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

impl ThreadPool {
    /// Runs `body` on the calling thread and returns its result once all jobs spawned in the scope
    /// have ended. They may borrow whatever outlives this call.
    ///
    /// ```
    /// let pool = thread_pool::ThreadPool::builder().threads(2).build()?;
    /// let mut halves = [1, 2];
    /// let [left, right] = &mut halves;
    /// pool.scope(|scope| {
    ///     scope.spawn(|| *left += 10);
    ///     scope.spawn(|| *right += 20);
    /// });
    /// assert_eq!(halves, [11, 22]);
    /// # Ok::<(), thread_pool::Error>(())
    /// ```
    ///
    /// # Panics
    /// With the panic of `body`, else with that of a job, after all jobs have ended. A job that
    /// an abort dropped counts as one that panicked: what it should have done is missing.
    pub fn scope<'env, F, R>(&self, body: F) -> R
    where
        F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> R,
    {
        let scope = Scope {
            crew: &self.crew,
            pending: AtomicUsize::new(1),
            finished: Latch::new(),
            panic: Mutex::new(None),
            scope: PhantomData,
            env: PhantomData,
        };
        let result = contain(|| body(&scope));
        // BEGIN SOLUTION stage 4: when may the frames that the jobs borrow from be left?
        if scope.pending.fetch_sub(1, Ordering::AcqRel) > 1 {
            worker::wait(&Wait::for_latch(&scope.finished));
        }
        // END SOLUTION
        let panic = lock(&scope.panic).take();
        match (result, panic) {
            (Ok(value), None) => value,
            (Err(payload), _) | (Ok(_), Some(payload)) => resume_unwind(payload),
        }
    }
}

impl<'scope> Scope<'scope, '_> {
    /// Runs `job` on some worker before the scope ends, or on this thread if the queue is full or the
    /// pool has been shut down. Jobs may spawn further jobs in the same scope.
    pub fn spawn<F>(&'scope self, job: F)
    where
        F: FnOnce() + Send + 'scope,
    {
        // BEGIN SOLUTION stage 4: count it first; why not after?
        self.pending.fetch_add(1, Ordering::Relaxed);
        // END SOLUTION
        let child = Child { scope: self, job };
        // SAFETY: what `job` borrows outlives 'scope, and `ThreadPool::scope` doesn't return, nor
        // unwinds, before the child has counted itself out.
        let job = unsafe { HeapJob::boxed(child) };
        self.crew.spawn(job);
    }

    /// Counts one out. Nothing of the scope may be touched afterwards.
    ///
    /// # Safety
    /// `this` points to a scope in which the caller is counted.
    unsafe fn leave(this: *const Self, panic: Option<Payload>) {
        // SAFETY: the scope waits for the caller until the decrement, and for whoever brings the
        // count to zero until the latch is set.
        unsafe {
            // BEGIN SOLUTION stage 4: keep the panic; the last one out sets the latch
            if let Some(payload) = panic {
                discard(lock(&(*this).panic).replace(payload));
            }
            if (*this).pending.fetch_sub(1, Ordering::AcqRel) == 1 {
                Latch::set_last(&raw const (*this).finished);
            }
            // END SOLUTION
        }
    }
}

/// A job of a scope, and the way back to it.
struct Child<'scope, 'env, F> {
    scope: *const Scope<'scope, 'env>,
    job: F,
}

// SAFETY: the pointer is used to reach atomics, a latch and a lock, which any thread may.
unsafe impl<F: Send> Send for Child<'_, '_, F> {}

impl<F: FnOnce() + Send> Work for Child<'_, '_, F> {
    fn act(self, fate: Fate) -> Ended {
        let Child { scope, job } = self;
        let (outcome, ended) = match fate {
            Fate::Run => match contain(job) {
                Ok(()) => (None, Ended::Completed),
                Err(payload) => (Some(payload), Ended::Panicked),
            },
            Fate::Abandon => {
                discard(job);
                (Some(Box::new(AbortedMark) as Payload), Ended::Aborted)
            }
        };
        // SAFETY: `spawn` counted this job in, and this is the only time that it leaves.
        unsafe { Scope::leave(scope, outcome) };
        ended
    }
}
