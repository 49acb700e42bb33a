//! The default run: five services write for two weeks; what became of it.

mod crash;
mod finding;
mod live;
mod peers;
mod storage;

use labkit::report::Report;
use labkit::run::Run;

use metrics_logging::config::MINUTE;
use metrics_logging::error::Error;
use metrics_logging::fleet::{Fleet, Plan};

pub(crate) use finding::detected;
pub(crate) use live::{fill, go_on};
pub(crate) use peers::compare;

/// When simulated time begins: a Monday, 2026-01-05 00:00 UTC.
const START: i64 = 1_767_571_200_000_000_000;

/// Services from the beginning of simulated time on.
pub(crate) fn plan(services: usize, days: usize, step: i64) -> Plan {
    Plan {
        services,
        days,
        step,
        start: START,
    }
}

/// Runs the demo.
///
/// # Errors
/// If a file can't be written, or the engine doesn't do what it should.
pub(crate) fn run(run: &Run) -> Result<Report, Error> {
    let days = run.size(14, 9);
    let fleet = Fleet::simulate(plan(5, days, MINUTE), run.seed);
    let bar = run.bar("metrics logging", 3);
    let report = Report::new("metrics-logging", "Metrics logging").lead(
        "Services say every minute how they are. A time-series database keeps it in a fraction of the \
         bytes, loses nothing that it has acknowledged, and detectors say which of it is unusual.",
    );
    let report = storage::section(report, &fleet)?;
    bar.add(1);
    let report = finding::section(report, &fleet);
    bar.add(1);
    let report = crash::section(report, &fleet, run)?;
    bar.clear();
    Ok(report)
}
