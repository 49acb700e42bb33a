//! Questions as text: as much of InfluxQL as the `influx` client and Grafana need.
//!
//! ```text
//! SELECT mean(usage), max(usage) FROM cpu WHERE host = 'web-1' AND time >= now() - 1h GROUP BY time(1m), host
//! SELECT * FROM cpu WHERE time > '2026-01-01T00:00:00Z' LIMIT 5
//! SHOW MEASUREMENTS | TAG KEYS FROM cpu | TAG VALUES FROM cpu WITH KEY = host | FIELD KEYS | SERIES
//! ```

mod parser;
mod select;
mod tokens;

use std::ops::Range;

use super::{Aggregate, By, Filter};
use crate::error::Error;

/// The longest question, in bytes.
pub const MAX_QUERY: usize = 64 * 1024;

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// Samples, or what they come to.
    Select(Select),
    /// The databases.
    Databases,
    /// The retention policies.
    RetentionPolicies,
    /// The measurements.
    Measurements,
    /// Names of tags, by measurement.
    TagKeys(Option<String>),
    /// Values of tags, by measurement.
    TagValues(Option<String>, Vec<String>),
    /// Names of fields, by measurement.
    FieldKeys(Option<String>),
    /// Measurements with tags.
    Series(Option<String>),
    /// Makes a database, which is answered if it is there already.
    CreateDatabase(String),
}

/// A `SELECT`.
#[derive(Clone, Debug, PartialEq)]
pub struct Select {
    /// The columns after the time.
    pub columns: Columns,
    /// Where from.
    pub measurement: String,
    /// Conditions on tags.
    pub filters: Vec<Filter>,
    /// From when to when, the end excluded.
    pub range: Range<i64>,
    /// The windows' length.
    pub every: Option<i64>,
    /// How series are put together; none if nothing is said.
    pub by: Option<By>,
    /// Whether windows without samples are shown, as null.
    pub fill: bool,
    /// Whether the latest come first.
    pub descending: bool,
    /// How many rows of each series at most.
    pub limit: Option<usize>,
}

/// What is selected.
#[derive(Clone, Debug, PartialEq)]
pub enum Columns {
    /// Everything, tags too.
    All,
    /// Fields or tags as they are.
    Raw(Vec<String>),
    /// Fields summed up: name of the column, how, of which field.
    Summed(Vec<(String, Aggregate, String)>),
}

/// Reads a question; several are separated by semicolons. `now` is what `now()` means.
///
/// # Errors
/// [`Error::Query`] with the place where it stops making sense.
pub fn parse(text: &str, now: i64) -> Result<Vec<Statement>, Error> {
    if text.len() > MAX_QUERY {
        return Err(Error::Query {
            at: MAX_QUERY,
            what: format!("longer than {MAX_QUERY} bytes"),
        });
    }
    let tokens = tokens::tokens(text)?;
    parser::Parser::new(&tokens, text.chars().count() + 1, now).statements()
}
