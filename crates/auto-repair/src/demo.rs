//! The default run: failures as asked, strategies, a tree under fire, a crash loop; then real processes.

mod asked;
mod crash_loop;
mod fire;
mod live;
mod picture;
mod strategies;

use labkit::report::Report;
use labkit::run::{Failure, Run};

use auto_repair::error::Error;

pub(crate) use asked::Asked;
pub(crate) use live::live;

/// Runs the demo. All but its last part is the same for the same seed, bit by bit.
///
/// # Errors
/// If no process can be started.
pub(crate) fn run(run: &Run) -> Result<Report, Failure> {
    let report = Report::new("auto-repair", "Auto repair").lead(
        "Services crash, hang, leak and won't start. A supervisor notices and repairs; what it decides \
         is one piece of code, here over virtual processes first and over real ones at the end.",
    );
    let report = asked::both(report, run)?;
    let report = strategies::section(report)?;
    let report = fire::section(report, run)?;
    let report = crash_loop::section(report, run)?;
    live::section(report, run)
}

/// Only services that fail at random, as `simulate` was asked to.
///
/// # Errors
/// If it can't be planned.
pub(crate) fn simulate(run: &Run, asked: &Asked) -> Result<Report, Error> {
    asked::only(run, asked)
}
