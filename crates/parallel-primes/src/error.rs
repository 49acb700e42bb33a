//! Everything that can go wrong, and whose turn it is then.

use std::io;

use labkit::run::Failure;

use crate::parallel::MAX_THREADS;

/// Why a request can't be served. All but [`Error::Output`] are the caller's to correct.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The text isn't a whole number in any of the accepted spellings.
    #[error("{text:?} is not a whole number; write it as 1000000, 1_000_000, 1e6, 10^6 or 2^64-59")]
    NotANumber {
        /// What was given.
        text: String,
    },
    /// The number doesn't fit 64 bits.
    #[error(
        "{text} is beyond 2^64-1; that itself isn't prime, so the range [a, 2^64-1) already holds every 64-bit prime"
    )]
    TooLarge {
        /// What was given.
        text: String,
    },
    /// The range ends before it starts.
    #[error("the range starts at {start}, after its end {end}; give the smaller number first")]
    Backwards {
        /// Where it was to start.
        start: u64,
        /// Where it was to end.
        end: u64,
    },
    /// No threads, or more than are sensible anywhere.
    #[error("{given} threads can't share the work; give 1 to {MAX_THREADS}")]
    Threads {
        /// How many were asked for.
        given: usize,
    },
    /// A rung of the ladder that isn't segmented would fill the memory.
    #[error(
        "{rung} keeps all numbers below {end} in memory at once; it stops at {limit}, --rung wheel doesn't"
    )]
    Memory {
        /// The rung's name.
        rung: &'static str,
        /// The end that was asked for.
        end: u64,
        /// The largest end that it takes.
        limit: u64,
    },
    /// There is no such prime among the 64-bit numbers.
    #[error("there is no prime number {n} below 2^64; count from 1 (the prime 2) to {last}")]
    NoSuchPrime {
        /// Which prime was asked for.
        n: u64,
        /// How many there are.
        last: u64,
    },
    /// The list couldn't be written: a full disk, for instance. Trying again may help.
    #[error("cannot write the list: {0}")]
    Output(#[source] io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Output(_) => Failure::failed(error),
            _ => Failure::usage(error),
        }
    }
}
