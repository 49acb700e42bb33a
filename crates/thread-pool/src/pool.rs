//! The pool's handle.

#![expect(unsafe_code, reason = "queued jobs have lost their types")]

use std::sync::Arc;

use labkit::sync::{Mutex, lock, thread};

use crate::builder::Builder;
use crate::crew::Crew;
use crate::error::Refused;
use crate::handle::{JobHandle, Queued, Task};
use crate::job::{HeapJob, Plain};
use crate::metrics::Metrics;
use crate::worker::Worker;

/// How a pool ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// All jobs that were taken in run to their end.
    Drain,
    /// Jobs that have begun run to their end; the others are dropped, and their handles say so.
    Abort,
}

/// A fixed set of threads that run jobs.
///
/// Dropping the pool drains it. All methods may be called from any thread, also from within a job.
#[derive(Debug)]
pub struct ThreadPool {
    pub(crate) crew: Arc<Crew>,
    /// Guards the workers' threads until someone joins them.
    threads: Mutex<Vec<thread::JoinHandle<()>>>,
}

impl ThreadPool {
    /// A pool with other than the default settings.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(crew: Arc<Crew>, threads: Vec<thread::JoinHandle<()>>) -> Self {
        ThreadPool {
            crew,
            threads: Mutex::new(threads),
        }
    }

    /// Runs `job` on some worker, some time. A panic in it is counted, and ends nothing but the job.
    ///
    /// # Errors
    /// Hands the job back if the pool has been shut down, or if its queue is full and it rejects.
    pub fn execute<F>(&self, job: F) -> Result<(), Refused<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        // SAFETY: a 'static closure borrows nothing that could end.
        let job = unsafe { HeapJob::boxed(Plain(job)) };
        self.crew.submit(job).map_err(|(reason, job)| Refused {
            reason,
            // SAFETY: it comes back as it was made, two lines above.
            job: unsafe { HeapJob::<Plain<F>>::into_work(job) }.0,
        })
    }

    /// Runs `job` on some worker and gives a handle to its result.
    ///
    /// # Errors
    /// As for [`execute`](Self::execute).
    pub fn submit<F, T>(&self, job: F) -> Result<JobHandle<T>, Refused<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let task = Task::new(job);
        // SAFETY: both closure and result are 'static, so they borrow nothing that could end.
        let queued = unsafe { HeapJob::boxed(Queued(Arc::clone(&task))) };
        match self.crew.submit(queued) {
            Ok(()) => Ok(JobHandle::new(task)),
            Err((reason, job)) => {
                // SAFETY: it comes back as it was made above.
                drop(unsafe { HeapJob::<Queued<F, T>>::into_work(job) });
                let job = task.claim().expect("a refused job hasn't begun");
                Err(Refused { reason, job })
            }
        }
    }

    /// Ends the pool, and returns when its workers have gone.
    ///
    /// From now on jobs are refused, while `scope`, `join` and `install` run everything on the
    /// calling thread. Called from one of the pool's own jobs it begins the end and returns at once:
    /// a job can't wait for its own end. Calling it again is harmless; an abort hastens a drain.
    pub fn shutdown(&self, how: Shutdown) {
        self.crew.close(how);
        if Worker::of(&self.crew).is_some() {
            return;
        }
        // Under the lock, so that a second caller returns no sooner than the first.
        for thread in lock(&self.threads).drain(..) {
            // A worker never unwinds, so there is no panic to pass on.
            let _ = thread.join();
        }
    }

    /// How many workers the pool has.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.crew.threads()
    }

    /// What the pool has done so far.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.crew.metrics()
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.shutdown(Shutdown::Drain);
    }
}

/// The number of the worker that runs the current job, from 0; none outside of all pools.
#[must_use]
pub fn current_worker() -> Option<usize> {
    Worker::with_current(|worker| worker.map(Worker::index))
}
