//! The plainest way: a few threads, one queue, and a job blocks its thread while it waits.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use labkit::sync::{lock, wait};

use crate::error::{Error, TaskError};
use crate::ticket::{Ticket, pair};

/// The most threads of a pool.
pub const MAX_THREADS: usize = 1024;

type Job = Box<dyn FnOnce() + Send>;

/// A pool of threads. Dropping it runs what was submitted, and waits for it.
#[derive(Debug)]
pub struct ThreadPool {
    shared: Arc<Shared>,
    threads: Vec<thread::JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// Guards the queue and its end.
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl ThreadPool {
    /// Starts the threads.
    ///
    /// # Errors
    /// If there are to be none or too many, or the system refuses one.
    pub fn new(threads: usize) -> Result<Self, Error> {
        if threads == 0 || threads > MAX_THREADS {
            return Err(Error::Workers {
                what: "a thread pool",
                asked: threads,
                max: MAX_THREADS,
            });
        }
        let mut pool = ThreadPool {
            shared: Arc::default(),
            threads: Vec::with_capacity(threads),
        };
        for index in 0..threads {
            let shared = Arc::clone(&pool.shared);
            let started = thread::Builder::new()
                .name(format!("pool-{index}"))
                .spawn(move || shared.work());
            pool.threads
                .push(started.map_err(|source| Error::Spawn { index, source })?);
        }
        Ok(pool)
    }

    /// Has a job run as soon as a thread is free. A panic in it comes back as an error.
    pub fn submit<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Ticket<T> {
        // BEGIN SOLUTION stage 1: what goes into the queue, and who fills the ticket, come what may?
        let (promise, ticket) = pair();
        let job = move || {
            promise.fill(catch_unwind(AssertUnwindSafe(job)).map_err(TaskError::Panicked));
        };
        lock(&self.shared.state).jobs.push_back(Box::new(job));
        self.shared.changed.notify_one();
        ticket
        // END SOLUTION
    }
}

impl Shared {
    /// A thread's life.
    fn work(&self) {
        while let Some(job) = self.next() {
            job();
        }
    }

    /// The next job; none when the pool is closed and its queue empty.
    fn next(&self) -> Option<Job> {
        // BEGIN SOLUTION stage 1: a job? the end? else wait, and look again
        let mut state = lock(&self.state);
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = wait(&self.changed, &self.state, state);
        }
        // END SOLUTION
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        lock(&self.shared.state).closed = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // Jobs are run within a catch, so a thread has nothing of its own to say.
            let _ = thread.join();
        }
    }
}
