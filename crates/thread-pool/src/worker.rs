//! A worker: one thread that runs jobs until there are no more, and helps while it waits.

#![expect(
    unsafe_code,
    reason = "a thread finds its own worker through a thread-local pointer"
)]

use std::any::Any;
use std::cell::Cell;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::sync::Arc;

use labkit::sync::{thread, thread_static};

use crate::crew::Crew;
use crate::deque::Owner;
use crate::error::Reason;
use crate::job::{Header, JobRef};
use crate::latch::Wait;
use crate::metrics::Counters;
use crate::scheduler::Scheduler;

thread_static! {
    /// The worker whose thread this is, null on all other threads.
    static CURRENT: Cell<*const Worker> = const { Cell::new(ptr::null()) };
}

/// One worker: lives in the bottom frame of its thread, and every job that it runs lies above it.
#[derive(Debug)]
pub(crate) struct Worker {
    crew: Arc<Crew>,
    index: usize,
    pub(crate) deque: Owner<Header>,
    ticks: Cell<u32>,
    /// The state of a xorshift generator; never zero.
    chance: Cell<u64>,
}

impl Worker {
    pub(crate) fn new(crew: Arc<Crew>, index: usize, deque: Owner<Header>) -> Self {
        Worker {
            crew,
            index,
            deque,
            ticks: Cell::new(0),
            chance: Cell::new(index as u64 + 1),
        }
    }

    /// The worker's whole life.
    pub(crate) fn main(self) {
        self.scheduler().enter();
        CURRENT.with(|current| current.set(&raw const self));
        let life = panic::catch_unwind(AssertUnwindSafe(|| self.work()));
        CURRENT.with(|current| current.set(ptr::null()));
        if let Err(payload) = life {
            give_up(&*payload);
        }
    }

    fn work(&self) {
        // BEGIN SOLUTION stage 1: run jobs until there are no more
        let wait = Wait::for_work();
        while let Some(job) = self.scheduler().next(self, &wait) {
            self.run(job);
        }
        // END SOLUTION
    }

    /// Calls `f` with the worker of this thread, whichever pool it belongs to.
    #[inline]
    pub(crate) fn with_current<R>(f: impl FnOnce(Option<&Worker>) -> R) -> R {
        let worker = CURRENT.with(Cell::get);
        // SAFETY: the worker lies in the bottom frame of this very thread, which outlasts this one,
        // and takes the pointer back before it leaves.
        f(unsafe { worker.as_ref() })
    }

    /// The worker of this thread, if it is one of this crew's.
    #[inline]
    pub(crate) fn of(crew: &Crew) -> Option<&Worker> {
        let worker = CURRENT.with(Cell::get);
        // SAFETY: as above; and whoever borrows the crew for this call does so in a frame above the
        // worker's, and passes the result on to none below.
        unsafe { worker.as_ref() }.filter(|worker| ptr::eq(&raw const *worker.crew, crew))
    }

    /// The scheduler that it takes its jobs from.
    #[inline]
    pub(crate) fn scheduler(&self) -> &Scheduler {
        &self.crew.scheduler
    }

    /// The worker's number in its pool, from 0.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// The worker's own counters.
    pub(crate) fn counters(&self) -> &Counters {
        self.crew.counters(self.index)
    }

    /// Runs one job, or drops it if the pool has been aborted.
    pub(crate) fn run(&self, job: JobRef) {
        let ended = job.act(self.crew.fate());
        self.crew.ended(Some(self), ended);
    }

    /// Runs other jobs until the wait is over; sleeps only if there are none.
    pub(crate) fn help(&self, wait: &Wait<'_>) {
        // BEGIN SOLUTION stage 4: what must a worker not do while it waits for its own pool?
        while !wait.is_over() {
            if let Some(job) = self.scheduler().next(self, wait) {
                self.run(job);
            }
        }
        // END SOLUTION
    }

    /// Adds a job to a full queue by making room for it.
    pub(crate) fn push_helping(&self, mut job: JobRef) -> Result<(), (Reason, JobRef)> {
        // BEGIN SOLUTION stage 4: a worker must not sleep on a queue that it is there to empty
        loop {
            if let Some(other) = self.scheduler().try_next(self) {
                self.run(other);
            }
            job = match self.scheduler().push(Some(self), job) {
                Err((Reason::Full, job)) => job,
                outcome => return outcome,
            };
            thread::yield_now();
        }
        // END SOLUTION
    }

    /// Counts the worker's looks for its own jobs.
    pub(crate) fn tick(&self) -> u32 {
        let tick = self.ticks.get().wrapping_add(1);
        self.ticks.set(tick);
        tick
    }

    /// A number below `bound`, random enough to spread thieves (Marsaglia's xorshift, 2003).
    pub(crate) fn chance(&self, bound: usize) -> usize {
        let mut state = self.chance.get();
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        self.chance.set(state);
        usize::try_from(state % bound as u64).expect("less than a usize")
    }
}

/// Waits as well as this thread can: a worker helps its pool, any other thread sleeps.
pub(crate) fn wait(wait: &Wait<'_>) {
    Worker::with_current(|worker| match worker {
        Some(worker) => worker.help(wait),
        None => wait.block(),
    });
}

/// Ends the process: if a worker itself unwinds, jobs would be lost without a word. Says so past whatever
/// captures the output of a test, which is lost with the process.
fn give_up(payload: &(dyn Any + Send)) -> ! {
    let words = payload.downcast_ref::<&str>().copied();
    let words = words.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    // Without a standard error there is nobody left to tell.
    let _ = writeln!(
        io::stderr(),
        "a worker of the pool has panicked: {}",
        words.unwrap_or("no message")
    );
    std::process::abort();
}
