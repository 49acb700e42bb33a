//! An executor that can be read in an evening: tasks that wait without a thread.
//!
//! A thread that waits is a stack that does nothing. A *future* is a computation that can stop where
//! it would wait, and say who shall wake it; an *executor* polls futures when they are woken. So two
//! threads can wait for a million things. All of it is here: the task with its state word and its hand
//! written waker, run queues with stealing, workers that sleep and miss no wake-up, a timer wheel, a
//! reactor over epoll, and what is built on them. Beside it the same work on plain threads and on
//! processes, behind the same kind of tickets.
//!
//! # Invariants
//! - A task is polled by one thread at a time, and never again after its end.
//! - A wake-up leads to a poll that sees what was done before it; wake-ups before that poll are one.
//! - No task waits beside a sleeping worker.
//! - Every task ends: with its result, its panic, or the news of its abort; its future is dropped
//!   then, and an executor's end is the end of all its tasks.
//! - A timer fires once, never early.
//! - A job is done once by each attempt, and a killed process costs an attempt, not the job.
//!
//! # Modules, in reading order
//! - [`ticket`], [`threads`]: results that come later, from a pool of threads.
//! - [`task`], [`join`]: a future in its allocation; `block_on` is the smallest executor.
//! - [`queue`], [`park`], [`idle`]: where tasks wait for workers, and workers for tasks.
//! - `executor`, `worker`, `context`, `registry`: the whole of it.
//! - [`wheel`], `driver`, `time`: the clock; [`combinators`], [`semaphore`], [`budget`]: living together.
//! - `driver::source`, [`net`]: sockets.
//! - [`processes`], [`frame`]: the same on worker processes.
//! - [`squares`], [`echo`]: work to show it with. [`labkit::sync`] lets the model checker in.

#![cfg_attr(
    loom,
    expect(
        dead_code,
        unused_imports,
        reason = "models leave out what isn't theirs"
    )
)]

pub mod budget;
pub mod error;
pub mod idle;
pub mod join;
pub mod park;
pub mod queue;
pub mod task;

mod block_on;

#[cfg(not(loom))]
pub mod combinators;
#[cfg(not(loom))]
pub mod echo;
#[cfg(not(loom))]
pub mod frame;
#[cfg(not(loom))]
pub mod net;
#[cfg(not(loom))]
pub mod processes;
#[cfg(not(loom))]
pub mod semaphore;
#[cfg(not(loom))]
pub mod squares;
#[cfg(not(loom))]
pub mod threads;
#[cfg(not(loom))]
pub mod ticket;
#[cfg(not(loom))]
pub mod wheel;

#[cfg(not(loom))]
mod context;
#[cfg(not(loom))]
mod driver;
#[cfg(not(loom))]
mod executor;
#[cfg(not(loom))]
mod registry;
#[cfg(not(loom))]
mod time;
#[cfg(not(loom))]
mod worker;

pub use block_on::block_on;
pub use error::{Error, TaskError};
pub use join::JoinHandle;

#[cfg(not(loom))]
pub use combinators::{Either, as_completed, join_all, select};
#[cfg(not(loom))]
pub use executor::{Builder, Executor, MAX_WORKERS, Metrics, spawn};
#[cfg(not(loom))]
pub use semaphore::Semaphore;
#[cfg(not(loom))]
pub use time::{Elapsed, Sleep, sleep, timeout, yield_now};
