//! What can go wrong, and whose turn it is then.

use std::io;
use std::sync::Arc;

use labkit::run::Failure;
use thiserror::Error;

use crate::deadlock::{Deadlock, Site};

/// Why a lock wasn't taken.
#[derive(Clone, Debug, Error)]
pub enum LockError {
    /// The thread is in a deadlock and was chosen to give way: drop every guard, undo, try again
    /// ([`retry`](crate::retry::retry) does).
    #[error("{0}")]
    Deadlock(Arc<Deadlock>),
    /// The thread holds this lock itself; a mistake in the program, which trying again repeats.
    #[error(
        "{lock} is held by this thread already, since {held}; it would wait for itself at {wanted}"
    )]
    Relock {
        /// The lock's name.
        lock: String,
        /// Where the thread took it.
        held: Site,
        /// Where it wanted it again.
        wanted: Site,
    },
    /// A thread panicked while it held the lock, and what it guards may be half changed; look, mend it,
    /// and call `clear_poison`.
    #[error("{lock} was held by a thread that panicked; mend what it guards, then clear_poison()")]
    Poisoned {
        /// The lock's name.
        lock: String,
    },
}

/// Why a command can't be carried out.
#[derive(Debug, Error)]
pub enum Error {
    /// A number out of its bounds; the caller gives another.
    #[error("{what} must be {low} to {high}, not {given}")]
    OutOfRange {
        /// What was counted.
        what: &'static str,
        /// The least that is accepted.
        low: u64,
        /// The most that is accepted.
        high: u64,
        /// What was given.
        given: u64,
    },
    /// A description of a system that can't be read; the caller mends the line.
    #[error("line {line}: {wrong}")]
    Parse {
        /// Which line, from 1; 0 for the whole text.
        line: usize,
        /// What is wrong, and what would be right.
        wrong: String,
    },
    /// A banker's system or request that contradicts itself; the caller mends it.
    #[error(transparent)]
    Banker(#[from] crate::banker::Refusal),
    /// A lock wasn't taken, for another reason than a deadlock that could be retried.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A node of the cluster did not do what it was told; its words are in the message.
    #[error("node {node}: {wrong}")]
    Node {
        /// Which one.
        node: usize,
        /// What was wrong.
        wrong: String,
    },
    /// A file or a connection.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// An error of the system, with what was being done.
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        let what = what.into();
        move |source| Error::Io { what, source }
    }

    /// A number if it is within its bounds.
    ///
    /// # Errors
    /// [`Error::OutOfRange`].
    pub fn within(what: &'static str, given: usize, bounds: (u64, u64)) -> Result<usize, Error> {
        let (low, high) = bounds;
        if (low..=high).contains(&(given as u64)) {
            return Ok(given);
        }
        Err(Error::OutOfRange {
            what,
            low,
            high,
            given: given as u64,
        })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::OutOfRange { .. } | Error::Parse { .. } | Error::Banker(_) => {
                Failure::usage(error)
            }
            Error::Io { ref source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Failure::usage(error)
            }
            Error::Lock(_) | Error::Node { .. } | Error::Io { .. } => Failure::failed(error),
        }
    }
}
