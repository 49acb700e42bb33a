//! What holds when jobs panic, queues fill up, and the end comes early.

use std::sync::mpsc;
use std::time::Duration;

use labkit::chart::Chart;
use labkit::report::{Report, Table, number};
use labkit::run::Run;
use thread_pool::{Error, JobError, Overflow, SchedulerKind, Shutdown, ThreadPool};

use super::{KINDS, pool};
use crate::workload::{self, Load, panic_quietly};

/// Room for so few jobs that the bringer is always ahead.
const BOUND: usize = 8;

/// Every tenth job panics, and every one of the others returns.
pub(super) fn panics(report: Report, run: &Run) -> Result<Report, Error> {
    let jobs = run.size(10_000_u64, 2_000);
    let (mut returned, mut told) = (0, 0);
    for (_, kind) in KINDS {
        let pool = pool(kind, 2)?;
        let handles: Vec<_> = (0..jobs)
            .map(|job| {
                pool.submit(move || match job % 10 {
                    0 => panic_quietly(),
                    _ => job,
                })
            })
            .collect::<Result<_, _>>()?;
        for handle in handles {
            match handle.join() {
                Ok(_) => returned += 1,
                Err(JobError::Panicked(_)) => told += 1,
                Err(_) => {}
            }
        }
    }
    let (panicking, calm) = (2 * jobs / 10, 2 * jobs - 2 * jobs / 10);
    Ok(report
        .check(
            "every panic reached the handle of its job, and no other job noticed",
            (told, returned) == (panicking, calm),
            format!("{told} of {panicking} told, {returned} of {calm} returned"),
        )
        .heading("What holds")
        .text(
            "A worker catches what a job throws and gives it to whoever waits for the result. Two \
             workers lived through all of it.",
        ))
}

/// A bringer that is faster than the pool, under each of the three policies.
pub(super) fn back_pressure(report: Report, run: &Run) -> Result<Report, Error> {
    let load = Load {
        jobs: run.size(2_000, 400),
        work: Duration::from_micros(50),
        panic_every: 0,
    };
    let policies = [
        ("no bound", None, Overflow::Block),
        ("block", Some(BOUND), Overflow::Block),
        ("reject", Some(BOUND), Overflow::Reject),
        ("run in the caller", Some(BOUND), Overflow::RunInCaller),
    ];
    let mut counts = [Vec::new(), Vec::new(), Vec::new()];
    let mut table = Table::new(["policy", "most seen waiting", "ms"]);
    let (mut accounted, mut most_waiting) = (true, 0);
    for (name, bound, policy) in policies {
        let done = workload::run_load(narrow(bound, policy)?, load, |_| ());
        let metrics = &done.metrics;
        accounted &= done.wrong == 0 && metrics.submitted + done.refused == load.jobs;
        if bound.is_some() {
            most_waiting = most_waiting.max(done.most_waiting);
        }
        let by_worker = metrics.submitted - metrics.ran_in_caller;
        let each = [by_worker, metrics.ran_in_caller, done.refused];
        for (counts, count) in counts.iter_mut().zip(each) {
            counts.push(count as f64);
        }
        let waiting = done.most_waiting.to_string();
        table = table.row([name.to_owned(), waiting, number(1e3 * done.seconds)]);
    }
    let [by_worker, by_bringer, handed_back] = counts;
    let chart = Chart::bars("What became of the jobs")
        .y("jobs")
        .groups(policies.map(|(name, ..)| name))
        .bars_of("run by the worker", by_worker)
        .bars_of("run by the bringer", by_bringer)
        .bars_of("handed back", handed_back);
    let jobs = load.jobs;
    Ok(report
        .check(
            "under every policy each job ran once or was handed back",
            accounted,
            format!("{jobs} jobs under each"),
        )
        .check(
            "a bound held",
            most_waiting <= BOUND,
            format!("at most {most_waiting} seen waiting where {BOUND} may"),
        )
        .text(format!(
            "One worker, {jobs} jobs of 50 µs that come all at once, and a queue with room for \
             {BOUND}. Without a bound all of them wait in memory.",
        ))
        .chart(chart)
        .table(table))
}

/// One worker behind a queue of one kind, so that what waits is what the queue holds.
fn narrow(bound: Option<usize>, policy: Overflow) -> Result<ThreadPool, Error> {
    let builder = ThreadPool::builder()
        .threads(1)
        .scheduler(SchedulerKind::SharedQueue)
        .overflow(policy);
    match bound {
        Some(bound) => builder.queue_bound(bound).build(),
        None => builder.build(),
    }
}

/// Drain against abort, with one job that has begun and many that have not.
pub(super) fn ends(mut report: Report, run: &Run) -> Result<Report, Error> {
    let waiting = run.size(10_000_u64, 1_000);
    let mut table = Table::new(["end", "ran", "told that they won't"]);
    for (name, how) in [("drain", Shutdown::Drain), ("abort", Shutdown::Abort)] {
        let (ran, aborted) = end_in_the_middle(how, waiting)?;
        let (wanted, claim) = match how {
            Shutdown::Drain => ((waiting + 1, 0), "a drain runs every job that was taken in"),
            Shutdown::Abort => (
                (1, waiting),
                "an abort lets what runs finish and tells the rest",
            ),
        };
        report = report.check(
            claim,
            (ran, aborted) == wanted,
            format!("{ran} ran, {aborted} told"),
        );
        table = table.row([name.to_owned(), number(ran as f64), number(aborted as f64)]);
    }
    Ok(report
        .text("An end while one job runs and many wait:")
        .table(table))
}

/// Ends a pool whose only worker is held by a job until the end has begun.
fn end_in_the_middle(how: Shutdown, waiting: u64) -> Result<(u64, u64), Error> {
    let pool = pool(SchedulerKind::WorkStealing, 1)?;
    let (begun, has_begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let running = pool.submit(move || {
        let _ = begun.send(());
        // Ends with the sender, whatever happens to it.
        let _ = released.recv();
    })?;
    let _ = has_begun.recv();
    let mut handles = vec![running];
    for _ in 0..waiting {
        handles.push(pool.submit(|| ())?);
    }
    std::thread::scope(|scope| {
        scope.spawn(|| pool.shutdown(how));
        while pool.execute(|| ()).is_ok() {
            std::thread::yield_now();
        }
        drop(release);
    });
    let (mut ran, mut aborted) = (0, 0);
    for handle in handles {
        match handle.join() {
            Ok(()) => ran += 1,
            Err(JobError::Aborted) => aborted += 1,
            Err(other) => return Err(other.into()),
        }
    }
    Ok((ran, aborted))
}
