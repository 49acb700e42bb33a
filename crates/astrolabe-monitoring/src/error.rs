//! What can go wrong, and whose turn it is then.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use labkit::run::Failure;

use crate::query::QueryError;

/// Why a request can't be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A query isn't one; whoever wrote it has to change it.
    #[error("bad query, {0}")]
    Query(QueryError),
    /// A path isn't one; whoever wrote it has to change it.
    #[error("bad path {path:?}: {why}; a path is like /paris/rack-2/n7")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A number is out of its range; whoever gave it has to change it.
    #[error("{name} must be {range}, not {given}")]
    Range {
        /// Which.
        name: &'static str,
        /// What is allowed.
        range: &'static str,
        /// What was given.
        given: String,
    },
    /// There is no room for another query; one has to be removed first.
    #[error("too many queries are installed; remove one first (query --remove \"SELECT ...\")")]
    TooManyQueries,
    /// The query isn't installed at the node that was asked to read it.
    #[error("this query isn't installed")]
    NotInstalled,
    /// A node refused a question; the question has to change.
    #[error("{node} refused: {why}")]
    Refused {
        /// Which node.
        node: SocketAddr,
        /// Its words.
        why: String,
    },
    /// A node didn't answer; another may.
    #[error(
        "no answer from {node} within {within:?}; is a node listening there, with the same key (--key-file)?"
    )]
    NoAnswer {
        /// Which node.
        node: SocketAddr,
        /// How long it was asked.
        within: Duration,
    },
    /// The answer stayed incomplete; asking again may help.
    #[error(
        "only {covered} of {nodes} nodes have answered within {within:?}; ask again, or give --wait more"
    )]
    Incomplete {
        /// Nodes in the answer.
        covered: u64,
        /// Nodes that there are.
        nodes: u64,
        /// How long it was waited.
        within: Duration,
    },
    /// Somebody else has the name; another has to be chosen.
    #[error(
        "{path} is taken: another node of this name, up for longer, is at {address}; give --path another name"
    )]
    Duplicate {
        /// The path.
        path: String,
        /// Where the other one is.
        address: String,
    },
    /// The key file can't be used.
    #[error("cannot use {} as a key: {why}; make one with: head -c 32 /dev/urandom > key", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The socket can't be had.
    #[error(
        "cannot listen on {address}: {source}; stop what holds it, or use port 0 for a free one"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// A child process of the demo failed.
    #[error("the demo's node {node}: {why}")]
    Node {
        /// Its path.
        node: String,
        /// What it did, or didn't.
        why: String,
    },
    /// The network failed.
    #[error("the network failed: {0}")]
    Network(#[from] io::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Query(_)
            | Error::Path { .. }
            | Error::Range { .. }
            | Error::Key { .. }
            | Error::Listen { .. }
            | Error::Refused { .. }
            | Error::Duplicate { .. }
            | Error::TooManyQueries
            | Error::NotInstalled => Failure::usage(error),
            Error::NoAnswer { .. } => Failure::unavailable(error),
            Error::Incomplete { .. } | Error::Node { .. } | Error::Network(_) => {
                Failure::failed(error)
            }
        }
    }
}
