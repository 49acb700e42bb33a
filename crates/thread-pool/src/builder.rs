//! How a pool is asked for, and what is checked before the first thread starts.

use std::num::NonZeroUsize;
use std::sync::Arc;

use labkit::sync::thread;

use crate::crew::Crew;
use crate::error::Error;
use crate::fence;
use crate::pool::{Shutdown, ThreadPool};
use crate::scheduler::Scheduler;
use crate::worker::Worker;

/// The most workers that a pool takes. Far more than any machine has cores; a request beyond it is
/// more likely a slip than a wish.
pub const MAX_THREADS: usize = 1024;

/// Where jobs wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SchedulerKind {
    /// One queue for all workers, first in, first out.
    SharedQueue,
    /// A deque for each worker, newest first; workers without jobs steal from the others.
    #[default]
    WorkStealing,
}

/// What happens to a job that finds the queue full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// Whoever brings it waits for space. A worker of the same pool runs queued jobs meanwhile.
    #[default]
    Block,
    /// It is handed back with [`Reason::Full`](crate::Reason::Full).
    Reject,
    /// It runs on the thread that brings it, which is so kept from bringing more.
    RunInCaller,
}

/// A pool in the making; see [`ThreadPool::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    threads: usize,
    name: String,
    stack_size: Option<usize>,
    bound: Option<usize>,
    overflow: Overflow,
    scheduler: SchedulerKind,
}

impl Default for Builder {
    fn default() -> Self {
        Builder {
            threads: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            name: "worker".to_owned(),
            stack_size: None,
            bound: None,
            overflow: Overflow::default(),
            scheduler: SchedulerKind::default(),
        }
    }
}

impl Builder {
    /// How many workers; by default one for each core that this process may use.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// The workers' common name; each adds its number: `worker-0`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The size of each worker's stack in bytes; by default the standard library's (2 MiB). Jobs
    /// that wait for others run them on top of their own stack.
    #[must_use]
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// How many jobs each queue holds before [`Overflow`] decides; by default there is no limit. The
    /// shared scheduler has one queue, the stealing one has another for each worker's own jobs.
    #[must_use]
    pub fn queue_bound(mut self, jobs: usize) -> Self {
        self.bound = Some(jobs);
        self
    }

    /// What happens to a job that finds the queue full.
    #[must_use]
    pub fn overflow(mut self, policy: Overflow) -> Self {
        self.overflow = policy;
        self
    }

    /// Which of the two schedulers.
    #[must_use]
    pub fn scheduler(mut self, kind: SchedulerKind) -> Self {
        self.scheduler = kind;
        self
    }

    /// Starts the workers.
    ///
    /// # Errors
    /// [`Error::Threads`] for zero or too many threads, [`Error::ZeroQueue`] for a queue without
    /// room, [`Error::Spawn`] if the system refuses a thread; those already started are ended.
    pub fn build(self) -> Result<ThreadPool, Error> {
        if !(1..=MAX_THREADS).contains(&self.threads) {
            return Err(Error::Threads {
                asked: self.threads,
                max: MAX_THREADS,
            });
        }
        if self.bound == Some(0) {
            return Err(Error::ZeroQueue);
        }
        fence::prepare();
        let bound = self.bound.unwrap_or(usize::MAX);
        let (scheduler, deques) = Scheduler::new(self.scheduler, self.threads, bound);
        let crew = Arc::new(Crew::new(scheduler, self.overflow, self.threads));
        let mut threads = Vec::with_capacity(self.threads);
        for (index, deque) in deques.into_iter().enumerate() {
            let worker = Worker::new(Arc::clone(&crew), index, deque);
            match self.thread(index).spawn(move || worker.main()) {
                Ok(thread) => threads.push(thread),
                Err(source) => {
                    ThreadPool::new(crew, threads).shutdown(Shutdown::Drain);
                    return Err(Error::Spawn { index, source });
                }
            }
        }
        Ok(ThreadPool::new(crew, threads))
    }

    fn thread(&self, index: usize) -> thread::Builder {
        let thread = thread::Builder::new().name(format!("{}-{index}", self.name));
        match self.stack_size {
            Some(bytes) => thread.stack_size(bytes),
            None => thread,
        }
    }
}
