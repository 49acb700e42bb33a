//! The default run: one task set on four kinds of workers, what a task costs, and what holds when it
//! goes wrong.

mod cost;
mod crowd;
mod squares;
mod trouble;

use std::path::Path;

use async_futures::Error;
use labkit::report::Report;
use labkit::run::Run;

pub(crate) use squares::staggered;

/// Runs the demo; `program` is started as worker processes.
///
/// # Errors
/// If the system refuses threads, processes or sockets.
pub(crate) fn run(run: &Run, program: &Path) -> Result<Report, Error> {
    let bar = run.bar("async futures", 4);
    let mut report = Report::new("async-futures", "Async futures").lead(
        "Five numbers to be squared, two seconds each. Who waits for them, and what does it cost to \
         wait? Threads, processes, tokio and an executor that can be read in an evening; all of it \
         was measured in this run.",
    );
    report = squares::five(report, run, program)?;
    bar.add(1);
    report = crowd::sleepers(report, run)?;
    report = crowd::clients(report, run)?;
    bar.add(1);
    report = cost::of_a_task(report, run)?;
    bar.add(1);
    report = trouble::tasks(report)?;
    report = trouble::processes(report, program)?;
    bar.clear();
    Ok(report)
}
