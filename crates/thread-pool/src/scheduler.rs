//! The two schedulers behind one interface.
//!
//! An enum rather than a trait object: a fork is some ten nanoseconds, of which two indirect calls
//! would be a good part, while the branch on the kind is always predicted.

use crate::builder::SchedulerKind;
use crate::deque::{Owner, deque};
use crate::error::Reason;
use crate::job::{Header, JobRef};
use crate::latch::Wait;
use crate::queue::SharedQueue;
use crate::stealing::{Stealing, claimed};
use crate::worker::Worker;

/// Where jobs wait for workers and workers for jobs.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one in a pool")]
pub(crate) enum Scheduler {
    /// One queue for all; the workers' deques stay empty.
    Shared(SharedQueue<JobRef>),
    /// A deque for each worker.
    Stealing(Stealing),
}

impl Scheduler {
    /// A scheduler of this kind, and a deque for each worker.
    pub(crate) fn new(
        kind: SchedulerKind,
        workers: usize,
        bound: usize,
    ) -> (Self, Vec<Owner<Header>>) {
        match kind {
            SchedulerKind::SharedQueue => {
                let unused = (0..workers).map(|_| deque().0).collect();
                (Scheduler::Shared(SharedQueue::new(bound)), unused)
            }
            SchedulerKind::WorkStealing => {
                let (stealing, owners) = Stealing::new(workers, bound);
                (Scheduler::Stealing(stealing), owners)
            }
        }
    }

    /// Counts a worker in, before it asks for its first job.
    pub(crate) fn enter(&self) {
        match self {
            Scheduler::Shared(queue) => queue.enter(),
            Scheduler::Stealing(stealing) => stealing.enter(),
        }
    }

    /// Adds a job, from a worker or from outside; gives it back when there is no room or no future.
    pub(crate) fn push(
        &self,
        worker: Option<&Worker>,
        job: JobRef,
    ) -> Result<(), (Reason, JobRef)> {
        match self {
            Scheduler::Shared(queue) => queue.push(job),
            Scheduler::Stealing(stealing) => stealing.push(worker, job),
        }
    }

    /// Adds a job from outside, and waits for room.
    pub(crate) fn push_waiting(&self, job: JobRef) -> Result<(), (Reason, JobRef)> {
        match self {
            Scheduler::Shared(queue) => queue.push_waiting(job),
            Scheduler::Stealing(stealing) => stealing.push_waiting(job),
        }
    }

    /// Adds a part of the job that runs on this worker; never refused.
    #[inline]
    pub(crate) fn push_part(&self, worker: &Worker, job: JobRef) {
        match self {
            Scheduler::Shared(queue) => queue.push_part(job),
            Scheduler::Stealing(stealing) => stealing.push_part(worker, job),
        }
    }

    /// Whether a job from this worker would find no room.
    pub(crate) fn is_full(&self, worker: &Worker) -> bool {
        match self {
            Scheduler::Shared(queue) => queue.is_full(),
            Scheduler::Stealing(stealing) => stealing.is_full(worker),
        }
    }

    /// Waits for a job. `None`: what `wait` was for has come, or the pool is finished.
    pub(crate) fn next(&self, worker: &Worker, wait: &Wait<'_>) -> Option<JobRef> {
        match self {
            Scheduler::Shared(queue) => queue.next(wait),
            Scheduler::Stealing(stealing) => stealing.next(worker, wait),
        }
    }

    /// Takes a job if one can be had at once.
    pub(crate) fn try_next(&self, worker: &Worker) -> Option<JobRef> {
        match self {
            Scheduler::Shared(queue) => queue.pop(),
            Scheduler::Stealing(stealing) => stealing.try_next(worker),
        }
    }

    /// Takes back the part `job`, if nobody has; or whatever younger job lies above it.
    #[inline]
    pub(crate) fn reclaim(
        &self,
        worker: &Worker,
        job: std::ptr::NonNull<Header>,
    ) -> Option<JobRef> {
        match self {
            Scheduler::Shared(queue) => queue.reclaim(|queued| queued.id() == job),
            Scheduler::Stealing(_) => worker.deque.pop().map(claimed),
        }
    }

    /// Takes no more jobs from outside; workers go home when nothing is left.
    pub(crate) fn close(&self) {
        match self {
            Scheduler::Shared(queue) => queue.close(),
            Scheduler::Stealing(stealing) => stealing.close(),
        }
    }

    /// How many jobs wait at the moment of the look.
    pub(crate) fn waiting(&self) -> usize {
        match self {
            Scheduler::Shared(queue) => queue.len(),
            Scheduler::Stealing(stealing) => stealing.waiting(),
        }
    }
}
