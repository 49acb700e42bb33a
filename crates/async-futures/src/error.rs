//! What can go wrong, and whose turn it is then.

use std::any::Any;
use std::fmt;
use std::io;
use std::path::PathBuf;

use labkit::run::Failure;
use thiserror::Error;

/// Why an executor or a pool couldn't be built, or a task didn't come to its end.
#[derive(Debug, Error)]
pub enum Error {
    /// The caller asked for no workers, or for more than a machine bears.
    #[error("{what} needs 1 to {max} workers, not {asked}")]
    Workers {
        /// Who needs them.
        what: &'static str,
        /// How many were asked for.
        asked: usize,
        /// The most it takes.
        max: usize,
    },
    /// The system refused to start a worker thread: fewer may do.
    #[error("worker {index} could not be started: {source}")]
    Spawn {
        /// Which worker it was, from 0.
        index: usize,
        /// What the system said.
        source: io::Error,
    },
    /// The system refused an epoll or an eventfd: too many files are open.
    #[error("the reactor could not be opened: {0}")]
    Reactor(io::Error),
    /// A worker process couldn't be started: the program must be there and executable.
    #[error("worker process {} could not be started: {source}", .program.display())]
    Process {
        /// What was to be started.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A socket, a pipe or a file failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A task has no result.
    #[error(transparent)]
    Task(#[from] TaskError),
}

/// Why a task has no result.
#[derive(Error)]
pub enum TaskError {
    /// It was aborted by its handle, or its executor or pool ended before it did.
    #[error("the task was aborted before it was done")]
    Aborted,
    /// It panicked; the payload is the panic's own.
    #[error("the task panicked: {}", message(.0.as_ref()))]
    Panicked(Box<dyn Any + Send>),
    /// Every worker process that took it died of it; trying again is pointless.
    #[error("the task was given up: {tries} worker processes died of it, the last one by {last}")]
    GaveUp {
        /// How many died.
        tries: u32,
        /// How the last one ended.
        last: String,
    },
    /// Its job or its result is no message that a worker process can be sent or sends.
    #[error("the task can't be handed to a process: {0}")]
    Message(String),
}

impl fmt::Debug for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskError({self})")
    }
}

/// The words of a panic; nearly all payloads are one of the two kinds of string.
pub(crate) fn message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(its payload is not a text)")
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Workers { .. } => Failure::usage(error),
            Error::Spawn { .. }
            | Error::Reactor(_)
            | Error::Process { .. }
            | Error::Io(_)
            | Error::Task(_) => Failure::failed(error),
        }
    }
}
