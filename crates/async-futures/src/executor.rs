//! The executor: what a user builds, spawns on and drops, and what its workers share.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use crate::block_on;
use crate::context;
use crate::driver::Driver;
use crate::error::Error;
use crate::idle::Idle;
use crate::join::JoinHandle;
use crate::queue::{Injector, Owner, Stealer, ring};
use crate::registry::Registry;
use crate::task::{self, Header, Runnable, Schedule, TaskId, Why};
use crate::worker::Worker;

/// The most workers of an executor: far more than a machine has processors.
pub const MAX_WORKERS: usize = 256;

/// How an executor shall be.
#[derive(Clone, Debug)]
pub struct Builder {
    workers: usize,
}

impl Builder {
    /// How many threads poll tasks; without it, one for each processor.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// Starts the workers.
    ///
    /// # Errors
    /// If there are to be none or too many, or the system refuses a thread or an epoll.
    pub fn build(self) -> Result<Executor, Error> {
        if self.workers == 0 || self.workers > MAX_WORKERS {
            return Err(Error::Workers {
                what: "an executor",
                asked: self.workers,
                max: MAX_WORKERS,
            });
        }
        let (shared, owners) = Shared::new(self.workers)?;
        let mut executor = Executor {
            shared,
            threads: Vec::with_capacity(self.workers),
        };
        // Counted before the first one runs: the last to leave cleans up.
        (executor.shared.working).store(self.workers, Ordering::Relaxed);
        for (index, owner) in owners.into_iter().enumerate() {
            let shared = Arc::clone(&executor.shared);
            let started = thread::Builder::new()
                .name(format!("executor-{index}"))
                .spawn(move || Worker::new(index, owner).work(&shared));
            match started {
                Ok(thread) => executor.threads.push(thread),
                Err(source) => {
                    let missing = self.workers - index;
                    executor.shared.leave(missing);
                    return Err(Error::Spawn { index, source });
                }
            }
        }
        Ok(executor)
    }
}

/// Runs tasks on a few threads. Dropping it aborts the tasks that live and waits for the workers.
#[derive(Debug)]
pub struct Executor {
    shared: Arc<Shared>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Executor {
    /// An executor as it shall be.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            workers: thread::available_parallelism().map_or(1, usize::from),
        }
    }

    /// Starts a task.
    ///
    /// ```
    /// let executor = async_futures::Executor::builder().workers(2).build()?;
    /// let handle = executor.spawn(async { 6 * 7 });
    /// assert_eq!(executor.block_on(handle)?, 42);
    /// # Ok::<(), async_futures::Error>(())
    /// ```
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.shared.spawn(future)
    }

    /// Runs a future on the calling thread, while the workers run the tasks that it spawns, its timers
    /// and its sockets.
    ///
    /// # Panics
    /// On a worker's thread: it would stop the worker. Await the future instead.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        context::enter(&self.shared, || block_on::block_on(future))
    }

    /// What can be known from outside, at this moment.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics {
            workers: self.threads.len(),
            alive: self.shared.registry.len(),
            timers: self.shared.driver.timers(),
            sockets: self.shared.driver.sockets(),
            stolen: self.shared.stolen.load(Ordering::Relaxed),
            slept: self.shared.slept.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.shared.idle.close();
        for thread in self.threads.drain(..) {
            // A task may own its executor; its thread can't wait for itself, but ends soon.
            if thread.thread().id() != thread::current().id() {
                // A worker contains all that tasks throw, so it has nothing of its own to say.
                let _ = thread.join();
            }
        }
    }
}

/// Starts a task on the executor whose task or `block_on` calls this.
///
/// # Panics
/// Elsewhere.
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    context::shared("spawn").spawn(future)
}

/// An executor's figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Threads that poll tasks.
    pub workers: usize,
    /// Tasks that haven't ended.
    pub alive: usize,
    /// Timers that haven't fired.
    pub timers: usize,
    /// Sockets known to the reactor.
    pub sockets: usize,
    /// How often a worker took tasks from another.
    pub stolen: u64,
    /// How often a worker went to sleep.
    pub slept: u64,
}

/// What all workers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) injector: Injector<Header>,
    pub(crate) stealers: Box<[Stealer<Header>]>,
    pub(crate) idle: Idle,
    pub(crate) driver: Arc<Driver>,
    pub(crate) stolen: AtomicU64,
    pub(crate) slept: AtomicU64,
    registry: Registry,
    /// Workers that haven't gone home.
    working: AtomicUsize,
}

impl Shared {
    fn new(workers: usize) -> Result<(Arc<Self>, Vec<Owner<Header>>), Error> {
        let driver = Arc::new(Driver::new().map_err(Error::Reactor)?);
        let alarm = Arc::clone(&driver);
        let (owners, stealers): (Vec<_>, Vec<_>) = (0..workers).map(|_| ring()).unzip();
        let shared = Shared {
            injector: Injector::new(),
            stealers: stealers.into(),
            idle: Idle::new(workers, move || alarm.interrupt()),
            driver,
            stolen: AtomicU64::new(0),
            slept: AtomicU64::new(0),
            registry: Registry::new(workers),
            working: AtomicUsize::new(0),
        };
        Ok((Arc::new(shared), owners))
    }

    pub(crate) fn spawn<F>(self: &Arc<Self>, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (task, handle) = task::spawn(future, Arc::clone(self));
        context::with_worker(self, |worker| {
            let shard = worker.map_or(0, |worker| worker.index);
            // If it isn't entered, it is dropped here, and its handle hears of an abort.
            if self.registry.insert(&task, shard) {
                match worker {
                    Some(worker) => worker.push(self, task),
                    None => self.inject([task]),
                }
            }
        });
        handle
    }

    /// Takes tasks from outside; at the end they are cancelled.
    pub(crate) fn inject(&self, tasks: impl IntoIterator<Item = Runnable>) {
        let pushed = (self.injector).push(tasks.into_iter().map(Runnable::into_raw));
        match pushed {
            Ok(()) => self.idle.notify(),
            Err(refused) => refused.into_iter().for_each(cancel),
        }
    }

    /// So many workers go home; the last one cancels all that is left.
    pub(crate) fn leave(&self, workers: usize) {
        if self.working.fetch_sub(workers, Ordering::AcqRel) == workers {
            self.injector.close().into_iter().for_each(cancel);
            self.registry.close();
        }
    }
}

impl Schedule for Arc<Shared> {
    #[inline]
    fn schedule(&self, task: Runnable, why: Why) {
        context::with_worker(self, |worker| match worker {
            Some(worker) if why == Why::Woken => worker.push_hot(self, task),
            Some(worker) => worker.push(self, task),
            None => self.inject([task]),
        });
    }

    fn completed(&self, task: TaskId) {
        self.registry.remove(task);
    }
}

#[expect(unsafe_code, reason = "queues hold runnables as pointers")]
/// Cancels a task that was in a queue.
pub(crate) fn cancel(task: std::ptr::NonNull<Header>) {
    // SAFETY: what lies in a queue came from `into_raw`, and was taken out once.
    drop(unsafe { Runnable::from_raw(task) });
}
