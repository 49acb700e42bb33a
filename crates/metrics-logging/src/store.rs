//! Where measurements go: one trait, this lab's engine and a real InfluxDB behind it.
//!
//! The same questions have the same answers on both; the suite that says so runs on either.

mod embedded;
mod influx;

pub use embedded::{Embedded, Wall};
pub use influx::Influx;

use crate::error::Error;
use crate::query::{Group, Query};

/// A time-series database.
pub trait Store {
    /// What it is called in a report.
    fn name(&self) -> &'static str;

    /// Writes lines with times in nanoseconds; returns when the good ones survive a crash, and says of
    /// the others what was wrong.
    ///
    /// # Errors
    /// If nothing could be written.
    fn write(&self, lines: &str) -> Result<Vec<String>, Error>;

    /// Answers a question.
    ///
    /// # Errors
    /// If it can't be answered.
    fn query(&self, query: &Query) -> Result<Vec<Group>, Error>;
}
