//! The default run: a deadlock seen, broken, foreseen, avoided, and chased through three processes.

mod avoid;
mod cost;
mod distributed;
mod judged;
mod resolve;

use labkit::report::Report;
use labkit::run::Run;

use deadlock_detection::Error;

pub(crate) use avoid::banker;
pub(crate) use distributed::cluster;
pub(crate) use judged::oracle;
pub(crate) use resolve::{bank, dinner};

/// Runs the demo.
///
/// # Errors
/// If a scenario fails for another reason than a deadlock.
pub(crate) fn run(run: &Run) -> Result<Report, Error> {
    let parts = [
        resolve::two_locks,
        resolve::philosophers,
        resolve::banks,
        avoid::order,
        avoid::textbook,
        judged::schedules,
        distributed::nodes,
        cost::latency,
        cost::uncontended,
    ];
    let bar = run.bar("deadlocks", parts.len() as u64);
    let mut report = empty().lead(
        "Two threads, two locks, opposite orders: both would wait for ever. Here the wait that closes the \
         cycle is seen before it begins, somebody gives way, and everything gets done.",
    );
    for part in parts {
        report = part(report, run)?;
        bar.add(1);
    }
    bar.clear();
    Ok(report)
}

/// A report without content.
fn empty() -> Report {
    Report::new("deadlock-detection", "Deadlock detection")
}
