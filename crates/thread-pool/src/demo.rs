//! The default run: what a pool saves, who does the work, what holds when things go wrong.

mod speed;
mod timeline;
mod trouble;

use std::thread;

use labkit::report::Report;
use labkit::run::Run;
use thread_pool::{Error, SchedulerKind, ThreadPool};

/// Both schedulers, as the report calls them.
const KINDS: [(&str, SchedulerKind); 2] = [
    ("shared queue", SchedulerKind::SharedQueue),
    ("work stealing", SchedulerKind::WorkStealing),
];

/// Runs the demo.
///
/// # Errors
/// If the system refuses to start some threads.
pub(crate) fn run(run: &Run) -> Result<Report, Error> {
    let parts = [
        speed::throughput,
        timeline::who_works,
        speed::forks,
        trouble::panics,
        trouble::back_pressure,
        trouble::ends,
    ];
    let bar = run.bar("thread pool", parts.len() as u64);
    let mut report = Report::new("thread-pool", "Thread pool").lead(
        "Few threads, many jobs. What does that save, who does the work, and what still holds when \
         jobs panic, queues fill up and the end comes early? All of it was measured in this run.",
    );
    for part in parts {
        report = part(report, run)?;
        bar.add(1);
    }
    bar.clear();
    Ok(report)
}

fn pool(kind: SchedulerKind, workers: usize) -> Result<ThreadPool, Error> {
    let builder = ThreadPool::builder().threads(workers).scheduler(kind);
    builder.build()
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// 1, 2, 4 ... workers, up to `most`.
fn doubling(most: usize) -> impl Iterator<Item = usize> {
    (0..usize::BITS)
        .map(|power| 1 << power)
        .take_while(move |workers| *workers <= most)
}
