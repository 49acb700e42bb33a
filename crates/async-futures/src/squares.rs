//! The task set: numbers to be squared, each of which takes its time, on any of four kinds of workers.

use std::path::Path;
use std::time::Duration;

use labkit::clock::Stopwatch;
use serde::{Deserialize, Serialize};

use crate::combinators;
use crate::error::Error;
use crate::executor::Executor;
use crate::processes::ProcessPool;
use crate::threads::ThreadPool;
use crate::ticket;
use crate::time::sleep;

/// The hidden command of a worker process.
pub const WORKER_COMMAND: &str = "worker";

/// Who does the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// Two threads of our executor, however many tasks wait.
    Executor,
    /// A thread for each number, as far as there may be.
    Threads,
    /// A process for each number, as far as there may be.
    Processes,
    /// One thread of tokio.
    Tokio,
}

impl Workers {
    /// All of them.
    pub const ALL: [Workers; 4] = [
        Workers::Executor,
        Workers::Threads,
        Workers::Processes,
        Workers::Tokio,
    ];

    /// How a report calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Workers::Executor => "executor",
            Workers::Threads => "threads",
            Workers::Processes => "processes",
            Workers::Tokio => "tokio",
        }
    }

    /// How many there are for so many numbers.
    #[must_use]
    pub fn count(self, numbers: usize) -> usize {
        match self {
            Workers::Executor => 2,
            Workers::Threads => numbers.clamp(1, 512),
            Workers::Processes => numbers.clamp(1, 16),
            Workers::Tokio => 1,
        }
    }
}

/// What a worker is asked to do.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub enum Job {
    /// Squares a number, which takes so many milliseconds.
    Square {
        /// The number.
        number: u64,
        /// How long it takes.
        takes_ms: u64,
    },
    /// Ends its worker process at once: a job that nobody survives.
    Die,
    /// Panics.
    Panic,
}

/// A number that has been squared.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// The number.
    pub number: u64,
    /// Its square.
    pub square: u64,
    /// When it was begun and ended, since the first was submitted.
    pub span: (Duration, Duration),
}

/// What a worker process does with a job. Returns the square; the job takes its time.
///
/// # Panics
/// If it is asked to.
#[must_use]
pub fn work(job: Job) -> u64 {
    match job {
        Job::Square { number, takes_ms } => {
            block_for(Duration::from_millis(takes_ms));
            number.saturating_mul(number)
        }
        // An abort is a crash: no unwinding, no answer.
        Job::Die => std::process::abort(),
        Job::Panic => panic!("the job was asked to panic"),
    }
}

/// Squares the numbers, which take the time that stands beside them; returns them in the order in
/// which they were done. `program` is what is started for worker processes.
///
/// # Errors
/// If the workers can't be started, or one of the jobs is lost.
pub fn square_all(
    workers: Workers,
    numbers: &[(u64, Duration)],
    program: &Path,
) -> Result<Vec<Done>, Error> {
    let count = workers.count(numbers.len());
    match workers {
        Workers::Executor => on_executor(count, numbers),
        Workers::Threads => on_threads(count, numbers),
        Workers::Processes => on_processes(count, numbers, program),
        Workers::Tokio => on_tokio(count, numbers),
    }
}

fn on_executor(workers: usize, numbers: &[(u64, Duration)]) -> Result<Vec<Done>, Error> {
    let executor = Executor::builder().workers(workers).build()?;
    let watch = Stopwatch::start();
    let tasks = numbers.iter().map(|&(number, takes)| {
        executor.spawn(async move {
            let begun = watch.elapsed();
            sleep(takes).await;
            done(number, begun, watch)
        })
    });
    let mut tasks = combinators::as_completed(tasks.collect::<Vec<_>>());
    executor.block_on(async {
        let mut all = Vec::new();
        while let Some((_, result)) = tasks.next().await {
            all.push(result?);
        }
        Ok(all)
    })
}

fn on_threads(threads: usize, numbers: &[(u64, Duration)]) -> Result<Vec<Done>, Error> {
    let pool = ThreadPool::new(threads)?;
    let watch = Stopwatch::start();
    let tickets = numbers.iter().map(|&(number, takes)| {
        pool.submit(move || {
            let begun = watch.elapsed();
            block_for(takes);
            done(number, begun, watch)
        })
    });
    let all = ticket::as_completed(tickets.collect());
    Ok(all.map(|(_, result)| result).collect::<Result<_, _>>()?)
}

fn on_processes(
    processes: usize,
    numbers: &[(u64, Duration)],
    program: &Path,
) -> Result<Vec<Done>, Error> {
    let pool: ProcessPool<Job, u64> = ProcessPool::new(processes, program, &[WORKER_COMMAND])?;
    let watch = Stopwatch::start();
    let tickets = numbers.iter().map(|&(number, takes)| {
        let takes_ms = u64::try_from(takes.as_millis()).unwrap_or(u64::MAX);
        pool.submit(&Job::Square { number, takes_ms })
    });
    let all = ticket::as_completed(tickets.collect());
    all.map(|(at, result)| {
        let (number, takes) = numbers[at];
        // The process has its own clock; it began when it must have, to be done now.
        let ended = watch.elapsed();
        Ok(Done {
            number,
            square: result?,
            span: (ended.saturating_sub(takes), ended),
        })
    })
    .collect()
}

fn on_tokio(workers: usize, numbers: &[(u64, Duration)]) -> Result<Vec<Done>, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_time()
        .build()?;
    let watch = Stopwatch::start();
    let tasks = numbers.iter().map(|&(number, takes)| {
        runtime.spawn(async move {
            let begun = watch.elapsed();
            tokio::time::sleep(takes).await;
            done(number, begun, watch)
        })
    });
    // The combinators need no particular executor.
    let mut tasks = combinators::as_completed(tasks.collect::<Vec<_>>());
    runtime.block_on(async {
        let mut all = Vec::new();
        while let Some((_, result)) = tasks.next().await {
            all.push(result.map_err(std::io::Error::other)?);
        }
        Ok(all)
    })
}

fn done(number: u64, begun: Duration, watch: Stopwatch) -> Done {
    Done {
        number,
        square: number.saturating_mul(number),
        span: (begun, watch.elapsed()),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the job is one that takes time and blocks its thread, as the task set wants it"
)]
fn block_for(time: Duration) {
    std::thread::sleep(time);
}
