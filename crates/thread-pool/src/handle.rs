//! A job whose result is wanted: the slot that it is written to, and the handle that waits for it.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use labkit::clock::Deadline;
use labkit::sync::{Mutex, lock};

use crate::error::JobError;
use crate::job::{Ended, Fate, Work, contain, discard};
use crate::latch::{Latch, Wait};
use crate::worker;

/// A job and its result, one after the other in the same place.
pub(crate) struct Task<F, T> {
    /// Guards the hand-over between worker, canceller and handle; held for a move in or out only.
    stage: Mutex<Stage<F, T>>,
    finished: Latch,
}

enum Stage<F, T> {
    Waiting(F),
    Running,
    Finished(Result<T, JobError>),
    Taken,
}

impl<F, T> Task<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    pub(crate) fn new(job: F) -> Arc<Self> {
        Arc::new(Task {
            stage: Mutex::new(Stage::Waiting(job)),
            finished: Latch::new(),
        })
    }

    /// Takes the job out, for good, if it hasn't begun.
    pub(crate) fn claim(&self) -> Option<F> {
        // BEGIN SOLUTION stage 2: worker and canceller may both come; only one gets the job
        let mut stage = lock(&self.stage);
        match mem::replace(&mut *stage, Stage::Running) {
            Stage::Waiting(job) => Some(job),
            other => {
                *stage = other;
                None
            }
        }
        // END SOLUTION
    }

    fn run(&self, fate: Fate) -> Ended {
        // BEGIN SOLUTION stage 2: what does the handle learn if the job returns, panics, is dropped?
        let Some(job) = self.claim() else {
            return Ended::Cancelled;
        };
        let (result, ended) = match fate {
            Fate::Run => match contain(job) {
                Ok(value) => (Ok(value), Ended::Completed),
                Err(payload) => (Err(JobError::from(payload)), Ended::Panicked),
            },
            Fate::Abandon => {
                discard(job);
                (Err(JobError::Aborted), Ended::Aborted)
            }
        };
        self.finish(result);
        ended
        // END SOLUTION
    }

    fn finish(&self, result: Result<T, JobError>) {
        *lock(&self.stage) = Stage::Finished(result);
        self.finished.set();
    }
}

/// The queue's half of a task.
pub(crate) struct Queued<F, T>(pub(crate) Arc<Task<F, T>>);

impl<F, T> Work for Queued<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn act(self, fate: Fate) -> Ended {
        let ended = self.0.run(fate);
        // If the handle has gone, the result is dropped here, and its drop is foreign code.
        discard(self.0);
        ended
    }
}

/// What a handle needs of a task, whatever its closure's type.
trait Outcome<T>: Send + Sync {
    fn finished(&self) -> &Latch;
    fn cancel(&self) -> bool;
    fn take(&self) -> Option<Result<T, JobError>>;
}

impl<F, T> Outcome<T> for Task<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn finished(&self) -> &Latch {
        &self.finished
    }

    fn cancel(&self) -> bool {
        // BEGIN SOLUTION stage 2: it must not have begun, and whoever waits must hear of it
        let job = self.claim();
        if job.is_some() {
            self.finish(Err(JobError::Cancelled));
        }
        job.is_some()
        // END SOLUTION
    }

    fn take(&self) -> Option<Result<T, JobError>> {
        match mem::replace(&mut *lock(&self.stage), Stage::Taken) {
            Stage::Finished(result) => Some(result),
            _ => None,
        }
    }
}

/// The claim to a job's result. Dropping it lets the job run on, and its result go.
#[must_use = "dropping the handle loses the result; use `execute` for jobs without one"]
pub struct JobHandle<T> {
    task: Arc<dyn Outcome<T>>,
}

impl<T: Send + 'static> JobHandle<T> {
    pub(crate) fn new<F>(task: Arc<Task<F, T>>) -> Self
    where
        F: FnOnce() -> T + Send + 'static,
    {
        JobHandle { task }
    }

    /// Waits for the result. A worker that calls this runs other jobs of its pool meanwhile.
    ///
    /// # Errors
    /// [`JobError`] says why there is no result: a panic, whose payload it holds, a cancellation, or
    /// an abort of the pool.
    pub fn join(self) -> Result<T, JobError> {
        worker::wait(&Wait::for_latch(self.task.finished()));
        self.result()
    }

    /// The result if it is there, else the handle again.
    ///
    /// # Errors
    /// The handle itself if the job hasn't ended.
    pub fn try_join(self) -> Result<Result<T, JobError>, Self> {
        if self.is_finished() {
            Ok(self.result())
        } else {
            Err(self)
        }
    }

    /// Waits for the result, but not longer than `timeout`. In a worker, which helps meanwhile, the
    /// time is looked at between two jobs.
    ///
    /// # Errors
    /// The handle itself if the job hasn't ended by then.
    pub fn join_timeout(self, timeout: Duration) -> Result<Result<T, JobError>, Self> {
        let deadline = Deadline::after(timeout);
        worker::wait(&Wait::for_latch_until(self.task.finished(), deadline));
        self.try_join()
    }

    /// Cancels the job if it hasn't begun: it never will, and its closure is dropped at once. True if
    /// so; false if it has begun or ended.
    pub fn cancel(&self) -> bool {
        self.task.cancel()
    }

    /// Whether the job has ended, in whatever way.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.finished().is_set()
    }

    fn result(self) -> Result<T, JobError> {
        self.task
            .take()
            .expect("a finished task holds its result until its only handle takes it")
    }
}

impl<T> std::fmt::Debug for JobHandle<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobHandle")
            .field("finished", &self.task.finished().is_set())
            .finish_non_exhaustive()
    }
}
