//! What can go wrong, and whose turn it is then.

use std::any::Any;
use std::fmt;
use std::io;

use labkit::run::Failure;
use thiserror::Error;

use crate::job::{AbortedMark, Payload};

/// Why a pool couldn't be built, or a job didn't come to its end.
#[derive(Debug, Error)]
pub enum Error {
    /// The caller asked for no workers, or for more than a machine bears.
    #[error("a pool needs 1 to {max} threads, not {asked}")]
    Threads {
        /// How many were asked for.
        asked: usize,
        /// The most that a pool takes.
        max: usize,
    },
    /// The caller asked for a queue that can hold nothing.
    #[error("a queue needs room for at least 1 job, not 0; leave the bound out for no limit")]
    ZeroQueue,
    /// The system refused to start a worker: fewer threads or smaller stacks may help.
    #[error("worker {index} could not be started")]
    Spawn {
        /// Which worker it was, from 0.
        index: usize,
        /// What the system said.
        source: io::Error,
    },
    /// A job wasn't taken in.
    #[error("the job was refused: {0}")]
    Refused(Reason),
    /// A job was taken in, but has no result.
    #[error(transparent)]
    Job(#[from] JobError),
}

/// Why a job wasn't taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Reason {
    /// The queue is full and the pool rejects what doesn't fit; trying again later may work.
    #[error("the queue is full")]
    Full,
    /// The pool has been shut down; trying again is pointless.
    #[error("the pool has been shut down")]
    ShutDown,
}

/// A refused job, handed back to its owner.
#[derive(Error)]
#[error("the job was refused: {reason}")]
pub struct Refused<F> {
    /// Why it was refused.
    pub reason: Reason,
    /// The job itself, as it was given.
    pub job: F,
}

impl<F> fmt::Debug for Refused<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refused({:?})", self.reason)
    }
}

impl<F> From<Refused<F>> for Error {
    fn from(refused: Refused<F>) -> Self {
        Error::Refused(refused.reason)
    }
}

/// Why a job has no result.
#[derive(Error)]
pub enum JobError {
    /// Its handle cancelled it before it began.
    #[error("the job was cancelled before it began")]
    Cancelled,
    /// The pool was aborted before it began.
    #[error("the pool was aborted before the job began")]
    Aborted,
    /// It panicked; the payload is the panic's own.
    #[error("the job panicked: {}", message(.0.as_ref()))]
    Panicked(Box<dyn Any + Send>),
}

impl fmt::Debug for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobError({self})")
    }
}

impl From<Payload> for JobError {
    fn from(payload: Payload) -> Self {
        if payload.is::<AbortedMark>() {
            JobError::Aborted
        } else {
            JobError::Panicked(payload)
        }
    }
}

/// The words of a panic; nearly all payloads are one of the two kinds of string.
fn message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(its payload is not a text)")
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Threads { .. } | Error::ZeroQueue => Failure::usage(error),
            Error::Spawn { index, source } => {
                Failure::failed(format!("worker {index} could not be started: {source}"))
            }
            Error::Refused(_) | Error::Job(_) => Failure::failed(error),
        }
    }
}
