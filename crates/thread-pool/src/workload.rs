//! Jobs to measure a pool with: empty ones, busy ones, ones that panic, ones that fork.

use std::hint;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::report::{Figure, Report, Table, number};
use labkit::run::Run;
use thread_pool::{Metrics, Shutdown, ThreadPool};

/// Every so many jobs the bringer looks how many wait, and moves the progress bar.
const LOOK_EVERY: u64 = 64;

/// What one pool is given to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) jobs: u64,
    /// How long each job computes.
    pub(crate) work: Duration,
    /// Every so many jobs, one panics; 0 for none.
    pub(crate) panic_every: u64,
}

/// What became of it.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) seconds: f64,
    /// Jobs that were taken in but didn't run exactly once.
    pub(crate) wrong: usize,
    /// Jobs that were handed back.
    pub(crate) refused: u64,
    /// The most jobs that were seen waiting.
    pub(crate) most_waiting: usize,
    pub(crate) metrics: Metrics,
}

/// Brings all jobs from this thread and drains the pool. Every job marks a byte of its own.
pub(crate) fn run_load(pool: ThreadPool, load: Load, mut progress: impl FnMut(u64)) -> Done {
    let marks: Arc<[AtomicU8]> = (0..load.jobs).map(|_| AtomicU8::new(0)).collect();
    let (mut refused, mut most_waiting) = (0, 0);
    let watch = Stopwatch::start();
    for (at, job) in (0..load.jobs).enumerate() {
        let marks_of_all = Arc::clone(&marks);
        let panics = load.panic_every > 0 && job % load.panic_every == 0;
        let taken = pool.execute(move || {
            marks_of_all[at].fetch_add(1, Ordering::Relaxed);
            spin(load.work);
            if panics {
                panic_quietly();
            }
        });
        if taken.is_err() {
            refused += 1;
            // Not a loss: it is known, so it counts as done.
            marks[at].fetch_add(1, Ordering::Relaxed);
        }
        if job % LOOK_EVERY == 0 {
            most_waiting = most_waiting.max(pool.metrics().waiting);
            progress(LOOK_EVERY);
        }
    }
    pool.shutdown(Shutdown::Drain);
    let wrong = |mark: &&AtomicU8| mark.load(Ordering::Relaxed) != 1;
    Done {
        seconds: watch.seconds(),
        wrong: marks.iter().filter(wrong).count(),
        refused,
        most_waiting,
        metrics: pool.metrics(),
    }
}

/// The report of one load on one pool.
pub(crate) fn report(run: &Run, pool: ThreadPool, load: Load) -> Report {
    let threads = pool.threads();
    let bar = run.bar("bringing jobs", load.jobs);
    let done = run_load(pool, load, |jobs| bar.add(jobs));
    bar.clear();
    let panics = match load.panic_every {
        0 => 0,
        every => load.jobs.div_ceil(every),
    };
    let metrics = &done.metrics;
    let rate = metrics.submitted as f64 / done.seconds;
    Report::new("thread-pool", "One load on one pool")
        .lead(format!(
            "{} jobs on {threads} workers.",
            number(load.jobs as f64)
        ))
        .headline(Figure::new("jobs per second", rate, "jobs/s"))
        .check(
            "every job ran exactly once or was handed back",
            done.wrong == 0,
            format!("{} of {}", load.jobs - done.wrong as u64, load.jobs),
        )
        .check(
            "every job that was taken in came to an end",
            metrics.ended() == metrics.submitted,
            format!("{} of {}", metrics.ended(), metrics.submitted),
        )
        .check(
            "no panic got further than its job",
            metrics.panicked <= panics && (done.refused > 0 || metrics.panicked == panics),
            format!("{} panics", metrics.panicked),
        )
        .table(metrics_table(&done))
}

fn metrics_table(done: &Done) -> Table {
    let metrics = &done.metrics;
    let counts = [
        ("taken in", metrics.submitted),
        ("handed back", metrics.refused),
        ("returned", metrics.completed),
        ("panicked", metrics.panicked),
        ("ran on the bringing thread", metrics.ran_in_caller),
        ("taken from another's deque", metrics.stolen),
        ("times a worker went to sleep", metrics.sleeps),
        ("most seen waiting", done.most_waiting as u64),
    ];
    let mut table = Table::new(["what", "how many"]);
    for (what, count) in counts {
        table = table.row([what.to_owned(), number(count as f64)]);
    }
    for (worker, jobs) in metrics.per_worker.iter().enumerate() {
        table = table.row([format!("jobs of worker {worker}"), number(*jobs as f64)]);
    }
    table
}

/// The report of one Fibonacci number.
pub(crate) fn fib_report(pool: &ThreadPool, n: u32) -> Report {
    let watch = Stopwatch::start();
    let result = pool.install(|| fib(pool, n));
    let seconds = watch.seconds();
    let forks = forks(n);
    Report::new("thread-pool", format!("fib({n}) by forks"))
        .headline(Figure::new("forks per second", forks / seconds, "forks/s"))
        .check(
            "the forks add up",
            result == fib_by_adding(n),
            format!("fib({n}) = {result}"),
        )
        .figure(Figure::new("forks", forks, "forks"))
        .figure(Figure::new("time", seconds, "s"))
        .figure(Figure::new("stolen", pool.metrics().stolen as f64, "forks"))
}

/// The worst way to compute a Fibonacci number, and so a fair way to measure forks.
pub(crate) fn fib(pool: &ThreadPool, n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = pool.join(|| fib(pool, n - 1), || fib(pool, n - 2));
    a + b
}

/// How often [`fib`] forks: once for each call with n ≥ 2, which is fib(n + 1) - 1 times.
pub(crate) fn forks(n: u32) -> f64 {
    fib_by_adding(n + 1) as f64 - 1.0
}

pub(crate) fn fib_by_adding(n: u32) -> u64 {
    (0..n).fold((0, 1), |(a, b), _| (b, a + b)).0
}

/// Computes for this long. A sleeping job would leave its processor to others, and show nothing.
pub(crate) fn spin(time: Duration) {
    if time.is_zero() {
        return;
    }
    let watch = Stopwatch::start();
    while watch.elapsed() < time {
        hint::spin_loop();
    }
}

/// A panic that spares the terminal its message: the hook isn't called for a resumed one.
pub(crate) fn panic_quietly() -> ! {
    resume_unwind(Box::new("planned"))
}
