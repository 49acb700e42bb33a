//! The aggregation language: `SELECT MIN(cpu), AVG(mem), SUM(load), COUNT(*), TOP(3, cpu)`.
//!
//! ```text
//! query     = SELECT aggregate { "," aggregate }
//! aggregate = (MIN | MAX | SUM | AVG) "(" attribute ")"
//!           | COUNT "(" ("*" | attribute) ")"
//!           | TOP "(" number "," attribute ")"
//! ```
//!
//! Keywords may be written in either case, attributes are a letter and then letters, digits and `_`.
//! Every function has partial results that can be merged ([`crate::aggregate`]); that is why there is no
//! median: its partial result would be all values.

mod lexer;
mod parser;

use std::fmt;
use std::sync::Arc;

use crate::zone::Key;

/// Bytes of a query's text at most.
pub const LONGEST: usize = 256;
/// How large the partial results of one query may be: each aggregate counts one, `TOP(k, ..)` counts k.
pub const HEAVIEST: usize = 16;

/// A name of something measured, with its hash.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attribute {
    /// Its name.
    pub name: Arc<str>,
    /// The name's hash, which rows are searched by.
    pub key: Key,
}

impl Attribute {
    /// The attribute of this name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Attribute {
            name: name.into(),
            key: Key::of(name),
        }
    }
}

/// One thing to be computed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Aggregate {
    /// The smallest value.
    Min(Attribute),
    /// The largest value.
    Max(Attribute),
    /// The sum of all values.
    Sum(Attribute),
    /// The mean of all values.
    Avg(Attribute),
    /// How many nodes there are (none), or have the attribute.
    Count(Option<Attribute>),
    /// The nodes with the largest values, so many of them.
    Top(usize, Attribute),
}

/// A query that was understood. Its text is in one canonical form: two that ask for the same, in the same
/// order, are equal. Clones share it.
#[derive(Clone, Debug)]
pub struct Query {
    text: Arc<str>,
    key: Key,
    aggregates: Arc<[Aggregate]>,
}

/// What is wrong with a query, and where.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("column {column}: {what}")]
pub struct QueryError {
    /// The place of the first character that can't be right, counted from 1 in characters.
    pub column: usize,
    /// What was found there, and what would be right.
    pub what: String,
}

impl Query {
    /// Understands a query.
    ///
    /// # Errors
    /// What is wrong with it, and where: it doesn't follow the grammar, is longer than [`LONGEST`] bytes,
    /// or asks for more than [`HEAVIEST`] results.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        parser::parse(text).map(Self::of)
    }

    /// The query for these aggregates.
    #[must_use]
    pub fn of(aggregates: Vec<Aggregate>) -> Self {
        let text: Arc<str> = canonical(&aggregates).into();
        Query {
            key: Key::of(&text),
            text,
            aggregates: aggregates.into(),
        }
    }

    /// The query that every node answers from the start:
    /// `SELECT MIN(cpu), AVG(mem), SUM(load), COUNT(*), TOP(3, cpu)`.
    #[must_use]
    pub fn standing() -> Self {
        let [cpu, mem, load] = ["cpu", "mem", "load"].map(Attribute::new);
        Self::of(vec![
            Aggregate::Min(cpu.clone()),
            Aggregate::Avg(mem),
            Aggregate::Sum(load),
            Aggregate::Count(None),
            Aggregate::Top(3, cpu),
        ])
    }

    /// Its canonical text.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The hash of its canonical text: the name by which it is known everywhere.
    #[must_use]
    pub fn key(&self) -> Key {
        self.key
    }

    /// What it asks for, in order.
    #[must_use]
    pub fn aggregates(&self) -> &[Aggregate] {
        &self.aggregates
    }

    /// How large its partial results are.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.aggregates.iter().map(Aggregate::weight).sum()
    }
}

impl Aggregate {
    fn weight(&self) -> usize {
        match self {
            Aggregate::Top(count, _) => *count,
            _ => 1,
        }
    }
}

impl PartialEq for Query {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Aggregate::Min(attribute) => write!(f, "MIN({})", attribute.name),
            Aggregate::Max(attribute) => write!(f, "MAX({})", attribute.name),
            Aggregate::Sum(attribute) => write!(f, "SUM({})", attribute.name),
            Aggregate::Avg(attribute) => write!(f, "AVG({})", attribute.name),
            Aggregate::Count(None) => f.write_str("COUNT(*)"),
            Aggregate::Count(Some(attribute)) => write!(f, "COUNT({})", attribute.name),
            Aggregate::Top(count, attribute) => write!(f, "TOP({count}, {})", attribute.name),
        }
    }
}

fn canonical(aggregates: &[Aggregate]) -> String {
    let parts: Vec<String> = aggregates.iter().map(Aggregate::to_string).collect();
    format!("SELECT {}", parts.join(", "))
}
