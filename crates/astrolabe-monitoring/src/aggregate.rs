//! Partial results: what a zone must know of its children, so that its own parent needs no more.
//!
//! A mean of means is wrong, a sum and a count are enough: each function has a partial result that is a
//! commutative monoid ([`Partial::merge`]), computed at the leaves and merged on the way up.

use std::fmt;
use std::sync::Arc;

use crate::query::{Aggregate, Query};
use crate::row::{Leaf, Row};
use crate::value::Value;
use crate::zone::Key;

/// What is known of one aggregate so far.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Partial {
    /// Of `MIN`; none if no node has the attribute.
    Min(Option<Value>),
    /// Of `MAX`; none if no node has the attribute.
    Max(Option<Value>),
    /// Of `SUM`.
    Sum(Value),
    /// Of `AVG`: the sum, and over how many.
    Avg(Value, u64),
    /// Of `COUNT`.
    Count(u64),
    /// Of `TOP`: the largest values and where they are, largest first, of equal ones by path.
    Top(Vec<(Value, Arc<str>)>),
}

impl Partial {
    /// What is known before anything is: merging with it changes nothing.
    #[must_use]
    pub fn nothing(aggregate: &Aggregate) -> Self {
        match aggregate {
            Aggregate::Min(_) => Partial::Min(None),
            Aggregate::Max(_) => Partial::Max(None),
            Aggregate::Sum(_) => Partial::Sum(Value::default()),
            Aggregate::Avg(_) => Partial::Avg(Value::default(), 0),
            Aggregate::Count(_) => Partial::Count(0),
            Aggregate::Top(..) => Partial::Top(Vec::new()),
        }
    }

    /// Takes one node in. A node without the attribute counts for nothing, except in `COUNT(*)`.
    pub fn take(&mut self, aggregate: &Aggregate, leaf: &Leaf) {
        // BEGIN SOLUTION stage 1: what does each function make of one more value?
        let value = |attribute| leaf.value(attribute);
        match (self, aggregate) {
            (Partial::Min(least), Aggregate::Min(it)) => *least = smaller(*least, value(it)),
            (Partial::Max(most), Aggregate::Max(it)) => *most = (*most).max(value(it)),
            (Partial::Sum(sum), Aggregate::Sum(it)) => {
                *sum = sum.plus(value(it).unwrap_or_default());
            }
            (Partial::Avg(sum, count), Aggregate::Avg(it)) => {
                if let Some(value) = value(it) {
                    (*sum, *count) = (sum.plus(value), *count + 1);
                }
            }
            (Partial::Count(count), Aggregate::Count(None)) => *count += 1,
            (Partial::Count(count), Aggregate::Count(Some(it))) => {
                *count += u64::from(value(it).is_some());
            }
            (Partial::Top(top), Aggregate::Top(most, it)) => {
                if let Some(value) = value(it) {
                    enter(top, *most, value, &leaf.path);
                }
            }
            _ => {}
        }
        // END SOLUTION
    }

    /// Takes in what is known of other nodes. A partial of another kind is left out: it can only come
    /// from a query that isn't this one.
    pub fn merge(&mut self, aggregate: &Aggregate, other: &Partial) {
        // BEGIN SOLUTION stage 2: two parts make one, in any order and any grouping
        match (self, other) {
            (Partial::Min(ours), Partial::Min(theirs)) => *ours = smaller(*ours, *theirs),
            (Partial::Max(ours), Partial::Max(theirs)) => *ours = (*ours).max(*theirs),
            (Partial::Sum(ours), Partial::Sum(theirs)) => *ours = ours.plus(*theirs),
            (Partial::Avg(sum, count), Partial::Avg(other_sum, other_count)) => {
                *sum = sum.plus(*other_sum);
                *count = count.saturating_add(*other_count);
            }
            (Partial::Count(ours), Partial::Count(theirs)) => *ours = ours.saturating_add(*theirs),
            (Partial::Top(ours), Partial::Top(theirs)) => {
                if let Aggregate::Top(most, _) = aggregate {
                    theirs.iter().for_each(|it| enter(ours, *most, it.0, &it.1));
                }
            }
            _ => {}
        }
        // END SOLUTION
    }
}

// BEGIN SOLUTION ITEMS stage 1: what taking one more value needs
/// The smaller of two; nothing is not smaller than something, which `Option`'s own order would say.
fn smaller(a: Option<Value>, b: Option<Value>) -> Option<Value> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// Enters a candidate into a list of the `most` largest.
fn enter(top: &mut Vec<(Value, Arc<str>)>, most: usize, value: Value, path: &Arc<str>) {
    let before = |it: &(Value, Arc<str>)| it.0 > value || (it.0 == value && it.1 <= *path);
    let at = top.partition_point(before);
    if at < most {
        top.truncate(most - 1);
        top.insert(at, (value, Arc::clone(path)));
    }
}
// END SOLUTION

/// What a zone knows of one query: a partial for each of its aggregates.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Results {
    /// Which query.
    pub query: Key,
    /// Over how many nodes: fewer than the zone has, as long as some haven't heard of the query.
    pub nodes: u64,
    /// One for each aggregate, in the query's order.
    pub partials: Vec<Partial>,
}

impl Results {
    /// Computes a zone's results from its children's rows.
    #[must_use]
    pub fn over<'a, A: 'a>(query: &Query, rows: impl Iterator<Item = &'a Row<A>>) -> Self {
        let aggregates = query.aggregates();
        let mut results = Results {
            query: query.key(),
            nodes: 0,
            partials: aggregates.iter().map(Partial::nothing).collect(),
        };
        for row in rows {
            if let Some(leaf) = row.leaf() {
                results.nodes += 1;
                for (partial, aggregate) in results.partials.iter_mut().zip(aggregates) {
                    partial.take(aggregate, leaf);
                }
            } else if let Some(child) = row.results(query.key()) {
                results.nodes = results.nodes.saturating_add(child.nodes);
                let pairs = results.partials.iter_mut().zip(&child.partials);
                for ((partial, of_child), aggregate) in pairs.zip(aggregates) {
                    partial.merge(aggregate, of_child);
                }
            }
        }
        results
    }
}

/// The answer for people: `12.5`, `-` for nothing, `97 /a/n1, 95 /b/n7` of `TOP`.
impl fmt::Display for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Partial::Min(None) | Partial::Max(None) | Partial::Avg(_, 0) => f.write_str("-"),
            Partial::Min(Some(value)) | Partial::Max(Some(value)) | Partial::Sum(value) => {
                write!(f, "{value}")
            }
            Partial::Avg(sum, count) => write!(f, "{}", (sum.over(*count) * 1e3).round() / 1e3),
            Partial::Count(count) => write!(f, "{count}"),
            Partial::Top(top) if top.is_empty() => f.write_str("-"),
            Partial::Top(top) => {
                let parts: Vec<String> =
                    top.iter().map(|it| format!("{} {}", it.0, it.1)).collect();
                f.write_str(&parts.join(", "))
            }
        }
    }
}
