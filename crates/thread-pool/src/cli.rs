//! The command line: what can be asked for, and one checked request out of it.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use labkit::run::{Failure, Outcome, Run};
use thread_pool::{Builder, Overflow, SchedulerKind, ThreadPool};

use crate::demo;
use crate::workload::{self, Load};

/// Shown at the end of `--help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  thread-pool                                       the demo: both schedulers, what holds and how fast
  thread-pool run --jobs 1000000                    a million empty jobs
  thread-pool run --scheduler shared --threads 4    the same through one shared queue
  thread-pool run --jobs 2000 --work 500 --queue 8 --overflow reject
                                                    half a millisecond each, and a queue for eight
  thread-pool run --jobs 10000 --panic-every 100    some of them panic
  thread-pool fib 35 --threads 2                    some fifteen million forks";

/// What the lab can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compare the schedulers, and show what holds under load (the default)
    Demo,
    /// Run many jobs on one pool, and report what became of them
    Run {
        #[command(flatten)]
        pool: PoolArgs,
        /// How many jobs
        #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
        jobs: u64,
        /// How long each of them computes, in microseconds
        #[arg(long, value_name = "US", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=1_000_000))]
        work: u64,
        /// Every so many jobs, one that panics; 0 for none
        #[arg(long, value_name = "N", default_value_t = 0)]
        panic_every: u64,
    },
    /// Compute a Fibonacci number by nothing but forks
    Fib {
        /// Which one
        #[arg(value_parser = clap::value_parser!(u32).range(..=45))]
        n: u32,
        #[command(flatten)]
        pool: PoolArgs,
    },
}

/// The pool that is asked for; the library checks it.
#[derive(Args, Debug)]
pub(crate) struct PoolArgs {
    /// How many workers [default: one for each processor]
    #[arg(short, long, value_name = "N")]
    threads: Option<usize>,
    /// Where jobs wait
    #[arg(long, value_enum, default_value_t = Kind::Stealing)]
    scheduler: Kind,
    /// How many jobs a queue holds [default: no limit]
    #[arg(long, value_name = "N")]
    queue: Option<usize>,
    /// What happens to a job that finds the queue full
    #[arg(long, value_enum, default_value_t = Policy::Block)]
    overflow: Policy,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// One queue for all workers
    Shared,
    /// A deque for each, and theft
    Stealing,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Policy {
    /// Who brings it waits
    Block,
    /// It is handed back
    Reject,
    /// It runs on the thread that brings it
    Caller,
}

impl PoolArgs {
    fn builder(&self) -> Builder {
        let kind = match self.scheduler {
            Kind::Shared => SchedulerKind::SharedQueue,
            Kind::Stealing => SchedulerKind::WorkStealing,
        };
        let policy = match self.overflow {
            Policy::Block => Overflow::Block,
            Policy::Reject => Overflow::Reject,
            Policy::Caller => Overflow::RunInCaller,
        };
        let mut builder = ThreadPool::builder().scheduler(kind).overflow(policy);
        if let Some(threads) = self.threads {
            builder = builder.threads(threads);
        }
        if let Some(bound) = self.queue {
            builder = builder.queue_bound(bound);
        }
        builder
    }
}

/// Does what was asked for.
///
/// # Errors
/// What was wrong with the request, or what the system refused.
pub(crate) fn run(run: &Run, command: Option<Command>) -> Result<Outcome, Failure> {
    let report = match command.unwrap_or(Command::Demo) {
        Command::Demo => demo::run(run)?,
        Command::Run {
            pool,
            jobs,
            work,
            panic_every,
        } => {
            let load = Load {
                jobs,
                work: Duration::from_micros(work),
                panic_every,
            };
            workload::report(run, pool.builder().build()?, load)
        }
        Command::Fib { n, pool } => workload::fib_report(&pool.builder().build()?, n),
    };
    Ok(report.into())
}
