//! stub
use auto_repair::plan::Strategy;
use labkit::report::Report;
use labkit::run::{Failure, Run};
use std::time::Duration;
pub(crate) struct Asked {
    pub services: usize,
    pub chance: f64,
    pub cycle: Duration,
    pub looks_every: Option<Duration>,
    pub strategy: Strategy,
    pub lasts: Duration,
}
pub(crate) fn run(_: &Run) -> Result<Report, Failure> {
    unimplemented!()
}
pub(crate) fn live(_: &Run) -> Result<Report, Failure> {
    unimplemented!()
}
pub(crate) fn simulate(_: &Run, _: &Asked) -> Result<Report, Failure> {
    unimplemented!()
}
