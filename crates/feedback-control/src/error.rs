//! What can go wrong, and whose turn it is then.

use std::io;
use std::path::PathBuf;

use labkit::run::Failure;

use crate::config::MAX_SERVERS;
use crate::optimum::MAX_STATES;
use crate::traffic::MAX_CYCLES;

/// Why a request can't be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The smallest allowed number of servers is above the largest; the caller's to correct.
    #[error(
        "at least {min} servers and at most {max} can't both hold; give --min no larger than --max"
    )]
    Limits {
        /// The smallest number asked for.
        min: usize,
        /// The largest number asked for.
        max: usize,
    },
    /// A number of servers that nobody can run; the caller's to correct.
    #[error("{name} is {given}; give 1 to {MAX_SERVERS} servers")]
    Servers {
        /// Which number it was.
        name: &'static str,
        /// What was given.
        given: usize,
    },
    /// The loop would start outside its own limits; the caller's to correct.
    #[error(
        "a start with {initial} servers is outside {min} to {max}; give --servers within --min and --max"
    )]
    Initial {
        /// How many there were to be at first.
        initial: usize,
        /// The smallest allowed number.
        min: usize,
        /// The largest allowed number.
        max: usize,
    },
    /// No cycles, or more than are sensible; the caller's to correct.
    #[error("{given} cycles can't be run; give 1 to {MAX_CYCLES}")]
    Cycles {
        /// How many were asked for.
        given: usize,
    },
    /// A quantity is negative, not a number, or otherwise outside its range; the caller's to correct.
    #[error("{name} is {given}; give {range}")]
    Number {
        /// What it measures.
        name: &'static str,
        /// What was given.
        given: f64,
        /// What would be right.
        range: &'static str,
    },
    /// A line of a trace isn't what it should be; the caller's to correct.
    #[error("{}:{line}: {what}", path.display())]
    Trace {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it, and what would be right.
        what: String,
    },
    /// A trace can't be read; the caller's to correct.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The clairvoyant would need too much memory; the caller's to correct.
    #[error(
        "the optimum over {cycles} cycles and up to {max} servers has more than {MAX_STATES} states; give fewer cycles or a smaller --max"
    )]
    TooLarge {
        /// The cycles of the traffic.
        cycles: usize,
        /// The largest allowed number of servers.
        max: usize,
    },
    /// The operating system doesn't tell how much a process has computed.
    #[error("the CPU time of processes can't be read ({0}); the live form needs Linux with /proc")]
    NoProc(io::Error),
    /// A worker process couldn't be started or asked; trying again may help.
    #[error("a worker failed: {0}")]
    Worker(#[source] io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NoProc(_) => Failure::unavailable(error),
            Error::Worker(_) => Failure::failed(error),
            _ => Failure::usage(error),
        }
    }
}

/// Refuses a quantity that isn't finite and above zero.
///
/// # Errors
/// [`Error::Number`] with its name.
pub fn positive(name: &'static str, given: f64) -> Result<f64, Error> {
    if given.is_finite() && given > 0.0 {
        Ok(given)
    } else {
        Err(Error::Number {
            name,
            given,
            range: "a number above zero",
        })
    }
}
