//! stub
use async_futures::Error;
use labkit::report::Report;
use labkit::run::Run;
use std::path::Path;
use std::time::Duration;
pub(crate) fn run(_: &Run, _: &Path) -> Result<Report, Error> {
    Ok(Report::new("async-futures", "x"))
}
pub(crate) fn staggered(numbers: u64, takes: Duration) -> Vec<(u64, Duration)> {
    (1..=numbers).map(|n| (n, takes)).collect()
}
