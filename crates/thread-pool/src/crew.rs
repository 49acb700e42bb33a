//! What the pool's handle and all of its workers share.

use labkit::sync::CachePadded;
use labkit::sync::atomic::{AtomicU8, Ordering};

use crate::builder::Overflow;
use crate::error::Reason;
use crate::job::{Ended, Fate, JobRef};
use crate::metrics::{Counter, Counters, Metrics};
use crate::pool::Shutdown;
use crate::scheduler::Scheduler;
use crate::worker::Worker;

/// The scheduler with the rules around it: what is taken in, what overflows, what an end means.
#[derive(Debug)]
pub(crate) struct Crew {
    pub(crate) scheduler: Scheduler,
    overflow: Overflow,
    /// [`OPEN`], [`DRAINING`] or [`ABORTING`]; it only grows.
    closing: AtomicU8,
    counters: Box<[CachePadded<Counters>]>,
    /// What is done by threads that aren't workers.
    outside: CachePadded<Counters>,
}

/// Takes jobs.
const OPEN: u8 = 0;
/// Takes no more jobs and runs those that it has.
const DRAINING: u8 = 1;
/// Takes no more jobs and drops those that it has.
const ABORTING: u8 = 2;

impl Crew {
    pub(crate) fn new(scheduler: Scheduler, overflow: Overflow, workers: usize) -> Self {
        Crew {
            scheduler,
            overflow,
            closing: AtomicU8::new(OPEN),
            counters: (0..workers).map(|_| CachePadded::default()).collect(),
            outside: CachePadded::default(),
        }
    }

    /// Takes a job in, or says why not.
    pub(crate) fn submit(&self, job: JobRef) -> Result<(), (Reason, JobRef)> {
        let worker = Worker::of(self);
        let outcome = match self.closing.load(Ordering::Acquire) {
            OPEN => self.scheduler.push(worker, job),
            _ => Err((Reason::ShutDown, job)),
        };
        let outcome = match outcome {
            Err((Reason::Full, job)) => self.overflow(worker, job),
            settled => settled,
        };
        match outcome {
            Ok(()) => self.count(worker, |counters| &counters.submitted),
            Err(_) => self.count(worker, |counters| &counters.refused),
        }
        outcome
    }

    /// What the pool's policy does with a job that found the queue full.
    #[cold]
    fn overflow(&self, worker: Option<&Worker>, job: JobRef) -> Result<(), (Reason, JobRef)> {
        // BEGIN SOLUTION stage 3: block, reject or run it here; may a worker block on its own pool?
        match (self.overflow, worker) {
            (Overflow::Reject, _) => Err((Reason::Full, job)),
            (Overflow::RunInCaller, _) => {
                self.run_in_caller(worker, job);
                Ok(())
            }
            (Overflow::Block, None) => self.scheduler.push_waiting(job),
            (Overflow::Block, Some(worker)) => worker.push_helping(job),
        }
        // END SOLUTION
    }

    /// Takes in a part of work that has already been accepted: it is never refused, and runs on the
    /// calling thread if there is no room for it.
    pub(crate) fn spawn(&self, job: JobRef) {
        let worker = Worker::of(self);
        self.count(worker, |counters| &counters.submitted);
        let left = match worker {
            Some(worker) if self.scheduler.is_full(worker) => Some(job),
            Some(worker) => {
                self.scheduler.push_part(worker, job);
                None
            }
            None => self.scheduler.push(None, job).err().map(|(_, job)| job),
        };
        if let Some(job) = left {
            self.run_in_caller(worker, job);
        }
    }

    fn run_in_caller(&self, worker: Option<&Worker>, job: JobRef) {
        let ended = job.act(Fate::Run);
        self.count(worker, |counters| &counters.ran_in_caller);
        self.ended(worker, ended);
    }

    /// Begins the end. An abort after a drain has begun turns it into an abort, never the reverse.
    pub(crate) fn close(&self, how: Shutdown) {
        let closing = match how {
            Shutdown::Drain => DRAINING,
            Shutdown::Abort => ABORTING,
        };
        self.closing.fetch_max(closing, Ordering::AcqRel);
        self.scheduler.close();
    }

    /// What happens to the next job.
    #[inline]
    pub(crate) fn fate(&self) -> Fate {
        match self.closing.load(Ordering::Acquire) {
            ABORTING => {
                // BEGIN SOLUTION stage 3: the job hasn't begun; what becomes of it?
                Fate::Abandon
                // END SOLUTION
            }
            _ => Fate::Run,
        }
    }

    pub(crate) fn counters(&self, worker: usize) -> &Counters {
        &self.counters[worker]
    }

    pub(crate) fn threads(&self) -> usize {
        self.counters.len()
    }

    pub(crate) fn metrics(&self) -> Metrics {
        Metrics::collect(&self.counters, &self.outside, self.scheduler.waiting())
    }

    /// Counts a job that came to its end on this worker, or on a thread outside.
    pub(crate) fn ended(&self, worker: Option<&Worker>, ended: Ended) {
        match ended {
            Ended::Completed => self.count(worker, |counters| &counters.completed),
            Ended::Panicked => self.count(worker, |counters| &counters.panicked),
            Ended::Cancelled => self.count(worker, |counters| &counters.cancelled),
            Ended::Aborted => self.count(worker, |counters| &counters.aborted),
            // A part of another job, which counts for both.
            Ended::Part => {}
        }
    }

    fn count(&self, worker: Option<&Worker>, counter: impl Fn(&Counters) -> &Counter) {
        match worker {
            Some(worker) => counter(worker.counters()).bump(),
            None => counter(&self.outside).bump_shared(),
        }
    }
}
