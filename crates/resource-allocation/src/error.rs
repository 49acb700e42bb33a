//! Everything that can go wrong, and whose turn it is then.

use std::io;

use labkit::run::Failure;

use crate::problem::{MAX_KINDS, MAX_SERVICES};

/// Why a request can't be served. All but the last three are the caller's to correct.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// NaN, infinite, or below zero.
    #[error("{what} is {given}, which is no quantity; give a number from 0 on")]
    NotAQuantity {
        /// Whose quantity of what it was to be.
        what: String,
        /// What was given.
        given: f64,
    },
    /// There is nothing to share of a kind.
    #[error("the capacity of {kind} is {given}; give a number above 0")]
    NoCapacity {
        /// The kind of resource.
        kind: String,
        /// What was given.
        given: f64,
    },
    /// Too many or no kinds of resource.
    #[error(
        "{given} kinds of resource can't be shared; give 1 to {MAX_KINDS}, such as cpu=100,memory=1000"
    )]
    Kinds {
        /// How many were given.
        given: usize,
    },
    /// A name that stands twice.
    #[error("{name} is there twice; give every service and every kind a name of its own")]
    Twice {
        /// The name.
        name: String,
    },
    /// A service doesn't give a quantity for every kind.
    #[error(
        "{service} gives {given} quantities for {expected} kinds of resource; give one for each"
    )]
    WrongKinds {
        /// The service.
        service: String,
        /// How many it gave.
        given: usize,
        /// How many kinds there are.
        expected: usize,
    },
    /// Too many or no services.
    #[error("{given} services can't share anything; give 1 to {MAX_SERVICES}")]
    Services {
        /// How many were given.
        given: usize,
    },
    /// What one service asks for alone can never be granted.
    #[error(
        "{service} demands {demand} of {kind}, of which there are {capacity}; demand at most that"
    )]
    BeyondCapacity {
        /// The service.
        service: String,
        /// The kind of resource.
        kind: String,
        /// What it demands.
        demand: f64,
        /// All that there is.
        capacity: f64,
    },
    /// A weight that is no share of anything.
    #[error(
        "the weight of {service} is {given}; give a number above 0 (twice the weight, twice the share)"
    )]
    Weight {
        /// The service.
        service: String,
        /// What was given.
        given: f64,
    },
    /// More was promised than there is.
    #[error(
        "the minima of {kind} add up to {sum}, of which there are {capacity}; promise at most that"
    )]
    MinimaExceed {
        /// The kind of resource.
        kind: String,
        /// What all minima add up to.
        sum: f64,
        /// All that there is.
        capacity: f64,
    },
    /// The thresholds would chase each other: a claim just made would at once be reclaimed or raised.
    #[error(
        "hysteresis needs 0 <= low < 1/headroom <= high <= 1 and patience from 1, not low {low}, headroom {headroom}, high {high}, patience {patience}"
    )]
    Hysteresis {
        /// Below this share of its claim in use, a service is idle.
        low: f64,
        /// Above this share, it is busy.
        high: f64,
        /// What is claimed for each unit in use.
        headroom: f64,
        /// For how many cycles it must be idle.
        patience: u32,
    },
    /// Too many or no cycles to simulate.
    #[error("{given} cycles can't be simulated; give 1 to {most}")]
    Cycles {
        /// How many were asked for.
        given: usize,
        /// The most that are sensible.
        most: usize,
    },
    /// A word of the command line that isn't what it should be.
    #[error("{text:?} is not {expected}")]
    Text {
        /// What was given.
        text: String,
        /// What would be right.
        expected: &'static str,
    },
    /// The system doesn't let us limit processes in the way that was asked for.
    #[error("processes can't be limited by {how} here: {why}")]
    Unenforceable {
        /// The means that was asked for.
        how: &'static str,
        /// What stands in the way.
        why: String,
    },
    /// A worker process ended, or said what it shouldn't.
    #[error("worker {name} {what}")]
    Worker {
        /// Its service's name.
        name: String,
        /// What it did.
        what: String,
    },
    /// The system refused something that should work; trying again may help.
    #[error("cannot {what}: {source}")]
    System {
        /// What was to be done.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// Names what was to be done when the system refused it.
    pub(crate) fn system<E: Into<io::Error>>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        let what = what.into();
        move |source| Error::System {
            what,
            source: source.into(),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Unenforceable { .. } => Failure::unavailable(error),
            Error::Worker { .. } | Error::System { .. } => Failure::failed(error),
            _ => Failure::usage(error),
        }
    }
}
