//! The default run: how full a buffer of ten is, who waits at it, and what each way to build it costs.

mod depth;
mod ends;
mod speed;

use labkit::report::Report;
use labkit::run::Run;
use producer_consumer::Error;

/// The buffer that was asked for has room for so many.
const ROOM: usize = 10;

/// Runs the demo.
///
/// # Errors
/// None of its loads is refused; the type is the library's.
pub(crate) fn run(run: &Run) -> Result<Report, Error> {
    let parts = [
        depth::over_time,
        speed::waiting,
        speed::throughput,
        ends::of_both_sides,
    ];
    let bar = run.bar("producer and consumer", parts.len() as u64);
    let mut report = Report::new("producer-consumer", "Producer and consumer").lead(
        "A buffer between two that are never equally fast. How full is it, who waits, what does each of \
         five ways to build it cost, and what becomes of the items at the end? All of it was measured in \
         this run.",
    );
    for part in parts {
        report = part(report, run)?;
        bar.add(1);
    }
    bar.clear();
    Ok(report)
}
