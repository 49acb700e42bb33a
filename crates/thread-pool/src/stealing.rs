//! The work-stealing scheduler: a deque for each worker, a shared queue as the door, and theft.
//!
//! What a job brings forth goes to the bottom of its worker's own deque and comes back from there,
//! last in, first out, while it is warm in the cache. What comes from outside enters by the door. A
//! worker whose deque is empty looks at the door, then robs the others (Blumofe and Leiserson,
//! "Scheduling multithreaded computations by work stealing", JACM 1999).

use std::ptr::NonNull;

use labkit::sync::thread;

use crate::deque::{Owner, Steal, Stealer, deque};
use crate::error::Reason;
use crate::job::{Header, JobRef};
use crate::latch::Wait;
use crate::queue::SharedQueue;
use crate::sleep::Sleep;
use crate::worker::Worker;

/// How many further jobs a worker carries from the door to its deque at a time: enough to make the
/// lock's price small, few enough to leave some for the others.
const BATCH: usize = 32;

/// Every so many jobs a worker looks at the door first, or a worker that is never out of its own jobs
/// would starve those from outside. A prime, so that it doesn't beat with a loop of the program.
const DOOR_FIRST_EVERY: u32 = 61;

/// How often a worker looks everywhere before it sleeps: a wake-up costs about as much as these.
const SEARCHES: usize = if cfg!(loom) { 1 } else { 32 };

/// The scheduler's shared half; the owners' ends of the deques are with the workers.
#[derive(Debug)]
pub(crate) struct Stealing {
    door: SharedQueue<JobRef>,
    victims: Box<[Stealer<Header>]>,
    sleep: Sleep,
    bound: usize,
}

impl Stealing {
    /// The scheduler and the owner's end of a deque for each worker.
    pub(crate) fn new(workers: usize, bound: usize) -> (Self, Vec<Owner<Header>>) {
        let (owners, victims): (Vec<_>, Vec<_>) = (0..workers).map(|_| deque()).unzip();
        let stealing = Stealing {
            door: SharedQueue::new(bound),
            victims: victims.into(),
            sleep: Sleep::new(),
            bound,
        };
        (stealing, owners)
    }

    pub(crate) fn enter(&self) {
        self.sleep.enter();
    }

    /// Adds a job: from a worker to its deque, from outside at the door.
    pub(crate) fn push(
        &self,
        worker: Option<&Worker>,
        job: JobRef,
    ) -> Result<(), (Reason, JobRef)> {
        match worker {
            Some(worker) if self.is_full(worker) => return Err((Reason::Full, job)),
            Some(worker) => worker.deque.push(job.into_raw()),
            None => self.door.push(job)?,
        }
        self.sleep.notify();
        Ok(())
    }

    /// Adds a job from outside, and waits for space if there is none.
    pub(crate) fn push_waiting(&self, job: JobRef) -> Result<(), (Reason, JobRef)> {
        self.door.push_waiting(job)?;
        self.sleep.notify();
        Ok(())
    }

    /// Adds a part of the job that runs on this worker.
    #[inline]
    pub(crate) fn push_part(&self, worker: &Worker, job: JobRef) {
        worker.deque.push(job.into_raw());
        self.sleep.notify();
    }

    pub(crate) fn is_full(&self, worker: &Worker) -> bool {
        worker.deque.len() >= self.bound
    }

    /// Waits for a job. `None`: what `wait` was for has come, or the pool is finished.
    pub(crate) fn next(&self, worker: &Worker, wait: &Wait<'_>) -> Option<JobRef> {
        if let Some(job) = self.own(worker, wait) {
            return Some(job);
        }
        self.sleep.begin_search();
        let job = loop {
            let job = self.search_for_a_while(worker, wait);
            if job.is_some() || wait.is_over() {
                break job;
            }
            worker.counters().sleeps.bump();
            if !self.sleep.sleep(wait, || self.has_work()) {
                break None;
            }
        };
        self.sleep.end_search();
        job
    }

    /// Takes a job if one can be had at once.
    pub(crate) fn try_next(&self, worker: &Worker) -> Option<JobRef> {
        let newest = worker.deque.pop().map(claimed);
        newest.or_else(|| self.search(worker))
    }

    pub(crate) fn close(&self) {
        self.door.close();
        self.sleep.close();
    }

    pub(crate) fn waiting(&self) -> usize {
        self.door.len() + self.victims.iter().map(Stealer::len).sum::<usize>()
    }

    fn search_for_a_while(&self, worker: &Worker, wait: &Wait<'_>) -> Option<JobRef> {
        for _ in 0..SEARCHES {
            if wait.is_over() {
                return None;
            }
            if let Some(job) = self.search(worker) {
                return Some(job);
            }
            thread::yield_now();
        }
        None
    }

    /// The worker's own newest job, or, between two jobs, now and then one from the door.
    fn own(&self, worker: &Worker, wait: &Wait<'_>) -> Option<JobRef> {
        if wait.is_idle()
            && worker.tick().is_multiple_of(DOOR_FIRST_EVERY)
            && !self.door.is_empty()
            && let Some(job) = self.door.pop()
        {
            return Some(job);
        }
        worker.deque.pop().map(claimed)
    }

    /// A job from the door or from another worker.
    fn search(&self, worker: &Worker) -> Option<JobRef> {
        if !self.door.is_empty() {
            let keep = |job: JobRef| worker.deque.push(job.into_raw());
            if let Some(job) = self.door.pop_batch(BATCH, keep) {
                return Some(job);
            }
        }
        self.rob(worker)
    }

    /// Tries every other worker once, from a random one on; again while someone else was faster.
    fn rob(&self, worker: &Worker) -> Option<JobRef> {
        // BEGIN SOLUTION stage 5: where to start, when to give up?
        let victims = self.victims.len();
        let start = worker.chance(victims);
        loop {
            let mut lost = false;
            for victim in (start..victims).chain(0..start) {
                match self.victims[victim].steal() {
                    Steal::Taken(job) => {
                        worker.counters().stolen.bump();
                        return Some(claimed(job));
                    }
                    Steal::Lost => lost = true,
                    Steal::Empty => {}
                }
            }
            if !lost {
                return None;
            }
        }
        // END SOLUTION
    }

    fn has_work(&self) -> bool {
        !self.door.is_empty() || self.victims.iter().any(|victim| !victim.is_empty())
    }
}

/// The right to run a job that came out of a deque.
#[expect(unsafe_code, reason = "the deque holds plain pointers")]
pub(crate) fn claimed(job: NonNull<Header>) -> JobRef {
    // SAFETY: only `into_raw` of a JobRef fills the deques, and they hand out each item once.
    unsafe { JobRef::new(job) }
}
