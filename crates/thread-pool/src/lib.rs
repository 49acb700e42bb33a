//! A thread pool: a fixed number of workers, any number of jobs.
//!
//! Starting a thread costs more than most jobs do, and a thousand threads on two cores only take
//! turns. So a pool starts a few threads once and gives them jobs through queues. What is hard about
//! it is everything around the queue, and that is what this crate is about:
//!
//! - **Nothing is lost and nothing runs twice.** A job that was taken in runs exactly once, or is
//!   dropped by a cancellation or an abort, and whoever waits for it is told which.
//! - **No job waits beside a sleeping worker.** Going to sleep and bringing a job are two halves of
//!   one protocol, and no interleaving of them misses.
//! - **Foreign code stays in its job.** A panic goes to whoever waits for the job; the worker lives.
//! - **No worker waits for its own pool.** Who must wait for another job runs jobs meanwhile.
//! - **Borrows end in time.** A scope or a fork doesn't return before its jobs are done.
//!
//! Two schedulers stand behind one interface: one shared queue, and work stealing.
//!
//! In reading order: [`ThreadPool`] (`pool`, `builder`) is what a user sees; `crew` holds the rules
//! of what is taken in and what an end means; `worker` is a worker's life. Below them `job` (jobs
//! without their types), [`latch`] (waiting for something) and [`queue`] (the shared queue) are
//! enough for a whole pool. `handle` (results), `scope` (borrowing) and `fork` (fork and join) are
//! what can be done with it. Work stealing is `stealing` over [`deque`] and [`sleep`], with the two
//! fences of `fence`. `scheduler` chooses and `metrics` counts. Everything shared stands on
//! [`labkit::sync`], which lets the model checker in.

pub mod deque;
pub mod latch;
pub mod queue;
pub mod sleep;

mod builder;
mod crew;
mod error;
mod fence;
mod fork;
mod handle;
mod job;
mod metrics;
mod pool;
mod scheduler;
mod scope;
mod stealing;
mod worker;

pub use builder::{Builder, MAX_THREADS, Overflow, SchedulerKind};
pub use error::{Error, JobError, Reason, Refused};
pub use handle::JobHandle;
pub use metrics::Metrics;
pub use pool::{Shutdown, ThreadPool, current_worker};
pub use scope::Scope;
