//! What a pool saves, and what a fork costs.

use std::thread;
use std::time::Duration;

use labkit::chart::Chart;
use labkit::clock::Stopwatch;
use labkit::report::{Figure, Report, Table, number};
use labkit::run::Run;
use labkit::stats::median;
use thread_pool::{Error, SchedulerKind};

use super::{KINDS, cores, doubling, pool};
use crate::workload::{self, Load};

/// How often each speed-up is measured; the median is shown.
const ROUNDS: usize = 5;

/// Empty jobs a second: both schedulers by the number of workers, and a thread for each job.
pub(super) fn throughput(report: Report, run: &Run) -> Result<Report, Error> {
    let load = Load {
        jobs: run.size(300_000, 50_000),
        work: Duration::ZERO,
        panic_every: 0,
    };
    // Twice as many workers as cores: a pool must bear that, too.
    let most = 2 * cores().min(32);
    let by_threads = threads_per_second(run.size(2_000, 500));
    let mut chart = Chart::lines("Empty jobs a second, all brought by one thread")
        .x("workers")
        .y("jobs/s")
        .log_y()
        .reference(
            "a thread for each job",
            vec![(1.0, by_threads), (most as f64, by_threads)],
        );
    let mut table = Table::new([
        "scheduler",
        "workers",
        "jobs/s",
        "times a thread for each job",
    ]);
    let (mut best, mut jobs, mut wrong) = (0.0_f64, 0, 0);
    for (name, kind) in KINDS {
        let mut line = Vec::new();
        for workers in doubling(most) {
            let done = workload::run_load(pool(kind, workers)?, load, |_| ());
            let rate = load.jobs as f64 / done.seconds;
            (best, jobs, wrong) = (best.max(rate), jobs + load.jobs, wrong + done.wrong);
            line.push((workers as f64, rate));
            table = table.row([
                name.to_owned(),
                workers.to_string(),
                number(rate),
                number(rate / by_threads),
            ]);
        }
        chart = chart.series(name, line);
    }
    Ok(report
        .headline(Figure::new("empty jobs per second", best, "jobs/s"))
        .check(
            "every job ran exactly once",
            wrong == 0,
            format!("{} of {jobs}", jobs - wrong as u64),
        )
        .heading("What a pool saves")
        .figure(Figure::new("a thread for each job", by_threads, "jobs/s"))
        .chart(chart)
        .table(table))
}

/// The rate at which threads can be started and joined, one after the other.
fn threads_per_second(threads: u32) -> f64 {
    let watch = Stopwatch::start();
    for _ in 0..threads {
        // Nothing runs in it that could panic.
        let _ = thread::spawn(|| ()).join();
    }
    f64::from(threads) / watch.seconds()
}

/// A recursion of nothing but forks, by the number of workers, against plain calls.
pub(super) fn forks(report: Report, run: &Run) -> Result<Report, Error> {
    let n = run.size(27, 22);
    let forks = workload::forks(n);
    let expected = workload::fib_by_adding(n);
    let plain = seconds(|| plain_fib(n) == expected);
    let mut table = Table::new(["workers", "ns per fork", "times as fast as one"]);
    let (mut points, mut right) = (Vec::new(), true);
    for workers in doubling(cores()) {
        let pool = pool(SchedulerKind::WorkStealing, workers)?;
        let time = seconds(|| {
            let result = pool.install(|| workload::fib(&pool, n));
            right &= result == expected;
            result == expected
        });
        let one = points.first().map_or(time, |(_, one)| *one);
        points.push((workers as f64, time));
        table = table.row([
            workers.to_string(),
            number(1e9 * time / forks),
            number(one / time),
        ]);
    }
    let one = points[0].1;
    let speedups: Vec<_> = points.iter().map(|(w, time)| (*w, one / time)).collect();
    Ok(report
        .check(
            "the forks add up",
            right,
            format!("fib({n}) = {expected}, by {} forks", number(forks)),
        )
        .heading("What a fork costs")
        .text(format!(
            "fib({n}) forks at every call and does one addition in it, so it measures nothing but \
             forks. A plain call takes {} ns.",
            number(1e9 * plain / forks)
        ))
        .chart(Chart::speedup(
            format!("fib({n}) by forks: times as fast as on one worker"),
            &speedups,
        ))
        .table(table))
}

/// The median time of a computation.
fn seconds(mut compute: impl FnMut() -> bool) -> f64 {
    let rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let watch = Stopwatch::start();
            std::hint::black_box(compute());
            watch.seconds()
        })
        .collect();
    median(&rounds)
}

fn plain_fib(n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    plain_fib(n - 1) + plain_fib(n - 2)
}
