//! Against rayon, the `threadpool` crate and a thread for each job.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Duration;

use labkit::clock::Stopwatch;
use labkit::versus::{Suite, Target, Work};
use thread_pool::{SchedulerKind, ThreadPool};

const JOBS: u64 = 500_000;
const THREADS_STARTED: u64 = 5_000;
const FIB_OF: u32 = 30;
/// What fib(30) makes of itself: one fork for every call that isn't a leaf.
const FORKS: f64 = 1_346_268.0;
const NUMBERS: u64 = 8_000_000;
const LEAF: usize = 1_000;

fn main() -> ExitCode {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let ours = |kind| {
        let pool = ThreadPool::builder().threads(cores).scheduler(kind).build();
        pool.expect("a pool with a thread for each core")
    };
    let contenders = Contenders {
        stealing: ours(SchedulerKind::WorkStealing),
        shared: ours(SchedulerKind::SharedQueue),
        rayon: rayon::ThreadPoolBuilder::new()
            .num_threads(cores)
            .build()
            .expect("rayon's pool"),
        threadpool: threadpool::ThreadPool::new(cores),
    };
    let mut suite = Suite::from_args(labkit::about!(""));
    contenders.jobs_from_outside(&mut suite);
    contenders.jobs_from_a_job(&mut suite);
    contenders.threads_for_jobs(&mut suite);
    contenders.fib(&mut suite);
    contenders.sum(&mut suite);
    suite.finish()
}

struct Contenders {
    stealing: ThreadPool,
    shared: ThreadPool,
    rayon: rayon::ThreadPool,
    threadpool: threadpool::ThreadPool,
}

impl Contenders {
    /// A thread outside brings empty jobs and waits for all.
    fn jobs_from_outside(&self, suite: &mut Suite) {
        let spawn_all = |pool: &ThreadPool| {
            timed(|| pool.scope(|scope| (0..JOBS).for_each(|job| scope.spawn(move || touch(job)))))
        };
        suite
            .contest("empty jobs from outside", Work::items(JOBS as f64, "jobs"))
            .ours("work stealing", || spawn_all(&self.stealing))
            .peer("shared queue (ours)", Target::None, || {
                spawn_all(&self.shared)
            })
            .peer("rayon", Target::AtLeast(1.0), || {
                timed(|| {
                    self.rayon.in_place_scope(|scope| {
                        (0..JOBS).for_each(|job| scope.spawn(move |_| touch(job)))
                    });
                })
            })
            .peer("threadpool", Target::None, || {
                timed(|| {
                    (0..JOBS).for_each(|job| self.threadpool.execute(move || touch(job)));
                    self.threadpool.join();
                })
            })
            .run();
    }

    /// A job brings empty jobs and waits for all: nothing comes from outside.
    fn jobs_from_a_job(&self, suite: &mut Suite) {
        let spawn_all = |pool: &ThreadPool| {
            timed(|| {
                pool.install(|| {
                    pool.scope(|scope| (0..JOBS).for_each(|job| scope.spawn(move || touch(job))));
                });
            })
        };
        suite
            .contest("empty jobs from a job", Work::items(JOBS as f64, "jobs"))
            .ours("work stealing", || spawn_all(&self.stealing))
            .peer("shared queue (ours)", Target::None, || {
                spawn_all(&self.shared)
            })
            .peer("rayon", Target::AtLeast(1.0), || {
                timed(|| {
                    self.rayon
                        .scope(|scope| (0..JOBS).for_each(|job| scope.spawn(move |_| touch(job))));
                })
            })
            .run();
    }

    /// What a pool saves: a thread for each job, not more than a few at a time.
    fn threads_for_jobs(&self, suite: &mut Suite) {
        suite
            .contest(
                "a thread for each job",
                Work::items(THREADS_STARTED as f64, "jobs"),
            )
            .ours("work stealing", || {
                timed(|| {
                    self.stealing.scope(|scope| {
                        (0..THREADS_STARTED).for_each(|job| scope.spawn(move || touch(job)));
                    });
                })
            })
            .peer("std::thread::spawn", Target::None, || {
                timed(|| {
                    for job in 0..THREADS_STARTED {
                        let thread = std::thread::spawn(move || touch(job));
                        let _ = thread.join();
                    }
                })
            })
            .run();
    }

    /// Nothing but forks: each does one addition.
    fn fib(&self, suite: &mut Suite) {
        suite
            .contest("fork-join fib(30)", Work::items(FORKS, "forks"))
            .ours("work stealing", || {
                timed(|| black_box(self.stealing.install(|| fib(&self.stealing, FIB_OF))))
            })
            .peer("rayon", Target::AtLeast(0.9), || {
                timed(|| black_box(self.rayon.install(|| fib_rayon(FIB_OF))))
            })
            .peer("shared queue (ours)", Target::None, || {
                timed(|| black_box(self.shared.install(|| fib(&self.shared, FIB_OF))))
            })
            .run();
    }

    /// Forks with something to do at the leaves.
    fn sum(&self, suite: &mut Suite) {
        let numbers: Vec<u64> = (0..NUMBERS).collect();
        suite
            .contest("parallel sum", Work::items(NUMBERS as f64, "numbers"))
            .ours("work stealing", || {
                timed(|| black_box(self.stealing.install(|| sum(&self.stealing, &numbers))))
            })
            .peer("rayon", Target::AtLeast(0.9), || {
                timed(|| black_box(self.rayon.install(|| sum_rayon(&numbers))))
            })
            .peer("shared queue (ours)", Target::None, || {
                timed(|| black_box(self.shared.install(|| sum(&self.shared, &numbers))))
            })
            .peer("one thread", Target::None, || {
                timed(|| black_box(leaf(&numbers)))
            })
            .run();
    }
}

fn timed<R>(work: impl FnOnce() -> R) -> Duration {
    let watch = Stopwatch::start();
    black_box(work());
    watch.elapsed()
}

/// What an empty job does: it reads its own number, so that no pool can do without storing it.
fn touch(job: u64) {
    black_box(job);
}

fn fib(pool: &ThreadPool, n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = pool.join(|| fib(pool, n - 1), || fib(pool, n - 2));
    a + b
}

fn fib_rayon(n: u32) -> u64 {
    if n < 2 {
        return u64::from(n);
    }
    let (a, b) = rayon::join(|| fib_rayon(n - 1), || fib_rayon(n - 2));
    a + b
}

fn sum(pool: &ThreadPool, numbers: &[u64]) -> u64 {
    if numbers.len() <= LEAF {
        return leaf(numbers);
    }
    let (left, right) = numbers.split_at(numbers.len() / 2);
    let (left, right) = pool.join(|| sum(pool, left), || sum(pool, right));
    left + right
}

fn sum_rayon(numbers: &[u64]) -> u64 {
    if numbers.len() <= LEAF {
        return leaf(numbers);
    }
    let (left, right) = numbers.split_at(numbers.len() / 2);
    let (left, right) = rayon::join(|| sum_rayon(left), || sum_rayon(right));
    left + right
}

fn leaf(numbers: &[u64]) -> u64 {
    numbers
        .iter()
        .fold(0, |sum, number| sum.wrapping_add(*number))
}
