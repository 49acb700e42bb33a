//! Fork and join: two closures, perhaps at once, with nothing on the heap.
//!
//! The forked half lies in the stack frame of the call and goes to the bottom of the worker's deque.
//! Nearly always the worker comes back for it itself and just calls it, so a fork that nobody steals
//! costs one push, one pop and no synchronization with anyone (Frigo, Leiserson and Randall, "The
//! implementation of the Cilk-5 multithreaded language", PLDI 1998: the work-first principle).

#![expect(
    unsafe_code,
    reason = "a thief runs a closure that lies in another thread's stack frame"
)]

use std::cell::UnsafeCell;
use std::panic::resume_unwind;
use std::ptr::NonNull;

use crate::job::{AbortedMark, Ended, Fate, Header, JobRef, Payload, contain, discard};
use crate::latch::{Latch, Wait};
use crate::pool::ThreadPool;
use crate::worker::{self, Worker};

impl ThreadPool {
    /// Runs both closures, perhaps at the same time, and returns both results. `b` is what other
    /// workers may steal; in a recursion make it the half that costs as much as `a`.
    ///
    /// ```
    /// fn sum(pool: &thread_pool::ThreadPool, numbers: &[u64]) -> u64 {
    ///     if numbers.len() <= 1_000 {
    ///         return numbers.iter().sum();
    ///     }
    ///     let (left, right) = numbers.split_at(numbers.len() / 2);
    ///     let (left, right) = pool.join(|| sum(pool, left), || sum(pool, right));
    ///     left + right
    /// }
    /// let pool = thread_pool::ThreadPool::builder().threads(2).build()?;
    /// let numbers: Vec<u64> = (1..=10_000).collect();
    /// assert_eq!(sum(&pool, &numbers), 50_005_000);
    /// # Ok::<(), thread_pool::Error>(())
    /// ```
    ///
    /// # Panics
    /// With the panic of `a`, else with that of `b`, after both have ended. If `a` panics before `b`
    /// has begun, `b` is dropped.
    pub fn join<A, B, RA, RB>(&self, a: A, b: B) -> (RA, RB)
    where
        A: FnOnce() -> RA + Send,
        B: FnOnce() -> RB + Send,
        RA: Send,
        RB: Send,
    {
        match Worker::of(&self.crew) {
            Some(worker) => fork(worker, a, b),
            None => self.install(|| match Worker::of(&self.crew) {
                Some(worker) => fork(worker, a, b),
                // The pool has been shut down.
                None => (a(), b()),
            }),
        }
    }

    /// Runs `f` on a worker, where forks are cheapest, and waits for its result. On a worker of this
    /// pool, or after the shutdown, it runs on the calling thread.
    ///
    /// # Panics
    /// With the panic of `f`, or if the pool is aborted before `f` has begun.
    pub fn install<F, R>(&self, f: F) -> R
    where
        F: FnOnce() -> R + Send,
        R: Send,
    {
        if Worker::of(&self.crew).is_some() {
            return f();
        }
        let job = StackJob::new(f);
        // SAFETY: this frame stays until the job has been refused or has set its latch.
        let job_ref = unsafe { job.as_job_ref() };
        match self.crew.scheduler.push_waiting(job_ref) {
            Ok(()) => {
                worker::wait(&Wait::for_latch(&job.finished));
                job.into_result()
                    .unwrap_or_else(|payload| resume_unwind(payload))
            }
            Err(_) => job.run_inline(),
        }
    }
}

/// Runs `a` here, and `b` here or on whichever worker steals it first.
#[inline]
fn fork<A, B, RA, RB>(worker: &Worker, a: A, b: B) -> (RA, RB)
where
    A: FnOnce() -> RA,
    B: FnOnce() -> RB + Send,
    RB: Send,
{
    // BEGIN SOLUTION stage 4: offer b, run a, take b back or help until its thief is done
    let job = StackJob::new(b);
    // SAFETY: this frame stays until the job is reclaimed or has set its latch, even if `a` panics.
    let job_ref = unsafe { job.as_job_ref() };
    let id = job_ref.id();
    worker.scheduler().push_part(worker, job_ref);
    let a = contain(a);
    let reclaimed = reclaim(worker, &job.finished, id);
    match a {
        Ok(a) if reclaimed => (a, job.run_inline()),
        Ok(a) => match job.into_result() {
            Ok(b) => (a, b),
            Err(payload) => resume_unwind(payload),
        },
        Err(payload) => {
            discard(job);
            resume_unwind(payload)
        }
    }
    // END SOLUTION
}

/// Gets a forked job back, and says so, or waits until whoever stole it has finished it.
#[inline]
fn reclaim(worker: &Worker, finished: &Latch, id: NonNull<Header>) -> bool {
    // BEGIN SOLUTION stage 4: younger jobs may lie above it; what if it is gone?
    while !finished.is_set() {
        match worker.scheduler().reclaim(worker, id) {
            Some(job) if job.id() == id => return true,
            Some(younger) => worker.run(younger),
            None => worker.help(&Wait::for_latch(finished)),
        }
    }
    false
    // END SOLUTION
}

/// A job in a stack frame, with room for its result.
#[repr(C)]
struct StackJob<F, R> {
    header: Header,
    work: UnsafeCell<Option<F>>,
    result: UnsafeCell<Option<Result<R, Payload>>>,
    finished: Latch,
}

impl<F, R> StackJob<F, R>
where
    F: FnOnce() -> R + Send,
    R: Send,
{
    fn new(work: F) -> Self {
        StackJob {
            header: Header::new(Self::act),
            work: UnsafeCell::new(Some(work)),
            result: UnsafeCell::new(None),
            finished: Latch::new(),
        }
    }

    /// # Safety
    /// The job must not move or end before the reference has acted (its latch says so) or has come
    /// back. It is made at most once.
    unsafe fn as_job_ref(&self) -> JobRef {
        // SAFETY: the caller's promise; work and result are Send, so any thread may run it.
        unsafe { JobRef::new(NonNull::from(self).cast()) }
    }

    unsafe fn act(header: NonNull<Header>, fate: Fate) -> Ended {
        let this: *const Self = header.cast().as_ptr();
        // SAFETY: `this` lives until its latch is set (`as_job_ref`), and until then nobody else
        // touches the two cells.
        unsafe {
            let work = (*(*this).work.get()).take();
            let result = match (work, fate) {
                (Some(work), Fate::Run) => contain(work),
                (work, _) => {
                    discard(work);
                    Err(Box::new(AbortedMark) as Payload)
                }
            };
            *(*this).result.get() = Some(result);
            Latch::set_last(&raw const (*this).finished);
        }
        Ended::Part
    }

    /// Runs a job whose reference has come back. Its panic is let through.
    #[inline]
    fn run_inline(self) -> R {
        let work = self.work.into_inner();
        work.expect("a job that came back hasn't run")()
    }

    /// The result of a job whose latch is set.
    fn into_result(self) -> Result<R, Payload> {
        let result = self.result.into_inner();
        result.expect("a job writes its result before it sets its latch")
    }
}
