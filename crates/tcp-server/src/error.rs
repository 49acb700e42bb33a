//! What can go wrong, and whose turn it is then.

use std::io;
use std::net::SocketAddr;

use labkit::run::Failure;
use thiserror::Error;

use crate::Kind;

/// Why a server didn't start, or a client didn't get its answer.
#[derive(Debug, Error)]
pub enum Error {
    /// The caller asked for something outside its range.
    #[error("{what}: {value} is not within {least} to {most}")]
    Config {
        /// What was asked for.
        what: &'static str,
        /// How much of it.
        value: usize,
        /// The least that is possible.
        least: usize,
        /// The most that is possible.
        most: usize,
    },
    /// The caller wants to close connections before they can say anything.
    #[error("an idle time of 0 closes every connection at once; give at least a millisecond")]
    NoIdleTime,
    /// The address can't be listened on; the source says what to do about it.
    #[error("{0}")]
    Listen(io::Error),
    /// The system refused threads, descriptors or a poller; fewer of them may help.
    #[error("the {kind} server could not be started: {source}")]
    Start {
        /// Which server it was.
        kind: Kind,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody answers at an address; start a server there, or correct the address.
    #[error("cannot connect to {address}: {source}; is a server listening there?")]
    Connect {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The connection broke, or the server closed it.
    #[error("the connection to the server ended: {0}")]
    Connection(io::Error),
    /// The server's process didn't do what it should.
    #[error("the server process {0}")]
    Process(String),
    /// The process may not open as many files as connections are asked for.
    #[error(
        "{asked} connections need {asked} open files and some more, and {allowed} are allowed; \
         ask for fewer, or raise the limit (ulimit -n)"
    )]
    OpenFiles {
        /// How many connections are wanted.
        asked: usize,
        /// How many open files the process may have.
        allowed: usize,
    },
    /// Something of the system's that is no one's fault.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Config { .. } | Error::NoIdleTime => Failure::usage(error),
            Error::OpenFiles { .. } => Failure::unavailable(error),
            Error::Connect { .. } => Failure::unavailable(error),
            Error::Listen(_)
            | Error::Start { .. }
            | Error::Connection(_)
            | Error::Process(_)
            | Error::Io(_) => Failure::failed(error),
        }
    }
}
