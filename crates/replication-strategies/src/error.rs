//! What can go wrong, and whose turn it is then.

use std::io;

use labkit::run::Failure;

use crate::topology::{MOST_NODES, REGIONS};

/// Why a request can't be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A node of that number doesn't exist; the caller's to correct.
    #[error("node {node} isn't there; give 0 to {}", nodes - 1)]
    NoSuchNode {
        /// The number asked for.
        node: usize,
        /// How many nodes there are.
        nodes: usize,
    },
    /// A region of that name doesn't exist; the caller's to correct.
    #[error("region {name:?} isn't there; give some of {}", REGIONS.join(", "))]
    NoSuchRegion {
        /// The name asked for.
        name: String,
    },
    /// A region is named twice; the caller's to correct.
    #[error("region {name:?} is named twice; each has one node")]
    Twice {
        /// The name.
        name: String,
    },
    /// No nodes, or more than a set can hold; the caller's to correct.
    #[error("{given} nodes can't be had; give 1 to {MOST_NODES} regions")]
    Nodes {
        /// How many were asked for.
        given: usize,
    },
    /// There are fewer nodes than copies to keep; the caller's to correct.
    #[error(
        "{replicas} replicas need as many nodes, and there are {nodes}; give --replicas 1 to {nodes}"
    )]
    Replicas {
        /// How many copies were asked for.
        replicas: usize,
        /// How many nodes there are.
        nodes: usize,
    },
    /// There is nothing to replicate; the caller's to correct.
    #[error("the catalogue is empty; give --objects 1 or more")]
    EmptyCatalogue,
    /// A quantity is outside its range, or no number; the caller's to correct.
    #[error("{name} is {given}; give {range}")]
    Number {
        /// What it measures.
        name: &'static str,
        /// What was given.
        given: f64,
        /// What would be right.
        range: &'static str,
    },
    /// A node process couldn't be started or asked; trying again may help.
    #[error("node {region} failed: {source}")]
    Node {
        /// Where it is.
        region: String,
        /// What happened.
        source: io::Error,
    },
    /// The live form needs something that the system refused; trying again may help.
    #[error("the live form failed: {0}")]
    Live(#[from] io::Error),
    /// A signal ended the live form early; nobody's fault.
    #[error("told to stop before the comparison was complete")]
    Stopped,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Node { .. } | Error::Live(_) | Error::Stopped => Failure::failed(error),
            _ => Failure::usage(error),
        }
    }
}

/// Refuses a quantity outside `low..=high`, and what is no number.
///
/// # Errors
/// [`Error::Number`], with `range` as advice.
pub fn within(
    name: &'static str,
    given: f64,
    (low, high): (f64, f64),
    range: &'static str,
) -> Result<f64, Error> {
    if (low..=high).contains(&given) {
        Ok(given)
    } else {
        Err(Error::Number { name, given, range })
    }
}
